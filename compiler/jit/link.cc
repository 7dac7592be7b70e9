#include "compiler/jit/link.h"

#include <charconv>

#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h>

#include "compiler/jit/emit.h"
#include "compiler/plan/arith.h"

namespace polku::jit {
namespace {

namespace jl = llvm::jitlink;
namespace orc = llvm::orc;
using Function = plan::Evaluator::Function;

llvm::Expected<std::shared_ptr<jl::JITLinkMemoryManager>> memory() {
  auto made = jl::InProcessMemoryManager::Create();
  if (!made) return made.takeError();
  return std::shared_ptr<jl::JITLinkMemoryManager>(std::move(*made));
}

class InMemory final : public Linked {
 public:
  InMemory(std::shared_ptr<jl::JITLinkMemoryManager> memory, jl::JITLinkMemoryManager::FinalizedAlloc code, std::vector<Function> functions)
      : memory_(std::move(memory)), code_(std::move(code)) {
    functions_ = std::move(functions);
  }
  ~InMemory() override { llvm::consumeError(memory_->deallocate(std::move(code_))); }

 private:
  std::shared_ptr<jl::JITLinkMemoryManager> memory_;
  jl::JITLinkMemoryManager::FinalizedAlloc code_;
};

// What JITLink asks while it links; all of it within link(), on its thread, as memory and helpers are at hand. A link of its own for each object needs
// no ORC session: no names that must differ, no lock between threads, and the code is freed alone.
struct Outcome {
  std::vector<Function> functions;
  jl::JITLinkMemoryManager::FinalizedAlloc code;
  llvm::Error fault = llvm::Error::success();
};

class Context final : public jl::JITLinkContext {
 public:
  Context(jl::JITLinkMemoryManager& memory, Outcome& outcome) : JITLinkContext(nullptr), memory_(memory), outcome_(outcome) {}
  jl::JITLinkMemoryManager& getMemoryManager() override { return memory_; }
  void notifyFailed(llvm::Error fault) override { outcome_.fault = llvm::joinErrors(std::move(outcome_.fault), std::move(fault)); }
  void notifyFinalized(jl::JITLinkMemoryManager::FinalizedAlloc code) override { outcome_.code = std::move(code); }

  void lookup(const LookupMap& symbols, std::unique_ptr<jl::JITLinkAsyncLookupContinuation> go_on) override {
    jl::AsyncLookupResult found;
    for (const auto& [name, flags] : symbols) {
      Value (*helper)(Value, Value, Value) = name == kMulDivSymbol ? &plan::mul_div : name == kDivMulSymbol ? &plan::div_mul : nullptr;
      if (!helper) return go_on->run(llvm::createStringError("the object asks for `" + name.str() + "`"));
      found[name] = {orc::ExecutorAddr::fromPtr(helper), llvm::JITSymbolFlags::Callable};
    }
    go_on->run(std::move(found));
  }

  llvm::Error notifyResolved(jl::LinkGraph& graph) override {
    for (const jl::Symbol* symbol : graph.defined_symbols()) {
      if (!symbol->hasName() || symbol->getScope() == jl::Scope::Local) continue;
      const llvm::StringRef name = symbol->getName();
      std::size_t position = 0;
      if (name.substr(name.find('_') + 1).getAsInteger(10, position) || position >= outcome_.functions.size() || name != function_name(position))
        return llvm::createStringError("the object has a symbol `" + name.str() + "`");
      outcome_.functions[position] = symbol->getAddress().toPtr<Function>();
    }
    for (const Function f : outcome_.functions)
      if (!f) return llvm::createStringError("the object lacks a function");
    return llvm::Error::success();
  }

 private:
  jl::JITLinkMemoryManager& memory_;
  Outcome& outcome_;
};

}  // namespace

llvm::Expected<std::shared_ptr<const Linked>> link(llvm::MemoryBufferRef object, std::size_t functions) {
  auto graph = jl::createLinkGraphFromObject(object);
  if (!graph) return graph.takeError();
  auto manager = memory();
  if (!manager) return manager.takeError();
  Outcome outcome;
  outcome.functions.resize(functions);
  jl::link(std::move(*graph), std::make_unique<Context>(**manager, outcome));
  if (outcome.fault) return std::move(outcome.fault);
  return std::make_shared<InMemory>(std::move(*manager), std::move(outcome.code), std::move(outcome.functions));
}

}  // namespace polku::jit
