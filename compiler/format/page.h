// A page being filled: texts, and places where a line may end. A group stays on one line if it fits, else all of its own places
// become line ends. Inside compiler/format only.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace polku::format {

std::size_t width(std::string_view text);  // in characters

class Page {
 public:
  void text(std::string text) { add(Kind::Text, std::move(text)); }
  void blank() { add(Kind::Blank); }
  void fill(std::size_t column) { add(Kind::Fill, {}, column); }   // blanks up to the column, one at least
  void line() { add(Kind::Line); }                                 // a blank, or a line end if its group does not fit
  void cut() { add(Kind::Cut); }                                   // a line end, unless the line is empty
  void gap() { add(Kind::Gap); }                                   // an empty line
  void note(std::string text) { add(Kind::Note, std::move(text)); add(Kind::Cut); }  // a comment, which ends its line
  void open() { add(Kind::Open); }
  void close() { add(Kind::Close); }
  void align() { add(Kind::Align); }                               // lines begin in this column, until back()
  void indent(std::size_t by) { add(Kind::Indent, {}, by); }       // lines begin further in, until back()
  void back() { add(Kind::Back); }

  std::string print(std::size_t widest) const;

 private:
  enum class Kind { Text, Note, Blank, Fill, Line, Cut, Gap, Open, Close, Align, Indent, Back };
  struct Step { Kind kind; std::string text; std::size_t number = 0, width = 0; };
  void add(Kind kind, std::string text = {}, std::size_t number = 0);
  bool fits(std::size_t at, std::size_t column, std::size_t widest) const;

  std::vector<Step> steps_;
};

}  // namespace polku::format
