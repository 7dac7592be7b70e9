// The reference interpreter: triggers that wait for the clock or for a membership, and the order in a place (readings 1, 29–33).
#include "tests/unit/reference_world.h"

namespace polku::reference {
namespace {

// ---- memberships ----

TEST_F(Reference, EntersOnBecomingYesAndLeavesOnBecomingNo) {
  rules(R"(segment grown is age at least 18 end
           journey "J"
             rule in when visitor enters grown do send "t" by mail
             rule out when visitor leaves grown do send "t" by sms
           end)");
  set("09:00", "age=17");  // new visitors are outside: nothing is left
  set("10:00", "age=18");
  set("10:30", "age=20");
  set("11:00", "age=3");
  set("12:00", "age=18");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "in acted 10:00, out acted 11:00, in acted 12:00");
  EXPECT_EQ(decisions[0].id, history::firing_id(2, "J", "in"));
  EXPECT_EQ(told(decisions[0].because[0]), "when visitor enters grown: yes");
}

TEST_F(Reference, PassingThroughUnknownFiresNothing) {
  rules(R"(segment grown is age at least 18 end
           journey "J"
             rule in when visitor enters grown do send "t" by mail
             rule out when visitor leaves grown do send "t" by sms
           end)");
  set("09:00", "tier=gold");  // not known: still what it was, outside
  set("10:00", "age=18");
  set("11:00", "age=");
  set("12:00", "age=19");
  set("13:00", "age=");
  set("14:00", "age=1");
  EXPECT_EQ(story(), "in acted 10:00, out acted 14:00");
}

TEST_F(Reference, AMembershipRunsOutAsATimerBeforeTheEventsOfThatInstant) {
  rules(R"(segment busy is number of page in the last 1 hour at least 2 end
           journey "J"
             rule in when visitor enters busy do send "t" by mail
             rule out when visitor leaves busy do send "t" by sms
           end)");
  at("10:00", "page");
  at("10:10", "page");
  at("11:00", "page");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "in acted 10:10, out acted 11:00, in acted 11:00, out acted 11:10");
  EXPECT_EQ(decisions[1].id, history::firing_id(history::identity_of_moment("anna", instant("11:00")), "J", "out"));
  EXPECT_EQ(decisions[2].id, history::firing_id(3, "J", "in"));
}

TEST_F(Reference, MembershipsEndWithTheHistoryTheDateAndTheLocalDay) {
  rules(R"(segment buyer is visitor in regular and now at least 4 March 2026 end
           segment regular is order happened ever end
           segment here is page happened today end
           journey "J"
             rule in when visitor enters buyer do raise task "call"
             rule out when visitor leaves buyer do raise task "call"
             rule over when visitor leaves here do raise task "call"
           end)");
  c.zone = "Europe/Helsinki";
  c.history = 3 * kDay;
  set("10:00", "time zone=America/New_York");
  at("12:00", "order");
  at("12:00", "page");
  EXPECT_EQ(story(), "over acted 2 05:00, in acted 2 22:00, out acted 4 12:00");
}

TEST_F(Reference, WhereTheClockIsTurnedAboutMidnightTheDayComesTwice) {
  rules(R"(segment here is page happened today end
           journey "J"
             rule in when visitor enters here do raise task "call"
             rule out when visitor leaves here do raise task "call"
           end)");
  c.zone = "America/St_Johns";  // 7 November 2010: one minute behind midnight it turned to 23:01, at 02:31 UTC
  at("2010-11-06T12:00:00Z", "page");
  std::string all;
  for (const auto& d : run("2010-11-08T00:00:00Z")) all += d.rule + " " + base::format_instant(d.at).substr(8, 8) + " ";
  EXPECT_EQ(all, "in 06T12:00 out 07T02:30 in 07T02:31 out 07T03:30 ");
}

