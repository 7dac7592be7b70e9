// The reference interpreter: gates 2 to 5 (readings 20, 21, 50–56, 59, 62).
#include "tests/unit/reference_world.h"

namespace polku::reference {
namespace {

// ---- channels ----

TEST_F(Reference, OneMessageByAChannelAtATime) {
  journey(R"(rule low when cart do send "t" by mail
             rule high when cart priority 5 do send "t" by mail
             rule chained when high sent do send "t" by mail
             rule twice when order do send "t" by sms send "u" by sms)");
  at("10:00", "cart");
  at("10:00", "order");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "low outranked 10:00, high acted 10:00, chained outranked 10:00, twice outranked 10:00");
  EXPECT_EQ(why(decisions[0]), "one message by mail at a time: no (taken by = J / high)");
  EXPECT_EQ(why(decisions[3]), "one message by sms at a time: no (taken by = J / twice)");
}

TEST_F(Reference, ARefusedFiringLeavesItsPlaceToTheNext) {
  journey(R"(rule first when cart limit 0 messages in 1 day do send "t" by mail
             rule second when cart do send "t" by mail)");
  at("10:00", "cart");
  EXPECT_EQ(story(), "first over_limit 10:00, second acted 10:00");
}

TEST_F(Reference, ConsentAndReach) {
  journey(R"(rule by_email when cart do send "t" by email
             rule by_push when cart do send "t" by push)");
  at("10:00", "cart");
  set("10:01", "consent.marketing=0, push.token=x");
  at("10:02", "cart");
  set("10:03", "consent.marketing=1");
  at("10:04", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions),
            "by_email no_consent 10:00, by_push no_reach 10:00, by_email no_consent 10:02, by_push acted 10:02, by_email acted 10:04, by_push acted 10:04");
  EXPECT_EQ(why(decisions[0]), "email needs consent.marketing: unknown (consent.marketing = not known)");
  EXPECT_EQ(why(decisions[2]), "email needs consent.marketing: no (consent.marketing = refused)");
  EXPECT_EQ(why(decisions[1]), "push needs push.token: unknown (push.token = not known)");
}

TEST_F(Reference, ServiceMessagesPassConsentQuietAndLimitsButNeedReach) {
  journey(R"(quiet 00:00 to 23:59 visitor time
             limit 1 message in 1 day
             rule a when cart do send "receipt" by email
             rule b when cart do send "receipt" by push
             rule c when cart do send "receipt" by sms
             rule d when cart do send "receipt" by night)");
  for (const char* t : {"23:00", "23:01", "23:02"}) at(t, "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions),
            "a acted 23:00, b no_reach 23:00, c acted 23:00, d acted 23:00, a acted 23:01, b no_reach 23:01, c acted 23:01, d acted 23:01, "
            "a acted 23:02, b no_reach 23:02, c acted 23:02, d acted 23:02");
}

TEST_F(Reference, ServiceMessagesAreNotCountedButTakeThePlace) {
  journey(R"(rule a when cart do send "receipt" by sms
             rule b when any of cart, page do send "t" by sms)");
  at("10:00", "cart");
  at("10:01", "page");
  at("10:02", "page");
  at("10:03", "page");
  EXPECT_EQ(story(), "a acted 10:00, b outranked 10:00, b acted 10:01, b acted 10:02, b over_limit 10:03");
}

TEST_F(Reference, ChannelLimitsCountWhatTheChannelCarried) {
  journey(R"(rule mailed when page do send "t" by mail
             rule a when cart do send "t" by sms
             rule task when cart do raise task "call")");
  for (const char* t : {"10:00", "10:01", "10:02"}) at(t, "page");
  for (const char* t : {"10:03", "10:04", "10:05", "11:33"}) at(t, "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions),
            "mailed acted 10:00, mailed acted 10:01, mailed acted 10:02, a acted 10:03, task acted 10:03, a acted 10:04, task acted 10:04, "
            "a over_limit 10:05, task acted 10:05, a acted 11:33, task acted 11:33");
  EXPECT_EQ(why(decisions[7]), "at most 2 messages by sms in 90 minutes: no (messages = 2)");
}

// ---- best of ----

