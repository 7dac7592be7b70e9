// The public API, by its header alone.
#include <gtest/gtest.h>
#include <polku/polku.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace {

using polku::Accepted;

polku::Pack pack_with(const polku::PackOptions& options) {
  return polku::Pack::compile(R"(catalog: api
lateness: 1 hour
events:
  cart: { value: money }
  bought: {}
visitor:
  consent.marketing: consent
channels:
  email: { needs: consent.marketing }
  web: { slots: [hero] }
templates:
  nudge: { by: [email], with: { value: money } }
  teaser: { by: [web] }
)",
                                                    {{"a.polku", R"(journey "Cart"
  rule nudge
    when    cart
    then no bought for 30 minutes
    do send "nudge" by email with value = cart.value
end

journey "Web"
  rule teaser
    when    asked for web.hero
    only if number of cart in the last 7 days at least 1
    do show "teaser" in web.hero
end
)"}},
                              options);
}

const polku::Pack& pack() {
  static const polku::Pack p = pack_with({});
  return p;
}

std::string at(const char* time) { return std::string("2026-01-05T") + time + "Z"; }

polku::Event event(const char* visitor, const char* time, const char* what, const char* received = "") {
  polku::Event e{.visitor = visitor, .at = at(time), .event = what, .fields = {}, .id = ""};
  if (e.event == "cart") e.fields = {{"value", "55 EUR"}};
  if (e.event.empty()) e.fields = {{"consent.marketing", "given"}};
  if (*received) e.received = at(received);
  return e;
}

