// What must hold for every rule pack, log, visitor or zone; a property a file. Everything about a case follows from its number.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/differential/random.h"
#include "tests/differential/world.h"

namespace polku::property {

using differential::Random;
using differential::Tally;

class Property {
 public:
  virtual ~Property() = default;
  virtual const char* name() const = 0;
  virtual const char* says() const = 0;
  // The numbers of the cases of a run for which `asked` are asked for: random ones, unless there is an end of them.
  virtual std::vector<std::uint64_t> cases(Random& random, std::size_t asked) const;
  // Empty if the property holds in this case, else what does not.
  virtual std::string check(std::uint64_t number) = 0;
  // After a run of so many cases: why it proves too little; empty if it is worth its name.
  virtual std::string too_little(std::size_t) const { return {}; }

  bool print = false;  // packs and logs
  Tally tally;         // what was met
  std::uint64_t met(const std::string& what) const {
    const auto it = tally.find(what);
    return it == tally.end() ? 0 : it->second;
  }
};

std::unique_ptr<Property> unknown_monotone();
std::unique_ptr<Property> order_free();
std::unique_ptr<Property> caps();
std::unique_ptr<Property> interleaving();
std::unique_ptr<Property> quiet_hours();
std::unique_ptr<Property> holdout_shares();
std::unique_ptr<Property> holdout_edits();
std::unique_ptr<Property> prefixes();
std::unique_ptr<Property> merge_order();

}  // namespace polku::property
