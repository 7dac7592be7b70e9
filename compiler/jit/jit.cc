#include "compiler/jit/jit.h"

#include <algorithm>
#include <optional>

#include <llvm/Config/llvm-config.h>
#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/ExecutionEngine/Orc/CompileUtils.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include "compiler/jit/emit.h"
#include "compiler/plan/arith.h"

namespace polku::jit {
namespace {

namespace orc = llvm::orc;

// Codes in one LLVM module: enough to spread a module's fixed cost, few enough that nothing grows out of proportion.
constexpr plan::CodeId kCodesInModule = 256;

using CodeFunction = Value (*)(const plan::Context*);

// ---- this machine ----

// Found once; a copy is adjusted for each compilation.
const std::optional<orc::JITTargetMachineBuilder>& host_machine() {
  static const std::optional<orc::JITTargetMachineBuilder> machine = []() -> std::optional<orc::JITTargetMachineBuilder> {
    if (llvm::InitializeNativeTarget() || llvm::InitializeNativeTargetAsmPrinter()) return std::nullopt;
    auto found = orc::JITTargetMachineBuilder::detectHost();
    if (!found) {
      llvm::consumeError(found.takeError());
      return std::nullopt;
    }
    return std::move(*found);
  }();
  return machine;
}

// LLVM's optimizing code generator takes about 1 ms for a usual code of 12 to 18 instructions, its fast one 0.1 ms; after the
// passes their code differs by a fifth in speed. So O2 uses the former for plans of up to so many instructions only: 0.3 s.
constexpr std::size_t kThoroughInstrs = 4096;

std::size_t size(const plan::Plan& plan) {
  std::size_t instrs = 0;
  for (const plan::Code& code : plan.codes) instrs += code.instrs.size();
  return instrs;
}

llvm::Expected<orc::JITTargetMachineBuilder> machine_for(Level level, const plan::Plan& plan) {
  const auto& host = host_machine();
  if (!host) return llvm::createStringError("LLVM has no code generator for this processor");
  orc::JITTargetMachineBuilder machine = *host;
  switch (level) {
    case Level::O0: machine.setCodeGenOptLevel(llvm::CodeGenOptLevel::None); break;
    case Level::O2:
      machine.setCodeGenOptLevel(size(plan) <= kThoroughInstrs ? llvm::CodeGenOptLevel::Default : llvm::CodeGenOptLevel::None);
      break;
  }
  machine.setRelocationModel(llvm::Reloc::PIC_);  // what JITLink wants
  machine.setCodeModel(llvm::CodeModel::Small);
  return machine;
}

// ---- a module ----

// The passes of a level. Short: straight-line code has no loops, no memory of its own and nothing to inline, and a pack
// may hold thousands of codes.
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

llvm::Expected<std::unique_ptr<llvm::Module>> make_module(const plan::Plan& plan, plan::CodeId begin, plan::CodeId end,
                                                          const llvm::TargetMachine& machine, llvm::LLVMContext& context) {
  auto module = std::make_unique<llvm::Module>("polku", context);
  module->setDataLayout(machine.createDataLayout());
  module->setTargetTriple(machine.getTargetTriple().str());
  emit(plan, begin, end, *module);
#ifndef NDEBUG
  std::string why;
  llvm::raw_string_ostream stream(why);
  if (llvm::verifyModule(*module, &stream)) return llvm::createStringError("broken IR: " + why);
#endif
  return module;
}

// ---- a program ----

class Program final : public plan::Evaluator {
 public:
  Program(std::unique_ptr<orc::LLJIT> jit, std::vector<CodeFunction> functions)
      : jit_(std::move(jit)), functions_(std::move(functions)) {}

#if defined(__clang__)
  __attribute__((no_sanitize("function")))  // which would look for a type in front of the compiled function
#endif
  Value evaluate(plan::CodeId code, const plan::Context& context) const override {
    return functions_[static_cast<std::size_t>(code)](&context);
  }
  const char* tier() const override { return "jit"; }

