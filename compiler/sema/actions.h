// What a rule does: template, channel, slot, parameters. Private to sema.
#pragma once
#include "compiler/sema/typer.h"

namespace polku::sema {

// Checks the action and fills `out` as far as it is right.
void action(const Names& names, PlanBuilder& plan, const syntax::Action& a, const Scope& scope, plan::Action& out, diag::Diagnostics& d);

// Template, channel and slot by name, for rules and tests alike; -1 where wrong (reported) or not named.
struct Target { int template_ = -1, channel = -1, slot = -1; };
Target find_target(const catalog::Catalog& catalog, const syntax::Name& template_, const syntax::Path* target, syntax::ActionKind kind,
                   diag::Span span, diag::Diagnostics& d);

}  // namespace polku::sema
