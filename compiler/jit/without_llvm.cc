// jit.h of a build with POLKU_JIT=OFF.
#include "compiler/jit/jit.h"

namespace polku::jit {

Compiled compile(const plan::Plan&, const Options&, std::unique_ptr<plan::Evaluator>) { return {nullptr, "built without the JIT"}; }

Compiled compile(const plan::Plan& plan, Level) { return compile(plan, Options{}); }

std::unique_ptr<plan::Evaluator> in_background(const plan::Plan&, std::unique_ptr<plan::Evaluator> first, const Options&) { return first; }

std::string print_ir(const plan::Plan&, Level, bool) { return "; built without the JIT\n"; }

std::string llvm_version() { return "none"; }
std::string code_format() { return "none"; }

}  // namespace polku::jit
