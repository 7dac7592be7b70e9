// When rules fire (LANGUAGE.md 4; readings 1, 2, 8–11, 20): places in time order, and the rounds of each.
#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "compiler/reference/evaluate.h"
#include "compiler/reference/gates.h"
#include "compiler/reference/reference.h"
#include "compiler/reference/story.h"

namespace polku::reference {

using history::Decision;

namespace {

class Visitor {
 public:
  Visitor(const Pack& pack, const std::string& name, const base::Texts& texts) : story_(pack, texts), name_(name) {
    for (const RuleRef& ref : story_.rules) {
      starts_.push_back(target(story_, ref.journey, ref.rule->when->what));
      stops_.emplace_back();
      if (!ref.rule->then) continue;
      for (const auto& stop : ref.rule->then->stops) stops_.back().push_back(target(story_, ref.journey, stop));
    }
  }

  std::vector<Decision> judge(std::span<const history::Event> history, Millis until) {
    for (const history::Event& event : history) {
      timers_until(event.at);
      event_place(event);
    }
    timers_until(until);
    return std::move(decisions_);
  }

 private:
  const syntax::Rule& rule(std::size_t i) const { return *story_.rules[i].rule; }

  bool starts(std::size_t rule, const Record& record) const { return matches(story_, starts_[rule], record) == Tri::Yes; }

  // A stop that may be one is one.
  bool stops(std::size_t rule, const Record& record) const {
    for (const Target& stop : stops_[rule])
      if (matches(story_, stop, record) != Tri::No) return true;
    return false;
  }

  // ---- places ----

  void event_place(const history::Event& event) {
    story_.set_clock(event.at);
    Record record;
    record.at = event.at;
    record.identity = event.identity;
    record.event = &event;
    story_.append(std::move(record));
    set_alarms(story_.records().size() - 1);
    rounds(started_by(story_.records().size() - 1));
  }

  void timers_until(Millis end) {
    while (!alarms_.empty() && *alarms_.begin() <= end) {
      const Millis due = *alarms_.begin();
      alarms_.erase(alarms_.begin());
      story_.set_clock(due);
      rounds(due_now());
    }
  }

  // An alarm only says when to look; what fires is then found in the history.
  void set_alarms(std::size_t record) {
    for (std::size_t r = 0; r < story_.rules.size(); ++r) {
      if (!rule(r).then || !starts(r, story_.records()[record])) continue;
      const __int128 due = static_cast<__int128>(story_.records()[record].at) + rule(r).then->length.length;
      if (due > story_.now() && due <= std::numeric_limits<Millis>::max()) alarms_.insert(static_cast<Millis>(due));
    }
  }

  // ---- firings ----

  // The rules without a `then` that this record starts.
  std::vector<Firing> started_by(std::size_t record) const {
    std::vector<Firing> firings;
    for (std::size_t r = 0; r < story_.rules.size(); ++r)
      if (!rule(r).then && starts(r, story_.records()[record])) firings.push_back({static_cast<int>(r), record});
    return firings;
  }

  std::vector<Firing> due_now() const {
    std::vector<Firing> firings;
    for (std::size_t r = 0; r < story_.rules.size(); ++r) {
      if (!rule(r).then) continue;
      if (const auto start = rule(r).then->wait() ? waited(r) : absent(r)) firings.push_back({static_cast<int>(r), *start});
    }
    return firings;
  }

  bool armed_exactly_then(const syntax::Then& then, const Record& record) const {
    return static_cast<__int128>(record.at) + then.length.length == story_.now();
  }

  // `then wait D`: the earliest start that stands exactly D ago.
  std::optional<std::size_t> waited(std::size_t r) const {
    for (std::size_t i = 0; i < story_.records().size(); ++i)
      if (armed_exactly_then(*rule(r).then, story_.records()[i]) && starts(r, story_.records()[i])) return i;
    return std::nullopt;
  }

  // `then no F for D`: the latest start, if it stands exactly D ago and no F stands behind it.
  std::optional<std::size_t> absent(std::size_t r) const {
    for (std::size_t i = story_.records().size(); i-- > 0;) {
      const Record& record = story_.records()[i];
      if (starts(r, record)) return armed_exactly_then(*rule(r).then, record) ? std::optional(i) : std::nullopt;
      if (stops(r, record)) return std::nullopt;
    }
    return std::nullopt;
  }

  // ---- one place ----

  void rounds(std::vector<Firing> round) {
    const std::size_t place_begin = story_.records().size();
    std::set<int> fired;
    while (!round.empty()) {
      for (const Firing& f : round) fired.insert(f.rule);
      const std::size_t round_begin = story_.records().size();
      judge_round(std::move(round), place_begin);
      round.clear();
      for (std::size_t i = round_begin; i < story_.records().size(); ++i) {
        set_alarms(i);
        for (const Firing& f : started_by(i))
          if (fired.insert(f.rule).second) round.push_back(f);
      }
    }
  }

  // Judged by priority, written down in written order.
  void judge_round(std::vector<Firing> round, std::size_t place_begin) {
    std::sort(round.begin(), round.end(), [&](const Firing& a, const Firing& b) {
      const auto pa = story_.rules[static_cast<std::size_t>(a.rule)].priority, pb = story_.rules[static_cast<std::size_t>(b.rule)].priority;
      return pa != pb ? pa > pb : a.rule < b.rule;
    });
    std::vector<std::pair<int, Decision>> judged;
    for (const Firing& f : round) judged.emplace_back(f.rule, pass_gates(story_, name_, f, place_begin));
    std::sort(judged.begin(), judged.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [rule, decision] : judged) decisions_.push_back(std::move(decision));
  }

  Story story_;
  const std::string& name_;
  std::vector<Target> starts_;              // per rule
  std::vector<std::vector<Target>> stops_;  // per rule
  std::set<Millis> alarms_;
  std::vector<Decision> decisions_;
};

}  // namespace

std::vector<Decision> judge(const Pack& pack, const std::string& visitor, std::span<const history::Event> history, Millis until,
                            const base::Texts& texts) {
  return Visitor(pack, visitor, texts).judge(history, until);
}

}  // namespace polku::reference
