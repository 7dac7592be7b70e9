#include "compiler/syntax/outline.h"

#include <utility>

#include "compiler/syntax/slips.h"
#include "compiler/syntax/words.h"

namespace polku::syntax {

using diag::Code;
using L = PolkuLexer;

namespace {

// Words and signs after which nothing can end. A soft word counts only where it is not a name itself: directly after another
// such word it is one (`is of`, `and in`).
bool asks_for_more(int type) {
  switch (type) {
    case L::DOT: case L::COMMA: case L::COLON: case L::EQ: case L::NOT_EQUAL: case L::LESS_EQUAL: case L::GREATER_EQUAL: case L::LESS_SIGN:
    case L::GREATER_SIGN: case L::LPAREN: case L::LBRACKET: case L::PLUS: case L::DASH: case L::STAR: case L::SLASH: case L::AND: case L::OR:
    case L::IS: case L::IN: case L::OF: case L::WHERE: case L::OTHERWISE: case L::THAN: case L::SINCE: case L::BY: case L::WITH: case L::IF:
    case L::NO: case L::CONTAINS: case L::BECAUSE:
      return true;
    default:
      return is_hard(type) && type != L::GIVEN && type != L::MISSING && type != L::UNKNOWN && type != L::NOTHING && type != L::END;
  }
}

}  // namespace

Outline::Outline(Input& input, PieceParser& parser, std::vector<Part>* parts)
    : in_(input), parts_(parts), parser_(parser), build_(input), open_(input.tokens.size(), false) {
  for (std::size_t i = 0; i < in_.tokens.size(); ++i) {
    const bool after_dot = i > 0 && type(i - 1) == L::DOT;
    // Words that belong together: the second is no name.
    const bool paired = i > 0 && ((type(i) == L::IF && (type(i - 1) == L::ONLY || type(i - 1) == L::NOT)) || (type(i) == L::NO && type(i - 1) == L::THEN) ||
                                  (type(i) == L::IN && (type(i - 1) == L::IS || type(i - 1) == L::NOT)));
    open_[i] = asks_for_more(type(i)) && !after_dot && (!is_soft(type(i)) || i == 0 || paired || !open_[i - 1]);
  }
}

// ---- where something begins ----

// A hard word here is a word of the language, and not a name that lacks its backticks.
bool Outline::boundary(std::size_t at) const {
  if (at == 0) return true;
  if (type(at - 1) == L::DOT) return false;
  if (in_.tokens[at].first_on_line) return true;
  if (type(at + 1) == L::EQ) return false;
  return type(at) == L::END || !open_[at - 1];  // an unfinished clause before `end` is likelier than a name `end`
}

bool Outline::block_begins(std::size_t at) const { return is_block(type(at)) && boundary(at); }

bool Outline::clause_begins(std::size_t at, int piece_type) const {
  const int word = type(at);
  if (word == L::FROM) return from_begins(at);
  if (!is_hard(word) || !boundary(at)) return false;
  switch (word) {
    case L::NOT: return type(at + 1) == L::IF;
    case L::THEN:  // a slip for `than`: `more then 0`
      if (!in_.tokens[at].first_on_line && type(at + 1) != L::NO && type(at + 1) != L::WAIT && is_comparative(in_.text(at - 1))) return false;
      // `quiet …, then wait` has no length behind it
      return piece_type != L::QUIET || (type(at - 1) != L::COMMA && type(at + 1) != L::SKIPPED && (type(at + 1) != L::WAIT || is_number(type(at + 2))));
    case L::WHEN: return type(at - 1) != L::STOP;
    case L::DO: return type(at - 1) != L::BAR;
    case L::SHOW: return piece_type != L::DO && type(at - 1) != L::INT;
    case L::GIVEN: case L::MISSING: case L::UNKNOWN: case L::NOTHING: return false;
    default: return !is_action(word) || piece_type != L::DO;
  }
}

// `from` is a free name; what follows, and that no name can stand here, tells the clause from it.
bool Outline::from_begins(std::size_t at) const {
  const int next = type(at + 1);
  if (is_number(next) && type(at + 2) == L::MONTH) return boundary(at);
  if (!in_.tokens[at].first_on_line || (at > 0 && open_[at - 1])) return false;
  return is_number(next) || next == L::MONTH || next == L::STRING || next == L::TIME || next == L::NAME;
}

bool Outline::line_begins(std::size_t at) const {
  const int word = type(at);
  const bool new_line = in_.tokens[at].first_on_line && type(at - 1) != L::COMMA;
  if (word == L::DAY && type(at + 1) == L::INT && (type(at + 2) == L::AT || type(at + 2) == L::UNTIL)) return true;
  if ((word == L::AT || word == L::UNTIL) && type(at - 1) == L::INT && at >= 2 && type(at - 2) == L::DAY) return false;
  if ((word == L::AT || word == L::UNTIL) && type(at + 1) == L::TIME) return true;
  if (!new_line) return false;
  if (word == L::VISITOR) return type(at - 1) != L::TIME;
  if (word == L::TIME) return type(at - 1) != L::AT && type(at - 1) != L::UNTIL;
  if (is_hard(word)) return !is_action(word) && word != L::NOTHING && word != L::UNKNOWN;
  // Anything else that looks like a misspelt beginning: what goes on from the line before is `with`, `because` or `name =`.
  return word == L::AT || word == L::UNTIL || word == L::DAY || (is_word(word) && type(at + 1) == L::TIME) ||
         (word == L::NAME && is_word(type(at + 1)));
}

// ---- blocks ----

File Outline::file(std::uint32_t number) {
  file_.file = number;
  while (!done()) block();
  return std::move(file_);
}

void Outline::block() {
  switch (type(at_)) {
    case L::SEGMENT: return segment();
    case L::JOURNEY: return journey();
    case L::GUARANTEE: return guarantee();
    case L::TEST: return test();
    case L::RULE: return rule_outside();
    case L::END: return stray_end();
    default: return unknown_block();
  }
}

void Outline::skip_to_block() {
  do ++at_;
  while (type(at_) != kEndOfText && !block_begins(at_));
}

void Outline::unknown_block() {
  if (!in_.tokens[at_].bad) {
    const std::string_view word = in_.text(at_);
    std::string help = is_word(type(at_)) ? diag::did_you_mean(word, block_words()) : std::string();
    if (help.empty()) help = "A file consists of blocks: `segment`, `journey`, `guarantee` or `test`, each closed by `end`.";
    const bool clause = is_hard(type(at_));
    in_.error(clause ? Code::MisplacedClause : Code::UnknownBlock, in_.span(at_),
              clause ? ticked(word) + " stands outside of any journey." : ticked(word) + " does not begin a block.", help);
  }
  skip_to_block();
}

void Outline::rule_outside() {
  in_.error(Code::RuleOutside, in_.span(at_), "This rule stands outside of any journey.", "Put it into a `journey \"…\"` that is closed by `end`.");
  skip_to_block();
}

void Outline::stray_end() {
  in_.error(Code::StrayEnd, in_.span(at_), "This `end` closes nothing.", "Rules have no `end` of their own; delete it, or look whether an earlier one is too many.");
  ++at_;
}

Piece Outline::to_end_of_block() const {
  std::size_t end = at_ + 1;
  while (type(end) != kEndOfText && !block_begins(end) && !((type(end) == L::END || type(end) == L::RULE) && boundary(end))) ++end;
  return {at_, end};
}

// `at_` stands behind the last piece of the block that began at `head`: takes its `end`, or says that it is missing.
void Outline::close(std::size_t head, const char* what, const std::string& name) {
  if (type(at_) == L::END) {
    if (parts_ != nullptr) parts_->push_back(part_of(Shape::End, at_, at_, nullptr));
    ++at_;
    return;
  }
  if (in_.stopped()) return;
  const std::size_t noticed = type(at_) == kEndOfText ? at_ - 1 : at_;
  std::string block(what);
  if (!name.empty()) block += ' ', block += ticked(name);
  in_.error(Code::MissingEnd, in_.span(noticed), "The " + block + " that begins in line " + std::to_string(in_.line(head)) + " has no `end`.",
            type(at_) == kEndOfText ? "Write `end` after its last line." : "Write `end` before this line.");
}

// The name as far as it can be told without parsing, for messages and for what follows a faulty head.
Name Outline::head_name(std::size_t head, std::size_t head_end) {
  if (head + 1 >= head_end) return {{}, in_.span(head)};
  const std::string_view word = in_.text(head + 1);
  const bool quotes = (type(head + 1) == L::STRING || type(head + 1) == L::TICKED) && word.size() >= 2;
  return {std::string(quotes ? word.substr(1, word.size() - 2) : word), in_.span(head + 1)};
}

void Outline::segment() {
  const Piece piece = to_end_of_block();
  at_ = piece.end;
  const Name written = head_name(piece.begin, piece.end);
  if (auto* tree = parsed(Shape::Segment, piece, P::RuleSegmentBlock, &PolkuParser::segmentBlock)) {
    Segment segment{build_.name(tree->name()), build_.expr(tree->expr()), in_.span(piece.begin, piece.begin + 1)};
    if (segment.test) file_.segments.push_back(std::move(segment));
  }
  close(piece.begin, "segment", written.text);
}

void Outline::guarantee() {
  const Piece piece = to_end_of_block();
  at_ = piece.end;
  const Name written = head_name(piece.begin, piece.end);
  if (auto* tree = parsed(Shape::Guarantee, piece, P::RuleGuaranteeBlock, &PolkuParser::guaranteeBlock))
    if (auto built = build_.guarantee(tree)) file_.guarantees.push_back(std::move(*built));
  close(piece.begin, "guarantee", written.text);
}

bool Outline::line_fits(Piece line) {
  const int word = type(line.begin);
  if (word == L::AT || word == L::UNTIL || word == L::DAY || word == L::VISITOR || in_.tokens[line.begin].bad) return true;
  std::string help = line_slip(in_.text(line.begin));
  if (word == L::TIME) help = "Write `at " + std::string(in_.text(line.begin)) + "`.";
  if (help.empty() && is_word(word) && !is_hard(word)) help = diag::did_you_mean(in_.text(line.begin), test_words());
  if (help.empty()) help = "A line of a test begins with a time, as in `at 10:00` or `until 12:00`; `visitor` may stand before the first.";
  in_.error(is_hard(word) ? Code::MisplacedClause : Code::UnknownClause, in_.span(line.begin),
            ticked(in_.text(line.begin)) + (is_hard(word) ? " has no place in a test." : " does not begin a line of a test."), help);
  return false;
}

void Outline::test() {
  const std::size_t head = at_;
  const auto ends = [&](std::size_t at) { return type(at) == kEndOfText || block_begins(at) || ((type(at) == L::END || type(at) == L::RULE) && boundary(at)); };
  Piece piece{head, head + 1};
  if (type(piece.end) == L::STRING)
    ++piece.end;
  else
    while (!ends(piece.end) && !line_begins(piece.end)) ++piece.end;
  at_ = piece.end;

  Test test;
  test.name = head_name(head, piece.end);
  test.span = in_.span(head, piece.end - 1);
  if (auto* tree = parsed(Shape::TestHead, piece, P::RuleTestHead, &PolkuParser::testHead)) test.name = build_.quoted_name(tree->STRING());
  while (!ends(at_) && !in_.stopped()) {
    Piece line{at_, at_ + 1};
    while (!ends(line.end) && !line_begins(line.end)) ++line.end;
    at_ = line.end;
    if (!line_fits(line)) continue;
    if (auto* tree = parsed(Shape::TestLine, line, P::RuleTestPiece, &PolkuParser::testPiece)) build_.test_line(tree->testLine(), test);
  }
  close(head, "test", test.name.text);
  file_.tests.push_back(std::move(test));
}

}  // namespace polku::syntax
