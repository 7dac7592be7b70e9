// Private to compiler/jit: codes to an object file for this machine.
#pragma once
#include <memory>
#include <span>
#include <string>

#include <llvm/Support/Error.h>
#include <llvm/Support/MemoryBuffer.h>

#include "compiler/jit/jit.h"
#include "compiler/plan/plan.h"

namespace polku::jit {

// What an object depends on beside the instructions of its codes: processor and its features, LLVM, how codes are emitted, what they read by offset.
std::string target(const Options& options);

// LLVM's code generator, set up once for many objects: 1.5 ms. One thread at a time.
class Generator {
 public:
  static llvm::Expected<std::unique_ptr<Generator>> make(const Options& options);
  virtual ~Generator() = default;
  // With a function of each code (function_name). No address of this process is in it.
  virtual llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> object(std::span<const plan::Code* const> codes) = 0;
  virtual llvm::Expected<std::string> print(std::span<const plan::Code* const> codes, bool optimized) = 0;
};

}  // namespace polku::jit
