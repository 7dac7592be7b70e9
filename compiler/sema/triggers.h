// What a rule waits for (readings 25 to 33). Private to sema.
#pragma once
#include <map>
#include <string>

#include "compiler/sema/typer.h"

namespace polku::sema {

// The segments that rules enter and leave, each once.
class Memberships {
 public:
  explicit Memberships(const Work& work) : work_(work) {}
  std::int32_t of(const syntax::Name& segment);  // in the plan's; -1 if it is wrong (reported)

 private:
  const Work& work_;
  std::map<std::string, std::int32_t> by_name_;
};

// Fills trigger, when and then of a rule, and says in `scope` what its start can be.
void trigger(const Work& work, Memberships& memberships, const RuleEntry& entry, Scope& scope, plan::Rule& out);

// Reports the rules that start each other at once, without end (reading 35).
void immediate_cycles(const Names& names, const plan::Plan& plan, diag::Diagnostics& d);

}  // namespace polku::sema
