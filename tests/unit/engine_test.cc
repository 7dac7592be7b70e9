// The engine's own interface: which records it takes, what it tells of triggers, and what code may ask of its records. What it decides is
// compared elsewhere.
#include "runtime/engine/engine.h"

#include <gtest/gtest.h>

#include "compiler/driver/driver.h"
#include "compiler/interp/interp.h"
#include "runtime/base/time.h"
#include "runtime/record/record.h"

namespace polku::engine {
namespace {

constexpr const char* kCatalog = R"(
catalog:  world
history:  30 days
lateness: 7 days
events:
  a:    {}
  b:    {}
  left: { n: whole number }
visitor:
  token: text optional
channels:
  push: { reach: token }
  web:  { slots: [hero] }
templates:
  note:   { by: [push] }
  teaser: { by: [web] }
tasks:
  t: {}
)";

// One engine over the rules of one journey, J.
class Engines : public testing::Test {
 protected:
  void journey(const std::string& text, Remember remember = Remember::RecordsOnly) {
    pack = driver::compile({"catalog.yaml", kCatalog}, {{"a.polku", "journey \"J\"\n" + text + "\nend\n"}}, false);
    for (const diag::Diagnostic& d : pack->diagnostics.all()) ADD_FAILURE() << diag::render_text(d, pack->sources, false);
    ASSERT_TRUE(pack->plan);
    evaluator = interp::make(*pack->plan);
    plan::preload(texts, *pack->plan);
    engine = std::make_unique<Engine>(*pack->plan, *evaluator, texts, Options{.keep = Keep::All, .hold_out = HoldOut::ByHash, .remember = remember, .afresh = false});
    engine->trace(&steps);
  }

  // Of 2 March 2026, UTC.
  static Millis instant(const std::string& clock) { return base::parse_instant("2026-03-02T" + clock, base::Zone::utc()).value(); }

  history::Event event(const std::string& clock, const std::string& what, Value n = kUnknown, Millis received = kUnknown) {
    history::Event e;
    e.at = instant(clock);
    e.received = received;
    e.type = pack->catalog.event(what);
    e.identity = ++records;
    e.fields.assign(pack->catalog.events[static_cast<std::size_t>(e.type)].fields.size(), n);
    return e;
  }
  Taken take(const std::string& visitor, const std::string& clock, const std::string& what, Value n = kUnknown, Millis received = kUnknown) {
    return engine->take(visitor, event(clock, what, n, received));
  }
  Taken reachable(const std::string& visitor, const std::string& clock) {
    history::Event e;
    e.at = instant(clock);
    e.identity = ++records;
    e.changes = {{pack->catalog.attribute("token"), texts.intern("x")}};
    return engine->take(visitor, e);
  }

  // The steps since the last call: `r started by a 10:00, r stopped by left 10:10`; of several that begin anew, the last.
  std::string told() {
    std::string all;
    for (const Step& s : steps) {
      if (s.kind == Step::Kind::Anew) {
        all = "anew";
        continue;
      }
      static constexpr const char* kKinds[] = {" started by ", " restarted by ", " stopped by "};
      all.append(all.empty() ? "" : ", ").append(pack->plan->rules[s.rule].name).append(kKinds[static_cast<std::size_t>(s.kind)]);
      all.append(s.by == kByTime ? "time" : pack->catalog.events[static_cast<std::size_t>(s.by)].name);
      all.append(" ").append(base::format_instant(s.at).substr(11, 5));
    }
    steps.clear();
    return all;
  }
  // `r acted 10:00` of each decision since the last call.
  std::string decided() {
    std::string all;
    for (const history::Decision& d : engine->drain())
      all.append(all.empty() ? "" : ", ").append(d.rule).append(" ").append(history::outcome_name(d.outcome)).append(" ").append(base::format_instant(d.at).substr(11, 5));
    return all;
  }