 private:
  std::unique_ptr<orc::LLJIT> jit_;  // owns the machine code
  std::vector<CodeFunction> functions_;
};

// One LLJIT per program, not one per process. Its start takes 0.03 ms (against 1.5 ms to set up LLVM's code generator for even
// one module) once the parts that we do not use are left out: the platform, the symbols of the process, unwind tables. In
// return compilations in several threads share nothing, the memory goes with the program, and no order of static destruction matters.
llvm::Expected<std::unique_ptr<orc::LLJIT>> make_jit(const orc::JITTargetMachineBuilder& builder, llvm::TargetMachine& machine) {
  auto jit = orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(builder)
                 .setDataLayout(machine.createDataLayout())
                 .setLinkProcessSymbolsByDefault(false)
                 .setProcessSymbolsJITDylibSetup([](orc::LLJIT&) -> llvm::Expected<orc::JITDylibSP> { return nullptr; })
                 .setPlatformSetUp(orc::setUpInactivePlatform)
                 .setObjectLinkingLayerCreator([](orc::ExecutionSession& session, const llvm::Triple&) {
                   return std::make_unique<orc::ObjectLinkingLayer>(session);
                 })
                 .setCompileFunctionCreator([&](const orc::JITTargetMachineBuilder&) {
                   return std::make_unique<orc::SimpleCompiler>(machine);
                 })
                 .create();
  if (!jit) return jit.takeError();
  // Absolute symbols, so that object code holds no address of this process.
  auto helper = [](Value (*function)(Value, Value, Value)) {
    const llvm::JITSymbolFlags flags = llvm::JITSymbolFlags::Callable | llvm::JITSymbolFlags::Exported;
    return orc::ExecutorSymbolDef(orc::ExecutorAddr::fromPtr(function), flags);
  };
  orc::SymbolMap helpers;
  helpers[(*jit)->mangleAndIntern(kMulDivSymbol)] = helper(&plan::mul_div);
  helpers[(*jit)->mangleAndIntern(kDivMulSymbol)] = helper(&plan::div_mul);
  if (auto error = (*jit)->getMainJITDylib().define(orc::absoluteSymbols(std::move(helpers)))) return error;
  return jit;
}

llvm::Expected<std::vector<CodeFunction>> addresses(orc::LLJIT& jit, std::size_t count) {
  std::vector<orc::SymbolStringPtr> names;
  orc::SymbolLookupSet wanted;
  for (std::size_t id = 0; id < count; ++id) {
    names.push_back(jit.mangleAndIntern(function_name(static_cast<plan::CodeId>(id))));
    wanted.add(names.back());
  }
  const auto where = orc::makeJITDylibSearchOrder(&jit.getMainJITDylib());
  auto found = jit.getExecutionSession().lookup(where, std::move(wanted));  // all at once: one link of all modules
  if (!found) return found.takeError();
  std::vector<CodeFunction> functions;
  functions.reserve(count);
  for (const orc::SymbolStringPtr& name : names) functions.push_back((*found)[name].getAddress().toPtr<CodeFunction>());
  return functions;
}

llvm::Expected<std::unique_ptr<plan::Evaluator>> compile_all(const plan::Plan& plan, Level level) {
  auto builder = machine_for(level, plan);
  if (!builder) return builder.takeError();
  auto machine = builder->createTargetMachine();
  if (!machine) return machine.takeError();
  auto jit = make_jit(*builder, **machine);
  if (!jit) return jit.takeError();

  // Straight to objects, one module at a time: LLJIT keeps no IR, and the objects could be kept for another start.
  Passes passes(level, **machine);
  orc::SimpleCompiler to_object(**machine);
  const auto count = static_cast<plan::CodeId>(plan.codes.size());
  for (plan::CodeId begin = 0; begin < count; begin += kCodesInModule) {
    llvm::LLVMContext context;
    context.setDiscardValueNames(true);
    auto module = make_module(plan, begin, std::min(count, begin + kCodesInModule), **machine, context);
    if (!module) return module.takeError();
    passes.run(**module);
    auto object = to_object(**module);
    if (!object) return object.takeError();
    if (auto error = (*jit)->addObjectFile(std::move(*object))) return error;
  }
  auto functions = addresses(**jit, plan.codes.size());
  if (!functions) return functions.takeError();
  return std::make_unique<Program>(std::move(*jit), std::move(*functions));
}

llvm::Expected<std::string> print_all(const plan::Plan& plan, Level level, bool optimized) {
  auto builder = machine_for(level, plan);
  if (!builder) return builder.takeError();
  auto machine = builder->createTargetMachine();
  if (!machine) return machine.takeError();
  llvm::LLVMContext context;
  auto module = make_module(plan, 0, static_cast<plan::CodeId>(plan.codes.size()), **machine, context);
  if (!module) return module.takeError();
  if (optimized) Passes(level, **machine).run(**module);
  std::string text;
  llvm::raw_string_ostream stream(text);
  (*module)->print(stream, nullptr);
  return text;
}

}  // namespace

Compiled compile(const plan::Plan& plan, Level level) try {
  if (std::string broken = check(plan); !broken.empty()) return {nullptr, std::move(broken)};
  auto evaluator = compile_all(plan, level);
  if (!evaluator) return {nullptr, llvm::toString(evaluator.takeError())};
  return {std::move(*evaluator), {}};
} catch (const std::exception& e) {
  return {nullptr, e.what()};
}

std::string print_ir(const plan::Plan& plan, Level level, bool optimized) try {
  if (std::string broken = check(plan); !broken.empty()) return "; " + broken + "\n";
  auto text = print_all(plan, level, optimized);
  if (!text) return "; " + llvm::toString(text.takeError()) + "\n";
  return std::move(*text);
} catch (const std::exception& e) {
  return std::string("; ") + e.what() + "\n";
}

std::string llvm_version() { return LLVM_VERSION_STRING; }

}  // namespace polku::jit
