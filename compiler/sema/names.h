// Everything a rule may name, in one place. Private to sema.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "compiler/diag/diag.h"
#include "compiler/plan/plan.h"
#include "compiler/syntax/ast.h"
#include "runtime/base/time.h"

namespace polku::sema {

// What a rule does in one or another of its ways. Known from the words alone, since other rules ask for it before it is analysed.
struct Does {
  bool anything = false, sends = false, messages = false, shows = false, tasks = false;  // messages: sends that are no service
  bool unit(syntax::LimitUnit unit) const;
};

Does does(const catalog::Catalog& catalog, const syntax::Rule& rule);

struct RuleEntry {
  const syntax::Journey* journey = nullptr;
  const syntax::Rule* rule = nullptr;
  int journey_index = 0;
  Does does;
};

struct Names {
  explicit Names(const catalog::Catalog& catalog);            // of the catalog alone, which must outlive it

  const catalog::Catalog* catalog;
  const std::vector<const syntax::Expr*>* derived = nullptr;
  base::Zone zone;                                            // the pack's
  std::map<std::string, const syntax::Segment*> segments;
  std::map<std::string, int> segment_order;                   // in which they are written
  std::vector<const syntax::Journey*> journeys;               // in written order
  std::map<std::string, int> journey_by_name;
  std::vector<RuleEntry> rules;                               // in written order
  std::map<std::pair<int, std::string_view>, int> rule_by_name;  // of a journey, by index
  std::vector<const syntax::Guarantee*> guarantees;           // in written order
  std::set<std::string> groups;                               // that some limit is across

  std::unordered_map<std::string_view, int> event_by_name, attribute_by_name;

  int event(std::string_view name) const { return at(event_by_name, name); }          // index or -1
  int attribute(std::string_view name) const { return at(attribute_by_name, name); }
  const catalog::Event& event(int index) const { return catalog->events[static_cast<std::size_t>(index)]; }
  std::vector<std::string> event_names() const;
  std::vector<std::string> attribute_names() const;
  std::vector<std::string> segment_names() const;
  std::vector<std::string> journey_names() const;
  std::vector<std::string> rule_names(const std::string& journey) const;

 private:
  static int at(const std::unordered_map<std::string_view, int>& map, std::string_view name) {
    const auto it = map.find(name);
    return it == map.end() ? -1 : it->second;
  }
};

// Gathers the names of all files; a name given twice is an error.
Names gather(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files,
             const std::vector<const syntax::Expr*>& derived, diag::Diagnostics& d);

// All acts of a `do`, those of a table's rows included.
template <class Use>
void each_act(const syntax::Do& action, Use use) {
  for (const syntax::Act& a : action.acts) use(a);
  if (!action.choose) return;
  for (const syntax::Row& row : action.choose->rows)
    for (const syntax::Act& a : row.acts) use(a);
}

// For messages: "money", "a whole number", "one of none, gold"; "7 days", the largest unit that divides it.
std::string said(const catalog::Type& type);
std::string capital(std::string text);
std::string said(Millis length);

template <class T>
std::vector<std::string> names_of(const std::vector<T>& list) {
  std::vector<std::string> out;
  for (const T& t : list) out.push_back(t.name);
  return out;
}

// Each of these reports and returns -1 if there is no such thing.
int find_event(const Names& names, const syntax::Name& name, diag::Diagnostics& d);
int find_field(const Names& names, int event, const syntax::Name& name, diag::Diagnostics& d);
// What an occurrence names, as plan::OccurrenceId (its `where` left aside).
int find_occurrence(const Names& names, const syntax::Occurrence& what, const std::string& journey, diag::Diagnostics& d);

}  // namespace polku::sema
