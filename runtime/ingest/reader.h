// Opening over any input. Inside the ingest stage only (and for its tests).
#pragma once
#include <memory>

#include "runtime/ingest/ingest.h"
#include "runtime/ingest/input.h"

namespace polku::ingest {

Opened open_input(std::unique_ptr<Input> input, const catalog::Catalog& catalog, const catalog::Source* source, base::Texts& texts);

}  // namespace polku::ingest
