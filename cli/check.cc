#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/common.h"
#include "cli/replay.h"
#include "cli/verbs.h"
#include "runtime/engine/engine.h"

namespace polku::cli {

namespace {

struct Options {
  std::string pack, format = "text", events, source;
  bool strict = false;
};

// What the visitors of a log take once all of it has happened to them. Empty, with everything said and `exit` set, if the log cannot be read or judged.
std::string after(const driver::Pack& pack, const Options& o, int& exit) {
  base::Texts texts;
  plan::preload(texts, *pack.plan);
  std::uint64_t size = 0;
  const auto reader = open_events(o.events, o.source, pack.catalog, texts, size, exit);
  if (!reader) return {};
  ReplayOptions options;
  options.engine = EngineKind::Interp;
  options.stream = true;
  const ReplayResult r = replay(pack, *reader, texts, options, [](std::string_view) {});
  std::string wrong = r.error;
  if (r.needs_histories > 0) wrong = fmt::format("the record in line {} came late, or merges visitors: then every visitor's whole history is kept, as long as it is", thousands(r.needs_histories));
  if (r.out_of_order > 0) wrong = fmt::format("the record in line {} came before an earlier one of the same visitor", r.first_out_of_order);
  if (wrong.empty() && r.visitors == 0) wrong = "there is no visitor in it";
  exit = kFine;
  if (!wrong.empty()) {
    complain(fmt::format("{} does not say what a visitor takes: {}", o.events, wrong));
    exit = r.error.empty() ? kFindings : kMisuse;
  }
  if (reader->counts().faults() > 0) {
    fmt::print(stderr, "of {} records read, {} were taken in; faults:\n", thousands(reader->counts().records), thousands(reader->counts().accepted));
    print_rejects(reader->counts());
  }
  if (exit != kFine) return {};
  return fmt::format("{} in all after {} of {} in {}", thousands(r.record_bytes / r.visitors), counted(r.events, "event"), counted(r.visitors, "visitor"), o.events);
}

// sized: what after() said, or empty.
void describe(const driver::Pack& pack, const std::string& sized) {
  const plan::Plan& p = *pack.plan;
  std::size_t segments = 0;
  for (const syntax::File* f : pack.file_list()) segments += f->segments.size();
  fmt::print("{}: {} in {}, {}, {}\n", p.catalog.name, counted(p.rules.size(), "rule"), counted(p.journeys.size(), "journey"), counted(segments, "segment"),
             counted(pack.tests.size(), "test"));
  const plan::Footprint f = plan::footprint(p);
  const engine::Cost c = engine::cost(p, 1'000'000, 32);
  fmt::print("bytes per visitor: {:.0f}, of a million with names of 32 bytes (record {:.0f}, name {:.0f}, index {:.0f}, timers {:.0f})\n", c.all(), c.record, c.name, c.index, c.timers);
  if (c.units > 0) fmt::print("  and up to {} for what has happened to the visitor and the rules look back at\n", thousands(static_cast<std::uint64_t>(c.units)));
  if (!sized.empty()) fmt::print("  {}\n", sized);
  if (!f.unbounded.empty()) fmt::print("  and what grows with the visitor:\n");
  for (const std::string& u : f.unbounded) fmt::print("    {}\n", u);
  for (std::size_t j = 0; j < p.journeys.size(); ++j) {
    fmt::print("journey \"{}\"\n", p.journeys[j].name);
    for (const plan::Rule& r : p.rules)
      if (r.journey_index == static_cast<std::int32_t>(j)) fmt::print("  rule {}: {}{}{}\n", r.name, r.when[0].text, r.then.empty() ? "" : ", ", r.then);
  }
}

int check(const Options& o) {
  if (o.format == "json" && !o.events.empty()) {
    complain("--format json lists what was found in the rules, and --events says what visitors take: choose one of them");
    return kMisuse;
  }
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
    if (pack->plan) {
      int exit = kFine;
      const std::string sized = o.events.empty() ? "" : after(*pack, o, exit);
      if (exit != kFine) return exit;
      describe(*pack, sized);
    }
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
  CLI::Option* const events = verb->add_option("--events", o->events, "A sample of the log, whole visitors: also what a visitor takes after it");
  verb->add_option("--source", o->source, "Which of the catalog's sources the sample comes from, as of `polku run`")->needs(events);
  verb->footer("Example:\n  polku check rules/ferry --strict\n  polku check rules/shop --events rules/shop/events.ndjson     # how many bytes of memory a visitor takes\n"
               "Exit codes: 0 nothing found, 1 errors, 2 no such pack or sample.");
  verb->callback([o, &exit] { exit = check(*o); });
}

}  // namespace polku::cli