TEST_F(Reference, NowMoreThanADateTurnsOneMillisecondBehindIt) {
  rules(R"(segment late is now more than 3 March 2026 end
           segment sharp is now is 3 March 2026 end
           journey "J"
             rule a when visitor enters late do raise task "call"
             rule b when visitor enters sharp do raise task "call"
             rule c when visitor leaves sharp do raise task "call"
           end)");
  at("10:00", "cart");
  EXPECT_EQ(story(), "b acted 2 00:00, a acted 2 00:00:00.001, c acted 2 00:00:00.001");
}

TEST_F(Reference, WhatActedChangesAMembershipForTheNextRound) {
  rules(R"(segment met is "J".hello sent in the last 1 hour or "J".again sent in the last 1 hour end
           journey "J"
             rule hello when cart do send "t" by mail
             rule again when cart do send "t" by sms
             rule in when visitor enters met do raise task "call"
             rule out when visitor leaves met then wait 10 minutes only if number of hello sent before this is 1 do raise task "call"
           end)");
  at("10:00", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "hello acted 10:00, again acted 10:00, in acted 10:00, out acted 11:10");
  EXPECT_EQ(decisions[2].id, history::firing_id(history::identity_of_decision(decisions[1].id), "J", "in"));  // the last of the round
  EXPECT_EQ(decisions[3].id, history::firing_id(history::identity_of_moment("anna", instant("11:00")), "J", "out"));
}

TEST_F(Reference, ARuleThatFiredDoesNotFireAgainAtTheInstant) {
  rules(R"(segment met is "J".hello sent in the last 1 hour end
           journey "J"
             rule hello when cart do send "t" by mail
             rule other when visitor enters met do send "t" by mail
             rule in when visitor enters met then wait 5 minutes do send "t" by sms
           end)");
  at("10:00", "cart");
  EXPECT_EQ(story(), "hello acted 10:00, other outranked 10:00, in acted 10:05");
}

// ---- schedules ----

TEST_F(Reference, EveryDayRunsFromTheFirstRecordToTheEnd) {
  journey("rule r when every day at 09:00 visitor time do send \"t\" by mail");
  EXPECT_EQ(story("3 12:00"), "");
  at("09:00", "cart");  // stands behind the place of that instant
  const auto decisions = run("3 09:00");
  EXPECT_EQ(told(decisions), "r acted 2 09:00, r acted 3 09:00");
  EXPECT_EQ(decisions[0].id, history::firing_id(history::identity_of_moment("anna", instant("2 09:00")), "J", "r"));
  EXPECT_EQ(story("3 08:59:59.999"), "r acted 2 09:00");
}

TEST_F(Reference, ASkippedTimeIsTheFirstInstantBehindTheGapADoubledOneTheFirst) {
  c.zone = "Europe/Helsinki";
  journey("rule r when every day at 03:30 visitor time do send \"t\" by mail");
  at("2026-03-27T12:00:00Z", "cart");
  const auto decisions = run("2026-03-30T12:00:00Z");  // 29 March: 03:00 is 04:00, which is 01:00 UTC
  ASSERT_EQ(decisions.size(), 3u);
  EXPECT_EQ(decisions[0].at, instant("2026-03-28T01:30:00Z"));
  EXPECT_EQ(decisions[1].at, instant("2026-03-29T01:00:00Z"));
  EXPECT_EQ(decisions[2].at, instant("2026-03-30T00:30:00Z"));
  events[0].at = instant("2026-10-24T12:00:00Z");  // 25 October: 04:00 is 03:00 again, at 01:00 UTC
  const auto autumn = run("2026-10-26T00:00:00Z");
  ASSERT_EQ(autumn.size(), 1u);
  EXPECT_EQ(autumn[0].at, instant("2026-10-25T00:30:00Z"));
}

TEST_F(Reference, ADayThatTheClockSkipsHasItsTimesBehindTheGap) {
  c.zone = "Pacific/Apia";  // there was no 30 December 2011: 29 December ended at 10:00 UTC on the 30th
  journey("rule r when every day at 09:00 visitor time do raise task \"call\"");
  at("2011-12-29T00:00:00Z", "cart");
  std::string all;
  for (const auto& d : run("2011-12-31T00:00:00Z")) all += base::format_instant(d.at).substr(8, 8) + " ";
  EXPECT_EQ(all, "29T19:00 30T10:00 30T19:00 ");
}

