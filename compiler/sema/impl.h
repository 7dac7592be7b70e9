// What an analysis consists of. Private to sema.
#pragma once
#include "compiler/sema/analysis.h"
#include "compiler/sema/journeys.h"
#include "compiler/sema/scope.h"
#include "compiler/sema/triggers.h"

namespace polku::sema {

class Analysis::Impl {
 public:
  Impl(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files, const std::vector<const syntax::Expr*>& derived,
       diag::Diagnostics& d);

  std::optional<plan::Plan> plan();
  std::optional<plan::Patch> edit(plan::Plan& live, const std::vector<Edit>& edits, diag::Diagnostics& d);

 private:
  void defaults();
  void definitions();
  plan::Rule rule(const Work& work, const RuleEntry& entry);

  // Of edits (edit.cc).
  bool alike(const Edit& edit) const;
  void put(const syntax::Journey& before, const syntax::Journey& now);

  diag::Diagnostics& d_;                   // for plan() alone
  const std::size_t errors_;               // that stood in it before
  std::vector<const syntax::Expr*> derived_;
  plan::Plan plan_;                        // until plan() gives it out
  Names names_;
  PlanBuilder builder_;
  Work work_;
  Memberships memberships_;
};

}  // namespace polku::sema
