// Diagnostics: what an author must be told, where, and what to do about it. Messages are values, collected in order.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace polku::diag {

// A stretch of one source file, as byte offsets [begin, end). file is an index into Sources, or the number of a section, from whose begin the
// offsets then count: what was read section by section needs no new places when text above it comes or goes.
struct Span {
  std::uint32_t file = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// 1-based; the column counts characters (code points), not bytes.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
};

inline constexpr std::uint32_t kFirstSection = 1u << 31;  // sections are numbered from here on

// The files of one compilation. Text is kept as it was read, and may be shared with other compilations (it may be invalid UTF-8: rendering replaces bad bytes). Wherever a file is asked for,
// a section may stand for the file that it is in.
class Sources {
 public:
  using Text = std::shared_ptr<const std::string>;
  std::uint32_t add(std::string name, Text text);  // name as it is shown to the author
  std::uint32_t add(std::string name, std::string text) { return add(std::move(name), std::make_shared<const std::string>(std::move(text))); }
  void place(std::uint32_t section, std::uint32_t file, std::uint32_t begin);
  const std::string& name(std::uint32_t file) const { return files_[absolute({file, 0, 0}).file].name; }
  const std::string& text(std::uint32_t file) const { return *shared_text(file); }
  const Text& shared_text(std::uint32_t file) const { return files_[absolute({file, 0, 0}).file].text; }
  std::size_t size() const { return files_.size(); }
  Span absolute(Span span) const;  // in its file
  Position position(std::uint32_t file, std::uint32_t offset) const;
  std::string_view line_text(std::uint32_t file, std::size_t line) const;  // 1-based, without the line end

 private:
  struct Lines { std::once_flag found; std::vector<std::uint32_t> starts; };
  struct File {
    std::string name;
    Text text;
    std::unique_ptr<Lines> lines;  // found when first asked for, as few files have anything to be said about
  };
  struct Section { std::uint32_t file = 0, begin = 0; };
  const std::vector<std::uint32_t>& line_starts(const File& file) const;

  std::vector<File> files_;
  std::vector<Section> sections_;
};

enum class Severity { Error, Warning };

// One enumerator per row of codes.def, e.g. Code::UnknownEvent, printed as "PK2001".
enum class Code {
#define POLKU_CODE(number, name, severity, summary) name,
#include "compiler/diag/codes.def"
#undef POLKU_CODE
};

std::string_view code_text(Code code);      // "PK2001"
std::string_view code_summary(Code code);   // the row's one-line summary, for docs/messages
Severity code_severity(Code code);
std::span<const Code> all_codes();

struct Diagnostic {
  Code code;
  Span span;             // what is underlined
  std::string message;   // what is wrong, one sentence, in the author's words; names quoted with ` `
  std::string help;      // what to do; empty if there is nothing to add
};

// Collects; never throws. The same message for the same place is taken once. Beyond `limit` errors further ones are
// only counted.
class Diagnostics {
 public:
  explicit Diagnostics(std::size_t limit = 50) : limit_(limit) {}
  void add(Code code, Span span, std::string message, std::string help = {});
  const std::vector<Diagnostic>& all() const { return list_; }
  std::size_t errors() const { return errors_; }
  std::size_t warnings() const { return warnings_; }
  bool ok() const { return errors_ == 0; }
  bool full() const { return errors_ >= limit_; }   // further errors are only counted: no need to think of help for them
  void sort(const Sources& sources);  // by file, place, code: the order of reporting

 private:
  std::vector<Diagnostic> list_;
  std::set<std::tuple<Code, std::uint32_t, std::uint32_t, std::uint32_t, std::string>> said_;
  std::size_t limit_, errors_ = 0, warnings_ = 0;
};

// error[PK2001]: There is no event `cart_updatd` in the catalog.
//   --> rules/ferry/booking.polku:12:13
//    |
// 12 |     when    cart_updatd where items more than 0
//    |             ^^^^^^^^^^^
//    = help: Did you mean `cart_updated`?
// A span of several lines is underlined on its first. `color` adds ANSI escapes.
std::string render_text(const Diagnostic& d, const Sources& sources, bool color);

// {"schema":1,"diagnostics":[{"code","severity","message","help","file","line","column","end_line","end_column"}],"errors":N,"warnings":N}
std::string render_json(const Diagnostics& d, const Sources& sources);

// The nearest of `candidates` to a misspelt name, if near enough to be offered; else empty. Deterministic: by distance
// (Damerau–Levenshtein, case-insensitive first), then in the order given.
std::string nearest(std::string_view name, std::span<const std::string> candidates);
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);  // "Did you mean `x`?" or ""

}  // namespace polku::diag
