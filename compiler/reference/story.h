// One visitor's history as the rules see it at one instant: nothing but the records so far, in order, and the clock.
// Internal to the reference interpreter.
#pragma once
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compiler/reference/reference.h"
#include "compiler/reference/typed.h"

namespace polku::reference {

struct RuleRef {
  const syntax::Journey* journey = nullptr;
  const syntax::Rule* rule = nullptr;
  std::int64_t priority = 0;  // the rule's, else the journey's, else 0
};

// A record is an event, or a decision that acted.
struct Record {
  Millis at = 0;
  std::uint64_t identity = 0;
  const history::Event* event = nullptr;
  int rule = -1;              // decision: in Story::rules
  history::ActionKind kind = history::ActionKind::Send;
  std::string channel, slot;
  // What each `where` said of this event: it never changes afterwards (reading 7), so it is found out once.
  mutable std::vector<std::pair<const syntax::Expr*, Tri>> where;
};

class Story {
 public:
  Story(const Pack& pack, const base::Texts& texts);

  const Pack& pack;
  const catalog::Catalog& catalog;
  const base::Texts& texts;
  const base::Zone zone;              // the pack's
  std::vector<RuleRef> rules;         // in written order; only those with a trigger and an action

  Millis now() const { return now_; }
  const std::vector<Record>& records() const { return records_; }
  void set_clock(Millis now);
  void append(Record record);

  // Does `at` stand in the window of this length that ends now: now − length < at?
  bool within(Millis at, Millis length) const;
  bool kept(Millis at) const { return within(at, catalog.history); }
  int rule(const std::string& journey, const std::string& name) const;  // in rules, or -1
  const syntax::Segment* segment(const std::string& name) const;

  // Values of segments and derived attributes at this very instant, so that chains of them cost no more than their length.
  // Emptied whenever the clock or the history moves.
  mutable std::map<const syntax::Expr*, Typed> read_now;

 private:
  Millis now_ = 0;
  std::vector<Record> records_;
};

}  // namespace polku::reference
