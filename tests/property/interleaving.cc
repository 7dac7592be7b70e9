// A visitor's decisions depend on that visitor's records alone: however the records of several are mixed, they are the same; and so they are if
// whole histories are kept.
#include <algorithm>
#include <map>

#include "tests/property/property.h"
#include "tests/property/runs.h"

namespace polku::property {

namespace {

Log mixed(const Log& log, Random& random, bool one_after_another) {
  std::map<std::string, std::vector<const Arrival*>> by_visitor;
  for (const Arrival& a : log) by_visitor[a.visitor].push_back(&a);
  std::vector<std::vector<const Arrival*>> rest;
  for (auto& [visitor, records] : by_visitor) rest.push_back(std::move(records));
  for (auto& records : rest) std::reverse(records.begin(), records.end());
  random.shuffle(rest);
  Log out;
  while (!rest.empty()) {
    const std::size_t v = one_after_another ? 0 : random.below(rest.size());
    out.push_back(*rest[v].back());
    rest[v].pop_back();
    if (rest[v].empty()) rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(v));
  }
  return out;
}

std::vector<std::string> lines(const Decisions& decisions) {
  std::vector<std::string> out;
  for (const history::Decision& d : decisions) out.push_back(line(d));
  return out;
}

class Interleaving : public Property {
 public:
  const char* name() const override { return "interleaving"; }
  const char* says() const override { return "a visitor's decisions depend on that visitor's records alone"; }

  std::string check(std::uint64_t number) override {
    const differential::Pack pack = differential::make_pack(number);
    return in_each_log(pack, 3, Random(number ^ 0x6d69786564u), [&](const Scene& s) {
      if (print) print_case(pack.catalog, pack.files, s.log);
      return compare(s);
    });
  }

  std::string too_little(std::size_t cases) const override { return met("decisions") < cases * 20 ? "hardly anything was decided" : ""; }

 private:
  std::string compare(const Scene& s) {
    const Log log = read(s.program, s.log);
    const Millis end = end_of(log);
    const auto decided = [&](const Log& l) { return decide(s.program, l, s.tables, end); };
    const std::vector<std::string> as_given = lines(decided(log));
    tally["decisions"] += as_given.size();
    for (const bool one_after_another : {false, false, true}) {
      const Log other = mixed(log, s.random, one_after_another);
      if (std::string d = difference(as_given, lines(decided(other)), "as given", "mixed otherwise"); !d.empty()) return d;
    }
    const std::vector<std::string> with_histories = lines(decide(s.program, log, s.tables, end, engine::Remember::Histories));
    if (std::string d = difference(as_given, with_histories, "records only", "with histories"); !d.empty()) return d;
    // Alone in the world, with the clock run to the same end.
    Log alone = log;
    if (alone.empty()) return {};
    const std::string visitor = s.random.of(alone).visitor;
    std::erase_if(alone, [&](const Arrival& a) { return a.visitor != visitor; });
    Decisions of_one = decided(log);
    std::erase_if(of_one, [&](const history::Decision& d) { return d.visitor != visitor; });
    return difference(lines(of_one), lines(decided(alone)), "among others", "alone");
  }
};

}  // namespace

std::unique_ptr<Property> interleaving() { return std::make_unique<Interleaving>(); }

}  // namespace polku::property
