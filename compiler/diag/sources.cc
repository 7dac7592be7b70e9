// Files, and the way from a byte offset to line and column.
#include <utf8proc.h>

#include <algorithm>
#include <utility>

#include "compiler/diag/diag.h"

namespace polku::diag {
namespace {

// Characters before `bytes[end]`; one that `end` cuts in two is not counted, a bad byte counts as one.
std::size_t characters(std::string_view bytes, std::size_t end) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < end; ++count) {
    utf8proc_int32_t character = 0;
    const auto step = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(bytes.data()) + i,
                                       static_cast<utf8proc_ssize_t>(bytes.size() - i), &character);
    i += step > 0 ? static_cast<std::size_t>(step) : 1;
    if (i > end) break;
  }
  return count;
}

}  // namespace

std::uint32_t Sources::add(std::string name, std::string text) {
  File file{std::move(name), std::move(text), {0}};
  for (std::size_t i = 0; i < file.text.size(); ++i) {
    if (file.text[i] == '\n') file.line_starts.push_back(static_cast<std::uint32_t>(i + 1));
  }
  files_.push_back(std::move(file));
  return static_cast<std::uint32_t>(files_.size() - 1);
}

Position Sources::position(std::uint32_t file, std::uint32_t offset) const {
  const File& f = files_[file];
  const std::size_t at = std::min<std::size_t>(offset, f.text.size());
  const auto next = std::upper_bound(f.line_starts.begin(), f.line_starts.end(), at);
  const auto line = static_cast<std::size_t>(next - f.line_starts.begin());
  std::size_t start = f.line_starts[line - 1];
  // A byte order mark is nothing an editor counts.
  if (line == 1 && f.text.starts_with("\xEF\xBB\xBF")) start = std::min<std::size_t>(3, at);
  return {line, characters(std::string_view(f.text).substr(start), at - start) + 1};
}

std::string_view Sources::line_text(std::uint32_t file, std::size_t line) const {
  const File& f = files_[file];
  if (line == 0 || line > f.line_starts.size()) return {};
  const std::size_t start = f.line_starts[line - 1];
  std::string_view text = std::string_view(f.text).substr(start);
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace polku::diag