TEST_F(Reference, TheZoneCountsAsItStandsBeforeThePlace) {
  journey("rule r when every day at 09:00 visitor time do send \"t\" by mail");
  at("08:00", "cart");
  set("09:00", "time zone=Europe/Helsinki");  // behind the place of 09:00 UTC; there it is 11:00
  set("2 05:00", "time zone=America/New_York");
  EXPECT_EQ(story("3 12:00"), "r acted 09:00, r acted 2 14:00");
}

TEST_F(Reference, OnADateEveryYearFromTheDateOn) {
  journey("rule r when on visitor.birthday at 10:00 do send \"t\" by mail");
  const auto days = [&](const char* first, const char* until) {
    events.back().at = instant(first);
    std::string all;
    for (const auto& d : run(until)) all += base::format_instant(d.at).substr(0, 13) + " ";
    return all;
  };
  set("10:00", "birthday=" + std::to_string(base::civil_day(2024, 2, 29).value()));
  EXPECT_EQ(days("2023-01-01T00:00:00Z", "2028-03-10T00:00:00Z"),
            "2024-02-29T10 2025-02-28T10 2026-02-28T10 2027-02-28T10 2028-02-29T10 ");
  events.clear();
  set("10:00", "age=1");
  EXPECT_EQ(days("2023-01-01T00:00:00Z", "2024-03-10T00:00:00Z"), "");  // not known: never
}

TEST_F(Reference, OfATimeTheLocalDateCounts) {
  journey("rule r when on visitor.joined at 10:00 do send \"t\" by mail");
  set("10:00", "time zone=Europe/Helsinki, joined=" + std::to_string(instant("2 23:00")));  // there it is the third day already
  EXPECT_EQ(story("4 00:00"), "r acted 3 08:00");
}

// ---- places ----

TEST_F(Reference, AllThatIsDueAtAnInstantIsOnePlaceByPriorityThenWrittenOrder) {
  rules(R"(segment busy is page happened in the last 1 hour end
           journey "J"
             rule wait when cart then wait 1 hour do send "t" by mail
             rule absence when cart then no order for 1 hour do send "t" by mail
             rule day when every day at 11:00 visitor time do send "t" by mail priority 5
             rule out when visitor leaves busy do send "t" by mail
             rule record when cart do send "t" by mail
           end)");
  at("10:00", "page");
  at("10:00", "cart");
  at("11:00", "cart");
  EXPECT_EQ(story("11:59"), "record acted 10:00, wait outranked 11:00, absence outranked 11:00, day acted 11:00, out outranked 11:00, record acted 11:00");
}

TEST_F(Reference, WhatATimerArmsAtItsPlaceIsNotDueThere) {
  rules(R"(segment busy is page happened in the last 1 hour end
           journey "J" rule r when visitor leaves busy then no order for 1 hour do send "t" by mail end)");
  at("10:00", "page");
  at("11:00", "page");  // behind the place at which it left
  EXPECT_EQ(story(), "r acted 12:00, r acted 13:00");
}

TEST_F(Reference, RequestsAreNeitherEventsNorCounted) {
  rules(R"(segment new is number of cart ever is 0 and number of page ever is 0 end
           journey "J"
             rule a when visitor enters new do raise task "call"
             rule b when asked for web.hero do show "t" in web.hero
             rule c when every day at 11:00 visitor time do raise task "call"
           end)");
  asked("10:00", {{"web", "side"}});
  asked("10:30", {{"web", "side"}, {"web", "hero"}});
  const auto decisions = run("11:00");
  EXPECT_EQ(told(decisions), "a acted 10:00, b acted 10:30, c acted 11:00");
  EXPECT_EQ(decisions[0].id, history::firing_id(1, "J", "a"));
  EXPECT_EQ(what(decisions[1]), "show t web hero");
}

}  // namespace
}  // namespace polku::reference
