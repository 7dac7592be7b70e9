// Published tables of answers, from a file: NDJSON, one table a line:
// {"at":"2026-11-21T00:00:00Z","name":"2026-11-21","channels":{"email":{"answers":120,"sends":1000}}}
#pragma once
#include <string>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "runtime/history/table.h"

namespace polku::ingest {

// The tables in the order of their times; lines of nothing but blanks are none. Anything that is not exactly such a line, channels that the catalog
// does not have, answers beyond sends, and two tables of one instant are errors: `error` then says which line and why, and nothing comes back.
std::vector<history::AnswerTable> read_tables(const std::string& path, const catalog::Catalog& catalog, std::string& error);

}  // namespace polku::ingest
