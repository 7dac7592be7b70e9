// One random rule pack and its logs, as text in the real formats. Everything follows from the seed alone.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/history/table.h"
#include "tests/differential/world.h"

namespace polku::differential {

struct RuleFile {
  std::string name, text;
};

struct Pack {
  World world;
  std::string catalog;
  std::vector<RuleFile> files;  // in written order, by name
  std::vector<int> starts;      // events that start a rule; the more often, the more rules
  bool best_of = false;         // channels are chosen among
  Tally tally;                  // what was generated
};

Pack make_pack(std::uint64_t seed);

// NDJSON, native or as the catalog's only source has it; records of one visitor in time order, visitors interleaved.
std::string make_log(const Pack& pack, std::uint64_t seed, Tally& tally);
// The tables of answers that were published meanwhile, in the order of their times.
std::vector<history::AnswerTable> make_tables(const Pack& pack, std::uint64_t seed, Tally& tally);

}  // namespace polku::differential