std::vector<std::string> acted(polku::Engine& engine) {
  std::vector<std::string> out;
  for (const polku::Decision& d : engine.decisions(polku::Json::Without)) out.push_back(d.visitor + " " + d.rule + " " + std::to_string(d.at_ms / 60'000 % 1440));
  return out;
}
using Lines = std::vector<std::string>;

TEST(Api, ThePackCompiles) { ASSERT_TRUE(pack().ok()) << pack().messages(); }

TEST(Api, WithoutHistoriesWhatComesLateIsRefusedAndChangesNothing) {
  polku::Engine engine(pack());
  EXPECT_EQ(engine.ingest(event("v", "10:00:00", "")), Accepted::Yes);
  EXPECT_EQ(engine.ingest(event("v", "10:00:00", "cart", "10:00:00")), Accepted::Yes) << "not late";
  EXPECT_EQ(engine.ingest(event("v", "10:01:00", "bought", "10:02:00")), Accepted::Refused);
  EXPECT_NE(engine.fault().find("histories"), std::string::npos) << engine.fault();
  polku::Event merge = event("v", "10:02:00", "");
  merge.merges = "w";
  EXPECT_EQ(engine.ingest(merge), Accepted::Refused);
  EXPECT_NE(engine.fault().find("become one"), std::string::npos) << engine.fault();
  EXPECT_EQ(engine.ask({.visitor = "v", .at = at("10:02:00"), .slots = {"web.hero"}, .id = "", .received = at("10:03:00")}), Accepted::Refused);
  EXPECT_EQ(engine.ingest(event("v", "09:00:00", "bought")), Accepted::Refused);
  EXPECT_NE(engine.fault().find("before the clock"), std::string::npos) << engine.fault();
  ASSERT_TRUE(engine.advance(at("11:00:00")));
  EXPECT_EQ(engine.ingest(event("new", "10:59:00", "")), Accepted::Refused);
  EXPECT_EQ(engine.visitors(), 1u) << "what is refused makes nobody";
  EXPECT_EQ(acted(engine), Lines{"v nudge 630"});
}

TEST(Api, WithHistoriesALateRecordIsAsIfItHadBeenThere) {
  polku::Engine engine(pack(), {.histories = true});
  EXPECT_EQ(engine.ingest(event("v", "10:00:00", "")), Accepted::Yes);
  EXPECT_EQ(engine.ingest(event("v", "10:00:00", "cart")), Accepted::Yes);
  EXPECT_EQ(engine.ingest(event("w", "10:00:00", "")), Accepted::Yes);
  EXPECT_EQ(engine.ingest(event("w", "10:00:00", "cart")), Accepted::Yes);
  EXPECT_EQ(engine.ingest(event("v", "10:10:00", "bought", "10:29:00")), Accepted::Yes) << engine.fault();
  EXPECT_EQ(engine.ingest(event("v", "10:11:00", "cart", "10:28:00")), Accepted::Refused) << "received before the latest was";
  ASSERT_TRUE(engine.advance(at("11:00:00")));
  EXPECT_EQ(acted(engine), Lines{"w nudge 630"});
}

TEST(Api, WhatHasLeftStaysLeft) {
  polku::Engine engine(pack(), {.histories = true});
  engine.ingest(event("v", "10:00:00", ""));
  engine.ingest(event("v", "10:00:00", "cart"));
  engine.ingest(event("v", "10:10:00", "bought", "10:31:00"));
  ASSERT_TRUE(engine.advance(at("12:00:00")));
  EXPECT_EQ(acted(engine), Lines{"v nudge 630"});
}

TEST(Api, VisitorsBecomeOne) {
  polku::Engine engine(pack(), {.histories = true});
  engine.ingest(event("anonymous", "10:00:00", "cart"));
  engine.ingest(event("v", "10:00:00", ""));
  EXPECT_EQ(engine.visitors(), 2u);
  polku::Event merge{.visitor = "v", .at = at("10:05:00"), .event = "", .fields = {}, .id = "m1"};
  merge.merges = "anonymous";
  EXPECT_EQ(engine.ingest(merge), Accepted::Yes) << engine.fault();
  EXPECT_EQ(engine.ingest(merge), Accepted::Duplicate);
  EXPECT_EQ(engine.visitors(), 1u);
  EXPECT_EQ(engine.ask({.visitor = "anonymous", .at = at("10:06:00"), .slots = {"web.hero"}, .id = ""}), Accepted::Yes);
  ASSERT_TRUE(engine.advance(at("11:00:00")));
  EXPECT_EQ(acted(engine), (Lines{"v teaser 606", "v nudge 630"})) << "the cart of the one, the consent of the other";
}

TEST(Api, WhatMakesNoSenseIsRefused) {
  polku::Engine engine(pack(), {.histories = true});
  polku::Event bad = event("v", "10:00:00", "cart");
  bad.received = "soon";
  EXPECT_EQ(engine.ingest(bad), Accepted::Refused);
  EXPECT_EQ(engine.fault(), "`soon` is not a time");
  bad = event("v", "10:00:00", "cart");
  bad.merges = "w";
  EXPECT_EQ(engine.ingest(bad), Accepted::Refused) << "a merge is no event";
  bad = event("v", "10:00:00", "");
  bad.merges = " ";
  EXPECT_EQ(engine.ingest(bad), Accepted::Refused);
  EXPECT_EQ(engine.visitors(), 0u);
  EXPECT_EQ(engine.ingest(event("v", "10:00:00", "cart", "09:00:00")), Accepted::Yes) << "received before it happened: at once";
}

TEST(Api, AskingShowsWhatTheVisitorDidAndCountsNothingTwice) {
  polku::Engine engine(pack());
  engine.ingest(event("v", "10:00:00", "cart"));
  const polku::Request request{.visitor = "v", .at = at("10:01:00"), .slots = {"web.hero"}, .id = "r1"};
  EXPECT_EQ(engine.ask(request), Accepted::Yes);
  EXPECT_EQ(engine.ask(request), Accepted::Duplicate);
  EXPECT_EQ(engine.ask({.visitor = "v", .at = at("10:01:00"), .slots = {"web.footer"}, .id = ""}), Accepted::Refused);
  EXPECT_EQ(engine.ask({.visitor = "stranger", .at = at("10:01:00"), .slots = {"web.hero"}, .id = ""}), Accepted::Yes);
  const std::vector<polku::Decision> decisions = engine.decisions();
  ASSERT_EQ(decisions.size(), 1u);
  EXPECT_EQ(decisions[0].visitor, "v");
  EXPECT_NE(decisions[0].json.find("\"because\":[{\"clause\":\"when asked for web.hero\""), std::string::npos) << decisions[0].json;
  EXPECT_TRUE(engine.decisions().empty());
}

TEST(Api, WhatRunsNeverChangesADecision) {
  char folder[] = "/tmp/polku-api-XXXXXX";
  ASSERT_TRUE(::mkdtemp(folder));
  const std::string cache = std::string(folder) + "/cache";
  polku::PackOptions options;
  options.count = true;
  std::vector<polku::Tiers> tiers;
  for (const polku::Tier tier : {polku::Tier::Interpreted, polku::Tier::Auto, polku::Tier::Compiled, polku::Tier::Compiled}) {
    options.tier = tier;
    if (tier == polku::Tier::Compiled) options.cache = cache;
    const polku::Pack p = pack_with(options);
    if (!POLKU_TEST_JIT && tier == polku::Tier::Compiled) {
      EXPECT_FALSE(p.ok());
      EXPECT_EQ(p.messages(), "built without the JIT\n");
      continue;
    }
    ASSERT_TRUE(p.ok()) << p.messages();
    if (tier == polku::Tier::Interpreted) { EXPECT_EQ(p.tier(), "interpreter"); }
    polku::Engine engine(p);
    for (const char* what : {"", "cart"}) engine.ingest(event("v", "10:00:00", what));
    engine.ask({.visitor = "v", .at = at("10:01:00"), .slots = {"web.hero"}, .id = ""});
    ASSERT_TRUE(engine.advance(at("11:00:00")));
    EXPECT_EQ(acted(engine), (Lines{"v teaser 601", "v nudge 630"}));
    tiers.push_back(p.tiers());
    EXPECT_EQ(tiers.back().fault, "");
  }
  std::filesystem::remove_all(folder);
  if (!POLKU_TEST_JIT) return;
  EXPECT_EQ(tiers[1].interpreted + tiers[1].native, tiers[2].native);
  EXPECT_GT(tiers[2].native, 0u);
  EXPECT_EQ(tiers[2].interpreted + tiers[2].waiting, 0u);
  EXPECT_EQ(tiers[3].compiled, 0u);
  EXPECT_EQ(tiers[3].cached, tiers[3].codes);
}

// ---- packs that are edited while engines run ----

constexpr const char* kLiveCatalog = R"(catalog: api
events:
  cart: { value: money }
  bought: {}
visitor:
  age: whole number
channels:
  email: {}
  web: { slots: [hero] }
templates:
  nudge: { by: [email] }
  teaser: { by: [web] }
)";
constexpr const char* kLiveRules = R"(journey "Cart"
  rule big
    when    cart where value at least 50 EUR
    only if age at least 20
    do send "nudge" by email
  rule often
    when    cart
    only if number of bought in the last 7 days at least 2
    do send "nudge" by email
end

journey "Web"
  rule teaser
    when    cart
    only if age at least 90
    do show "teaser" in web.hero
end
)";