TEST_F(Reference, BestOfTakesTheOneAnsweredBest) {
  journey(R"(rule a when cart do send "t" by sms
             rule b when page do send "t" by email
             rule best when order do send "t" by best of push, email, sms, mail)");
  c.channels[2].limit.reset();
  set("00:00", "consent.marketing=1");
  for (int hour = 1; hour <= 3; ++hour) at("0" + std::to_string(hour) + ":00", "cart");
  at("03:30", "opened");   // answers the third by sms
  at("03:31", "opened");   // it is answered already
  at("10:00", "order");
  for (int minute = 1; minute <= 3; ++minute) at("11:0" + std::to_string(minute), "page");
  at("12:02", "opened");   // an hour behind the second: answers the third
  at("12:03", "opened");   // an hour behind the third: too late, and answered already
  at("13:00", "order");
  const auto decisions = run();
  const auto find = [&](const char* t) {
    for (const auto& d : decisions)
      if (d.rule == "best" && d.at == instant(t)) return d;
    return Decision{};
  };
  // sms: 2 of 5 parts; email and mail: 1 of 2; the first written stands.
  EXPECT_EQ(why(find("10:00")), "best of push, email, sms, mail: yes (push = no_reach, email = no answers known, sms = 1 of 3 answered, mail = no answers known)");
  EXPECT_EQ(what(find("10:00")), "send t email");
  // email has four sends now, one of them answered: 2 of 6 parts.
  EXPECT_EQ(why(find("13:00")), "best of push, email, sms, mail: yes (push = no_reach, email = 1 of 4 answered, sms = 1 of 3 answered, mail = no answers known)");
  EXPECT_EQ(what(find("13:00")), "send t mail");
}

TEST_F(Reference, AnAnswerIsToTheLatestSendAndInTime) {
  journey(R"(rule b when page do send "t" by email
             rule best when order do send "t" by best of mail, email)");
  set("00:00", "consent.marketing=1");
  const auto measured = [&](const std::vector<std::string>& answers) {
    events.resize(1);
    for (const char* t : {"01:00", "02:00", "03:00"}) at(t, "page");
    for (const std::string& t : answers) at(t, "opened");
    at("2 10:00", "order");
    std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.at != b.at ? a.at < b.at : a.identity < b.identity; });
    return run().back().because.back().saw[1].value.texts.front();
  };
  EXPECT_EQ(measured({}), "0 of 3 answered");
  EXPECT_EQ(measured({"03:59:59.999"}), "1 of 3 answered");
  EXPECT_EQ(measured({"04:00"}), "0 of 3 answered");
  EXPECT_EQ(measured({"03:00"}), "1 of 3 answered");
  EXPECT_EQ(measured({"01:01", "02:01", "03:01"}), "3 of 3 answered");
  EXPECT_EQ(measured({"02:01", "02:02"}), "1 of 3 answered");  // the first stays unanswered
  c.history = kDay + 8 * kHour + 1;
  EXPECT_EQ(measured({"03:01"}), "no answers known");  // only two sends are within the history
}

TEST_F(Reference, WithoutThreeSendsOfItsOwnThePublishedTableSpeaks) {
  journey("rule best when order do send \"t\" by best of mail, sms");
  table("11:00", "march", {{"mail", {10, 98}}, {"sms", {9, 98}}});
  table("09:00", "early", {{"sms", {1, 2}}});
  table("10:00", "tie", {{"mail", {1, 8}}, {"sms", {2, 13}}});  // 2 of 10, 3 of 15
  for (const char* t : {"08:00", "09:00", "10:00", "11:00"}) at(t, "order");
  c.channels[2].limit.reset();
  const auto decisions = run();
  ASSERT_EQ(decisions.size(), 4u);
  EXPECT_EQ(why(decisions[0]), "best of mail, sms: yes (mail = no answers known, sms = no answers known)");
  EXPECT_EQ(what(decisions[0]), "send t mail");
  EXPECT_EQ(why(decisions[1]), "best of mail, sms: yes (mail = no answers known, sms = 1 of 2 answered (table early))");
  EXPECT_EQ(what(decisions[1]), "send t mail");
  EXPECT_EQ(why(decisions[2]), "best of mail, sms: yes (mail = 1 of 8 answered (table tie), sms = 2 of 13 answered (table tie))");
  EXPECT_EQ(what(decisions[2]), "send t mail");
  EXPECT_EQ(why(decisions[3]), "best of mail, sms: yes (mail = 0 of 3 answered, sms = 9 of 98 answered (table march))");
  EXPECT_EQ(what(decisions[3]), "send t mail");  // 1 of 5 is more than 10 of 100
}

