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

std::uint32_t Sources::add(std::string name, Text text) {
  files_.push_back({std::move(name), std::move(text), std::make_unique<Lines>()});
  return static_cast<std::uint32_t>(files_.size() - 1);
}

void Sources::place(std::uint32_t section, std::uint32_t file, std::uint32_t begin) {
  const std::size_t at = section - kFirstSection;
  if (at >= sections_.size()) sections_.resize(at + 1);
  sections_[at] = {file, begin};
}

Span Sources::absolute(Span span) const {
  if (span.file < kFirstSection) return span;
  const Section& section = sections_[span.file - kFirstSection];
  return {section.file, section.begin + span.begin, section.begin + span.end};
}

const std::vector<std::uint32_t>& Sources::line_starts(const File& file) const {
  std::call_once(file.lines->found, [&] {
    std::vector<std::uint32_t>& starts = file.lines->starts;
    starts.push_back(0);
    const std::string& text = *file.text;
    for (std::size_t i = 0; i < text.size(); ++i)
      if (text[i] == '\n') starts.push_back(static_cast<std::uint32_t>(i + 1));
  });
  return file.lines->starts;
}

Position Sources::position(std::uint32_t file, std::uint32_t offset) const {
  const Span place = absolute({file, offset, offset});
  const File& f = files_[place.file];
  const std::vector<std::uint32_t>& starts = line_starts(f);
  const std::string& text = *f.text;
  const std::size_t at = std::min<std::size_t>(place.begin, text.size());
  const auto next = std::upper_bound(starts.begin(), starts.end(), at);
  const auto line = static_cast<std::size_t>(next - starts.begin());
  std::size_t start = starts[line - 1];
  // A byte order mark is nothing an editor counts.
  if (line == 1 && text.starts_with("\xEF\xBB\xBF")) start = std::min<std::size_t>(3, at);
  return {line, characters(std::string_view(text).substr(start), at - start) + 1};
}

std::string_view Sources::line_text(std::uint32_t file, std::size_t line) const {
  const File& f = files_[absolute({file, 0, 0}).file];
  const std::vector<std::uint32_t>& starts = line_starts(f);
  if (line == 0 || line > starts.size()) return {};
  const std::size_t start = starts[line - 1];
  std::string_view text = std::string_view(*f.text).substr(start);
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace polku::diag
