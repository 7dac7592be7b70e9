// Plan code to machine code, by LLVM ORC. LLVM is seen nowhere else.
#pragma once
#include <memory>
#include <string>

#include "compiler/plan/plan.h"

namespace polku::jit {

// How hard LLVM tries. Both levels give the same results (no floating point is involved).
enum class Level { O0, O2 };

struct Compiled {
  std::unique_ptr<plan::Evaluator> evaluator;  // null if compilation failed; frees its machine code when destroyed
  std::string error;                           // then: why, for the engineer
};

// Compiles every code of the plan for this machine's processor. The plan must outlive the evaluator.
// Safe from several threads.
Compiled compile(const plan::Plan& plan, Level level = Level::O2);

// The module as LLVM IR text, before (`optimized` false) or after the passes of `level`.
std::string print_ir(const plan::Plan& plan, Level level, bool optimized);

std::string llvm_version();

}  // namespace polku::jit
