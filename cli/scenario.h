// Runs one test block of a pack.
#pragma once
#include <string>
#include <vector>

#include "compiler/driver/driver.h"

namespace polku::cli {

struct Complaint {
  diag::Span span;       // the line of the test
  std::string message;   // what was expected and what happened
};

struct Verdict {
  std::vector<Complaint> failures;   // empty: passed
  std::vector<Complaint> warnings;   // an expectation that tests nothing
};

// Plays the test on a virtual clock that begins on Monday 5 January 2026 in the pack's zone. pack must have been loaded
// with its tests.
Verdict play(const driver::Pack& pack, const sema::Test& test, const plan::Evaluator& evaluator);

}  // namespace polku::cli
