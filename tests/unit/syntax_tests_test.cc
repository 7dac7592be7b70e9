// Test blocks and guarantees as trees, and what faulty ones are told as.
#include "tests/unit/syntax_world.h"

namespace polku::syntax {
namespace {

// ---- tests ----

TEST(Syntax, TestLines) {
  const Parsed p(test(R"(visitor a = 1, consent.marketing = given,
          `time zone` = missing
  at 10:00:30 cart_updated items = 2, value = 55 EUR
  day 2 at 09:00 order_placed
  at 11:00 visitor a = 2
  at 11:30 expect send "x" by push
     with p = "v" because held_out
  day 3 at 12:00 expect show "y" in web.hero
  at 12:00 expect send "x"
  until 12:00 expect nothing because unknown
  day 3 until 12:00 expect nothing)"));
  ASSERT_TRUE(p.d.ok()) << p.all();
  const auto& lines = p.file.tests.at(0).lines;
  ASSERT_EQ(lines.size(), 9u);
  const auto& start = std::get<TestSet>(lines[0]);
  EXPECT_EQ(start.at.day, 1);
  EXPECT_EQ(start.at.of_day, 0);
  ASSERT_EQ(start.values.size(), 3u);
  EXPECT_EQ(start.values[1].word, Binding::Word::Given);
  const auto& event = std::get<TestEvent>(lines[1]);
  EXPECT_EQ(event.at.of_day, 10 * kHour + 30 * kSecond);
  EXPECT_EQ(event.event.text, "cart_updated");
  EXPECT_EQ(event.fields.size(), 2u);
  EXPECT_EQ(std::get<TestEvent>(lines[2]).at.day, 2);
  EXPECT_EQ(std::get<TestSet>(lines[3]).at.of_day, 11 * kHour);
  const auto& send = std::get<Expect>(lines[4]);
  EXPECT_FALSE(send.nothing || send.until);
  EXPECT_EQ(send.template_.text, "x");
  EXPECT_EQ(send.target->text(), "push");
  EXPECT_EQ(send.params.size(), 1u);
  EXPECT_EQ(send.because->text, "held_out");
  EXPECT_EQ(std::get<Expect>(lines[5]).kind, ActionKind::Show);
  EXPECT_EQ(std::get<Expect>(lines[5]).target->text(), "web.hero");
  EXPECT_FALSE(std::get<Expect>(lines[6]).target);
  const auto& nothing = std::get<Expect>(lines[7]);
  EXPECT_TRUE(nothing.nothing && nothing.until);
  EXPECT_EQ(nothing.because->text, "unknown");
  EXPECT_EQ(std::get<Expect>(lines[8]).at.day, 3);
}

TEST(Syntax, TestsOfRequestsAndTasks) {
  const Parsed p(test("at 10:00 asked for web.hero day 2 at 11:00 asked at 12:00 asked for = 3\n at 13:00 expect raise task \"x\" with a = 1 because held_out at 14:00 task task = 2"));
  ASSERT_TRUE(p.d.ok()) << p.all();
  const auto& lines = p.file.tests.at(0).lines;
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(std::get<TestAsked>(lines[0]).slot.text(), "web.hero");
  EXPECT_EQ(std::get<TestAsked>(lines[0]).at.of_day, 10 * kHour);
  EXPECT_EQ(std::get<TestEvent>(lines[1]).event.text, "asked");
  EXPECT_EQ(std::get<TestEvent>(lines[2]).fields.at(0).name.text(), "for");
  const auto& task = std::get<Expect>(lines[3]);
  EXPECT_EQ(task.kind, ActionKind::Task);
  EXPECT_EQ(task.template_.text, "x");
  EXPECT_FALSE(task.target);
  EXPECT_EQ(task.params.size(), 1u);
  EXPECT_EQ(std::get<TestEvent>(lines[4]).event.text, "task");
  expect_fault(test("until 10:00 asked for web.hero"), Code::UntilMisused, "until 10:00");
  expect_fault(test("at 10:00 asked web.hero"), Code::MissingWord, "asked", "asked for");
  expect_fault(test("at 10:00 expect task \"x\""), Code::MissingWord, "task", "expect raise task");
}

// ---- guarantees ----

TEST(Syntax, Guarantees) {
  const Parsed p("guarantee \"a\" never show unless visitor is known end guarantee \"b\" at most 1 show in 2 days end\n"
                 "guarantee \"c\" never send by email unless a or b end guarantee \"d\" at most 2 tasks in 1 week end");
  ASSERT_TRUE(p.d.ok()) << p.all();
  ASSERT_EQ(p.file.guarantees.size(), 4u);
  const auto& shows = std::get<Never>(p.file.guarantees[0].promise);
  EXPECT_EQ(shows.kind, ActionKind::Show);
  EXPECT_TRUE(shows.channels.empty());
  EXPECT_EQ(p.file.guarantees[0].text, "never show unless visitor is known");
  EXPECT_EQ(std::get<AtMost>(p.file.guarantees[1].promise).unit, LimitUnit::Shows);
  EXPECT_EQ(std::get<Never>(p.file.guarantees[2].promise).unless->text, "a or b");
  EXPECT_EQ(std::get<AtMost>(p.file.guarantees[3].promise).unit, LimitUnit::Tasks);
  EXPECT_EQ(std::get<AtMost>(p.file.guarantees[3].promise).count, 2);
  expect_fault("guarantee \"a\"\n at most 3 messages in 7 days\n at most 2 messages in 1 day\nend", Code::NotUnderstood, "at", "another `guarantee`");
  expect_fault("guarantee \"a\"\n never send unless b\n at most 2 messages in 1 day\nend", Code::NotUnderstood, "at", "another `guarantee`");
  expect_fault("guarantee \"a\"\n at most 3 mesages in 7 days\nend", Code::NotUnderstood, "mesages", "`messages`");
  expect_fault("guarantee \"a\" never raise task unless b end", Code::NotUnderstood, "raise");
  expect_fault("guarantee \"a\" at most 3 messages in 0 days end", Code::ZeroLength, "0 days");
  expect_fault("guarantee \"a\"\n at most 3 messages in 7 days\n limit 2 messages in 1 day\nend", Code::MisplacedClause, "limit");
}

TEST(Syntax, OutcomesCalledLikeWordsOfTheLanguage) {
  for (const char* outcome : {"quiet", "guarantee", "nothing", "unknown", "held_out", "waiting", "because"}) {
    const Parsed p(test("at 10:00 expect send \"x\" by because because " + std::string(outcome) + "\n until 11:00 expect nothing because " + outcome) +
                   "guarantee \"g\" at most 1 message in 1 day end");
    ASSERT_TRUE(p.d.ok()) << outcome << p.all();
    for (const auto& line : p.file.tests.at(0).lines) EXPECT_EQ(std::get<Expect>(line).because->text, outcome);
  }
}

TEST(Syntax, FaultyTestLines) {
  expect_fault(test("at 24:00 a"), Code::InvalidTime, "24:00");
  expect_fault(test("at 10:75 a"), Code::InvalidTime, "10:75");
  expect_fault(test("at 9:00 a"), Code::InvalidTime, "9:00");
  expect_fault(test("day 0 at 09:00 a"), Code::InvalidTime, "0");
  expect_fault(test("until 12:00 a"), Code::UntilMisused, "until 12:00");
  expect_fault(test("until 12:00 expect send \"x\""), Code::UntilMisused, "until 12:00");
  expect_fault(test("att 10:00 a"), Code::UnknownClause, "att", "`at`");
  expect_fault(test("at 10:00 a\n visitr x = 3"), Code::UnknownClause, "visitr", "`visitor`");
  expect_fault(test("at 10:00 a limit = 3"), Code::HardWordAsName, "limit", "backticks");
  expect_fault(test("at 10:00 a b = 3 c = 4"), Code::MissingWord, "c", "a = 1, b = 2");
  expect_fault(test("at 10:00 a\n when b\n at 11:00 c"), Code::MisplacedClause, "when");
  EXPECT_EQ(Parsed(test("at 25:00 a\n at 10:61 b")).d.errors(), 2u);
}

// ---- slips ----

TEST(SyntaxSlips, LinesOfTests) {
  static constexpr Slip kSlips[] = {
      {"at 10:00 expect something", "something", "", "at 10:00 expect nothing"},
      {"at 10:00 we expect send \"x\" by email", "we", "Leave it out", "at 10:00 expect send \"x\" by email"},
      {"at 10:00 expects send \"x\"", "expects", "`expect`", "at 10:00 expect send \"x\""},
      {"at 10:00 expect \"x\"", "\"x\"", "`expect send \"x\"`", "at 10:00 expect send \"x\""},
      {"at 10:00 expect no send", "no", "`expect nothing`", "at 10:00 expect nothing"},
      {"at 10:00 expect send \"x\" by best of a", "by best of", "`by push`", "at 10:00 expect send \"x\" by push"},
      {"at 10:00 expect send \"x\", send \"y\"", ",", "line of its own", "at 10:00 expect send \"x\"\n at 10:00 expect send \"y\""},
      {"at 10:00 expect nothing because no consent", "no consent", "`no_consent`", "at 10:00 expect nothing because no_consent"},
      {"visitor a.b is given", "is", "`a.b = given`", "visitor a.b = given"},
      {"visitor a.b given", "given", "`a.b = given`", "visitor a.b = given"},
      {"visitor a", "a", "`a = …`", "visitor a = yes"},
      {"at 10.30 a", "10.30", "`10:30`", "at 10:30 a"},
      {"at 9 a", "9", "`09:00`", "at 09:00 a"},
      {"at 9:05 a", "9:05", "`09:05`", "at 09:05 a"},
      {"10:30 a", "10:30", "`at 10:30`", "at 10:30 a"},
      {"day 2 10:00 a", "10:00", "`day 2 at 10:00`", "day 2 at 10:00 a"},
      {"and at 10:00 a", "and", "begins with its time", "at 10:00 a"},
      {"expect nothing", "expect", "`at 10:00 expect`", "at 10:00 expect nothing"},
      {"at 10:00 a, b", ",", "a line for each", "at 10:00 a\n at 10:00 b"},
      {"at 10:00 a sent", "a sent", "`expect send", "at 10:00 expect send \"a\""},
  };
  for (const Slip& slip : kSlips) expect_slip(slip, "test \"t\"\n ", "\nend\n");
}

}  // namespace
}  // namespace polku::syntax
