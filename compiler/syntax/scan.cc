#include "compiler/syntax/scan.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "compiler/syntax/antlr.h"

namespace polku::syntax {

namespace {

using L = PolkuLexer;
using antlr4::atn::ATNState;
using antlr4::atn::Transition;

// What the tables of the grammar say of words: the fixed ones with their types, and the characters of a name.
class Lexicon {
 public:
  static const Lexicon& get() {
    static const Lexicon all;
    return all;
  }

  // L::NAME for a word that is not fixed.
  int type(std::string_view word) const {
    if (word.size() > kLongest) return L::NAME;
    for (std::size_t at = place(word);; at = (at + 1) % kPlaces) {
      const Fixed& fixed = places_[at];
      if (fixed.type == 0) return L::NAME;
      if (fixed.word == word) return fixed.type;
    }
  }
  bool starts(char32_t c) const { return c < 0x80 ? ascii_[c] == 2 : has(first_, c); }
  bool goes_on(char32_t c) const { return c < 0x80 ? ascii_[c] != 0 : has(more_, c); }
  bool ascii_goes_on(unsigned char c) const { return ascii_[c] != 0; }  // false for every byte of other characters

 private:
  struct Fixed { std::string word; int type = 0; };
  struct Range { char32_t from, to; };
  static constexpr std::size_t kPlaces = 1024, kLongest = 16;

  Lexicon() {
    antlr4::ANTLRInputStream nothing("");
    PolkuLexer lexer(&nothing);
    const antlr4::atn::ATN& atn = lexer.getATN();
    for (std::size_t rule = 0; rule < atn.ruleToTokenType.size(); ++rule) {
      const auto type = static_cast<int>(atn.ruleToTokenType[rule]);
      std::string spelled;
      if (type >= L::JOURNEY && type <= L::MONTH) spell(atn.ruleToStartState[rule], spelled, type);
      if (type == L::NAME) {
        std::vector<ATNState*> behind;
        first_ = characters({atn.ruleToStartState[rule]}, behind);
        more_ = characters(behind, behind);
      }
    }
    for (std::size_t c = 0; c < 0x80; ++c) ascii_[c] = has(first_, static_cast<char32_t>(c)) ? 2 : has(more_, static_cast<char32_t>(c)) ? 1 : 0;
  }

  // All words that lead from the state to the end of its rule. The rules of fixed words have no loops.
  void spell(ATNState* from, std::string& so_far, int type) {
    if (from->getStateType() == ATNState::RULE_STOP) return add(so_far, type);
    for (const Transition* t : from->transitions) {
      if (t->isEpsilon()) {
        spell(t->target, so_far, type);
        continue;
      }
      so_far.push_back(static_cast<char>(t->label().getSingleElement()));
      spell(t->target, so_far, type);
      so_far.pop_back();
    }
  }
  void add(const std::string& word, int type) {
    std::size_t at = place(word);
    while (places_[at].type != 0) at = (at + 1) % kPlaces;
    places_[at] = {word, type};
  }

  // The characters that can come next from any of the states, and the states behind them.
  static std::vector<Range> characters(std::vector<ATNState*> states, std::vector<ATNState*>& behind) {
    std::vector<Range> out;
    std::vector<ATNState*> after;
    for (std::size_t i = 0; i < states.size(); ++i) {
      for (const Transition* t : states[i]->transitions) {
        if (t->isEpsilon()) {
          if (std::find(states.begin(), states.end(), t->target) == states.end()) states.push_back(t->target);
          continue;
        }
        const antlr4::misc::IntervalSet label = t->label();
        for (const auto& interval : label.getIntervals()) out.push_back({static_cast<char32_t>(interval.a), static_cast<char32_t>(interval.b)});
        after.push_back(t->target);
      }
    }
    std::sort(out.begin(), out.end(), [](const Range& a, const Range& b) { return a.from < b.from; });
    std::vector<Range> apart;
    for (const Range& r : out) {
      if (apart.empty() || r.from > apart.back().to)
        apart.push_back(r);
      else
        apart.back().to = std::max(apart.back().to, r.to);
    }
    behind = std::move(after);
    return apart;
  }

  static bool has(const std::vector<Range>& ranges, char32_t c) {
    const auto it = std::upper_bound(ranges.begin(), ranges.end(), c, [](char32_t value, const Range& r) { return value < r.from; });
    return it != ranges.begin() && c <= std::prev(it)->to;
  }
  static std::size_t place(std::string_view word) {
    const auto c = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(word[i])); };
    return (word.size() * 131 + c(0) * 37 + c(word.size() / 2) * 17 + c(word.size() - 1) * 7) % kPlaces;
  }

  std::vector<Range> first_, more_;
  std::array<unsigned char, 256> ascii_{};
  std::array<Fixed, kPlaces> places_;
};

