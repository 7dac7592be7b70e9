// The scanner by hand against ANTLR's lexer, which is what grammar/Polku.g4 says: the same tokens at the same places.
#include "compiler/syntax/antlr.h"  // first: a token is called TEST, and so is a macro of GoogleTest

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "compiler/syntax/scan.h"
#include "runtime/base/text.h"

namespace polku::syntax {
namespace {

struct Seen {
  int type;
  std::size_t begin, end;
  bool first_on_line;
  bool operator==(const Seen&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& s) {
  return out << s.type << " at " << s.begin << " to " << s.end << (s.first_on_line ? " first" : "");
}

std::vector<Seen> by_hand(const std::string& text) {
  std::vector<Seen> out;
  Scanner scanner(text);
  for (;;) {
    const Token t = scanner.next();
    out.push_back({t.type, t.begin, t.end, t.first_on_line});
    if (t.type == kEndOfText) return out;
  }
}

std::vector<Seen> by_antlr(const std::string& text) {
  std::vector<std::size_t> bytes;  // of each character
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) bytes.push_back(i);
  bytes.push_back(text.size());
  std::vector<Seen> out;
  antlr4::ANTLRInputStream input(text);
  PolkuLexer lexer(&input);
  lexer.removeErrorListeners();
  std::size_t line_checked = 0;
  for (;;) {
    const auto token = lexer.nextToken();
    const bool end = token->getType() == antlr4::Token::EOF;
    Seen seen{end ? kEndOfText : static_cast<int>(token->getType()), text.size(), text.size(), out.empty()};
    if (!end) {
      seen.begin = bytes[token->getStartIndex()];
      seen.end = seen.type == PolkuLexer::ROW_END ? seen.begin + 1 : bytes[token->getStopIndex() + 1];
    }
    for (; line_checked < seen.begin; ++line_checked) seen.first_on_line |= text[line_checked] == '\n' || text[line_checked] == '\r';
    out.push_back(seen);
    if (end) return out;
  }
}

void expect_same(const std::string& text) {
  const auto ours = by_hand(text), theirs = by_antlr(text);
  if (ours == theirs) return;
  std::size_t at = 0;
  while (ours[at] == theirs[at]) ++at;
  ADD_FAILURE() << "token " << at << ": by hand " << ours[at] << ", by ANTLR " << theirs[at] << " in\n" << (text.size() < 500 ? text : text.substr(theirs[at].begin, 80));
}

bool readable_text(const std::string& text) {
  return base::valid_utf8(text, nullptr) && !text.starts_with("\xEF\xBB\xBF") &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F; });
}

std::string utf8(char32_t c) {
  std::string out;
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      out += static_cast<char>(0xE0 | c >> 12);
    } else {
      out += static_cast<char>(0xF0 | c >> 18);
      out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    }
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
  }
  out += static_cast<char>(0x80 | (c & 0x3F));
  return out;
}

TEST(Lexer, ReadsTheProjectAsTheGrammarDoes) {
  std::size_t files = 0;
  for (const char* folder : {"rules", "docs", "tests", "grammar", "compiler"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::filesystem::path(POLKU_SOURCE_DIR) / folder)) {
      if (!entry.is_regular_file() || entry.file_size() > 200'000) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      if (!readable_text(text)) continue;
      SCOPED_TRACE(entry.path().string());
      expect_same(text);
      ++files;
    }
  }
  EXPECT_GT(files, 300u);
}

TEST(Lexer, KnowsEveryCharacterTheGrammarKnows) {
  std::string text;
  for (char32_t c = 0x20; c <= 0x10FFFF; ++c) {
    if (c == 0x7F || (c >= 0xD800 && c <= 0xDFFF) || c == 0xFEFF) continue;
    if (c >= 0x30000 && c % 0x101 != 0) continue;  // nothing has a meaning there; a part is enough
    for (const char* around : {"", "a", "|"}) text += around + utf8(c) + " ";
    if (c % 16 == 0) text += "\n";
    if (text.size() < 20'000) continue;
    expect_same(text);
    text.clear();
  }
  expect_same(text);
}

TEST(Lexer, ReadsPiecesInAnyOrder) {
  static const std::vector<std::string> pieces{
      "\"", "\\", "\\\"", "`", "|", "#", "\n", "\r", "\r\n", " ", "\t", "\xC2\xA0", "a", "EUR", "ABCD", "May", "Mays", "end", "ends", "message", "messages", "_x",
      "12", "1.5", ".", ":", "10:30", "10:", "=", "==", "!", "!=", "<", "<=", ">", ">=", "(", ")", "[", "]", ",", "%", "+", "-", "*", "/", "&", "é", "α", "²", "😀"};
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::uint32_t n = random() % 12; n > 0; --n) text += pieces[random() % pieces.size()];
    expect_same(text);
  }
}

}  // namespace
}  // namespace polku::syntax
