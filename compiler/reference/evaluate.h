// What an expression is worth at the instant of a story, and what was looked up on the way (readings 3–5, 7, 12–19, 23, 25, 37–42).
// Internal to the reference interpreter.
#pragma once
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "compiler/reference/story.h"

namespace polku::reference {

// What the names of an expression may mean.
struct Scope {
  const syntax::Journey* journey = nullptr;      // whose rules are named bare; none in segments and derived attributes
  const Event* start = nullptr;                 // `event.field`: the event that started the firing, if one did
  const std::vector<int>* starters = nullptr;    // the events that could have: a field of another is not known
  std::size_t before = std::numeric_limits<std::size_t>::max();  // `before this`: how many records stand before the start
  const Event* own = nullptr;                   // in a `where`: the event looked at; then nothing but its fields has a name
};
Scope scope_of(const Story& story, int rule, const Start& start);

// saw, if given, receives each name once, in written order.
Typed evaluate(const Story& story, const Scope& scope, const syntax::Expr& expr, std::vector<history::Seen>* saw);

// The same, for a place that wants `type`: a bare word that names nothing is a value of its list, a whole number becomes a number.
Typed evaluate_as(const Story& story, const Scope& scope, const catalog::Type& type, const syntax::Expr& expr,
                  std::vector<history::Seen>* saw);

// A cell of a table, compared with its column (reading 47); and what is told of a column whose cells are these.
Tri cell_holds(const Story& story, const Scope& scope, const syntax::Expr& column, const syntax::Cell& cell);
history::Datum column_seen(const Story& story, const Scope& scope, const syntax::Expr& column, const std::vector<const syntax::Cell*>& cells);

const Target& target(const Story& story, const syntax::Journey* journey, const syntax::Occurrence& what);
Tri matches(const Story& story, const Target& target, const Record& record);

// The attribute as it stands now: set, by default, or derived.
Typed attribute_value(const Story& story, int attribute);
// The attribute that a path names, or -1.
int attribute_named(const catalog::Catalog& catalog, const syntax::Path& path);
// Where the visitor is, as is known now; else the zone of the pack.
const base::Zone& visitor_zone(const Story& story);

// Adds a name that is not there yet.
void see(std::vector<history::Seen>* saw, const std::string& name, history::Datum value);

}  // namespace polku::reference
