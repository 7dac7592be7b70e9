// A walk through one visitor's history, place by place (LANGUAGE.md 4; readings 1, 2, 8–11, 20, 25–36, 54, 57, 66): it places firings, and
// judges them where it is told to. Internal to the reference interpreter.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/reference/gates.h"
#include "compiler/reference/memberships.h"
#include "compiler/reference/story.h"

namespace polku::reference {

// What makes a firing the same as another (reading 67).
struct Key {
  std::string journey, rule;
  std::uint64_t start = 0;
  Cause cause = Cause::Trigger;
  std::uint64_t by = 0;               // Firing::by
  auto operator<=>(const Key&) const = default;
};

// What is remembered of a visitor for good, whatever becomes of the history.
struct Ledger {
  std::set<Key> keys;                 // of all firings ever placed
  std::set<std::string> converted;    // the exposures that have their conversion, by their ids
  std::uint64_t arrival = 0;          // of what came last
};

// A decision that later behaviour reads (reading 65).
struct Mark {
  Millis at = 0;
  std::uint64_t arrival = 0;
  std::string journey, rule, id;
  history::Outcome outcome = history::Outcome::acted;
  Cause cause = Cause::Trigger;
  Start start;
  std::vector<Done> done;             // if it acted
  Millis opens = 0;                   // if it waits
  std::uint64_t round = 0;            // those of one round have one number
  bool place_begins = false;          // it is of the first round of a place that is none of a record or timer, but only of the clock
};

// What all visitors of a log have in common: the decisions made, and the running numbers of arrivals and rounds.
struct Counter {
  std::vector<history::Decision> decisions;
  std::uint64_t arrivals = 0;
  std::uint64_t rounds = 0;
};

class Walk {
 public:
  Walk(const Book& book, const std::string& visitor, const Options& options, Ledger& ledger, Counter& counter);
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

  // ---- places, in the order of time; nothing is judged ----

  // Conversions that are shown for the first time are decisions at `clock`.
  void record(const Event& event, std::uint64_t arrival, Millis clock);
  void timers(Millis until);
  // The decisions of one round.
  void decided(const std::vector<const Mark*>& round);

  std::optional<Millis> next() const;                 // when the next timer may be due
  Millis now() const { return story_.now(); }         // the latest place
  void person(const std::string& name) { story_.person = &name; }

  const std::vector<Firing>& placed() const { return placed_; }
  void forget_placed() { placed_.clear(); }

  // ---- judging ----

  // Judges these at `now`, and what follows of it, in one place: that of the record or the timers just placed, or one of the clock alone.
  std::vector<Mark> judge(Millis now, std::vector<Firing> firings, std::vector<const Event*> requests, bool of_clock);

  Key key(const Firing& firing) const;

 private:
  // A firing that waits for its opening, and an offer: a rule has one of each at most.
  struct Waiting { Start start; Millis opens = 0; };
  struct Offer { Start start; Millis at = 0; };

  std::size_t rules() const { return story_.rules.size(); }
  const syntax::Rule& rule(std::size_t r) const { return *story_.rules[r].rule; }

  void timer_place(Millis at);
  void end_place(std::vector<Firing> completed);

  void alarm(Millis at, Millis length);
  void set_alarms_after(Millis record);
  void set_alarms_of_instants();
  void set_alarms_of_clock();

  Firing firing(std::size_t r, const Start& start, Cause cause) const;
  Start start_at(std::size_t record) const;
  Start moment(Millis at) const;
  void complete(std::size_t r, const Start& start, std::vector<Firing>& completed);
  void complete_at(std::size_t record, std::vector<Firing>& completed);
  void complete_memberships(const Start& start, std::vector<Firing>& completed);
  bool due(const Start& start, Millis length) const;
  template <class Stops>
  bool stopped(const Start& start, Stops stops) const;
  std::vector<Start> waited(std::size_t r) const;
  std::vector<Start> absent(std::size_t r) const;
  void stop(const Record& by);
  void redeem_offers(const Event& request, std::vector<Firing>& completed) const;

  void once_a_rule(std::vector<Firing>& round);
  std::vector<Firing> settle(std::vector<Firing> completed);
  void judge_round(std::vector<Firing> round, bool place_begins, std::vector<Mark>& marks);
  bool take_effect(int rule, history::Outcome outcome, Cause cause, const Start& start, Millis opens);

  Ledger& ledger_;
  Counter& counter_;
  Story story_;
  Memberships memberships_;
  std::vector<std::vector<Start>> armed_;          // per rule: every start its delay was armed with, in order
  std::vector<std::optional<Waiting>> waiting_;    // per rule
  std::vector<std::optional<Offer>> offers_;       // per rule
  std::set<Millis> alarms_;
  std::set<int> fired_;                            // the rules that fired at this place
  std::vector<Firing> placed_;
  bool begun_ = false;
};

}  // namespace polku::reference
