// polku_properties: looks for a case in which a property does not hold.
#include "tests/property/property.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

namespace polku::property {

std::vector<std::uint64_t> Property::cases(Random& random, std::size_t asked) const {
  std::vector<std::uint64_t> out(asked);
  for (std::uint64_t& n : out) n = random.next() >> 24;  // short numbers can be copied by hand
  return out;
}

namespace {

struct Options {
  std::size_t cases = 300, reports = 3;
  std::uint64_t seed = 1, one = 0;
  std::vector<std::string> only;
  bool print = false, verbose = false;
};

struct Totals { std::size_t passed = 0, failed = 0; };

void run(Property& p, const std::vector<std::uint64_t>& cases, bool enough, const Options& o, Totals& totals) {
  p.print = o.print;
  std::size_t failed = 0;
  for (const std::uint64_t number : cases) {
    const std::string fault = p.check(number);
    if (fault.empty()) continue;
    if (failed++ < o.reports)
      std::printf("%s does not hold: %s\n%s\n  again: polku_properties --only %s --case %llu --print\n", p.name(), p.says(), fault.c_str(), p.name(),
                  static_cast<unsigned long long>(number));
    std::fflush(stdout);
  }
  totals.passed += cases.size() - failed;
  totals.failed += failed;
  if (const std::string why = enough ? p.too_little(cases.size()) : ""; !why.empty()) {
    std::printf("%s proves too little: %s\n", p.name(), why.c_str());
    ++totals.failed;
  }
  std::printf("%-14s %zu cases, %zu failed\n", p.name(), cases.size(), failed);
  if (o.verbose)
    for (const auto& [what, n] : p.tally) std::printf("  %10llu  %s\n", static_cast<unsigned long long>(n), what.c_str());
  std::fflush(stdout);
}

int main_of(int argc, char** argv) {
  std::vector<std::unique_ptr<Property>> all;
  for (auto* make : {unknown_monotone, order_free, caps, interleaving, quiet_hours, holdout_shares, holdout_edits, prefixes, merge_order})
    all.push_back(make());
  std::vector<std::string> names;
  for (const auto& p : all) names.emplace_back(p->name());

  Options o;
  CLI::App app(
      "Looks for a case in which a property of the language or the engine does not hold.\nExample: polku_properties --seed 7 --cases 2000 --only order");
  app.add_option("--seed", o.seed, "of all random cases");
  app.add_option("--cases", o.cases, "how many for each property; where there is an end of them, how closely to look")->check(CLI::PositiveNumber);
  app.add_option("--only", o.only, "only this property; may be said several times")->check(CLI::IsMember(names));
  CLI::Option* one = app.add_option("--case", o.one, "only this case, by the number that was printed")->needs("--only");
  app.add_option("--reports", o.reports, "how many failures of a property are printed");
  app.add_flag("--print", o.print, "print the packs and logs");
  app.add_flag("--verbose", o.verbose, "print what was met how often");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }

  Totals totals;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!o.only.empty() && std::find(o.only.begin(), o.only.end(), all[i]->name()) == o.only.end()) continue;
    Random random(o.seed * 1000 + i);
    run(*all[i], *one ? std::vector<std::uint64_t>{o.one} : all[i]->cases(random, o.cases), !*one, o, totals);
  }
  std::printf("seed %llu\n%zu passed, %zu failed\n", static_cast<unsigned long long>(o.seed), totals.passed, totals.failed);
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace polku::property

int main(int argc, char** argv) { return polku::property::main_of(argc, argv); }
