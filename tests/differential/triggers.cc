// What a rule starts with, and its delay.
#include <algorithm>

#include "tests/differential/maker.h"
#include "tests/differential/values.h"

namespace polku::differential {

// A rule that another starts at once must not start that one, so it is of a higher rank. What is only offered acts later, at a request.
std::string PackMaker::start(const RuleDraft& d, const Scope& scope, std::vector<int>& events, bool completes) {
  const bool any = d.then || d.shows() || !completes;
  const std::size_t below = any ? ranked_.size() : d.rank;
  if (below > 0 && random_.percent(24)) {
    const RuleName& from = ranked_[random_.below(below)];
    chained_ = true;
    ++tally()[d.then ? "when R sent, then" : "when R sent, at once"];
    if (from.journey == d.name.journey && from.rule == d.name.rule) ++tally()["when R sent: from itself"];
    return expressions_.rule_verb(scope, from);
  }
  int event = static_cast<int>(random_.below(world().events.size()));
  if (!pack_.starts.empty() && random_.percent(40)) event = random_.of(pack_.starts);  // several rules start from one event
  pack_.starts.push_back(event);
  if (std::find(events.begin(), events.end(), event) == events.end()) events.push_back(event);
  return expressions_.occurrence(event, 1, 30);
}

std::string PackMaker::count_trigger(const RuleDraft& d, Scope& scope) {
  ++tally()["when N E within"];
  std::string text = std::to_string(random_.of({2, 2, 2, 3, 3, 4})) + " " + start(d, scope, scope.triggers);
  if (!scope.triggers.empty() && random_.percent(55)) {
    std::vector<std::string> fields;
    for (const Field& f : world().events[static_cast<std::size_t>(scope.triggers[0])].fields)
      if (f.type.kind != TypeKind::TextList) fields.push_back(f.name);
    if (!fields.empty()) {
      ++tally()["with the same"];
      text += " with the same " + random_.of(fields);
    }
  }
  return text + " within " + random_length();
}

std::string PackMaker::order_trigger(const RuleDraft& d, Scope& scope) {
  ++tally()["when in order"];
  std::string text = "in order within " + random_length() + ":";
  const std::size_t steps = random_.of<std::size_t>({2, 2, 2, 3, 3, 4});
  for (std::size_t i = 0; i < steps; ++i) {
    scope.triggers.clear();  // only the last step's event completes it
    text += (i == 0 ? "" : ",") + std::string("\n            ") + start(d, scope, scope.triggers, i + 1 == steps);
  }
  if (random_.percent(35)) {
    ++tally()["when in order without"];
    text += " without ";
    if (random_.percent(10)) text += expressions_.rule_verb(scope);
    else text += expressions_.occurrence(static_cast<int>(random_.below(world().events.size())), 1, 40);
  }
  return text;
}

std::string PackMaker::member_trigger(const RuleDraft& d) {
  const std::size_t most = d.then || d.shows() ? ranked_.size() : d.rank;
  std::vector<std::size_t> fitting;
  for (std::size_t i = 0; i < segments_.size(); ++i)
    if (!segments_[i].now && segments_[i].visible <= most) fitting.push_back(i);
  if (fitting.empty()) return {};
  chained_ = true;
  const bool enters = random_.percent(60);
  ++tally()[enters ? "when visitor enters" : "when visitor leaves"];
  world().daily = true;  // its windows may be of the calendar
  return std::string(enters ? "visitor enters s" : "visitor leaves s") + std::to_string(1 + random_.of(fitting));
}

std::string PackMaker::date_trigger() {
  std::vector<std::string> fitting;
  for (const Attribute& a : world().attributes)
    if (a.type == kDate || a.type == kTime) fitting.push_back(a.name);
  if (fitting.empty()) return {};
  ++tally()["when on DATE"];
  world().daily = true;
  const std::string path = expressions_.path(random_.of(fitting));
  return "on " + path + " at " + expressions_.clock();
}

std::string PackMaker::when(const RuleDraft& d, Scope& scope) {
  chained_ = false;
  switch (d.start) {
    case StartKind::Event: break;
    case StartKind::Count: return count_trigger(d, scope);
    case StartKind::Order: return order_trigger(d, scope);
    case StartKind::Member:
      if (std::string text = member_trigger(d); !text.empty()) return text;
      break;
    case StartKind::Asked: ++tally()["when asked for"]; return "asked for " + slot_path(d.channel, d.slot);
    case StartKind::Daily:
      ++tally()["when every day"];
      world().daily = true;
      return "every day at " + expressions_.clock() + " visitor time";
    case StartKind::Yearly:
      if (std::string text = date_trigger(); !text.empty()) return text;
      break;
  }
  if (!random_.percent(22)) {
    ++tally()["when E"];
    return start(d, scope, scope.triggers);
  }
  ++tally()["when any of"];
  std::string text = "any of ";
  for (std::size_t i = 0, n = random_.of<std::size_t>({1, 2, 2, 2, 3}); i < n; ++i) text += (i == 0 ? "" : ", ") + start(d, scope, scope.triggers);
  return text;
}

// Each delay may be part of a round that goes on to the end of the log.
Millis PackMaker::delay() {
  const Millis length = lattice_length(world(), random_, world().history);
  if (chained_) world().round = world().round == 0 ? length : std::min(world().round, length);
  return length;
}

std::string PackMaker::then_clause(const Scope& scope) {
  if (random_.percent(38)) {
    ++tally()["then wait"];
    return "then wait " + length_words(random_, delay());
  }
  ++tally()["then no"];
  std::string text = "then no ";
  const std::size_t stops = 1 + random_.below(3);
  for (std::size_t i = 0; i < stops; ++i) {
    int event = static_cast<int>(random_.below(world().events.size()));
    if (!scope.triggers.empty() && random_.percent(30)) {
      event = random_.of(scope.triggers);
      ++tally()["then no: what starts also stops"];
    }
    text += (i == 0 ? "" : ", ") + expressions_.occurrence(event, 1, 30);
  }
  if (stops > 1) ++tally()["then no: several stops"];
  if (random_.percent(10)) {
    ++tally()["then no: a decision stops"];
    text += ", " + expressions_.rule_verb(scope);
  }
  return text + " for " + length_words(random_, delay());
}

}  // namespace polku::differential