polku::Live live_pack(const polku::PackOptions& options = {}) { return polku::Live::compile(kLiveCatalog, {{"a.polku", kLiveRules}}, options); }

std::string edited(const std::vector<std::pair<std::string, std::string>>& words) {
  std::string text = kLiveRules;
  for (const auto& [from, to] : words) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  }
  return text;
}

polku::Event live_event(const char* time, const char* what, int value = 0) {
  polku::Event e{.visitor = "v", .at = at(time), .event = what, .fields = {}, .id = ""};
  if (e.event == "cart") e.fields = {{"value", value}};
  if (e.event.empty()) e.fields = {{"age", value}};
  return e;
}

polku::Update::Kind update(polku::Live& pack, const std::string& text, const char* time) {
  const polku::Update done = pack.update({{"a.polku", text}}, at(time));
  EXPECT_EQ(done.messages.empty(), done.kind != polku::Update::Kind::Refused) << done.messages;
  EXPECT_GT(done.milliseconds, 0);
  return done.kind;
}
using Kind = polku::Update::Kind;

TEST(LivePack, ThresholdsAndRulesAreExchangedUnderTheEngine) {
  for (const bool histories : {false, true})
    for (const polku::Tier tier : {polku::Tier::Auto, polku::Tier::Interpreted}) {
      polku::Live pack = live_pack({.tier = tier});
      ASSERT_TRUE(pack.ok()) << pack.messages();
      polku::Engine engine(pack, {.histories = histories});
      engine.ingest(live_event("10:00:00", "", 19));
      engine.ingest(live_event("10:01:00", "cart", 60));
      EXPECT_EQ(acted(engine), Lines{});
      EXPECT_EQ(update(pack, edited({{"age at least 20", "age at least 19"}}), "10:02:00"), Kind::Rules);  // a threshold
      engine.ingest(live_event("10:02:00", "cart", 60));
      EXPECT_EQ(acted(engine), Lines{"v big 602"});
      EXPECT_EQ(update(pack, edited({{"only if age at least 20", "not if  age at least 19"}}), "10:03:00"), Kind::Rules);  // a rule
      engine.ingest(live_event("10:03:00", "cart", 60));
      EXPECT_EQ(acted(engine), Lines{});
      EXPECT_EQ(update(pack, edited({{"    only if age at least 20\n", ""}, {"50 EUR", "70 EUR"}}), "10:04:00"), Kind::Rules);  // no condition left, another `where`
      engine.ingest(live_event("10:04:00", "cart", 60));
      engine.ingest(live_event("10:05:00", "cart", 80));
      EXPECT_EQ(acted(engine), Lines{"v big 605"});
      EXPECT_EQ(update(pack, edited({{"last 7 days at least 2", "last 9 days at least 1"}}), "10:06:00"), Kind::Rules);  // D, and k within what is kept
      engine.ingest(live_event("10:06:00", "bought"));
      engine.ingest(live_event("10:07:00", "cart", 1));
      EXPECT_EQ(acted(engine), Lines{"v often 607"});
    }
}

