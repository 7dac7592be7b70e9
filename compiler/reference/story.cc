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

Book::Book(const Pack& p) : pack(p), catalog(*p.catalog), zone(zone_of(*p.catalog)) {
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

int Book::rule(const std::string& journey, const std::string& name) const {
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (rules[i].rule->name.text == name && rules[i].journey->name.text == journey) return static_cast<int>(i);
  return -1;
}

Story::Story(const Book& b, const std::string& v, const Options& o)
    : book(b), pack(b.pack), catalog(b.catalog), visitor(v), options(o), zone(b.zone), rules(b.rules), person(&v) {}

void Story::begin_place(Millis now, std::vector<const Event*> requests) {
  if (now != now_) {
    read_now.clear();
    zone_now.reset();
  }
  now_ = now;
  place_begin_ = records_.size();
  requests_ = std::move(requests);
}

void Story::append(Record record) {
  records_.push_back(std::move(record));
  read_now.clear();
  zone_now.reset();
}

void Story::accept(Record record) {
  if (record.rule >= 0)  // of a rule that is gone nothing but its messages is left
    for (const Done& done : record.done)
      if (done.kind == history::ActionKind::Suppress) suppressions.push_back({record.at, done.length, done.name});
  append(std::move(record));
}

Start Story::found(Start start) const {
  const auto before = [&](const Record& r) { return r.at != start.at ? r.at < start.at : r.arrival < start.arrival; };
  const auto at = std::partition_point(records_.begin(), records_.end(), before);
  start.position = static_cast<std::size_t>(at - records_.begin());
  if (at == records_.end() || at->arrival != start.arrival) start.moment = true;  // gone: nothing of it is known
  return start;
}

bool Story::within(Millis at, Millis length) const {
  return static_cast<__int128>(now_) - length < at;
}

const syntax::Segment* Story::segment(const std::string& name) const {
  for (const syntax::File* file : pack.files)
    for (const syntax::Segment& segment : file->segments)
      if (segment.name.text == name) return &segment;
  return nullptr;
}

}  // namespace polku::reference
