// What became of rules and what they cost, summed up over shards and packs.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/engine/engine.h"

namespace polku::shards {

// What became of a rule's firings since the process began, by packs that had a rule of that name; what a start replayed counts once, in the process that decided it.
struct RuleCounts {
  std::string journey, rule;
  engine::OutcomeCounts outcomes{};
  std::map<std::string, std::uint64_t> unknown;  // by what was asked for: how often the rule did not act because it was not known
};
using RuleSums = std::map<std::pair<std::string, std::string>, RuleCounts>;  // by journey and rule

// Of one engine, by the plan's rules.
void add_rules(const plan::Plan& plan, const std::vector<engine::OutcomeCounts>& outcomes, const std::vector<std::vector<engine::Unknown>>& unknowns, RuleSums& to);

// What the pack's rules and features cost the shards together, in nanoseconds.
struct Costs {
  struct Item { std::uint64_t times = 0; double nanoseconds = 0; };
  struct Rule { std::string journey, rule; Item judged; std::uint64_t acted = 0; };
  struct Feature { std::string what; Item updated; std::optional<std::size_t> bytes; };  // as the plan is printed; of a visitor's record, none: it grows
  double seconds = 0;                            // so long it was counted
  double busy = 0;                               // nanoseconds that shards worked
  std::vector<Rule> rules;                       // the dearest first
  std::vector<Feature> features;                 // likewise
  Item filters, triggers, screens, segments, reasons, folds;  // as engine::Profile has them
};

engine::Profile operator+(engine::Profile a, const engine::Profile& b);   // of one plan
// tick: nanoseconds of one of engine::ticks().
Costs costs_of(const plan::Plan& plan, const engine::Profile& profile, double tick);

}  // namespace polku::shards
