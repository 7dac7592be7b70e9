// Every code of a plan, once for each kind of place where it is run.
#pragma once
#include <string>
#include <vector>

#include "compiler/plan/plan.h"

namespace polku::property {

// A code, what it is for, and the types of what stands in Context::fields when it is run.
struct Sight {
  plan::CodeId code = -1;
  std::string where;
  std::vector<catalog::Type> fields;
};
std::vector<Sight> sights_of(const plan::Plan& plan);

std::vector<catalog::Type> types_of(const plan::Plan& plan, plan::OccurrenceId what);  // of its fields; decisions have none

}  // namespace polku::property
