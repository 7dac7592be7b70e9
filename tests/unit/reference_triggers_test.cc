// The reference interpreter: when triggers complete at records, and delays (readings 8–11, 25–28, 34).
#include "tests/unit/reference_world.h"

namespace polku::reference {
namespace {

// ---- delays ----

TEST_F(Reference, AbsenceFiresExactlyAfterItsLength) {
  journey("rule nudge when cart then no order for 30 minutes do send \"t\" by mail");
  at("10:00", "cart");
  EXPECT_EQ(story("10:30"), "nudge acted 10:30");
  EXPECT_EQ(story("10:29:59.999"), "");
}

TEST_F(Reference, AnEventStampedAtTheDueTimeComesTooLateToStop) {
  journey("rule nudge when cart then no order for 30 minutes do send \"t\" by mail");
  at("10:00", "cart");
  at("10:30", "order");
  EXPECT_EQ(story(), "nudge acted 10:30");
  events.back().at -= 1;
  EXPECT_EQ(story(), "");
}

TEST_F(Reference, AStopOfTheSameMillisecondCountsOnlyBehindTheStart) {
  journey("rule nudge when cart then no order for 30 minutes do send \"t\" by mail");
  at("10:00", "order");
  at("10:00", "cart");
  EXPECT_EQ(story(), "nudge acted 10:30");
  at("10:00", "order");
  EXPECT_EQ(story(), "");
}

TEST_F(Reference, ALaterStartArmsAgain) {
  journey("rule nudge when cart then no order for 30 minutes do send \"t\" by mail");
  at("10:00", "cart");
  at("10:10", "cart");
  at("11:00", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "nudge acted 10:40, nudge acted 11:30");
  EXPECT_EQ(decisions[0].id, history::firing_id(2, "J", "nudge"));
}

TEST_F(Reference, AnEventThatStopsAndStartsStopsFirst) {
  journey("rule nudge when cart then no cart for 30 minutes do send \"t\" by mail");
  at("10:00", "cart");
  at("10:10", "cart");
  EXPECT_EQ(story(), "nudge acted 10:40");
}

TEST_F(Reference, WhereOfStartMustBeTrueAndOfStopMustBeFalse) {
  journey("rule nudge when cart where items more than 0 then no order where total more than 1 EUR for 30 minutes do send \"t\" by mail");
  at("10:00", "cart");  // items not known: does not start
  at("11:00", "cart items=1");
  at("11:10", "order total=50");  // does not stop
  at("12:00", "cart items=1");
  at("12:10", "order");  // total not known: stops
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "nudge acted 11:30");
  ASSERT_EQ(decisions[0].because.size(), 2u);
  EXPECT_EQ(told(decisions[0].because[0]), "when cart where items more than 0: yes (items = 1)");
  EXPECT_EQ(told(decisions[0].because[1]), "then no order where total more than 1 EUR for 30 minutes: yes");
}

TEST_F(Reference, WaitsFireEachOnItsOwnAndOnceAtOneInstant) {
  journey("rule later when cart then wait 1 hour do send \"t\" by mail");
  at("10:00", "cart");
  at("10:00", "cart");
  at("10:10", "cart");
  at("10:20", "order");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "later acted 11:00, later acted 11:10");
  EXPECT_EQ(decisions[0].id, history::firing_id(1, "J", "later"));
}

TEST_F(Reference, TimersArmedByTimersFireBeforeTheNextEvent) {
  journey(R"(rule first when cart then no order for 10 minutes do send "t" by mail
             rule second when first sent then no order for 10 minutes do send "t" by mail
             rule third when second sent then wait 10 minutes do send "t" by mail)");
  at("10:00", "cart");
  at("10:30", "order");
  EXPECT_EQ(story(), "first acted 10:10, second acted 10:20, third acted 10:30");
  events.back().at = instant("10:20") - 1;
  EXPECT_EQ(story(), "first acted 10:10");
}

// ---- rounds ----

TEST_F(Reference, RoundsFollowOneAnotherAtOneInstant) {
  journey(R"(rule b when a sent do send "t" by sms
             rule a when cart do send "t" by mail
             rule c when b sent do send "t" by push
             rule again when any of cart, c sent do raise task "call")");
  set("09:00", "push.token=x");
  at("10:00", "cart");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 10:00, again acted 10:00, b acted 10:00, c acted 10:00");  // again: once at an instant
  EXPECT_EQ(decisions[2].id, history::firing_id(history::identity_of_decision(decisions[0].id), "J", "b"));
}

