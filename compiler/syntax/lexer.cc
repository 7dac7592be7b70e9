// Text to tokens; what the grammar calls a fault is put into a sentence here.
#include <algorithm>
#include <array>
#include <cstdio>

#include "compiler/syntax/antlr.h"
#include "compiler/syntax/input.h"
#include "compiler/syntax/scan.h"

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

}  // namespace

void tokenise(Input& input) {
  const std::string_view text = input.text();
  Scanner scanner(text);
  if (text.starts_with("\xEF\xBB\xBF")) scanner.skip_to(3);  // a mark of byte order at the very start is an editor's, not the author's
  std::uint32_t last_stray_line_end = 0;

  for (;;) {
    const Token token = scanner.next();
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
          last_stray_line_end = static_cast<std::uint32_t>(std::min(text.find('\n', token.begin), text.size()));
        }
        break;
      case PolkuLexer::UNCLOSED_STRING:
        kept.bad = true;
        if (const std::size_t end = broken_text_end(text, kept.end); end > 0) {
          input.error(Code::UnclosedText, input.span(index), "A text stands on one line, and this one goes on in the next.", "Join the lines.");
          kept.end = static_cast<std::uint32_t>(end);
          scanner.skip_to(end);
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
