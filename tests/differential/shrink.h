// Makes a failing case small: drops records, lines, then words, as long as it still fails (after Zeller's delta debugging).
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "tests/differential/hardships.h"

namespace polku::differential {

struct Case {
  std::string catalog;
  std::vector<RuleFile> files;
  Input input;
};

// fails must hold for `start`; it is called at most `attempts` times. What comes back fails too.
Case shrink(Case start, const std::function<bool(const Case&)>& fails, std::size_t attempts);

}  // namespace polku::differential
