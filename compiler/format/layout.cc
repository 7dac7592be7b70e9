#include "compiler/format/layout.h"

#include <algorithm>
#include <array>
#include <utility>

namespace polku::format {

using syntax::CompareOp;
using syntax::Part;
using syntax::Shape;

namespace {

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Words that would be read together with the words of a comparison before them, were it not for its sign.
bool joins_comparison(std::string_view word) {
  static constexpr std::array<std::string_view, 6> kWords{"is", "in", "one", "at", "less", "more"};
  return one_of(word, kWords);
}

const char* in_words(CompareOp op) {
  switch (op) {
    case CompareOp::Eq: return "is";
    case CompareOp::Ne: return "is not";
    case CompareOp::Lt: return "less than";
    case CompareOp::Le: return "at most";
    case CompareOp::Gt: return "more than";
    case CompareOp::Ge: return "at least";
  }
  return "";
}

const char* as_sign(CompareOp op) {
  switch (op) {
    case CompareOp::Eq: return "=";
    case CompareOp::Ne: return "!=";
    case CompareOp::Lt: return "<";
    case CompareOp::Le: return "<=";
    case CompareOp::Gt: return ">";
    case CompareOp::Ge: return ">=";
  }
  return "";
}

}  // namespace

std::string_view Layout::word(std::size_t at) const {
  return text_.substr(written_.words[at].begin, written_.words[at].end - written_.words[at].begin);
}

const Around& Layout::around(std::size_t at) const {
  static const Around kNone;
  return around_ != nullptr ? (*around_)[at] : kNone;
}

// ---- pieces ----

void Layout::piece(const Part& piece, std::size_t indent) {
  first_ = piece.first;
  last_ = piece.last;
  test_ = piece.shape == Shape::TestLine;
  fresh_ = true;
  page_.indent(indent);
  switch (piece.shape) {
    case Shape::Clause:
      clause(piece, indent);
      break;
    case Shape::Segment:
    case Shape::Guarantee:
      put_word(piece.first);
      put_word(piece.first + 1);
      new_line();
      page_.indent(2);
      content(piece, piece.first + 2);
      page_.back();
      break;
    case Shape::TestLine: {
      const bool start = word(piece.first) == "visitor";
      if (start) put_word(piece.first), page_.fill(indent + kTestTime), fresh_ = true;
      content(piece, piece.first + (start ? 1 : 0));
      break;
    }
    default:
      words(piece.first, piece.last, piece.parts);
      break;
  }
  comments_behind(piece.last);
  page_.back();
  page_.cut();
}

void Layout::clause(const Part& piece, std::size_t indent) {
  const std::string_view first = word(piece.first);
  if (first == "do") return actions(piece);
  static constexpr std::array<std::string_view, 4> kPairs{"only", "not", "hold", "stop"};
  const std::size_t keywords = one_of(first, kPairs) ? 2 : 1;
  for (std::size_t i = 0; i < keywords; ++i) put_word(piece.first + i);
  page_.fill(indent + kKeyword);
  fresh_ = true;
  content(piece, piece.first + keywords);
}

void Layout::actions(const Part& piece) {
  put_word(piece.first);
  align();
  for (std::size_t i = 0; i < piece.parts.size(); ++i) {
    if (i > 0) new_line();
    put(piece.parts[i], false);
  }
  page_.back();
}

// What stands behind the keyword: on one line, or divided at the places that divide it best.
void Layout::content(const Part& piece, std::size_t from) {
  align();
  page_.open();
  words(from, piece.last, piece.parts, true);
  page_.close();
  page_.back();
}

// ---- words ----

void Layout::put_text(std::string text, bool glued_before, bool glued_behind) {
  if (!fresh_ && !glued_before) page_.blank();
  page_.text(std::move(text));
  fresh_ = glued_behind;
}

void Layout::align() {
  if (!fresh_) page_.blank();
  fresh_ = true;
  page_.align();
}

void Layout::new_line() {
  page_.cut();
  fresh_ = true;
}

void Layout::comments_above(std::size_t at) {
  for (const Comment& comment : around(at).before) {
    page_.cut();
    page_.note(comment.text);
    fresh_ = true;
  }
}

void Layout::comments_behind(std::size_t at) {
  for (const Comment& comment : around(at).after) {
    page_.blank();
    page_.blank();
    page_.note(comment.text);
    fresh_ = true;
  }
}

void Layout::put_word(std::size_t at) {
  static constexpr std::array<std::string_view, 6> kBefore{",", ".", ")", "]", ":", "%"};
  static constexpr std::array<std::string_view, 3> kBehind{"(", "[", "."};
  const std::string_view text = word(at);
  if (at != first_) comments_above(at);
  put_text(std::string(text), one_of(text, kBefore), one_of(text, kBehind));
  if (at != last_) comments_behind(at);
}

void Layout::words(std::size_t first, std::size_t last, const std::vector<Part>& parts, bool shared) {
  auto part = parts.begin();
  for (std::size_t at = first; at <= last;) {
    if (part != parts.end() && part->first == at) {
      put(*part, shared);
      at = part++->last + 1;
    } else {
      put_word(at++);
    }
  }
}

// ---- parts ----

void Layout::put(const Part& part, bool shared) {
  switch (part.shape) {
    case Shape::Or:
    case Shape::And: return chain(part);
    case Shape::Items:
      if (!shared) page_.open();
      list(part);
      if (!shared) page_.close();
      return;
    case Shape::Steps: return steps(part);
    case Shape::Tail:
    case Shape::With:
      page_.line();
      fresh_ = true;
      return words(part.first, part.last, part.parts);
    case Shape::Act: return act(part);
    case Shape::Table: return table(part);
    case Shape::Operator: return comparison(part);
    case Shape::CellOperator: return cell_operator(part);
    case Shape::Filler: return;
    case Shape::Sign:
      comments_above(part.first);
      put_text("-", false, true);
      return comments_behind(part.first);
    default: return words(part.first, part.last, part.parts);
  }
}

// `a and b`: `and` begins the lines.
void Layout::chain(const Part& part) {
  align();
  page_.open();
  for (std::size_t i = 0; i < part.parts.size(); ++i) {
    const Part& item = part.parts[i];
    if (i > 0) {
      page_.line();
      fresh_ = true;
      put_word(part.parts[i - 1].last + 1);
    }
    words(item.first, item.last, item.parts);
  }
  page_.close();
  page_.back();
}

// `a, b`: commas end the lines. Events and parameters have a line each; of short values as many stand on a line as fit.
void Layout::list(const Part& part) {
  const bool dense = test_ || (part.first > 0 && word(part.first - 1) == "[");
  align();
  for (std::size_t i = 0; i < part.parts.size(); ++i) {
    const Part& item = part.parts[i];
    words(item.first, item.last, item.parts);
    if (i + 1 == part.parts.size()) break;
    put_word(item.last + 1);
    if (dense) page_.open();
    page_.line();
    if (dense) page_.close();
    fresh_ = true;
  }
  page_.back();
}

void Layout::steps(const Part& part) {
  page_.indent(2);
  page_.line();
  fresh_ = true;
  list(part);
  page_.back();
}

void Layout::act(const Part& part) {
  align();
  page_.open();
  words(part.first, part.last, part.parts);
  page_.close();
  page_.back();
}

void Layout::comparison(const Part& part) {
  const std::string_view sign = word(part.first);
  const std::string_view subject = part.first > 0 ? word(part.first - 1) : std::string_view();
  const bool of_visitor = (subject == "visitor" || subject == "`visitor`") && (sign == "=" || sign == "!=");  // `visitor is x` would mean another thing
  if (of_visitor || joins_comparison(word(part.last + 1))) return words(part.first, part.last, {});
  comments_above(part.first);
  put_text(in_words(part.op));
  comments_behind(part.first);
  for (std::size_t at = part.first + 1; at <= part.last; ++at) {
    comments_above(at);
    comments_behind(at);
  }
}

// ---- tables ----

void Layout::cell_operator(const Part& part) {
  if (part.op != CompareOp::Eq || joins_comparison(word(part.last + 1))) put_text(as_sign(part.op));
}

// The texts of a row's cells.
std::vector<std::string> Layout::row(const Part& part) {
  std::vector<std::string> cells;
  for (const Part& cell : part.parts) {
    Page line;
    Layout layout(text_, written_, nullptr, line);
    layout.words(cell.first, cell.last, cell.parts);
    std::string text = line.print(static_cast<std::size_t>(-1) / 2);
    if (text.ends_with('\n')) text.pop_back();
    cells.push_back(std::move(text));
  }
  return cells;
}

void Layout::table(const Part& part) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> widths;
  for (const Part& each : part.parts) {
    rows.push_back(row(each));
    widths.resize(std::max(widths.size(), rows.back().size()), 0);
    for (std::size_t i = 0; i < rows.back().size(); ++i) widths[i] = std::max(widths[i], width(rows.back()[i]));
  }
  put_word(part.first);  // `choose`
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Part& each = part.parts[r];
    for (std::size_t at = each.first; at < each.last; ++at) {
      comments_above(at);
      for (const Comment& comment : around(at).after) new_line(), page_.note(comment.text);
    }
    comments_above(each.last);
    new_line();
    std::string line = "|";
    for (std::size_t i = 0; i < rows[r].size(); ++i) line.append(" ").append(rows[r][i]).append(widths[i] - width(rows[r][i]) + 1, ' ').append("|");
    put_text(std::move(line));
    if (each.last != last_) comments_behind(each.last);
  }
}

}  // namespace polku::format
