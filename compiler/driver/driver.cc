#include "compiler/driver/driver.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "compiler/interp/interp.h"
#include "compiler/jit/jit.h"
#include "compiler/syntax/syntax.h"

namespace polku::driver {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t kLargestRead = 64u << 20;  // above every limit of the stages, which have their own words for it

std::optional<std::string> read(const fs::path& path, std::string& error) {
  std::error_code ec;
  const std::uintmax_t size = fs::file_size(path, ec);
  std::ifstream in(path, std::ios::binary);
  if (ec || !in) {
    error = "cannot read " + path.string();
    return std::nullopt;
  }
  if (size > kLargestRead) {
    error = path.string() + " is larger than 64 MiB";
    return std::nullopt;
  }
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

const std::vector<std::string>& outcome_names() {
  static const std::vector<std::string> names{
#define POLKU_OUTCOME(name, recorded, words) #name,
#include "runtime/history/outcomes.def"
#undef POLKU_OUTCOME
  };
  return names;
}

}  // namespace

std::vector<const syntax::File*> Pack::file_list() const {
  std::vector<const syntax::File*> out;
  for (const syntax::File& f : files) out.push_back(&f);
  return out;
}

std::vector<const syntax::Expr*> Pack::derived_list() const {
  std::vector<const syntax::Expr*> out;
  for (const syntax::ExprPtr& e : derived) out.push_back(e.get());
  return out;
}

std::unique_ptr<Pack> compile(File catalog, std::vector<File> rules, bool with_tests) {
  auto pack = std::make_unique<Pack>();
  diag::Diagnostics& d = pack->diagnostics;
  pack->catalog = catalog::load(pack->sources, pack->sources.add(std::move(catalog.name), std::move(catalog.text)), d);
  std::sort(rules.begin(), rules.end(), [](const File& a, const File& b) { return a.name < b.name; });
  for (File& f : rules) pack->files.push_back(syntax::parse(pack->sources, pack->sources.add(std::move(f.name), std::move(f.text)), d));
  if (d.ok()) {  // names looked up in a catalog that is half there would only raise a second error for each first
    for (const catalog::Attribute& a : pack->catalog.attributes)
      pack->derived.push_back(a.presence == catalog::Presence::Derived ? syntax::parse_expression(a.derived, a.derived_span, d) : nullptr);
    pack->plan = sema::analyse(pack->catalog, pack->file_list(), pack->derived_list(), d);
    if (pack->plan && with_tests) pack->tests = sema::analyse_tests(pack->file_list(), outcome_names(), *pack->plan, d);
    if (!d.ok()) pack->plan.reset();
  }
  d.sort(pack->sources);
  return pack;
}

std::unique_ptr<Pack> load(const std::string& directory, bool with_tests, std::string& error) {
  std::error_code ec;
  const fs::path root(directory);
  if (!fs::is_directory(root, ec)) {
    error = "there is no folder " + directory;
    return nullptr;
  }
  const fs::path catalog_path = root / "catalog.yaml";
  if (!fs::is_regular_file(catalog_path, ec)) {
    error = directory + " is not a rule pack: it has no catalog.yaml";
    return nullptr;
  }
  std::optional<std::string> catalog = read(catalog_path, error);
  if (!catalog) return nullptr;
  std::vector<File> rules;
  for (const fs::directory_entry& entry : fs::directory_iterator(root, ec)) {
    if (entry.path().extension() != ".polku") continue;
    std::optional<std::string> text = read(entry.path(), error);
    if (!text) return nullptr;
    rules.push_back({entry.path().string(), std::move(*text)});
  }
  if (ec) {
    error = "cannot read the folder " + directory;
    return nullptr;
  }
  if (rules.empty()) {
    error = directory + " has no .polku file, so there is nothing to do";
    return nullptr;
  }
  return compile({catalog_path.string(), std::move(*catalog)}, std::move(rules), with_tests);
}

std::unique_ptr<plan::Evaluator> evaluator(const plan::Plan& plan, Tier tier, std::string& error) {
  if (tier == Tier::Interp) return interp::make(plan);
  // O0 has nearly all of the gain at a sixth of the time; optimising in the background is not built yet (docs/decisions/0002).
  jit::Compiled compiled = jit::compile(plan, jit::Level::O0);
  if (compiled.evaluator) return std::move(compiled.evaluator);
  if (tier == Tier::Auto) return interp::make(plan);
  error = std::move(compiled.error);
  return nullptr;
}

}  // namespace polku::driver