TEST_F(Reference, RefusedDecisionsStartNothingAndJourneysAreKeptApart) {
  rules(R"(journey "J"
             rule a when cart only if order happened ever do send "t" by mail
             rule b when a sent do send "t" by sms
           end
           journey "K"
             rule a when cart do send "t" by sms
             rule own when a sent do raise task "call"
             rule other when "J".a sent do raise task "call"
           end)");
  at("10:00", "cart");
  EXPECT_EQ(story(), "a no_match 10:00, a acted 10:00, own acted 10:00");
}

// ---- alternatives ----

TEST_F(Reference, AnyOfStartsOnceAndShowsTheFirstAlternativeThatMatches) {
  journey(R"(rule r when any of cart where items more than 5, order, cart where items more than 1 only if cart.items at least 2 do send "t" by mail)");
  at("10:00", "cart items=3");
  at("10:01", "cart items=9");
  at("10:02", "order");
  at("10:03", "cart items=1");
  at("10:04", "cart value=1");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r acted 10:00, r acted 10:01, r unknown 10:02");  // of an order no field of a cart is known
  EXPECT_EQ(told(decisions[0].because[0]).substr(decisions[0].because[0].clause.size()), ": yes (items = 3)");
  EXPECT_EQ(decisions[2].because[0].saw.size(), 0u);
  EXPECT_EQ(why(decisions[2]), "only if cart.items at least 2: unknown (cart.items = not known)");
}

// ---- counts ----

TEST_F(Reference, ACountCompletesWhenTheLatestStandNearerThanD) {
  journey("rule r when 3 page within 10 minutes do send \"t\" by mail");
  at("10:00", "page");
  at("10:05", "page");
  at("10:10", "page");  // ten minutes behind the first: too far
  EXPECT_EQ(story(), "");
  events[2].at -= 1;
  EXPECT_EQ(story(), "r acted 10:09:59.999");
  events[2].at += 1;
  at("10:14:59.999", "page");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r acted 10:14:59.999");
  EXPECT_EQ(decisions[0].id, history::firing_id(4, "J", "r"));
}

TEST_F(Reference, ACountStartsAfreshWhetherOrNotTheRuleActed) {
  journey("rule r when 2 page where group is help within 10 minutes not if order happened ever do send \"t\" by mail");
  at("10:00", "order");
  for (int i = 0; i < 5; ++i) at("10:01", "page group=help");
  at("10:02", "page");  // may be help: a trigger wants to be sure
  at("10:02", "page group=offers");
  EXPECT_EQ(story(), "r no_match 10:01, r no_match 10:01");
  at("10:03", "page group=help");
  EXPECT_EQ(story(), "r no_match 10:01, r no_match 10:01, r no_match 10:03");
}

TEST_F(Reference, WithTheSameCountsForEachKnownValueApart) {
  journey("rule r when 2 page with the same group within 10 minutes do send \"t\" by mail with first = page.rank");
  at("10:00", "page group=help");
  at("10:01", "page");
  at("10:02", "page");
  at("10:03", "page group=offers");
  at("10:04", "page group=help, rank=7");
  at("10:05", "page group=help");
  at("10:06", "page group=offers");
  EXPECT_EQ(story(), "r acted 10:04, r acted 10:06");  // the two of 10:04 are used up, those of offers are not
  journey("rule r when 2 cart with the same name within 10 minutes do send \"t\" by mail");
  events.clear();
  at("10:00", "cart name=a");
  at("10:01", "cart name=b");
  at("10:02", "cart name=a");
  EXPECT_EQ(story(), "r acted 10:02");
}

TEST_F(Reference, ACountMayArmADelay) {
  journey("rule r when 2 page within 10 minutes then no order for 5 minutes do send \"t\" by mail");
  for (const char* t : {"10:00", "10:01", "10:02", "10:03"}) at(t, "page");
  EXPECT_EQ(story(), "r acted 10:08");  // completed at 10:01 and 10:03: the later one arms again
  journey("rule r when 2 page within 10 minutes then wait 5 minutes do send \"t\" by mail");
  EXPECT_EQ(story(), "r acted 10:06, r acted 10:08");
}

