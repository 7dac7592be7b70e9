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
  std::vector<int> triggers;         // events that the rule can start with
  std::string journey;               // of the rule; empty elsewhere
  std::vector<int> segments;         // those that may be named
  bool now = true;                   // else only where it is compared with a constant date
  bool before_this = false;
  bool calendar = false;             // windows are mostly of the calendar, where the history is long enough
  const std::vector<RuleName>* rules = nullptr;
  std::size_t visible = 0;           // the first so many of `rules` may be named; what looks at rules elsewhere only if these are all

  bool sees_all_rules() const { return rules && visible == rules->size(); }
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
  std::string counted(const Scope& scope);                      // a condition on what happened in a window
  std::string value(const Scope& scope, Type type, int depth);  // as a parameter's value
  std::string last_of(Type type, bool first = false);           // `last E.f`, `first E.f`, or empty if no event has such a field
  // A value that is looked up, not a constant: a column of a table. Empty if there is none. count: it is a `number of …` alone.
  Written looked_up(const Scope& scope, Type type, int depth);
  Written constant(Type type) { return literal(type); }
  std::string path(const std::string& attribute) { return attribute_path(attribute); }
  // `e1`, `e1 where …`; inside a condition the `where` is bracketed as needed.
  std::string occurrence(int event, int depth, int where_percent);
  // `r sent`, `"Journey".r shown`
  std::string rule_verb(const Scope& scope, const RuleName& rule);
  std::string rule_verb(const Scope& scope);                    // of any that may be named
  std::string length(Millis longest);
  std::string clock();                                          // a local time of day
  std::string sign(Type type);                                  // a comparison that the type allows: `at least`, `>=`
  Type comparable(const Scope& scope);                          // a type of which something is in sight

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
  Written now_and_date();
  Written visitor_is(const Scope& scope);
  Written otherwise(const Scope& scope, Type type, int depth);
  Written binary(const Scope& scope, const char* op, Type left, Type right, int depth);
  std::string count(const Scope& scope, int depth);
  std::string sum(const Scope& scope, Type type, int depth);    // or average, highest, lowest; empty: no event has such a field
  std::string field_of(Type type, int& event);                  // `E.f` of some event; empty: none has one
  std::string window(const Scope& scope);
  std::string attribute_path(const std::string& name);
  bool in_sight(const Scope& scope, const Attribute& a) const;
  std::vector<std::string> names(const Scope& scope, Type type);
  std::string in(const Written& w, Binding least);              // in brackets if it binds less than `least`

  World& world_;
  Random& random_;
  Tally& tally_;
};

}  // namespace polku::differential
