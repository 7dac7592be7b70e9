#include "tests/conformance/case_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string_view>

#include "runtime/base/time.h"

namespace polku::conformance {

namespace {

constexpr std::string_view kMonday = "2026-03-02";

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// Rules without a journey are those of the journey "J"; segments and guarantees stay outside of it.
std::string in_journey(const std::vector<Line>& lines) {
  std::string outside, inside, all;
  bool block = false, whole = false;
  for (const Line& l : lines) {
    all += l.text + "\n";
    whole = whole || l.text.starts_with("journey ");
    block = block || l.text.starts_with("segment ") || l.text.starts_with("guarantee ");
    (block ? outside : inside) += l.text + "\n";
    const std::string text = collapsed(l.text);
    if (block && (text == "end" || text.ends_with(" end"))) block = false;
  }
  if (whole) return all;
  return outside + "journey \"J\"\n" + inside + "end\n";
}

class Reader {
 public:
  explicit Reader(const std::string& path) {
    file_.path = path;
    day_ = *base::parse_date(kMonday);
  }

  CaseFile read() {
    std::ifstream in(file_.path, std::ios::binary);
    if (!in) fault("cannot be read");
    for (std::string text; std::getline(in, text);) {
      ++number_;
      if (!text.empty() && text.back() == '\r') text.pop_back();
      take(std::move(text));
    }
    finish();
    return std::move(file_);
  }

 private:
  void take(std::string text) {
    if (text.starts_with("=== ")) {
      finish();
      head(text.substr(4));
    } else if (where_ == In::Catalog) {
      catalog_ += text + "\n";
    } else if (where_ == In::Case) {
      if (text.starts_with("---")) parts_.push_back({text == "---" ? "" : collapsed(text.substr(3)), {}});
      else parts_.back().lines.push_back({number_, std::move(text)});
    } else if (!text.empty() && text.front() != '#') {
      fault("a line that belongs to no case");
    }
  }

  void head(const std::string& text) {
    if (text == "catalog") {
      where_ = In::Catalog;
      catalog_.clear();
    } else if (text.starts_with("day ")) {
      where_ = In::Nothing;
      if (const auto day = base::parse_date(text.substr(4))) day_ = *day;
      else fault("no date: " + text);
    } else if (text.starts_with("case ")) {
      where_ = In::Case;
      case_ = {};
      case_.line = number_;
      case_.title = collapsed(text.substr(5));
      parts_.assign(1, {"", {}});
    } else {
      where_ = In::Nothing;
      fault("neither a catalog, a day nor a case: " + text);
    }
  }

  void finish() {
    if (where_ != In::Case) return;
    where_ = In::Nothing;
    case_.catalog = catalog_;
    case_.day = day_;
    std::size_t at = 1;
    std::vector<Line> first = std::move(parts_[0].lines);
    case_.rules.push_back({"a.polku", in_journey(first)});
    for (; at < parts_.size() && !parts_[at].name.empty(); ++at) case_.rules.push_back({parts_[at].name, in_journey(parts_[at].lines)});
    if (parts_.size() - at == 2) case_.events = std::move(parts_[at++].lines);
    if (parts_.size() - at == 1) case_.expected = std::move(parts_[at].lines);
    else return fault("a case is rules --- events --- decisions, or rules --- what the compiler says: " + case_.title);
    file_.cases.push_back(std::move(case_));
  }

  void fault(const std::string& what) { file_.faults.push_back(fmt::format("{}: {}", number_, what)); }

  enum class In { Nothing, Catalog, Case };
  struct Part {
    std::string name;  // of a further rule file
    std::vector<Line> lines;
  };
  CaseFile file_;
  std::size_t number_ = 0;
  std::int64_t day_ = 0;
  In where_ = In::Nothing;
  std::string catalog_;
  Case case_;
  std::vector<Part> parts_;
};

}  // namespace

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> out;
  std::string word;
  bool quoted = false;
  int brackets = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '\\' && i + 1 < line.size()) {
      word += c;
      word += line[++i];
      continue;
    }
    if (c == '"') quoted = !quoted;
    if (!quoted) brackets += c == '[' ? 1 : c == ']' ? -1 : 0;
    if (blank(c) && !quoted && brackets <= 0) {
      if (!word.empty()) out.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}

std::string collapsed(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (!blank(c)) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

CaseFile read_cases(const std::string& path) { return Reader(path).read(); }

}  // namespace polku::conformance
