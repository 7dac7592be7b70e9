// What an edit of rules changes in a plan, if it changes nothing that records or time depend on (docs/decisions/0008).
#pragma once
#include <utility>
#include <vector>

#include "compiler/plan/plan.h"

namespace polku::plan {

struct Patch {
  std::vector<Code> codes;                              // to stand behind those of the plan; likewise the windows
  std::vector<Window> windows;
  std::vector<std::pair<std::size_t, Millis>> horizons; // features of which the record keeps enough to look back so far
  std::vector<std::pair<std::size_t, Rule>> rules;      // in place of the rules of these numbers, ascending
};

// Does the record of the plan's layout hold what the patched rules ask of it? If not, the plan must be laid out anew.
bool fits(const Plan& plan, const Patch& patch);

// A rule that a patch put in place of another, and in what the two differ that somebody keeps beside the plan.
struct Amended {
  std::size_t rule = 0;
  bool gate = false;         // its conditions, or whether it has others that are looked at before them (dates, `once`)
  bool any = false;          // whether it has conditions at all
  bool filter = false;       // the `where` of what starts it
  bool priority = false;
  Millis held = 0;           // by how much longer an offer stands
};

// The plan must be the one that the patch was made for, and nobody may read it meanwhile (Evaluator::extend).
std::vector<Amended> apply(Plan& plan, Patch patch);

}  // namespace polku::plan
