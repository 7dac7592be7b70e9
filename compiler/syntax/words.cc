#include "compiler/syntax/words.h"

#include <array>

namespace polku::syntax {

static_assert(PolkuLexer::JOURNEY == 1 && PolkuLexer::NOTHING + 1 == PolkuLexer::VERSION && PolkuLexer::MONTHS + 1 == PolkuLexer::MONTH &&
              PolkuLexer::MONTH + 1 == PolkuLexer::CURRENCY && PolkuLexer::CURRENCY + 1 == PolkuLexer::NAME &&
              PolkuLexer::SEND + 5 == PolkuLexer::SPLIT);

std::span<const std::string> block_words() {
  static const std::array<std::string, 4> words{"segment", "journey", "guarantee", "test"};
  return words;
}

std::span<const std::string> clause_words() {
  static const std::array<std::string, 20> words{"when", "then",  "only", "not",  "limit", "priority", "owner", "do",    "rule", "end",
                                                 "with", "where", "once", "quiet", "hold", "stop",     "goal",  "from", "and",  "or"};
  return words;
}

std::string clause_help() {
  return "Clauses begin with `when`, `then`, `only if`, `not if`, `once`, `quiet`, `from`, `limit`, `priority`, `owner` or `do`; "
         "those of a journey also with `goal`, `stop when` or `hold out`.";
}

std::span<const std::string> test_words() {
  static const std::array<std::string, 5> words{"at", "until", "day", "visitor", "end"};
  return words;
}

std::span<const std::string> unit_words() {
  static const std::array<std::string, 10> words{"seconds", "minutes", "hours", "days", "weeks", "second", "minute", "hour", "day", "week"};
  return words;
}

std::string ticked(std::string_view word) {
  constexpr std::size_t kLongest = 40;
  std::string text(word);
  if (text.size() > kLongest) {
    std::size_t cut = kLongest;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
    text = text.substr(0, cut) + "…";
  }
  if (text.find('`') != std::string::npos) return text;  // a name in backticks has its own
  text.insert(text.begin(), '`');
  text += '`';
  return text;
}

}  // namespace polku::syntax
