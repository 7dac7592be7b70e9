// What must hold before the recursive parser may see a piece.
#include "compiler/syntax/antlr.h"
#include "compiler/syntax/input.h"
#include "compiler/syntax/words.h"

namespace polku::syntax {

namespace {

using diag::Code;

constexpr std::size_t kMaxTokens = 20'000;     // of one clause
constexpr std::size_t kMaxLogic = 2'000;       // `and`s and `or`s of one clause
constexpr std::size_t kMaxArithmetic = 500;    // + - * / otherwise of one clause, or cell of a table: they make the tree deep, one by one
constexpr std::size_t kMaxWheres = 500;        // of one clause: where a `where` ends cannot be told for certain without parsing

// How deep the parser will have gone at a token: open brackets, the `not`s and minus signs before it, the `where`s around it.
class Depth {
 public:
  std::size_t after(int type) {
    switch (type) {
      case PolkuLexer::LPAREN:
      case PolkuLexer::LBRACKET:
        open_.push_back({prefixes_, wheres_});
        outer_ += prefixes_ + wheres_ + 1;
        prefixes_ = wheres_ = 0;
        break;
      case PolkuLexer::RPAREN:
      case PolkuLexer::RBRACKET:
        if (!open_.empty()) {
          wheres_ = open_.back().wheres;
          outer_ -= open_.back().prefixes + wheres_ + 1;
          open_.pop_back();
        }
        prefixes_ = 0;
        break;
      case PolkuLexer::NOT:
      case PolkuLexer::DASH:
        ++prefixes_;
        break;
      case PolkuLexer::WHERE:
        ++wheres_;
        prefixes_ = 0;
        break;
      case PolkuLexer::HAPPENED: case PolkuLexer::EVER: case PolkuLexer::SINCE: case PolkuLexer::THE: case PolkuLexer::TODAY: case PolkuLexer::THIS:
        if (wheres_ > 0) --wheres_;
        prefixes_ = 0;
        break;
      case PolkuLexer::COMMA: case PolkuLexer::BAR: case PolkuLexer::ROW_END:
        wheres_ = prefixes_ = 0;
        break;
      default:
        prefixes_ = 0;
        break;
    }
    return outer_ + prefixes_ + wheres_;
  }

 private:
  struct Open { std::size_t prefixes, wheres; };
  std::vector<Open> open_;
  std::size_t outer_ = 0, prefixes_ = 0, wheres_ = 0;
};

}  // namespace

bool within_limits(Input& input, Piece piece) {
  Depth depth;
  std::size_t logic = 0, arithmetic = 0, wheres = 0;
  for (std::size_t i = piece.begin; i < piece.end; ++i) {
    const int type = input.tokens[i].type;
    if (depth.after(type) > input.limits().depth) {
      input.error(Code::NestedTooDeep, input.span(i),
                  "This is nested too deeply: more than " + std::to_string(input.limits().depth) + " brackets, `not`s or minus signs within each other.",
                  "Take a part of the condition out into a segment.");
      return false;
    }
    if (type == PolkuLexer::BAR || type == PolkuLexer::ROW_END) arithmetic = 0;
    wheres += type == PolkuLexer::WHERE;
    logic += type == PolkuLexer::AND || type == PolkuLexer::OR;
    const bool sign = type == PolkuLexer::DASH || type == PolkuLexer::PLUS || type == PolkuLexer::STAR || type == PolkuLexer::SLASH;
    arithmetic += type == PolkuLexer::OTHERWISE || (sign && i > piece.begin && ends_operand(input.tokens[i - 1].type));
    if (logic > kMaxLogic) {
      input.error(Code::ConditionTooLarge, input.span(i), "This condition has more than " + std::to_string(kMaxLogic) + " parts joined by `and` and `or`.",
                  "Use `is one of […]`, or divide it among several clauses or segments.");
      return false;
    }
    if (arithmetic > kMaxArithmetic) {
      input.error(Code::ConditionTooLarge, input.span(i), "This calculation has more than " + std::to_string(kMaxArithmetic) + " steps.",
                  "Let the catalog have an attribute for a part of it.");
      return false;
    }
    if (wheres > kMaxWheres) {
      input.error(Code::ConditionTooLarge, input.span(i), "This clause has more than " + std::to_string(kMaxWheres) + " `where`s.",
                  "Divide it among several clauses or segments.");
      return false;
    }
    if (i - piece.begin >= kMaxTokens) {
      input.error(Code::ConditionTooLarge, input.span(i), "This clause is too long: it has more than " + std::to_string(kMaxTokens) + " words and signs.",
                  "Divide it among several clauses, or several rules.");
      return false;
    }
  }
  return true;
}

}  // namespace polku::syntax
