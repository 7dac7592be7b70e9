// Records of one pack in the words of another (reading 74).
#pragma once
#include "compiler/catalog/catalog.h"
#include "runtime/base/text.h"
#include "runtime/history/event.h"

namespace polku::history {

// Events, fields, attributes and slots are the same if their names and types are. What `is` does not declare is gone, what it declares otherwise or newly is not
// known; a record of an event that is gone still changes attributes. The two kinds of texts may be one.
void translate(Event& event, const catalog::Catalog& was, const base::Texts& texts_then, const catalog::Catalog& is, base::Texts& texts);

}  // namespace polku::history
