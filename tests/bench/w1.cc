// Matching, all contestants in one process: the workload W1 through Polku, the bare bit-vector baseline and rules compiled as C++, in turn, on one core.
// scripts/bench-w1 makes the workload and runs this; docs/benchmarks.md says what the figures mean.
#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/bare/bare.h"
#include "tests/bench/options.h"
#include "tests/bench/timing.h"
#include "tests/bench/w1_polku.h"
#include "tests/bench/workload.h"

namespace {

using namespace polku::bench;

struct Asked {
  std::string folder, json, sets, serve;
  std::vector<std::pair<std::string, std::string>> so;
  std::uint64_t rounds = 7;
  double limit = 5;
  bool interpreted = false, polku = true, step = true, bare = true;
};

Asked read(int argc, char** argv) {
  Asked o;
  std::string engine = "auto";
  std::vector<std::string> so, no;
  Options options("Matching: Polku, bit vectors and rules compiled as C++ in turn, on one core.\n"
                  "Exit codes: 0 fine, 1 a contestant's match sets are not those of the rules' definition, 2 misuse.",
                  "polku_bench_w1 build/bench/w1-plain-1000 --json build/bench/w1-plain-1000/figures.json");
  options.folder("folder", o.folder, "What tests/bench/w1.py made");
  options.number("--rounds", o.rounds, std::uint64_t{1}, std::uint64_t{10'000}, "How often each is timed; the median counts");
  options.number("--limit", o.limit, 0.001, 3600.0, "Seconds: rows are left out, for all alike, where a pass of one contestant would take longer");
  options.add_option("--engine", engine, "What evaluates conditions that the tables leave open")->check(CLI::IsMember({"auto", "interp"}));
  options.add_option("--so", so, "A contestant as NAME=FILE.so, made by tests/bench/peers/cpp.py")->allow_extra_args(false)->option_text("NAME=FILE");
  options.add_option("--no", no, "A contestant that is left out")->allow_extra_args(false)->check(CLI::IsMember({"polku", "step", "bare"}));
  options.add_option("--sets", o.sets, "File for the match sets of all rows, by the rules' definition, as programs of tests/bench/peers write them")->option_text("FILE");
  options.add_option("--serve", o.serve, "Time nothing: speak with scripts/bench-peers in lines for this contestant, as those programs do")->option_text("NAME");
  options.json(o.json);
  options.read(argc, argv);
  o.interpreted = engine == "interp";
  for (const std::string& name : no) (name == "polku" ? o.polku : name == "step" ? o.step : o.bare) = false;
  for (const std::string& one : so) {
    const std::size_t sign = one.find('=');
    if (sign == 0 || sign == std::string::npos) throw std::runtime_error("--so " + one + ": not NAME=FILE.so");
    o.so.emplace_back(one.substr(0, sign), one.substr(sign + 1));
  }
  return o;
}

// The match sets of rows, as peers write them: of each row a number and then so many rules, ascending; 32 bits, little-endian.
class Sets {
 public:
  void add(std::vector<std::uint32_t>& ids) {
    std::sort(ids.begin(), ids.end());
    first_.push_back(all_.size());
    all_.push_back(static_cast<std::uint32_t>(ids.size()));
    all_.insert(all_.end(), ids.begin(), ids.end());
  }
  bool equal(std::size_t row, std::vector<std::uint32_t>& ids) const {
    std::sort(ids.begin(), ids.end());
    const std::uint32_t* at = &all_[first_[row]];
    return *at == ids.size() && std::equal(ids.begin(), ids.end(), at + 1);
  }
  std::size_t rows() const { return first_.size(); }
  double mean() const { return static_cast<double>(all_.size() - first_.size()) / static_cast<double>(first_.size()); }
  bool write(const std::string& name) const {
    std::ofstream out(name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(all_.data()), static_cast<std::streamsize>(all_.size() * sizeof(std::uint32_t)));
    return static_cast<bool>(out.flush());
  }

 private:
  std::vector<std::uint32_t> all_;
  std::vector<std::size_t> first_;
};

// By the rules' definition, and nothing cleverer than looking at the rules of the type only. For very many rules every so-many-th row.
Sets by_definition(const Workload& w, std::size_t every) {
  std::vector<std::vector<std::uint32_t>> of(64);
  for (std::uint32_t r = 0; r < w.rules.size(); ++r) {
    const auto t = static_cast<std::size_t>(w.rules[r].type);
    if (t >= of.size()) of.resize(t + 1);
    of[t].push_back(r);
  }
  Sets sets;
  for (std::size_t i = 0; i < w.rows; i += every) {
    std::vector<std::uint32_t> ids;
    const auto t = static_cast<std::size_t>(w.row(i)[0]);
    if (t < of.size())
      for (const std::uint32_t r : of[t])
        if (holds(w.rules[r], w.row(i))) ids.push_back(r);
    sets.add(ids);
  }
  return sets;
}

struct Contestant {
  std::string name, about;
  std::function<std::uint64_t(std::size_t, std::uint32_t*)> pass;                 // over the first so many rows: how many matches
  std::function<std::size_t(std::size_t, std::uint32_t*)> match;                  // one row; none if it is not compared
  std::vector<double> ns;                                                         // of each round
  std::uint64_t passes = 1;                                                       // in a round
};
constexpr double kRound = 0.02;  // seconds of a contestant in a round, or one pass

// `match` is called by what `row` gives for a number: the loop knows what it calls.
template <class Match>
Contestant contestant(std::string name, std::string about, Match match) {
  return {std::move(name), std::move(about),
          [match](std::size_t rows, std::uint32_t* ids) {
            std::uint64_t n = 0;
            for (std::size_t i = 0; i < rows; ++i) n += match(i, ids);
            return n;
          },
          match, {}, 1};
}

std::string number(double x) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", x);
  return text;
}

bool write_json(const Asked& o, const Workload& w, std::size_t rows, const Sets& sets, double matches, const std::vector<Contestant>& all) {
  std::ofstream out(o.json);
  out << "{\"rules\":" << w.rules.size() << ",\"rows\":" << rows << ",\"rows_compared\":" << sets.rows() << ",\"rounds\":" << o.rounds << ",\"matches_per_event\":" << number(matches)
      << ",\"contestants\":{";
  for (std::size_t c = 0; c < all.size(); ++c) {
    const Contestant& k = all[c];
    out << (c == 0 ? "" : ",") << "\n \"" << k.name << "\":{\"ns\":" << number(median(k.ns)) << ",\"about\":\"" << k.about << "\",\"ns_rounds\":[";
    for (std::size_t i = 0; i < k.ns.size(); ++i) out << (i == 0 ? "" : ",") << number(k.ns[i]);
    out << "]}";
  }
  out << "}}\n";
  return static_cast<bool>(out.flush());
}

// tests/bench/peers/peers.js says the lines.
int serve(const Workload& w, const Contestant& c, std::vector<std::uint32_t>& ids) {
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string what, file;
    std::size_t rows = 0;
    words >> what >> rows >> file;
    rows = std::min(rows, w.rows);
    std::uint64_t matches = 0;
    if (what == "sets") {
      Sets sets;
      for (std::size_t i = 0; i < rows; ++i) {
        std::vector<std::uint32_t> found(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(c.match(i, ids.data())));
        matches += found.size();
        sets.add(found);
      }
      if (!sets.write(file)) throw std::runtime_error("cannot write " + file);
    } else {
      matches = c.pass(rows, ids.data());
    }
    std::cout << "done " << matches << std::endl;
  }
  return 0;
}

int bench(const Asked& o) {
  pin();
  const Workload w = load(o.folder);
  std::vector<std::uint32_t> ids(w.rules.size() + 1024);
  std::vector<Contestant> all;
  std::unique_ptr<Polku> polku;
  std::unique_ptr<Bare> bare;
  if (o.polku || o.step) polku = std::make_unique<Polku>(o.folder + "/pack", w, o.interpreted);
  if (o.polku) all.push_back(contestant("polku", polku->tier(), [&](std::size_t i, std::uint32_t* to) { return polku->match(i, to); }));
  if (o.bare) {
    bare = std::make_unique<Bare>(w);
    const std::string tables = ", tables of " + number(static_cast<double>(bare->bytes()) / 1e6) + " MB";
    all.push_back(contestant("bare", (bare->wide() ? "AVX-512" : "AVX2") + tables, [&w, b = bare.get()](std::size_t i, std::uint32_t* to) { return b->match(w.row(i), to); }));
    if (bare->wide()) all.push_back(contestant("bare_avx2", "AVX2" + tables, [&w, b = bare.get()](std::size_t i, std::uint32_t* to) { return b->match_avx2(w.row(i), to); }));
  }
  for (const auto& [name, file] : o.so) {
    void* const library = dlopen((file.find('/') == std::string::npos ? "./" + file : file).c_str(), RTLD_NOW | RTLD_LOCAL);
    void* const symbol = library ? dlsym(library, "w1_match") : nullptr;
    if (!symbol) throw std::runtime_error(dlerror());
    std::size_t (*match)(const std::int32_t*, std::uint32_t*) = nullptr;
    std::memcpy(&match, &symbol, sizeof(match));
    all.push_back(contestant(name, "generated C++", [&w, match](std::size_t i, std::uint32_t* to) { return match(w.row(i), to); }));
  }

  if (!o.serve.empty()) {
    const auto c = std::find_if(all.begin(), all.end(), [&](const Contestant& k) { return k.name == o.serve; });
    if (c == all.end()) throw std::runtime_error("there is no contestant " + o.serve);
    return serve(w, *c, ids);
  }

  const std::size_t every = w.rules.size() > 200'000 ? 64 : 1;
  const Sets sets = by_definition(w, every);
  if (!o.sets.empty() && !sets.write(o.sets)) throw std::runtime_error("cannot write " + o.sets);
  std::vector<std::uint32_t> found;
  for (const Contestant& c : all)
    for (std::size_t i = 0; i < sets.rows(); ++i) {
      const std::size_t n = c.match(i * every, ids.data());
      found.assign(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(n));
      if (sets.equal(i, found)) continue;
      std::fprintf(stderr, "polku_bench_w1: %s finds other rules for row %zu than their definition\n", c.name.c_str(), i * every);
      return 1;
    }

  std::size_t rows = w.rows;
  const auto probe = [&](const auto& pass) {  // how long is one?
    const std::size_t some = std::min<std::size_t>(w.rows, 64);
    const double start = processor_time();
    pass(some);
    rows = std::min(rows, std::max(some, static_cast<std::size_t>(o.limit / ((processor_time() - start) / static_cast<double>(some)))));
  };
  for (const Contestant& c : all) probe([&](std::size_t some) { c.pass(some, ids.data()); });
  std::uint64_t taken = 0, before = 0;
  if (o.step) {
    polku->open();
    probe([&](std::size_t some) {
      for (std::size_t i = 0; i < some; ++i) polku->step(i);
    });
    before = polku->passed();
    all.push_back({"polku_step", "Engine::take, decisions handed out", [&](std::size_t n, std::uint32_t*) {
                     for (std::size_t i = 0; i < n; ++i) polku->step(i);
                     ++taken;
                     return std::uint64_t{0};
                   },
                   nullptr, {}, 1});
  }
  std::uint64_t matches = 0;
  for (std::uint64_t round = 0; round <= o.rounds; ++round)  // the first warms
    for (Contestant& c : all) {
      const double start = processor_time();
      std::uint64_t n = 0;
      for (std::uint64_t pass = 0; pass < c.passes; ++pass) n = c.pass(rows, ids.data());
      const double took = (processor_time() - start) / static_cast<double>(c.passes);
      if (round > 0) c.ns.push_back(took / static_cast<double>(rows) * 1e9);
      else c.passes = static_cast<std::uint64_t>(std::ceil(std::clamp(kRound / took, 1.0, 100.0)));
      if (!c.match) continue;
      if (matches == 0) matches = n;
      if (n != matches) throw std::runtime_error(c.name + ": not as many matches as the others");
    }
  if (o.step && all.size() > 1 && polku->passed() - before != matches * taken) throw std::runtime_error("the engine has judged other rules to hold than match");

  const double mean = matches > 0 ? static_cast<double>(matches) / static_cast<double>(rows) : sets.mean();
  std::printf("%zu rules, %zu rows, %.3f matches an event; match sets of %zu rows equal; ns an event, the median of %llu rounds\n", w.rules.size(), rows, mean, sets.rows(),
              static_cast<unsigned long long>(o.rounds));
  for (const Contestant& c : all) {
    const auto [least, most] = std::minmax_element(c.ns.begin(), c.ns.end());
    std::printf("  %-12s %10.1f  (%.1f–%.1f)  %s\n", c.name.c_str(), median(c.ns), *least, *most, c.about.c_str());
  }
  if (!o.json.empty() && !write_json(o, w, rows, sets, mean, all)) throw std::runtime_error("cannot write " + o.json);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return bench(read(argc, argv));
  } catch (const std::exception& wrong) {
    std::fprintf(stderr, "polku_bench_w1: %s\n", wrong.what());
    return 2;
  }
}
