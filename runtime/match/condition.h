// A condition of the plan in conjunctive normal form, each literal a set of values of one source. Inside the match stage only.
#pragma once
#include <compare>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "compiler/plan/plan.h"
#include "compiler/plan/shared.h"

namespace polku::match {

// Where a literal's value comes from.
struct Source {
  enum class Kind : std::uint16_t { Attribute, Field, Now, Lookup } kind = Kind::Attribute;
  std::uint16_t index = 0;                   // attribute; field of the starting event; in Lookups
  auto operator<=>(const Source&) const = default;
};

struct Range { Value lo, hi; };              // lo <= value <= hi, both known
inline constexpr std::int32_t kSources = std::numeric_limits<std::uint16_t>::max();  // attributes, fields and lookups from there on are the code's
inline constexpr Value kLeast = kUnknown + 1, kMost = std::numeric_limits<Value>::max();

// What costs more than a look at a cell: found once an event at most, and only if a condition is left that asks for it.
struct Lookup {
  // Age: how long ago the number-th latest match of a feature that keeps the latest times was, for counts of which no match is unknown; never unknown,
  // kMost if there is none. Read: what the instruction `op` reads of the record. Code: the answer of a shared test.
  enum class Kind : std::uint8_t { Age, Read, Code } kind = Kind::Age;
  plan::Op op = plan::Op::Const;
  std::int32_t of = -1;                      // the feature; the code
  std::int64_t window = -1;                  // Read: window or column. Age: the mark behind which the match must stand, or -1
  std::int64_t number = 0;                   // Read: k of CountAtLeast, else Instr::b
  auto operator<=>(const Lookup&) const = default;
};

// Those of the conditions of one screen, each once.
class Lookups {
 public:
  Lookups(const plan::Plan& plan, const plan::SharedTests& shared) : plan(plan), shared(shared) {}
  std::int32_t add(const Lookup& lookup);    // its number; may be kSources or more
  const plan::Plan& plan;
  const plan::SharedTests& shared;
  std::vector<Lookup> all;

 private:
  std::map<Lookup, std::int32_t> numbers_;
};

// Yes for known values in one of the ranges, no for all other known values.
struct Literal {
  Source source;
  std::vector<Range> yes;                    // ascending, with a gap between each two
  Value missing = kUnknown;                  // what it is if the value is missing: kNo, kYes or kUnknown
};

using Clause = std::vector<Literal>;         // any of them, each of another source; never empty

struct Condition {
  std::vector<Clause> all;                   // clauses of one literal first, each of another source
  bool whole = true;                         // the clauses are the condition; else it says more that is not here
};

// Makes the literals say `literal` too.
void intersect(std::vector<Literal>& all, const Literal& literal);

// captures: of the rule that asks, for Op::Field; `event`: what starts it. Time and size grow with the code's: what would blow up is left to the code.
Condition normal_form(const plan::Code& code, const std::vector<plan::Capture>* captures, plan::OccurrenceId event, Lookups& lookups);

}  // namespace polku::match
