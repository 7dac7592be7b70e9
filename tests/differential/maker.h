// Makes one pack: first what each rule starts with and does (drafts), then the text, which may name any of it.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/plan/plan.h"
#include "tests/differential/expressions.h"
#include "tests/differential/generate.h"

namespace polku::differential {

using plan::ActionKind;
using plan::StartKind;

struct ActDraft {
  ActionKind kind = ActionKind::Send;
  const Template* template_ = nullptr;  // Send, Show
  const Task* task = nullptr;
  std::vector<int> channels;            // several: best of
  int slot = -1;
};
using DoDraft = std::vector<ActDraft>;  // empty: nothing

struct LimitDraft {
  const char* unit = "";                // "message", "show", "task"
  std::string group;                    // empty: none
};

struct Units {
  bool messages = false, shows = false, tasks = false;
  void add(const Units& u) { messages |= u.messages, shows |= u.shows, tasks |= u.tasks; }
};

struct RuleDraft {
  RuleName name;
  std::size_t rank = 0;                 // at once, only what rules of a lower rank did may start it
  StartKind start = StartKind::Event;
  bool then = false;
  int channel = -1, slot = -1;          // asked for
  bool plain = false;                   // without conditions, so that something is done in most packs
  bool table = false;
  std::vector<DoDraft> rows;            // one without a table
  std::string held;                     // ` for 30 minutes`, of all its shows
  Units units;
  std::vector<LimitDraft> limits;
  bool shows() const { return !name.sends; }
};

struct JourneyDraft {
  std::string name;
  bool plain = false;
  std::vector<RuleDraft> rules;
  std::vector<LimitDraft> limits;
  Units units;
};

struct SegmentDraft {
  bool now = true;                      // it may read `now`; else rules may enter and leave it
  std::size_t visible = 0;              // it looks at rules of a lower rank than this alone
};

class PackMaker {
 public:
  PackMaker(std::uint64_t seed, Pack& pack) : random_(seed), pack_(pack), expressions_(pack.world, random_, pack.tally) {}
  void make();

 private:
  Tally& tally() { return pack_.tally; }
  World& world() { return pack_.world; }
  const Channel& channel(int c) { return world().channels[static_cast<std::size_t>(c)]; }
  std::string slot_path(int channel, int slot) const;
  std::string random_length() { return expressions_.length(world().history); }

  // ---- generate.cc: what there is, and the blocks ----
  void draft();
  void draft_rule(RuleDraft& d);
  void draft_segments();
  void derive_attributes();
  Scope rule_scope(const std::string& journey);
  std::string segment(std::size_t index);
  std::string journey(const JourneyDraft& j);
  std::string rule(const RuleDraft& d);
  std::string guarantee(std::size_t index);
  std::string test();

  // ---- triggers.cc ----
  std::string when(const RuleDraft& d, Scope& scope);            // scope.triggers becomes what the rule can start with
  // One occurrence that may start it; completes: it alone is enough.
  std::string start(const RuleDraft& d, const Scope& scope, std::vector<int>& events, bool completes = true);
  std::string then_clause(const Scope& scope);
  Millis delay();
  std::string count_trigger(const RuleDraft& d, Scope& scope);
  std::string order_trigger(const RuleDraft& d, Scope& scope);
  std::string member_trigger(const RuleDraft& d);                // empty: no segment fits
  std::string date_trigger();                                    // empty: no attribute fits

  // ---- clauses.cc ----
  std::vector<LimitDraft> draft_limits(const Units& units, bool of_journey);
  std::vector<std::string> common(const Scope& scope, const Units& units, const std::vector<LimitDraft>& limits, bool of_journey, bool plain);
  std::vector<std::string> of_journey(const JourneyDraft& j);
  std::string limit(const LimitDraft& l);
  std::string quiet();
  std::string dates();

  // ---- actions.cc ----
  void draft_actions(RuleDraft& d);
  DoDraft draft_do(const RuleDraft& d);
  bool draft_send(ActDraft& a);
  bool draft_show(ActDraft& a, const RuleDraft& d);
  std::string action(const RuleDraft& d, const Scope& scope);
  std::string acts(const DoDraft& acts, const RuleDraft& d, const Scope& scope, const char* between);
  std::string act(const ActDraft& a, const RuleDraft& d, const Scope& scope);
  std::string table(const RuleDraft& d, const Scope& scope);
  std::string cell(const Scope& scope, Type type, bool count);
  std::string parameters(const Scope& scope, const std::vector<Field>& params);
  std::string split();

  Random random_;
  Pack& pack_;
  Expressions expressions_;
  std::vector<JourneyDraft> journeys_;
  std::vector<SegmentDraft> segments_;
  std::vector<RuleName> ranked_;       // all rules, by rank
  std::vector<std::string> groups_;    // of limits
  std::map<std::string, int> held_out_;      // the share of each name
  bool chained_ = false;                     // the rule at hand starts from what rules did
  std::vector<std::string> suppressed_;      // by the `do` at hand
  bool can_send_ = false, can_show_ = false;
};

}  // namespace polku::differential
