// A pack that stays live while its text is edited: what an edit changes becomes a patch of the plan where that is possible (docs/decisions/0008).
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/driver/driver.h"
#include "compiler/sema/analysis.h"

namespace polku::driver {

// For one thread at a time. Tests in the text are parsed and not analysed.
class Live {
 public:
  enum class Kind {
    Faulty,  // there is no plan of the text
    Whole,   // the plan is another
    Patch,   // the plan becomes another in place
  };
  // What became of a text: proposed, until apply() takes it or another text is tried.
  struct Change {
    Kind kind = Kind::Faulty;
    std::shared_ptr<const Pack> pack;        // what was read and what there is to say of it, as compile() does; no plan but in `plan`
    std::shared_ptr<const plan::Plan> plan;  // Whole: the other one
    std::vector<std::size_t> rules;          // Patch: those that become others, ascending
  };

  // All of the text as it is now.
  Change compile(File catalog, std::vector<File> rules);

  // The text that was applied last, with other files in place of those of the same names: the catalog, rule files, new ones among them. Without a text the
  // file is gone. There must be an applied text.
  struct Edit { std::string name; std::optional<std::string> text; };
  Change edit(std::vector<Edit> files);

  // Of the text that was applied last; null before there is one.
  std::shared_ptr<const plan::Plan> plan() const { return plan_; }
  std::shared_ptr<const Pack> pack() const { return pack_; }

  // Takes the last change, unless it is Faulty. Whole: plan() is its plan, and the one before is as it was. Patch: plan() is made another in place, through
  // `evaluator`, if it has one; nobody may read it meanwhile. What was amended, ascending. A patch that nobody applies costs a whole compilation the next time.
  std::vector<plan::Amended> apply(plan::Evaluator* evaluator = nullptr);

  std::size_t parsed() const { return cache_.parsed(); }  // blocks that the last change had to read anew

 private:
  struct Proposal {
    std::shared_ptr<Pack> pack;
    std::vector<diag::Diagnostic> said;
    std::optional<plan::Patch> patch;                             // else all that follows
    std::shared_ptr<plan::Plan> plan;
    std::unique_ptr<sema::Analysis> analysis;
  };
  Change propose(std::shared_ptr<Pack> next);
  std::optional<plan::Patch> patch(Pack& next);
  Change whole(std::shared_ptr<Pack> next);

  syntax::Cache cache_;
  std::shared_ptr<Pack> base_;                                    // of the last whole compilation: its catalog is the analysis's
  std::shared_ptr<Pack> pack_;
  std::vector<diag::Diagnostic> said_;                            // of its files
  std::unique_ptr<sema::Analysis> analysis_;
  std::shared_ptr<plan::Plan> plan_;
  std::optional<Proposal> proposed_;
  bool astray_ = false;                                           // the analysis knows of a patch that was never applied
};

}  // namespace polku::driver
