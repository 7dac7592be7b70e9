// How places, messages and JSON come out.
#include "compiler/diag/diag.h"

#include <gtest/gtest.h>

#include <set>

namespace polku::diag {
namespace {

constexpr Code kCode = Code::CatalogUnknownKey;  // PK4012

Diagnostic at(std::uint32_t begin, std::uint32_t end, std::string help = {}) { return {kCode, {0, begin, end}, "Wrong.", std::move(help)}; }

std::string text(const std::string& file, std::uint32_t begin, std::uint32_t end, std::string help = {}) {
  Sources s;
  s.add("a.polku", file);
  return render_text(at(begin, end, std::move(help)), s, false);
}

void expect_position(const Sources& s, std::uint32_t offset, std::size_t line, std::size_t column) {
  const Position p = s.position(0, offset);
  EXPECT_EQ(p.line, line) << offset;
  EXPECT_EQ(p.column, column) << offset;
}

TEST(Sources, PositionsCountCharacters) {
  Sources s;
  s.add("f", "äb\nc\r\n\nd");
  expect_position(s, 0, 1, 1);
  expect_position(s, 1, 1, 1);  // inside ä
  expect_position(s, 2, 1, 2);
  expect_position(s, 3, 1, 3);  // the line end itself
  expect_position(s, 4, 2, 1);
  expect_position(s, 7, 3, 1);
  expect_position(s, 8, 4, 1);
  expect_position(s, 9, 4, 2);   // the end of the file
  expect_position(s, 99, 4, 2);  // beyond it
  EXPECT_EQ(s.line_text(0, 1), "äb");
  EXPECT_EQ(s.line_text(0, 2), "c");
  EXPECT_EQ(s.line_text(0, 3), "");
  EXPECT_EQ(s.line_text(0, 4), "d");
  EXPECT_EQ(s.line_text(0, 5), "");
  EXPECT_EQ(s.line_text(0, 0), "");
}

TEST(Sources, BadBytesAndByteOrderMark) {
  Sources s;
  s.add("f", "\xEF\xBB\xBFx\xFF\xC3y");
  expect_position(s, 0, 1, 1);
  expect_position(s, 3, 1, 1);
  expect_position(s, 5, 1, 3);
  expect_position(s, 6, 1, 4);
}

TEST(Codes, TextsAreUniqueAndComplete) {
  std::set<std::string_view> texts;
  for (const Code code : all_codes()) {
    EXPECT_TRUE(texts.insert(code_text(code)).second) << code_text(code);
    EXPECT_EQ(code_text(code).size(), 6u);
    EXPECT_FALSE(code_summary(code).empty());
  }
  EXPECT_EQ(code_text(kCode), "PK4012");
  EXPECT_EQ(code_severity(kCode), Severity::Error);
}

TEST(Codes, StandInNumberOrder) {
  std::string_view last;
  for (const Code code : all_codes()) {
    EXPECT_LT(last, code_text(code));
    last = code_text(code);
  }
}

TEST(Render, PlainLine) {
  Sources s;
  s.add("rules/ferry/booking.polku", std::string(11, '\n') + "    when    cart_updatd where items more than 0\n");
  const Diagnostic d{kCode, {0, 23, 34}, "There is no event `cart_updatd` in the catalog.", "Did you mean `cart_updated`?"};
  EXPECT_EQ(render_text(d, s, false),
            "error[PK4012]: There is no event `cart_updatd` in the catalog.\n"
            "  --> rules/ferry/booking.polku:12:13\n"
            "   |\n"
            "12 |     when    cart_updatd where items more than 0\n"
            "   |             ^^^^^^^^^^^\n"
            "   = help: Did you mean `cart_updated`?\n");
}

TEST(Render, Color) {
  Sources s;
  s.add("f", "a b\n");
  EXPECT_EQ(render_text(at(2, 3, "Help."), s, true),
            "\x1b[1;31merror[PK4012]\x1b[0m\x1b[1m: Wrong.\x1b[0m\n"
            " \x1b[34m-->\x1b[0m f:1:3\n"
            "\x1b[34m  |\x1b[0m\n"
            "\x1b[34m1 |\x1b[0m a b\n"
            "\x1b[34m  |\x1b[0m \x1b[1;31m  ^\x1b[0m\n"
            "\x1b[34m  =\x1b[0m \x1b[1mhelp:\x1b[0m Help.\n");
}

TEST(Render, TabsAndWideLettersBeforeThePlace) {
  EXPECT_EQ(text("\tä漢e\xCC\x81 x\n", 10, 11),
            "error[PK4012]: Wrong.\n"
            " --> a.polku:1:7\n"
            "  |\n"
            "1 |     ä漢e\xCC\x81 x\n"
            "  |          ^\n");
}

TEST(Render, TabInsideThePlace) {
  EXPECT_EQ(text("a\tb c\n", 0, 3),
            "error[PK4012]: Wrong.\n"
            " --> a.polku:1:1\n"
            "  |\n"
            "1 | a    b c\n"
            "  | ^^^^^^\n");
}

TEST(Render, WindowsLineEnds) {
  EXPECT_EQ(text("one\r\ntwo x\r\n", 9, 10),
            "error[PK4012]: Wrong.\n"
            " --> a.polku:2:5\n"
            "  |\n"
            "2 | two x\n"
            "  |     ^\n");
}

TEST(Render, EmptyFile) {
  EXPECT_EQ(text("", 0, 0),
            "error[PK4012]: Wrong.\n"
            " --> a.polku:1:1\n"
            "  |\n"
            "1 |\n"
            "  | ^\n");
}

TEST(Render, EndOfFile) {
  EXPECT_EQ(text("abc", 3, 3),
            "error[PK4012]: Wrong.\n"
            " --> a.polku:1:4\n"
            "  |\n"
            "1 | abc\n"
            "  |    ^\n");
  EXPECT_EQ(text("abc\n", 4, 4),
            "error[PK4012]: Wrong.\n"
            " --> a.polku:2:1\n"
            "  |\n"
            "2 |\n"
            "  | ^\n");
  EXPECT_EQ(text("abc", 50, 60),
            "error[PK4012]: Wrong.\n"
            " --> a.polku:1:4\n"
            "  |\n"
            "1 | abc\n"
            "  |    ^\n");
}

TEST(Render, SeveralLinesAreUnderlinedOnTheFirst) {
  EXPECT_EQ(text("x abc  \r\ndef\n", 2, 12),
            "error[PK4012]: Wrong.\n"
            " --> a.polku:1:3\n"
            "  |\n"
            "1 | x abc\n"
            "  |   ^^^\n");
}

TEST(Render, BadBytesControlsAndDirectionMarksAreReplaced) {
  EXPECT_EQ(text("a\xFF\x1B[31m\xE2\x80\xAE x", 11, 12),
            "error[PK4012]: Wrong.\n"
            " --> a.polku:1:10\n"
            "  |\n"
            "1 | a��[31m� x\n"
            "  |          ^\n");
  Sources s;
  s.add("f\x1B", "x");
  EXPECT_EQ(render_text({kCode, {0, 0, 1}, "A `a\nb\x1B`.", ""}, s, false),
            "error[PK4012]: A `a b�`.\n"
            " --> f�:1:1\n"
            "  |\n"
            "1 | x\n"
            "  | ^\n");
}

TEST(Render, ByteOrderMarkTakesNoPlace) {
  EXPECT_EQ(text("\xEF\xBB\xBFx y", 5, 6),
            "error[PK4012]: Wrong.\n"
            " --> a.polku:1:3\n"
            "  |\n"
            "1 | x y\n"
            "  |   ^\n");
}

// The shown line and underline of a long line.
std::pair<std::string, std::string> long_line(const std::string& line, std::uint32_t begin, std::uint32_t end) {
  const std::string out = text(line, begin, end);
  const auto start = out.find("1 | ") + 4, stop = out.find('\n', start), mark = out.find(" | ", stop) + 3;
  return {out.substr(start, stop - start), out.substr(mark, out.find('\n', mark) - mark)};
}

TEST(Render, LongLineIsCutAroundThePlace) {
  const std::string x(200, 'x'), y(200, 'y');
  auto [line, mark] = long_line(x + "HERE" + y, 200, 204);
  EXPECT_EQ(line, "…" + std::string(60, 'x') + "HERE" + std::string(94, 'y') + "…");
  EXPECT_EQ(mark, std::string(61, ' ') + "^^^^");

  std::tie(line, mark) = long_line("HERE" + y, 0, 4);  // at the beginning
  EXPECT_EQ(line, "HERE" + std::string(155, 'y') + "…");
  EXPECT_EQ(mark, "^^^^");

  std::tie(line, mark) = long_line(x + "HERE", 200, 204);  // at the end
  EXPECT_EQ(line, "…" + std::string(155, 'x') + "HERE");
  EXPECT_EQ(mark, std::string(156, ' ') + "^^^^");

  std::tie(line, mark) = long_line(x + y, 10, 400);  // longer than what is shown
  EXPECT_EQ(line, std::string(159, 'x') + "…");
  EXPECT_EQ(mark, std::string(10, ' ') + std::string(149, '^'));

  std::tie(line, mark) = long_line(std::string(160, 'x'), 159, 160);  // just fits
  EXPECT_EQ(line, std::string(160, 'x'));
  EXPECT_EQ(mark, std::string(159, ' ') + "^");
}

TEST(Collect, CountsBeyondTheLimit) {
  Diagnostics d(2);
  for (std::uint32_t i = 0; i < 5; ++i) d.add(kCode, {0, i, i + 1}, "m");
  d.add(kCode, {0, 1, 2}, "m");  // said already
  EXPECT_EQ(d.errors(), 5u);
  EXPECT_EQ(d.all().size(), 2u);
  EXPECT_FALSE(d.ok());
  EXPECT_TRUE(Diagnostics().ok());
}

TEST(Collect, SortsByFilePlaceCode) {
  Sources s;
  s.add("b", "xx");
  s.add("a", "xx");
  Diagnostics d;
  d.add(Code::CatalogMissingKey, {0, 1, 2}, "3");
  d.add(Code::CatalogMissingKey, {0, 0, 1}, "2");
  d.add(Code::CatalogUnknownKey, {0, 0, 2}, "1");
  d.add(Code::CatalogUnknownKey, {1, 1, 1}, "0");
  d.sort(s);
  std::string order;
  for (const auto& one : d.all()) order += one.message;
  EXPECT_EQ(order, "0123");
}

TEST(Json, Exact) {
  Sources s;
  s.add("f\"", "ab\ncd");
  Diagnostics d;
  EXPECT_EQ(render_json(d, s), R"({"schema":1,"diagnostics":[],"errors":0,"warnings":0})");
  d.add(kCode, {0, 1, 4}, "a\"\\\n\x01\xFFä", "h");
  d.add(kCode, {0, 0, 0}, "m");
  EXPECT_EQ(render_json(d, s),
            "{\"schema\":1,\"diagnostics\":[{\"code\":\"PK4012\",\"severity\":\"error\",\"message\":\"a\\\"\\\\\\n\\u0001�ä\",\"help\":\"h\","
            "\"file\":\"f\\\"\",\"line\":1,\"column\":2,\"end_line\":2,\"end_column\":2},"
            "{\"code\":\"PK4012\",\"severity\":\"error\",\"message\":\"m\",\"help\":\"\",\"file\":\"f\\\"\",\"line\":1,\"column\":1,"
            "\"end_line\":1,\"end_column\":1}],\"errors\":2,\"warnings\":0}");
}

TEST(Nearest, OffersWhatIsNear) {
  const std::vector<std::string> names{"order_placed", "cart_updated", "cart_emptied", "Käse", "ab", "item"};
  EXPECT_EQ(nearest("cart_updatd", names), "cart_updated");
  EXPECT_EQ(nearest("cart_upadted", names), "cart_updated");
  EXPECT_EQ(nearest("ORDER_PLACED", names), "order_placed");
  EXPECT_EQ(nearest("order placed", names), "order_placed");
  EXPECT_EQ(nearest("KÄSE", names), "Käse");
  EXPECT_EQ(nearest("kase", names), "Käse");
  EXPECT_EQ(nearest("AB", names), "ab");
  EXPECT_EQ(nearest("ac", names), "");        // too short to guess
  EXPECT_EQ(nearest("elephants", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest("item", names), "");      // exactly what was written is no help
  EXPECT_EQ(nearest("x", {}), "");
  EXPECT_EQ(did_you_mean("cart_updatd", names), "Did you mean `cart_updated`?");
  EXPECT_EQ(did_you_mean("elephants", names), "");
}

TEST(Nearest, TiesGoToCaseThenToTheFirst) {
  const std::vector<std::string> both{"cart_b", "cart_c"};
  EXPECT_EQ(nearest("cart_a", both), "cart_b");
  const std::vector<std::string> cases{"NAMES", "names"};
  EXPECT_EQ(nearest("Names", cases), "names");
  EXPECT_EQ(nearest("name", cases), "names");
}

TEST(Nearest, SurvivesHugeAndBrokenNames) {
  const std::vector<std::string> names{std::string(100000, 'a'), "\xFF\xFE", "abc"};
  EXPECT_EQ(nearest(std::string(100000, 'A'), names), std::string(100000, 'a'));
  EXPECT_EQ(nearest("\xFF", names), "");
}

}  // namespace
}  // namespace polku::diag
