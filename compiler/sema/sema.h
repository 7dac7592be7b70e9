// From syntax trees and a catalog to a plan: names, types, units and times are checked here, and here alone.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "compiler/diag/diag.h"
#include "compiler/plan/plan.h"
#include "compiler/syntax/ast.h"

namespace polku::sema {

// derived: the parsed expression of each derived attribute (nullptr for the others), as syntax::parse_expression gave it.
// Faults become diagnostics (PK20xx–PK23xx), doubts warnings (PK3xxx). nullopt if there are errors.
std::optional<plan::Plan> analyse(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files,
                                  const std::vector<const syntax::Expr*>& derived, diag::Diagnostics& d);

// ---- the tests of a pack ----

struct TestValue { std::string name; int target = 0; plan::CodeId code = -1; };  // target: attribute, field or parameter; code -1: missing

struct TestChange { std::vector<TestValue> values; };                   // attributes
struct TestEvent { int event = 0; std::vector<TestValue> fields; };
struct TestAsked { int channel = 0, slot = 0; };
struct TestExpect {
  bool until = false, nothing = false;
  plan::ActionKind kind = plan::ActionKind::Send;
  std::string template_;                                                // or the task
  int channel = -1, slot = -1;                                          // -1: not asked for
  std::vector<TestValue> params;                                        // those asked for
  std::string because;                                                  // an outcome; empty: not asked for
};

struct TestStep {
  int day = 1;
  Millis of_day = 0;
  std::variant<TestChange, TestEvent, TestAsked, TestExpect> what;
  diag::Span span;
};
struct Test {
  std::string name;
  std::vector<TestStep> steps;
  bool held_out = false;                                                // it says `because held_out`: everybody is held out, else nobody
  diag::Span span;
};

// The tests of all files, in written order. Their values are constant codes, added to the plan. outcomes: the words that may
// stand behind `because`.
std::vector<Test> analyse_tests(const std::vector<const syntax::File*>& files, const std::vector<std::string>& outcomes, plan::Plan& plan,
                                diag::Diagnostics& d);

}  // namespace polku::sema
