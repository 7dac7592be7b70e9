// The conformance corpus: cases written by hand from LANGUAGE.md and the readings (docs/decisions), each run through every engine. What is
// expected is an opinion of its own, so nothing here can rewrite it.
// Usage: polku_conformance [--only TEXT] FILE_OR_FOLDER…     only: the cases whose title has the text
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "cli/replay.h"
#include "compiler/jit/jit.h"
#include "tests/conformance/answer.h"
#include "tests/conformance/case_file.h"

namespace fs = std::filesystem;
using namespace polku;
using namespace polku::conformance;

namespace {

// What a case puts in: records, and how they are read.
struct Input {
  std::string records;
  std::string source;                        // a source of the catalog; empty: the native form
  std::optional<Millis> until;
  bool any_order = false;
  bool histories = false;                    // a record is late or merges visitors, or the engine is down
  std::vector<cli::Outage> outages;
  std::vector<history::AnswerTable> tables;
};

std::string in_json(const std::string& word) {
  if (word == "null" || word.starts_with('"') || word.starts_with('[')) return word;
  std::string out = "\"";
  for (const char c : word) out.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
  return out + "\"";
}

class Inputs {
 public:
  Inputs(const Calendar& calendar, std::vector<std::string>& faults) : calendar_(calendar), faults_(faults) {}

  Input read(const std::vector<Line>& lines) {
    for (const Line& l : lines) {
      const std::string text = collapsed(l.text);
      if (!in_.source.empty() || (!text.empty() && text.front() == '{')) {
        if (!text.empty()) in_.records += l.text + "\n";
        in_.histories = in_.histories || text.find("\"received\"") != std::string::npos || text.find("\"merges\"") != std::string::npos;
      } else if (!text.empty() && text.front() != '#' && !line(words_of(text))) {
        faults_.push_back(fmt::format("{}: no event: {}", l.number, text));
      }
    }
    return std::move(in_);
  }

 private:
  bool line(std::vector<std::string> words) {
    const std::string first = words.front();
    if (first == "any" && words.size() == 2 && words[1] == "order") return in_.any_order = true;
    if (first == "source" && words.size() == 2) {
      in_.source = words[1];
      return true;
    }
    if (first == "until" || first == "publish" || first == "down") words.erase(words.begin());
    const auto at = calendar_.take(words);
    if (!at) return false;
    if (first == "until") {
      in_.until = at;
      return words.empty();
    }
    if (first == "down") {
      if (words.empty() || words.front() != "to") return false;
      words.erase(words.begin());
      const auto up = calendar_.take(words);
      if (!up || !words.empty()) return false;
      in_.outages.push_back({*at, *up});
      return in_.histories = true;
    }
    if (words.size() < 2) return false;
    return first == "publish" ? table(*at, words) : record(*at, words);
  }

  static bool whole(const std::string& text, std::int64_t& out) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    return fault == std::errc() && end == text.data() + text.size();
  }

  // week12 email=3/10 sms=4/10
  bool table(Millis at, const std::vector<std::string>& words) {
    history::AnswerTable t{at, words[0], {}};
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::size_t eq = words[i].find('='), slash = words[i].find('/');
      if (eq == std::string::npos || slash == std::string::npos || slash < eq) return false;
      history::Answered& to = t.channels[words[i].substr(0, eq)];
      if (!whole(words[i].substr(eq + 1, slash - eq - 1), to.answers) || !whole(words[i].substr(slash + 1), to.sends)) return false;
    }
    in_.tables.push_back(std::move(t));
    return true;
  }

  // v1 [#id] cart n=2 s="a b"; v1 visitor tier=gold; v1 asked for web.hero, web.side
  // v1 is v2: a merge. Behind any of them: received 10:05.
  bool record(Millis at, std::vector<std::string> words) {
    std::string out = fmt::format(R"({{"visitor":{},"at":"{}")", in_json(words[0]), base::format_instant(at));
    if (const auto received = std::find(words.begin() + 1, words.end(), "received"); received != words.end()) {
      std::vector<std::string> time(received + 1, words.end());
      words.erase(received, words.end());
      const auto when = calendar_.take(time);
      if (!when || !time.empty() || words.size() < 2) return false;
      out += fmt::format(R"(,"received":"{}")", base::format_instant(*when));
      in_.histories = true;
    }
    std::size_t i = 1;
    if (words.size() == 3 && words[1] == "is") {
      in_.records += out + R"(,"merges":)" + in_json(words[2]) + "}\n";
      return in_.histories = true;
    }
    if (words[i].front() == '#') out += R"(,"id":)" + in_json(words[i++].substr(1));
    if (i >= words.size()) return false;
    if (words[i] == "asked" && i + 2 < words.size() && words[i + 1] == "for") {
      out += R"(,"asked_for":[)";
      for (std::size_t w = i + 2; w < words.size(); ++w) {
        std::string slot = words[w];
        const bool more = slot.ends_with(',');
        if (more) slot.pop_back();
        if (more != (w + 1 < words.size())) return false;
        out += in_json(slot) + (more ? "," : "");
      }
      in_.records += out + "]}\n";
      return true;
    }
    out += R"(,"event":)" + (words[i] == "visitor" ? "\"visitor updated\"" : in_json(words[i])) + R"(,"fields":{)";
    for (std::size_t w = i + 1; w < words.size(); ++w) {
      const std::string& word = words[w];
      const bool quoted = word.front() == '"';  // "time zone"=UTC
      const std::size_t eq = word.find('=', quoted ? word.find('"', 1) : 0);
      if (eq == std::string::npos || eq == 0) return false;
      out += (w > i + 1 ? "," : "") + in_json(word.substr(0, eq)) + ":" + in_json(word.substr(eq + 1));
    }
    in_.records += out + "}}\n";
    return true;
  }

  const Calendar& calendar_;
  std::vector<std::string>& faults_;
  Input in_;
};

