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

// ---- words ----

void Layout::put_text(std::string text, bool glued_before, bool glued_behind) {
  if (!fresh_ && !glued_before) page_.blank();
  page_.text(std::move(text));
  fresh_ = glued_behind;
}

void Layout::comments_behind(std::size_t at) {
  for (const Comment& comment : around_[at].after) {
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
  put_text(std::string(text), one_of(text, kBefore), one_of(text, kBehind));
  if (at != last_) comments_behind(at);
}

// The words first to last, some of them in parts.
void Layout::words(std::size_t first, std::size_t last, const std::vector<Part>& parts) {
  auto part = parts.begin();
  for (std::size_t at = first; at <= last;) {
    if (at != first || at == 0 || last_ == 0 || fresh_) {
    }
    if (part != parts.end() && part->first == at) {
      put(*part);
      at = part->last + 1;
      ++part;
    } else {
      put_word(at++);
    }
  }
}

}  // namespace polku::format
