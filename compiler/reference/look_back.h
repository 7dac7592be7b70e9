// Scans of the history: counts, sums, the latest and the earliest of an event (readings 3, 4, 12, 13, 37–40).
// Internal to the reference interpreter.
#pragma once
#include <optional>
#include <string>

#include "compiler/reference/evaluate.h"

namespace polku::reference {

struct Count { std::int64_t sure = 0, unsure = 0; };
Count count(const Story& story, const Scope& scope, const syntax::Occurrence& what, const syntax::Window& window);
Typed aggregate(const Story& story, const Scope& scope, const syntax::Aggregate& aggregate);  // any kind but Number
Typed latest(const Story& story, const syntax::Last& last);
Typed earliest(const Story& story, const syntax::First& first);

// nullopt: the event has no such field.
std::optional<Typed> field_of(const Story& story, const Event& event, const std::string& name);
// A field of the type that the event's has, not known.
Typed unknown_field(const Story& story, int event, const std::string& name);

}  // namespace polku::reference
