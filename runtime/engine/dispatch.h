// For each thing that can happen: what it concerns. Made once per plan.
#pragma once
#include <cstdint>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/match/match.h"

namespace polku::engine {

// filter: position in Reaction::filters, or -1 for always. part: the alternative of a start, or the step of a sequence.
struct Concern { std::int32_t what = 0; std::int32_t filter = -1; std::int32_t part = 0; };

inline constexpr std::int32_t kBreak = -1;  // as the part of a sequence: its `without`

struct Reaction {
  std::vector<plan::CodeId> filters;                      // each judged once
  std::vector<std::int32_t> marks;
  std::vector<Concern> counts, values, lasts, resets;     // features
  std::vector<Concern> journey_stops;                     // journeys
  std::vector<Concern> stops;                             // rules
  std::vector<Concern> groups;                            // of Dispatch::groups: rules that it starts, and that judge at once
  std::vector<Concern> starts, repeats, orders;           // other rules; those of one rule stand together, by part, for orders downwards (kBreak first)
  std::vector<Concern> goals;
  std::vector<std::int32_t> answers;                      // channels
};

struct Dispatch {
  std::vector<Reaction> by_occurrence;
  std::vector<std::size_t> delayed;                       // rules with an absence or wait, in written order; likewise below
  std::vector<std::size_t> waiting;                       // rules that may wait for their opening
  std::vector<std::size_t> scheduled;                     // rules with `every day` or `on DATE`
  struct Group {                                          // what one thing starts together
    std::vector<std::size_t> rules;                       // in the order of `rank`
    match::Screen screen;                                 // of their conditions; those that must be judged always stay
  };
  std::vector<Group> groups;
  struct Asked { std::int32_t channel = -1, slot = -1; std::size_t group = 0; };
  std::vector<Asked> asked;                               // the slots that rules ask for
  std::vector<std::size_t> rank;                          // of each rule: where it stands among all, by priority, then as written
  std::vector<char> plain;                                // of each rule: it has conditions, and a firing that fails them leaves nothing behind
  std::vector<std::size_t> offers;                        // rules that offer
  std::vector<std::vector<std::size_t>> members;          // of each membership: the rules that enter or leave
  std::vector<std::vector<std::size_t>> journeys;         // of each journey: its rules
};

Dispatch make_dispatch(const plan::Plan& plan);

}  // namespace polku::engine
