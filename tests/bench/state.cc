// What a visitor takes in memory: as `polku check` prints it, and as it is measured. And what it costs to reach one of many.
// docs/performance.md says what the figures mean.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/driver/driver.h"
#include "runtime/engine/engine.h"
#include "tests/bench/options.h"
#include "tests/bench/visitors.h"

namespace {

using namespace polku;
using namespace polku::bench;

struct Asked {
  std::string pack, json;
  std::uint64_t visitors = 1'000'000, events = 3, seed = 1, within = 1'000'000;
};

constexpr Millis kFirst = 20'500 * kDay;

class Filler {
 public:
  Filler(const plan::Plan& plan, base::Texts& texts, std::uint64_t seed) : catalog_(plan.catalog), texts_(texts), random_(seed) {}

  history::Event attributes() {
    history::Event e;
    e.at = kFirst;
    e.identity = ++identity_;
    for (std::size_t a = 0; a < catalog_.attributes.size(); ++a)
      if (catalog_.attributes[a].presence != catalog::Presence::Derived) e.changes.push_back({static_cast<int>(a), some(catalog_.attributes[a].type)});
    return e;
  }
  history::Event event(Millis at) {
    history::Event e;
    e.at = at;
    e.type = static_cast<int>(below(catalog_.events.size()));
    e.identity = ++identity_;
    for (const catalog::Field& f : catalog_.events[static_cast<std::size_t>(e.type)].fields) e.fields.push_back(some(f.type));
    return e;
  }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

