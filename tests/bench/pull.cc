// How long a pull decision takes through the embedding API: ask() and decisions(), for visitors in random order, in memory.
// scripts/bench-pull makes the pack and runs this; docs/performance.md says what the figures mean.
#include <polku/polku.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/options.h"
#include "tests/bench/visitors.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Asked {
  std::string pack, json;
  std::uint64_t visitors = 1'000'000, rounds = 5, events = 3, warm = 1000, again = 10, seed = 1;
};

constexpr std::int64_t kDay = 86'400'000;

// 2026-03-dd, from the first midnight on.
std::string instant(std::int64_t ms) {
  std::array<char, 32> text{};
  const auto part = [&](std::int64_t unit, std::int64_t of) { return static_cast<int>(ms / unit % of); };
  std::snprintf(text.data(), text.size(), "2026-03-%02dT%02d:%02d:%02d.%03dZ", part(kDay, 31) + 1, part(3'600'000, 24), part(60'000, 60), part(1000, 60), part(1, 1000));
  return text.data();
}

struct Figures {
  double p50 = 0, p90 = 0, p99 = 0, p999 = 0, max = 0, decided = 0;
};

class Samples {
 public:
  void reserve(std::size_t n) { ns_.reserve(n); }
  void add(Clock::duration d, bool decided) {
    ns_.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(d).count(), 4'000'000'000)));
    decided_ += decided;
  }
  Figures figures() {
    std::sort(ns_.begin(), ns_.end());
    const auto at = [&](double share) { return ns_[std::min(static_cast<std::size_t>(share * static_cast<double>(ns_.size())), ns_.size() - 1)] / 1000.0; };
    return {at(0.5), at(0.9), at(0.99), at(0.999), ns_.back() / 1000.0, static_cast<double>(decided_) / static_cast<double>(ns_.size())};
  }

 private:
  std::vector<std::uint32_t> ns_;
  std::size_t decided_ = 0;
};

// Of each figure the median of the rounds.
Figures median(const std::vector<Figures>& rounds) {
  Figures out;
  for (double Figures::* f : {&Figures::p50, &Figures::p90, &Figures::p99, &Figures::p999, &Figures::max, &Figures::decided}) {
    std::vector<double> values;
    for (const Figures& r : rounds) values.push_back(r.*f);
    std::sort(values.begin(), values.end());
    out.*f = values[values.size() / 2];
  }
  return out;
}

class Bench {
 public:
  Bench(const Asked& o, const polku::Pack& pack) : o_(o), engine_(pack), random_(o.seed) {}

  // Everything that happened before the requests: in seven days, for each visitor in the order of time.
  void fill() {
    constexpr std::array<int, 7> kValues{8, 16, 50, 200, 1000, 2, 5};
    const bool terminal = isatty(STDERR_FILENO) != 0;
    for (std::uint64_t n = 0; n < o_.visitors; ++n) {
      polku::Event event{.visitor = polku::bench::visitor_name(n), .at = instant(0), .event = "", .fields = {}, .id = ""};
      for (int a = 1; a <= 31; ++a) {
        if (a <= 7)
          event.fields.emplace_back("a" + std::to_string(a), ("k" + std::to_string(below(kValues[static_cast<std::size_t>(a) - 1]))).c_str());
        else
          event.fields.emplace_back("a" + std::to_string(a), below(1024));
      }
      take(event);
      std::vector<std::int64_t> times(o_.events);
      for (std::int64_t& t : times) t = 1 + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(7 * kDay - 1));
      std::sort(times.begin(), times.end());
      for (const std::int64_t t : times) {
        event.at = instant(t);
        event.event = "e" + std::to_string(below(24));
        event.fields = {{"items", below(9)}, {"value", std::to_string(below(200)) + " EUR"}};
        take(event);
      }
      (void)engine_.decisions();
      if (terminal && n % 8192 == 0) std::fprintf(stderr, "\r%3.0f %% of the visitors are in", 100.0 * static_cast<double>(n) / static_cast<double>(o_.visitors));
    }
    if (terminal) std::fprintf(stderr, "\r\033[K");
    if (!engine_.advance(instant(now_))) refused_ = engine_.fault();
    (void)engine_.decisions();
  }

  std::vector<std::uint32_t> shuffled() {
    std::vector<std::uint32_t> order(o_.visitors);
    std::iota(order.begin(), order.end(), 0u);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random_() % i]);
    return order;
  }

  // One request, timed.
  void ask(std::uint32_t visitor, std::string_view slot, polku::Json json, Samples& to) {
    now_ += 1;
    const polku::Request request{.visitor = polku::bench::visitor_name(visitor), .at = instant(now_), .slots = {std::string(slot)}, .id = ""};
    const auto start = Clock::now();
    const polku::Accepted accepted = engine_.ask(request);
    const std::vector<polku::Decision> decisions = engine_.decisions(json);
    const auto end = Clock::now();
    if (accepted != polku::Accepted::Yes) refused_ = engine_.fault();
    for (const polku::Decision& d : decisions)
      if (d.json.empty() == (json == polku::Json::With) || d.actions.empty() || d.id.empty()) refused_ = "a decision is not whole";
    to.add(end - start, !decisions.empty());
  }

  std::string_view any_slot() {
    constexpr std::array<std::string_view, 8> kSlots{"web.hero", "web.sidebar", "app.home", "web.banner", "app.inbox", "web.footer", "app.card", "web.checkout"};
    return kSlots[random_() % kSlots.size()];
  }

  const std::string& refused() const { return refused_; }
  std::size_t visitors() const { return engine_.visitors(); }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  void take(const polku::Event& event) {
    if (engine_.ingest(event) != polku::Accepted::Yes) refused_ = engine_.fault();
  }

  const Asked& o_;
  polku::Engine engine_;
  std::mt19937_64 random_;
  std::int64_t now_ = 7 * kDay;
  std::string refused_;
};

