// Private to compiler/jit: plan code to LLVM IR.
#pragma once
#include <span>
#include <string>

#include <llvm/IR/Module.h>

#include "compiler/plan/plan.h"

namespace polku::jit {

// What emitted modules import: i64 (i64 a, i64 b, i64 scale), as plan::mul_div and plan::div_mul.
inline constexpr const char* kMulDivSymbol = "polku_mul_div";
inline constexpr const char* kDivMulSymbol = "polku_div_mul";

// Of the code at that position among those of a module: "code_7".
std::string function_name(std::size_t position);

// Empty if every code from that one on can be emitted; else what is wrong with the first that cannot.
std::string check(const plan::Plan& plan, std::size_t from = 0);

// Adds a plan::Evaluator::Function of each code to the module, which has its data layout already. The codes were checked. What is emitted depends on
// the codes' instructions and on these sources alone.
void emit(std::span<const plan::Code* const> codes, llvm::Module& module);

}  // namespace polku::jit
