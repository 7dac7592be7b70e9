// Rows of CSV (RFC 4180). Inside the ingest stage only.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/ingest/input.h"

namespace polku::ingest {

// A quote opens only at the begin of a field; elsewhere it is text. Lines that are empty are no rows. After a row that cannot be
// read the next one begins on the next line: where a quote is never closed on the line after the one that the row began on.
class Csv {
 public:
  explicit Csv(Input& input) : input_(&input) {}
  enum class Got { Row, BadQuote, TooLong, End };
  Got next();
  bool at_hand() const { return input_->holds_line(consume_); }  // a line stands behind the last row, as far as can be told without reading it
  // Of the last row; valid until the next call.
  const std::vector<std::string_view>& cells() const { return cells_; }
  std::string_view raw() const { return raw_; }  // as it stands in the input; of a faulty row only its begin
  std::uint64_t line() const { return line_; }   // the row's first, from 1
  std::uint64_t bytes() const { return input_->consumed() + consume_; }

 private:
  struct Piece {
    std::size_t begin = 0, end = 0;
    bool doubled = false;  // has doubled quotes
  };
  void split(std::string_view row);
  Got quoted(std::size_t first_line_end);
  Got fault(Got what, std::size_t consume, std::uint64_t lines, bool skip);
  void unquote(std::string_view row);

  Input* input_;
  std::vector<std::string_view> cells_;
  std::vector<Piece> pieces_;
  std::string unquoted_;
  std::string_view raw_;
  std::uint64_t line_ = 1, lines_ = 0;  // lines_: of the last row, counted when the next one is asked for
  std::size_t consume_ = 0;             // bytes of it
  bool skip_ = false;                   // and then the rest of that line
};

}  // namespace polku::ingest
