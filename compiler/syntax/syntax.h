// Rule text to syntax tree. ANTLR stands behind this header and is seen nowhere else.
#pragma once
#include <cstdint>
#include <optional>

#include "compiler/diag/diag.h"
#include "compiler/syntax/ast.h"

namespace polku::syntax {

// What a rule file may be at most; beyond it there is one clear error and nothing is parsed.
struct Limits {
  std::size_t bytes = 16u << 20;  // of one file
  std::size_t depth = 200;        // of nested brackets, `not`s and minus signs
  std::size_t errors = 20;        // of syntax reported in one file
};

// Parses sources.text(file): all of the language. Faults become diagnostics (codes PK10xx, PK11xx). With errors the tree holds what could be understood, and is only good for finding more errors.
// Never throws; time is linear in the size for any input. Safe from several threads with separate Diagnostics.
File parse(const diag::Sources& sources, std::uint32_t file, diag::Diagnostics& d, const Limits& limits = {});

// One expression, as it stands in a catalog's `is:`. `where` is its place there; errors are reported at that place.
// nullptr after an error.
ExprPtr parse_expression(const std::string& text, Span where, diag::Diagnostics& d, const Limits& limits = {});

}  // namespace polku::syntax
