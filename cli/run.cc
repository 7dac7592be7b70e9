#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>

#include "cli/common.h"
#include "cli/replay.h"
#include "cli/verbs.h"
#include "runtime/ingest/tables.h"

namespace polku::cli {

namespace {

struct Options {
  std::string pack, events, source, engine = "auto", order = "visitor", until, tables, out = "-", cache;
  bool stream = false, histories = false, all = false, stats = false, strict_input = false, no_cache = false;
};

// Decisions, a line each. A file is written beside its place and moved there when it is whole.
class Output {
 public:
  explicit Output(const std::string& path) : path_(path) {
    if (path == "-") {
      file_ = stdout;
      return;
    }
    std::error_code ec;
    const auto parent = std::filesystem::path(path).parent_path();
    if (!parent.empty()) std::filesystem::create_directories(parent, ec);
    // A pipe or device is written to as it is.
    direct_ = std::filesystem::exists(path, ec) && !std::filesystem::is_regular_file(path, ec);
    file_ = std::fopen(direct_ ? path.c_str() : partial().c_str(), "wb");
    if (!file_) failed_ = true;
  }
  ~Output() {
    if (file_ && file_ != stdout) {
      std::fclose(file_);
      if (!direct_) std::remove(partial().c_str());
    }
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void line(std::string_view text) { failed_ = failed_ || std::fwrite(text.data(), 1, text.size(), file_) != text.size() || std::fputc('\n', file_) == EOF; }
  void flush() { failed_ = failed_ || std::fflush(file_) != 0; }
  bool failed() const { return failed_; }
  bool finish() {
    failed_ = std::fflush(file_) != 0 || failed_;
    if (file_ == stdout) return !failed_;
    failed_ = std::fclose(file_) != 0 || failed_;
    file_ = nullptr;
    if (direct_) return !failed_;
    if (failed_ || std::rename(partial().c_str(), path_.c_str()) != 0) {
      std::remove(partial().c_str());
      failed_ = true;
    }
    return !failed_;
  }

 private:
  std::string partial() const { return path_ + ".partial"; }
  std::string path_;
  std::FILE* file_ = nullptr;
  bool direct_ = false, failed_ = false;
};

void bar(const ingest::Counts& c, std::uint64_t size) {
  if (size > 0) {
    const std::size_t done = static_cast<std::size_t>(30 * std::min(c.bytes, size) / size);
    fmt::print(stderr, "\r[{:<30}] {:>3} %  {} records", std::string(done, '#'), 100 * std::min(c.bytes, size) / size, thousands(c.records));
  } else {
    fmt::print(stderr, "\r{} records", thousands(c.records));
  }
  std::fflush(stderr);
}

void unknowns(const ReplayResult& r) {
  if (r.unknowns.empty()) fmt::print(stderr, "nothing was left open by what is not known\n");
  else fmt::print(stderr, "left open by what is not known:\n");
  for (const auto& [clause, n] : r.unknowns) fmt::print(stderr, "  {:>12} {} / {}: {}\n", thousands(n), std::get<0>(clause), std::get<1>(clause), std::get<2>(clause));
}

void tiers(const ReplayResult& r) {
  if (r.tier == "reference") return;
  if (r.tier == "interpreter") {
    fmt::print(stderr, "evaluations: all interpreted\n");
    return;
  }
  const plan::Tiers& t = r.tiers;
  fmt::print(stderr, "evaluations: {} interpreted, {} by machine code\n", thousands(t.interpreted), thousands(t.native));
  fmt::print(stderr, "of {}: {} compiled, {} from the cache, {} still interpreted; {:.0f} ms to make\n", counted(t.codes, "different code"), thousands(t.compiled), thousands(t.cached),
             thousands(t.waiting), t.seconds * 1000);
  if (!t.fault.empty()) fmt::print(stderr, "{}\n", t.fault);
}

void summary(const driver::Pack& pack, const Options& o, const ReplayResult& r, const ingest::Counts& c) {
  fmt::print(stderr, "{} of {}, {}, in {:.2f} s: {} events/s ({}; ready in {:.0f} ms)\n", counted(r.events, "event"), counted(r.visitors, "visitor"),
             counted(pack.plan->rules.size(), "rule"), r.seconds, thousands(static_cast<std::uint64_t>(static_cast<double>(r.events) / std::max(r.seconds, 1e-9))), r.tier,
             r.compile_seconds * 1000);
  if (r.record_bytes > 0 && r.visitors > 0) fmt::print(stderr, "  a visitor takes {} bytes\n", thousands(r.record_bytes / r.visitors));
  std::size_t width = 4;
  for (const plan::Rule& rule : pack.plan->rules) width = std::max(width, rule.journey.size() + rule.name.size() + 3);
  std::vector<history::Outcome> shown;
  std::map<std::size_t, std::uint64_t> totals;
  for (const auto& counts : r.counts)
    for (std::size_t i = 0; i < counts.size(); ++i) totals[i] += counts[i];
  fmt::print(stderr, "  {:<{}}", "rule", width);
  for (const auto& [i, n] : totals) {
    if (n == 0) continue;
    shown.push_back(static_cast<history::Outcome>(i));
    fmt::print(stderr, " {:>12}", history::outcome_name(shown.back()));
  }
  fmt::print(stderr, "\n");
  for (std::size_t i = 0; i < r.counts.size(); ++i) {
    fmt::print(stderr, "  {:<{}}", pack.plan->rules[i].journey + " / " + pack.plan->rules[i].name, width);
    for (history::Outcome outcome : shown) fmt::print(stderr, " {:>12}", thousands(r.counts[i][static_cast<std::size_t>(outcome)]));
    fmt::print(stderr, "\n");
  }
  if (o.stats) {
    unknowns(r);
    tiers(r);
  }
  if (c.faults() > 0) fmt::print(stderr, "of {} records read, {} were taken in; faults:\n", thousands(c.records), thousands(c.accepted));
  print_rejects(c);
  if (r.duplicates > 0) fmt::print(stderr, "  {:>12} records came twice under one id; the first stands\n", thousands(r.duplicates));
  if (r.after_until > 0) fmt::print(stderr, "  {:>12} records lie after --until and were left out\n", thousands(r.after_until));
  fmt::print(stderr, "{} {}\n", counted(r.decisions, "decision"), o.out == "-" ? "written to standard output" : "in " + o.out);
}

int run(const Options& o) {
  int exit = kFine;
  const auto pack = open_pack(o.pack, false, exit);
  if (!pack) return exit;
  ReplayOptions options;
  options.engine = o.engine == "jit"         ? EngineKind::Jit
                   : o.engine == "interp"    ? EngineKind::Interp
                   : o.engine == "reference" ? EngineKind::Reference
                                             : EngineKind::Auto;
  options.keep = o.all ? engine::Keep::Recorded : engine::Keep::Acted;
  options.any_order = o.order == "any";
  options.stream = o.stream;
  if (o.stream && options.any_order) {
    complain("--stream hands decisions out while the log is read, and --order any must read it all first: choose one of them");
    return kMisuse;
  }
  if (o.stream && options.engine == EngineKind::Reference) {
    complain("--engine reference judges whole histories and cannot stream: leave --stream out");
    return kMisuse;
  }
  if (!o.until.empty()) {
    Millis until = 0;
    if (!read_time(o.until, pack->catalog, "--until", until)) return kMisuse;
    options.until = until;
  }
  if (!o.tables.empty()) {
    std::string error;
    options.tables = ingest::read_tables(o.tables, pack->catalog, error);
    if (!error.empty()) {
      complain(error);
      return kMisuse;
    }
  }
  options.histories = o.histories;
  options.unknowns = options.count_evaluations = o.stats;
  if (!o.no_cache) options.cache = o.cache.empty() ? cache_folder() : o.cache;
  base::Texts texts;
  plan::preload(texts, *pack->plan);
  std::uint64_t size = 0;
  auto reader = open_events(o.events, o.source, pack->catalog, texts, size, exit);
  if (!reader) return exit;
  Output out(o.out);
  if (out.failed()) {
    complain(fmt::format("cannot write {}", o.out));
    return kMisuse;
  }
  Progress progress;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (terminal) progress = [size](const ingest::Counts& c) { bar(c, size); };
  const auto sink = [&](std::string_view line) { out.line(line); };
  if (o.stream) options.flush = [&] { out.flush(); };
  ReplayResult result = replay(*pack, *reader, texts, options, sink, progress);
  if (result.needs_histories > 0) {
    if (terminal) fmt::print(stderr, "\r\033[K");
    const std::string what = fmt::format("the record in line {} came late, or merges visitors", thousands(result.needs_histories));
    if (o.stream || o.events == "-") {
      complain(what + ". Run again with --histories, which reads the log first and keeps every visitor's history." +
               (o.stream ? " What was handed out until then may be wrong." : ""));
      return kFindings;
    }
    fmt::print(stderr, "{}: every visitor's whole history is kept\n", what);
    reader = open_events(o.events, o.source, pack->catalog, texts, size, exit);
    if (!reader) return exit;
    options.histories = true;
    result = replay(*pack, *reader, texts, options, sink, progress);
  }
  if (terminal) fmt::print(stderr, "\r\033[K");
  if (!result.error.empty()) {
    complain(result.error);
    return kMisuse;
  }
  if (result.out_of_order > 0) {
    complain(fmt::format("{} record{} came before an earlier one of the same visitor, the first in line {}. Run again with --order any, which sorts the log first.{}",
                         thousands(result.out_of_order), result.out_of_order == 1 ? "" : "s", result.first_out_of_order,
                         o.stream ? " What was handed out until then may be wrong." : " Nothing was written."));
    print_rejects(reader->counts());
    return kFindings;
  }
  if (!out.finish()) {
    complain(fmt::format("cannot write {}: the decisions are not whole", o.out == "-" ? "standard output" : o.out));
    return kMisuse;
  }
  summary(*pack, o, result, reader->counts());
  if (o.strict_input && reader->counts().faults() > 0) {
    complain("--strict-input: some records were faulty (see above)");
    return kFindings;
  }
  return kFine;
}

}  // namespace

void add_run(CLI::App& app, int& exit) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("run", "Apply a rule pack to a log of events and write the decisions");
  verb->add_option("pack", o->pack, "Folder with catalog.yaml and .polku files")->required();
  verb->add_option("--events", o->events, "The log: a CSV or NDJSON file, or - for standard input")->required();
  verb->add_option("--source", o->source, "Which of the catalog's sources the log comes from; `native` for Polku's own form. "
                                          "Else the only source of the file's format, or the native form");
  verb->add_option("--engine", o->engine, "What judges, with the same decisions. auto: the interpreter at once, machine code as soon as it is made; jit: machine code, which is waited for; interp: "
                                          "the interpreter; reference: slowly, by the definitions")->check(CLI::IsMember({"auto", "jit", "interp", "reference"}))->capture_default_str();
  verb->add_option("--cache", o->cache, "Folder, yours alone, in which machine code is kept for the next run; else $XDG_CACHE_HOME/polku")->envname("POLKU_CACHE");
  verb->add_flag("--no-cache", o->no_cache, "Keep no machine code, and use none that was kept, whatever --cache says");
  verb->add_option("--order", o->order, "visitor: each visitor's records come in time order; any: sort first")->check(CLI::IsMember({"visitor", "any"}))->capture_default_str();
  verb->add_option("--until", o->until, "Stop the clock here: leave out later records, run timers up to it");
  verb->add_option("--tables", o->tables, "Published tables of answers, for `best of`: NDJSON, see docs/catalog.md");
  verb->add_option("--out", o->out, "The decision file, or - for standard output")->capture_default_str();
  verb->add_flag("--stream", o->stream, "Hand out each decision as it is made, in bounded memory; else they are ordered by time and visitor");
  verb->add_flag("--histories", o->histories, "Records may come late and merge visitors: read the whole log first. Without --stream or a pipe this is found out");
  verb->add_flag("--all", o->all, "Also the decisions that did not act, with the reason");
  verb->add_flag("--stats", o->stats, "Also how often each clause was neither true nor false, as something is not known, and what ran: interpreter or machine code; slower");
  verb->add_flag("--strict-input", o->strict_input, "Exit with 1 if any record was faulty");
  verb->footer("Example:\n  polku run rules/loans --events loans.csv --source loans --out decisions.ndjson\n"
               "  polku run rules/ferry --events events.ndjson --engine jit --stats     # how long compiling took, and what the cache had\n"
               "Exit codes: 0 fine, 1 errors in rules or order of records (or faults with --strict-input), 2 misuse.");
  verb->callback([o, &exit] { exit = run(*o); });
}

}  // namespace polku::cli
