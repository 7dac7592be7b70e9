// Golden tests: one self-contained file a case, in sections that begin with a line `=== name`:
//   === catalog              YAML
//   === rules a.polku        any number of rule files
//   === events               records in the native form (optional)
//   === diagnostics          expected: what `polku check` says; always there
//   === plan                 expected, if the section is there
//   === decisions            expected, if there are events: every firing, `no_match` included, the same from every engine
// Usage: polku_golden [--update] FILE_OR_FOLDER…
// A folder is walked; at the end every row of codes.def must have been met in some case of it.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "cli/replay.h"
#include "compiler/jit/jit.h"

namespace fs = std::filesystem;
using namespace polku;

namespace {

struct Section {
  std::string name, text;
};

std::vector<Section> split(const std::string& text) {
  std::vector<Section> out;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = text.find('\n', at);
    end = end == std::string::npos ? text.size() : end + 1;
    const std::string_view line(text.data() + at, end - at);
    if (line.starts_with("=== "))
      out.push_back({std::string(line.substr(4, line.find_last_not_of(" \r\n") - 3)), ""});
    else if (!out.empty())
      out.back().text += line;
    at = end;
  }
  return out;
}

std::string join(const std::vector<Section>& sections) {
  std::string out;
  for (const Section& s : sections) out += "=== " + s.name + "\n" + s.text;
  return out;
}

Section* find(std::vector<Section>& sections, std::string_view name) {
  const auto it = std::find_if(sections.begin(), sections.end(), [&](const Section& s) { return s.name == name; });
  return it == sections.end() ? nullptr : &*it;
}

std::string decide(const driver::Pack& pack, const std::string& events, cli::EngineKind engine) {
  base::Texts texts;
  plan::preload(texts, *pack.plan);
  ingest::Opened opened = ingest::open_text(events, pack.catalog, nullptr, texts);
  if (!opened.reader) return "error: " + opened.error + "\n";
  cli::ReplayOptions options;
  options.engine = engine;
  options.keep = engine::Keep::All;
  std::string out;
  const cli::ReplayResult r = cli::replay(pack, *opened.reader, texts, options, [&](std::string_view line) { (out += line) += '\n'; });
  if (!r.error.empty()) out += "error: " + r.error + "\n";
  for (std::size_t i = 0; i < ingest::kRejects; ++i)
    if (opened.reader->counts().by_reject[i] > 0)
      out += fmt::format("rejected: {} {}\n", opened.reader->counts().by_reject[i], ingest::reject_name(static_cast<ingest::Reject>(i)));
  if (r.out_of_order > 0) out += fmt::format("out of order: {}\n", r.out_of_order);
  if (r.duplicates > 0) out += fmt::format("duplicates: {}\n", r.duplicates);
  return out;
}

class Golden {
 public:
  explicit Golden(bool update) : update_(update) {}

  void one(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream raw;
    raw << in.rdbuf();
    const std::string before = std::move(raw).str();
    std::vector<Section> sections = split(before);
    const Section* catalog = find(sections, "catalog");
    if (!catalog) return fail(path, "has no catalog section");
    std::vector<driver::File> rules;
    for (const Section& s : sections)
      if (s.name.starts_with("rules ")) rules.push_back({s.name.substr(6), s.text});
    const auto pack = driver::compile({"catalog.yaml", catalog->text}, std::move(rules), true);
    std::string said;
    for (const diag::Diagnostic& d : pack->diagnostics.all()) {
      codes_.insert(std::string(diag::code_text(d.code)));
      said += diag::render_text(d, pack->sources, false);
      if (!said.ends_with('\n')) said += '\n';
    }
    Section* diagnostics = find(sections, "diagnostics");
    if (!diagnostics) {
      sections.push_back({"diagnostics", ""});
      diagnostics = &sections.back();
    }
    diagnostics->text = said;
    if (Section* plan = find(sections, "plan"); plan && pack->plan) plan->text = plan::print(*pack->plan);
    if (const Section* events = find(sections, "events"); events && pack->plan) {
      const std::string reference = decide(*pack, events->text, cli::EngineKind::Reference);
      const std::string interp = decide(*pack, events->text, cli::EngineKind::Interp);
      if (interp != reference) fail(path, "the interpreter differs from the reference:\n" + difference(reference, interp));
      if (jit::llvm_version() != "none")
        if (const std::string jit = decide(*pack, events->text, cli::EngineKind::Jit); jit != reference)
          fail(path, "the JIT differs from the reference:\n" + difference(reference, jit));
      if (!find(sections, "decisions")) sections.push_back({"decisions", ""});
      find(sections, "decisions")->text = interp;
    }
    const std::string after = join(sections);
    ++cases_;
    if (after == before) return;
    if (update_) {
      std::ofstream(path, std::ios::binary) << after;
      fmt::print("updated {}\n", path.string());
    } else {
      fail(path, "differs (run with --update and review the diff):\n" + difference(before, after));
    }
  }

  void codes() {
    // No golden can hold these: the first two need files of many megabytes (tests/cli has them), and no text is known that leads to the last.
    for (const diag::Code code : {diag::Code::FileTooLarge, diag::Code::CatalogTooBig, diag::Code::ReadingFailed}) codes_.insert(std::string(diag::code_text(code)));
    for (const diag::Code code : diag::all_codes())
      if (!codes_.contains(std::string(diag::code_text(code)))) {
        ++cases_;
        ++failed_;
        fmt::print("FAIL {} ({}) is met in no golden\n", diag::code_text(code), diag::code_summary(code));
      }
  }

  int finish() const {
    fmt::print("{} passed, {} failed\n", cases_ - std::min(cases_, failed_), failed_);
    return failed_ > 0 ? 1 : 0;
  }

 private:
  static std::string difference(const std::string& a, const std::string& b) {
    std::istringstream x(a), y(b);
    std::string l, m, out;
    for (std::size_t n = 1, shown = 0; shown < 5; ++n) {
      const bool more_l = static_cast<bool>(std::getline(x, l)), more_m = static_cast<bool>(std::getline(y, m));
      if (!more_l && !more_m) break;
      if (more_l && more_m && l == m) continue;
      ++shown;
      if (more_l) out += fmt::format("  {:>4} - {}\n", n, l);
      if (more_m) out += fmt::format("  {:>4} + {}\n", n, m);
    }
    return out;
  }

  void fail(const fs::path& path, const std::string& why) {
    ++failed_;
    fmt::print("FAIL {} {}\n", path.string(), why);
  }

  bool update_;
  std::size_t cases_ = 0, failed_ = 0;
  std::set<std::string> codes_;
};

}  // namespace

int main(int argc, char** argv) {
  bool update = false, folder = false;
  std::vector<fs::path> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--update") {
      update = true;
    } else if (fs::is_directory(arg)) {
      folder = true;
      for (const auto& e : fs::recursive_directory_iterator(arg))
        if (e.path().extension() == ".golden") paths.push_back(e.path());
    } else {
      paths.emplace_back(arg);
    }
  }
  if (paths.empty()) {
    fmt::print(stderr, "usage: polku_golden [--update] FILE_OR_FOLDER…\n");
    return 2;
  }
  std::sort(paths.begin(), paths.end());
  Golden golden(update);
  for (const fs::path& p : paths) golden.one(p);
  if (folder) golden.codes();
  return golden.finish();
}
