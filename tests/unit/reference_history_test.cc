// The reference interpreter: late records, overdue timers and down-time (readings 65–71).
#include "tests/unit/reference_world.h"

namespace polku::reference {
namespace {

// ---- late records ----

TEST_F(Reference, WhatIsReceivedLaterIsJudgedAtThatClock) {
  journey("rule a when cart do raise task \"call\"");
  at("10:00", "cart");
  received("10:05");
  auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:05");
  EXPECT_EQ(decisions[0].id, history::firing_id(1, "J", "a"));
  received("10:05:00.001");  // more than lateness, 5 minutes
  EXPECT_EQ(story(), "");
  received("09:00");         // nothing is received before it was
  EXPECT_EQ(story(), "a acted 10:00");
}

TEST_F(Reference, ARecordWithoutAReceivedTimeComesWhenTheVisitorsClockIs) {
  journey("rule a when cart do raise task \"call\" rule b when order do raise task \"call\"");
  at("10:00", "order");
  at("09:56", "cart");
  at("09:54", "cart");
  EXPECT_EQ(story(), "b acted 10:00, a acted 10:00");
}

TEST_F(Reference, ItIsJudgedOnTheStateAtTheClock) {
  journey(R"(rule a when cart not if order happened ever do raise task "call"
             rule b when cart only if number of page in the last 5 minutes is 1 only if number of page in the last 5 minutes before this is 0 do raise task "call"
             rule d when cart from 2 March 2026 until 2 March 2026 do raise task "call")");
  at("23:58", "page");
  at("2 00:00", "order");
  at("23:57", "cart");
  received("2 00:01");
  auto decisions = run("2 00:05");
  EXPECT_EQ(told(decisions), "a no_match 2 00:01, b acted 2 00:01, d no_match 2 00:01");
  EXPECT_EQ(why(decisions[0]), "not if order happened ever: yes (order happened ever = yes)");
}

TEST_F(Reference, TimersDueUntilThenAreJudgedFirst) {
  journey("rule a when cart then no order for 10 minutes do raise task \"call\"");
  at("10:00", "cart");
  at("10:09", "order");
  received("10:12");
  EXPECT_EQ(story(), "a acted 10:10");  // what has left stays left
  received("10:09:59.999");
  EXPECT_EQ(story(), "");
}

TEST_F(Reference, ALateStopCancels) {
  journey(R"(stop when opened
             rule a when cart then no order for 1 hour do raise task "call"
             rule b when cart then wait 1 hour do raise task "call")");
  at("10:00", "cart");
  at("10:05", "order");
  received("10:40");
  EXPECT_EQ(story(), "b acted 11:00");
  events.back().type = 3;
  EXPECT_EQ(story(), "");
  events.back().at = instant("09:59");  // before the start
  EXPECT_EQ(story(), "a acted 11:00, b acted 11:00");
}

TEST_F(Reference, ALateStartArmsForItsOwnTime) {
  journey("rule a when cart then no order for 1 hour do raise task \"call\"");
  at("10:00", "cart");
  received("10:40");  // late: but its firing is placed at 11:00
  EXPECT_EQ(story(), "a acted 11:00");
  received("11:00");  // placed until then: used up
  EXPECT_EQ(story(), "");
  at("10:20", "order");
  received("11:01");
  EXPECT_EQ(story(), "");
}

TEST_F(Reference, WhatWasDueBeforeItWasKnownIsJudgedAtOnceOrTooLate) {
  journey("rule a when cart then no order for 2 minutes do send \"t\" by mail rule s when a sent do raise task \"call\"");
  at("10:00", "cart");
  received("10:04");
  EXPECT_EQ(story(), "a acted 10:04, s acted 10:04");
  c.patience = 2 * kMinute;
  EXPECT_EQ(story(), "a acted 10:04, s acted 10:04");
  c.patience = kMinute;
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a too_late 10:04");
  ASSERT_EQ(decisions[0].because.size(), 3u);
  EXPECT_EQ(told(decisions[0].because[0]), "when cart: yes");
  EXPECT_EQ(told(decisions[0].because[1]), "then no order for 2 minutes: yes");
  EXPECT_EQ(why(decisions[0]), "patience of 1 minute: no (due = 2026-03-02T10:02:00.000Z)");
  EXPECT_EQ(what(decisions[0]), "send t mail");
  at("10:01", "order");  // it was in time for this one
  received("10:03");
  std::swap(events[0], events[1]);
  EXPECT_EQ(story(), "");
}

TEST_F(Reference, AllThatARecordPlacesIsJudgedInOnePlace) {
  journey(R"(rule a when cart then wait 1 minute do send "t" by mail
             rule b when cart do send "t" by mail
             rule d when b sent do raise task "call"
             rule w when d sent do send "t" by mail)");
  at("10:00", "cart");
  received("10:04");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:04, b outranked 10:04");  // round 0, in written order
  received("10:00");
  EXPECT_EQ(story(), "b acted 10:00, d acted 10:00, w outranked 10:00, a acted 10:01");
}

TEST_F(Reference, ALateRecordCanUndoNothing) {
  journey("rule a when 2 cart within 1 hour do raise task \"call\" rule o when in order within 1 hour: cart, order without page do raise task \"visit\" with first = 1");
  at("10:00", "cart");
  at("10:10", "cart");
  at("10:11", "order");
  at("10:05", "cart");  // now the two are those of 10:00 and 10:05, and 10:10 is the first of the next two
  received("10:15");
  at("10:10:30", "page");
  received("10:16");    // now there is no order behind a cart
  at("10:20", "order");
  at("10:21", "cart");
  at("10:22", "order");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:10, o acted 10:11, a acted 10:21, o acted 10:22");
  EXPECT_EQ(decisions[2].id, history::firing_id(7, "J", "a"));
}

TEST_F(Reference, OfSeveralFiringsOfARuleTheEarliestStands) {
  journey("rule a when 2 cart within 1 hour do raise task \"call\"");
  for (const char* t : {"10:00", "10:01", "10:02", "10:03"}) at(t, "cart");
  at("09:59", "cart");  // now it completes at 10:00 and at 10:02
  received("10:03:30");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:01, a acted 10:03, a acted 10:03:30");
  EXPECT_EQ(decisions[2].id, history::firing_id(1, "J", "a"));
}

TEST_F(Reference, WhatActedStillRunsOutOfAMembershipBehindAFold) {
  rules(R"(segment met is "J".hello sent in the last 1 hour end
           journey "J" rule hello when cart do send "t" by mail rule out when visitor leaves met do raise task "call" end)");
  at("10:00", "cart");
  received("10:04");
  at("09:00", "page");
  received("10:30");
  EXPECT_EQ(story(), "hello acted 10:04, out acted 11:04");
}

TEST_F(Reference, ARecordInTimeCanCompleteATriggerBehindIt) {
  journey("rule o when in order within 1 hour: cart, order do raise task \"call\"");
  at("10:00", "order");
  at("09:59", "cart");
  received("10:02");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "o acted 10:02");
  EXPECT_EQ(decisions[0].id, history::firing_id(1, "J", "o"));
  received("10:05");
  EXPECT_EQ(story(), "");  // 10:05 is 6 minutes behind it
}

TEST_F(Reference, WhatWaitsIsKeptThroughAFoldAndEndedByIt) {
  journey(R"(stop when order
             quiet 21:00 to 08:00 visitor time
             rule r when cart only if cart.items is 1 do send "t" by mail)");
  at("22:00", "cart items=1");
  at("09:00", "page");
  received("23:00");
  EXPECT_EQ(story(), "r waiting 22:00, r acted 2 08:00");
  at("22:30", "order");
  received("23:30");
  EXPECT_EQ(story(), "r waiting 22:00");
  events.back().at = instant("21:59");
  EXPECT_EQ(story(), "r waiting 22:00, r acted 2 08:00");
}

TEST_F(Reference, WhatEndedWhatWaitsIsKeptToo) {
  journey("quiet 21:00 to 08:00 visitor time rule r when cart not if cart.items is 2 do send \"t\" by mail");
  at("22:00", "cart items=1");
  at("23:00", "cart items=2");
  at("09:00", "page");
  received("23:30");
  EXPECT_EQ(story(), "r waiting 22:00, r no_match 23:00");
}

TEST_F(Reference, OffersAreKeptThroughAFold) {
  journey("rule r when cart do show \"t\" in web.hero for 1 hour");
  at("10:00", "cart");
  at("09:00", "page");
  received("10:20");
  asked("10:30", {{"web", "hero"}});
  received("10:34");
  asked("10:36", {{"web", "hero"}});
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r offered 10:00, r acted 10:34");
  EXPECT_EQ(what(decisions[1]), "show t web hero");
  events[2].at = instant("10:59:59.999");
  events[2].received = instant("11:01");  // asked in time
  events[3].at = events[3].received = instant("11:02");
  EXPECT_EQ(story(), "r offered 10:00, r acted 11:01");
  events[2].received = instant("11:10");  // a late request shows nothing, and the next is too late for the offer
  EXPECT_EQ(story(), "r offered 10:00");
}

TEST_F(Reference, CountsOfLimitsAndOnceStandWhereTheyWereMade) {
  journey(R"(rule a when cart limit 1 message in 10 minutes do send "t" by mail
             rule b when order once per visitor do raise task "call"
             rule d when a sent then wait 30 minutes only if number of a sent ever is 2 do raise task "call")");
  at("10:00", "cart");
  received("10:04");
  at("10:05", "order");
  at("09:00", "page");
  received("10:10");
  at("10:13:59.999", "cart");
  at("10:14", "cart");
  at("10:15", "order");
  EXPECT_EQ(story(), "a acted 10:04, b acted 10:05, a over_limit 10:13:59.999, a acted 10:14, b no_match 10:15, d acted 10:34, d acted 10:44");
}

TEST_F(Reference, AConversionIsMadeWhenItShowsLateOrNot) {
  journey("goal order within 1 hour worth order.total rule a when cart do send \"t\" by mail");
  at("10:00", "cart");
  at("10:30", "order total=100");
  received("12:00");
  at("10:20", "order total=200");  // it would have been first
  received("12:10");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:00, a converted 12:00");
  EXPECT_EQ(why(decisions[1]), "goal order within 1 hour worth order.total: yes (exposure = acted, worth = 1.00 EUR)");
  EXPECT_EQ(decisions[1].id, decisions[0].id);
}

TEST_F(Reference, WithAnotherZoneWhatWasDueMeanwhileIsPlaced) {
  journey("rule r when every day at 10:01 visitor time do raise task \"call\"");
  at("07:00", "cart");
  set("08:00", "time zone=Europe/Helsinki");  // 10:01 is 08:01 there
  received("08:03");
  const auto decisions = run("09:00");
  EXPECT_EQ(told(decisions), "r acted 08:03");
  EXPECT_EQ(decisions[0].id, history::firing_id(history::identity_of_moment("anna", instant("08:01")), "J", "r"));
}

TEST_F(Reference, MembershipsAreOfTheHistoryAsItIsNow) {
  rules(R"(segment many is number of cart in the last 1 hour at least 2 end
           journey "J"
             rule in when visitor enters many do raise task "call"
             rule out when visitor leaves many do raise task "call"
           end)");
  at("10:00", "cart");
  at("10:20", "cart");
  at("10:10", "cart");  // so it entered then, which is used up; and it leaves at 11:10, not at 11:00
  received("10:40");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "in acted 10:20, out acted 11:10");
}

