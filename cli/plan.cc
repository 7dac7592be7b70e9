#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/common.h"
#include "cli/verbs.h"
#include "compiler/jit/jit.h"

namespace polku::cli {

namespace {

struct Options {
  std::string pack;
  bool llvm = false, optimized = false;
};

int print_plan(const Options& o) {
  int exit = kFine;
  const auto pack = open_pack(o.pack, false, exit);
  if (!pack) return exit;
  if (!o.llvm) {
    fmt::print("{}", plan::print(*pack->plan));
    return kFine;
  }
  if (jit::llvm_version() == "none") {
    complain("this polku was built without LLVM");
    return kMisuse;
  }
  fmt::print("{}", jit::print_ir(*pack->plan, jit::Level::O2, o.optimized));
  return kFine;
}

}  // namespace

void add_plan(CLI::App& app, int& exit) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("plan", "Print what a rule pack was compiled to");
  verb->add_option("pack", o->pack, "Folder with catalog.yaml and .polku files")->required();
  CLI::Option* llvm = verb->add_flag("--llvm", o->llvm, "The LLVM IR instead of the plan");
  verb->add_flag("--optimized", o->optimized, "The IR after LLVM's passes")->needs(llvm);
  verb->footer("Example:\n  polku plan rules/ferry --llvm");
  verb->callback([o, &exit] { exit = print_plan(*o); });
}

}  // namespace polku::cli
