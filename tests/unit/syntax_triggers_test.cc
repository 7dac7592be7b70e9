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
  expect_fault(rule("when on birthday at 9:00"), Code::InvalidTime, "9:00");
  expect_fault(rule("when any a, b"), Code::MissingWord, "any", "any of");
  expect_fault(rule("when any of a b"), Code::MissingWord, "b");
  expect_fault(rule("when in order within 3 days a, b"), Code::MissingWord, "a");
  expect_fault(rule("when in order within 3 days: a, b c"), Code::MissingWord, "c");
  expect_fault(rule("then no a b for 3 days"), Code::MissingWord, "b");
  expect_fault(rule("when in order: a, b"), Code::MissingWord, ":");
  expect_fault(rule("when 3 a with same b within 1 day"), Code::MissingWord, "same");
  expect_fault(rule("when 3 a within 10"), Code::MissingUnit, "10");
  expect_fault(rule("when 3 a within 0 days"), Code::ZeroLength, "0 days");
  expect_fault(rule("when visitor enter gold"), Code::NotUnderstood, "enter", "`enters`");
  expect_fault(rule("when visitor in gold"), Code::NotUnderstood, "in", "`only if`");
  expect_fault(rule("when asked web.hero"), Code::MissingWord, "asked", "asked for");
  EXPECT_EQ(Parsed(rule("when any of r sent where a, \"J\".q")).codes(), (std::vector<Code>{Code::WhereOnRule, Code::RuleNeedsVerb}));
}

}  // namespace
}  // namespace polku::syntax