TEST(LivePack, WhatARecordDoesNotKeepTakesHistories) {
  for (const bool histories : {false, true}) {
    polku::Live pack = live_pack();
    polku::Engine engine(pack, {.histories = histories});
    EXPECT_EQ(update(pack, edited({{"days at least 2", "days at least 3"}}), "09:00:00"), Kind::Whole) << "there is nobody yet";
    EXPECT_EQ(update(pack, kLiveRules, "09:01:00"), Kind::Rules) << "three are kept";
    for (const char* time : {"10:00:00", "10:00:01", "10:00:02", "10:00:03"}) engine.ingest(live_event(time, "bought"));
    engine.ingest(live_event("10:01:00", "cart", 1));
    const polku::Update done = pack.update({{"a.polku", edited({{"days at least 2", "days at least 4"}})}}, at("10:02:00"));
    EXPECT_EQ(done.kind, histories ? Kind::Whole : Kind::Refused);
    EXPECT_EQ(done.visitors, histories ? 1u : 0u);
    EXPECT_EQ(done.messages.find("histories") != std::string::npos, !histories) << done.messages;
    EXPECT_EQ(engine.visitors(), 1u);
    engine.ingest(live_event("10:03:00", "cart", 1));
    EXPECT_EQ(acted(engine), (Lines{"v often 601", "v often 603"})) << "four there are, or two are asked for still";
    // Other files, and another catalog.
    EXPECT_EQ(pack.update({{"b.polku", "journey \"New\"\n  rule more\n    when bought\n    do send \"nudge\" by email\nend\n"}}, at("10:04:00")).kind, histories ? Kind::Whole : Kind::Refused);
    engine.ingest(live_event("10:04:00", "bought"));
    EXPECT_EQ(acted(engine), histories ? Lines{"v more 604"} : Lines{});
    if (!histories) continue;
    EXPECT_EQ(pack.update({{"b.polku", {}}, {"catalog.yaml", std::string(kLiveCatalog) + "# a comment\n"}}, at("10:05:00")).kind, Kind::Whole);
    engine.ingest(live_event("10:05:00", "bought"));
    EXPECT_EQ(acted(engine), Lines{});
  }
}

TEST(LivePack, WhatIsRefusedChangesNothing) {
  polku::Live pack = live_pack();
  polku::Engine engine(pack), other(pack);
  engine.ingest(live_event("10:00:00", "", 19));
  const std::string good = edited({{"age at least 20", "age at least 19"}});
  EXPECT_EQ(update(pack, edited({{"age at least 20", "ages at least 20"}}), "10:01:00"), Kind::Refused);
  EXPECT_NE(pack.update({{"a.polku", edited({{"age at least 20", "age at"}})}}, at("10:01:00")).messages.find("a.polku:4"), std::string::npos);
  EXPECT_EQ(update(pack, good, "10:00:00"), Kind::Refused) << "that instant is past";
  EXPECT_EQ(pack.update({{"a.polku", good}}, "tomorrow").kind, Kind::Refused);
  EXPECT_EQ(pack.reload(at("10:01:00")).kind, Kind::Refused) << "there is no folder";
  engine.ingest(live_event("10:01:00", "cart", 60));
  EXPECT_EQ(acted(engine), Lines{});
  EXPECT_EQ(update(pack, good, "10:02:00"), Kind::Rules);
  engine.ingest(live_event("10:02:00", "cart", 60));
  EXPECT_EQ(acted(engine), Lines{"v big 602"});
}

