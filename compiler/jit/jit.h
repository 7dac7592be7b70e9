// Plan code to machine code, by LLVM. LLVM is seen nowhere else.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "compiler/plan/plan.h"

namespace polku::jit {

// How hard LLVM tries. Both levels give the same results (no floating point is involved).
enum class Level { O0, O2 };

struct Options {
  Level level = Level::O0;         // O2 takes five times as long, and its code runs a fifth faster (docs/decisions/0007)
  std::string cpu = {};            // processor that code is made for, as LLVM names them ("x86-64-v3"); it must run here. Empty: this one
  unsigned threads = 1;            // that compile
  std::string cache = {};          // folder in which compiled code is kept from one process to the next; empty: none
  std::uint64_t cache_bytes = 256u << 20;  // beyond it the code that was not used for longest goes
  bool count = false;              // evaluations, for Evaluator::tiers(): some 4 ns each
  std::uint32_t turn_after = 0;    // for tests, n > 0: everything is compiled at once, and each code's first n evaluations are interpreted
};

struct Compiled {
  std::unique_ptr<plan::Evaluator> evaluator;  // null if compilation failed; frees its machine code when destroyed
  std::string error;                           // then: why, for the engineer
};

// Compiles every code of the plan for this machine's processor, and returns when it is done. The plan must outlive the evaluator. Safe from several threads.
// first: evaluates codes that come later (Evaluator::extend) until their machine code is there, as in_background() has it; null: extend() returns when it is
// there, and throws std::runtime_error if it cannot be made.
Compiled compile(const plan::Plan& plan, const Options& options, std::unique_ptr<plan::Evaluator> first = nullptr);
Compiled compile(const plan::Plan& plan, Level level = Level::O2);

// Starts to compile in the background, and returns at once: `first` evaluates each code until its machine code is there. What cannot be compiled stays with
// it, and tiers() says why. Codes that are asked for come first; the order never changes a result. Destroying the evaluator ends the compilation after the
// module at hand, some 10 ms. Machine code of the same content is shared by all evaluators of the process, so that a plan of which little was changed is
// compiled soon.
std::unique_ptr<plan::Evaluator> in_background(const plan::Plan& plan, std::unique_ptr<plan::Evaluator> first, const Options& options);

// The module as LLVM IR text, before (`optimized` false) or after the passes of `level`.
std::string print_ir(const plan::Plan& plan, Level level, bool optimized);

std::string llvm_version();  // "none" in a build without it: then compile() fails, and in_background() gives back `first`
std::string code_format();   // of machine code that is kept: what says how it is made, as a hash; another one passes over what this one kept

}  // namespace polku::jit
