#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/common.h"
#include "cli/scenario.h"
#include "cli/verbs.h"

namespace polku::cli {

namespace {

struct Options {
  std::string pack, filter;
};

void print(const driver::Pack& pack, const char* what, const Complaint& c) {
  const diag::Position p = pack.sources.position(c.span.file, c.span.begin);
  fmt::print("  {} {}:{}: {}\n    {}\n", what, pack.sources.name(c.span.file), p.line, c.message, [&] {
    std::string_view line = pack.sources.line_text(c.span.file, p.line);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line;
  }());
}

int test(const Options& o) {
  int exit = kFine;
  const auto pack = open_pack(o.pack, true, exit);
  if (!pack) return exit;
  std::string error;
  const auto evaluator = driver::evaluator(*pack->plan, {.tier = driver::Tier::Interp}, error);  // a test evaluates a code a few times
  std::size_t passed = 0, failed = 0;
  for (const sema::Test& t : pack->tests) {
    if (t.name.find(o.filter) == std::string::npos) continue;
    const Verdict v = play(*pack, t, *evaluator);
    const bool ok = v.failures.empty();
    ++(ok ? passed : failed);
    fmt::print("{} {}\n", ok ? "pass" : "FAIL", t.name);
    for (const Complaint& c : v.failures) print(*pack, "failed at", c);
    for (const Complaint& c : v.warnings) print(*pack, "warning at", c);
  }
  if (passed + failed == 0 && !o.filter.empty()) {
    complain(fmt::format("no test has \"{}\" in its name", o.filter));
    return kMisuse;
  }
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed > 0 ? kFindings : kFine;
}

}  // namespace

void add_test(CLI::App& app, int& exit) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("test", "Run the test blocks of a rule pack");
  verb->add_option("pack", o->pack, "Folder with catalog.yaml and .polku files")->required();
  verb->add_option("--filter", o->filter, "Only tests with this in their name");
  verb->footer("Example:\n  polku test rules/ferry --filter cart\nExit codes: 0 all passed, 1 some failed or the pack has errors, 2 misuse.");
  verb->callback([o, &exit] { exit = test(*o); });
}

}  // namespace polku::cli
