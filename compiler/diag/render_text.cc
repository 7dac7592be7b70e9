// A diagnostic as an author reads it: the message, the line, the place underlined, the help.
#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>

#include "compiler/diag/diag.h"

namespace polku::diag {
namespace {

constexpr std::size_t kLineWidth = 160;  // columns of a source line that are shown; a longer one is cut around the place
constexpr std::size_t kBefore = 60;      // columns kept before the place then
constexpr std::size_t kTab = 4;

// One character as it is shown: never a control or a direction mark, which could make the terminal lie.
struct Cell {
  std::string text;
  std::size_t width = 1;
  std::size_t offset = 0;  // in the line, bytes
};

bool harmless(utf8proc_int32_t character) {
  const auto category = utf8proc_category(character);
  return category != UTF8PROC_CATEGORY_CC && category != UTF8PROC_CATEGORY_CF && category != UTF8PROC_CATEGORY_ZL &&
         category != UTF8PROC_CATEGORY_ZP && category != UTF8PROC_CATEGORY_CS;
}

std::vector<Cell> cells(std::string_view line) {
  std::vector<Cell> out;
  for (std::size_t i = 0; i < line.size();) {
    utf8proc_int32_t character = 0;
    const auto step = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(line.data()) + i,
                                       static_cast<utf8proc_ssize_t>(line.size() - i), &character);
    const std::size_t bytes = step > 0 ? static_cast<std::size_t>(step) : 1;
    if (line[i] == '\t') {
      out.push_back({std::string(kTab, ' '), kTab, i});
    } else if (step <= 0 || !harmless(character)) {
      out.push_back({"\xEF\xBF\xBD", 1, i});
    } else {
      const int width = utf8proc_charwidth(character);
      out.push_back({std::string(line.substr(i, bytes)), static_cast<std::size_t>(std::max(width, 0)), i});
    }
    i += bytes;
  }
  return out;
}

// Messages quote names from the file: they are made harmless too, and stay one line.
std::string shown(std::string_view text) {
  std::string out;
  for (const Cell& cell : cells(text)) {
    const char first = text[cell.offset];
    out += first == '\n' || first == '\t' ? " " : cell.text;
  }
  return out;
}

struct Excerpt { std::string line, underline; };

Excerpt excerpt(std::string_view line, std::size_t begin, std::size_t end) {
  const std::vector<Cell> all = cells(line);
  std::size_t total = 0, from = 0, width = 0;  // from, width: the place, in columns
  for (const Cell& cell : all) {
    if (cell.offset < begin) from += cell.width;
    else if (cell.offset < end) width += cell.width;
    total += cell.width;
  }
  width = std::max<std::size_t>(width, 1);
  std::size_t left = 0, right = total;  // the columns shown
  if (total > kLineWidth) {
    if (from + width > kLineWidth - 1) left = from > kBefore ? from - kBefore : 0;
    left = std::min(left, total - (kLineWidth - 1));
    right = std::min(total, left + kLineWidth - (left > 0 ? 1 : 0));
    if (right < total) --right;
  }
  Excerpt out;
  std::size_t column = 0, mark = 0, carets = 0;
  if (left > 0) out.line += "…", mark += 1;
  for (const Cell& cell : all) {
    const std::size_t next = column + cell.width;
    if (column >= left && next <= right) {
      out.line += cell.text;
      if (cell.offset < begin) mark += cell.width;
      else if (cell.offset < end) carets += cell.width;
    }
    column = next;
  }
  if (right < total) out.line += "…";
  out.underline = std::string(mark, ' ') + std::string(std::max<std::size_t>(carets, 1), '^');
  while (out.line.ends_with(' ')) out.line.pop_back();
  return out;
}

}  // namespace

std::string render_text(const Diagnostic& d, const Sources& sources, bool color) {
  const bool error = code_severity(d.code) == Severity::Error;
  const std::string_view strong = color ? (error ? "\x1b[1;31m" : "\x1b[1;33m") : "";
  const std::string_view bold = color ? "\x1b[1m" : "", dim = color ? "\x1b[34m" : "", plain = color ? "\x1b[0m" : "";

  const Span place = sources.absolute(d.span);
  const std::string& text = sources.text(place.file);
  const Position at = sources.position(place.file, place.begin);
  std::string_view line = sources.line_text(place.file, at.line);
  const auto start = static_cast<std::size_t>(line.data() - text.data());
  const auto in_line = [&](std::uint32_t offset) { return std::clamp<std::size_t>(offset, start, start + line.size()) - start; };
  std::size_t begin = in_line(place.begin), end = std::max(begin, in_line(place.end));
  // What runs on over the line's end is underlined up to its last letter.
  while (end > begin + 1 && (line[end - 1] == ' ' || line[end - 1] == '\t')) --end;
  if (at.line == 1 && line.starts_with("\xEF\xBB\xBF")) {
    line.remove_prefix(3);
    begin -= std::min<std::size_t>(begin, 3);
    end -= std::min<std::size_t>(end, 3);
  }
  const Excerpt e = excerpt(line, begin, end);

  const std::string number = fmt::format("{}", at.line), pad(number.size(), ' ');
  std::string out = fmt::format("{}{}[{}]{}{}: {}{}\n", strong, error ? "error" : "warning", code_text(d.code), plain, bold,
                                shown(d.message), plain);
  out += fmt::format("{}{}-->{} {}:{}:{}\n", pad, dim, plain, shown(sources.name(place.file)), at.line, at.column);
  out += fmt::format("{}{} |{}\n", dim, pad, plain);
  out += fmt::format("{}{} |{}{}{}\n", dim, number, plain, e.line.empty() ? "" : " ", e.line);
  out += fmt::format("{}{} |{} {}{}{}\n", dim, pad, plain, strong, e.underline, plain);
  if (!d.help.empty()) out += fmt::format("{}{} ={} {}help:{} {}\n", dim, pad, plain, bold, plain, shown(d.help));
  return out;
}

}  // namespace polku::diag
