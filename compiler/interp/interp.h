// The plan interpreter: the portable engine and the first tier.
#pragma once
#include <memory>

#include "compiler/plan/plan.h"

namespace polku::interp {

// The plan must outlive the evaluator.
std::unique_ptr<plan::Evaluator> make(const plan::Plan& plan);

}  // namespace polku::interp
