#include "compiler/jit/object.h"

#include <cstddef>
#include <optional>

#include <llvm/Config/llvm-config.h>
#include <llvm/ExecutionEngine/Orc/CompileUtils.h>
#include <llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include "compiler/jit/emit.h"

namespace polku::jit {
namespace {

namespace orc = llvm::orc;

// ---- this machine ----

// Found once; a copy is adjusted for each generator. Never destroyed: a thread may still compile when the process's statics go.
const std::optional<orc::JITTargetMachineBuilder>& host_machine() {
  using Machine = std::optional<orc::JITTargetMachineBuilder>;
  static const Machine& machine = *new Machine([]() -> Machine {
    if (llvm::InitializeNativeTarget() || llvm::InitializeNativeTargetAsmPrinter()) return std::nullopt;
    auto found = orc::JITTargetMachineBuilder::detectHost();
    if (!found) {
      llvm::consumeError(found.takeError());
      return std::nullopt;
    }
    found->setRelocationModel(llvm::Reloc::PIC_);  // what JITLink wants
    found->setCodeModel(llvm::CodeModel::Small);
    return std::move(*found);
  }());
  return machine;
}

// This machine, or another of its kind with what that processor has and no more.
std::optional<orc::JITTargetMachineBuilder> machine_for(const Options& options) {
  auto machine = host_machine();
  if (machine && !options.cpu.empty()) machine->setCPU(options.cpu).setFeatures("");
  return machine;
}

llvm::CodeGenOptLevel effort(Level level) {
  switch (level) {
    case Level::O0: return llvm::CodeGenOptLevel::None;
    case Level::O2: return llvm::CodeGenOptLevel::Default;
  }
  return llvm::CodeGenOptLevel::None;
}

// Above so many instructions in a module, which one long code makes, the optimizing code generator takes out of proportion long.
constexpr std::size_t kThoroughInstrs = 4096;

// ---- passes ----

// Few: straight-line code has no loops, no memory of its own and nothing to inline, and a pack may hold thousands of codes.
class Passes {
 public:
  explicit Passes(Level level, llvm::TargetMachine& machine) : builder_(&machine) {
    builder_.registerModuleAnalyses(modules_);
    builder_.registerCGSCCAnalyses(graphs_);
    builder_.registerFunctionAnalyses(functions_);
    builder_.registerLoopAnalyses(loops_);
    builder_.crossRegisterProxies(loops_, functions_, graphs_, modules_);
    switch (level) {
      case Level::O0: break;
      case Level::O2:
        passes_.addPass(llvm::EarlyCSEPass());
        passes_.addPass(llvm::InstCombinePass());
        passes_.addPass(llvm::SimplifyCFGPass());
        break;
    }
  }

  void run(llvm::Module& module) {
    if (passes_.isEmpty()) return;
    for (llvm::Function& function : module) {
      if (!function.isDeclaration()) passes_.run(function, functions_);
    }
    functions_.clear();  // they are keyed by address, and the module goes away
    modules_.clear();
  }

 private:
  llvm::LoopAnalysisManager loops_;
  llvm::FunctionAnalysisManager functions_;
  llvm::CGSCCAnalysisManager graphs_;
  llvm::ModuleAnalysisManager modules_;
  llvm::PassBuilder builder_;
  llvm::FunctionPassManager passes_;
};

class HostGenerator final : public Generator {
 public:
  HostGenerator(Level level, std::unique_ptr<llvm::TargetMachine> machine) : effort_(effort(level)), machine_(std::move(machine)), passes_(level, *machine_), compile_(*machine_) {}

  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> object(std::span<const plan::Code* const> codes) override {
    llvm::LLVMContext context;
    context.setDiscardValueNames(true);
    auto module = make_module(codes, context);
    if (!module) return module.takeError();
    passes_.run(**module);
    std::size_t instrs = 0;
    for (const plan::Code* code : codes) instrs += code->instrs.size();
    machine_->setOptLevel(instrs > kThoroughInstrs ? llvm::CodeGenOptLevel::None : effort_);
    return compile_(**module);
  }

  llvm::Expected<std::string> print(std::span<const plan::Code* const> codes, bool optimized) override {
    llvm::LLVMContext context;
    auto module = make_module(codes, context);
    if (!module) return module.takeError();
    if (optimized) passes_.run(**module);
    std::string text;
    llvm::raw_string_ostream stream(text);
    (*module)->print(stream, nullptr);
    return text;
  }

 private:
  llvm::Expected<std::unique_ptr<llvm::Module>> make_module(std::span<const plan::Code* const> codes, llvm::LLVMContext& context) {
    auto module = std::make_unique<llvm::Module>("polku", context);
    module->setDataLayout(machine_->createDataLayout());
    module->setTargetTriple(machine_->getTargetTriple().str());
    emit(codes, *module);
#ifndef NDEBUG
    std::string why;
    llvm::raw_string_ostream stream(why);
    if (llvm::verifyModule(*module, &stream)) return llvm::createStringError("broken IR: " + why);
#endif
    return module;
  }

  const llvm::CodeGenOptLevel effort_;
  std::unique_ptr<llvm::TargetMachine> machine_;
  Passes passes_;
  orc::SimpleCompiler compile_;
};

}  // namespace

std::string code_format() { return std::string(POLKU_EMITTER).substr(0, 12); }

std::string target(const Options& options) {
  using plan::Context;
  using plan::Host;
  const auto machine = machine_for(options);
  std::string out = "LLVM " LLVM_VERSION_STRING " emitter " POLKU_EMITTER;
  out += options.level == Level::O0 ? " O0" : " O2";
  if (machine) out += " " + machine->getTargetTriple().str() + " " + machine->getCPU() + " " + machine->getFeatures().getString();
  for (const std::size_t n : {sizeof(Context), offsetof(Context, now), offsetof(Context, fields), offsetof(Context, attributes), offsetof(Context, host),
                              sizeof(Host), offsetof(Host, last), offsetof(Host, count_at_least), offsetof(Host, count), offsetof(Host, count_seen), offsetof(Host, sum),
                              offsetof(Host, highest), offsetof(Host, lowest), offsetof(Host, average), offsetof(Host, first), offsetof(Host, text)})
    out += " " + std::to_string(n);
  return out;
}

llvm::Expected<std::unique_ptr<Generator>> Generator::make(const Options& options) {
  auto builder = machine_for(options);
  if (!builder) return llvm::createStringError("LLVM has no code generator for this processor");
  builder->setCodeGenOptLevel(effort(options.level));
  auto machine = builder->createTargetMachine();
  if (!machine) return machine.takeError();
  if (!options.cpu.empty() && !(*machine)->getMCSubtargetInfo()->isCPUStringValid(options.cpu)) return llvm::createStringError("LLVM knows no processor " + options.cpu);
  return std::make_unique<HostGenerator>(options.level, std::move(*machine));
}

}  // namespace polku::jit
