// The one layout of rule files. What it is like stands in docs/language.md, "Layout".
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "compiler/diag/diag.h"

namespace polku::format {

// The file in the one layout: the same rules, the same comments, other blanks, and comparisons as words (in table cells as signs).
// Nothing if it has faults of syntax, which are then reported. Formatting twice is formatting once.
std::optional<std::string> format(const diag::Sources& sources, std::uint32_t file, diag::Diagnostics& d);

}  // namespace polku::format
