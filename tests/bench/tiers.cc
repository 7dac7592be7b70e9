// What the tiers cost and bring, for one pack: until the first evaluation, until all is machine code (without a cache, filling one, from one, beside a program
// of the same rules), and an evaluation of a rule's conditions by each tier. Times of the processor do not count what others do on a busy machine
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <random>
#include <thread>

#include "compiler/driver/driver.h"
#include "compiler/interp/interp.h"
#include "compiler/jit/jit.h"
#include "tests/bench/options.h"

namespace {

using namespace polku;
using Clock = std::chrono::steady_clock;

double ms(Clock::time_point since) { return std::chrono::duration<double, std::milli>(Clock::now() - since).count(); }

struct Visitors {
  std::vector<std::vector<Value>> attributes;
  explicit Visitors(const plan::Plan& plan) {
    std::mt19937_64 random(1);
    attributes.resize(64);
    for (auto& a : attributes)
      for (std::size_t i = 0; i < plan.catalog.attributes.size(); ++i) a.push_back(random() % 10 == 0 ? kUnknown : static_cast<Value>(random() % 1000));
  }
};

// Conditions that ask attributes alone.
std::vector<plan::CodeId> gates(const plan::Plan& plan) {
  std::vector<plan::CodeId> out;
  for (const plan::Rule& r : plan.rules) {
    if (r.gate < 0 || out.size() == 1000) continue;
    bool plain = true;
    for (const plan::Instr& i : plan.codes[static_cast<std::size_t>(r.gate)].instrs)
      plain = plain && !plan::op_reads_feature(i.op) && i.op != plan::Op::Field && i.op < plan::Op::TextContains;
    if (plain) out.push_back(r.gate);
  }
  return out;
}

// Nanoseconds of one evaluation: the least of five.
double evaluation(const plan::Evaluator& e, const std::vector<plan::CodeId>& codes, const Visitors& visitors, int rounds, std::uint64_t& met) {
  double best = 1e18;
  for (int i = 0; i < 5; ++i) {
    met = 0;
    const auto start = Clock::now();
    for (int r = 0; r < rounds; ++r)
      for (const auto& a : visitors.attributes)
        for (const plan::CodeId id : codes) met += e.evaluate(id, {0, nullptr, a.data(), nullptr, nullptr}) == kYes;
    best = std::min(best, ms(start) * 1e6 / (static_cast<double>(rounds) * static_cast<double>(visitors.attributes.size() * codes.size())));
  }
  return best;
}

void compiling(const plan::Plan& plan, const std::string& what, const jit::Options& options, plan::CodeId code, const Value* attributes) {
  const auto start = Clock::now();
  const std::clock_t processor = std::clock();
  const auto e = jit::in_background(plan, interp::make(plan), options);
  const Value v = e->evaluate(code, {0, nullptr, attributes, nullptr, nullptr});
  const double first = ms(start);
  while (e->tiers().waiting > 0 && e->tiers().fault.empty()) std::this_thread::sleep_for(std::chrono::microseconds(200));
  const double all = ms(start);
  const double used = 1e3 * static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
  const plan::Tiers t = e->tiers();
  fmt::print("{:<28} first evaluation {:7.2f} ms, all {:8.0f} ms, {:6.0f} of the processor ({} compiled, {} from the cache, {} waiting{}{}){}\n", what, first, all, used, t.compiled, t.cached, t.waiting,
             t.fault.empty() ? "" : "; ", t.fault, v == kUnknown ? " " : "");
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder_of_pack;
  int rounds = 5;
  bench::Options declared("What the tiers cost and bring, for one pack. Exit codes: 0 fine, 1 the pack has nothing to compile, 2 misuse.", "polku_bench_tiers build/bench/w1 --rounds 20");
  declared.folder("pack", folder_of_pack, "A rule pack");
  declared.number("--rounds", rounds, 1, 1'000'000, "How often 64 visitors are evaluated");
  declared.read(argc, argv);
  std::string error;
  const auto start = Clock::now();
  const auto pack = driver::load(folder_of_pack, false, error);
  if (!pack || !pack->plan) return fmt::print(stderr, "{} cannot be compiled; {}\n", folder_of_pack, error), 1;
  const plan::Plan& plan = *pack->plan;
  std::size_t instrs = 0;
  for (const plan::Code& c : plan.codes) instrs += c.instrs.size();
  fmt::print("{} rules, {} codes, {} instructions; rules to plan in {:.0f} ms\n", plan.rules.size(), plan.codes.size(), instrs, ms(start));
  const std::vector<plan::CodeId> codes = gates(plan);
  if (codes.empty()) return fmt::print(stderr, "no rule has conditions that ask attributes alone\n"), 1;
  const Visitors visitors(plan);

  char folder[] = "/tmp/polku-bench-XXXXXX";
  if (!::mkdtemp(folder)) return 1;
  jit::Options options;
  compiling(plan, "without a cache", options, codes[0], visitors.attributes[0].data());
  options.cache = std::string(folder) + "/cache";
  compiling(plan, "filling a cache", options, codes[0], visitors.attributes[0].data());
  compiling(plan, "from the cache", options, codes[0], visitors.attributes[0].data());
  std::error_code no_folder;
  std::uintmax_t bytes = 0, files = 0;
  for (const auto& f : std::filesystem::directory_iterator(options.cache, no_folder)) bytes += f.file_size(), ++files;
  fmt::print("cache: {} files, {:.1f} MB\n", files, static_cast<double>(bytes) / 1e6);
  std::filesystem::remove_all(folder);

  std::vector<std::pair<std::string, std::unique_ptr<plan::Evaluator>>> tiers;
  const auto making = Clock::now();
  tiers.emplace_back("interpreter", interp::make(plan));
  tiers.back().first += fmt::format(" ({:.1f} ms)", ms(making));
  for (const jit::Level level : {jit::Level::O0, jit::Level::O2}) {
    for (const bool count : {false, true}) {
      if (count && level == jit::Level::O2) continue;
      jit::Options how;
      how.level = level;
      how.count = count;
      const auto began = Clock::now();
      jit::Compiled c = jit::compile(plan, how);
      if (!c.evaluator) continue;
      tiers.emplace_back(fmt::format("{}{} ({:.0f} ms)", level == jit::Level::O0 ? "machine code O0" : "machine code O2", count ? ", counted" : "", ms(began)), std::move(c.evaluator));
    }
  }
  options.cache.clear();
  if (tiers.size() > 1) compiling(plan, "beside a program", options, codes[0], visitors.attributes[0].data());
  for (const auto& [name, e] : tiers) {
    std::uint64_t met = 0;
    const double ns = evaluation(*e, codes, visitors, rounds, met);
    fmt::print("{:<36} {:6.1f} ns an evaluation ({} codes, {} met)\n", name, ns, codes.size(), met);
  }
  return 0;
}
