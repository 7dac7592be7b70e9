// The reference interpreter: quiet hours and firings that wait for their end (readings 33, 34, 51, 54).
#include "tests/unit/reference_world.h"

namespace polku::reference {
namespace {

TEST_F(Reference, QuietHoursAreHalfOpenAndReachOverMidnight) {
  journey("quiet 21:00 to 08:00 visitor time, then skip rule r when cart do send \"t\" by mail");
  for (const char* t : {"07:59:59.999", "08:00", "20:59:59.999", "21:00", "2 00:00"}) at(t, "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r quiet 07:59:59.999, r acted 08:00, r acted 20:59:59.999, r quiet 21:00, r quiet 2 00:00");
  EXPECT_EQ(why(decisions[0]), "quiet 21:00 to 08:00 visitor time, then skip: no (opens = 2026-03-02T08:00:00.000Z)");
  EXPECT_EQ(why(decisions[3]), "quiet 21:00 to 08:00 visitor time, then skip: no (opens = 2026-03-03T08:00:00.000Z)");
}

TEST_F(Reference, QuietHoursAreTheVisitorsAndFollowTheClock) {
  c.zone = "Europe/Helsinki";
  journey("quiet 03:30 to 05:00 visitor time, then skip rule r when cart do send \"t\" by mail");
  // 29 March: at 01:00 UTC it turns from 03:00 to 04:00; 03:30 is skipped, so it is quiet from the first instant behind the gap.
  for (const char* t : {"2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-03-29T01:59:59Z", "2026-03-29T02:00:00Z"}) at(t, "cart");
  // 25 October: at 01:00 UTC it turns from 04:00 to 03:00; 03:30 is the first one, at 00:30 UTC, and it stays quiet through the second 03:10.
  for (const char* t : {"2026-10-25T00:29:59Z", "2026-10-25T00:30:00Z", "2026-10-25T01:10:00Z", "2026-10-25T02:59:59Z", "2026-10-25T03:00:00Z"}) at(t, "cart");
  std::string outcomes;
  for (const auto& d : run("2026-11-01T00:00:00Z")) outcomes.append(history::outcome_name(d.outcome)).append(" ");
  EXPECT_EQ(outcomes, "acted quiet quiet acted acted quiet quiet quiet acted ");
}

TEST_F(Reference, WhatWaitsFiresAtTheOpeningAndIsJudgedAgain) {
  journey(R"(quiet 21:00 to 08:00 visitor time
             rule r when cart only if cart.items is 1 not if order happened in the last 1 hour do send "t" by mail
             rule s when cart do raise task "call")");
  at("22:00", "cart items=1");
  auto decisions = run();
  EXPECT_EQ(told(decisions), "r waiting 22:00, s acted 22:00, r acted 2 08:00");  // only messages are quiet
  EXPECT_EQ(decisions[0].id, decisions[2].id);
  EXPECT_EQ(why(decisions[0]), "quiet 21:00 to 08:00 visitor time: no (opens = 2026-03-03T08:00:00.000Z)");
  at("2 07:59", "order");
  EXPECT_EQ(story(), "r waiting 22:00, s acted 22:00, r no_match 2 08:00");
  events.back().at = instant("2 08:00");  // behind the opening
  EXPECT_EQ(story(), "r waiting 22:00, s acted 22:00, r acted 2 08:00");
}

TEST_F(Reference, OnlyWhatIsAboutToBeDoneIsQuiet) {
  journey(R"(quiet 21:00 to 08:00 visitor time
             rule r when cart
             do choose
                | cart.items | do                                            |
                | 1          | send "t" by mail                              |
                | 2          | raise task "call"                             |
                | 3          | send "receipt" by mail raise task "call"      |
                | -          | send "receipt" by mail send "t" by sms        |)");
  for (const char* items : {"1", "2", "3", "4"}) at("22:0" + std::string(items), std::string("cart items=") + items);
  EXPECT_EQ(story(), "r waiting 22:01, r acted 22:02, r acted 22:03, r waiting 22:04, r acted 2 08:00");
}

TEST_F(Reference, ItMayWaitAgain) {
  c.channels[3].quiet = catalog::Hours{8 * kHour, 9 * kHour};
  journey("rule r when cart quiet 21:00 to 08:00 visitor time do send \"t\" by mail");
  at("22:00", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r waiting 22:00, r waiting 2 08:00, r acted 2 09:00");
  EXPECT_EQ(why(decisions[1]), "quiet hours of mail: 08:00 to 09:00: no (opens = 2026-03-03T09:00:00.000Z)");
}

TEST_F(Reference, TheRulesQuietIsAskedBeforeTheJourneys) {
  journey(R"(quiet 21:00 to 08:00 visitor time, then skip
             rule r when cart quiet 22:00 to 06:00 visitor time do send "t" by mail)");
  at("21:30", "cart");
  at("22:30", "cart");
  EXPECT_EQ(story(), "r quiet 21:30, r waiting 22:30, r quiet 2 06:00");
}

TEST_F(Reference, ANewerFiringTakesThePlaceOfTheOneThatWaits) {
  journey("quiet 21:00 to 08:00 visitor time rule r when cart not if cart.items is 2 do send \"t\" by mail");
  at("22:00", "cart items=1");
  at("23:00", "cart items=1");
  auto decisions = run();
  EXPECT_EQ(told(decisions), "r waiting 22:00, r waiting 23:00, r acted 2 08:00");
  EXPECT_EQ(decisions[2].id, history::firing_id(2, "J", "r"));
  at("23:30", "cart items=2");  // judged, whatever comes of it
  EXPECT_EQ(story(), "r waiting 22:00, r waiting 23:00, r no_match 23:30");
}

TEST_F(Reference, AtTheOpeningItGivesWayToANewFiringOfItsRule) {
  journey("quiet 21:00 to 08:00 visitor time rule r when cart then wait 10 hours do send \"t\" by mail");
  at("12:00", "cart");
  at("22:00", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r waiting 22:00, r acted 2 08:00");
  EXPECT_EQ(decisions[1].id, history::firing_id(2, "J", "r"));
}

TEST_F(Reference, AStopOfItsAbsenceCancelsWhatWaits) {
  journey(R"(quiet 21:00 to 08:00 visitor time
             rule r when cart then no order where total more than 1 EUR for 1 hour do send "t" by mail
             rule s when cart then wait 1 hour do send "t" by sms)");
  at("21:00", "cart");
  at("23:00", "order total=1");
  EXPECT_EQ(story(), "r waiting 22:00, s waiting 22:00, r acted 2 08:00, s acted 2 08:00");
  at("23:30", "order");  // may be one
  EXPECT_EQ(story(), "r waiting 22:00, s waiting 22:00, s acted 2 08:00");
}

TEST_F(Reference, StopWhenCancelsWhatWaits) {
  journey(R"(stop when order
             quiet 21:00 to 08:00 visitor time
             rule s when cart do send "t" by sms)");
  at("22:00", "cart");
  at("23:00", "order");
  EXPECT_EQ(story(), "s waiting 22:00");
}

TEST_F(Reference, AChannelsQuietHoursAreOnePointOfItsGate) {
  journey(R"(rule a when cart do send "t" by night
             rule b when cart do send "t" by best of night, mail)");
  at("22:00", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a waiting 22:00, b acted 22:00, a acted 2 08:00");
  EXPECT_EQ(why(decisions[0]), "quiet hours of night: 21:00 to 08:00: no (opens = 2026-03-03T08:00:00.000Z)");
  EXPECT_EQ(why(decisions[1]), "best of night, mail: yes (night = waiting, mail = no answers known)");
}

}  // namespace
}  // namespace polku::reference
