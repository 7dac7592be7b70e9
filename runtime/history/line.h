// A record as lines of JSON in Polku's own form (docs/catalog.md), which every reader of logs takes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "runtime/base/text.h"
#include "runtime/history/event.h"

namespace polku::history {

// Without line ends. One, or two: where an event also changes attributes, the change comes first. The id is left out, of which only a hash is known: who takes
// the lines in knows equal ones by their content. catalog and texts are those of the event; visitor is in UTF-8.
std::vector<std::string> lines(std::string_view visitor, const Event& event, const catalog::Catalog& catalog, const base::Texts& texts);

}  // namespace polku::history
