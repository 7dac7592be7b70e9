// One text being parsed: its tokens, and the way to report a fault in it. Inside compiler/syntax only.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/diag/diag.h"
#include "compiler/syntax/syntax.h"

namespace polku::syntax {

inline constexpr int kEndOfText = -1;  // the type of the token that stands behind all others, as ANTLR has it

struct Token {
  int type = kEndOfText;        // as PolkuLexer numbers them
  bool first_on_line = false;
  bool bad = false;             // reported already; what contains it is not parsed
  std::uint32_t begin = 0, end = 0;
};

// Tokens [begin, end) of Input::tokens.
struct Piece {
  std::size_t begin = 0, end = 0;
};

class Input {
 public:
  Input(std::string_view text, Span whole, bool exact, const Limits& limits, diag::Diagnostics& d)
      : text_(text), whole_(whole), exact_(exact), limits_(limits), d_(d) {}

  std::string_view text() const { return text_; }
  std::string_view text(std::size_t token) const { return text_.substr(tokens[token].begin, tokens[token].end - tokens[token].begin); }
  const Limits& limits() const { return limits_; }
  Span whole() const { return whole_; }

  // The place of bytes [begin, end) of the text; of tokens first to last, last included.
  Span place(std::uint32_t begin, std::uint32_t end) const;
  Span span(std::size_t first, std::size_t last) const { return place(tokens[first].begin, tokens[last].end); }
  Span span(std::size_t token) const { return span(token, token); }
  std::size_t line(std::size_t token) const;  // from 1, within the text

  // Tokens first to last as written, without comments, every stretch of blanks a single one.
  std::string words(std::size_t first, std::size_t last);

  // A fault of syntax; those beyond Limits::errors are not reported, and parsing stops.
  void error(diag::Code code, Span span, std::string message, std::string help = {});
  bool stopped() const { return stopped_; }
  bool faulty() const { return errors_ > 0 || stopped_; }

  std::vector<Token> tokens;    // the last is always kEndOfText

 private:
  std::string_view text_;
  Span whole_;
  bool exact_;                  // the text stands at whole_ byte for byte; else every fault is reported at whole_
  const Limits& limits_;
  diag::Diagnostics& d_;
  std::size_t errors_ = 0, copied_ = 0;
  bool stopped_ = false;
};

// The text can be read at all: its size, its encoding, no control characters. Reports one error if not.
bool readable(Input& input);

// Fills input.tokens. Faults of spelling (an unclosed text, a stray character) are reported, their tokens marked bad.
void tokenise(Input& input);

// The piece is not nested deeper or longer than what recursive parsing can take. Reports one error if it is.
bool within_limits(Input& input, Piece piece);

}  // namespace polku::syntax
