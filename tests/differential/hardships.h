// What can befall a log on its way: records late, visitors found to be one, the engine down, another pack from some time on.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/differential/generate.h"

namespace polku::differential {

struct Outage { Millis from = 0, to = 0; };

// Another pack holds from `from` on.
struct Change {
  Millis from = 0;
  std::string catalog;
  std::vector<RuleFile> files;
};

struct Input {
  std::string log;
  std::vector<history::AnswerTable> tables;
  bool histories = false;                 // else none of what follows, and no record is late or merges
  std::vector<Outage> outages;
  std::optional<Change> change;
  bool engine_afresh = false, reference_afresh = false;  // fold anew at every step: the interpreter; the reference
  bool jit_naps = false;                  // after each record its visitor leaves the engine as bytes and comes back: the JIT's
};

// The names of the hardships that `input` has: late, merge, tie, outage, pack change.
std::vector<std::string> hardships_of(const Input& input);

// A pack to change to: parts of this one left out, lengths changed; or another with the same form of logs. It need not compile.
Change make_change(const Pack& pack, std::uint64_t seed);

// The log with hardships; each visitor's lines in the order in which they were received.
Input make_input(const Pack& pack, std::uint64_t seed, const Change& change, Tally& tally);

}  // namespace polku::differential
