// Text to tokens, with ANTLR's lexer; what the grammar calls a fault is put into a sentence here.
#include <algorithm>
#include <array>
#include <cstdio>
#include <unordered_map>

#include "compiler/syntax/antlr.h"
#include "compiler/syntax/input.h"

namespace polku::syntax {

namespace {

using diag::Code;

struct Advice { char32_t character; const char* help; };
constexpr std::array kAdvice{
    Advice{U'&', "Write `and`."},
    Advice{U'!', "Write `not`, or `is not`."},
    Advice{U'“', "Text stands in straight quotes: \"…\"."},
    Advice{U'”', "Text stands in straight quotes: \"…\"."},
    Advice{U'„', "Text stands in straight quotes: \"…\"."},
    Advice{U'«', "Text stands in straight quotes: \"…\"."},
    Advice{U'»', "Text stands in straight quotes: \"…\"."},
    Advice{U'‘', "Text stands in straight quotes: \"…\"."},
    Advice{U'’', "Text stands in straight quotes: \"…\"."},
    Advice{U'\'', "Text stands in double quotes: \"…\"."},
    Advice{U';', "Clauses need nothing between them; leave it out."},
    Advice{U'{', "Blocks need no braces; they are closed by `end`."},
    Advice{U'}', "Blocks need no braces; they are closed by `end`."},
    Advice{U'≥', "Write `at least`, or `>=`."},
    Advice{U'≤', "Write `at most`, or `<=`."},
    Advice{U'≠', "Write `is not`, or `!=`."},
    Advice{U'–', "Write the minus sign `-`."},
    Advice{U'—', "Write the minus sign `-`."},
    Advice{U'−', "Write the minus sign `-`."},
    Advice{U'×', "Write `*`."},
    Advice{U'÷', "Write `/`."},
    Advice{U'€', "Write the currency behind the amount: `40 EUR`."},
    Advice{U'$', "Write the currency behind the amount: `40 USD`."},
    Advice{U'£', "Write the currency behind the amount: `40 GBP`."},
};

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

char32_t first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return lead;
  char32_t c = lead < 0xE0 ? lead & 0x1Fu : lead < 0xF0 ? lead & 0x0Fu : lead & 0x07u;
  for (std::size_t i = 1; i < text.size() && continues_character(text[i]); ++i) c = (c << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return c;
}

// Characters that show nothing on the screen cannot be named by themselves.
bool invisible(char32_t c) {
  return c == 0xAD || (c >= 0x80 && c < 0xA0) || (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) || (c >= 0x205F && c <= 0x206F) ||
         c == 0x3000 || c == 0xFEFF;
}

void report_stray(Input& input, std::size_t token) {
  const std::string_view text = input.text(token);
  const char32_t c = first_character(text);
  if (invisible(c)) {
    std::array<char, 16> number{};
    std::snprintf(number.data(), number.size(), "U+%04X", static_cast<unsigned>(c));
    input.error(Code::StrayCharacter, input.span(token), std::string("There is an invisible character here (") + number.data() + ").",
                "Delete it and type a blank if one is needed.");
    return;
  }
  std::string help;
  for (const Advice& advice : kAdvice)
    if (advice.character == c) help = advice.help;
  input.error(Code::StrayCharacter, input.span(token), "The character `" + std::string(text) + "` means nothing here.", help);
}

// ANTLR's lexer keeps what it has learnt for ASCII only and works out every other character anew, at microseconds each. This
// one remembers those too, so that a file in Greek is read as fast as one in English.
class LearningLexer : public antlr4::atn::LexerATNSimulator {
 public:
  using LexerATNSimulator::LexerATNSimulator;

 protected:
  using State = antlr4::dfa::DFAState;
  State* getExistingTargetState(State* from, std::size_t character) override {
    if (character <= MAX_DFA_EDGE || character > 0x10FFFF) return LexerATNSimulator::getExistingTargetState(from, character);
    const auto known = known_.find(key(from, character));
    return known == known_.end() ? nullptr : known->second;
  }
  State* computeTargetState(antlr4::CharStream* input, State* from, std::size_t character) override {
    State* to = LexerATNSimulator::computeTargetState(input, from, character);
    if (character > MAX_DFA_EDGE && character <= 0x10FFFF) known_.emplace(key(from, character), to);
    return to;
  }

 private:
  static std::uint64_t key(const State* from, std::size_t character) {
    return static_cast<std::uint64_t>(from->stateNumber) << 21 | character;
  }
  std::unordered_map<std::uint64_t, State*> known_;  // the states live as long as the program, like ANTLR's tables
};

// ANTLR counts characters, everything else counts bytes. Tokens come in order, so one walk through the text is enough.
class ByteOffsets {
 public:
  explicit ByteOffsets(std::string_view text) : text_(text) {}
  std::uint32_t of(std::size_t character) {
    while (character_ < character && byte_ < text_.size()) {
      do ++byte_;
      while (byte_ < text_.size() && continues_character(text_[byte_]));
      ++character_;
    }
    return static_cast<std::uint32_t>(byte_);
  }

