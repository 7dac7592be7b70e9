#include "compiler/reference/walk.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>
#include <variant>

#include "compiler/reference/calendar.h"
#include "compiler/reference/evaluate.h"
#include "compiler/reference/goals.h"
#include "compiler/reference/triggers.h"

namespace polku::reference {

using history::Decision;
using history::Outcome;

Walk::Walk(const Book& book, const std::string& visitor, const Options& options, Ledger& ledger, Counter& counter)
    : ledger_(ledger), counter_(counter), story_(book, visitor, options), memberships_(story_), armed_(rules()), waiting_(rules()), offers_(rules()) {}

// ---- places ----

void Walk::record(const Event& event, std::uint64_t arrival, Millis clock) {
  story_.begin_place(event.at);
  if (!std::exchange(begun_, true)) set_alarms_of_instants();
  fired_.clear();
  Record record;
  record.at = event.at;
  record.arrival = arrival;
  record.identity = event.identity;
  record.event = &event;
  story_.append(std::move(record));
  const std::size_t place = story_.records().size() - 1;
  stop(story_.records()[place]);
  for (Decision& d : conversions(story_)) {
    if (!ledger_.converted.insert(d.id).second) continue;
    d.at = clock;
    counter_.decisions.push_back(std::move(d));
  }
  std::vector<Firing> completed;
  if (event.type == history::kMerge) {
    memberships_.look();  // they change without completing anything
  } else {
    complete_at(place, completed);
    complete_memberships(start_at(place), completed);
    if (event.type == history::kAsked) redeem_offers(event, completed);
  }
  set_alarms_after(event.at);
  end_place(std::move(completed));
}

void Walk::timers(Millis until) {
  while (!alarms_.empty() && *alarms_.begin() <= until) {
    const Millis due = *alarms_.begin();
    alarms_.erase(alarms_.begin());
    timer_place(due);
  }
}

// An alarm only says when to look; what is due is then found by definition.
void Walk::timer_place(Millis at) {
  story_.begin_place(at);
  fired_.clear();
  const Start now = moment(at);
  std::vector<Firing> completed;
  for (std::size_t r = 0; r < rules(); ++r) {
    for (const Start& start : !rule(r).then ? std::vector<Start>{} : rule(r).then->wait() ? waited(r) : absent(r))
      completed.push_back(firing(r, start, Cause::Trigger));
    if (due_by_schedule(story_, static_cast<int>(r))) complete(r, now, completed);
    if (waiting_[r] && waiting_[r]->opens == at) {
      completed.push_back(firing(r, waiting_[r]->start, Cause::Opening));
      completed.back().by = static_cast<std::uint64_t>(at);
      waiting_[r].reset();
    }
  }
  complete_memberships(now, completed);  // what this arms is not due yet
  end_place(std::move(completed));
}

void Walk::end_place(std::vector<Firing> completed) {
  for (const Firing& f : settle(std::move(completed))) placed_.push_back(f);
  set_alarms_of_clock();
}

void Walk::decided(const std::vector<const Mark*>& round) {
  const Millis at = round.front()->at;
  if (round.front()->place_begins || at != story_.now()) fired_.clear();
  story_.begin_place(at);
  const std::size_t begin = story_.records().size();
  for (const Mark* m : round) {
    const int r = story_.book.rule(m->journey, m->rule);
    fired_.insert(r);
    if (r >= 0) {
      take_effect(r, m->outcome, m->cause, story_.found(m->start), m->opens);
      if (m->outcome == Outcome::acted || m->outcome == Outcome::held_out)
        story_.exposures.push_back({at, r, m->id, m->outcome == Outcome::acted, false});
    }
    if (m->outcome != Outcome::acted) continue;
    story_.accept({at, m->arrival, history::identity_of_decision(m->id), nullptr, r, m->done});
    stop(story_.records().back());
  }
  const std::size_t end = story_.records().size();
  if (begin == end) return;
  std::vector<Firing> completed;
  for (std::size_t i = begin; i < end; ++i) complete_at(i, completed);
  complete_memberships(start_at(end - 1), completed);
  set_alarms_after(at);
  end_place(std::move(completed));
}

std::optional<Millis> Walk::next() const { return alarms_.empty() ? std::nullopt : std::optional(*alarms_.begin()); }

// ---- alarms ----

void Walk::alarm(Millis at, Millis length) {
  const __int128 due = static_cast<__int128>(at) + length;
  if (due > story_.now() && due <= std::numeric_limits<Millis>::max()) alarms_.insert(static_cast<Millis>(due));
}

void Walk::set_alarms_after(Millis record) {
  for (const Millis length : memberships_.lengths()) alarm(record, length);
}

void Walk::set_alarms_of_instants() {
  for (const Millis instant : memberships_.instants()) alarm(instant, 0);
}

// By the zone as it stands behind this place.
void Walk::set_alarms_of_clock() {
  for (std::size_t r = 0; r < rules(); ++r)
    if (const auto of_day = schedule(rule(r))) alarm(next_time(visitor_zone(story_), *of_day, story_.now()), 0);
  if (memberships_.by_calendar()) alarm(next_date(visitor_zone(story_), story_.now()), 0);
}

// ---- triggers ----

Firing Walk::firing(std::size_t r, const Start& start, Cause cause) const {
  return {static_cast<int>(r), start, cause, story_.now(), 0, 0, true};
}

Start Walk::start_at(std::size_t record) const {
  const Record& r = story_.records()[record];
  return {r.at, record, false, r.identity, r.arrival};
}

Start Walk::moment(Millis at) const { return {at, story_.records().size(), true, history::identity_of_moment(story_.visitor, at), 0}; }

// Without a delay the rule fires, with one it is armed.
void Walk::complete(std::size_t r, const Start& start, std::vector<Firing>& completed) {
  if (!rule(r).then) {
    completed.push_back(firing(r, start, Cause::Trigger));
    return;
  }
  armed_[r].push_back(start);
  alarm(start.at, rule(r).then->length.length);
}

void Walk::complete_at(std::size_t record, std::vector<Firing>& completed) {
  for (std::size_t r = 0; r < rules(); ++r)
    if (completes(story_, static_cast<int>(r), record)) complete(r, start_at(record), completed);
}

void Walk::complete_memberships(const Start& start, std::vector<Firing>& completed) {
  for (const Memberships::Change& change : memberships_.look()) {
    for (std::size_t r = 0; r < rules(); ++r) {
      const auto* trigger = std::get_if<syntax::Membership>(&rule(r).when->trigger);
      if (trigger != nullptr && trigger->segment.text == change.segment && trigger->enters == change.enters) complete(r, start, completed);
    }
  }
}

bool Walk::due(const Start& start, Millis length) const { return static_cast<__int128>(start.at) + length == story_.now(); }

template <class Stops>
bool Walk::stopped(const Start& start, Stops stops) const {
  for (std::size_t i = start.behind(); i < story_.records().size(); ++i)
    if (stops(story_.records()[i])) return true;
  return false;
}

// `then wait D`: the starts that stand exactly D ago.
std::vector<Start> Walk::waited(std::size_t r) const {
  std::vector<Start> starts;
  for (const Start& start : armed_[r])
    if (due(start, rule(r).then->length.length) &&
        !stopped(start, [&](const Record& record) { return stops_journey(story_, static_cast<int>(r), record); }))
      starts.push_back(start);
  return starts;
}

// `then no F for D`: the latest start, if it stands exactly D ago and nothing behind it stops.
std::vector<Start> Walk::absent(std::size_t r) const {
  if (armed_[r].empty() || !due(armed_[r].back(), rule(r).then->length.length)) return {};
  const bool ended = stopped(armed_[r].back(), [&](const Record& record) {
    return stops_delay(story_, static_cast<int>(r), record) || stops_journey(story_, static_cast<int>(r), record);
  });
  return ended ? std::vector<Start>{} : std::vector{armed_[r].back()};
}

// What the record ends of that which waits or is offered. Of what is armed it is found out when it is due.
void Walk::stop(const Record& by) {
  for (std::size_t r = 0; r < rules(); ++r) {
    const bool journey = stops_journey(story_, static_cast<int>(r), by);
    if (journey) offers_[r].reset();
    if (journey || stops_delay(story_, static_cast<int>(r), by)) waiting_[r].reset();
  }
}

void Walk::redeem_offers(const Event& request, std::vector<Firing>& completed) const {
  for (std::size_t r = 0; r < rules(); ++r) {
    if (!offers_[r]) continue;
    const auto held = held_for(rule(r));
    const bool asked = std::any_of(held.begin(), held.end(), [&](const Held& h) {
      return asks_for(story_.catalog, request, *h.slot) && story_.within(offers_[r]->at, h.length);
    });
    if (!asked) continue;
    completed.push_back(firing(r, offers_[r]->start, Cause::Request));
    completed.back().offered = offers_[r]->at;
    completed.back().by = request.identity;
  }
}

// ---- one place ----

Key Walk::key(const Firing& f) const {
  const RuleRef& ref = story_.at(f.rule);
  return {ref.journey->name.text, ref.rule->name.text, f.start.identity, f.cause, f.by};
}

// A rule fires once at an instant: what was waiting or offered gives way to a new firing, and of these the earliest start stands.
void Walk::once_a_rule(std::vector<Firing>& round) {
  std::sort(round.begin(), round.end(), [](const Firing& a, const Firing& b) {
    return std::tuple(a.rule, a.cause, a.start.position, !a.start.moment, a.start.at, a.placed) <
           std::tuple(b.rule, b.cause, b.start.position, !b.start.moment, b.start.at, b.placed);
  });
  std::vector<Firing> kept;
  for (const Firing& f : round)
    if (fired_.insert(f.rule).second) kept.push_back(f);
  round = std::move(kept);
}

// What does not stand is used up, and as well known from now on as what does.
std::vector<Firing> Walk::settle(std::vector<Firing> completed) {
  for (Firing& f : completed) f.fresh = ledger_.keys.insert(key(f)).second;
  once_a_rule(completed);
  return completed;
}

std::vector<Mark> Walk::judge(Millis now, std::vector<Firing> round, std::vector<const Event*> requests, bool of_clock) {
  std::vector<Mark> marks;
  story_.begin_place(now, std::move(requests));
  if (of_clock) {
    fired_.clear();
    once_a_rule(round);
  }
  for (bool first = true; !round.empty(); first = false) {
    const std::size_t begin = story_.records().size();
    judge_round(std::move(round), first && of_clock, marks);
    round.clear();
    const std::size_t end = story_.records().size();
    if (begin == end) break;
    std::vector<Firing> completed;
    for (std::size_t i = begin; i < end; ++i) complete_at(i, completed);
    complete_memberships(start_at(end - 1), completed);
    set_alarms_after(now);
    set_alarms_of_clock();
    for (const Firing& f : settle(std::move(completed)))
      if (f.fresh) round.push_back(f);
  }
  return marks;
}

// Judged by priority, written down in written order.
void Walk::judge_round(std::vector<Firing> round, bool place_begins, std::vector<Mark>& marks) {
  std::sort(round.begin(), round.end(), [&](const Firing& a, const Firing& b) {
    const auto pa = story_.at(a.rule).priority, pb = story_.at(b.rule).priority;
    return pa != pb ? pa > pb : a.rule < b.rule;
  });
  ++counter_.rounds;
  std::vector<std::pair<int, Decision>> judged;
  for (const Firing& f : round) {
    Verdict verdict = pass_gates(story_, f);
    const Decision& d = verdict.decision;
    const bool acted = d.outcome == Outcome::acted;
    if (take_effect(f.rule, d.outcome, f.cause, f.start, verdict.opens)) {
      Mark& m = marks.emplace_back();
      m.at = story_.now();
      m.arrival = ++ledger_.arrival;
      m.journey = d.journey;
      m.rule = d.rule;
      m.id = d.id;
      m.outcome = d.outcome;
      m.cause = f.cause;
      m.start = f.start;
      m.opens = verdict.opens;
      m.round = counter_.rounds;
      m.place_begins = place_begins;
      if (acted) {
        m.done = story_.records().back().done;
        story_.arrived(m.arrival);
      }
    }
    judged.emplace_back(f.rule, std::move(verdict.decision));
    if (acted) stop(story_.records().back());
  }
  std::sort(judged.begin(), judged.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [rule, decision] : judged) counter_.decisions.push_back(std::move(decision));
}

// What a judged firing leaves for its rule to wait for, or offers, and what it ends of that. Is it something that later behaviour reads?
bool Walk::take_effect(int rule, Outcome outcome, Cause cause, const Start& start, Millis opens) {
  const auto r = static_cast<std::size_t>(rule);
  const bool ends_offer = cause != Cause::Request || outcome == Outcome::acted || outcome == Outcome::held_out || outcome == Outcome::no_match ||
                          outcome == Outcome::unknown || outcome == Outcome::nothing;
  const bool ended = waiting_[r].has_value() || (ends_offer && offers_[r].has_value());
  waiting_[r].reset();
  if (ends_offer) offers_[r].reset();
  if (outcome == Outcome::offered) offers_[r] = Offer{start, story_.now()};
  if (outcome == Outcome::waiting) {
    waiting_[r] = Waiting{start, opens};
    alarm(opens, 0);
  }
  return ended || outcome == Outcome::acted || outcome == Outcome::held_out || outcome == Outcome::waiting || outcome == Outcome::offered;
}

}  // namespace polku::reference
