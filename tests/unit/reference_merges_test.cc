// The reference interpreter: visitors who are found to be one, and packs that change (readings 72–74).
#include "tests/unit/reference_world.h"

namespace polku::reference {
namespace {

// Decisions with the visitors they are of.
std::string whose(const std::vector<Decision>& decisions) {
  std::string all;
  for (const Decision& d : decisions)
    all.append(all.empty() ? "" : ", ").append(d.visitor).append(" ").append(d.rule).append(" ").append(history::outcome_name(d.outcome));
  return all;
}

// A name whose bucket of the holdout "J" is below half, or not.
std::string somebody(const std::string& salt, bool held_out, std::size_t nth = 0) {
  for (int i = 0;; ++i) {
    const std::string name = "visitor " + std::to_string(i);
    if ((history::bucket(salt, "J", name) < 5000) == held_out && nth-- == 0) return name;
  }
}

// ---- merges ----

TEST_F(Reference, AfterAMergeTwoHaveOneHistory) {
  journey("rule a when cart then no order for 1 hour do raise task \"call\" rule b when order only if number of cart ever is 1 do raise task \"call\"");
  under = "anna";
  at("10:00", "cart");
  under = "bert";
  at("10:05", "page");
  merge("10:10", "anna");
  EXPECT_EQ(whose(run()), "bert a acted");
  at("10:20", "order");  // stops it
  EXPECT_EQ(whose(run()), "bert b acted");
  under_name(events.back().identity, "anna");
  EXPECT_EQ(whose(run()), "bert b acted");
}

TEST_F(Reference, AMergeTheOtherWayAndBackChangesOnlyTheName) {
  journey("rule a when cart then no order for 1 hour do raise task \"call\"");
  under = "anna";
  at("10:00", "cart");
  merge("10:10", "bert");  // of one that has no record yet
  under = "bert";
  at("10:30", "cart");
  const auto decisions = run();
  EXPECT_EQ(whose(decisions), "anna a acted");
  EXPECT_EQ(told(decisions), "a acted 11:30");
  merge("10:40", "anna");  // merged already
  merge("10:41", "bert");  // itself
  EXPECT_EQ(whose(run()), "anna a acted");
}

TEST_F(Reference, TimersDueBeforeAreJudgedUnderTheOldName) {
  journey("rule a when cart then wait 10 minutes do raise task \"call\"");
  under = "anna";
  at("10:00", "cart");
  at("10:05", "cart");
  under = "bert";
  merge("10:10", "anna");
  const auto decisions = run();
  EXPECT_EQ(whose(decisions), "anna a acted, bert a acted");
  EXPECT_EQ(told(decisions), "a acted 10:10, a acted 10:15");
}

TEST_F(Reference, WhatAMergePlacesIsUsedUp) {
  rules(R"(segment many is number of cart ever at least 2 end
           journey "J"
             rule two when 2 cart within 1 hour do raise task "call"
             rule in when visitor enters many do raise task "call"
             rule later when visitor enters many then wait 1 hour do raise task "call"
             rule out when visitor leaves many do raise task "call"
           end)");
  under = "anna";
  at("10:00", "cart");
  under = "bert";
  at("10:05", "cart");
  merge("10:10", "anna");
  at("10:20", "cart");
  at("10:30", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "two acted 10:30, later acted 11:05");
  EXPECT_EQ(decisions[1].id, history::firing_id(2, "J", "later"));
}

TEST_F(Reference, AtItsPlaceMembershipsChangeWithoutCompletingAnything) {
  rules(R"(segment grown is age at least 18 end
           journey "J"
             rule in when visitor enters grown do raise task "call"
             rule soon when visitor enters grown then wait 1 hour do raise task "call"
             rule out when visitor leaves grown do raise task "call"
           end)");
  const auto grow = [&](const std::string& other) {
    events.clear();
    set("09:00", "age=17");
    merge("10:00", other);
    events.back().changes.push_back({c.attribute("age"), 18});
    set("12:00", "age=3");
    return story();
  };
  EXPECT_EQ(grow("bert"), "out acted 12:00");
  EXPECT_EQ(grow("anna"), "in acted 10:00, soon acted 11:00, out acted 12:00");  // with itself: a change like others
}

TEST_F(Reference, AMergeIsNeverJudgedWhenItIsReceivedLater) {
  journey(R"(rule r when every day at 10:01 visitor time do raise task "call")");
  at("07:00", "cart");
  merge("08:00", "bert");
  received("08:03");
  events.back().changes.push_back({c.attribute("time zone"), texts.intern("Europe/Helsinki")});
  EXPECT_EQ(story("2 09:00"), "r acted 2 08:01");
}

TEST_F(Reference, LimitsAndOffersOfBothCount) {
  journey(R"(rule a when cart limit 2 messages in 1 day do send "t" by mail
             rule s when order do show "t" in web.hero for 1 day)");
  under = "anna";
  at("10:00", "cart");
  at("10:01", "order");
  under = "bert";
  at("10:05", "cart");
  merge("10:10", "anna");
  at("10:20", "cart");
  asked("10:30", {{"web", "hero"}});
  EXPECT_EQ(whose(run()), "anna a acted, anna s offered, bert a acted, bert a over_limit, bert s acted");
}

TEST_F(Reference, ThePersonIsTheNameOfTheEarliestRecord) {
  journey("hold out 50% rule a when cart do raise task \"call\"");
  const std::string held = somebody("salt", true), treated = somebody("salt", false);
  for (const bool first_held : {true, false}) {
    events.clear();
    under = first_held ? held : treated;
    at("10:00", "page");
    under = first_held ? treated : held;
    at("10:05", "page");
    merge("10:10", first_held ? held : treated);
    at("10:20", "cart");
    EXPECT_EQ(story(), first_held ? "a held_out 10:20" : "a acted 10:20");
  }
}

TEST_F(Reference, WhoWasInBothArmsIsHeldOutAndItsConversionsSayMixed) {
  journey("hold out 50% goal order within 1 day rule a when cart do raise task \"call\"");
  const std::string held = somebody("salt", true), treated = somebody("salt", false);
  under = treated;
  at("10:00", "cart");
  under = held;
  at("10:05", "cart");
  merge("10:10", treated);
  at("10:20", "cart");
  at("10:30", "order");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:00, a held_out 10:05, a held_out 10:20, a converted 10:30");
  EXPECT_EQ(why(decisions[3]), "goal order within 1 day: yes (exposure = mixed)");
  EXPECT_EQ(decisions[3].id, decisions[0].id);
}

TEST_F(Reference, JourneysThatShareAnArmShowTheirOwnWords) {
  rules(R"(journey "J" hold out 50% as "arm" rule a when cart do send "t" by mail end
           journey "K" hold out 50.0% as "arm" rule b when cart do send "t" by sms end)");
  hold_outs = HoldOuts::Everybody;
  at("10:00", "cart");
  const auto decisions = run();
  EXPECT_EQ(why(decisions[0]), "hold out 50% as \"arm\": no");
  EXPECT_EQ(why(decisions[1]), "hold out 50.0% as \"arm\": no");
}

TEST_F(Reference, AMergeInDownTimeTakesTheOverdueAlong) {
  journey("rule a when cart then no order for 1 hour do raise task \"call\"");
  under = "anna";
  at("09:10", "cart");
  down("10:00", "10:50");
  under = "bert";
  at("10:20", "page");
  merge("10:30", "anna");
  EXPECT_EQ(whose(run()), "bert a acted");
  at("10:05", "order");  // bert's, who is anna
  received("10:40");
  EXPECT_EQ(whose(run()), "");
}

// ---- pack changes ----

constexpr const char* kAbsence = "rule a when cart then no order for 1 hour do send \"t\" by mail";

TEST_F(Reference, WhatAPackChangePlacesIsUsedUpAndTheRestGoesOn) {
  journey(kAbsence);
  at("10:00", "cart");
  at("11:00", "cart");
  change("11:30", "journey \"J\" rule a when cart then no order for 1 hour do send \"t\" by mail rule b when cart do raise task \"call\" end");
  at("11:40", "cart");
  EXPECT_EQ(story(), "a acted 11:00, b acted 11:40, a acted 12:40");  // the cart at 11:40 re-arms
}

TEST_F(Reference, TimersBeforeAreOfTheOldPackThoseAtItOfTheNew) {
  journey(kAbsence);
  at("10:00", "cart");
  change("11:00", "journey \"J\" version 2 rule a when cart then no order for 1 hour do send \"t\" by sms end");
  auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 11:00");
  EXPECT_EQ(what(decisions[0]), "send t sms");
  packs.back().from = instant("11:00:00.001");
  decisions = run();
  EXPECT_EQ(told(decisions), "a acted 11:00");
  EXPECT_EQ(what(decisions[0]), "send t mail");
}

TEST_F(Reference, WithAnotherDelayAFiringHappensOnce) {
  journey(kAbsence);
  at("10:00", "cart");
  at("12:00", "cart");
  change("12:20", "journey \"J\" rule a when cart then no order for 3 hours do send \"t\" by mail end");
  EXPECT_EQ(story(), "a acted 11:00, a acted 15:00");
  packs.clear();
  change("12:20", "journey \"J\" rule a when cart then no order for 10 minutes do send \"t\" by mail end");
  EXPECT_EQ(story(), "a acted 11:00");  // 12:10 is placed by the change
}

TEST_F(Reference, ARenamedRuleIsAnotherAndTheOldCountsInLimitsOfChannelsAndGuarantees) {
  c.channels[3].limit = catalog::Quota{1, kDay};
  journey("goal page within 1 day rule a when cart once per visitor do send \"t\" by mail suppress \"J\" for 1 day");
  at("10:00", "cart");
  const std::string renamed = R"(goal page within 1 day limit 1 message in 1 day
    rule b when cart once per visitor do send "t" by mail
    rule d when cart only if number of b sent ever is 0 do send "u" by best of sms, push end)";
  change("11:00", "journey \"J\" " + renamed + R"( guarantee "few" at most 1 message in 1 day end)");
  at("12:00", "cart");
  at("12:01", "page");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:00, b over_limit 12:00, d guarantee 12:00");
  EXPECT_EQ(why(decisions[1]), "at most 1 message by mail in 1 day: no (messages = 1)");
  EXPECT_EQ(why(decisions[2]), "guarantee \"few\": no (messages = 1)");
}

TEST_F(Reference, WhatWaitsKeepsItsOpeningAndOffersFollowTheNewPack) {
  journey("quiet 21:00 to 08:00 visitor time rule r when cart do send \"t\" by mail rule s when cart do show \"t\" in web.hero for 1 hour");
  at("22:00", "cart");
  change("23:00", "journey \"J\" quiet 21:00 to 07:00 visitor time rule r when cart do send \"u\" by mail rule s when cart do show \"t\" in web.hero for 1 day end");
  asked("2 09:00", {{"web", "hero"}});
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r waiting 22:00, s offered 22:00, r acted 2 08:00, s acted 2 09:00");
  EXPECT_EQ(what(decisions[2]), "send u mail");
}

TEST_F(Reference, OfSeveralWaitsThatAreDueAtOnceAllAreUsedUpForTheNewPackToo) {
  journey("rule r when cart then wait 30 minutes do raise task \"call\"");
  at("10:00", "cart");
  at("10:00", "cart");
  change("10:31", "journey \"J\" rule r when 2 cart within 1 hour then wait 40 minutes do raise task \"call\" end");
  at("12:00", "page");
  EXPECT_EQ(told(run()), "r acted 10:30") << "the second cart's wait was due with the first's";
}

TEST_F(Reference, AnOfferWhoseTimeIsOverIsStillReplaced) {
  journey("rule r when cart do show \"t\" in web.hero for 4 minutes rule s when order do suppress \"J\" for 1 hour");
  at("10:00", "cart");
  at("10:10", "order");
  at("10:20", "cart");  // suppressed: it ends what the rule offers, though that is over already
  change("10:25", "journey \"J\" rule r when cart do show \"t\" in web.hero for 1 day rule s when order do suppress \"J\" for 1 hour end");
  asked("10:30", {{"web", "hero"}});
  EXPECT_EQ(told(run()), "r offered 10:00, s acted 10:10, r suppressed 10:20");
}

TEST_F(Reference, FieldsAndAttributesAreReadByNameWhereTheTypeIsTheSame) {
  before = c;
  journey("rule a when page do raise task \"call\"");
  set("10:00", "age=40, likes=a|b, tier=gold, joined=5");
  at("10:01", "cart items=3, value=500, name=Cabin");
  at("10:02", "order total=7");
  at("10:03", "opened");
  events.back().changes.push_back({c.attribute("age"), 41});
  auto& cart = c.events[0].fields;
  std::swap(cart[0], cart[2]);           // name, value, items
  cart[1].type.kind = TypeKind::Number;  // value
  std::swap(c.events[0], c.events[1]);
  c.events.pop_back();                   // opened is gone: but what it said of the age stays
  c.attributes[static_cast<std::size_t>(c.attribute("joined"))].type.kind = TypeKind::Date;
  c.attributes[static_cast<std::size_t>(c.attribute("tier"))].type.values = {"gold", "none"};
  c.attributes[static_cast<std::size_t>(c.attribute("tier"))].default_value.value = 1;
  std::swap(c.attributes[static_cast<std::size_t>(c.attribute("likes"))], c.attributes[static_cast<std::size_t>(c.attribute("consent.marketing"))]);
  change("11:00", R"(journey "J" rule r when page
    only if last cart.items is 3 only if last cart.name is "Cabin" only if last cart.value is missing only if last order.total is 0.07 EUR
    only if age is 41 only if likes contains "b" only if tier is none only if joined is missing do raise task "call" end)");
  under = "anna";
  at("12:00", "page");
  const auto decisions = run();
  ASSERT_EQ(decisions.size(), 1u);
  for (const auto& reason : decisions[0].because) EXPECT_EQ(reason.is, Tri::Yes) << told(reason);
}

TEST_F(Reference, AStartWhoseEventIsGoneIsNotKnown) {
  before = c;
  journey("quiet 21:00 to 08:00 visitor time rule r when any of cart, opened do send \"p\" by mail with first = cart.items");
  at("22:00", "cart items=3");
  c.events[0].name = "basket";
  change("23:00", "journey \"J\" rule r when basket then wait 1 hour do send \"p\" by mail with first = basket.items otherwise 2.5 end");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r waiting 22:00, r acted 2 08:00");
  EXPECT_EQ(what(decisions[1]), "send p mail first=2.5");
}

TEST_F(Reference, ConversionsThatTheNewPackShowsStandAtTheChange) {
  journey("rule a when cart do raise task \"call\"");
  at("10:00", "cart");
  at("10:30", "order");
  change("12:00", "journey \"J\" goal order within 1 hour rule a when cart do raise task \"call\" end");
  EXPECT_EQ(story(), "a acted 10:00, a converted 12:00");
}

TEST_F(Reference, SentAndShownAreTheDecisionsOfTheRuleWhateverItDid) {
  journey("rule a when asked for web.hero do show \"t\" in web.hero");
  asked("10:00", {{"web", "hero"}});
  change("10:30", "journey \"J\" rule a when page do send \"t\" by mail rule b when a sent then wait 1 hour do raise task \"call\" end");
  EXPECT_EQ(story(), "a acted 10:00, b acted 11:00");
}

}  // namespace
}  // namespace polku::reference
