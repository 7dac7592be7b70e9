// For each thing that can happen: what it concerns. Made once per plan.
#pragma once
#include <cstdint>
#include <vector>

#include "compiler/plan/plan.h"

namespace polku::engine {

// filter: position in Reaction::filters, or -1 for always.
struct Concern { std::int32_t what = 0; std::int32_t filter = -1; };

struct Reaction {
  std::vector<plan::CodeId> filters;                                  // each judged once
  std::vector<std::int32_t> marks;
  std::vector<Concern> counts, values, lasts, resets, stops, starts;   // features; then rules
};

struct Dispatch {
  std::vector<Reaction> by_occurrence;
  std::vector<std::size_t> delayed;                                   // rules with timers, in written order
};

Dispatch make_dispatch(const plan::Plan& plan);

}  // namespace polku::engine
