// What an expression may look at, and what the analysis of it works with. Private to sema.
#pragma once
#include <string>
#include <vector>

#include "compiler/sema/builder.h"
#include "compiler/sema/names.h"

namespace polku::sema {

struct Work {
  const Names& names;
  PlanBuilder& plan;
  diag::Diagnostics& d;
  const catalog::Catalog& catalog() const { return *names.catalog; }
};

enum class Sight {
  Event,      // a `where`: the fields of its own event, by bare name, and constants
  Rule,       // a rule's clause, a goal's worth: attributes, the record, and the fields of the event that starts it
  Visitor,    // a segment, derived attribute or guarantee: attributes and the record
  Constant,   // a value in a test
};

struct Scope {
  Sight sight = Sight::Visitor;
  std::vector<int> events = {}; // Event: its own, alone. Rule: the events of the catalog that it can start with
  std::vector<int> earlier = {}; // Rule: those of the steps before the last, which are known no longer
  bool sure = true;             // Rule: it starts with no other occurrence than the one event
  bool open = false;            // Rule: what it starts with is not known, for a fault already reported
  bool firing = false;          // something was fired, so `before this` has a meaning
  std::string journey = {};     // for `rule sent`
  std::vector<plan::Capture>* captures = nullptr;  // fields are read from the start of a firing, and noted here; else from the event at hand
  std::vector<Millis>* instants = nullptr;         // `now` may only be compared with dates, and these are noted here
};

}  // namespace polku::sema
