// Everything a rule may name, in one place. Private to sema.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "compiler/diag/diag.h"
#include "compiler/plan/plan.h"
#include "compiler/syntax/ast.h"

namespace polku::sema {

struct RuleEntry {
  const syntax::Journey* journey = nullptr;
  const syntax::Rule* rule = nullptr;
  int journey_index = 0;
};

struct Names {
  const catalog::Catalog* catalog = nullptr;
  const std::vector<const syntax::Expr*>* derived = nullptr;
  std::map<std::string, const syntax::Segment*> segments;
  std::vector<const syntax::Journey*> journeys;               // in written order
  std::vector<RuleEntry> rules;                               // in written order
  std::map<std::pair<std::string, std::string>, int> rule_by_name;

  std::vector<std::string> event_names() const;
  std::vector<std::string> attribute_names() const;
  std::vector<std::string> segment_names() const;
  std::vector<std::string> rule_names(const std::string& journey) const;
};

// Gathers the names of all files; a name given twice is an error.
Names gather(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files,
             const std::vector<const syntax::Expr*>& derived, diag::Diagnostics& d);

// For messages: "money", "a whole number", "one of none, gold"; "7 days", the largest unit that divides it.
std::string said(const catalog::Type& type);
std::string capital(std::string text);
std::string said(Millis length);

std::vector<std::string> names_of(const std::vector<catalog::Field>& fields);

// An event by name; reports and returns -1 if there is none.
int find_event(const Names& names, const syntax::Name& name, diag::Diagnostics& d);

// What an occurrence names, as plan::OccurrenceId (its `where` left aside); reports and returns -1 if there is no such thing.
int find_occurrence(const Names& names, const syntax::Occurrence& what, const std::string& journey, diag::Diagnostics& d);

}  // namespace polku::sema