struct EngineName { cli::EngineKind kind; const char* name; };

class Corpus {
 public:
  explicit Corpus(std::string only) : only_(std::move(only)) {
    engines_ = {{cli::EngineKind::Reference, "reference"}, {cli::EngineKind::Interp, "interpreter"}};
    if (jit::llvm_version() != "none") engines_.push_back({cli::EngineKind::Jit, "JIT"});
  }

  void file(const fs::path& path) {
    const CaseFile f = read_cases(path.string());
    ++files_;
    for (const std::string& fault : f.faults) {
      ++failing_;
      fmt::print("FAIL {}:{}\n", f.path, fault);
    }
    for (const Case& c : f.cases) {
      if (c.title.find(only_) == std::string::npos) continue;
      ++cases_;
      const std::string wrong = run(c);
      if (wrong.empty()) continue;
      ++failing_;
      fmt::print("FAIL {}:{} {}\n{}", f.path, c.line, c.title, wrong);
    }
  }

  int finish() const {
    fmt::print("conformance: {} cases in {} files, {} failing\n", cases_, files_, failing_);
    return failing_ > 0 || cases_ == 0 ? 1 : 0;
  }

 private:
  std::string run(const Case& c) const {
    std::vector<driver::File> rules;
    for (const RuleFile& r : c.rules) rules.push_back({r.name, r.text});
    const auto pack = driver::compile({"catalog.yaml", c.catalog}, std::move(rules), false);
    if (!c.events) return said(c, *pack);
    if (!pack->plan) return "  does not compile:\n" + messages(*pack);
    const auto zone = base::Zone::find(pack->catalog.zone);
    const Calendar calendar(zone.value_or(base::Zone::utc()), c.day);
    std::vector<std::string> faults;
    const Input input = Inputs(calendar, faults).read(*c.events);
    const std::vector<Answer> expected = expected_answers(c.expected, calendar, faults);
    std::string out;
    for (const std::string& f : faults) out += "  " + f + "\n";
    if (!out.empty()) return out;
    std::vector<std::string> lines, wrong;
    for (const EngineName& e : engines_) {
      lines.push_back({});
      const std::vector<Answer> got = answers(*pack, input, e.kind, calendar, lines.back());
      wrong.push_back(difference(expected, got));
    }
    for (std::size_t i = 0; i < engines_.size(); ++i) {
      if (std::find(wrong.begin(), wrong.begin() + static_cast<std::ptrdiff_t>(i), wrong[i]) != wrong.begin() + static_cast<std::ptrdiff_t>(i)) continue;
      std::string who;
      for (std::size_t j = i; j < engines_.size(); ++j)
        if (wrong[j] == wrong[i]) who.append(who.empty() ? "" : ", ").append(engines_[j].name);
      if (!wrong[i].empty()) out += fmt::format("  {} (- expected, + got):\n{}", who, wrong[i]);
    }
    if (!out.empty()) {
      for (std::size_t i = 0; i < engines_.size(); ++i)
        if (wrong[i].empty()) out += fmt::format("  {}: as expected\n", engines_[i].name);
      return out;
    }
    for (std::size_t i = 1; i < engines_.size(); ++i)
      if (lines[i] != lines[0]) return fmt::format("  as expected, but the {} and the {} do not write the same:\n{}{}", engines_[0].name, engines_[i].name, lines[0], lines[i]);
    return "";
  }

