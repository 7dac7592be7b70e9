// What each fault is told as, and that nothing can make the parser fall over.
#include <random>

#include "tests/unit/syntax_world.h"

namespace polku::syntax {
namespace {

// ---- faults ----

TEST(Syntax, FaultsOfSpelling) {
  expect_fault(rule("when a where b is \"abc # x\n do show \"x\" in w.h"), Code::UnclosedText, "\"abc # x");
  expect_fault(rule("when `abc where b"), Code::UnclosedName, "`abc where b");
  expect_fault(rule("only if a == 3"), Code::DoubleEqual, "==");
  expect_fault(rule("only if a & b"), Code::StrayCharacter, "&", "`and`");
  expect_fault(rule("only if a is “b”"), Code::StrayCharacter, "“", "straight quotes");
  expect_fault(rule("only if a\xE2\x80\x8B is b"), Code::StrayCharacter, "\xE2\x80\x8B", "Delete");
  expect_fault(rule("only if a is \"b\\n\""), Code::BadEscape, "\\");
  expect_fault(rule("only if `` is b"), Code::EmptyName, "``");
}

TEST(Syntax, FaultsOfStructure) {
  expect_fault("journey \"A\"\n rule r\n  when a\njourney \"B\"\nend", Code::MissingEnd, "journey", "before this line");
  EXPECT_NE(Parsed("\njourney \"A\"\n rule r\n").d.all().at(0).message.find("`A` that begins in line 2"), std::string::npos);
  expect_fault("segment a is b\ntest \"t\"\nend", Code::MissingEnd, "test");
  expect_fault("test \"t\"\n at 10:00 a\n", Code::MissingEnd, "a");
  expect_fault("segment a is b end\nend\n", Code::StrayEnd, "end");
  expect_fault("journey \"A\"\n rule r\n when a\n end\n rule q\n when b\n end\nend\n", Code::EndOfRule, "end");
  expect_fault("journey \"A\"\n rule r\n when a\n end\n rule q\n when b\nend\n", Code::EndOfRule, "end");
  expect_fault("rule r\n when a\nend\nsegment a is b end", Code::RuleOutside, "rule");
  expect_fault("jorney \"A\"\n rule r\n when a\nend\nsegment a is b end", Code::UnknownBlock, "jorney", "`journey`");
  expect_fault("when a", Code::MisplacedClause, "when");
  expect_fault("journey \"A\"\n when a\nend", Code::MisplacedClause, "when", "rule name");
  expect_fault("segment a is b\n when c\nend", Code::MisplacedClause, "when");
  expect_fault(rule("send \"x\" by email"), Code::ActionWithoutDo, "send", "do send");
  expect_fault(rule("wen a\n do show \"x\" in w.h"), Code::UnknownClause, "wen", "`when`");
  expect_fault(rule("when a\n priorty 90"), Code::UnknownClause, "priorty", "`priority`");
  expect_fault(rule("when a\n zzz 90"), Code::UnknownClause, "zzz", "Clauses begin with");
}

TEST(Syntax, ClausesGivenTwice) {
  for (const char* clause : {"when a", "then wait 2 days", "do show \"x\" in w.h", "priority 3", "owner \"me\"", "once per visitor", "quiet 21:00 to 08:00 visitor time",
                             "from 1 June 2026"}) {
    const Parsed p(rule(std::string(clause) + "\n " + clause));
    ASSERT_EQ(p.codes(), std::vector<Code>{Code::ClauseTwice}) << clause << p.all();
    EXPECT_NE(p.d.all()[0].message.find("The rule `r`"), std::string::npos);
  }
  expect_fault("journey \"A\"\n owner \"x\"\n owner \"y\"\nend", Code::ClauseTwice, "owner");
  expect_fault("journey \"A\"\n priority 1\n priority 2\nend", Code::ClauseTwice, "priority");
  for (const char* clause : {"goal a within 1 day", "hold out 5%", "once in 3 days", "from 1 June 2026", "quiet 21:00 to 08:00 visitor time, then wait"}) {
    const Parsed p("journey \"A\"\n " + std::string(clause) + "\n " + clause + "\nend");
    ASSERT_EQ(p.codes(), std::vector<Code>{Code::ClauseTwice}) << clause << p.all();
    EXPECT_NE(p.d.all()[0].message.find("The journey `A`"), std::string::npos);
  }
  for (const char* clause : {"only if a", "not if a", "limit 1 message in 1 day"})
    EXPECT_TRUE(Parsed("journey \"A\"\n " + std::string(clause) + "\n " + clause + "\n rule r\n " + clause + "\n " + clause + "\nend").d.ok()) << clause;
  for (const char* clause : {"goal a within 1 day", "stop when a", "hold out 5%"}) {
    const Parsed p(rule(clause));
    ASSERT_EQ(p.codes(), std::vector<Code>{Code::MisplacedClause}) << clause << p.all();
    EXPECT_NE(p.d.all()[0].help.find("above the first rule"), std::string::npos);
  }
  EXPECT_TRUE(Parsed("journey \"A\"\n priority 1\n rule r\n priority 2\n rule q\n priority 3\nend").d.ok());
}

TEST(Syntax, EveryBrokenClauseIsOneFault) {
  const Parsed p(rule("when a where\n then no b for 30\n only if x at leest 3\n limit 2 mesages in 7 days\n only if y is 3 4\n do send \"x\""));
  EXPECT_EQ(p.codes(), (std::vector<Code>{Code::EndsEarly, Code::MissingUnit, Code::NotUnderstood, Code::NotUnderstood, Code::NotUnderstood, Code::EndsEarly})) << p.all();
}

TEST(Syntax, FaultsInsideClauses) {
  expect_fault(rule("when limit where b"), Code::HardWordAsName, "limit", "backticks");
  expect_fault(rule("only if limit at least 3"), Code::HardWordAsName, "limit", "backticks");
  expect_fault(rule("then no b for 30"), Code::MissingUnit, "30", "30 minutes");
  expect_fault(rule("then wait 1.5 hours"), Code::MissingUnit, "1.5");
  expect_fault(rule("then no b for 30 mintues"), Code::UnknownUnit, "mintues", "`minutes`");
  expect_fault(rule("then wait 2 months"), Code::UnknownUnit, "months", "days");
  expect_fault(rule("only if a at least 40 euros"), Code::UnknownUnit, "euros", "40 EUR");
  expect_fault(rule("only if number of a in last 7 days is 3"), Code::MissingWord, "in last", "in the last");
  expect_fault(rule("only if number order_placed ever is 3"), Code::MissingWord, "number", "number of");
  expect_fault(rule("only if a is one [b]"), Code::MissingWord, "one", "one of");
  expect_fault(rule("only x is 3"), Code::MissingWord, "x");
  expect_fault(rule("then no x 30 minutes"), Code::MissingWord, "30");
  expect_fault(rule("do send \"x\" by email with a is 3"), Code::MissingWord, "is");
  expect_fault(rule("only if a at least 1,000 EUR"), Code::NumberForm, "1,000");
  expect_fault(rule("only if a <> 3"), Code::NotUnderstood, "<>", "is not");
  expect_fault(rule("only if a || b"), Code::NotUnderstood, "|", "`or`");
  expect_fault(rule("only if (a and b"), Code::EndsEarly, "b");
  expect_fault(rule("only if a and b)"), Code::NotUnderstood, ")");
  expect_fault(rule("owner me"), Code::NotUnderstood, "me", "\"me\"");
  expect_fault("journey \"A\"\n rule \"r\"\n when a\nend", Code::NotUnderstood, "\"r\"", "without quotes");
  expect_fault("journey A\n rule r\n when a\nend", Code::NotUnderstood, "A", "\"A\"");
  expect_fault(rule("when a where b happened ever"), Code::NotUnderstood, "happened", "only if");
  expect_fault(rule("do send \"x\" by email\n wiht a = 3"), Code::UnknownClause, "wiht", "`with`");
}

TEST(Syntax, FaultsOfMeaningThatSyntaxKnows) {
  for (const char* text : {"number of a is 3", "sum of a.b is 3", "a happened", "a where b happened", "r sent"}) {
    const Parsed p(rule(std::string("only if ") + text));
    ASSERT_EQ(p.codes(), std::vector<Code>{Code::MissingWindow}) << p.all();
    for (const char* window : {"`in the last 7 days`", "`since`", "`ever`"}) EXPECT_NE(p.d.all()[0].help.find(window), std::string::npos);
  }
  expect_fault(rule("only if a in seg"), Code::NotVisitorIn, "a in");
  expect_fault(rule("only if \"J\".r"), Code::RuleNeedsVerb, "\"J\".r");
  expect_fault(rule("when \"J\".r"), Code::RuleNeedsVerb, "\"J\".r");
  expect_fault(rule("when r sent where a"), Code::WhereOnRule, "where a");
  expect_fault(rule("only if a is one of []"), Code::EmptyList, "[]");
  expect_fault(rule("then wait 0 days"), Code::ZeroLength, "0 days");
  expect_fault(rule("limit 2 messages in 0 hours"), Code::ZeroLength, "0 hours");
  expect_fault(rule("only if number of a in the last 0 days is 3"), Code::ZeroLength, "0 days");
  expect_fault(rule("then wait 99999999999 weeks"), Code::NumberTooLarge, "99999999999 weeks");
  expect_fault(rule("only if a is 9223372036854775808"), Code::NumberTooLarge, "9223372036854775808");
  expect_fault(rule("only if a is 92233720368547758.08 EUR"), Code::NumberTooLarge, "92233720368547758.08");
  expect_fault(rule("only if a is 1.2345678"), Code::NumberForm, "1.2345678");
  expect_fault(rule("only if a is 1.234 EUR"), Code::NumberForm, "1.234");
  expect_fault(rule("only if a is 1.5 hours"), Code::NumberForm, "1.5 hours");
  expect_fault(rule("only if a is 29 February 2025"), Code::InvalidDate, "29 February 2025");
}

TEST(Syntax, BrokenRowsOfTables) {
  expect_fault(rule("do choose\n | a | do |\n | > 3 | nothing\n | - | nothing |"), Code::TableRow, "nothing");
  expect_fault(rule("do choose\n | a | do |\n | > 3 |\n nothing |"), Code::TableRow, "nothing");
  expect_fault(rule("do choose\n | a | do |\n | | nothing |"), Code::TableRow, "|", "`-`");
  EXPECT_TRUE(Parsed(rule("do choose\n | a | do | # comment\n | > 3 | nothing |")).d.ok());
  expect_fault(rule("do choose\n | a | b |\n | > 3 | nothing |"), Code::TableRow, "|", "headed `do`");
  expect_fault(rule("do choose\n | do |\n | nothing |"), Code::TableRow, "do");
  expect_fault(rule("do choose\n | a | do |\n | - | 3 |"), Code::TableRow, "|", "`nothing`");
  expect_fault(rule("do choose\n | a | b | do |\n | 1 | 2 | nothing |\n | 3 | nothing |"), Code::TableRow, "| 3 | nothing |", "`-`");
  expect_fault(rule("do choose\n | a | do |\n | 1 | 2 | nothing |"), Code::TableRow, "| 1 | 2 | nothing |", "too many");
  expect_fault(rule("do choose\n | a | b | do |\n | 1 | nothing |\n | 3 | nothing |"), Code::TableRow, "| a | b | do |");
  expect_fault(rule("do choose\n | a | do |\n | one of [] | nothing |"), Code::EmptyList, "[]");
  expect_fault(rule("do choose\n | a | do |\n | not 3 | nothing |"), Code::NotUnderstood, "not", "is not");
  EXPECT_EQ(Parsed(rule("do choose\n | a | do |\n | 1 | nothing |\n | 1 | 2 | nothing |\n | 1.2345678 | nothing |")).codes(),
            (std::vector<Code>{Code::TableRow, Code::NumberForm}));
}

TEST(Syntax, TablesStandAlone) {
  const std::string table = "choose\n | a | do |\n | 1 | nothing |";
  expect_fault(rule("do send \"x\" by email\n " + table), Code::TableAlone, "choose");
  expect_fault(rule("do send \"x\" by email " + table), Code::TableAlone, "choose");
  expect_fault(rule("do " + table + "\n send \"x\" by email"), Code::TableAlone, "send");
  expect_fault(rule("do " + table + "\n " + table), Code::TableAlone, "choose");
  expect_fault(rule("do choose\n | a | do |\n | 1 | choose | b | do |\n | 2 | nothing |"), Code::TableAlone, "choose", "another rule");
}

TEST(Syntax, FaultyClauses) {
  expect_fault("journey \"A\"\n hold out 10\nend", Code::ShareNotPercent, "10", "`10%`");
  expect_fault("journey \"A\"\n hold out 10 EUR\nend", Code::ShareNotPercent, "10 EUR");
  expect_fault("journey \"A\"\n hold out 10.12345%\nend", Code::NumberForm, "10.12345");
  EXPECT_EQ(Parsed(rule("do split \"s\": 0.5 a, 50 minutes b")).codes(), (std::vector<Code>{Code::ShareNotPercent, Code::ShareNotPercent}));
  expect_fault(rule("do split \"s\": 50% a 50% b"), Code::MissingWord, "50", "50% a, 50% b");
  expect_fault(rule("quiet 21:00 to 24:00 visitor time"), Code::InvalidTime, "24:00");
  expect_fault(rule("quiet 21:00 to 08:00 visitor time then skip"), Code::MissingWord, "then", ", then");
  expect_fault(rule("quiet 21:00 to 08:00 visitor time, then send"), Code::NotUnderstood, "send");
  EXPECT_EQ(Parsed(rule("quiet 21:00 to 08:00 visitor time\n then wait 3 days")).codes(), std::vector<Code>{});
  expect_fault(rule("once in 30"), Code::MissingUnit, "30");
  expect_fault(rule("limit 2 taks in 7 days"), Code::NotUnderstood, "taks", "`tasks`");
  expect_fault(rule("limit 2 tasks in 7 days across nudges"), Code::NotUnderstood, "nudges", "\"nudges\"");
  expect_fault(rule("do send \"x\" by best push"), Code::MissingWord, "best", "best of");
  expect_fault(rule("do send \"x\" by email, show \"y\" in w.h"), Code::NotUnderstood, ",", "one below the other");
  expect_fault(rule("do show \"x\" in w.h with a = 1 for 1 hour"), Code::NotUnderstood, "for", "before `with`");
  expect_fault(rule("do suppress \"x\""), Code::EndsEarly, "\"x\"");
  expect_fault(rule("do raise \"x\""), Code::MissingWord, "\"x\"");
}

// ---- limits ----

TEST(Syntax, UnreadableFilesAreOneFault) {
  Limits small;
  small.bytes = 100;
  EXPECT_EQ(Parsed(std::string(101, 'x'), small).codes(), std::vector<Code>{Code::FileTooLarge});
  EXPECT_EQ(Parsed(std::string(50u << 20, 'x')).codes(), std::vector<Code>{Code::FileTooLarge});
  const Parsed bad("segment a is \xC3( end \xFF");
  ASSERT_EQ(bad.codes(), std::vector<Code>{Code::InvalidUtf8});
  EXPECT_EQ(bad.d.all()[0].span.begin, 13u);
  EXPECT_TRUE(bad.file.segments.empty());
  EXPECT_EQ(Parsed(std::string("segment a\0 is b end", 19)).codes(), std::vector<Code>{Code::ControlCharacter});
}

std::string repeated(const std::string& part, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

TEST(Syntax, DeepNestingIsOneFault) {
  const std::size_t n = 100'000;
  for (const std::string& text : {repeated("(", n) + "x" + repeated(")", n), repeated("(", n), repeated("not ", n) + "x", repeated("-", n) + "1 is 1",
                                  repeated("[", n), repeated("not (", n) + "x", repeated("number of a where ", n), repeated("- (", n) + "1",
                                  "a is " + repeated("[", n) + "1" + repeated("]", n), repeated("average of a.b where ", n), repeated("visitor is not [", n)}) {
    const Parsed p(rule("only if " + text));
    EXPECT_EQ(p.codes(), std::vector<Code>{Code::NestedTooDeep}) << text.substr(0, 20);
  }
  EXPECT_TRUE(Parsed(rule("only if " + repeated("(", 200) + "x" + repeated(")", 200))).d.ok());
  EXPECT_TRUE(Parsed(rule("only if " + repeated("not ", 200) + "x")).d.ok());
  EXPECT_FALSE(Parsed(rule("only if " + repeated("(", 201) + "x" + repeated(")", 201))).d.ok());
}

// Windows and names that look like windows hide where a `where` ends; however they are mixed, the parser is not led too deep.
TEST(Syntax, ManyWheresAreOneFault) {
  for (const char* part : {"number of a where number of b where c ever before this is 1 and ", "number of a where ever is 1 and ", "number of a where today is since and "}) {
    const Parsed p(rule("only if " + repeated(part, 1'500) + "x"));
    ASSERT_EQ(p.d.errors(), 1u) << p.all();
    EXPECT_TRUE(p.codes()[0] == Code::ConditionTooLarge || p.codes()[0] == Code::NestedTooDeep) << p.all();
  }
  EXPECT_TRUE(Parsed(rule("when any of a where b is 1" + repeated(", a where b is 1", 400))).d.ok());
  EXPECT_TRUE(Parsed(rule("only if x" + repeated(" and a where b is 1 happened today before this", 400))).d.ok());
}

TEST(Syntax, LongTables) {
  const auto table = [](const std::string& cell, std::size_t rows) { return "do choose\n | a | do |\n" + repeated(" | " + cell + " | nothing |\n", rows); };
  const Parsed p(rule(table("-1 + 2 - 3", 1'000)));
  ASSERT_TRUE(p.d.ok()) << p.all();
  EXPECT_EQ(p.file.journeys[0].rules[0].action->choose->rows.size(), 1'000u);
  EXPECT_EQ(Parsed(rule(table("1" + repeated(" + 1", 501), 3))).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_EQ(Parsed(rule(table(repeated("- ", 100'000) + "1", 3))).codes(), std::vector<Code>{Code::NestedTooDeep});
  EXPECT_EQ(Parsed(rule(table("-", 10'000))).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_EQ(Parsed(rule("when any of a" + repeated(", a", 50'000))).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_EQ(Parsed(rule("do" + repeated(" raise task \"x\"", 50'000))).codes(), std::vector<Code>{Code::ConditionTooLarge});
}

TEST(Syntax, LongChains) {
  EXPECT_EQ(Parsed(rule("only if x" + repeated(" and x", 50'000))).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_EQ(Parsed(rule("only if x" + repeated(" + x", 50'000) + " is 1")).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_EQ(Parsed(rule("only if x" + repeated(" otherwise x", 50'000))).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_EQ(Parsed(rule("only if x is one of [1" + repeated(", 1", 50'000) + "]")).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_TRUE(Parsed(rule("only if x is one of [1" + repeated(", 1", 5'000) + "]")).d.ok());
  const Parsed p(rule("only if x0" + repeated(" and x", 2'000)));
  ASSERT_TRUE(p.d.ok()) << p.all();
  // Balanced: 2,001 operands are 11 deep, and in written order.
  std::size_t depth = 0;
  const Expr* at = p.file.journeys[0].rules[0].conditions[0].test.get();
  for (; std::holds_alternative<Logic>(at->node); at = std::get<Logic>(at->node).left.get()) ++depth;
  EXPECT_EQ(depth, 11u);
  EXPECT_EQ(at->text, "x0");
}

TEST(Syntax, ErrorsAreLimited) {
  const Parsed p("journey \"A\"\n rule r\n" + repeated("  only if (\n", 1000) + "end");
  ASSERT_EQ(p.d.errors(), 21u);
  EXPECT_EQ(p.d.all().back().code, Code::TooManyErrors);
  EXPECT_EQ(Parsed(repeated("\\\n", 100'000)).d.errors(), 21u);
}

TEST(Syntax, TextsOfHostileDepthAreBounded) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "segment s is " + repeated("not ", 199) + "\"" + std::string(4000, 'y') + "\" end\n";
  EXPECT_EQ(Parsed(text).codes(), std::vector<Code>{Code::ConditionTooLarge});
}

// The example with tokens deleted, doubled, swapped or replaced: always an answer, and always the same one.
TEST(Syntax, MutationsOfTheExampleNeverCrash) {
  const std::string example = kExample;
  const std::vector<std::string> parts{"end", "rule", "when", "(", ")", "\"", "`", "|", "not", "where", "happened", ",", "=", "in the last 7 days", "\n", "journey \"X\"", "#", "30", "[", "ä", "choose", "any of", "from 1 June 2026", "%", "before this", "visitor is", "every", "| a | do |", "best of",
                                       "then 0", "more", "in the last", "1 Dec", "between 3 and", "expect", "the", "no", "version", "30 minutes", "\"a\n b", "is not", "1 December", "9:00"};
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    std::string text = example;
    for (int edits = 0; edits < 4; ++edits) {
      const std::size_t at = random() % text.size(), length = random() % 12;
      switch (random() % 3) {
        case 0: text.erase(at, length); break;
        case 1: text.insert(at, " " + parts[random() % parts.size()] + " "); break;
        case 2: text.insert(at, text.substr(random() % text.size(), length)); break;
      }
    }
    const Parsed first(text), second(text);
    ASSERT_EQ(first.all(), second.all());
    for (const auto& each : first.d.all()) {
      ASSERT_LE(each.span.begin, each.span.end);
      ASSERT_LE(each.span.end, text.size());
      ASSERT_FALSE(each.message.empty());
      ASSERT_EQ(each.code == Code::ReadingFailed, false) << each.message;
    }
  }
}

// ---- slips ----

// Words of the tables of slips are free names where they fit.
TEST(SyntaxSlips, AreNamesElsewhere) {
  for (const char* clause : {"only if over more than 3 and the.between is 3 and equals is 4", "when greater where lower less than 3 and after is before",
                             "only if more is 3 and expects contains \"x\"", "then no within for 3 days", "when more\n then wait 2 days", "when less then wait 2 days"})
    EXPECT_TRUE(Parsed(rule(clause)).d.ok()) << Parsed(rule(clause)).all();
  EXPECT_TRUE(Parsed(test("at 10:00 expect expects = 3\n at 10:00 we a = 3, is = 4")).d.ok());
}

// A text left open at the end of its line is broken over lines only where the next line closes it and begins nothing itself.
TEST(SyntaxSlips, BrokenAndUnclosedTexts) {
  const Parsed two(rule("do send \"x by email\n only if a is \"b and c"));
  EXPECT_EQ(two.codes(), (std::vector<Code>{Code::UnclosedText, Code::UnclosedText})) << two.all();
  expect_fault(rule("owner \"a\n\n b\"\n when c"), Code::UnclosedText, "\"a", "Join");
  expect_fault(rule("owner \"ä\n ö\"\n when c"), Code::UnclosedText, "\"ä", "Join");
  expect_fault(rule("owner \"a\n # b\"\n when c"), Code::UnclosedText, "\"a", "Close it");
  EXPECT_EQ(Parsed("journey \"J\"\n owner \"a\n b\"").codes(), (std::vector<Code>{Code::UnclosedText, Code::MissingEnd}));
}

}  // namespace
}  // namespace polku::syntax