 private:
  std::string_view text_;
  std::size_t character_ = 0, byte_ = 0;
};

// The end of a text that is broken over lines, behind its closing quote: the next quote, if the line it stands in has one too many and
// nothing in between looks like a clause of its own. 0 if there is none.
std::size_t broken_text_end(std::string_view text, std::size_t begin) {
  static constexpr std::array<std::string_view, 34> kBeginnings{
      "when", "then", "only", "not", "limit", "once", "quiet", "hold", "stop", "goal", "owner", "priority", "do", "send", "show", "raise", "suppress", "choose",
      "split", "end", "rule", "journey", "segment", "guarantee", "test", "at", "until", "day", "visitor", "with", "and", "or", "from", "is"};
  std::size_t line = text.find('\n', begin);
  for (int lines = 0; lines < 4 && line != std::string_view::npos; ++lines) {
    const std::size_t first = std::min(text.find_first_not_of(" \t\r", line + 1), text.size());
    const std::size_t next = std::min(text.find('\n', line + 1), text.size());
    const std::string_view rest = first < next ? text.substr(first, next - first) : std::string_view();
    const std::string_view word = rest.substr(0, rest.find_first_of(" \t\r\""));
    if (rest.empty()) {
      line = next < text.size() ? next : std::string_view::npos;
      continue;
    }
    if (rest[0] == '#' || rest[0] == '|' || std::find(kBeginnings.begin(), kBeginnings.end(), word) != kBeginnings.end()) return 0;
    const auto quotes = std::count(rest.begin(), rest.end(), '"');
    if (quotes > 0) return quotes % 2 == 1 ? text.find('"', first) + 1 : 0;
    line = next < text.size() ? next : std::string_view::npos;
  }
  return 0;
}

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

}  // namespace

void tokenise(Input& input) {
  // A mark of byte order at the very start is an editor's, not the author's.
  const std::size_t mark = input.text().substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0;
  const std::string_view text = input.text().substr(mark);
  antlr4::ANTLRInputStream characters{std::string(text)};
  PolkuLexer lexer(&characters);
  lexer.removeErrorListeners();
  auto* built_in = lexer.getInterpreter<antlr4::atn::LexerATNSimulator>();
  lexer.setInterpreter(new LearningLexer(&lexer, lexer.getATN(), built_in->_decisionToDFA, built_in->getSharedContextCache()));  // lexer owns it
  ByteOffsets offsets(text);
  std::uint32_t line_checked = 0, last_stray_line_end = 0;
  bool new_line = true;

  for (;;) {
    const std::unique_ptr<antlr4::Token> read = lexer.nextToken();
    Token token;
    token.type = read->getType() == antlr4::Token::EOF ? kEndOfText : static_cast<int>(read->getType());
    if (token.type == kEndOfText) {
      token.begin = token.end = static_cast<std::uint32_t>(input.text().size());
    } else {
      token.begin = static_cast<std::uint32_t>(mark) + offsets.of(read->getStartIndex());
      token.end = static_cast<std::uint32_t>(mark) + offsets.of(read->getStopIndex() + 1);
    }
    for (; line_checked < token.begin; ++line_checked) new_line |= input.text()[line_checked] == '\n' || input.text()[line_checked] == '\r';
    token.first_on_line = new_line;
    new_line = false;
    if (token.type == PolkuLexer::ROW_END) token.end = token.begin + 1;  // the bar alone; its line end is seen above
    input.tokens.push_back(token);
    const std::size_t index = input.tokens.size() - 1;
    Token& kept = input.tokens[index];
    switch (token.type) {
      case kEndOfText:
        return;
      case PolkuLexer::STRAY:
        kept.bad = true;
        // Strays of one line mostly have one cause (curly quotes come in pairs): the first is enough.
        if (token.first_on_line || token.begin >= last_stray_line_end) {
          report_stray(input, index);
          const std::size_t line_end = input.text().find('\n', token.begin);
          last_stray_line_end = static_cast<std::uint32_t>(line_end == std::string_view::npos ? input.text().size() : line_end);
        }
        break;
      case PolkuLexer::UNCLOSED_STRING:
        kept.bad = true;
        if (const std::size_t end = broken_text_end(text, kept.end - mark); end > 0) {
          input.error(Code::UnclosedText, input.span(index), "A text stands on one line, and this one goes on in the next.", "Join the lines.");
          const std::size_t skipped = characters_in(text.substr(kept.end - mark, end + mark - kept.end));
          for (std::size_t i = 0; i < skipped; ++i) characters.consume();
          kept.end = static_cast<std::uint32_t>(end + mark);
          line_checked = kept.end;
          break;
        }
        input.error(Code::UnclosedText, input.span(index), "The text that begins here is not closed on its line.",
                    "Close it with \" before the end of the line.");
        break;
      case PolkuLexer::UNCLOSED_TICK:
        kept.bad = true;
        input.error(Code::UnclosedName, input.span(index), "The name in backticks that begins here is not closed on its line.",
                    "Close it with ` before the end of the line.");
        break;
      case PolkuLexer::DOUBLE_EQUAL:
        kept.type = PolkuLexer::EQ;
        input.error(Code::DoubleEqual, input.span(index), "`==` is no sign of the language.", "Write `=`, or `is`.");
        break;
    }
    if (input.stopped()) {  // what follows is not read; the structure still ends well
      Token end;
      end.begin = end.end = static_cast<std::uint32_t>(input.text().size());
      input.tokens.push_back(end);
      return;
    }
  }
}

}  // namespace polku::syntax