TEST_F(Reference, IfNoChannelPassesTheOneThatCameFurthestGivesTheReason) {
  journey(R"(rule a when cart do send "t" by sms
             rule best when any of order, cart do send "t" by best of sms, email, push, night)");
  at("10:00", "cart");
  at("10:01", "cart");
  at("22:00", "order");
  c.channels[2].limit = catalog::Quota{2, kDay};
  auto decisions = run();
  EXPECT_EQ(decisions[1].outcome, Outcome::acted);
  EXPECT_EQ(what(decisions[1]), "send t night");
  EXPECT_EQ(told({decisions[4]}), "best over_limit 22:00");
  EXPECT_EQ(why(decisions[4]), "at most 2 messages by sms in 1 day: no (messages = 2)");
  EXPECT_EQ(what(decisions[4]), "send t");
  c.channels[2].limit.reset();
  c.channels[2].quiet = catalog::Hours{22 * kHour, 23 * kHour};
  decisions = run("22:00");
  EXPECT_EQ(told({decisions[4]}), "best waiting 22:00");
  EXPECT_EQ(why(decisions[4]), "quiet hours of sms: 22:00 to 23:00: no (opens = 2026-03-02T23:00:00.000Z)");
}

// ---- limits and guarantees ----

TEST_F(Reference, LimitsRoll) {
  journey(R"(limit 2 messages in 1 hour
             rule a when cart do send "t" by mail
             rule b when order do send "t" by sms
             rule c when order do raise task "call")");
  at("10:00", "cart");
  at("10:10", "order");
  at("10:59", "cart");
  at("11:00", "cart");
  at("11:01", "order");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:00, b acted 10:10, c acted 10:10, a over_limit 10:59, a acted 11:00, b over_limit 11:01, c acted 11:01");
  EXPECT_EQ(why(decisions[3]), "limit 2 messages in 1 hour: no (messages = 2)");
}

TEST_F(Reference, ALimitCountsWhatTheRuleIsAboutToDo) {
  journey(R"(rule a when cart limit 2 messages in 1 hour limit 1 task in 1 hour do send "t" by mail send "u" by sms
             rule b when order limit 2 messages in 1 hour do send "t" by mail
             rule t when page limit 2 tasks in 1 hour do raise task "call" raise task "call")");
  at("10:00", "cart");
  at("10:01", "cart");
  at("10:02", "page");
  at("10:03", "page");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:00, a over_limit 10:01, t acted 10:02, t over_limit 10:03");
  EXPECT_EQ(why(decisions[1]), "limit 2 messages in 1 hour: no (messages = 2)");
  EXPECT_EQ(why(decisions[3]), "limit 2 tasks in 1 hour: no (tasks = 2)");
}

TEST_F(Reference, ALimitAcrossAGroupCountsAllThatIsLimitedAcrossIt) {
  rules(R"(journey "J"
             limit 9 messages in 1 day
             rule a when cart limit 2 messages in 1 day across "G" do send "t" by mail
             rule b when page do send "t" by mail
           end
           journey "K" limit 3 messages in 1 day across "G"
             rule k when order do send "t" by sms
           end)");
  at("10:00", "cart");
  at("10:01", "page");  // not in the group
  at("10:02", "order");
  at("10:03", "cart");
  at("10:04", "order");
  at("10:05", "order");
  c.channels[2].limit.reset();
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:00, b acted 10:01, k acted 10:02, a over_limit 10:03, k acted 10:04, k over_limit 10:05");
  EXPECT_EQ(why(decisions[3]), "limit 2 messages in 1 day across \"G\": no (messages = 2)");
  EXPECT_EQ(why(decisions[5]), "limit 3 messages in 1 day across \"G\": no (messages = 3)");
}

