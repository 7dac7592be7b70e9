// Small fixed workloads, each the same on every machine, for scripts/gate to count instructions of; and the kernels of matching against each other in time.
// What is counted runs inside polku_gate_measured(): callgrind --collect-atstart=no --toggle-collect=polku_gate_measured.
#include <sys/sysinfo.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "compiler/driver/driver.h"
#include "compiler/interp/interp.h"
#include "compiler/jit/jit.h"
#include "runtime/engine/engine.h"
#include "runtime/history/arrivals.h"
#include "runtime/history/decision.h"
#include "runtime/ingest/ingest.h"
#include "tests/bench/options.h"
#include "tests/bench/timing.h"
#include "tests/bench/w1_polku.h"
#include "tests/bench/workload.h"

// What std::thread::hardware_concurrency() asks the C library: the workloads are those of one core on any machine.
extern "C" int get_nprocs() noexcept { return 1; }

extern "C" [[gnu::noinline]] void polku_gate_measured(const std::function<void()>& work) {
  work();
  asm volatile("");  // it is returned to, so that callgrind sees it end
}

namespace {

using namespace polku;
using namespace polku::bench;

struct Asked {
  std::string folder, kernel = match::kernels().front()->name, engine = "interp", cpu, log;
  std::uint64_t more = 0, pairs = 101;
};

// events: what was gone through; found: what came of it. Both are the same on every machine.
struct Done { std::uint64_t events = 0, found = 0; };

const match::Kernel* kernel(const std::string& name) {
  for (const match::Kernel* k : match::kernels())
    if (name == k->name) return k;
  return nullptr;
}

const match::Kernel& wanted(const std::string& name) {
  if (const match::Kernel* k = kernel(name)) return *k;
  throw std::runtime_error("this processor has no kernel " + name);
}

std::uint64_t match_all(Polku& polku, const Workload& w, std::vector<std::uint32_t>& ids) {
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < w.rows; ++i) found += polku.match(i, ids.data());
  return found;
}

Done match_w1(const Asked& a) {
  const Workload w = load(a.folder);
  std::vector<std::uint32_t> ids(w.rules.size() + 1024);
  Polku polku(a.folder + "/pack", w, true, wanted(a.kernel));
  match_all(polku, w, ids);  // everything has its size
  Done done{w.rows, 0};
  polku_gate_measured([&] {
    done.found = match_all(polku, w, ids);
    for (std::size_t i = 0; i < w.rows * a.more / 100; ++i) polku.match(i, ids.data());
  });
  return done;
}

Done step_w1(const Asked& a) {
  const Workload w = load(a.folder);
  Polku polku(a.folder + "/pack", w, true);
  polku.open();
  polku_gate_measured([&] {
    for (std::size_t i = 0; i < w.rows; ++i) polku.step(i);
  });
  return {w.rows, polku.passed()};
}

std::unique_ptr<driver::Pack> compiled(const std::string& folder) {
  std::string error;
  auto pack = driver::load(folder, false, error);
  if (!pack || !pack->plan) throw std::runtime_error(folder + " does not compile: " + error);
  return pack;
}

Done compile(const Asked& a) {
  std::unique_ptr<driver::Pack> pack;
  polku_gate_measured([&] { pack = compiled(a.folder + "/pack"); });
  return {pack->plan->rules.size(), pack->plan->codes.size()};
}

// A log of the replay benchmark, in memory, through the pack's only source.
struct Log {
  const driver::Pack& pack;
  base::Texts texts;
  std::string text;
  explicit Log(const driver::Pack& p, const std::string& name) : pack(p) {
    plan::preload(texts, *p.plan);
    std::ifstream file(name, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(file), {});
    if (text.empty()) throw std::runtime_error("cannot read " + name);
  }
  std::unique_ptr<ingest::Reader> open() {
    ingest::Opened opened = ingest::open_text(text, pack.catalog, &pack.catalog.sources.at(0), texts);
    if (!opened.reader) throw std::runtime_error(opened.error);
    return std::move(opened.reader);
  }
};

Done ingest_log(const Asked& a) {
  const auto pack = compiled(a.folder);
  Log log(*pack, a.log);
  Done done;
  const auto drain = [&] {
    const auto reader = log.open();
    while (!reader->next_batch().empty()) continue;
    if (reader->counts().faults() > 0) throw std::runtime_error("a record was refused");
    done = {reader->counts().accepted, reader->counts().bytes};
  };
  drain();  // its texts are known then, as those of a long log are
  polku_gate_measured(drain);
  return done;
}

