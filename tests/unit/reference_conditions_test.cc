// The reference interpreter: what conditions see, and what they are worth (readings 3–5, 7, 12–19, 23, 37–42).
#include "tests/unit/reference_world.h"

namespace polku::reference {
namespace {

TEST_F(Reference, WindowsLeaveOutTheirFarEdge) {
  at("12:00", "cart");  // is() judges at noon of the second day
  EXPECT_EQ(is("cart happened in the last 24 hours"), Tri::No);
  EXPECT_EQ(is("cart happened in the last 86401 seconds"), Tri::Yes);
  EXPECT_EQ(is("order happened in the last 1 second"), Tri::Yes);  // the event itself
}

TEST_F(Reference, SinceIsByHistoryOrder) {
  at("10:00", "page");
  at("10:00", "cart");
  at("10:00", "page");
  EXPECT_EQ(is("number of page since cart is 1"), Tri::Yes);
  EXPECT_EQ(is("number of page since opened is 0"), Tri::Yes);
  EXPECT_EQ(is("number of page since page is 0"), Tri::Yes);
  c.history = 26 * kHour;
  EXPECT_EQ(is("number of order since page is 0"), Tri::Yes);  // the latest page is just out of sight
  c.history = 26 * kHour + 1;
  EXPECT_EQ(is("number of order since page is 1"), Tri::Yes);
}

TEST_F(Reference, HistoryEndsWhatConditionsSeeButNotAttributes) {
  set("12:00", "age=40");
  at("12:00", "cart value=700");
  c.history = kDay;
  EXPECT_EQ(is("cart happened ever"), Tri::No);
  EXPECT_EQ(is("last cart.value is given"), Tri::No);
  EXPECT_EQ(is("first cart.value is given"), Tri::No);
  EXPECT_EQ(is("visitor.age is 40"), Tri::Yes);
  EXPECT_EQ(saw[0], "visitor.age = 40");
  c.history = kDay + 1;
  EXPECT_EQ(is("cart happened ever"), Tri::Yes);
  EXPECT_EQ(is("last cart.value is 7 EUR"), Tri::Yes);
}

TEST_F(Reference, LastAndFirstAreOfTheEventItselfGivenOrNot) {
  at("10:00", "cart value=100");
  at("10:00", "cart value=200");
  at("11:00", "cart");
  EXPECT_EQ(is("first cart.value is 1 EUR"), Tri::Yes);
  EXPECT_EQ(saw[0], "first cart.value = 1.00 EUR");
  EXPECT_EQ(is("last cart.value is given"), Tri::No);  // the latest has none
  events.erase(events.begin(), events.begin() + 1);
  c.history = 26 * kHour;
  EXPECT_EQ(is("first cart.value is missing"), Tri::Yes);  // 10:00 is out of sight
}

TEST_F(Reference, CalendarWindowsBeginWithTheLocalDayWeekAndMonth) {
  set("08:00", "time zone=Europe/Helsinki");  // two hours ahead: the second day begins at 22:00, the week on the evening before the first
  at("21:59:59.999", "cart");
  at("22:00", "page");
  EXPECT_EQ(is("cart happened today"), Tri::No);
  EXPECT_EQ(is("page happened today"), Tri::Yes);
  EXPECT_EQ(is("cart happened this week"), Tri::Yes);
  EXPECT_EQ(is("number of cart this month is 1"), Tri::Yes);
  events.insert(events.begin(), 2, events[1]);
  events[0].at = instant("2026-02-28T21:59:59.999Z");
  events[1].at = instant("2026-02-28T22:00:00Z");
  EXPECT_EQ(is("number of cart this month is 2"), Tri::Yes);
  EXPECT_EQ(is("number of cart this week is 1"), Tri::Yes);  // 28 February was a Saturday
  events[1].at = instant("2026-03-01T22:00:00Z");
  EXPECT_EQ(is("number of cart this week is 2"), Tri::Yes);
  set("2 10:00", "time zone=Nowhere");  // no zone: the pack's
  EXPECT_EQ(is("page happened today"), Tri::No);
  c.zone = "Europe/Helsinki";
  EXPECT_EQ(is("page happened today"), Tri::Yes);
}

TEST_F(Reference, CalendarWindowsEndWithTheHistory) {
  c.history = 31 * kDay;
  at("2026-03-01T00:00:00Z", "page");
  at("2026-03-31T23:59:59Z", "order");
  journey("rule r when order only if page happened this month do send \"t\" by mail");
  EXPECT_EQ(run("2026-04-01T00:00:00Z").back().outcome, Outcome::acted);
  c.history = 30 * kDay;
  EXPECT_EQ(run("2026-04-01T00:00:00Z").back().outcome, Outcome::no_match);
}

TEST_F(Reference, BeforeThisLeavesOutTheStartAndWhatFollows) {
  at("10:00", "order");
  EXPECT_EQ(is("number of order before this is 1"), Tri::Yes);
  EXPECT_EQ(is("number of order ever is 2"), Tri::Yes);
  EXPECT_EQ(is("number of order in the last 1 day before this is 0"), Tri::Yes);
  EXPECT_EQ(is("number of order since order before this is 0"), Tri::Yes);
  journey(R"(rule r when cart then wait 1 hour only if page happened before this do send "t" by mail
             rule s when visitor enters busy then wait 1 hour only if number of cart before this is 1 do send "t" by sms)");
  file.segments.push_back({{"busy", {}}, nullptr, {}});
  diag::Diagnostics d;
  file.segments.back().test = syntax::parse_expression("cart happened ever and not (cart happened in the last 30 minutes)", {}, d);
  events.clear();
  at("11:00", "cart");
  at("11:10", "page");  // behind the start
  EXPECT_EQ(story(), "r no_match 12:00, s acted 12:30");
  events[1].at = instant("11:00");
  std::swap(events[0], events[1]);
  EXPECT_EQ(story(), "r acted 12:00, s acted 12:30");
}

TEST_F(Reference, CountsWithUnknownMatchesAreRanges) {
  for (const char* items : {"items=5", "items=9", "name=x", "items=1"}) at("10:00", std::string("cart ") + items);
  const std::string big = "number of cart where items more than 3 ever";
  EXPECT_EQ(is(big + " at least 2"), Tri::Yes);
  EXPECT_EQ(saw[0], big + " = 2 or more");
  EXPECT_EQ(is(big + " at least 3"), Tri::Unknown);
  EXPECT_EQ(saw[0], big + " = not known");
  EXPECT_EQ(is(big + " at least 4"), Tri::No);
  EXPECT_EQ(is(big + " is 2"), Tri::Unknown);
  EXPECT_EQ(is(big + " is 2.5"), Tri::No);
  EXPECT_EQ(is(big + " less than number of cart ever"), Tri::Unknown);  // both must be known
  EXPECT_EQ(is(big + " is one of [2, 3]"), Tri::Unknown);
  EXPECT_EQ(is(big + " + 0 at least 1"), Tri::Unknown);
  EXPECT_EQ(is(big + " otherwise 7 is 7"), Tri::Yes);
  EXPECT_EQ(is("cart where items more than 3 happened ever"), Tri::Yes);
  EXPECT_EQ(is("cart where items more than 9 happened ever"), Tri::Unknown);
}

TEST_F(Reference, CountsAreShownAsFarAsTheyDecide) {
  for (int i = 0; i < 4; ++i) at("10:00", "cart");
  is("number of cart ever less than 4");
  EXPECT_EQ(saw[0], "number of cart ever = 4 or more");
  is("number of cart ever at most 4");
  EXPECT_EQ(saw[0], "number of cart ever = 4");
  EXPECT_EQ(is("3 is at most number of cart ever"), Tri::Yes);
  EXPECT_EQ(saw[0], "number of cart ever = 3 or more");
  is("number of cart ever at least 0");
  EXPECT_EQ(saw[0], "number of cart ever = 1 or more");
  is("number of cart ever is one of [1, 2]");
  EXPECT_EQ(saw[0], "number of cart ever = 3 or more");
  is("number of cart ever is number of cart ever");
  EXPECT_EQ(saw, std::vector<std::string>{"number of cart ever = 4"});
}

TEST_F(Reference, SumsAreExactOrUnknown) {
  EXPECT_EQ(is("sum of cart.value ever is 0 EUR"), Tri::Yes);
  at("10:00", "cart items=1, value=300");
  at("10:00", "cart items=1, value=-100");
  EXPECT_EQ(is("sum of cart.value ever is 2 EUR"), Tri::Yes);
  at("10:00", "cart items=0");
  EXPECT_EQ(is("sum of cart.value ever is 2 EUR"), Tri::Unknown);
  EXPECT_EQ(is("sum of cart.value where items more than 0 ever is 2 EUR"), Tri::Yes);
  at("10:00", "cart value=0");
  EXPECT_EQ(is("sum of cart.value where items more than 0 ever is 2 EUR"), Tri::Unknown);
  EXPECT_EQ(is("highest of cart.value where items more than 0 ever is given"), Tri::No);
}

TEST_F(Reference, AveragesAreExactAndRoundedOnce) {
  EXPECT_EQ(is("average of cart.value ever is missing"), Tri::Yes);  // of nothing
  at("10:00", "cart items=1, value=1");
  at("10:00", "cart items=2, value=2");
  EXPECT_EQ(is("average of cart.value ever is 0.02 EUR"), Tri::Yes);  // 1.5 cents, half to even
  EXPECT_EQ(is("average of cart.items ever is 1.5"), Tri::Yes);
  EXPECT_EQ(saw[0], "average of cart.items ever = 1.5");
  at("10:00", "cart items=2, value=2");
  EXPECT_EQ(is("average of cart.items ever is 1.666667"), Tri::Yes);
  at("10:00", "cart items=5");
  EXPECT_EQ(is("average of cart.value ever is given"), Tri::No);
  EXPECT_EQ(is("average of cart.value where items less than 5 ever is 0.02 EUR"), Tri::Yes);  // 5 / 3
  events.clear();
  for (int i = 0; i < 3; ++i) at("10:00", "cart value=9223372036854775807");
  EXPECT_EQ(is("sum of cart.value ever is given"), Tri::No);
  EXPECT_EQ(is("average of cart.value ever is highest of cart.value ever"), Tri::Yes);  // only the sum does not fit
  at("10:00", "page rank=1");
  at("10:00", "page rank=2");
  EXPECT_EQ(is("average of page.rank ever is 0.000002"), Tri::Yes);
}

TEST_F(Reference, ConsentIsGivenMissingOrNeither) {
  EXPECT_EQ(is("consent.marketing is given"), Tri::No);
  EXPECT_EQ(is("consent.marketing is missing"), Tri::Yes);
  set("10:00", "consent.marketing=0");
  EXPECT_EQ(is("consent.marketing is given"), Tri::No);
  EXPECT_EQ(is("consent.marketing is missing"), Tri::No);
  EXPECT_EQ(saw[0], "consent.marketing = refused");
  set("10:01", "consent.marketing=1");
  EXPECT_EQ(is("consent.marketing is given"), Tri::Yes);
  set("10:02", "consent.marketing=");
  EXPECT_EQ(is("consent.marketing is missing"), Tri::Yes);
}

TEST_F(Reference, BareWordsBesideOneOfValuesAreConstants) {
  EXPECT_EQ(is("tier is none"), Tri::Yes);  // by default
  EXPECT_EQ(saw, std::vector<std::string>{"tier = none"});
  set("10:00", "tier=gold");
  EXPECT_EQ(is("gold is visitor.tier"), Tri::Yes);
  EXPECT_EQ(saw, std::vector<std::string>{"visitor.tier = gold"});
  EXPECT_EQ(is("tier is one of [none, gold]"), Tri::Yes);
  EXPECT_EQ(saw.size(), 1u);
  set("10:01", "tier=");
  EXPECT_EQ(is("tier is none"), Tri::Yes);
  at("10:02", "page group=help");
  EXPECT_EQ(is("page where group is help happened ever"), Tri::Yes);
}

TEST_F(Reference, VisitorIsAYesNoAttributeByItsName) {
  EXPECT_EQ(is("visitor is anonymous"), Tri::Unknown);
  EXPECT_EQ(is("visitor is not anonymous"), Tri::Unknown);
  set("10:00", "anonymous=1");
  EXPECT_EQ(is("visitor is anonymous"), Tri::Yes);
  EXPECT_EQ(is("visitor is not anonymous"), Tri::No);
  EXPECT_EQ(saw, std::vector<std::string>{"visitor is anonymous = yes"});
}

TEST_F(Reference, ListsOfTextAreValues) {
  set("10:00", "likes=sea|sun");
  EXPECT_EQ(is("likes is [\"sea\", \"sun\"]"), Tri::Yes);
  EXPECT_EQ(is("likes is [\"sun\", \"sea\"]"), Tri::No);
  EXPECT_EQ(is("likes contains \"sea\""), Tri::Yes);
  EXPECT_EQ(is("(likes otherwise [\"snow\"]) contains \"snow\""), Tri::No);
  set("10:00", "likes=");
  EXPECT_EQ(is("(likes otherwise [\"snow\"]) contains \"snow\""), Tri::Yes);
}

TEST_F(Reference, DerivedAttributesEndWithTheirUntil) {
  journey("rule s when page only if basket.value at least 7 EUR do send \"t\" by mail");
  at("10:00", "cart value=700");
  at("10:01", "page");
  at("10:02", "order");
  at("10:03", "page");
  at("10:04", "cart value=900");
  at("10:05", "page");
  EXPECT_EQ(story(), "s acted 10:01, s unknown 10:03, s acted 10:05");
  EXPECT_EQ(is("orders is 2.0"), Tri::Yes);  // a number, as declared
}

TEST_F(Reference, TextsAreTestedWholeAndUnknownStaysUnknown) {
  EXPECT_EQ(is("push.token contains \"b\""), Tri::Unknown);
  EXPECT_EQ(is("push.token is not \"abc\""), Tri::Unknown);
  set("10:00", "push.token=abc");
  EXPECT_EQ(is("push.token contains \"b\""), Tri::Yes);
  EXPECT_EQ(is("push.token starts with \"b\""), Tri::No);
  EXPECT_EQ(is("push.token starts with \"ab\""), Tri::Yes);
  EXPECT_EQ(is("push.token ends with \"bc\""), Tri::Yes);
  EXPECT_EQ(is("push.token ends with \"zabc\""), Tri::No);
  EXPECT_EQ(is("push.token is \"abc\""), Tri::Yes);
  EXPECT_EQ(is("push.token is not \"Abc\""), Tri::Yes);  // case matters
}

TEST_F(Reference, UnknownCommutesAndIsSeenThroughOnlyByName) {
  EXPECT_EQ(is("age is 1 or yes"), Tri::Yes);
  EXPECT_EQ(is("yes or age is 1"), Tri::Yes);
  EXPECT_EQ(is("yes and age is 1"), Tri::Unknown);
  EXPECT_EQ(is("not yes and age is 1"), Tri::No);
  EXPECT_EQ(is("not (age is 1)"), Tri::Unknown);
  EXPECT_EQ(is("age otherwise 1 is 1"), Tri::Yes);
  EXPECT_EQ(is("age is missing"), Tri::Yes);
  set("10:00", "age=9223372036854775807");  // beside a number it becomes one, and then it does not fit
  EXPECT_EQ(is("age otherwise 0.5 is 0.5"), Tri::Yes);
}

TEST_F(Reference, NumbersAreRoundedOnceHalfToEvenOrUnknown) {
  EXPECT_EQ(is("0.05 EUR * 0.5 is 0.02 EUR"), Tri::Yes);
  EXPECT_EQ(is("0.07 EUR * 0.5 is 0.04 EUR"), Tri::Yes);
  EXPECT_EQ(is("-0.05 EUR * 0.5 is -0.02 EUR"), Tri::Yes);
  EXPECT_EQ(is("-0.07 EUR * 0.5 is -0.04 EUR"), Tri::Yes);
  EXPECT_EQ(is("10% * 3 is 30%"), Tri::Yes);
  EXPECT_EQ(is("10.05 EUR * 10% is 1 EUR"), Tri::Yes);
  EXPECT_EQ(is("3 * 10% is 0.3"), Tri::Yes);
  EXPECT_EQ(is("2 / 3 is 0.666667"), Tri::Yes);
  EXPECT_EQ(is("0.05 EUR / -2 is -0.02 EUR"), Tri::Yes);
  EXPECT_EQ(is("0.05 EUR / 0.02 EUR is 2.5"), Tri::Yes);
  EXPECT_EQ(is("2 / 0 is 0.0"), Tri::Unknown);
  EXPECT_EQ(is("2 + 0.5 is 2.5"), Tri::Yes);
  EXPECT_EQ(is("4 October 2024 - 2 October 2024 is 2 days"), Tri::Yes);
  EXPECT_EQ(is("9223372036854775807 + 1 - 1 is 9223372036854775807"), Tri::Unknown);
  EXPECT_EQ(is("-9223372036854775807 - 1 is 0"), Tri::Unknown);  // the number that stands for unknown
}

TEST_F(Reference, ADateIsItsFirstInstantInTheZoneOfThePack) {
  c.zone = "Europe/Helsinki";  // two hours ahead
  EXPECT_EQ(is("now - 14 hours is 3 March 2026"), Tri::Yes);
  EXPECT_EQ(is("now is 3 March 2026"), Tri::No);
  set("10:00", "time zone=America/New_York");  // the visitor's does not matter
  EXPECT_EQ(is("now - 14 hours is 3 March 2026"), Tri::Yes);
}

}  // namespace
}  // namespace polku::reference
