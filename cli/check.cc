#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/common.h"
#include "cli/verbs.h"
#include "runtime/engine/engine.h"

namespace polku::cli {

namespace {

struct Options {
  std::string pack, format = "text";
  bool strict = false;
};

void describe(const driver::Pack& pack) {
  const plan::Plan& p = *pack.plan;
  std::size_t segments = 0;
  for (const syntax::File* f : pack.file_list()) segments += f->segments.size();
  fmt::print("{}: {} in {}, {}, {}\n", p.catalog.name, counted(p.rules.size(), "rule"), counted(p.journeys.size(), "journey"), counted(segments, "segment"),
             counted(pack.tests.size(), "test"));
  const plan::Footprint f = plan::footprint(p);
  const engine::Cost c = engine::cost(p, 1'000'000, 32);
  fmt::print("bytes per visitor: {:.0f}, of a million with names of 32 bytes (record {:.0f}, name {:.0f}, index {:.0f}, timers {:.0f})\n", c.all(), c.record, c.name, c.index, c.timers);
  if (c.units > 0) fmt::print("  and up to {:.0f} for what has happened to the visitor and the rules look back at\n", c.units);
  if (!f.unbounded.empty()) fmt::print("  and what grows with the visitor:\n");
  for (const std::string& u : f.unbounded) fmt::print("    {}\n", u);
  for (std::size_t j = 0; j < p.journeys.size(); ++j) {
    fmt::print("journey \"{}\"\n", p.journeys[j].name);
    for (const plan::Rule& r : p.rules)
      if (r.journey_index == static_cast<std::int32_t>(j)) fmt::print("  rule {}: {}{}{}\n", r.name, r.when[0].text, r.then.empty() ? "" : ", ", r.then);
  }
}

int check(const Options& o) {
  std::string error;
  const auto pack = driver::load(o.pack, true, error);
  if (!pack) {
    complain(error);
    return kMisuse;
  }
  const diag::Diagnostics& d = pack->diagnostics;
  if (o.format == "json") {
    fmt::print("{}\n", diag::render_json(d, pack->sources));
  } else {
    print_diagnostics(*pack);
    if (pack->plan) describe(*pack);
  }
  return d.errors() > 0 || (o.strict && d.warnings() > 0) ? kFindings : kFine;
}

}  // namespace

void add_check(CLI::App& app, int& exit) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("check", "Check a rule pack: errors, warnings, what each visitor costs");
  verb->add_option("pack", o->pack, "Folder with catalog.yaml and .polku files")->required();
  verb->add_option("--format", o->format, "How to print what was found: text or json")->check(CLI::IsMember({"text", "json"}))->capture_default_str();
  verb->add_flag("--strict", o->strict, "Warnings count as errors");
  verb->footer("Example:\n  polku check rules/ferry --strict\nExit codes: 0 nothing found, 1 errors, 2 no such pack.");
  verb->callback([o, &exit] { exit = check(*o); });
}

}  // namespace polku::cli
