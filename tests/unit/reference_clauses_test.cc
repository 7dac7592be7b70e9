// The reference interpreter: gate 1, what the rule says itself, and its acts (readings 15, 43–49, 62, 64).
#include "tests/unit/reference_world.h"

namespace polku::reference {
namespace {

TEST_F(Reference, ConditionsRefuseBeforeTheyAreOpen) {
  journey(R"(only if age is 1
             rule r when cart not if order happened ever do send "t" by mail)");
  at("10:00", "cart");
  at("10:01", "order");
  at("10:02", "cart");
  set("10:03", "age=1");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r unknown 10:00, r no_match 10:02");
  ASSERT_EQ(decisions[1].because.size(), 3u);
  EXPECT_EQ(told(decisions[1].because[1]), "only if age is 1: unknown (age = not known)");
  EXPECT_EQ(told(decisions[1].because[2]), "not if order happened ever: yes (order happened ever = yes)");
}

TEST_F(Reference, SegmentsAreThreeValuedAndShowOnlyMembership) {
  rules(R"(segment adult is age at least 18 end
           journey "J" rule r when cart only if visitor not in adult do send "t" by mail end)");
  at("10:00", "cart");
  set("10:01", "age=17");
  at("10:02", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r unknown 10:00, r acted 10:02");
  EXPECT_EQ(why(decisions[1]), "only if visitor not in adult: yes (visitor in adult = no)");
}

TEST_F(Reference, ConditionsSeeWhatWasAcceptedAtThisInstant) {
  rules(R"(segment busy is cart happened in the last 20 minutes end
           segment met is "J".a sent ever end
           journey "J"
             rule a when cart not if visitor in met do send "t" by mail
             rule b when cart not if visitor in met do send "t" by sms
             rule c when cart not if visitor in busy do raise task "call"
             rule d when cart then wait 20 minutes only if visitor in busy do raise task "call"
             rule e when cart only if a sent ever do raise task "call" priority 1
           end)");
  at("10:00", "cart");
  EXPECT_EQ(story(), "a acted 10:00, b no_match 10:00, c no_match 10:00, e no_match 10:00, d no_match 10:20");
}

TEST_F(Reference, DatesIncludeBothDaysInTheZoneOfThePack) {
  c.zone = "Europe/Helsinki";
  journey(R"(from 3 March 2026 until 4 March 2026
             rule r when cart only if age is 1 from 2 March 2026 do send "t" by mail)");
  set("00:00", "time zone=America/New_York");
  at("21:59:59.999", "cart");
  at("22:00", "cart");
  at("3 21:59:59.999", "cart");
  at("3 22:00", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r no_match 21:59:59.999, r unknown 22:00, r unknown 3 21:59:59.999, r no_match 3 22:00");
  EXPECT_EQ(why(decisions[0]), "from 3 March 2026 until 4 March 2026: no (now = 2026-03-02T21:59:59.999Z)");
  EXPECT_EQ(decisions[1].because.size(), 2u);
}

TEST_F(Reference, OnceIsOfTheRuleAndOutlivesTheHistory) {
  c.history = kHour;
  journey(R"(once in 2 hours
             rule a when cart once per visitor do send "t" by mail
             rule b when any of cart, page do send "t" by sms)");
  at("10:00", "cart");
  at("11:59:59.999", "page");
  at("12:00", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:00, b acted 10:00, b no_match 11:59:59.999, a no_match 12:00, b acted 12:00");
  EXPECT_EQ(why(decisions[2]), "once in 2 hours: no");
  EXPECT_EQ(why(decisions[3]), "once per visitor: no");
}

TEST_F(Reference, OnceSeesWhatWasHeldOutButNotWhatWasRefused) {
  journey(R"(hold out 50%
             rule a when cart once per visitor only if age is 1 do send "t" by mail)");
  hold_outs = HoldOuts::Everybody;
  at("10:00", "cart");
  set("10:01", "age=1");
  at("10:02", "cart");
  at("10:03", "cart");
  EXPECT_EQ(story(), "a unknown 10:00, a held_out 10:02, a no_match 10:03");
}

TEST_F(Reference, SuppressedAreTheJourneyAndAllThatIsLimitedAcrossTheGroup) {
  rules(R"(journey "J"
             rule quiet_please when order do suppress "K" for 1 hour suppress "G" for 30 minutes
             rule other when cart do send "t" by mail
           end
           journey "K" rule k when cart do send "t" by sms end
           journey "L" limit 9 messages in 1 day across "G"
             rule l when cart do send "t" by push
             rule m when cart only if age is 1 do raise task "call"
           end)");
  set("09:00", "push.token=x");
  at("10:00", "order");
  at("10:00", "cart");
  at("10:29:59.999", "cart");
  at("10:30", "cart");
  at("11:00", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions),
            "quiet_please acted 10:00, other acted 10:00, k suppressed 10:00, l suppressed 10:00, m unknown 10:00, "
            "other acted 10:29:59.999, k suppressed 10:29:59.999, l suppressed 10:29:59.999, m unknown 10:29:59.999, "
            "other acted 10:30, k suppressed 10:30, l acted 10:30, m unknown 10:30, other acted 11:00, k acted 11:00, l acted 11:00, m unknown 11:00");
  EXPECT_EQ(what(decisions[0]), "suppress K 1 hour, suppress G 30 minutes");
  EXPECT_EQ(why(decisions[2]), "suppress \"K\": yes (until = 2026-03-02T11:00:00.000Z)");
  EXPECT_EQ(why(decisions[3]), "suppress \"G\": yes (until = 2026-03-02T10:30:00.000Z)");
}

TEST_F(Reference, WhatSuppressesAtThisInstantComesFirstByPriority) {
  rules(R"(journey "J"
             rule k when cart do send "t" by sms
             rule s when cart priority 1 do suppress "J" for 1 hour
           end)");
  at("10:00", "cart");
  at("10:10", "cart");
  EXPECT_EQ(story(), "k suppressed 10:00, s acted 10:00, k suppressed 10:10, s suppressed 10:10");
}

// ---- tables ----

TEST_F(Reference, TheFirstRowThatIsNotFalseDecides) {
  journey(R"(rule r when page
             do choose
                | page.rank | tier | do                                |
                | >= 20.0   | gold | raise task "visit" with first = 1 |
                | >= 10.0   | -    | send "t" by mail                  |
                | < 2.0     | none | nothing                           |
                | missing   | gold | send "u" by sms                   |)");
  at("10:00", "page rank=30000000");  // 30, no gold: the second row
  at("10:01", "page rank=1000000");
  at("10:02", "page rank=5000000");
  at("10:03", "page");  // with tier none: the first row that may be is the second
  set("10:04", "tier=gold");
  at("10:05", "page rank=30000000");
  at("10:06", "page rank=1000000");
  at("10:07", "page");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r acted 10:00, r nothing 10:01, r nothing 10:02, r unknown 10:03, r acted 10:05, r nothing 10:06, r unknown 10:07");
  EXPECT_EQ(what(decisions[0]), "send t mail");
  EXPECT_EQ(why(decisions[0]), "row 2: yes (page.rank = 30, tier = none)");
  EXPECT_EQ(why(decisions[1]), "row 3: yes (page.rank = 1, tier = none)");
  EXPECT_EQ(why(decisions[2]), "no row: no (page.rank = 5, tier = none)");
  EXPECT_EQ(why(decisions[3]), "row 2: unknown (page.rank = not known, tier = none)");
  EXPECT_EQ(what(decisions[3]), "send t mail");  // that row decides, and nothing is done
  EXPECT_EQ(what(decisions[4]), "task visit first=1");
  EXPECT_EQ(why(decisions[6]), "row 1: unknown (page.rank = not known, tier = gold)");
}

TEST_F(Reference, CellsMissingGivenAndListsAreRowsOfTheirOwn) {
  journey(R"(rule r when page
             do choose
                | age     | number of cart ever | do               |
                | missing | one of [1, 2]       | send "t" by mail |
                | given   | at least 2          | send "u" by mail |)");
  at("10:00", "page");
  at("10:01", "cart");
  at("10:02", "page");
  set("10:03", "age=1");
  at("10:04", "cart");
  at("10:05", "page");
  at("10:06", "cart");
  at("10:07", "cart");
  at("10:08", "page");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r nothing 10:00, r acted 10:02, r acted 10:05, r acted 10:08");
  EXPECT_EQ(why(decisions[1]), "row 1: yes (age = not known, number of cart ever = 1)");
  EXPECT_EQ(what(decisions[2]), "send u mail");
  EXPECT_EQ(why(decisions[3]), "row 2: yes (age = 1, number of cart ever = 3 or more)");
}

TEST_F(Reference, ATableIsJudgedBehindTheConditions) {
  journey(R"(only if age is 1
             rule r when page
             do choose
                | tier | do               |
                | gold | send "t" by mail |)");
  at("10:00", "page");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r unknown 10:00");
  EXPECT_EQ(decisions[0].because.size(), 2u);
}

// ---- parameters and acts ----

TEST_F(Reference, ParametersStandInTheTemplatesOrder) {
  journey("rule r when cart do send \"p\" by mail with second = cart.name, first = cart.items, third = [\"a\", \"b\"]");
  at("10:00", "cart items=3, name=Cabin");
  at("10:01", "cart items=4");
  at("10:02", "cart name=Cabin");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r acted 10:00, r acted 10:01, r unknown 10:02");
  EXPECT_EQ(what(decisions[0]), "send p mail first=3 second=Cabin third=a, b");
  EXPECT_EQ(decisions[0].actions[0].params[0].value.kind, TypeKind::Number);
  EXPECT_EQ(what(decisions[1]), "send p mail first=4 third=a, b");
  EXPECT_EQ(what(decisions[2]), "send p mail");  // none is told
  EXPECT_EQ(why(decisions[2]), "with first = cart.items: unknown (cart.items = not known)");
}

TEST_F(Reference, AllActsOrNone) {
  journey("rule r when cart do send \"t\" by mail raise task \"visit\" with first = cart.items send \"u\" by sms");
  at("10:00", "cart items=3");
  at("10:01", "cart");
  at("10:02", "cart items=3");
  at("10:03", "cart items=3");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r acted 10:00, r unknown 10:01, r acted 10:02, r over_limit 10:03");
  EXPECT_EQ(what(decisions[0]), "send t mail, task visit first=3, send u sms");
  EXPECT_EQ(what(decisions[1]), "send t mail, task visit, send u sms");
  EXPECT_EQ(what(decisions[3]), "send t mail, task visit first=3, send u sms");
}

TEST_F(Reference, ADecisionIsOneRecordForAllItsActs) {
  journey(R"(rule a when cart do send "t" by mail send "u" by sms
             rule b when a sent only if number of a sent ever is 1 do raise task "call")");
  at("10:00", "cart");
  EXPECT_EQ(story(), "a acted 10:00, b acted 10:00");
}

TEST_F(Reference, ASplitGoesByThePlaceOfThePerson) {
  journey("rule r when cart do split \"S\": 25.25% a, 0.75% b, 74% c send \"t\" by mail");
  at("10:00", "cart");
  std::set<std::string> variants;
  for (int i = 0; i < 400; ++i) {
    visitor = "v" + std::to_string(i);
    const std::uint32_t bucket = history::bucket("salt", "S", visitor);
    const auto decisions = run();
    ASSERT_EQ(decisions.size(), 1u);
    EXPECT_EQ(decisions[0].actions[0].variant, bucket < 2525 ? "a" : bucket < 2600 ? "b" : "c");
    variants.insert(decisions[0].actions[0].variant);
  }
  EXPECT_EQ(variants.size(), 3u);
}

TEST_F(Reference, TheVersionOfTheJourneyIsTold) {
  rules(R"(journey "J" version 3 rule r when cart do send "t" by mail end
           journey "K" rule r when cart do send "t" by sms end)");
  at("10:00", "cart");
  const auto decisions = run();
  ASSERT_EQ(decisions.size(), 2u);
  EXPECT_EQ(decisions[0].version, 3);
  EXPECT_EQ(decisions[1].version, std::nullopt);
}

}  // namespace
}  // namespace polku::reference
