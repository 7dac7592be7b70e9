#include "compiler/format/page.h"

#include <algorithm>
#include <utility>

namespace polku::format {

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void Page::add(Kind kind, std::string text, std::size_t number) {
  const std::size_t wide = width(text);
  steps_.push_back({kind, std::move(text), number, wide});
}

// The group that opens at step `at`, and what follows it up to the next place where a line may end, fit behind `column`.
bool Page::fits(std::size_t at, std::size_t column, std::size_t widest) const {
  std::size_t depth = 0;  // of groups open within; 0: behind the group
  bool behind = false;
  for (std::size_t i = at; i < steps_.size() && column <= widest; ++i) {
    const Step& step = steps_[i];
    switch (step.kind) {
      case Kind::Text: column += step.width; break;
      case Kind::Blank: ++column; break;
      case Kind::Fill: column = std::max(column + 1, step.number); break;
      case Kind::Line:
        if (behind) return true;
        ++column;
        break;
      case Kind::Note:
      case Kind::Cut:
      case Kind::Gap: return behind;
      case Kind::Open:
        if (!behind) ++depth;
        break;
      case Kind::Close:
        if (!behind) behind = --depth == 0;
        break;
      case Kind::Align: case Kind::Indent: case Kind::Back: break;
    }
  }
  return column <= widest;
}

std::string Page::print(std::size_t widest) const {
  std::string out;
  std::size_t column = 0;
  bool empty = true;                         // nothing stands on the line yet
  const std::size_t furthest = widest - widest / 4;  // where a line may begin, however deep it is nested
  std::vector<std::size_t> indents{0};
  std::vector<bool> broken;                  // of the groups that are open
  const auto end_line = [&] {
    if (empty) return;
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
    empty = true;
  };
  const auto write = [&](const std::string& text, std::size_t wide) {
    if (empty) out.append(indents.back(), ' '), column = indents.back();
    out += text;
    column += wide;
    empty = false;
  };
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    switch (step.kind) {
      case Kind::Text:
      case Kind::Note: write(step.text, step.width); break;
      case Kind::Blank:
        if (!empty) write(" ", 1);
        break;
      case Kind::Fill:
        if (!empty) write(std::string(step.number > column ? step.number - column : 1, ' '), step.number > column ? step.number - column : 1);
        break;
      case Kind::Line:
        if (!broken.empty() && broken.back()) end_line();
        else if (!empty) write(" ", 1);
        break;
      case Kind::Cut: end_line(); break;
      case Kind::Gap:
        end_line();
        if (!out.empty() && !out.ends_with("\n\n")) out += '\n';
        break;
      case Kind::Open: broken.push_back(broken.empty() || broken.back() ? !fits(i, empty ? indents.back() : column, widest) : false); break;
      case Kind::Close: broken.pop_back(); break;
      case Kind::Align: indents.push_back(std::min(empty ? indents.back() : column, furthest)); break;
      case Kind::Indent: indents.push_back(indents.back() + step.number); break;
      case Kind::Back: indents.pop_back(); break;
    }
  }
  end_line();
  return out;
}

}  // namespace polku::format
