// Parts of a plan for people.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "compiler/plan/plan.h"

namespace polku::plan {

std::string describe_feature(const Plan& plan, std::size_t feature);                  // as print() has it
std::optional<std::size_t> feature_bytes(const Plan& plan, std::size_t feature);      // that it takes of a visitor's record; none: it grows with what happens

}  // namespace polku::plan
