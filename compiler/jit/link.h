// Private to compiler/jit: an object file into this process's memory.
#pragma once
#include <memory>
#include <vector>

#include <llvm/Support/Error.h>
#include <llvm/Support/MemoryBufferRef.h>

#include "compiler/plan/plan.h"

namespace polku::jit {

// Machine code, ready to be run by any thread; its memory goes with it. Immutable.
class Linked {
 public:
  virtual ~Linked() = default;
  const std::vector<plan::Evaluator::Function>& functions() const { return functions_; }  // by function_name

 protected:
  std::vector<plan::Evaluator::Function> functions_;
};

// Fails unless the object has exactly that many functions.
llvm::Expected<std::shared_ptr<const Linked>> link(llvm::MemoryBufferRef object, std::size_t functions);

}  // namespace polku::jit
