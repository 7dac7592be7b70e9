// Tests that several rules make and that no table can hold (arithmetic, text, several values at once): each is a code of its own, so that
// its answer at an event serves all of them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/plan/plan.h"

namespace polku::plan {

// What the instruction itself reads stays as it is while the rules that one thing starts are judged one after the other: it is nothing that their
// decisions leave behind.
bool steady(const Plan& plan, const Instr& instr);

// The test at instruction n of a condition by itself, the same for all rules that make it. Its fields are those of the starting event, by number
// as in a filter; captures: of the rule. None if something that it reads is not steady.
std::optional<Code> alone(const Plan& plan, const Code& code, std::int32_t n, const std::vector<Capture>* captures, OccurrenceId event);

// Fills Plan::shared, and adds its codes. The layout must be there.
void share_tests(Plan& plan);

// Plan::shared by what they say. The plan must outlive it, and stay as it is.
class SharedTests {
 public:
  SharedTests() = default;               // none
  explicit SharedTests(const Plan& plan);
  CodeId find(const Code& test) const;  // -1: it is not shared

 private:
  std::unordered_map<std::string, CodeId> by_content_;
};

}  // namespace polku::plan
