// The analysis of a pack, kept while the pack is live, so that a journey can be analysed anew by itself.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "compiler/plan/patch.h"
#include "compiler/sema/sema.h"

namespace polku::sema {

class Analysis {
 public:
  // As analyse(). Catalog and trees must stay for as long as the analysis, but for journeys in whose place edit() has put others.
  Analysis(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files, const std::vector<const syntax::Expr*>& derived,
           diag::Diagnostics& d);
  ~Analysis();

  // Once, and before everything else. nullopt if there are errors.
  std::optional<plan::Plan> plan();

  struct Edit { const syntax::Journey* before; const syntax::Journey* now; };

  // Journeys of the pack in other words. live: the plan(), with every patch applied that edit() gave so far. nullopt if that is more than a patch
  // can say, or has errors: then nothing has changed, and the pack is to be compiled as a whole. Warnings of these journeys go to `d`.
  std::optional<plan::Patch> edit(plan::Plan& live, const std::vector<Edit>& edits, diag::Diagnostics& d);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace polku::sema
