// Kinds of tokens. The grammar lists its tokens in this order: hard words, soft words, months, currencies, names, all else.
#pragma once
#include <span>
#include <string>

#include "compiler/syntax/antlr.h"

namespace polku::syntax {

inline bool is_hard(int type) { return type >= PolkuLexer::JOURNEY && type <= PolkuLexer::NOTHING; }
inline bool is_soft(int type) { return type >= PolkuLexer::VERSION && type <= PolkuLexer::CURRENCY; }
inline bool is_word(int type) { return type >= PolkuLexer::JOURNEY && type <= PolkuLexer::NAME; }
inline bool can_be_name(int type) { return is_soft(type) || type == PolkuLexer::NAME || type == PolkuLexer::TICKED; }
inline bool is_number(int type) { return type == PolkuLexer::INT || type == PolkuLexer::DECIMAL; }
inline bool is_block(int type) {
  return type == PolkuLexer::JOURNEY || type == PolkuLexer::SEGMENT || type == PolkuLexer::GUARANTEE || type == PolkuLexer::TEST;
}
inline bool is_action(int type) { return type >= PolkuLexer::SEND && type <= PolkuLexer::SPLIT; }

// The last word of a value or of a test, in any condition: a minus behind it is an operation and no sign, and no name follows it.
inline bool ends_operand(int type) {
  switch (type) {
    case PolkuLexer::RPAREN: case PolkuLexer::RBRACKET: case PolkuLexer::INT: case PolkuLexer::DECIMAL: case PolkuLexer::PERCENT:
    case PolkuLexer::CURRENCY: case PolkuLexer::NAME: case PolkuLexer::TICKED: case PolkuLexer::STRING: case PolkuLexer::EVER:
    case PolkuLexer::SECONDS: case PolkuLexer::MINUTES: case PolkuLexer::HOURS: case PolkuLexer::DAY: case PolkuLexer::DAYS: case PolkuLexer::WEEKS:
    case PolkuLexer::GIVEN: case PolkuLexer::MISSING:
      return true;
    default:
      return false;
  }
}

std::span<const std::string> block_words();
std::span<const std::string> clause_words();  // of a journey or rule
std::string clause_help();                    // which clauses there are
std::span<const std::string> test_words();    // that begin a line of a test
std::span<const std::string> unit_words();

// A word or sign as it is quoted in a message: shortened if it is long, and never empty.
std::string ticked(std::string_view word);

}  // namespace polku::syntax
