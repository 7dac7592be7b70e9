// The lexer of grammar/Polku.g4, by hand: ANTLR's own takes a third of the time of a parse. Which words there are and what a name is made of is
// read from the grammar's tables; tests/unit compares the two on everything there is. Inside compiler/syntax only.
#pragma once
#include <cstdint>
#include <string_view>

#include "compiler/syntax/input.h"

namespace polku::syntax {

// UTF-8 without control characters, as readable() has seen to.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // The next token, comments and blanks skipped: its type as PolkuLexer numbers them, its bytes, and whether it is the first of its line.
  // At the end it is kEndOfText, again and again.
  Token next();
  void skip_to(std::size_t at) { at_ = at; }  // the rest of what next() gave last; no line ends there

 private:
  int word();
  int digits();
  int string();
  int bar();
  int sign(char c);
  unsigned char byte(std::size_t at) const { return at < text_.size() ? static_cast<unsigned char>(text_[at]) : '\0'; }
  bool digit(std::size_t at) const { return byte(at) >= '0' && byte(at) <= '9'; }
  bool line_ends(std::size_t at) const { return at >= text_.size() || text_[at] == '\n' || text_[at] == '\r'; }
  std::size_t line_end(std::size_t at) const;

  std::string_view text_;
  std::size_t at_ = 0;
  bool new_line_ = true;
};

}  // namespace polku::syntax