 private:
  Value some(const catalog::Type& type) {
    using Kind = catalog::TypeKind;
    switch (type.kind) {
      case Kind::YesNo: case Kind::Consent: return static_cast<Value>(below(2));
      case Kind::OneOf: return static_cast<Value>(below(type.values.size()));
      case Kind::Whole: return static_cast<Value>(below(1024));
      case Kind::Money: return static_cast<Value>(below(20'000));
      case Kind::Percent: return static_cast<Value>(below(1'000'000));
      case Kind::Number: return static_cast<Value>(below(1'000'000'000));
      case Kind::Duration: return static_cast<Value>(below(30)) * kDay;
      case Kind::Date: return static_cast<Value>(below(20'000));
      case Kind::Time: return kFirst - static_cast<Value>(below(1000)) * kHour;
      case Kind::Text: return texts_.intern("text " + std::to_string(below(1000)));
      case Kind::TextList: return texts_.intern_list(std::vector<Value>{texts_.intern("text " + std::to_string(below(30)))});
    }
    return kUnknown;
  }

  const catalog::Catalog& catalog_;
  base::Texts& texts_;
  std::mt19937_64 random_;
  std::uint64_t identity_ = 0;
};

// Nanoseconds for an empty record of each visitor, in random order; in batches with everything fetched ahead, or one by one.
double reach(engine::Engine& e, const Asked& o, Millis at, bool ahead) {
  constexpr std::size_t kBatch = 64;
  const std::uint64_t n = std::min<std::uint64_t>(o.visitors, 200'000) / kBatch * kBatch;
  std::mt19937_64 random(o.seed + ahead);
  std::vector<std::string> names(n);
  for (std::string& each : names) each = visitor_name(random() % o.visitors);
  history::Event event;
  event.at = at;
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < n; i += kBatch) {
    std::array<engine::Engine::Coming, kBatch> coming;
    for (std::size_t k = 0; k < kBatch; ++k) coming[k] = {names[i + k], event.type};
    if (ahead) e.prefetch(coming);
    for (std::size_t k = 0; k < kBatch; ++k) {
      ++event.identity;
      if (e.take(names[i + k], event) != engine::Taken::Yes) std::abort();
    }
  }
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / static_cast<double>(std::max<std::uint64_t>(n, 1));
}

int measure(const Asked& o) {
  std::string error;
  const auto pack = driver::load(o.pack, false, error);
  if (!pack || !pack->plan) return std::fprintf(stderr, "polku_bench_state: %s is no pack%s\n", o.pack.c_str(), error.empty() ? "" : (": " + error).c_str()), 2;
  const plan::Plan& plan = *pack->plan;
  const auto evaluator = driver::evaluator(plan, {.tier = driver::Tier::Interp}, error);
  base::Texts texts;
  plan::preload(texts, plan);
  engine::Engine e(plan, *evaluator, texts, {});
  Filler fill(plan, texts, o.seed);
  const double before = resident();
  Millis last = kFirst;
  for (std::uint64_t n = 0; n < o.visitors; ++n) {
    const std::string who = visitor_name(n);
    bool taken = e.take(who, fill.attributes()) == engine::Taken::Yes;
    Millis at = kFirst;
    for (std::uint64_t i = 0; i < o.events; ++i) {
      at += 1 + static_cast<Millis>(fill.below(2 * kDay));
      taken = e.take(who, fill.event(at)) == engine::Taken::Yes && taken;
    }
    if (!taken) return std::fprintf(stderr, "polku_bench_state: a record was refused\n"), 2;
    last = std::max(last, at);
    (void)e.drain(engine::Engine::Reasons::Without);
  }
  const double measured = (resident() - before) / static_cast<double>(o.visitors);
  const engine::Cost c = engine::cost(plan, o.visitors, visitor_name(0).size());
  // Without events each takes what is worked out; with events that is the least and c.units more the most, and the engine's own count is what is compared.
  const double counted = static_cast<double>(e.bytes()) / static_cast<double>(o.visitors), apart = 100 * (measured / (o.events == 0 ? c.all() : counted) - 1);
  std::printf("%s, %llu visitors: %.0f bytes each (record %.0f, name %.0f, index %.0f, timers %.0f), up to %.0f more for what happened; measured %.0f, %+.1f %%; the engine counts %.0f\n",
              plan.catalog.name.c_str(), static_cast<unsigned long long>(o.visitors), c.all(), c.record, c.name, c.index, c.timers, c.units, measured, apart, counted);
  e.advance(last);
  (void)e.drain(engine::Engine::Reasons::Without);
  std::array<double, 2> ns{1e18, 1e18};
  for (int round = 0; round < 5; ++round)
    for (const bool ahead : {false, true}) ns[ahead] = std::min(ns[ahead], reach(e, o, ++last, ahead));
  std::printf("an empty record of a visitor at random: %.0f ns, %.0f in batches fetched ahead\n", ns[0], ns[1]);
  if (!o.json.empty()) {
    std::ofstream out(o.json);
    out << "{\"visitors\":" << o.visitors << ",\"printed\":" << std::llround(c.all()) << ",\"measured\":" << std::llround(measured) << ",\"reach_ns\":" << ns[0] << ",\"reach_ahead_ns\":" << ns[1]
        << "}\n";
    if (!out.flush()) return std::fprintf(stderr, "polku_bench_state: cannot write %s\n", o.json.c_str()), 2;
  }
  if (std::abs(apart) <= static_cast<double>(o.within)) return 0;
  std::fprintf(stderr, "polku_bench_state: further apart than %llu %%\n", static_cast<unsigned long long>(o.within));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  Asked o;
  Options options("What a visitor takes: every visitor gets all attributes and some events. Prints the bytes of a visitor as worked out and as measured, and how long an\n"
                  "empty record of a visitor at random takes. Exit codes: 0 fine, 1 they are further apart than --within, 2 misuse.",
                  "polku_bench_state build/bench/w1 --within 15");
  options.folder("pack", o.pack, "A rule pack");
  options.number("--visitors", o.visitors, std::uint64_t{1}, std::uint64_t{100'000'000}, "How many");
  options.number("--events", o.events, std::uint64_t{0}, std::uint64_t{10'000}, "Of each visitor");
  options.number("--seed", o.seed, std::uint64_t{0}, std::uint64_t{INT64_MAX}, "Of everything that is made up");
  options.number("--within", o.within, std::uint64_t{0}, std::uint64_t{1'000'000}, "Percent");
  options.json(o.json);
  options.read(argc, argv);
  return measure(o);
}
