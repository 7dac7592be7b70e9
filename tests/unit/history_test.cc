// Decisions as they are written down, identities of what starts a firing, and who falls into which bucket.
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/history/decision.h"
#include "runtime/history/event.h"
#include "runtime/history/packed.h"
#include "runtime/history/past.h"

namespace polku::history {
namespace {

using catalog::TypeKind;

Datum text(std::string value) { return {TypeKind::Text, 0, {std::move(value)}, false}; }
Datum of(TypeKind kind, Value value) { return {kind, value, {}, false}; }

std::string json(const Decision& d) {
  std::string out = ">";  // what stands there stays
  append_json(out, d, "EUR");
  return out;
}

// ---- Decisions ----

TEST(DecisionJson, OneOfEachAction) {
  Decision d;
  d.id = "95ec3cac0fe78116d5e32a640586b15a";
  d.at = *base::parse_instant("2026-11-21T09:30:00Z", base::Zone::utc());
  d.visitor = "v\"1\"";
  d.journey = "Leaving";
  d.version = 3;
  d.rule = "save";
  d.outcome = Outcome::acted;
  Action send, best, show, task, suppress, split;
  send.name = "cart_reminder";
  send.channel = "email";
  send.params = {{"product", text("Cabin")}, {"percent", of(TypeKind::Percent, 100'000)}};
  best.name = "hello";
  show.kind = ActionKind::Show;
  show.name = "guide";
  show.channel = "web";
  show.slot = "sidebar";
  show.params = {{"topic", text("")}};
  task.kind = ActionKind::Task;
  task.name = "retention_call";
  task.params = {{"worth", of(TypeKind::Money, 5500)}};
  suppress.kind = ActionKind::Suppress;
  suppress.name = "Unfinished booking";
  suppress.length = 14 * kDay;
  split.kind = ActionKind::Split;
  split.name = "subject";
  split.variant = "a";
  d.actions = {send, best, show, task, suppress, split};
  d.because = {{"when page_viewed", Tri::Yes, {}}, {"only if cart.value at least 40 EUR", Tri::Yes, {{"cart.value", of(TypeKind::Money, 5500)}}}};
  EXPECT_EQ(json(d),
            R"(>{"schema":2,"id":"95ec3cac0fe78116d5e32a640586b15a","at":"2026-11-21T09:30:00.000Z","visitor":"v\"1\"","journey":"Leaving","version":3,"rule":"save","outcome":"acted","actions":[)"
            R"({"kind":"send","name":"cart_reminder","channel":"email","params":{"product":"Cabin","percent":"10%"}},)"
            R"({"kind":"send","name":"hello","channel":null,"params":{}},)"
            R"({"kind":"show","name":"guide","channel":"web","slot":"sidebar","params":{"topic":""}},)"
            R"({"kind":"task","name":"retention_call","params":{"worth":"55.00 EUR"}},)"
            R"({"kind":"suppress","name":"Unfinished booking","for":"14 days"},)"
            R"({"kind":"split","name":"subject","variant":"a"}],)"
            R"("because":[{"clause":"when page_viewed","is":"yes","saw":{}},{"clause":"only if cart.value at least 40 EUR","is":"yes","saw":{"cart.value":"55.00 EUR"}}]})");
}

TEST(DecisionJson, WithoutVersionActionsAndReasons) {
  Decision d;
  d.outcome = Outcome::unknown;
  EXPECT_EQ(json(d),
            R"(>{"schema":2,"id":"","at":"1970-01-01T00:00:00.000Z","visitor":"","journey":"","version":null,"rule":"","outcome":"unknown","actions":[],"because":[]})");
}

TEST(DecisionJson, Values) {
  Decision d;
  d.because = {{"c\n\t\x01", Tri::Unknown,
                {{"yes", of(TypeKind::YesNo, kYes)},
                 {"whole", of(TypeKind::Whole, -3)},
                 {"number", of(TypeKind::Number, 3'500'000)},
                 {"more", {TypeKind::Whole, 3, {}, true}},
                 {"nothing", of(TypeKind::Whole, kUnknown)},
                 {"list", {TypeKind::TextList, 0, {"a", "b\\"}, false}},
                 {"date", of(TypeKind::Date, 0)},
                 {"time", of(TypeKind::Time, 1)},
                 {"duration", of(TypeKind::Duration, 90 * kMinute)},
                 {"consent", of(TypeKind::Consent, kNo)}}}};
  const std::string out = json(d);
  EXPECT_NE(out.find(R"([{"clause":"c\n\t\u0001","is":"unknown","saw":{"yes":true,"whole":-3,"number":3.5,"more":"3 or more","nothing":null,"list":["a","b\\"],)"
                     R"("date":"1970-01-01","time":"1970-01-01T00:00:00.001Z","duration":"90 minutes","consent":"refused"}}])"),
            std::string::npos)
      << out;
}

TEST(DecisionWords, LengthsAndTimesOfDay) {
  for (auto [length, expected] : std::vector<std::pair<Millis, const char*>>{
           {7 * kDay, "7 days"}, {kDay, "1 day"}, {36 * kHour, "36 hours"}, {kHour, "1 hour"}, {90 * kMinute, "90 minutes"}, {kSecond, "1 second"}, {1500, "1500 milliseconds"}, {0, "0 days"}})
    EXPECT_EQ(words(length), expected);
  EXPECT_EQ(clock_words(0), "00:00");
  EXPECT_EQ(clock_words(21 * kHour), "21:00");
  EXPECT_EQ(clock_words(21 * kHour + 30 * kSecond), "21:00:30");
  EXPECT_EQ(clock_words(8 * kHour + 5 * kMinute + 7), "08:05:00.007");
  EXPECT_EQ(clock_words(kDay - kSecond), "23:59:59");
}

TEST(Outcomes, HaveNamesAndWords) {
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    EXPECT_EQ(outcome_of(outcome_name(outcome)), outcome);
    EXPECT_FALSE(outcome_words(outcome).empty());
    EXPECT_EQ(outcome_recorded(outcome), outcome != Outcome::no_match);
  }
  EXPECT_FALSE(outcome_of("Acted"));
}

// ---- Identities ----

catalog::Catalog two_channels() {
  catalog::Catalog c;
  catalog::Channel web, app;
  web.name = "web";
  web.slots = {"hero", "sidebar"};
  app.name = "app";
  app.slots = {"top"};
  c.channels = {web, app};
  return c;
}

TEST(MomentIdentity, IsPinned) {
  // This number stands in the ids of decisions.
  EXPECT_EQ(identity_of_moment("v1", 1'000), 0x50501c5d1870524u);
  EXPECT_NE(identity_of_moment("v1", 1'000), identity_of_moment("v1", 1'001));
  EXPECT_NE(identity_of_moment("v1", 1'000), identity_of_moment("v2", 1'000));
  EXPECT_NE(identity_of_moment("", -1), identity_of_moment("", 1));
}

TEST(RequestIdentity, IsOverTheSlotsByName) {
  base::Texts texts;
  auto c = two_channels();
  Event event;
  event.at = 5;
  event.type = kAsked;
  event.asked = {{0, 0}, {0, 1}, {1, 0}};
  const auto identity = Identity(c).of_content("v", event, texts);
  EXPECT_EQ(identity, 0xd2afa1fd412a5811u);  // pinned, as above
  // The order of the catalog and of the request does not matter.
  std::swap(c.channels[0], c.channels[1]);
  std::swap(c.channels[1].slots[0], c.channels[1].slots[1]);
  event.asked = {{1, 0}, {0, 0}, {1, 1}};
  EXPECT_EQ(Identity(c).of_content("v", event, texts), identity);
  event.asked.pop_back();
  EXPECT_NE(Identity(c).of_content("v", event, texts), identity);
  event.asked = {};
  event.type = kVisitorUpdated;
  EXPECT_NE(Identity(c).of_content("v", event, texts), identity);
}

TEST(MergeIdentity, IsOverTheVisitorMerged) {
  base::Texts texts;
  const auto c = two_channels();
  Event event;
  event.at = 5;
  event.type = kMerge;
  event.merges = "a";
  const auto identity = Identity(c).of_content("v", event, texts);
  EXPECT_EQ(identity, 0x5319d3fcd5828f98u);  // pinned, as above
  event.received = 7;  // says nothing about what it is
  EXPECT_EQ(Identity(c).of_content("v", event, texts), identity);
  event.received = kUnknown;
  event.merges = "b";
  EXPECT_NE(Identity(c).of_content("v", event, texts), identity);
  event.merges = "a";
  event.at = 6;
  EXPECT_NE(Identity(c).of_content("v", event, texts), identity);
  event.at = 5;
  EXPECT_NE(Identity(c).of_content("a", event, texts), identity);
  event.type = kVisitorUpdated;
  EXPECT_NE(Identity(c).of_content("v", event, texts), identity);
  // An event of the catalog can have no such name.
  catalog::Catalog named = c;
  named.events.emplace_back().name = "merge";
  event.type = 0;
  EXPECT_NE(Identity(named).of_content("v", event, texts), identity);
}

// ---- Buckets ----

// Computed with Python: int.from_bytes(hashlib.sha256("salt\0name\0person".encode()).digest()[:8], "big") % 10000.
// ---- Records as bytes ----

// Each comes back as it was, the extremes and what is missing too, into an event that held another before.
TEST(PackedRecord, ComesBackAsItWas) {
  constexpr Value kMost = std::numeric_limits<Value>::max();
  std::vector<Event> events(6);
  events[1] = {.at = 5, .received = -7, .type = 3, .identity = ~std::uint64_t{0}, .fields = {kUnknown, 0, 1, -1, 63, 64, -64, -65, kMost, kUnknown + 1}, .changes = {}, .asked = {}, .merges = {}};
  events[2] = {.at = -5, .received = kMost, .type = kVisitorUpdated, .identity = 1, .fields = {}, .changes = {{0, kUnknown}, {300, 5}}, .asked = {}, .merges = {}};
  events[3] = {.at = 0, .received = kUnknown, .type = kAsked, .identity = 0, .fields = {}, .changes = {}, .asked = {{1, 200}, {130, 0}}, .merges = {}};
  events[4] = {.at = kMost, .received = kUnknown, .type = kMerge, .identity = 1u << 31, .fields = {}, .changes = {{1, 1}}, .asked = {}, .merges = std::string(300, 'x')};
  std::string bytes = "before";
  std::vector<std::size_t> where;
  for (const Event& e : events) {
    where.push_back(bytes.size());
    pack(e, bytes);
  }
  bytes += "behind";
  Event read;
  for (std::size_t i = events.size(); i-- > 0;) {
    std::string_view rest = std::string_view(bytes).substr(where[i]);
    EXPECT_EQ(packed_identity(rest), events[i].identity);
    unpack(rest, events[i].at, read);
    EXPECT_EQ(rest, std::string_view(bytes).substr(i + 1 < where.size() ? where[i + 1] : bytes.size() - 6)) << i;
    EXPECT_EQ(std::tuple(read.at, read.received, read.type, read.identity, read.fields, read.merges),
              std::tuple(events[i].at, events[i].received, events[i].type, events[i].identity, events[i].fields, events[i].merges)) << i;
    ASSERT_EQ(read.changes.size(), events[i].changes.size());
    for (std::size_t k = 0; k < read.changes.size(); ++k)
      EXPECT_EQ(std::pair(read.changes[k].attribute, read.changes[k].value), std::pair(events[i].changes[k].attribute, events[i].changes[k].value));
    ASSERT_EQ(read.asked.size(), events[i].asked.size());
    for (std::size_t k = 0; k < read.asked.size(); ++k)
      EXPECT_EQ(std::pair(read.asked[k].channel, read.asked[k].slot), std::pair(events[i].asked[k].channel, events[i].asked[k].slot));
  }
}

TEST(Past, KeepsItsOrderAndItsWords) {
  Past past, other;
  past.names = {"a"};
  other.names = {"b", "c"};
  Event e;
  for (const Millis when : {30, 10, 20, 20}) {
    e = {.at = when, .received = kUnknown, .type = 0, .identity = static_cast<std::uint64_t>(when), .fields = {when}, .changes = {}, .asked = {}, .merges = {}};
    e.identity = past.distinct(when, e.identity);
    past.insert(when, past.arrival += kDeeds, 0, e);
  }
  Deed deed;
  deed.rule = "first";
  past.insert(20, ++past.arrival, deed);
  e.fields = {25};
  other.insert(25, 7 * kDeeds, 1, e);
  deed.rule = "second";
  other.insert(25, 7 * kDeeds + 1, deed);
  past.absorb(std::move(other));
  std::string told;
  const auto tell = [&] {
    told.clear();
    for (const Entry& entry : past.entries) {
      if (const Deed* d = past.deed(entry)) {
        told += d->rule + " ";
        continue;
      }
      past.read(entry, e);
      told += past.names[entry.name] + std::to_string(e.at) + ":" + std::to_string(e.fields[0]) + " ";
    }
  };
  tell();
  EXPECT_EQ(told, "a10:10 a20:20 a20:20 first c25:25 second a30:30 ");
  past.read(past.entries[1], e);
  const std::uint64_t one = e.identity;
  past.read(past.entries[2], e);
  EXPECT_NE(e.identity, one);
  past.rewrite([](Event& event) { event.fields[0] *= 1000; });
  tell();
  EXPECT_EQ(told, "a10:10000 a20:20000 a20:20000 first c25:25000 second a30:30000 ");
}

TEST(Bucket, IsWhatTheFormulaSays) {
  EXPECT_EQ(bucket("ferry", "unfinished-booking", "v1"), 2779u);
  EXPECT_EQ(bucket("ferry", "Subject", "v1"), 579u);
  EXPECT_EQ(bucket("my-shop", "x", "42"), 4292u);
  EXPECT_EQ(bucket("s\u00e4ltti", "T\u00e4rppi", "asiakas-\u00e4"), 1324u);
  EXPECT_EQ(bucket("a", "b", "c"), 6871u);
  EXPECT_EQ(bucket("a", "", std::string_view("b\0c", 3)), 6476u);
  EXPECT_EQ(bucket("", "", ""), 8966u);
}

TEST(Bucket, SharesComeOut) {
  std::vector<std::size_t> by_tenth(10);
  for (int i = 0; i < 1'000'000; ++i) ++by_tenth[bucket("ferry", "holdout", "visitor-" + std::to_string(i)) / 1'000];
  EXPECT_EQ(by_tenth[0], 100'059u);  // the same in Python
  for (std::size_t n : by_tenth) EXPECT_LE(std::abs(static_cast<long>(n) - 100'000), 1'000) << n;
}

TEST(Bucket, IsTheSameInEveryThread) {
  std::vector<std::thread> threads;
  std::vector<std::uint32_t> results(8);
  for (std::size_t i = 0; i < results.size(); ++i) threads.emplace_back([&results, i] { results[i] = bucket("a", "b", "c"); });
  for (auto& thread : threads) thread.join();
  for (std::uint32_t result : results) EXPECT_EQ(result, 6871u);
}

}  // namespace
}  // namespace polku::history
