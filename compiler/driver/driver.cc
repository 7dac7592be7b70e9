#include "compiler/driver/driver.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "compiler/driver/compile.h"
#include "compiler/interp/interp.h"
#include "compiler/jit/jit.h"
#include "compiler/syntax/syntax.h"
#include "runtime/base/bytes.h"

namespace polku::driver {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t kLargestRead = 64u << 20;  // above every limit of the stages, which have their own words for it

std::optional<std::string> text_of(const fs::path& path, std::string& error) {
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
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  if (in.bad()) {
    error = "cannot read " + path.string();
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
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
  for (const auto& f : files) out.push_back(f.get());
  return out;
}

std::vector<const syntax::Expr*> Pack::derived_list() const {
  std::vector<const syntax::Expr*> out;
  for (const syntax::ExprPtr& e : derived) out.push_back(e.get());
  return out;
}

void add(diag::Sources& sources, File catalog, std::vector<File> rules) {
  sources.add(std::move(catalog.name), std::move(catalog.text));
  std::sort(rules.begin(), rules.end(), [](const File& a, const File& b) { return a.name < b.name; });
  for (File& f : rules) sources.add(std::move(f.name), std::move(f.text));
}

void read(Pack& pack, syntax::Cache& cache, const catalog::Catalog* known) {
  pack.catalog = known ? *known : catalog::load(pack.sources, 0, pack.diagnostics);
  std::vector<std::uint32_t> files(pack.sources.size() - 1);
  std::iota(files.begin(), files.end(), 1u);
  pack.files = cache.parse(pack.sources, files, pack.diagnostics);
}

void analyse(Pack& pack, bool with_tests, std::unique_ptr<sema::Analysis>* analysis) {
  diag::Diagnostics& d = pack.diagnostics;
  if (d.ok()) {  // names looked up in a catalog that is half there would only raise a second error for each first
    for (const catalog::Attribute& a : pack.catalog.attributes)
      pack.derived.push_back(a.presence == catalog::Presence::Derived ? syntax::parse_expression(a.derived, a.derived_span, d) : nullptr);
    auto made = std::make_unique<sema::Analysis>(pack.catalog, pack.file_list(), pack.derived_list(), d);
    pack.plan = made->plan();
    if (analysis) *analysis = std::move(made);
    if (pack.plan && with_tests) pack.tests = sema::analyse_tests(pack.file_list(), outcome_names(), *pack.plan, d);
    if (!d.ok()) pack.plan.reset();
  }
  d.sort(pack.sources);
}

std::unique_ptr<Pack> compile(File catalog, std::vector<File> rules, bool with_tests, syntax::Cache* cache) {
  auto pack = std::make_unique<Pack>();
  syntax::Cache once;
  add(pack->sources, std::move(catalog), std::move(rules));
  read(*pack, cache ? *cache : once, nullptr);
  analyse(*pack, with_tests, nullptr);
  return pack;
}

std::optional<Folder> read_folder(const std::string& directory, std::string& error) {
  std::error_code ec;
  const fs::path root(directory);
  if (!fs::is_directory(root, ec)) {
    error = "there is no folder " + directory;
    return std::nullopt;
  }
  const fs::path catalog_path = root / "catalog.yaml";
  if (!fs::is_regular_file(catalog_path, ec)) {
    error = directory + " is not a rule pack: it has no catalog.yaml";
    return std::nullopt;
  }
  std::optional<std::string> catalog = text_of(catalog_path, error);
  if (!catalog) return std::nullopt;
  std::vector<File> rules;
  for (fs::directory_iterator at(root, ec); !ec && at != fs::directory_iterator(); at.increment(ec)) {
    const fs::directory_entry& entry = *at;
    if (entry.path().extension() != ".polku") continue;
    std::optional<std::string> text = text_of(entry.path(), error);
    if (!text) return std::nullopt;
    rules.push_back({entry.path().string(), std::move(*text)});
  }
  if (ec) {
    error = "cannot read the folder " + directory;
    return std::nullopt;
  }
  if (rules.empty()) {
    error = directory + " has no .polku file, so there is nothing to do";
    return std::nullopt;
  }
  return Folder{{catalog_path.string(), std::move(*catalog)}, std::move(rules)};
}

std::string archive(const Folder& folder) {
  std::vector<std::pair<std::string, const std::string*>> files;
  for (const File& f : folder.rules) files.emplace_back(fs::path(f.name).filename().string(), &f.text);
  std::sort(files.begin(), files.end());
  std::string out;
  base::put_text(out, folder.catalog.text);
  for (const auto& [name, text] : files) {
    base::put_text(out, name);
    base::put_text(out, *text);
  }
  return out;
}

std::optional<Folder> unarchive(std::string_view text) {
  base::Bytes in(text);
  Folder folder{{"catalog.yaml", std::string(in.text())}, {}};
  while (in.fine() && !in.rest().empty()) {
    std::string name(in.text());
    folder.rules.push_back({std::move(name), std::string(in.text())});
  }
  if (!in.fine()) return std::nullopt;
  return folder;
}

std::unique_ptr<Pack> load(const std::string& directory, bool with_tests, std::string& error, syntax::Cache* cache) {
  std::optional<Folder> read = read_folder(directory, error);
  return read ? compile(std::move(read->catalog), std::move(read->rules), with_tests, cache) : nullptr;
}

std::unique_ptr<plan::Evaluator> evaluator(const plan::Plan& plan, const Tiering& tiering, std::string& error) {
  jit::Options options;
  options.cache = tiering.cache;
  options.cache_bytes = tiering.cache_bytes;
  options.count = tiering.count;
  switch (tiering.tier) {
    case Tier::Interp: return interp::make(plan);
    case Tier::Auto: return jit::in_background(plan, interp::make(plan), options);
    case Tier::Jit: break;
  }
  options.threads = std::max(1u, std::thread::hardware_concurrency());  // somebody waits
  jit::Compiled compiled = jit::compile(plan, options, interp::make(plan));
  error = std::move(compiled.error);
  return std::move(compiled.evaluator);
}

}  // namespace polku::driver