Figures clock_alone() {
  Samples samples;
  for (int i = 0; i < 200'000; ++i) {
    const auto start = Clock::now();
    samples.add(Clock::now() - start, false);
  }
  return samples.figures();
}

void row(const char* name, const Figures& f) {
  std::printf("  %-36s %8.2f %8.2f %8.2f %8.2f %9.1f   %5.1f %%\n", name, f.p50, f.p90, f.p99, f.p999, f.max, f.decided * 100);
}

std::string json(const Figures& f) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), R"({"p50_us":%.3f,"p90_us":%.3f,"p99_us":%.3f,"p999_us":%.3f,"max_us":%.3f,"decided":%.4f})", f.p50, f.p90, f.p99, f.p999, f.max, f.decided);
  return text.data();
}

int bench(const Asked& o) {
  const polku::Pack pack = polku::Pack::load(o.pack);
  if (!pack.ok()) {
    std::fprintf(stderr, "%s", pack.messages().c_str());
    return 2;
  }
  Bench b(o, pack);
  const double before = polku::bench::resident();
  const auto start = Clock::now();
  b.fill();
  const double filled = std::chrono::duration<double>(Clock::now() - start).count();
  const double bytes = (polku::bench::resident() - before) / static_cast<double>(o.visitors);
  std::printf("%zu visitors with 31 attributes and %llu events each, in %.0f s; %.0f bytes each; seed %llu; %s\n", b.visitors(), static_cast<unsigned long long>(o.events),
              filled, bytes, static_cast<unsigned long long>(o.seed), pack.tier().c_str());

  std::vector<std::uint32_t> order = b.shuffled();
  using polku::Json;
  std::vector<Figures> hero, written, mixed, warm;
  for (std::uint64_t round = 0; round < o.rounds; ++round) {
    const auto part = [&](std::uint64_t third) { return order.size() * (round * 3 + third) / (o.rounds * 3); };
    Samples samples[4];
    for (Samples& s : samples) s.reserve(std::max<std::size_t>(part(1) - part(0) + 1, o.warm * o.again));
    for (std::size_t i = part(0); i < part(1); ++i) b.ask(order[i], "web.hero", Json::Without, samples[0]);
    for (std::size_t i = part(1); i < part(2); ++i) b.ask(order[i], "web.hero", Json::With, samples[1]);
    for (std::size_t i = part(2); i < part(3); ++i) b.ask(order[i], b.any_slot(), Json::Without, samples[2]);
    Samples first;  // this is what warms
    for (std::size_t i = 0; i < o.warm; ++i) b.ask(order[i], "web.hero", Json::Without, first);
    for (std::uint64_t again = 0; again < o.again; ++again)
      for (std::size_t i = 0; i < o.warm; ++i) b.ask(order[i], "web.hero", Json::Without, samples[3]);
    hero.push_back(samples[0].figures());
    written.push_back(samples[1].figures());
    mixed.push_back(samples[2].figures());
    warm.push_back(samples[3].figures());
  }
  if (!b.refused().empty()) {
    std::fprintf(stderr, "polku_bench_pull: %s\n", b.refused().c_str());
    return 1;
  }
  const Figures clock = clock_alone(), h = median(hero), j = median(written), m = median(mixed), w = median(warm);
  std::printf("ask() and decisions(), in microseconds; the median of %llu rounds\n  %-36s %8s %8s %8s %8s %9s   %s\n", static_cast<unsigned long long>(o.rounds), "", "p50", "p90",
              "p99", "p99.9", "max", "decided");
  row("random visitor, web.hero", h);
  row("random visitor, web.hero, with JSON", j);
  row("random visitor, any of 8 slots", m);
  row(("the same " + std::to_string(o.warm) + " again, web.hero").c_str(), w);
  row("the clock alone (in all of these)", clock);
  if (!o.json.empty()) {
    std::ofstream out(o.json);
    out << "{\"visitors\":" << o.visitors << ",\"events\":" << o.events << ",\"seed\":" << o.seed << ",\"rounds\":" << o.rounds << ",\"warm_visitors\":" << o.warm << ",\"tier\":\"" << pack.tier()
        << "\",\"bytes_per_visitor\":" << static_cast<std::int64_t>(bytes) << ",\n \"cold\":" << json(h) << ",\n \"cold_json\":" << json(j) << ",\n \"cold_any_slot\":" << json(m) << ",\n \"warm\":" << json(w) << ",\n \"clock\":" << json(clock)
        << ",\n \"cold_rounds\":[";
    for (std::size_t i = 0; i < hero.size(); ++i) out << (i == 0 ? "" : ",") << json(hero[i]);
    out << "]}\n";
    if (!out.flush()) {
      std::fprintf(stderr, "polku_bench_pull: cannot write %s\n", o.json.c_str());
      return 2;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Asked o;
  constexpr std::uint64_t kMost = 100'000'000;
  polku::bench::Options options("How long pull decisions take. Every visitor gets its 31 attributes and some events, and is then asked for once, in random order, the visitors\n"
                                "in as many parts as there are rounds. Then --warm of them are asked for again, --again times. Exit codes: 0 fine, 1 something was refused, 2 misuse.",
                                "polku_bench_pull build/bench/w1 --visitors 100000 --json build/bench/pull.json");
  options.folder("pack", o.pack, "What tests/bench/w1_pack.py made");
  options.number("--visitors", o.visitors, std::uint64_t{3}, kMost, "How many; at least three for each round, and --warm");
  options.number("--rounds", o.rounds, std::uint64_t{1}, std::uint64_t{1000}, "The median of so many counts");
  options.number("--events", o.events, std::uint64_t{0}, std::uint64_t{10'000}, "Of each visitor");
  options.number("--warm", o.warm, std::uint64_t{1}, kMost, "Visitors that are asked for again");
  options.number("--again", o.again, std::uint64_t{1}, std::uint64_t{1'000'000}, "How often");
  options.number("--seed", o.seed, std::uint64_t{0}, std::uint64_t{INT64_MAX}, "Of everything that is made up");
  options.json(o.json);
  options.read(argc, argv);
  if (o.visitors < o.warm || o.visitors < o.rounds * 3) return std::fputs("polku_bench_pull: --visitors is less than --warm, or than three for each round\n", stderr), 2;
  return bench(o);
}