TEST_F(Reference, EqualIdentitiesAreMadeDistinct) {
  journey("rule a when cart do raise task \"call\"");
  at("10:00", "cart");
  at("10:00", "cart");
  events[1].identity = events[0].identity;
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:00, a acted 10:00");
  EXPECT_EQ(decisions[1].id, history::firing_id(history::next_equal(1), "J", "a"));
}

// ---- down-time ----

TEST_F(Reference, TheOverdueAreJudgedWhenTheEngineIsUpAgain) {
  journey(R"(rule a when cart then no order for 1 hour do send "t" by mail
             rule b when page then wait 1 hour do send "t" by sms)");
  at("09:00", "page");
  at("09:20", "cart");
  at("09:40", "page");
  down("10:00", "10:50");
  auto decisions = run();
  EXPECT_EQ(told(decisions), "b acted 10:00, a acted 10:50, b acted 10:50");  // at 10:00 it was still up
  c.patience = 30 * kMinute;
  decisions = run();
  EXPECT_EQ(told(decisions), "b acted 10:00, a acted 10:50, b acted 10:50");
  c.patience = 30 * kMinute - 1;
  decisions = run();
  EXPECT_EQ(told(decisions), "b acted 10:00, a too_late 10:50, b acted 10:50");
  EXPECT_EQ(why(decisions[1]), "patience of 1799999 milliseconds: no (due = 2026-03-02T10:20:00.000Z)");
  EXPECT_EQ(told(run("10:50")), "b acted 10:00, a too_late 10:50, b acted 10:50");
  EXPECT_EQ(told(run("10:49")), "b acted 10:00");
}

