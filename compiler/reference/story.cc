#include "compiler/reference/story.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace polku::reference {

namespace {

base::Zone zone_of(const catalog::Catalog& catalog) {
  auto zone = base::Zone::find(catalog.zone);
  return zone ? *zone : base::Zone::utc();
}

// The events at which a trigger can complete. A change of membership can complete at any.
std::vector<int> starters(const catalog::Catalog& catalog, const syntax::When& when) {
  std::vector<int> events;
  const auto add = [&](const syntax::Occurrence& what) {
    if (what.verb == syntax::Verb::None) events.push_back(catalog.event(what.name.text));
  };
  if (const auto* one = std::get_if<syntax::OneEvent>(&when.trigger)) std::for_each(one->of.begin(), one->of.end(), add);
  if (const auto* repeated = std::get_if<syntax::Repeated>(&when.trigger)) add(repeated->what);
  if (const auto* order = std::get_if<syntax::InOrder>(&when.trigger)) add(order->steps.back());
  if (std::holds_alternative<syntax::Membership>(when.trigger))
    for (std::size_t i = 0; i < catalog.events.size(); ++i) events.push_back(static_cast<int>(i));
  return events;
}

}  // namespace

std::vector<const syntax::Act*> all_acts(const syntax::Rule& rule) {
  std::vector<const syntax::Act*> acts;
  const auto add = [&](const std::vector<syntax::Act>& some) {
    for (const auto& act : some) acts.push_back(&act);
  };
  add(rule.action->acts);
  if (rule.action->choose)
    for (const auto& row : rule.action->choose->rows) add(row.acts);
  return acts;
}

bool limited_across(const RuleRef& rule, const std::string& group) {
  const auto across = [&](const syntax::Limit& limit) { return limit.across && limit.across->text == group; };
  return std::any_of(rule.rule->limits.begin(), rule.rule->limits.end(), across) ||
         std::any_of(rule.journey->limits.begin(), rule.journey->limits.end(), across);
}

bool asks_for(const catalog::Catalog& catalog, const history::Event& request, const syntax::Path& slot) {
  return std::any_of(request.asked.begin(), request.asked.end(), [&](const history::Place& place) {
    const catalog::Channel& channel = catalog.channels[static_cast<std::size_t>(place.channel)];
    return slot.text() == channel.name + "." + channel.slots[static_cast<std::size_t>(place.slot)];
  });
}

Story::Story(const Pack& p, const std::string& v, const base::Texts& t, const Options& o)
    : pack(p), catalog(*p.catalog), visitor(v), texts(t), options(o), zone(zone_of(*p.catalog)) {
  for (const syntax::File* file : pack.files) {
    for (const syntax::Journey& journey : file->journeys) {
      for (const syntax::Rule& rule : journey.rules) {
        if (!rule.when || !rule.action) continue;
        const auto& priority = rule.priority ? rule.priority : journey.priority;
        rules.push_back({&journey, &rule, priority ? priority->value : 0, starters(catalog, *rule.when)});
      }
    }
  }
}

void Story::begin_place(Millis now) {
  now_ = now;
  place_begin_ = records_.size();
  place_event_ = nullptr;
  read_now.clear();
  zone_now.reset();
}

void Story::append(Record record) {
  if (record.event != nullptr) {  // it is the place itself
    place_event_ = record.event;
    place_begin_ = records_.size() + 1;
  }
  records_.push_back(std::move(record));
  read_now.clear();
  zone_now.reset();
}

bool Story::within(Millis at, Millis length) const {
  return static_cast<__int128>(now_) - length < at;
}

int Story::rule(const std::string& journey, const std::string& name) const {
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (rules[i].rule->name.text == name && rules[i].journey->name.text == journey) return static_cast<int>(i);
  return -1;
}

const syntax::Segment* Story::segment(const std::string& name) const {
  for (const syntax::File* file : pack.files)
    for (const syntax::Segment& segment : file->segments)
      if (segment.name.text == name) return &segment;
  return nullptr;
}

}  // namespace polku::reference
