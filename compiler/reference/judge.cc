// When rules fire (LANGUAGE.md 4; readings 1, 2, 8–11, 20, 25–36, 54, 57): places in time order, and the rounds of each.
#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "compiler/reference/calendar.h"
#include "compiler/reference/evaluate.h"
#include "compiler/reference/gates.h"
#include "compiler/reference/goals.h"
#include "compiler/reference/memberships.h"
#include "compiler/reference/reference.h"
#include "compiler/reference/story.h"
#include "compiler/reference/triggers.h"

namespace polku::reference {

using history::Decision;
using history::Outcome;

namespace {

// A firing that waits for its opening, and an offer: a rule has one of each at most.
struct Waiting { Start start; Millis opens = 0; };
struct Offer { Start start; Millis at = 0; };

class Visitor {
 public:
  Visitor(const Pack& pack, const std::string& name, const base::Texts& texts, const Options& options)
      : story_(pack, name, texts, options), memberships_(story_), armed_(story_.rules.size()), waiting_(story_.rules.size()), offers_(story_.rules.size()) {}

  std::vector<Decision> judge(std::span<const history::Event> history, Millis until) {
    for (const history::Event& event : history) {
      timers_until(event.at);
      record_place(event);
    }
    timers_until(until);
    return std::move(decisions_);
  }

 private:
  std::size_t rules() const { return story_.rules.size(); }
  const syntax::Rule& rule(std::size_t r) const { return *story_.rules[r].rule; }

  // ---- places ----

  void record_place(const history::Event& event) {
    if (story_.records().empty()) story_.begin_place(event.at), set_alarms_of_instants();
    story_.begin_place(event.at);
    Record record;
    record.at = event.at;
    record.identity = event.identity;
    record.event = &event;
    story_.append(std::move(record));
    const std::size_t place = story_.records().size() - 1;
    stop(place);
    for (Decision& d : conversions(story_)) decisions_.push_back(std::move(d));
    std::vector<Firing> round;
    complete(place, round);
    complete_memberships(start_at(place), round);
    if (story_.request() != nullptr) judge_offers(*story_.request(), round);
    set_alarms_after(event.at);
    rounds(std::move(round));
    set_alarms_of_clock();
  }

  void timers_until(Millis end) {
    while (!alarms_.empty() && *alarms_.begin() <= end) {
      const Millis due = *alarms_.begin();
      alarms_.erase(alarms_.begin());
      timer_place(due);
    }
  }

  // An alarm only says when to look; what is due is then found by definition.
  void timer_place(Millis at) {
    story_.begin_place(at);
    Start moment;
    moment.at = at;
    moment.position = story_.records().size();
    moment.moment = true;
    moment.identity = history::identity_of_moment(story_.visitor, at);
    std::vector<Firing> round;
    for (std::size_t r = 0; r < rules(); ++r) {
      if (rule(r).then)
        if (const auto start = rule(r).then->wait() ? waited(r) : absent(r)) round.push_back({static_cast<int>(r), *start, Cause::Trigger, 0});
      if (due_by_schedule(story_, static_cast<int>(r))) complete(r, moment, round);
      if (waiting_[r] && waiting_[r]->opens == at) round.push_back({static_cast<int>(r), waiting_[r]->start, Cause::Opening, 0});
    }
    complete_memberships(moment, round);  // what this arms is not due yet
    rounds(std::move(round));
    set_alarms_of_clock();
  }

  // ---- alarms ----

  void alarm(Millis at, Millis length) {
    const __int128 due = static_cast<__int128>(at) + length;
    if (due > story_.now() && due <= std::numeric_limits<Millis>::max()) alarms_.insert(static_cast<Millis>(due));
  }

  void set_alarms_after(Millis record) {
    for (const Millis length : memberships_.lengths()) alarm(record, length);
  }

  void set_alarms_of_instants() {
    for (const Millis instant : memberships_.instants()) alarm(instant, 0);
  }

  // By the zone as it stands behind this place.
  void set_alarms_of_clock() {
    for (std::size_t r = 0; r < rules(); ++r)
      if (const auto of_day = schedule(rule(r))) alarm(next_time(visitor_zone(story_), *of_day, story_.now()), 0);
    if (memberships_.by_calendar()) alarm(next_date(visitor_zone(story_), story_.now()), 0);
  }

  // ---- triggers ----

  Start start_at(std::size_t record) const {
    const Record& r = story_.records()[record];
    return {r.at, record, false, r.identity};
  }

  // Without a delay the rule fires, with one it is armed.
  void complete(std::size_t r, const Start& start, std::vector<Firing>& round) {
    if (!rule(r).then) {
      round.push_back({static_cast<int>(r), start, Cause::Trigger, 0});
      return;
    }
    armed_[r].push_back(start);
    alarm(start.at, rule(r).then->length.length);
  }

  void complete(std::size_t record, std::vector<Firing>& round) {
    for (std::size_t r = 0; r < rules(); ++r)
      if (completes(story_, static_cast<int>(r), record)) complete(r, start_at(record), round);
  }

  void complete_memberships(const Start& start, std::vector<Firing>& round) {
    for (const Memberships::Change& change : memberships_.look()) {
      for (std::size_t r = 0; r < rules(); ++r) {
        const auto* trigger = std::get_if<syntax::Membership>(&rule(r).when->trigger);
        if (trigger != nullptr && trigger->segment.text == change.segment && trigger->enters == change.enters) complete(r, start, round);
      }
    }
  }

  bool due(const Start& start, Millis length) const { return static_cast<__int128>(start.at) + length == story_.now(); }

