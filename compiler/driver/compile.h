// The stages of a compilation, for those that keep more of it than the pack. Inside compiler/driver only.
#pragma once
#include "compiler/driver/driver.h"
#include "compiler/sema/analysis.h"

namespace polku::driver {

// Reads the pack's sources: the catalog, then the rule files, by name. known: the catalog that this very text made before, or null.
void read(Pack& pack, syntax::Cache& cache, const catalog::Catalog* known);

// Adds the files to the sources, in that order.
void add(diag::Sources& sources, File catalog, std::vector<File> rules);

// What comes after reading, if that went well. analysis: gets what the plan was made by, if not null.
void analyse(Pack& pack, bool with_tests, std::unique_ptr<sema::Analysis>* analysis);

}  // namespace polku::driver