TEST_F(Reference, TheReasonOfALimitCountsNoFurtherThanTheLimit) {
  rules(R"(journey "J" rule a when cart limit 1 message in 1 day across "G" do send "t" by mail end
           journey "K" limit 9 messages in 1 day across "G" rule k when order do send "t" by mail end)");
  for (const char* t : {"10:00", "10:01", "10:02"}) at(t, "order");
  at("10:03", "cart");
  EXPECT_EQ(why(run().back()), "limit 1 message in 1 day across \"G\": no (messages = 1)");
}

TEST_F(Reference, GuaranteesStandBehindTheLimits) {
  rules(R"(guarantee "Grown" never send by mail, push unless age at least 18 end
           guarantee "Few" at most 2 messages in 1 hour end
           journey "J"
             rule a when cart do send "t" by mail
             rule s when cart do send "receipt" by mail priority -1
             rule b when page do send "t" by sms
             rule c when page limit 0 messages in 1 hour do send "t" by night
             rule t when page do raise task "call"
           end)");
  at("10:00", "cart");
  set("10:01", "age=17");
  at("10:02", "cart");
  set("10:03", "age=18");
  at("10:04", "cart");
  at("10:05", "page");
  at("10:06", "page");
  const auto decisions = run();
  EXPECT_EQ(told(decisions),
            "a guarantee 10:00, s acted 10:00, a guarantee 10:02, s acted 10:02, a acted 10:04, s outranked 10:04, b acted 10:05, c over_limit 10:05, "
            "t acted 10:05, b guarantee 10:06, c over_limit 10:06, t acted 10:06");
  EXPECT_EQ(why(decisions[0]), "guarantee \"Grown\": unknown (age = not known)");
  EXPECT_EQ(why(decisions[2]), "guarantee \"Grown\": no (age = 17)");
  EXPECT_EQ(why(decisions[9]), "guarantee \"Few\": no (messages = 2)");
}

// ---- holdout ----

TEST_F(Reference, HeldOutIsWhoseBucketIsBelowTheShare) {
  rules(R"(journey "J" hold out 12.34% as "arm" rule r when cart do send "t" by mail end
           journey "K" rule k when cart do send "t" by mail end)");
  at("10:00", "cart");
  int held = 0;
  for (int i = 0; i < 300; ++i) {
    visitor = "v" + std::to_string(i);
    const bool out = history::bucket("salt", "arm", visitor) < 1234;
    held += out ? 1 : 0;
    const auto decisions = run();
    ASSERT_EQ(told(decisions), out ? "r held_out 10:00, k acted 10:00" : "r acted 10:00, k outranked 10:00") << visitor;
    if (out) {
      EXPECT_EQ(why(decisions[0]), "hold out 12.34% as \"arm\": no");
    }
  }
  EXPECT_GT(held, 0);
}

TEST_F(Reference, TheArmOfTheFirstExposureStays) {
  rules(R"(journey "J" hold out 1% as "arm" rule r when cart do send "t" by mail end
           journey "K" hold out 99% as "arm" rule k when page do send "t" by mail end)");
  at("10:00", "cart");
  at("10:01", "page");
  while (history::bucket("salt", "arm", visitor) < 100 || history::bucket("salt", "arm", visitor) >= 9900) visitor += "x";
  EXPECT_EQ(story(), "r acted 10:00, k acted 10:01");
  std::swap(events[0].at, events[1].at);
  std::swap(events[0], events[1]);
  EXPECT_EQ(story(), "k held_out 10:00, r held_out 10:01");
  hold_outs = HoldOuts::Nobody;
  EXPECT_EQ(story(), "k acted 10:00, r acted 10:01");
  hold_outs = HoldOuts::Everybody;
  EXPECT_EQ(story(), "k held_out 10:00, r held_out 10:01");
}

TEST_F(Reference, WhatIsHeldOutDoesNothing) {
  rules(R"(journey "J" hold out 50% limit 1 message in 1 day
             rule a when cart do send "t" by mail suppress "K" for 1 day
             rule b when a sent do raise task "call"
             rule c when cart do send "t" by sms not if a sent ever
           end
           journey "K" rule k when cart do send "t" by mail end)");
  hold_outs = HoldOuts::Everybody;
  at("10:00", "cart");
  EXPECT_EQ(story(), "a held_out 10:00, c held_out 10:00, k acted 10:00");
}

}  // namespace
}  // namespace polku::reference
