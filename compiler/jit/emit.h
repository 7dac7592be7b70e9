// Private to compiler/jit: plan code to LLVM IR.
#pragma once
#include <string>

#include <llvm/IR/Module.h>

#include "compiler/plan/plan.h"

namespace polku::jit {

// What emitted modules import: i64 (i64 a, i64 b, i64 scale), as plan::mul_div and plan::div_mul.
inline constexpr const char* kMulDivSymbol = "polku_mul_div";
inline constexpr const char* kDivMulSymbol = "polku_div_mul";

std::string function_name(plan::CodeId id);  // "code_7"

// Empty if every code can be emitted; else what is wrong with the first that cannot.
std::string check(const plan::Plan& plan);

// Adds `i64 code_N(ptr context)` for each N in [begin, end) to the module, which has its data layout already. The plan was
// checked.
void emit(const plan::Plan& plan, plan::CodeId begin, plan::CodeId end, llvm::Module& module);

}  // namespace polku::jit