TEST(LivePack, EveryEngineFollowsAndWhatWasDecidedStays) {
  polku::Live pack = live_pack();
  polku::Engine one(pack);
  one.ingest(live_event("10:00:00", "", 30));
  one.ingest(live_event("10:01:00", "cart", 60));
  {
    const polku::Engine gone(pack);
  }
  EXPECT_EQ(update(pack, edited({{"age at least 20", "age at least 31"}}), "10:02:00"), Kind::Rules);
  polku::Engine moved = std::move(one);
  moved.ingest(live_event("10:02:00", "cart", 60));
  const std::vector<polku::Decision> decisions = moved.decisions();
  ASSERT_EQ(decisions.size(), 1u);
  EXPECT_NE(decisions[0].json.find("age at least 20"), std::string::npos) << "told in the words by which it was decided: " << decisions[0].json;
}

TEST(LivePack, AnEngineThatNobodyCameToKeepsItsTime) {
  polku::Live pack = live_pack();
  polku::Engine engine(pack);
  ASSERT_TRUE(engine.advance(at("12:00:00")));
  EXPECT_EQ(update(pack, edited({{"journey \"Web\"", "journey \"Other\"\n  rule more\n    when bought\n    do send \"nudge\" by email\nend\n\njourney \"Web\""}}), "12:30:00"), Kind::Whole);
  EXPECT_EQ(engine.ingest(live_event("11:59:00", "cart", 60)), Accepted::Refused);
  EXPECT_EQ(engine.ingest(live_event("12:30:00", "cart", 60)), Accepted::Yes);
}

TEST(LivePack, FilesAreToldApartByTheirNames) {
  const polku::Live pack = polku::Live::compile(kLiveCatalog, {{"a.polku", kLiveRules}, {"a.polku", ""}});
  EXPECT_FALSE(pack.ok());
  EXPECT_NE(pack.messages().find("two files have the name a.polku"), std::string::npos) << pack.messages();
}

TEST(LivePack, LongTablesAreEditedToo) {
  const auto rules = [](int rows, int from, int priority) {
    std::string text = "journey \"T\"\n  rule t\n    when cart\n    do choose\n       | age | do |\n";
    for (int i = 0; i < rows; ++i) text += "       | is " + std::to_string(from + i) + " | send \"nudge\" by email |\n";
    text += "end\njourney \"U\"\n  rule u\n    when bought\n    priority " + std::to_string(priority) + "\n    do send \"nudge\" by email\nend\n";
    return text;
  };
  polku::Live pack = polku::Live::compile(kLiveCatalog, {{"a.polku", rules(30, 0, 1)}});
  ASSERT_TRUE(pack.ok()) << pack.messages();
  polku::Engine engine(pack);
  engine.ingest(live_event("10:00:00", "", 29));
  const auto acts = [&](const char* time) {
    engine.ingest(live_event(time, "cart", 1));
    return acted(engine).size() == 1;
  };
  EXPECT_TRUE(acts("10:01:00"));
  const struct { int rows, from, priority; bool acts; } edits[] = {{30, 40, 1, false}, {60, 0, 1, true}, {60, 0, 5, true}, {29, 0, 5, false}, {5, 27, 5, true}, {5, 10, 2, false}, {16, 14, 2, true}};
  for (std::size_t i = 0; i < std::size(edits); ++i) {
    const std::string time = "10:1" + std::to_string(i) + ":00";
    ASSERT_EQ(update(pack, rules(edits[i].rows, edits[i].from, edits[i].priority), time.c_str()), Kind::Rules) << i;
    EXPECT_EQ(acts(time.c_str()), edits[i].acts) << i;
  }
}

TEST(LivePack, ManyEditsOfOneKindOfRule) {
  std::string rules;
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    rules += "journey \"J" + n + "\"\n  rule r" + n + "\n    when    cart\n    only if age is " + std::to_string(1000 + i) + "\n    do send \"nudge\" by email\nend\n";
  }
  polku::Live pack = polku::Live::compile(kLiveCatalog, {{"a.polku", rules}});
  ASSERT_TRUE(pack.ok()) << pack.messages();
  polku::Engine engine(pack);
  engine.ingest(live_event("10:00:00", "", 7));
  for (int i = 0; i < 100; ++i) {
    const std::string was = "age is " + std::to_string(1000 + i);
    if (i > 0) rules.replace(rules.find("age is 7"), 8, "age is " + std::to_string(2000 + i));
    rules.replace(rules.find(was), was.size(), "age is 7");
    char time[32];
    std::snprintf(time, sizeof time, "1%d:%02d:00", 1 + i / 60, i % 60);
    ASSERT_EQ(update(pack, rules, time), Kind::Rules);
    engine.ingest(live_event(time, "cart", 1));
    ASSERT_EQ(acted(engine), Lines{"v r" + std::to_string(i) + " " + std::to_string(660 + i)});
  }
}

}  // namespace
