// The public API, by its header alone.
#include <gtest/gtest.h>
#include <polku/polku.h>

#include <string>
#include <vector>

namespace {

using polku::Accepted;

const polku::Pack& pack() {
  static const polku::Pack p = polku::Pack::compile(R"(catalog: api
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
)"}});
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

}  // namespace
