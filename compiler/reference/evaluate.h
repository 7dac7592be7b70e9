// What an expression is worth at the instant of a story, and what was looked up on the way (readings 3–5, 7, 12–19, 23).
// Internal to the reference interpreter.
#pragma once
#include <vector>

#include "compiler/reference/story.h"

namespace polku::reference {

// What the names of an expression may mean.
struct Scope {
  const syntax::Journey* journey = nullptr;  // whose rules are named bare; none in segments and derived attributes
  const history::Event* start = nullptr;     // `event.field`: the event that started the firing
  const history::Event* own = nullptr;       // in a `where`: the event looked at; then nothing but its fields has a name
};

// saw, if given, receives each name once, in written order.
Typed evaluate(const Story& story, const Scope& scope, const syntax::Expr& expr, std::vector<history::Seen>* saw);

// The same, for a place that wants `type`: a bare word that names nothing is a value of its list, a whole number becomes a number.
Typed evaluate_as(const Story& story, const Scope& scope, const catalog::Type& type, const syntax::Expr& expr,
                  std::vector<history::Seen>* saw);

// An event or a rule's act, looked up once.
struct Target {
  int event = -1;
  int rule = -1;
  history::ActionKind kind = history::ActionKind::Send;
  const syntax::Expr* where = nullptr;
};
Target target(const Story& story, const syntax::Journey* journey, const syntax::Occurrence& what);
Tri matches(const Story& story, const Target& target, const Record& record);

// The attribute as it stands now: set, by default, or derived.
Typed attribute_value(const Story& story, int attribute);

// Adds a name that is not there yet.
void see(std::vector<history::Seen>* saw, const std::string& name, history::Datum value);

}  // namespace polku::reference