struct Character { char32_t value; std::size_t bytes; };

Character character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F), 4};
}

constexpr unsigned char kNoBreak1 = 0xC2, kNoBreak2 = 0xA0;  // U+00A0, a blank that breaks no line

}  // namespace

std::size_t Scanner::line_end(std::size_t at) const { return std::min(text_.find_first_of("\r\n", at), text_.size()); }

Token Scanner::next() {
  for (;; ++at_) {
    const unsigned char c = byte(at_);
    if (c == '\n' || c == '\r')
      new_line_ = true;
    else if (c == '#')
      at_ = line_end(at_) - 1;
    else if (c == kNoBreak1 && byte(at_ + 1) == kNoBreak2)
      ++at_;
    else if (c != ' ' && c != '\t')
      break;
  }
  Token token;
  token.begin = token.end = static_cast<std::uint32_t>(std::min(at_, text_.size()));
  token.first_on_line = new_line_;
  new_line_ = false;
  if (at_ >= text_.size()) return token;
  const auto c = static_cast<unsigned char>(text_[at_]);
  if (c >= '0' && c <= '9')
    token.type = digits();
  else if (c == '"')
    token.type = string();
  else if (c == '|')
    token.type = bar();
  else
    token.type = word();
  token.end = token.type == L::ROW_END ? token.begin + 1 : static_cast<std::uint32_t>(at_);
  return token;
}

// A word, a name in backticks, a sign.
int Scanner::word() {
  const Lexicon& lexicon = Lexicon::get();
  const std::size_t begin = at_;
  const Character first = character(text_, at_);
  if (!lexicon.starts(first.value)) return sign(text_[at_]);
  at_ += first.bytes;
  for (;;) {
    while (lexicon.ascii_goes_on(byte(at_))) ++at_;
    if (byte(at_) < 0x80) break;
    const Character next = character(text_, at_);
    if (!lexicon.goes_on(next.value)) break;
    at_ += next.bytes;
  }
  const std::string_view word = text_.substr(begin, at_ - begin);
  const int type = lexicon.type(word);
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  return type == L::NAME && word.size() == 3 && std::all_of(word.begin(), word.end(), capital) ? L::CURRENCY : type;
}

int Scanner::digits() {
  const auto run = [&] {
    while (digit(at_)) ++at_;
  };
  const auto part = [&](char sign) {
    if (byte(at_) != static_cast<unsigned char>(sign) || !digit(at_ + 1)) return false;
    ++at_;
    run();
    return true;
  };
  run();
  if (part('.')) return L::DECIMAL;
  if (!part(':')) return L::INT;
  part(':');
  return L::TIME;
}

int Scanner::string() {
  ++at_;
  while (!line_ends(at_)) {
    if (text_[at_] == '"') return ++at_, L::STRING;
    if (text_[at_] == '\\' && !line_ends(at_ + 1)) ++at_;  // the sign behind it, or the first byte of it
    ++at_;
  }
  return L::UNCLOSED_STRING;
}

// The last of a line ends a row of a table, and the line with it.
int Scanner::bar() {
  std::size_t end = ++at_;
  while (byte(end) == ' ' || byte(end) == '\t' || (byte(end) == kNoBreak1 && byte(end + 1) == kNoBreak2)) end += byte(end) == kNoBreak1 ? 2 : 1;
  if (byte(end) == '#') end = line_end(end);
  return line_ends(end) ? L::ROW_END : L::BAR;
}

int Scanner::sign(char c) {
  if (c == '`') {
    const std::size_t end = text_.find_first_of("`\r\n", at_ + 1);
    const bool closed = end < text_.size() && text_[end] == '`';
    at_ = closed ? end + 1 : std::min(end, text_.size());
    return closed ? L::TICKED : L::UNCLOSED_TICK;
  }
  at_ += character(text_, at_).bytes;
  const auto equals = [&](int both, int alone) {
    if (byte(at_) != '=') return alone;
    ++at_;
    return both;
  };
  switch (c) {
    case '=': return equals(L::DOUBLE_EQUAL, L::EQ);
    case '!': return equals(L::NOT_EQUAL, L::STRAY);
    case '<': return equals(L::LESS_EQUAL, L::LESS_SIGN);
    case '>': return equals(L::GREATER_EQUAL, L::GREATER_SIGN);
    case '(': return L::LPAREN;
    case ')': return L::RPAREN;
    case '[': return L::LBRACKET;
    case ']': return L::RBRACKET;
    case ',': return L::COMMA;
    case '.': return L::DOT;
    case ':': return L::COLON;
    case '%': return L::PERCENT;
    case '+': return L::PLUS;
    case '-': return L::DASH;
    case '*': return L::STAR;
    case '/': return L::SLASH;
    default: return L::STRAY;
  }
}

}  // namespace polku::syntax