  // `error PK2301`, `warning PK3001`: all errors, in order, and, if one is named, all warnings. `compiles`: no error; `compiles without warnings`.
  static std::string said(const Case& c, const driver::Pack& pack) {
    std::vector<std::string> wanted, got;
    for (const Line& l : c.expected)
      if (const std::string text = collapsed(l.text); !text.empty() && text.front() != '#') wanted.push_back(text);
    const bool warned = std::any_of(wanted.begin(), wanted.end(), [](const std::string& w) { return w.find("warning") != std::string::npos; });
    for (const diag::Diagnostic& d : pack.diagnostics.all()) {
      const bool error = diag::code_severity(d.code) == diag::Severity::Error;
      if (error || warned) got.push_back((error ? "error " : "warning ") + std::string(diag::code_text(d.code)));
    }
    if (got.empty()) got.push_back(warned ? "compiles without warnings" : "compiles");
    if (got == wanted) return "";
    std::string out = "  the compiler (- expected, + got):\n";
    for (const std::string& w : wanted) out += "    - " + w + "\n";
    for (const std::string& g : got) out += "    + " + g + "\n";
    return out + messages(pack);
  }

  static std::string messages(const driver::Pack& pack) {
    std::string out;
    for (const diag::Diagnostic& d : pack.diagnostics.all()) out += diag::render_text(d, pack.sources, false);
    return out.ends_with('\n') ? out : out + "\n";
  }

  static std::vector<Answer> answers(const driver::Pack& pack, const Input& input, cli::EngineKind engine, const Calendar& calendar, std::string& lines) {
    std::vector<Answer> out;
    const auto about = [&](std::string line) { out.push_back({0, std::move(line), "", {}, false, "", ""}); };
    base::Texts texts;
    plan::preload(texts, *pack.plan);
    const catalog::Source* source = input.source.empty() ? nullptr : pack.catalog.source(input.source);
    if (!input.source.empty() && !source) return about("error: no source " + input.source), out;
    ingest::Opened opened = ingest::open_text(input.records, pack.catalog, source, texts);
    if (!opened.reader) return about("error: " + opened.error), out;
    cli::ReplayOptions options;
    options.engine = engine;
    options.keep = engine::Keep::All;
    options.any_order = input.any_order;
    options.until = input.until;
    options.tables = input.tables;
    options.histories = input.histories;
    options.outages = input.outages;
    options.afresh = input.histories && engine == cli::EngineKind::Interp;  // that the short way and the long one agree
    const cli::ReplayResult r = cli::replay(pack, *opened.reader, texts, options, [&](std::string_view line) {
      lines.append(line).append("\n");
      out.push_back(answer_of_json(line, calendar));
    });
    if (!r.error.empty()) about("error: " + r.error);
    for (std::size_t i = 0; i < ingest::kRejects; ++i)
      if (const auto n = opened.reader->counts().by_reject[i]; n > 0) about(fmt::format("rejected: {} {}", n, ingest::reject_name(static_cast<ingest::Reject>(i))));
    if (r.out_of_order > 0) about(fmt::format("out of order: {}", r.out_of_order));
    if (r.duplicates > 0) about(fmt::format("duplicates: {}", r.duplicates));
    if (r.after_until > 0) about(fmt::format("after until: {}", r.after_until));
    return out;
  }

  std::string only_;
  std::vector<EngineName> engines_;
  std::size_t cases_ = 0, files_ = 0, failing_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::string only;
  std::vector<fs::path> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--only" && i + 1 < argc) {
      only = argv[++i];
    } else if (fs::is_directory(arg)) {
      for (const auto& e : fs::recursive_directory_iterator(arg))
        if (e.path().extension() == ".conf") paths.push_back(e.path());
    } else {
      paths.emplace_back(arg);
    }
  }
  if (paths.empty()) {
    fmt::print(stderr, "usage: polku_conformance [--only TEXT] FILE_OR_FOLDER…\n");
    return 2;
  }
  std::sort(paths.begin(), paths.end());
  Corpus corpus(only);
  for (const fs::path& p : paths) corpus.file(p);
  return corpus.finish();
}
