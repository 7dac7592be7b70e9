// What starts a rule: each trigger as a tree, and what faulty ones are told as.
#include "tests/unit/syntax_world.h"

namespace polku::syntax {
namespace {

TEST(Syntax, Triggers) {
  const Triggered any("any of cart where items more than 2, \"J\".r sent, today");
  const auto& one = any.as<OneEvent>();
  ASSERT_EQ(one.of.size(), 3u);
  EXPECT_EQ(one.of[0].where->text, "items more than 2");
  EXPECT_EQ(one.of[1].verb, Verb::Sent);
  EXPECT_EQ(one.of[2].name.text, "today");
  EXPECT_EQ(any.parsed.file.journeys[0].rules[0].when->text, "when any of cart where items more than 2, \"J\".r sent, today");

  const Triggered three("3 viewed where topic is offers with the same `the page` within 10 minutes");
  EXPECT_EQ(three.as<Repeated>().what.text, "viewed where topic is offers");
  EXPECT_EQ(three.as<Repeated>().same->text, "the page");
  EXPECT_EQ(three.parsed.sources.text(0).substr(three.as<Repeated>().count_span.begin, 2), "3 ");
  EXPECT_FALSE(Triggered("1001 a within 2 weeks").as<Repeated>().same);
  EXPECT_EQ(Triggered("2 a with the same same within 1 hour").as<Repeated>().same->text, "same");

  const Triggered order("in order within 14 days:\n viewed where topic is offers,\n cart,\n order without \"J\".r shown");
  ASSERT_EQ(order.as<InOrder>().steps.size(), 3u);
  EXPECT_EQ(order.as<InOrder>().steps[2].name.text, "order");
  EXPECT_EQ(order.as<InOrder>().without->verb, Verb::Shown);
  EXPECT_EQ(order.as<InOrder>().without->journey->text, "J");
  EXPECT_EQ(Triggered("in order within 1 day: a").as<InOrder>().steps.size(), 1u);

  EXPECT_TRUE(Triggered("visitor enters gold").as<Membership>().enters);
  EXPECT_FALSE(Triggered("visitor leaves enters").as<Membership>().enters);
  EXPECT_EQ(Triggered("visitor leaves enters").as<Membership>().segment.text, "enters");
  EXPECT_EQ(Triggered("asked for `the app`.hero").as<Asked>().slot.parts, (std::vector<std::string>{"the app", "hero"}));
  EXPECT_EQ(Triggered("every day at 09:00:30 visitor time").as<EveryDay>().of_day, 9 * kHour + 30 * kSecond);
  const Triggered birthday("on visitor.birthday at 10:00");
  EXPECT_EQ(birthday.as<OnDate>().of_day, 10 * kHour);
  EXPECT_EQ(as<Path>(birthday.as<OnDate>().date).text(), "visitor.birthday");
}

TEST(Syntax, WordsOfTriggersAreFreeNames) {
  for (const char* word : {"any", "in", "visitor", "asked", "every", "on", "task", "tasks", "today", "first", "from", "order", "within", "without", "same"}) {
    const Triggered plain(word);
    EXPECT_EQ(plain.as<OneEvent>().of.at(0).name.text, word);
    const Triggered listed(std::string("any of a, ") + word);
    EXPECT_EQ(listed.as<OneEvent>().of.at(1).name.text, word);
    const Triggered counted(std::string("2 ") + word + " with the same " + word + " within 1 day");
    EXPECT_EQ(counted.as<Repeated>().what.name.text, word);
    EXPECT_EQ(counted.as<Repeated>().same->text, word);
    const Triggered filtered(std::string(word) + " where " + word + " at least 3");
    EXPECT_EQ(filtered.as<OneEvent>().of.at(0).where->text, std::string(word) + " at least 3");
  }
}

TEST(Syntax, FaultyTriggers) {
  expect_fault(rule("when"), Code::EndsEarly, "when", "`every day at 09:00 visitor time`");
  expect_fault(rule("when every week at 09:00 visitor time"), Code::NotUnderstood, "every week", "every day");
  expect_fault(rule("when every monday at 09:00 visitor time"), Code::NotUnderstood, "every monday", "every day");
  expect_fault(rule("when every day at 24:00 visitor time"), Code::InvalidTime, "24:00");
  expect_fault(rule("when every day at 09:00"), Code::EndsEarly, "09:00");
  expect_fault(rule("when on birthday at 9:00"), Code::InvalidTime, "9:00", "`09:00`");
  expect_fault(rule("when any a, b"), Code::MissingWord, "any", "any of");
  expect_fault(rule("when any of a b"), Code::MissingWord, "b");
  expect_fault(rule("when in order within 3 days a, b"), Code::MissingWord, "a");
  expect_fault(rule("when in order within 3 days: a, b c"), Code::MissingWord, "c");
  expect_fault(rule("then no a b for 3 days"), Code::MissingWord, "b");
  expect_fault(rule("when in order: a, b"), Code::MissingWord, "order", "within 2 days");
  expect_fault(rule("when 3 a with same b within 1 day"), Code::MissingWord, "same");
  expect_fault(rule("when 3 a within 10"), Code::MissingUnit, "10");
  expect_fault(rule("when 3 a within 0 days"), Code::ZeroLength, "0 days");
  expect_fault(rule("when visitor enter gold"), Code::NotUnderstood, "enter", "`enters`");
  expect_fault(rule("when visitor in gold"), Code::NotUnderstood, "in", "`only if`");
  expect_fault(rule("when asked web.hero"), Code::MissingWord, "asked", "asked for");
  EXPECT_EQ(Parsed(rule("when any of r sent where a, \"J\".q")).codes(), (std::vector<Code>{Code::WhereOnRule, Code::RuleNeedsVerb}));
}

// ---- slips ----

TEST(SyntaxSlips, Triggers) {
  static constexpr Slip kSlips[] = {
      {"when a where b is more then 0\n then no c for 1 day", "more then", "`more than`", "when a where b is more than 0\n then no c for 1 day"},
      {"when a, b", ",", "`when any of a, b`", "when any of a, b"},
      {"when a or b", "or", "`when any of a, b`", "when any of a, b"},
      {"when a and b", "and", "`when in order within 2 days: a, b`", "when in order within 2 days: a, b"},
      {"when any of a or b", "or", "`a, b`", "when any of a, b"},
      {"when a was sent", "was", "`a sent`", "when a sent"},
      {"when a happened", "happened", "`when a`", "when a"},
      {"when three a within 1 day", "three", "`3`", "when 3 a within 1 day"},
      {"when 3 a in 10 minutes", "in", "`within`", "when 3 a within 10 minutes"},
      {"when in order: a, b", "order", "`in order within 2 days:`", "when in order within 2 days: a, b"},
      {"when in order within 2 days: a, b, without c", ",", "`a, b without c`", "when in order within 2 days: a, b without c"},
      {"when every day at 9:00 visitor time", "9:00", "`09:00`", "when every day at 09:00 visitor time"},
      {"when every day at 9 visitor time", "9", "`09:00`", "when every day at 09:00 visitor time"},
      {"when every day at 09:00", "09:00", "`09:00 visitor time`", "when every day at 09:00 visitor time"},
      {"when a then b within 1 day", "then", "`when in order within 2 days: a, b`", "when in order within 2 days: a, b"},
      {"then no a within 30 minutes", "within", "`for`", "then no a for 30 minutes"},
      {"then no any of a, b for 1 day", "any of", "`then no a, b", "then no a, b for 1 day"},
      {"then no a or b for 1 day", "or", "`a, b`", "then no a, b for 1 day"},
      {"then not a for 1 day", "not", "`then no`", "then no a for 1 day"},
      {"then no a for half an hour", "half", "`30 minutes`", "then no a for 30 minutes"},
      {"then no a for an hour", "an", "`1 hour`", "then no a for 1 hour"},
      {"then no a for 30 min", "min", "`30 minutes`", "then no a for 30 minutes"},
      {"then no a for 1 hour 30 minutes", "1 hour 30 minutes", "`90 minutes`", "then no a for 90 minutes"},
      {"then wait one day", "one", "`1`", "then wait 1 day"},
      {"when a not b in the last 2 days", "not", "`not if`", "when a not if b happened in the last 2 days"},
      {"then wait for 2 days", "for", "`then wait 2 ", "then wait 2 days"},
      {"then wait 1 hour and 30 minutes", "1 hour and 30 minutes", "`90 minutes`", "then wait 90 minutes"},
  };
  for (const Slip& slip : kSlips) expect_slip(slip, "journey \"J\"\n rule r\n ", "\n do send \"x\" by email\nend\n");
}

TEST(SyntaxSlips, Clauses) {
  static constexpr Slip kSlips[] = {
      {"when a\n not visitor in b", "not", "`not if`", "when a\n not if visitor in b"},
      {"only if a\n not visitor in b", "not", "`not if`", "only if a\n not if visitor in b"},
      {"not a in the last 3 days", "not", "`not if`", "not if a happened in the last 3 days"},
      {"when a\n unless b", "unless", "`not if`", "when a\n not if b"},
      {"when a\n if b", "if", "`only if`", "when a\n only if b"},
      {"only when b", "when", "`only if`", "only if b"},
      {"only if: b", ":", "Leave it out", "only if b"},
      {"when a\n and then no b for 1 day", "and", "Leave it out", "when a\n then no b for 1 day"},
      {"when a\n wait 2 days", "wait", "`then wait`", "when a\n then wait 2 days"},
      {"after a", "after", "`when`", "when a"},
      {"once a week", "a", "`once in 1 week`", "once in 1 week"},
      {"limit 2 messages per week", "per", "`in 1 week`", "limit 2 messages in 1 week"},
      {"limit at most 2 messages in 7 days", "at most", "`limit 2 messages", "limit 2 messages in 7 days"},
      {"limit two messages in 7 days", "two", "`2`", "limit 2 messages in 7 days"},
      {"limit 2 emails in 7 days", "emails", "`messages`", "limit 2 messages in 7 days"},
      {"from 1 Dec 2026", "1 Dec 2026", "`1 December 2026`", "from 1 December 2026"},
      {"from 2026-12-01 until 2026-12-24", "2026-12-01", "`1 December 2026`", "from 1 December 2026"},
      {"from December 1 2026", "December 1 2026", "`1 December 2026`", "from 1 December 2026"},
      {"from 1. December 2026", "1.", "`1 December 2026`", "from 1 December 2026"},
      {"from 1 December until 24 December 2026", "1 December", "`1 December 2026`", "from 1 December 2026"},
      {"only if phone is \"a\n b\" and c\n when d", "\"a", "Join the lines", "only if phone is \"a b\" and c\n when d"},
  };
  for (const Slip& slip : kSlips) expect_slip(slip, "journey \"J\"\n rule r\n ", "\n do send \"x\" by email\nend\n");
}

TEST(SyntaxSlips, HeadsAndBlocks) {
  static constexpr Slip kSlips[] = {
      {"journey \"J\" version 3.1 rule r when a end", "3.1", "`version 3`", "journey \"J\" version 3 rule r when a end"},
      {"journey \"J\" version \"3\" rule r when a end", "\"3\"", "`version 3`", "journey \"J\" version 3 rule r when a end"},
      {"journey \"J\" rule the second\n when a end", "the second", "`the_second`", "journey \"J\" rule the_second\n when a end"},
      {"segment a b is c end", "a b", "`a_b`", "segment a_b is c end"},
      {"journey \"J\" stop when a, b end", ",", "`stop when`", "journey \"J\" stop when a stop when b end"},
      {"journey \"J\" stop when any of a, b end", "any of", "each event", "journey \"J\" stop when a stop when b end"},
      {"guarantee \"g\" no more than 3 messages in 7 days end", "no more than", "`at most`", "guarantee \"g\" at most 3 messages in 7 days end"},
      {"guarantee \"g\" never send by best of a unless b end", "best of", "`by push, email`", "guarantee \"g\" never send by push, email unless b end"},
  };
  for (const Slip& slip : kSlips) expect_slip(slip, "", "\n");
}

TEST(SyntaxSlips, Actions) {
  static constexpr Slip kSlips[] = {
      {"send \"x\" to email", "to", "`by`", "send \"x\" by email"},
      {"send \"x\" by push, email", ",", "`by best of push, email`", "send \"x\" by best of push, email"},
      {"send \"x\" by any of push, email", "by any of", "`by best of`", "send \"x\" by best of push, email"},
      {"send \"x\" by email a = 1", "a", "`with a =", "send \"x\" by email with a = 1"},
      {"send \"x\" by email with a: 1", ":", "`a = ", "send \"x\" by email with a = 1"},
      {"raise \"x\"", "\"x\"", "`raise task \"x\"`", "raise task \"x\""},
  };
  for (const Slip& slip : kSlips) expect_slip(slip, "journey \"J\"\n rule r\n when a\n do ", "\nend\n");
}

TEST(SyntaxSlips, CellsOfTables) {
  static constexpr Slip kSlips[] = {
      {"| not given | nothing |", "not given", "`missing`", "| missing | nothing |"},
      {"| is not given | nothing |", "is not given", "`missing`", "| missing | nothing |"},
      {"| is not missing | nothing |", "is not missing", "`given`", "| given | nothing |"},
      {"| is not one of [a] | nothing |", "is not one of", "`one of […]`", "| one of [a] | nothing |\n | - | nothing |"},
      {"| not one of [a] | nothing |", "not one of", "`one of […]`", "| one of [a] | nothing |\n | - | nothing |"},
      {"| a, b | nothing |", ",", "`one of [a, b]`", "| one of [a, b] | nothing |"},
      {"| a or b | nothing |", "or", "`one of [a, b]`", "| one of [a, b] | nothing |"},
      {"| not a | nothing |", "not", "`is not`", "| is not a | nothing |"},
      {"| more then 3 | nothing |", "more then", "`more than`", "| more than 3 | nothing |"},
      {"| - | do nothing |", "do", "Leave it out", "| - | nothing |"},
      {"| - | do send \"x\" by email |", "do", "Leave it out", "| - | send \"x\" by email |"},
      {"|---|---|\n | - | nothing |", "--", "Leave the line out", "| - | nothing |"},
      {"| * | nothing |", "*", "`-`", "| - | nothing |"},
      {"| > 3 and < 5 | nothing |", "and", "row above", "| <= 3 | nothing |\n | < 5 | nothing |"},
      {"| unknown | nothing |", "unknown", "`missing`", "| missing | nothing |"},
  };
  for (const Slip& slip : kSlips) expect_slip(slip, "journey \"J\"\n rule r\n when a\n do choose\n | b | do |\n ", "\nend\n");
  expect_fault(rule("do choose\n | a more than 2 | do |\n | yes | nothing |"), Code::TableRow, "more", "`> 2`");
  expect_fault(rule("do choose\n | a happened ever | do |\n | yes | nothing |"), Code::TableRow, "happened", "number of");
}

}  // namespace
}  // namespace polku::syntax
