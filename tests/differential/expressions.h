// Random expressions of the rule language, made from the wanted type downwards, so that every one of them compiles.
#pragma once
#include <string>
#include <vector>

#include "tests/differential/world.h"

namespace polku::differential {

struct RuleName {
  std::string journey, rule;
  bool sends = true;
};

// What an expression may look at.
struct Scope {
  bool visitor = true;               // attributes, consents, the history and `now`; else it is a `where`
  int own = -1;                      // `where`: its event
  int trigger = -1;                  // the event that starts the rule, if one does
  std::string journey;               // of the rule; empty in a segment or a derived attribute
  std::size_t segments = 0;          // the first so many may be named
  bool derived = true;               // derived attributes may be read
  const std::vector<RuleName>* rules = nullptr;
};

// How tightly the outermost operator of a text binds, loosest first.
enum class Binding { Or, And, Not, Compare, Add, Multiply, Minus, Otherwise, Atom };

struct Written {
  std::string text;
  Binding binding = Binding::Atom;
  bool count = false;    // a `number of …` and nothing around it
  bool literal = false;  // a constant and nothing around it
};

class Expressions {
 public:
  Expressions(World& world, Random& random, Tally& tally) : world_(world), random_(random), tally_(tally) {}

  std::string condition(const Scope& scope, int depth);
  std::string value(const Scope& scope, Type type, int depth);  // as a parameter's value
  std::string last_of(const Scope& scope, Type type);           // `last E.f`, or empty if no event has such a field
  // `e1`, `e1 where …`; inside a condition the `where` is bracketed as needed.
  std::string occurrence(int event, int depth, int where_percent);
  // `r sent`, `"Journey".r shown`
  std::string rule_verb(const Scope& scope, const RuleName& rule);
  std::string length(Millis longest);

 private:
  Written yes_no(const Scope& scope, int depth);
  Written make(const Scope& scope, Type type, int depth);
  Written leaf(const Scope& scope, Type type);
  Written operation(const Scope& scope, Type type, int depth);  // empty text: there is none for the type
  Written literal(Type type);
  Written compare(const Scope& scope, int depth);
  Written compare_count(const Scope& scope, int depth);
  Written one_of(const Scope& scope, int depth);
  Written text_test(const Scope& scope, int depth);
  Written presence(const Scope& scope, int depth);
  Written happened(const Scope& scope, int depth);
  Written in_segment(const Scope& scope);
  Written otherwise(const Scope& scope, Type type, int depth);
  Written binary(const Scope& scope, const char* op, Type left, Type right, int depth);
  std::string count(const Scope& scope, int depth);
  std::string sum(const Scope& scope, Type type, int depth);    // empty: no event has such a field
  std::string window();
  std::string attribute_path(const std::string& name);
  std::vector<std::string> names(const Scope& scope, Type type);
  Type comparable(const Scope& scope);
  std::string in(const Written& w, Binding least);              // in brackets if it binds less than `least`

  World& world_;
  Random& random_;
  Tally& tally_;
};

}  // namespace polku::differential