TEST_F(Reference, WhoBoughtMeanwhileIsNotNudged) {
  journey("rule a when cart then no order for 1 hour do send \"t\" by mail");
  at("09:20", "cart");
  down("10:00", "10:50");
  at("10:10", "order");
  received("10:45");  // also late
  EXPECT_EQ(story(), "");
  events.back().at = instant("10:20");  // behind the timer
  EXPECT_EQ(story(), "a acted 10:50");
}

TEST_F(Reference, WhatCameMeanwhileIsJudgedInOnePlaceUnlessItWasLate) {
  journey(R"(goal opened within 1 day
             rule a when cart do send "t" by mail
             rule b when order do send "t" by mail)");
  at("09:59", "cart");
  down("10:00", "10:50");
  at("10:01", "order");
  received("10:06");
  at("10:02", "cart");
  received("10:07:00.001");  // late when it was received
  at("10:03", "opened");
  received("10:20");
  at("10:50", "cart");       // received when it comes up: once for the rule, and of its starts the earliest
  at("10:51", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 09:59, a converted 10:50, a acted 10:50, b outranked 10:50, a acted 10:51");
  EXPECT_EQ(decisions[2].id, history::firing_id(5, "J", "a"));
}

TEST_F(Reference, OverdueAreNotAlone) {
  journey("rule a when cart do raise task \"call\" rule w when cart then wait 10 minutes do raise task \"call\"");
  down("10:00", "10:50");
  at("10:10", "cart");
  at("10:20", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:50, w acted 10:50");
  EXPECT_EQ(decisions[0].id, history::firing_id(1, "J", "a"));
}

TEST_F(Reference, AnOfferIsForTheSlotsOfRequestsForWhichItWasHeld) {
  journey(R"(rule r when cart do choose
             | age | do |
             | 1 | show "t" in web.hero |
             | - | show "u" in web.side |)");
  set("09:49", "age=2");
  at("09:50", "cart");
  down("10:00", "10:50");
  asked("10:10", {{"web", "hero"}});
  asked("10:20", {{"web", "side"}});  // its time is over
  EXPECT_EQ(told(run()), "r offered 09:50, r nothing 10:50");
}

TEST_F(Reference, ShowsAreForTheSlotsOfAllRequestsThatCameMeanwhile) {
  journey(R"(rule r when cart do show "t" in web.hero for 1 hour
             rule s when asked for web.side do show "u" in web.side)");
  at("09:50", "cart");
  down("10:00", "10:50");
  asked("10:10", {{"web", "side"}});
  asked("10:20", {{"web", "hero"}});
  auto decisions = run();
  EXPECT_EQ(told(decisions), "r offered 09:50, r acted 10:50, s acted 10:50");
  c.patience = 30 * kMinute;
  EXPECT_EQ(story(), "r offered 09:50, r acted 10:50, s too_late 10:50");
  c.patience = kHour;
  journey(R"(rule r when cart
             do choose
                | age     | do                                  |
                | missing | show "t" in web.hero for 1 hour     |
                | given   | show "t" in web.side for 30 minutes |
             rule s when asked for web.side priority 5 do show "t" in web.side)");
  set("10:40", "age=1");
  EXPECT_EQ(story(), "r offered 09:50, r outranked 10:50, s acted 10:50");  // the row for web.side, where s was first
  events[1].at = events[1].received = instant("10:20");  // then the row is held no more
  EXPECT_EQ(story(), "r offered 09:50, r nothing 10:50, s acted 10:50");
}

}  // namespace
}  // namespace polku::reference
