// polku_differential: random packs and logs through every engine; all must give the same decisions with the same reasons, byte for byte.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "tests/differential/engines.h"
#include "tests/differential/shrink.h"
#include "tests/differential/values.h"

namespace {

using namespace polku::differential;

struct Options {
  std::size_t cases = 2500, packs = 0, shrink_attempts = 4000, reports = 3;
  std::uint64_t seed = 1, pack = 0, log = 0;
  std::string keep;
  bool verbose = false, print = false, table = false, one_pack = false;
};

struct Totals {
  std::size_t cases = 0, packs = 0, differences = 0, broken = 0, reported = 0, decided = 0, acted = 0, too_long = 0;
  Tally constructs, records, outcomes, hardships;
  std::map<std::string, Tally> met;  // construct → hardship → cases
};

// Told when the program dies within an engine.
char current[128];

void last_words(int signal) {
  const auto written = write(STDERR_FILENO, current, std::strlen(current));
  static_cast<void>(written);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

using Lines = std::vector<std::string>;
using Tables = std::vector<polku::history::AnswerTable>;

// The first engine that differs from the reference, as an index into engines(); 0 if none does.
struct Verdict {
  std::size_t differs = 0;
  std::vector<Lines> answers;
  std::string error;  // an engine refused the log
  bool too_long = false;  // it was not compared
};

Lines expected(const Verdict& v, Engine of) { return of == Engine::Shipped ? polku::differential::shipped(v.answers[0]) : v.answers[0]; }

// A rule that starts itself again every few seconds, for days, acts so often that those who look at the whole history each time never end. To fold at
// every step takes the square of the steps once more.
constexpr std::size_t kMostActs = 20'000, kMostFolded = 2000;

Verdict judge(Engines& compiled, const Input& given, const std::vector<Engine>& which) {
  Verdict v;
  std::string error;
  const Lines quickly = compiled.run(Engine::Shipped, given, error);
  v.too_long = quickly.size() > kMostActs;
  if (v.too_long) return v;
  Input input = given;
  if (quickly.size() > kMostFolded) input.engine_afresh = input.reference_afresh = input.jit_naps = false;
  for (std::size_t i = 0; i < which.size(); ++i) {
    v.answers.push_back(which[i] == Engine::Shipped ? quickly : compiled.run(which[i], input, error));
    if (!error.empty()) {
      v.error = std::string(engine_name(which[i])) + ": " + error;
      return v;
    }
    if (v.differs == 0 && v.answers[i] != expected(v, which[i])) v.differs = i;
  }
  return v;
}

void write_file(const std::filesystem::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string joined(const Lines& lines) {
  std::string out;
  for (const std::string& l : lines) out += l + "\n";
  return out;
}

// As `polku run --tables` reads them.
std::string table_lines(const Tables& tables) {
  std::string out;
  for (const polku::history::AnswerTable& t : tables) {
    std::string channels;
    for (const auto& [channel, a] : t.channels) {
      channels += (channels.empty() ? "" : ",") + json_text(channel) + ":{\"answers\":" + std::to_string(a.answers) + ",\"sends\":" + std::to_string(a.sends) + "}";
    }
    out += "{\"at\":\"" + instant(t.at) + "\",\"name\":" + json_text(t.name) + ",\"channels\":{" + channels + "}}\n";
  }
  return out;
}

void print_input(const Input& input) {
  std::printf("--- events.ndjson\n%s", input.log.c_str());
  if (!input.tables.empty()) std::printf("--- tables.ndjson\n%s", table_lines(input.tables).c_str());
  for (const Outage& o : input.outages) std::printf("--- down from %s to %s\n", instant(o.from).c_str(), instant(o.to).c_str());
  if (input.engine_afresh) std::printf("--- the interpreter folds at every step\n");
  if (input.reference_afresh) std::printf("--- the reference folds at every step\n");
  if (input.jit_naps) std::printf("--- visitors leave the JIT's engine and come back after each record\n");
  if (!input.change) return;
  std::printf("--- from %s on another pack\n%s", instant(input.change->from).c_str(), input.change->catalog.c_str());
  for (const RuleFile& f : input.change->files) std::printf("--- %s, later\n%s", f.name.c_str(), f.text.c_str());
}

void print_first_difference(const Verdict& v, const std::vector<Engine>& which) {
  const Lines a = expected(v, which[v.differs]), &b = v.answers[v.differs];
  std::size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  std::printf("  decision %zu\n    %s: %s\n    %s: %s\n", i + 1, engine_name(which[0]), i < a.size() ? a[i].c_str() : "(none)", engine_name(which[v.differs]),
              i < b.size() ? b[i].c_str() : "(none)");
}

void report(const Options& o, const Case& found, const Verdict& verdict, const std::vector<Engine>& which, bool optimise, std::uint64_t pack, std::uint64_t log) {
  const std::vector<Engine> two{which[0], which[verdict.differs]};
  const auto fails = [&](const Case& c) {
    const Compiled compiled = compile(c.catalog, c.files, optimise);
    if (!compiled.engines) return false;
    const Verdict v = judge(*compiled.engines, c.input, two);
    return v.error.empty() && v.differs != 0;
  };
  const Case small = shrink(found, fails, o.shrink_attempts);
  const Compiled compiled = compile(small.catalog, small.files, optimise);
  if (!compiled.engines) return;
  const Verdict v = judge(*compiled.engines, small.input, two);
  std::printf("The smallest found:\n--- catalog.yaml\n%s", small.catalog.c_str());
  for (const RuleFile& f : small.files) std::printf("--- %s\n%s", f.name.c_str(), f.text.c_str());
  print_input(small.input);
  if (v.differs != 0) print_first_difference(v, two);
  if (o.keep.empty()) return;
  const std::filesystem::path dir = std::filesystem::path(o.keep) / ("pack" + std::to_string(pack) + "-log" + std::to_string(log));
  std::error_code fault;
  std::filesystem::create_directories(dir, fault);
  write_file(dir / "catalog.yaml", small.catalog);
  for (const RuleFile& f : small.files) write_file(dir / f.name, f.text);
  write_file(dir / "events.ndjson", small.input.log);
  if (!small.input.tables.empty()) write_file(dir / "tables.ndjson", table_lines(small.input.tables));
  for (std::size_t i = 0; i < two.size() && i < v.answers.size(); ++i) write_file(dir / (std::string(engine_name(two[i])) + ".ndjson"), joined(v.answers[i]));
  std::printf("Written to %s\n", dir.c_str());
}

void print_pack(const Pack& pack) {
  std::printf("--- catalog.yaml\n%s", pack.catalog.c_str());
  for (const RuleFile& f : pack.files) std::printf("--- %s\n%s", f.name.c_str(), f.text.c_str());
}

void count_outcomes(const Lines& lines, Totals& t) {
  bool acted = false, decided = false;
  for (const std::string& line : lines) {
    if (!line.starts_with('{')) break;  // the counts
    decided = true;
    static const std::string key = "\"outcome\":\"";
    const std::size_t from = line.find(key) + key.size();
    const std::string outcome = line.substr(from, line.find('"', from) - from);
    ++t.outcomes[outcome];
    acted = acted || outcome == "acted";
  }
  if (acted) ++t.acted;
  if (decided) ++t.decided;
}

// One pack with its logs. False if it does not compile.
bool run_pack(const Options& o, std::uint64_t pack_seed, const std::vector<std::uint64_t>& logs, Totals& t) {
  std::snprintf(current, sizeof current, "died in pack %llu\n", static_cast<unsigned long long>(pack_seed));
  const Pack pack = make_pack(pack_seed);
  const bool optimise = pack_seed % 4 == 0;
  if (o.print) print_pack(pack);
  ++t.packs;
  for (const auto& [what, n] : pack.tally) t.constructs[what] += n;
  const Compiled compiled = compile(pack.catalog, pack.files, optimise);
  if (!compiled.engines) {
    ++t.broken;
    t.cases += logs.size();
    std::printf("Pack %llu does not compile:\n%s\n", static_cast<unsigned long long>(pack_seed), compiled.error.c_str());
    if (o.verbose) print_pack(pack);
    return false;
  }
  const std::vector<Engine> which = engines();
  Change change = make_change(pack, pack_seed);
  for (std::uint64_t i = 1; i < 5 && !compile(change.catalog, change.files, false).engines; ++i) change = make_change(pack, pack_seed + i);
  if (o.one_pack || !compile(change.catalog, change.files, false).engines) change.files.clear();
  bool first = true;
  for (std::uint64_t log_seed : logs) {
    std::snprintf(current, sizeof current, "died in pack %llu, log %llu\n", static_cast<unsigned long long>(pack_seed), static_cast<unsigned long long>(log_seed));
    const Input input = make_input(pack, log_seed, change, t.records);
    if (o.print) print_input(input);
    const Verdict v = judge(*compiled.engines, input, which);
    if (v.too_long) {
      ++t.too_long;
      continue;
    }
    ++t.cases;
    for (const std::string& hardship : hardships_of(input)) {
      ++t.hardships[hardship];
      for (const auto& [what, n] : pack.tally) ++t.met[what][hardship];
    }
    if (v.error.empty()) count_outcomes(v.answers[0], t);
    if (o.print && v.error.empty())
      for (std::size_t i = 0; i < which.size(); ++i) std::printf("--- %s\n%s", engine_name(which[i]), joined(v.answers[i]).c_str());
    if (v.error.empty() && v.differs == 0) continue;
    ++t.differences;
    std::printf("Difference: --pack %llu --log %llu: %s\n", static_cast<unsigned long long>(pack_seed), static_cast<unsigned long long>(log_seed),
                v.error.empty() ? engine_name(which[v.differs]) : v.error.c_str());
    if (v.error.empty()) {
      print_first_difference(v, which);
      // One of a pack is enough: the others are likely to have the same cause.
      if (std::exchange(first, false) && t.reported++ < o.reports) report(o, {pack.catalog, pack.files, input}, v, which, optimise, pack_seed, log_seed);
    }
    std::fflush(stdout);
  }
  return true;
}

void print_tally(const char* title, const Tally& tally) {
  std::printf("%s\n", title);
  for (const auto& [what, n] : tally) std::printf("  %10llu  %s\n", static_cast<unsigned long long>(n), what.c_str());
}

// A run in which little happens proves little. Empty if this one is worth its name.
std::string too_quiet(const Totals& t) {
  if (t.acted * 100 < t.cases * 60) return "fewer than 60 of 100 cases acted";
  for (const char* outcome : {
#define POLKU_OUTCOME(name, recorded, words) #name,
#include "runtime/history/outcomes.def"
#undef POLKU_OUTCOME
       })
    if (!t.outcomes.contains(outcome)) return std::string("no decision has the outcome ") + outcome;
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Random rule packs and logs, judged by every engine; all must answer the same.");
  app.add_option("--cases", o.cases, "how many (pack, log) pairs")->check(CLI::PositiveNumber);
  app.add_option("--packs", o.packs, "over how many packs (a tenth of the cases)");
  app.add_option("--seed", o.seed, "of everything");
  app.add_option("--keep", o.keep, "where differences are written, made small");
  app.add_option("--reports", o.reports, "of how many packs with a difference the first one is made small");
  app.add_option("--shrink", o.shrink_attempts, "how often to try to make it smaller");
  CLI::Option* pack = app.add_option("--pack", o.pack, "only this pack, by the number that was printed");
  CLI::Option* log = app.add_option("--log", o.log, "only this log")->needs(pack);
  pack->needs(log);
  app.add_flag("--print", o.print, "print packs, logs and decisions");
  app.add_flag("--one-pack", o.one_pack, "no other pack comes to hold on the way");
  app.add_flag("--table", o.table, "print, as Markdown, in how many cases each construct met each hardship");
  app.add_flag("--verbose", o.verbose, "print how often each construct was met, and packs that do not compile");
  CLI11_PARSE(app, argc, argv);
  for (int signal : {SIGSEGV, SIGFPE, SIGABRT, SIGILL}) std::signal(signal, last_words);

  Totals t;
  if (*pack) {
    run_pack(o, o.pack, {o.log}, t);
  } else {
    if (o.packs == 0) o.packs = (o.cases + 9) / 10;
    Random seeds(o.seed);
    for (std::size_t p = 0; p < o.packs && t.broken < 20; ++p) {
      // Short numbers can be copied by hand.
      const std::uint64_t pack_seed = seeds.next() >> 24;
      std::vector<std::uint64_t> logs((o.cases + p) / o.packs);
      for (std::uint64_t& l : logs) l = seeds.next() >> 24;
      run_pack(o, pack_seed, logs, t);
    }
  }
  if (o.table) {
    std::printf("| construct | cases with a late record | a merge | a tie | down-time | a pack change |\n|---|--:|--:|--:|--:|--:|\n");
    for (auto& [what, by] : t.met)
      std::printf("| %s | %llu | %llu | %llu | %llu | %llu |\n", what.c_str(), static_cast<unsigned long long>(by["late"]), static_cast<unsigned long long>(by["merge"]),
                  static_cast<unsigned long long>(by["tie"]), static_cast<unsigned long long>(by["outage"]), static_cast<unsigned long long>(by["pack change"]));
  }
  print_tally("Cases with", t.hardships);
  if (o.verbose) {
    print_tally("Constructs in packs:", t.constructs);
    print_tally("In logs:", t.records);
  }
  print_tally("Outcomes (of the reference):", t.outcomes);
  std::size_t failed = t.differences + t.broken;
  if (const std::string quiet = t.cases < 2000 ? "" : too_quiet(t); !quiet.empty()) {
    std::printf("The generator tests too little: %s.\n", quiet.c_str());
    ++failed;
  }
  std::printf("%zu of %zu cases decided something, %zu acted\n", t.decided, t.cases, t.acted);
  if (t.too_long > 0) std::printf("%zu cases acted more than %zu times and were left out\n", t.too_long, kMostActs);
  std::printf("%zu cases over %zu packs, %zu differences, seed %llu\n", t.cases, t.packs, t.differences, static_cast<unsigned long long>(o.seed));
  std::printf("%zu passed, %zu failed\n", t.cases > failed ? t.cases - failed : 0, failed);
  return failed == 0 ? 0 : 1;
}