// ---- sequences ----

TEST_F(Reference, ASequenceWantsItsStepsInOrderAndNearerThanD) {
  journey("rule r when in order within 1 hour: cart, page, order do send \"t\" by mail");
  at("10:00", "cart");
  at("10:10", "order");
  at("10:20", "page");
  at("10:30", "opened");
  at("11:00", "order");  // an hour behind the cart
  EXPECT_EQ(story(), "");
  events.back().at -= 1;
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r acted 10:59:59.999");
  EXPECT_EQ(decisions[0].id, history::firing_id(5, "J", "r"));
}

TEST_F(Reference, TheLatestPossibleStartCounts) {
  journey("rule r when in order within 1 hour: cart, page, order do send \"t\" by mail");
  at("10:00", "cart");
  at("10:10", "page");
  at("10:20", "cart");
  at("10:30", "page");
  at("11:19:59.999", "order");
  EXPECT_EQ(story(), "r acted 11:19:59.999");
  events[3].at = instant("10:10");  // now the later cart has no page behind it
  std::swap(events[2], events[3]);
  EXPECT_EQ(story(), "");
}

TEST_F(Reference, ARecordServesOneStepAndTheMatchIsUsedUp) {
  journey("rule r when in order within 1 hour: cart, cart, cart do send \"t\" by mail");
  for (const char* t : {"10:00", "10:01", "10:02", "10:03", "10:04", "10:05"}) at(t, "cart");
  EXPECT_EQ(story(), "r acted 10:02, r acted 10:05");  // the third begins none
}

TEST_F(Reference, WithoutBreaksWhatIsSureOrMayBe) {
  journey("rule r when in order within 1 hour: cart, page without order where total more than 1 EUR do send \"t\" by mail");
  at("10:00", "cart");
  at("10:01", "order total=100");  // is not more than 1 EUR
  at("10:02", "page");
  at("10:03", "cart");
  at("10:04", "order");  // may be
  at("10:05", "page");
  EXPECT_EQ(story(), "r acted 10:02");
  journey("rule r when in order within 1 hour: cart, page without cart do send \"t\" by mail");
  EXPECT_EQ(story(), "r acted 10:02, r acted 10:05");  // it breaks, then begins
}

TEST_F(Reference, ASequenceStartsWithItsLastStep) {
  journey("rule r when in order within 1 hour: cart, page where rank more than 1 only if page.rank is 2 do send \"t\" by mail");
  at("10:00", "cart");
  at("10:01", "page rank=1");
  at("10:02", "page rank=2000000");
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r acted 10:02");
  EXPECT_EQ(decisions[0].because[0].saw.size(), 1u);
  EXPECT_EQ(decisions[0].because[0].saw[0].name, "rank");
}

// ---- stop when ----

TEST_F(Reference, StopWhenEndsWhatIsArmedButNoPartialMatch) {
  rules(R"(journey "J"
             stop when order where total more than 1 EUR
             rule absence when cart then no opened for 30 minutes do send "t" by mail
             rule wait when cart then wait 30 minutes do send "t" by sms
             rule order when in order within 1 hour: cart, page do raise task "call"
           end
           journey "K" rule k when cart then wait 30 minutes do raise task "call" end)");
  at("10:00", "cart");
  at("10:10", "order total=50");
  EXPECT_EQ(story(), "absence acted 10:30, wait acted 10:30, k acted 10:30");
  at("10:20", "order");  // may be one
  at("10:25", "page");
  EXPECT_EQ(story(), "order acted 10:25, k acted 10:30");
  at("10:26", "cart");
  EXPECT_EQ(story(), "order acted 10:25, k acted 10:30, absence acted 10:56, wait acted 10:56, k acted 10:56");
}

TEST_F(Reference, StopWhenStandsBeforeWhatTheSameRecordStarts) {
  journey(R"(stop when cart
             rule r when cart then wait 30 minutes do send "t" by mail)");
  at("10:00", "cart");
  at("10:10", "cart");
  EXPECT_EQ(story(), "r acted 10:40");
}

}  // namespace
}  // namespace polku::reference