Done replay_log(const Asked& a) {
  const auto pack = compiled(a.folder);
  Log log(*pack, a.log);
  std::unique_ptr<plan::Evaluator> evaluator = interp::make(*pack->plan);
  if (a.engine == "jit") {
    jit::Compiled machine_code = jit::compile(*pack->plan, {.cpu = a.cpu});
    if (!machine_code.evaluator) throw std::runtime_error(machine_code.error);
    evaluator = std::move(machine_code.evaluator);
  }
  // As cli/replay.cc does it, what is made once per pack left out: it would cost more than so few events.
  engine::Engine engine(*pack->plan, *evaluator, log.texts, engine::Options{});
  const auto reader = log.open();
  history::KnownIds known;
  std::vector<engine::Engine::Coming> coming;
  std::string line;
  Done done;
  polku_gate_measured([&] {
    for (auto batch = reader->next_batch(); !batch.empty(); batch = reader->next_batch()) {
      coming.clear();
      for (const ingest::Record& each : batch) coming.push_back({each.visitor, each.event.type});
      engine.prefetch(coming);
      for (const ingest::Record& each : batch) {
        if (!known.first(each.event.identity) || engine.take(each.visitor, each.event) != engine::Taken::Yes) throw std::runtime_error("a record was refused");
        ++done.events;
        for (const history::Decision& d : engine.drain()) {
          line.clear();
          history::append_json(line, d, pack->catalog.currency);
          ++done.found;
        }
      }
    }
  });
  return done;
}

// The same rows with both kernels in turn: the median of many ratios of two short times that stand next to each other, so that what disturbs one disturbs
// both, or its pair alone.
int kernels_in_turn(const Asked& a) {
  const match::Kernel *wide = kernel("avx512"), *narrow = kernel("avx2");
  if (!wide || !narrow) return std::printf("{\"skipped\":\"this processor has no %s\"}\n", wide ? "AVX2" : "AVX-512"), 0;
  const Workload w = load(a.folder);
  std::vector<std::uint32_t> ids(w.rules.size() + 1024);
  Polku one(a.folder + "/pack", w, true, *wide), other(a.folder + "/pack", w, true, *narrow);
  const auto pass = [&](Polku& polku) {
    const double start = processor_time();
    match_all(polku, w, ids);
    return processor_time() - start;
  };
  if (match_all(one, w, ids) != match_all(other, w, ids)) throw std::runtime_error("the kernels find different rules");
  std::vector<double> ratios, first, second;
  for (std::uint64_t i = 0; i < a.pairs; ++i) {
    double x = 0, y = 0;
    if (i % 2 == 0) x = pass(one), y = pass(other);  // neither is always the first
    else y = pass(other), x = pass(one);
    first.push_back(x);
    second.push_back(y);
    ratios.push_back(x / y);
  }
  const auto each = [&](const std::vector<double>& s) { return median(s) / static_cast<double>(w.rows) * 1e9; };
  std::sort(ratios.begin(), ratios.end());
  std::printf("{\"ratio\":%.4f,\"tenth\":%.4f,\"ninetieth\":%.4f,\"pairs\":%zu,\"avx512_ns\":%.1f,\"avx2_ns\":%.1f}\n", ratios[ratios.size() / 2], ratios[ratios.size() / 10],
              ratios[ratios.size() * 9 / 10], ratios.size(), each(first), each(second));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options("One small workload, for callgrind to count; or the kernels of matching in turn, timed. Prints JSON.\n"
                  "match, step, compile, kernels: FOLDER is tests/bench/w1.py's. ingest, replay: tests/bench/replay_pack.py's, with --log.\n"
                  "Exit codes: 0 done, 1 something was refused or differs, 2 misuse.",
                  "valgrind --tool=callgrind --collect-atstart=no --toggle-collect=polku_gate_measured polku_bench_gate match build/gate/w1 --kernel portable");
  Asked a;
  std::string what;
  const std::map<std::string, std::function<Done(const Asked&)>> workloads = {{"match", match_w1}, {"step", step_w1}, {"compile", compile}, {"ingest", ingest_log}, {"replay", replay_log}};
  options.add_option("workload", what, "What to do")->required()->check(CLI::IsMember({"match", "step", "compile", "ingest", "replay", "kernels"}));
  options.folder("folder", a.folder, "The workload's folder");
  options.add_option("--kernel", a.kernel, "match: the kernel")->check(CLI::IsMember({"portable", "avx2", "avx512"}));
  options.add_option("--engine", a.engine, "replay: what evaluates")->check(CLI::IsMember({"interp", "jit"}));
  options.add_option("--cpu", a.cpu, "replay with jit: the processor that code is made for, as LLVM names it; this one if empty");
  options.add_option("--log", a.log, "ingest, replay: the log, as polku_bench_replay_log writes it")->check(CLI::ExistingFile);
  options.number("--more", a.more, std::uint64_t{0}, std::uint64_t{100}, "match: so many percent of the rows once more, which a gate must notice");
  options.number("--pairs", a.pairs, std::uint64_t{1}, std::uint64_t{100'000}, "kernels: how often each is timed");
  options.read(argc, argv);
  try {
    pin();
    if (what == "kernels") return kernels_in_turn(a);
    const Done done = workloads.at(what)(a);
    std::printf("{\"events\":%llu,\"found\":%llu}\n", static_cast<unsigned long long>(done.events), static_cast<unsigned long long>(done.found));
    return 0;
  } catch (const std::exception& wrong) {
    std::fprintf(stderr, "polku_bench_gate: %s\n", wrong.what());
    return 1;
  }
}
