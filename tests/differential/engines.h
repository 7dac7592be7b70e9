// The engines under test, behind one face: a pack as text in, decisions as lines of JSON out.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tests/differential/hardships.h"

namespace polku::differential {

// Shipped: as `polku run` and the embedding API drive it, which hands out only what acted and may therefore skip much of the rest; codes are interpreted at first, then
// run as machine code.
enum class Engine { Reference, Interpreter, Jit, Shipped };
const char* engine_name(Engine engine);

// The engines that this build has, the reference first.
std::vector<Engine> engines();

// One compiled pack. Not thread-safe.
class Engines {
 public:
  virtual ~Engines() = default;
  // Decisions over the log (native, or of the catalog's first source) in the order of the decision file, `no_match` included (of Shipped: only
  // what acted), then, unless the pack changes, how many of each outcome each rule had. error is set if the log could not be run at all; then nothing comes back.
  virtual std::vector<std::string> run(Engine engine, const Input& input, std::string& error) = 0;
};

// Of the lines of another engine, those that Shipped must give.
std::vector<std::string> shipped(const std::vector<std::string>& lines);

struct Compiled {
  std::unique_ptr<Engines> engines;  // null after an error
  std::string error;                 // the diagnostics as an author would see them
};
// optimise: let the JIT try hard; its results must not depend on it.
Compiled compile(const std::string& catalog, const std::vector<RuleFile>& files, bool optimise);

}  // namespace polku::differential
