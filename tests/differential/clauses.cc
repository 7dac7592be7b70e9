// The clauses of rules and journeys.
#include <algorithm>

#include "tests/differential/maker.h"
#include "tests/differential/values.h"

namespace polku::differential {

// Only of units that the rule, or a rule of the journey, does.
std::vector<LimitDraft> PackMaker::draft_limits(const Units& units, bool of_journey) {
  static const std::vector<std::string> groups = {"nudges", "nudges", "Gruppe Ö"};
  std::vector<const char*> fitting;
  if (units.messages) fitting.push_back("message");
  if (units.shows) fitting.push_back("show");
  if (units.tasks) fitting.push_back("task");
  std::vector<LimitDraft> out;
  if (fitting.empty()) return out;
  for (std::size_t i = 0, n = random_.weighted(of_journey ? std::vector<int>{72, 24, 4} : std::vector<int>{76, 20, 4}); i < n; ++i) {
    LimitDraft l{random_.of(fitting), random_.percent(40) ? random_.of(groups) : ""};
    ++tally()[std::string("limit ") + l.unit + "s" + (l.group.empty() ? "" : " across")];
    if (of_journey) ++tally()["limit of a journey"];
    if (!l.group.empty() && std::find(groups_.begin(), groups_.end(), l.group) == groups_.end()) groups_.push_back(l.group);
    out.push_back(std::move(l));
  }
  return out;
}

std::string PackMaker::limit(const LimitDraft& l) {
  const int n = random_.of({1, 1, 1, 2, 2, 3, 5});
  const std::string unit = std::string(l.unit) + (n == 1 && random_.percent(50) ? "" : "s");
  return "limit   " + std::to_string(n) + " " + unit + " in " + random_length() + (l.group.empty() ? "" : " across " + quoted(l.group));
}

std::string PackMaker::quiet() {
  std::string from = expressions_.clock(), to = expressions_.clock();
  // Another way to write one time of day is the same time: the hours differ.
  if (world().clocks[world().clocks.size() - 2] == world().clocks.back()) {
    world().clocks.back() = (world().clocks.back() + kHour) % kDay;
    to = clock_words(random_, world().clocks.back());
  }
  const std::string then = random_.of({"", ", then wait", ", then wait", ", then skip"});
  ++tally()["quiet" + then];
  return "quiet   " + from + " to " + to + " visitor time" + then;
}

std::string PackMaker::dates() {
  Drawn first{kDate, world().day + random_.of({-400, -30, -1, 0, 0, 1, 1, 2}), {}}, last = first;
  last.value += random_.of({0, 1, 2, 3, 30, 800});
  if (random_.percent(80)) last.value = std::max(last.value, world().day + random_.of({0, 0, 1}));
  const bool until = random_.percent(60);
  ++tally()[until ? "from … until" : "from"];
  std::string text = "from " + rule_literal(world(), random_, first);
  return until ? text + " until " + rule_literal(world(), random_, last) : text;
}

// Clauses that a journey and a rule may both have.
std::vector<std::string> PackMaker::common(const Scope& scope, const Units& units, const std::vector<LimitDraft>& limits, bool of_journey, bool plain) {
  std::vector<std::string> out;
  const std::size_t conditions = plain ? 0 : of_journey ? random_.weighted({80, 17, 3}) : random_.weighted({48, 34, 13, 5});
  for (std::size_t i = 0; i < conditions; ++i) {
    const bool only = random_.percent(65);
    ++tally()[only ? "only if" : "not if"];
    std::string test = expressions_.condition(scope, random_.of({0, 0, 1, 1, 2, 3}));
    const std::size_t break_at = random_.percent(20) ? test.find(" and ") : std::string::npos;
    if (break_at != std::string::npos && std::count(test.begin(), test.begin() + static_cast<std::ptrdiff_t>(break_at), '"') % 2 == 0) {
      ++tally()["clause over two lines, with a comment"];
      test.replace(break_at, 1, "   # so far\n        ");
    }
    out.push_back((only ? "only if " : "not if  ") + test);
  }
  for (const LimitDraft& l : limits) out.push_back(limit(l));
  if (units.messages && random_.percent(of_journey ? 12 : 15)) out.push_back(quiet());
  if (random_.percent(of_journey ? 8 : 14)) {
    const bool ever = random_.percent(35);
    // It may be longer than the history kept.
    const Millis within = lattice_length(world(), random_, world().history * (random_.percent(20) ? 3 : 1));
    ++tally()[ever ? "once per visitor" : within > world().history ? "once in longer than the history" : "once in"];
    out.push_back(ever ? "once per visitor" : "once in " + length_words(random_, within));
  }
  if (random_.percent(plain ? 3 : of_journey ? 8 : 10)) out.push_back(dates());
  if (random_.percent(of_journey ? 15 : 35)) {
    ++tally()[of_journey ? "priority of a journey" : "priority"];
    out.push_back("priority " + std::to_string(random_.of({-1, 1, 1, 5, 5, 90})));
  }
  if (random_.percent(10)) {
    ++tally()["owner"];
    out.push_back("owner   \"someone@example.org\"");
  }
  random_.shuffle(out);
  return out;
}

std::vector<std::string> PackMaker::of_journey(const JourneyDraft& j) {
  std::vector<std::string> out;
  if (random_.percent(30)) {
    const int event = static_cast<int>(random_.below(world().events.size()));
    ++tally()["goal"];
    std::string text = "goal    " + expressions_.occurrence(event, 1, 30) + " within " + random_length();
    Scope scope = rule_scope(j.name);
    scope.before_this = false;
    scope.triggers = {event};
    if (random_.percent(55)) {
      const Type type = random_.of({kMoney, kMoney, kMoney, kWhole, kWhole, kNumber, kPercent, kText, kDuration, kTime, kDate, kYesNo, kTextList});
      if (const std::string worth = expressions_.value(scope, type, random_.of({0, 0, 1})); !worth.empty()) {
        ++tally()["goal worth " + std::string(catalog::kind_name(type.kind))];
        text += " worth " + worth;
      }
    }
    out.push_back(text);
  }
  for (std::size_t i = 0, n = random_.weighted({82, 15, 3}); i < n; ++i) {
    const bool verb = random_.percent(10);
    ++tally()[verb ? "stop when a decision" : "stop when"];
    out.push_back("stop when " + (verb ? expressions_.rule_verb(rule_scope(j.name)) : expressions_.occurrence(static_cast<int>(random_.below(world().events.size())), 1, 50)));
  }
  if (random_.percent(18)) {
    const bool named = random_.percent(60);
    ++tally()[named ? "hold out as" : "hold out"];
    const std::string name = !named ? j.name : random_.of({"h1", "h1", "Hälfte"});
    int& share = held_out_[name];  // one name, one share
    if (share == 0) share = random_.of({1000, 1250, 2500, 3333, 5000, 1, 9000});
    out.push_back("hold out " + share_words(share) + (named ? " as " + quoted(name) : ""));
  }
  return out;
}

}  // namespace polku::differential
