#include "cli/version.h"

#include <fmt/format.h>

#include "compiler/jit/jit.h"
#include "runtime/base/time.h"
#include "runtime/history/decision.h"
#ifdef POLKU_HAS_SERVE
#include "runtime/shards/log.h"
#include "runtime/shards/service.h"
#include "runtime/shards/shard.h"
#include "runtime/store/store.h"
#endif

extern const char* const polku_commit;  // made by cmake/Commit.cmake

namespace polku::cli {

std::string version() {
#ifdef __clang__
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "GCC " __VERSION__;
#endif
  const std::string llvm = jit::llvm_version();
  const bool jit = llvm != "none";
  std::string out = fmt::format("polku {}\n", POLKU_VERSION);
  const auto line = [&](std::string_view name, const std::string& value) { out += fmt::format("  {:<13} {}\n", name, value); };
  line("commit", polku_commit);
  line("built by", fmt::format("{}, {}", compiler, *POLKU_BUILD ? POLKU_BUILD : "no build type"));
  line("machine code", jit ? fmt::format("LLVM {}, kept as {}", llvm, jit::code_format()) : "not in it: rules are interpreted");
#ifdef POLKU_HAS_SERVE
  line("service", store::Store::version());
  line("data folder", fmt::format("`{}`, log {}, states {}", shards::kDataFormat, shards::kLogFormat, shards::kStateFormat));
#else
  line("service", "not in it");
#endif
  line("decisions", fmt::format("schema {}", history::kDecisionSchema));
  line("time zones", base::zone_data_version());
  out.pop_back();
  return out;
}

}  // namespace polku::cli
