#include "compiler/reference/triggers.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "compiler/reference/calendar.h"
#include "compiler/reference/look_back.h"

namespace polku::reference {

namespace {

class Trigger {
 public:
  Trigger(const Story& story, const syntax::Journey* journey, std::size_t record) : story_(story), journey_(journey), record_(record) {}

  bool operator()(const syntax::OneEvent& one) const {
    return std::any_of(one.of.begin(), one.of.end(), [&](const auto& what) { return is(what, record_) == Tri::Yes; });
  }

  // The latest N sure matches since it last completed stand less than D apart; so for each value of `same` apart.
  bool operator()(const syntax::Repeated& repeated) const {
    if (is(repeated.what, record_) != Tri::Yes) return false;
    using Key = std::pair<std::int64_t, std::vector<std::string>>;
    std::map<Key, std::deque<Millis>> latest;
    bool completed = false;
    for (std::size_t i = 0; i <= record_; ++i) {
      completed = false;
      if (is(repeated.what, i) != Tri::Yes) continue;
      Key key;
      if (repeated.same) {
        const Event* event = story_.records()[i].event;
        const auto value = event != nullptr ? field_of(story_, *event, repeated.same->text) : std::nullopt;
        if (!value || !value->known()) continue;
        key = {*value->number, value->texts};
      }
      std::deque<Millis>& times = latest[key];
      times.push_back(at(i));
      if (static_cast<std::int64_t>(times.size()) > repeated.count) times.pop_front();
      completed = static_cast<std::int64_t>(times.size()) == repeated.count && nearer(times.front(), i, repeated.within.length);
      if (completed) times.clear();
    }
    return completed;
  }

  // start[n]: the time of the latest possible start of a match of the first n steps.
  bool operator()(const syntax::InOrder& order) const {
    const std::size_t n = order.steps.size();
    if (is(order.steps.back(), record_) != Tri::Yes) return false;
    std::vector<std::optional<Millis>> start(n + 1);
    bool completed = false;
    for (std::size_t i = 0; i <= record_; ++i) {
      if (order.without && is(*order.without, i) != Tri::No) std::fill(start.begin(), start.end(), std::nullopt);
      for (std::size_t step = n; step >= 2; --step)
        if (is(order.steps[step - 1], i) == Tri::Yes && start[step - 1] && nearer(*start[step - 1], i, order.within.length))
          start[step] = start[step - 1];
      if (is(order.steps.front(), i) == Tri::Yes) start[1] = at(i);
      completed = start[n].has_value();
      if (completed) std::fill(start.begin(), start.end(), std::nullopt);
    }
    return completed;
  }

  bool operator()(const syntax::Asked& asked) const {
    const Event* event = story_.records()[record_].event;
    return event != nullptr && event->type == history::kAsked && asks_for(story_.catalog, *event, asked.slot);
  }

  bool operator()(const syntax::Membership&) const { return false; }
  bool operator()(const syntax::EveryDay&) const { return false; }
  bool operator()(const syntax::OnDate&) const { return false; }

 private:
  Tri is(const syntax::Occurrence& what, std::size_t i) const { return matches(story_, target(story_, journey_, what), story_.records()[i]); }
  Millis at(std::size_t i) const { return story_.records()[i].at; }
  bool nearer(Millis first, std::size_t i, Millis length) const { return static_cast<__int128>(at(i)) - first < length; }

  const Story& story_;
  const syntax::Journey* journey_;
  const std::size_t record_;
};

}  // namespace

bool completes(const Story& story, int rule, std::size_t record) {
  const RuleRef& ref = story.at(rule);
  return std::visit(Trigger(story, ref.journey, record), ref.rule->when->trigger);
}

// What may be a stop is one.
bool stops_delay(const Story& story, int rule, const Record& record) {
  const RuleRef& ref = story.at(rule);
  if (!ref.rule->then) return false;
  const auto& stops = ref.rule->then->stops;
  return std::any_of(stops.begin(), stops.end(), [&](const auto& what) { return matches(story, target(story, ref.journey, what), record) != Tri::No; });
}

bool stops_journey(const Story& story, int rule, const Record& record) {
  const syntax::Journey* journey = story.at(rule).journey;
  return std::any_of(journey->stops.begin(), journey->stops.end(),
                     [&](const auto& stop) { return matches(story, target(story, journey, stop.what), record) != Tri::No; });
}

std::optional<Millis> schedule(const syntax::Rule& rule) {
  if (const auto* every = std::get_if<syntax::EveryDay>(&rule.when->trigger)) return every->of_day;
  if (const auto* on = std::get_if<syntax::OnDate>(&rule.when->trigger)) return on->of_day;
  return std::nullopt;
}

bool due_by_schedule(const Story& story, int rule) {
  const auto of_day = schedule(*story.at(rule).rule);
  if (!of_day) return false;
  const base::Zone& zone = visitor_zone(story);
  const auto days = days_with(zone, *of_day, story.now());
  const auto* on = std::get_if<syntax::OnDate>(&story.at(rule).rule->when->trigger);
  if (on == nullptr || days.empty()) return !days.empty();
  Scope scope;
  scope.journey = story.at(rule).journey;
  const Typed date = evaluate(story, scope, *on->date, nullptr);
  if (!date.known() || (date.kind != TypeKind::Date && date.kind != TypeKind::Time)) return false;
  const std::int64_t from = date.kind == TypeKind::Time ? base::local_day(zone, *date.number) : *date.number;
  return std::any_of(days.begin(), days.end(), [&](std::int64_t day) { return is_anniversary(day, from); });
}

const syntax::Occurrence* completed_by(const Story& story, int rule, const Record& record) {
  const RuleRef& ref = story.at(rule);
  const auto& trigger = ref.rule->when->trigger;
  if (const auto* repeated = std::get_if<syntax::Repeated>(&trigger)) return &repeated->what;
  if (const auto* order = std::get_if<syntax::InOrder>(&trigger)) return &order->steps.back();
  if (const auto* one = std::get_if<syntax::OneEvent>(&trigger))
    for (const auto& what : one->of)
      if (matches(story, target(story, ref.journey, what), record) == Tri::Yes) return &what;
  return nullptr;
}

}  // namespace polku::reference
