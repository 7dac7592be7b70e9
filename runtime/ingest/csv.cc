#include "runtime/ingest/csv.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace polku::ingest {
namespace {

// The highest bit of each of eight bytes that is c, the first byte lowest.
std::uint64_t equal_bytes(const char* eight, char c) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u, kLow = 0x7F * kOnes;
  std::uint64_t word;
  std::memcpy(&word, eight, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  word ^= kOnes * static_cast<unsigned char>(c);
  return ~(((word & kLow) + kLow) | word | kLow);
}

}  // namespace

Csv::Got Csv::next() {
  while (true) {
    input_->consume(consume_);
    line_ += lines_;
    if (skip_) input_->skip_line();
    consume_ = lines_ = 0;
    skip_ = false;
    const std::size_t end = input_->line_end(0);
    if (end == std::string_view::npos) return fault(Got::TooLong, 0, 1, true);
    const std::string_view window = input_->window();
    if (window.empty()) return Got::End;
    std::string_view row = window.substr(0, end);
    consume_ = std::min(end + 1, window.size());
    lines_ = 1;
    if (row.ends_with('\r')) row.remove_suffix(1);
    if (row.empty()) continue;
    if (std::memchr(row.data(), '"', row.size())) return quoted(end);
    if (row.size() > kLongest) return fault(Got::TooLong, consume_, 1, false);
    raw_ = row;
    split(row);
    return Got::Row;
  }
}

// Eight bytes at a time (Warren, Hacker's Delight, 6-1): behind the row there are kPadding bytes to read.
void Csv::split(std::string_view row) {
  cells_.clear();
  const char *from = row.data(), *const end = from + row.size();
  for (const char* eight = from; eight < end; eight += 8) {
    for (std::uint64_t commas = equal_bytes(eight, ','); commas != 0; commas &= commas - 1) {
      const char* const at = eight + std::countr_zero(commas) / 8;
      if (at >= end) break;
      cells_.emplace_back(from, static_cast<std::size_t>(at - from));
      from = at + 1;
    }
  }
  cells_.emplace_back(from, static_cast<std::size_t>(end - from));
}

Csv::Got Csv::fault(Got what, std::size_t consume, std::uint64_t lines, bool skip) {
  raw_ = input_->window().substr(0, 400);
  raw_ = raw_.substr(0, raw_.find_first_of("\r\n"));
  consume_ = consume;
  lines_ = lines;
  skip_ = skip;
  return what;
}

Csv::Got Csv::quoted(std::size_t first_line_end) {
  enum class At { Start, Plain, Quoted, Closed, ClosedReturn } at = At::Start;
  pieces_.clear();
  Piece piece;
  std::size_t i = 0;
  std::uint64_t newlines = 0;
  auto ends = [&](std::size_t where) {
    piece.end = where;
    pieces_.push_back(piece);
    piece = {};
  };
  bool row_ends = false;
  while (!row_ends) {
    std::string_view window = input_->window();
    if (i > kLongest + 2) {
      if (at != At::Quoted) return fault(Got::TooLong, i, newlines + 1, true);
      return fault(Got::BadQuote, std::min(first_line_end + 1, window.size()), 1, false);
    }
    if (i == window.size()) {
      if (input_->more()) continue;
      window = input_->window();
      if (at == At::Quoted) return fault(Got::BadQuote, std::min(first_line_end + 1, window.size()), 1, false);
      if (at == At::Start || at == At::Plain) ends(i > piece.begin && window[i - 1] == '\r' ? i - 1 : i);
      consume_ = i;
      lines_ = newlines + 1;
      break;
    }
    const char c = window[i];
    switch (at) {
      case At::Start:
        piece.begin = i;
        if (c == '"') {
          at = At::Quoted;
          piece.begin = i + 1;
          break;
        }
        at = At::Plain;
        [[fallthrough]];
      case At::Plain:
        if (c == ',') {
          ends(i);
          piece.begin = i + 1;
          at = At::Start;
        } else if (c == '\n') {
          ends(i > piece.begin && window[i - 1] == '\r' ? i - 1 : i);
          row_ends = true;
        }
        break;
      case At::Quoted: {
        const std::size_t farthest = std::min(window.size(), kLongest + 3);  // so that no reading in larger pieces finds more
        const void* quote = std::memchr(window.data() + i, '"', farthest - i);
        const std::size_t to = quote ? static_cast<std::size_t>(static_cast<const char*>(quote) - window.data()) : farthest;
        newlines += static_cast<std::uint64_t>(std::count(window.begin() + static_cast<std::ptrdiff_t>(i), window.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
        i = to;
        if (!quote) continue;
        at = At::Closed;
        piece.end = i;
        break;
      }
      case At::Closed:
      case At::ClosedReturn:
        if (c == '"' && at == At::Closed) {
          piece.doubled = true;
          at = At::Quoted;
        } else if (c == ',' && at == At::Closed) {
          ends(piece.end);
          piece.begin = i + 1;
          at = At::Start;
        } else if (c == '\r' && at == At::Closed) {
          at = At::ClosedReturn;
        } else if (c == '\n') {
          ends(piece.end);
          row_ends = true;
        } else {
          return fault(Got::BadQuote, i, newlines + 1, true);
        }
        break;
    }
    ++i;
  }
  if (!row_ends && (at == At::Closed || at == At::ClosedReturn)) ends(piece.end);
  if (row_ends) {
    consume_ = i;
    lines_ = newlines + 1;
  }
  raw_ = input_->window().substr(0, consume_);
  while (raw_.ends_with('\n') || raw_.ends_with('\r')) raw_.remove_suffix(1);
  if (raw_.size() > kLongest) return fault(Got::TooLong, consume_, lines_, false);
  unquote(input_->window());
  return Got::Row;
}

void Csv::unquote(std::string_view row) {
  cells_.clear();
  unquoted_.clear();
  unquoted_.reserve(consume_);  // so that no cell moves
  for (const Piece& piece : pieces_) {
    std::string_view text = row.substr(piece.begin, piece.end - piece.begin);
    if (!piece.doubled) {
      cells_.push_back(text);
      continue;
    }
    const std::size_t begin = unquoted_.size();
    for (std::size_t i = 0; i < text.size(); ++i) {
      unquoted_ += text[i];
      if (text[i] == '"') ++i;
    }
    cells_.push_back(std::string_view(unquoted_).substr(begin));
  }
}

}  // namespace polku::ingest