  template <class Stops>
  bool stopped(const Start& start, Stops stops) const {
    for (std::size_t i = start.behind(); i < story_.records().size(); ++i)
      if (stops(story_.records()[i])) return true;
    return false;
  }

  // `then wait D`: the earliest start that stands exactly D ago.
  std::optional<Start> waited(std::size_t r) const {
    for (const Start& start : armed_[r])
      if (due(start, rule(r).then->length.length) &&
          !stopped(start, [&](const Record& record) { return stops_journey(story_, static_cast<int>(r), record); }))
        return start;
    return std::nullopt;
  }

  // `then no F for D`: the latest start, if it stands exactly D ago and nothing behind it stops.
  std::optional<Start> absent(std::size_t r) const {
    if (armed_[r].empty() || !due(armed_[r].back(), rule(r).then->length.length)) return std::nullopt;
    const bool ended = stopped(armed_[r].back(), [&](const Record& record) {
      return stops_delay(story_, static_cast<int>(r), record) || stops_journey(story_, static_cast<int>(r), record);
    });
    return ended ? std::nullopt : std::optional(armed_[r].back());
  }

  // What the record ends of that which waits or is offered. Of what is armed it is found out when it is due.
  void stop(std::size_t record) {
    const Record& by = story_.records()[record];
    for (std::size_t r = 0; r < rules(); ++r) {
      const bool journey = stops_journey(story_, static_cast<int>(r), by);
      if (journey) offers_[r].reset();
      if (journey || stops_delay(story_, static_cast<int>(r), by)) waiting_[r].reset();
    }
  }

  void judge_offers(const history::Event& request, std::vector<Firing>& round) const {
    for (std::size_t r = 0; r < rules(); ++r) {
      if (!offers_[r]) continue;
      const auto held = held_for(rule(r));
      const bool asked = std::any_of(held.begin(), held.end(), [&](const Held& h) {
        return asks_for(story_.catalog, request, *h.slot) && story_.within(offers_[r]->at, h.length);
      });
      if (asked) round.push_back({static_cast<int>(r), offers_[r]->start, Cause::Request, offers_[r]->at});
    }
  }

  // ---- one place ----

  void rounds(std::vector<Firing> round) {
    std::set<int> fired;
    while (!round.empty()) {
      once_a_rule(round, fired);
      const std::size_t begin = story_.records().size();
      judge_round(std::move(round));
      round.clear();
      const std::size_t end = story_.records().size();
      for (std::size_t i = begin; i < end; ++i) complete(i, round);
      if (begin == end) break;
      complete_memberships(start_at(end - 1), round);
      set_alarms_after(story_.now());
    }
  }

  // A rule fires once at an instant: what was waiting or offered gives way to a new firing, and of these the earliest start stands.
  static void once_a_rule(std::vector<Firing>& round, std::set<int>& fired) {
    std::sort(round.begin(), round.end(), [](const Firing& a, const Firing& b) {
      return std::tuple(a.rule, a.cause, a.start.position, !a.start.moment, a.start.at) <
             std::tuple(b.rule, b.cause, b.start.position, !b.start.moment, b.start.at);
    });
    std::vector<Firing> kept;
    for (const Firing& f : round)
      if (fired.insert(f.rule).second) kept.push_back(f);
    round = std::move(kept);
  }

  // Judged by priority, written down in written order.
  void judge_round(std::vector<Firing> round) {
    std::sort(round.begin(), round.end(), [&](const Firing& a, const Firing& b) {
      const auto pa = story_.at(a.rule).priority, pb = story_.at(b.rule).priority;
      return pa != pb ? pa > pb : a.rule < b.rule;
    });
    std::vector<std::pair<int, Decision>> judged;
    for (const Firing& f : round) {
      const std::size_t begin = story_.records().size();
      judged.emplace_back(f.rule, judge(f));
      for (std::size_t i = begin; i < story_.records().size(); ++i) stop(i);
    }
    std::sort(judged.begin(), judged.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [rule, decision] : judged) decisions_.push_back(std::move(decision));
  }

  Decision judge(const Firing& firing) {
    const auto r = static_cast<std::size_t>(firing.rule);
    Verdict verdict = pass_gates(story_, firing);
    waiting_[r].reset();
    if (firing.cause != Cause::Request || ends_offer(verdict.decision.outcome)) offers_[r].reset();
    if (verdict.decision.outcome == Outcome::offered) offers_[r] = Offer{firing.start, story_.now()};
    if (verdict.decision.outcome == Outcome::waiting) {
      waiting_[r] = Waiting{firing.start, verdict.opens};
      alarm(verdict.opens, 0);
    }
    return std::move(verdict.decision);
  }

  static bool ends_offer(Outcome outcome) {
    return outcome == Outcome::acted || outcome == Outcome::held_out || outcome == Outcome::no_match || outcome == Outcome::unknown ||
           outcome == Outcome::nothing;
  }

  Story story_;
  Memberships memberships_;
  std::vector<std::vector<Start>> armed_;          // per rule: every start its delay was armed with, in order
  std::vector<std::optional<Waiting>> waiting_;    // per rule
  std::vector<std::optional<Offer>> offers_;       // per rule
  std::set<Millis> alarms_;
  std::vector<Decision> decisions_;
};

}  // namespace

std::vector<Decision> judge(const Pack& pack, const std::string& visitor, std::span<const history::Event> history, Millis until,
                            const base::Texts& texts, const Options& options) {
  return Visitor(pack, visitor, texts, options).judge(history, until);
}

}  // namespace polku::reference
