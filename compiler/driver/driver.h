// From a pack's folder to a plan that can be run: reads the files, runs every stage in order.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "compiler/diag/diag.h"
#include "compiler/plan/plan.h"
#include "compiler/sema/sema.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/cache.h"

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
  std::vector<std::shared_ptr<const syntax::File>> files;  // the blocks of all files, those by name; shared with a cache
  std::vector<syntax::ExprPtr> derived;            // per attribute
  std::optional<plan::Plan> plan;                  // none after errors
  std::vector<sema::Test> tests;

  std::vector<const syntax::File*> file_list() const;
  std::vector<const syntax::Expr*> derived_list() const;
};

struct Folder { File catalog; std::vector<File> rules; };

// The text of `directory`/catalog.yaml and of every *.polku file in it (not below it). Nothing if it is no pack, or cannot be read; then `error` says why.
std::optional<Folder> read_folder(const std::string& directory, std::string& error);

// A folder as one text, for whoever keeps it; equal catalogs and rules are equal texts, whichever directory they are in. Nothing: it is no such text.
std::string archive(const Folder& folder);
std::optional<Folder> unarchive(std::string_view text);

// Reads `directory`/catalog.yaml and every *.polku file in it (not below it), and compiles them. If that folder cannot be read
// as a pack at all, `error` says why and the result is null; faults in the files are diagnostics.
// with_tests: the test blocks are analysed too, and their constants are part of the plan.
// cache: of who keeps the pack live and compiles it again after edits; what did not change since is not parsed again.
std::unique_ptr<Pack> load(const std::string& directory, bool with_tests, std::string& error, syntax::Cache* cache = nullptr);

// The same from memory. Rule files are taken in the order of their names.
std::unique_ptr<Pack> compile(File catalog, std::vector<File> rules, bool with_tests, syntax::Cache* cache = nullptr);

// Auto: the interpreter at once, and machine code as it is ready, made in the background, where the JIT is built in. Jit: all of it before anything
// is evaluated.
enum class Tier { Auto, Jit, Interp };

struct Tiering {
  Tier tier = Tier::Auto;
  std::string cache = {};                   // folder in which machine code is kept from one process to the next; empty: none
  std::uint64_t cache_bytes = 256u << 20;   // the most that is kept there
  bool count = false;                       // evaluations by tier, for Evaluator::tiers(); the interpreter alone counts none
};

// An evaluator of the plan, which must outlive it. Null, with the reason in `error`, if the tier is not to be had.
std::unique_ptr<plan::Evaluator> evaluator(const plan::Plan& plan, const Tiering& tiering, std::string& error);

}  // namespace polku::driver