  std::unique_ptr<driver::Pack> pack;
  std::unique_ptr<plan::Evaluator> evaluator;
  base::Texts texts;
  std::unique_ptr<Engine> engine;
  std::vector<Step> steps;
  std::uint64_t records = 0;
};

// ---- visitors who leave and come back ----

TEST_F(Engines, WhoeverComesBackWasNeverAway) {
  journey("rule r when a then no b for 1 hour do raise task \"t\"", Remember::Histories);
  take("v", "10:00", "a");
  take("other", "10:30", "a");
  EXPECT_EQ(engine->deadline("v"), instant("11:00"));
  std::string saved;
  engine->save("v", saved);
  engine->sleep("v");
  EXPECT_FALSE(engine->awake("v"));
  EXPECT_TRUE(engine->awake("other"));
  EXPECT_EQ(engine->visitors(), 1u);
  engine->advance(instant("10:45"));
  ASSERT_TRUE(engine->wake(saved));
  EXPECT_EQ(engine->key("v"), "v");
  EXPECT_EQ(engine->deadline("v"), instant("11:00"));
  std::string again;
  engine->save("v", again);
  EXPECT_EQ(again, saved);
  std::vector<std::string_view> ran;
  engine->advance(instant("12:00"), 100, &ran);
  EXPECT_EQ(decided(), "r acted 11:00, r acted 11:30");
  EXPECT_EQ(ran, (std::vector<std::string_view>{"v", "other"}));
  EXPECT_EQ(engine->deadline("v"), std::numeric_limits<Millis>::max());
}

TEST_F(Engines, WhoeverSleepsTakesItsNamesAlong) {
  journey("rule r when b only if number of a ever = 2 do raise task \"t\"", Remember::Histories);
  const auto merge = [&](const std::string& into, const std::string& clock, const std::string& other) {
    history::Event e;
    e.at = instant(clock);
    e.type = history::kMerge;
    e.identity = ++records;
    e.merges = other;
    return engine->take(into, e);
  };
  take("device", "10:00", "a");
  take("v", "10:01", "a");
  ASSERT_EQ(merge("v", "10:02", "device"), Taken::Yes);
  ASSERT_EQ(merge("v", "10:03", "laptop"), Taken::Yes);  // of whom nothing is known yet
  EXPECT_EQ(engine->aliases("device").size(), 2u);
  const std::uint64_t third = records;
  EXPECT_TRUE(engine->has("laptop", third));
  EXPECT_FALSE(engine->has("laptop", third + 1));
  std::string saved;
  engine->save("laptop", saved);
  engine->sleep("device");
  for (const char* name : {"v", "device", "laptop"}) EXPECT_FALSE(engine->awake(name));
  EXPECT_EQ(engine->visitors(), 0u);
  ASSERT_TRUE(engine->wake(saved));
  EXPECT_EQ(engine->key("laptop"), "v");
  EXPECT_FALSE(engine->wake(saved));  // it is awake
  take("device", "10:04", "b");
  EXPECT_EQ(decided(), "r acted 10:04");
}

// A stranger by the name of an alias must not be taken over by whoever sleeps.
TEST_F(Engines, NobodyWakesUnderTheNameOfAnother) {
  journey("rule r when b do raise task \"t\"", Remember::Histories);
  take("device", "10:00", "a");
  history::Event e;
  e.at = instant("10:01");
  e.type = history::kMerge;
  e.merges = "device";
  ASSERT_EQ(engine->take("v", e), Taken::Yes);
  std::string saved;
  engine->save("v", saved);
  engine->sleep("v");
  take("device", "10:02", "a");
  EXPECT_FALSE(engine->wake(saved));
  EXPECT_FALSE(engine->awake("v"));
  EXPECT_EQ(engine->visitors(), 1u);
}

TEST_F(Engines, HalfAVisitorDoesNotWake) {
  journey("rule r when a do raise task \"t\"", Remember::Histories);
  reachable("v", "09:00");
  for (int i = 0; i < 3; ++i) take("v", "10:0" + std::to_string(i), "left", i);
  take("v", "11:00", "a");
  EXPECT_EQ(decided(), "r acted 11:00");
  std::string saved;
  engine->save("v", saved);
  engine->sleep("v");
  for (std::size_t n = 0; n < saved.size(); ++n) {
    ASSERT_FALSE(engine->wake(saved.substr(0, n))) << n;
    ASSERT_FALSE(engine->awake("v")) << n;
  }
  EXPECT_FALSE(engine->wake(saved + "x"));
  EXPECT_TRUE(engine->wake(saved));
}

// Histories of some length know their records by a set; the answer is the same, after a merge as well.
TEST_F(Engines, LongHistoriesKnowTheirRecords) {
  journey("rule r when b do raise task \"t\"", Remember::Histories);
  std::vector<std::uint64_t> mine;
  for (int i = 0; i < 200; ++i) {
    history::Event e = event("10:00", "a");
    e.at += i;
    mine.push_back(e.identity);
    ASSERT_EQ(engine->take(i < 150 ? "v" : "w", e), Taken::Yes);
    ASSERT_TRUE(engine->has(i < 150 ? "v" : "w", e.identity)) << i;
  }
  EXPECT_FALSE(engine->has("v", mine[180]));
  history::Event e;
  e.at = instant("11:00");
  e.type = history::kMerge;
  e.merges = "w";
  ASSERT_EQ(engine->take("v", e), Taken::Yes);
  for (const std::uint64_t identity : mine) ASSERT_TRUE(engine->has("v", identity));
  EXPECT_FALSE(engine->has("v", 12'345'678));
}

// ---- what is not kept for ever ----

TEST_F(Engines, ExposuresOutsideTheTimeOfTheGoalAreForgotten) {
  journey("goal left within 1 hour\nrule r when a do raise task \"t\"");
  const auto day = [&](int n) {
    history::Event e = event("00:00", "a");
    for (int i = 0; i < 1000; ++i) {
      e.at = instant("00:00") + n * kDay + i * 60'000;
      e.identity = ++records;
      EXPECT_EQ(engine->take("v", e), Taken::Yes);
      engine->drain();
    }
    return engine->bytes();
  };
  const std::size_t one = day(0);
  for (int n = 1; n < 5; ++n) EXPECT_LE(day(n), one) << n;
  EXPECT_LT(one, 20'000u);
}

TEST_F(Engines, AbsencesThatAreOverLeaveNoUnits) {
  std::string rules;
  for (int i = 0; i < 200; ++i) rules += "rule r" + std::to_string(i) + " when left where n is " + std::to_string(i) + " then no b for 1 minute do raise task \"t\"\n";
  journey(rules);
  for (int i = 0; i < 200; ++i) {
    history::Event e = event("00:00", "left", i);
    e.at = instant("00:00") + i * Millis{3'600'000};
    EXPECT_EQ(engine->take("v", e), Taken::Yes);
    engine->drain();
  }
  EXPECT_LT(engine->bytes(), 6000u);  // 11,144 with what each of them started with
  const std::size_t before = engine->bytes();
  history::Event e = event("00:00", "left", 5);
  e.at = instant("00:00") + 201 * Millis{3'600'000};
  EXPECT_EQ(engine->take("v", e), Taken::Yes);
  EXPECT_LE(engine->bytes(), before);
}

TEST_F(Engines, TimeGoesOnInStepsOfSoManyDecisions) {
  journey("rule r when a then no b for 1 hour do raise task \"t\"");
  for (int i = 0; i < 50; ++i) take("v" + std::to_string(i), "10:00", "a");
  std::size_t steps = 0, decisions = 0;
  for (bool all = false; !all; ++steps) {
    all = engine->advance(instant("12:00"), 8);
    const std::size_t made = engine->drain().size();
    EXPECT_LE(made, 8u);
    decisions += made;
  }
  EXPECT_EQ(decisions, 50u);
  EXPECT_GE(steps, 7u);
  EXPECT_EQ(take("v1", "11:59", "a"), Taken::OutOfOrder) << "all of it has passed";
}

// ---- what `stop when` ends, as told by the trace ----

TEST_F(Engines, StopWhenEndsAnArmedAbsenceOnce) {
  journey("stop when left\nrule r when a then no b for 1 hour do raise task \"t\"");
  take("v", "10:00", "a");
  EXPECT_EQ(told(), "r started by a 10:00");
  take("v", "10:10", "left");
  EXPECT_EQ(told(), "r stopped by left 10:10");
  take("v", "10:20", "left");  // there is nothing left to end
  EXPECT_EQ(told(), "");
  engine->advance(instant("12:00"));
  EXPECT_EQ(decided(), "");
}

TEST_F(Engines, StopWhenTellsNothingWhereNothingIsPending) {
  journey("stop when left\nrule r when a then no b for 1 hour do raise task \"t\"");
  take("v", "10:00", "left");  // before the first start
  take("v", "10:05", "a");
  take("v", "10:10", "b");
  EXPECT_EQ(told(), "r started by a 10:05, r stopped by b 10:10");
  take("v", "10:15", "left");  // behind the absence's own stop
  take("v", "11:00", "a");
  EXPECT_EQ(told(), "r started by a 11:00");
  engine->advance(instant("12:30"));
  EXPECT_EQ(decided(), "r acted 12:00");
  take("v", "12:40", "left");  // behind the firing
  EXPECT_EQ(told(), "");
}

TEST_F(Engines, StopWhenEndsAllWaitsOfARuleInOneStep) {
  journey("stop when left\nrule r when a then wait 1 hour do raise task \"t\"\nrule other when b then wait 1 hour do raise task \"t\"");
  take("v", "10:00", "a");
  take("v", "10:05", "a");
  take("v", "10:10", "left");
  EXPECT_EQ(told(), "r started by a 10:00, r started by a 10:05, r stopped by left 10:10");
  engine->advance(instant("12:00"));
  EXPECT_EQ(decided(), "");
}

TEST_F(Engines, StopWhenEndsWhatIsOffered) {
  journey("stop when left\nrule r when a do show \"teaser\" in web.hero");
  take("v", "10:00", "a");
  EXPECT_EQ(decided(), "r offered 10:00");
  take("v", "10:10", "left");
  take("v", "10:20", "left");
  EXPECT_EQ(told(), "r stopped by left 10:10");
}

TEST_F(Engines, StopWhenEndsWhatWaitsForItsOpening) {
  journey("stop when left\nrule r when a quiet 10:00 to 11:00 visitor time do send \"note\" by push");
  reachable("v", "09:00");
  take("v", "10:00", "a");
  EXPECT_EQ(decided(), "r waiting 10:00");
  take("v", "10:10", "left");
  take("v", "10:20", "left");
  EXPECT_EQ(told(), "r stopped by left 10:10");
  engine->advance(instant("12:00"));
  EXPECT_EQ(decided(), "");
}

TEST_F(Engines, StopWhenEndsWhatWaitsAndWhatIsArmedInOneStep) {
  journey("stop when left\nrule r when a then no b for 30 minutes quiet 10:00 to 12:00 visitor time do send \"note\" by push");
  reachable("v", "09:00");
  take("v", "10:00", "a");
  take("v", "10:40", "a");
  EXPECT_EQ(decided(), "r waiting 10:30");
  EXPECT_EQ(told(), "r started by a 10:00, r started by a 10:40");
  take("v", "10:50", "left");
  EXPECT_EQ(told(), "r stopped by left 10:50");
  engine->advance(instant("13:00"));
  EXPECT_EQ(decided(), "");
}

TEST_F(Engines, StopWhenEndsWhatIsArmedWhereNothingWaits) {
  journey("stop when left\nrule r when a then no b for 30 minutes quiet 10:00 to 12:00 visitor time do send \"note\" by push");
  take("v", "09:00", "a");
  take("v", "09:10", "left");
  EXPECT_EQ(told(), "r started by a 09:00, r stopped by left 09:10");
}

TEST_F(Engines, StopWhenConcernsItsVisitorAndWhatMayMeetItsFilterAlone) {
  journey("stop when left where n = 1\nrule r when a then no b for 1 hour do raise task \"t\"");
  take("v", "10:00", "a");
  take("w", "10:00", "a");
  EXPECT_EQ(told(), "r started by a 10:00, r started by a 10:00");
  take("w", "10:05", "left", 2);
  EXPECT_EQ(told(), "");
  take("v", "10:10", "left");  // n is missing: it stops too
  EXPECT_EQ(told(), "r stopped by left 10:10");
  engine->advance(instant("12:00"));
  EXPECT_EQ(decided(), "r acted 11:00");
}

// A late record changes what stands in the history: what was told of it before is not told again.
TEST_F(Engines, StepsAreToldOnceAndAnewWhenWhatComesLateChangesThem) {
  journey("stop when left\nrule r when a then no b for 1 hour do raise task \"t\"", Remember::Histories);
  take("v", "10:00", "a");
  take("v", "10:10", "left");
  take("v", "10:20", "a");
  take("v", "10:30", "b");
  EXPECT_EQ(told(), "r started by a 10:00, r stopped by left 10:10, r started by a 10:20, r stopped by b 10:30");
  EXPECT_EQ(take("v", "09:00", "b", kUnknown, instant("10:40")), Taken::Yes);
  EXPECT_EQ(told(), "anew, r started by a 10:00, r stopped by left 10:10, r started by a 10:20, r stopped by b 10:30");
  EXPECT_EQ(take("v", "10:25", "left", kUnknown, instant("10:50")), Taken::Yes);
  EXPECT_EQ(told(), "anew, r started by a 10:00, r stopped by left 10:10, r started by a 10:20, r stopped by left 10:25");
}

// ---- which records are taken ----

TEST_F(Engines, NobodyHasRecordsBeforeTheTimeAdvancedTo) {
  journey("rule r when a do raise task \"t\"");
  EXPECT_EQ(take("known", "10:00", "b"), Taken::Yes);
  engine->advance(instant("11:00"));
  EXPECT_EQ(take("new", "10:59:59.999", "a"), Taken::OutOfOrder);
  EXPECT_EQ(take("known", "10:59:59.999", "a"), Taken::OutOfOrder);
  EXPECT_EQ(decided(), "");
  EXPECT_EQ(take("new", "11:00", "a"), Taken::Yes);
  EXPECT_EQ(take("known", "11:00", "a"), Taken::Yes);
  EXPECT_EQ(decided(), "r acted 11:00, r acted 11:00");
  engine->advance(instant("10:30"));  // the clock stays where it is
  EXPECT_EQ(take("third", "10:59:59.999", "a"), Taken::OutOfOrder);
  EXPECT_EQ(decided(), "");
}

TEST_F(Engines, AVisitorsRecordsComeInOrder) {
  journey("rule r when a do raise task \"t\"");
  EXPECT_EQ(take("v", "10:00", "b"), Taken::Yes);
  EXPECT_EQ(take("v", "09:59:59.999", "a"), Taken::OutOfOrder);
  EXPECT_EQ(take("w", "09:59:59.999", "a"), Taken::Yes);  // another visitor's clock
  EXPECT_EQ(take("v", "10:00", "a"), Taken::Yes);
  EXPECT_EQ(decided(), "r acted 09:59, r acted 10:00");
}

TEST_F(Engines, LateRecordsAndMergesNeedHistories) {
  journey("rule r when a do raise task \"t\"");
  history::Event late;
  late.type = pack->catalog.event("a");
  late.at = instant("10:00");
  late.received = instant("10:01");
  EXPECT_EQ(engine->take("v", late), Taken::NeedsHistories);
  late.received = instant("10:00");
  EXPECT_EQ(engine->take("v", late), Taken::Yes);
  history::Event merge;
  merge.type = history::kMerge;
  merge.at = instant("10:30");
  merge.merges = "w";
  EXPECT_EQ(engine->take("v", merge), Taken::NeedsHistories);
  EXPECT_EQ(decided(), "r acted 10:00");
}

// With histories, what stands before the time advanced to came late, and is judged at that time.
TEST_F(Engines, WithHistoriesNobodyIsJudgedBeforeTheTimeAdvancedTo) {
  journey("stop when left\nrule r when a then no b for 30 minutes do raise task \"t\"", Remember::Histories);
  engine->advance(instant("11:00"));
  EXPECT_EQ(take("new", "10:00", "a"), Taken::Yes);
  EXPECT_EQ(decided(), "r acted 11:00");
}

// The same of the instant at which it is up again.
TEST_F(Engines, NobodyIsJudgedBeforeItIsUpAgain) {
  journey("rule r when a do raise task \"t\"", Remember::Histories);
  EXPECT_EQ(take("known", "09:00", "a"), Taken::Yes);
  engine->resume(instant("11:00"), {});
  EXPECT_EQ(take("new", "10:00", "a"), Taken::Yes);
  EXPECT_EQ(take("known", "10:00", "a"), Taken::Yes);
  engine->resume(instant("10:30"), {});  // the clock stays where it is
  EXPECT_EQ(take("third", "10:00", "a"), Taken::Yes);
  EXPECT_EQ(decided(), "r acted 09:00, r acted 11:00, r acted 11:00, r acted 11:00");
}

// What waits for its opening since the clock started it is judged by another pack, in which two records start the rule: of these it shows nothing.
TEST_F(Engines, AStartOfAnOlderPackShowsNothingOfTheNewTrigger) {
  const std::string rest = "\nquiet 08:00 to 10:00 visitor time, then wait\ndo send \"note\" by push";
  journey("rule r when every day at 09:00 visitor time" + rest, Remember::Histories);
  reachable("v", "07:00");
  engine->advance(instant("09:29"));
  EXPECT_EQ(decided(), "r waiting 09:00");
  const auto old_pack = std::move(pack);
  const auto old_evaluator = std::move(evaluator);
  const auto old = std::move(engine);
  journey("rule r when 2 left where n is 1 within 1 day" + rest, Remember::Histories);
  engine->succeed(*old, instant("09:30"));
  engine->advance(instant("10:00"));
  const std::vector<history::Decision> decisions = engine->drain();
  ASSERT_EQ(decisions.size(), 1u);
  EXPECT_EQ(decisions[0].outcome, history::Outcome::acted);
  ASSERT_FALSE(decisions[0].because.empty());
  EXPECT_EQ(decisions[0].because[0].clause, "when 2 left where n is 1 within 1 day");
  EXPECT_TRUE(decisions[0].because[0].saw.empty());
}

// Records reach the engine in the order in which they were received, those that waited while it was down as well.
TEST_F(Engines, WhatWaitedWasReceivedToo) {
  journey("rule r when a do raise task \"t\"", Remember::Histories);
  EXPECT_EQ(take("v", "09:00", "a"), Taken::Yes);
  engine->resume(instant("11:00"), {{"v", event("10:50", "a")}});
  EXPECT_EQ(take("v", "10:49", "a"), Taken::OutOfOrder);
  EXPECT_EQ(take("v", "10:50", "a"), Taken::Yes);
}

// ---- what code may ask of a record ----

// Both evaluators ask only with a number that is known; whoever else asks gets no answer either, whatever was counted.
TEST_F(Engines, AtLeastAnUnknownNumberIsUnknown) {
  journey("rule r when a only if number of a in the last 1 day at least 2 do raise task \"t\"");
  const plan::Plan& plan = *pack->plan;
  ASSERT_EQ(plan.features.size(), 1u);
  record::Alone alone(plan);
  record::Record& r = *alone;
  const base::Zone zone = base::Zone::utc();
  const record::View view{&plan, &r, &texts, &zone};
  const plan::Context context{instant("10:00"), nullptr, nullptr, &record::host(), &view};
  for (const Value counted : {0, 1, 2}) {
    EXPECT_EQ(record::host().count_at_least(&context, 0, 0, kUnknown), kUnknown);
    EXPECT_EQ(record::host().count_at_least(&context, 0, 0, 2), counted >= 2);
    record::count(plan, r, 0, {instant("09:00"), ++r.seq}, kYes);
  }
}

}  // namespace
}  // namespace polku::engine
