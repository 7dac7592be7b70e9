// The reference interpreter: shows, offers and requests; goals (readings 51, 57, 58, 61).
#include "tests/unit/reference_world.h"

namespace polku::reference {
namespace {

// ---- offers ----

TEST_F(Reference, AShowIsOfferedAndShownAtARequestForItsSlot) {
  journey("rule r when cart only if cart.items is 1 do show \"p\" in web.hero with first = age");
  at("10:00", "cart items=1");
  asked("10:01", {{"web", "side"}});
  set("10:02", "age=3");
  asked("10:29:59.999", {{"web", "hero"}});
  asked("10:29:59.999", {{"web", "hero"}});
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r offered 10:00, r acted 10:29:59.999");  // the parameter is not asked for before
  EXPECT_EQ(what(decisions[0]), "show p web hero");
  EXPECT_EQ(what(decisions[1]), "show p web hero first=3");
  EXPECT_EQ(decisions[1].id, decisions[0].id);
}

TEST_F(Reference, AnOfferEndsExactlyAfterItsTime) {
  journey("rule r when cart do show \"t\" in web.hero rule s when cart do show \"u\" in web.side for 1 hour");
  at("10:00", "cart");
  asked("10:30", {{"web", "hero"}, {"web", "side"}});
  EXPECT_EQ(story(), "r offered 10:00, s offered 10:00, s acted 10:30");
  events.back().at = instant("11:00");
  EXPECT_EQ(story(), "r offered 10:00, s offered 10:00");
}

TEST_F(Reference, AnOfferIsGoneOnlyIfItsClausesFail) {
  c.channels[4].reach = c.attribute("push.token");
  journey(R"(rule r when cart not if order happened in the last 5 minutes do show "t" in web.hero
             rule other when page do suppress "J" for 1 minute)");
  at("10:00", "cart");
  asked("10:01", {{"web", "hero"}});
  at("10:02", "page");
  asked("10:02", {{"web", "hero"}});
  set("10:02", "push.token=x");
  asked("10:03", {{"web", "hero"}});
  EXPECT_EQ(story(), "r offered 10:00, r no_reach 10:01, other acted 10:02, r suppressed 10:02, r acted 10:03");
  at("10:04", "cart");
  at("10:05", "order");
  asked("10:06", {{"web", "hero"}});
  asked("10:20", {{"web", "hero"}});
  EXPECT_EQ(story(), "r offered 10:00, r no_reach 10:01, other acted 10:02, r suppressed 10:02, r acted 10:03, r offered 10:04, r no_match 10:06");
}

TEST_F(Reference, ANewFiringReplacesTheOfferEvenIfItFails) {
  journey("rule r when cart only if cart.items is 1 do show \"t\" in web.hero");
  at("10:00", "cart items=1");
  at("10:20", "cart items=1");
  asked("10:49", {{"web", "hero"}});
  EXPECT_EQ(story(), "r offered 10:00, r offered 10:20, r acted 10:49");
  EXPECT_EQ(run()[2].id, history::firing_id(2, "J", "r"));
  events[1].fields[0] = 2;
  EXPECT_EQ(story(), "r offered 10:00, r no_match 10:20");
}

TEST_F(Reference, OffersAndRequestsAreJudgedTogetherByPriority) {
  journey(R"(rule offer when cart do show "t" in web.hero
             rule asked when asked for web.hero do show "u" in web.hero priority 1
             rule same when asked for web.side do show "u" in web.side
             rule chained when same shown do show "t" in web.side)");
  at("10:00", "cart");
  asked("10:01", {{"web", "hero"}});
  asked("10:02", {{"web", "side"}});
  asked("10:03", {{"web", "side"}, {"web", "hero"}});
  const auto decisions = run();
  EXPECT_EQ(told(decisions),
            "offer offered 10:00, offer outranked 10:01, asked acted 10:01, same acted 10:02, chained offered 10:02, "
            "offer outranked 10:03, asked acted 10:03, same outranked 10:03, chained acted 10:03");
  EXPECT_EQ(why(decisions[1]), "one show in web.hero at a time: no (taken by = J / asked)");
  EXPECT_EQ(why(decisions[7]), "\"u\" once a request: no (taken by = J / asked)");
}

TEST_F(Reference, WithATableTheSlotsOfAllRowsCountAndTheRowMustShowWhereItWasAsked) {
  journey(R"(rule r when cart
             do choose
                | cart.items | do                                  |
                | 1          | show "t" in web.hero                |
                | 2          | show "t" in web.side for 40 minutes |
                | -          | nothing                             |)");
  at("10:00", "cart items=1");
  asked("10:01", {{"web", "side"}});
  asked("10:02", {{"web", "hero"}});
  auto decisions = run();
  EXPECT_EQ(told(decisions), "r offered 10:00, r nothing 10:01");
  EXPECT_EQ(what(decisions[0]), "");
  EXPECT_EQ(why(decisions[1]), "row 1: yes (cart.items = 1)");
  events.erase(events.begin() + 1);
  EXPECT_EQ(story(), "r offered 10:00, r acted 10:02");
  events[0].fields[0] = 2;
  asked("10:35", {{"web", "side"}, {"web", "hero"}});
  EXPECT_EQ(story(), "r offered 10:00, r nothing 10:02");
  events.erase(events.begin() + 1);
  EXPECT_EQ(story(), "r offered 10:00, r acted 10:35");
  events[0].fields[0] = 3;
  EXPECT_EQ(story(), "r offered 10:00, r nothing 10:35");
  events[0].fields[0] = 1;
  EXPECT_EQ(story(), "r offered 10:00, r nothing 10:35");  // that row was held for 30 minutes
}

TEST_F(Reference, StopWhenEndsOffersAndShowsHaveLimitsOfTheirOwn) {
  journey(R"(stop when order
             limit 0 messages in 1 hour
             rule r when any of cart, page do show "t" in web.hero limit 1 show in 1 hour)");
  at("10:00", "cart");
  at("10:01", "order");
  asked("10:02", {{"web", "hero"}});
  EXPECT_EQ(story(), "r offered 10:00");
  at("10:03", "cart");
  asked("10:04", {{"web", "hero"}});
  at("10:05", "cart");
  asked("10:06", {{"web", "hero"}});
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r offered 10:00, r offered 10:03, r acted 10:04, r offered 10:05, r over_limit 10:06");
  EXPECT_EQ(why(decisions[4]), "limit 1 show in 1 hour: no (shows = 1)");
}

TEST_F(Reference, WhatActedStopsWhatStandsBeforeItsRecord) {
  journey(R"(stop when middle sent
             rule first when cart do show "t" in web.hero
             rule middle when cart do raise task "call"
             rule last when cart do show "u" in web.side)");
  at("10:00", "cart");
  asked("10:01", {{"web", "hero"}, {"web", "side"}});
  EXPECT_EQ(story(), "first offered 10:00, middle acted 10:00, last offered 10:00, last acted 10:01");
}

TEST_F(Reference, NeverShowIsAskedWhenItIsShown) {
  rules(R"(guarantee "Grown" never show by web unless age at least 18 end
           journey "J" hold out 50% rule r when cart do show "t" in web.hero raise task "call" end)");
  hold_outs = HoldOuts::Everybody;
  at("10:00", "cart");
  asked("10:01", {{"web", "hero"}});
  set("10:02", "age=18");
  asked("10:03", {{"web", "hero"}});
  asked("10:04", {{"web", "hero"}});
  EXPECT_EQ(story(), "r offered 10:00, r guarantee 10:01, r held_out 10:03");
}

// ---- goals ----

TEST_F(Reference, AGoalIsCreditedToTheEarliestExposureInTime) {
  journey(R"(goal order where total more than 1 EUR within 1 hour worth order.total * 2
             rule a when cart do send "t" by mail
             rule b when page do send "t" by sms)");
  at("09:00", "order total=200");  // no exposure yet
  at("10:00", "cart");
  at("10:10", "page");
  at("10:20", "order");              // may be: not sure
  at("10:59:59.999", "order total=700");
  at("10:59:59.999", "order total=800");  // the earliest is converted already
  at("11:00", "order total=900");    // now the earliest in time is the second
  at("11:10", "order total=1000");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:00, b acted 10:10, a converted 10:59:59.999, b converted 11:00");
  EXPECT_EQ(decisions[2].id, decisions[0].id);
  EXPECT_EQ(decisions[3].id, decisions[1].id);
  EXPECT_EQ(what(decisions[2]), "");
  EXPECT_EQ(decisions[2].because.size(), 1u);
  EXPECT_EQ(why(decisions[2]),
            "goal order where total more than 1 EUR within 1 hour worth order.total * 2: yes (exposure = acted, worth = 14.00 EUR)");
}

TEST_F(Reference, HeldOutExposuresConvertTooButRefusedOnesAreNone) {
  journey(R"(goal order within 1 hour
             hold out 50%
             rule a when cart only if age is 1 do send "t" by mail)");
  hold_outs = HoldOuts::Everybody;
  at("10:00", "cart");
  at("10:01", "order");
  set("10:02", "age=1");
  at("10:03", "cart");
  at("10:04", "order");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a unknown 10:00, a held_out 10:03, a converted 10:04");
  EXPECT_EQ(why(decisions[2]), "goal order within 1 hour: yes (exposure = held_out)");
}

TEST_F(Reference, AConversionStandsBeforeTheDecisionsOfItsPlaceAndWithTheExposureBeforeIt) {
  rules(R"(journey "J" goal order within 1 hour worth number of order before this rule a when order do send "t" by mail end
           journey "K" goal order within 1 hour rule k when order do send "t" by sms end)");
  at("10:00", "order");  // what acts at the place of the event stands behind it
  at("10:00", "order");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:00, k acted 10:00, a converted 10:00, k converted 10:00, a acted 10:00, k acted 10:00");
  EXPECT_EQ(why(decisions[2]), "goal order within 1 hour worth number of order before this: yes (exposure = acted, worth = 1)");
}

}  // namespace
}  // namespace polku::reference
