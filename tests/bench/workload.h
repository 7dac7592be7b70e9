// The matching workload as tests/bench/w1.py writes it (w1.py says the form of the files), and what its rules mean.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace polku::bench {

inline constexpr std::int32_t kMissing = std::numeric_limits<std::int32_t>::min();

// A test of an attribute, or tests combined.
struct Part {
  enum class Kind { Equal, AtLeast, Less, In, Given, Or, And, Not } kind = Kind::Equal;
  std::int32_t attribute = 0;          // of a test
  std::vector<std::int32_t> values;    // one; In: ascending; Given: none
  std::vector<Part> parts;             // of Or, And, Not
};

struct Rule {
  std::int32_t type = 0;
  std::vector<Part> parts;             // all must hold
};

// Attribute 0 of a row is its type, which is never missing; attribute a is a visitor's `aA`.
struct Workload {
  std::vector<Rule> rules;
  std::size_t rows = 0, attributes = 0;
  std::vector<std::int32_t> values;    // row by row
  const std::int32_t* row(std::size_t i) const { return &values[i * attributes]; }
};

// Reads `folder`/rules.jsonl and rows.bin. Throws std::runtime_error, which says what is wrong.
Workload load(const std::string& folder);

enum class Is { No, Unknown, Yes };
Is evaluate(const Part& part, const std::int32_t* row);
bool holds(const Rule& rule, const std::int32_t* row);  // its parts; the type is not looked at

}  // namespace polku::bench
