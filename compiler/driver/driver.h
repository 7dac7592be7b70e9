// From a pack's folder to a plan that can be run: reads the files, runs every stage in order.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "compiler/diag/diag.h"
#include "compiler/plan/plan.h"
#include "compiler/sema/sema.h"
#include "compiler/syntax/ast.h"

namespace polku::driver {

struct File { std::string name, text; };

// A compilation: what was read, what was said about it, and the plan if nothing was wrong. Not movable: parts refer to
// each other. Read-only afterwards, from any thread.
struct Pack {
  Pack() = default;
  Pack(const Pack&) = delete;
  Pack& operator=(const Pack&) = delete;

  diag::Sources sources;
  diag::Diagnostics diagnostics;
  catalog::Catalog catalog;
  std::vector<syntax::File> files;                 // by name
  std::vector<syntax::ExprPtr> derived;            // per attribute
  std::optional<plan::Plan> plan;                  // none after errors
  std::vector<sema::Test> tests;

  std::vector<const syntax::File*> file_list() const;
  std::vector<const syntax::Expr*> derived_list() const;
};

// Reads `directory`/catalog.yaml and every *.polku file in it (not below it), and compiles them. If that folder cannot be read
// as a pack at all, `error` says why and the result is null; faults in the files are diagnostics.
// with_tests: the test blocks are analysed too, and their constants are part of the plan.
std::unique_ptr<Pack> load(const std::string& directory, bool with_tests, std::string& error);

// The same from memory. Rule files are taken in the order of their names.
std::unique_ptr<Pack> compile(File catalog, std::vector<File> rules, bool with_tests);

enum class Tier { Auto, Jit, Interp };   // Auto: the JIT where it is built in, else the interpreter

// An evaluator of the plan, which must outlive it. Null, with the reason in `error`, if the tier is not to be had.
std::unique_ptr<plan::Evaluator> evaluator(const plan::Plan& plan, Tier tier, std::string& error);

}  // namespace polku::driver
