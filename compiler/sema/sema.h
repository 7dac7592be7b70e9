// From syntax trees and a catalog to a plan: names, types, units and times are checked here, and here alone.
#pragma once
#include <optional>
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

}  // namespace polku::sema
