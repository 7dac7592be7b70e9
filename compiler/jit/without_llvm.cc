// jit.h of a build with POLKU_JIT=OFF.
#include "compiler/jit/jit.h"

namespace polku::jit {

Compiled compile(const plan::Plan&, Level) { return {nullptr, "built without the JIT"}; }

std::string print_ir(const plan::Plan&, Level, bool) { return "; built without the JIT\n"; }

std::string llvm_version() { return "none"; }

}  // namespace polku::jit
