// Plan code to machine code, by LLVM ORC. LLVM is seen nowhere else.
#pragma once
#include <memory>
#include <string>

#include "compiler/plan/plan.h"

namespace polku::jit {

// How hard LLVM tries. Both levels give the same results (no floating point is involved). O0: 0.1 ms to compile a usual code of
// 12 to 18 instructions. O2: 1 ms, and it runs a fifth faster; 0.2 ms in a plan of more than 4096 instructions, as the
// slowest part of code generation is then left out.
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
