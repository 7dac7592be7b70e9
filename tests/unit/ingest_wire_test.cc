// What clients send to a service: bodies of the shapes that real clients make, and bodies that nobody should send.
#include "runtime/ingest/wire.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <random>

#include "runtime/ingest/input.h"
#include "tests/unit/ingest_world.h"

namespace polku::ingest {
namespace {

using Form = Wire::Form;
constexpr Form kSegment = Form::Segment, kCloud = Form::CloudEvents, kLines = Form::Lines;

Millis instant(std::string_view text) { return base::parse_instant(text, base::Zone::utc()).value(); }
const Millis kReceived = instant("2026-11-21T19:30:20.000Z");

// Event 2 is `cart_viewed` with a number, event 3 `page` with a text.
catalog::Catalog a_shop() {
  catalog::Catalog c = a_catalog();
  catalog::Event cart, page;
  cart.name = "cart_viewed";
  cart.fields = {field("value", TypeKind::Number)};
  page.name = "page";
  page.fields = {field("name", TypeKind::Text)};
  c.events.insert(c.events.end(), {cart, page});
  return c;
}

// As the catalog makes a source of these formats.
catalog::Source a_protocol(catalog::Format format) {
  const bool segment = format == catalog::Format::Segment;
  catalog::Source s;
  s.name = segment ? "site" : "calls";
  s.format = format;
  s.visitor = segment ? "userId" : "subject";
  s.time = segment ? "timestamp" : "time";
  s.event = segment ? "event" : "type";
  s.id = segment ? std::vector<std::string>{"messageId"} : std::vector<std::string>{"source", "id"};
  return s;
}

struct Sent : Took {
  std::string faults, key;
  bool operator==(const Sent& o) const { return error == o.error && records == o.records && identities == o.identities && faults == o.faults && key == o.key; }
};

// A service's wire, and everything it makes of a body as text: lines as in ingest_world.h, but what was received with the body says nothing of it;
// behind it `!` if the visitor is identified, and `~NAME` for another name of theirs. Faults: `kind count, index of the first: its text`.
class Client {
 public:
  explicit Client(catalog::Catalog c = a_shop()) : catalog_(std::move(c)) {}

  // The bytes stand at the end of their memory but for the padding, whose content must not matter.
  Sent send(std::string_view bytes, Wire::Body body = {}) {
    Sent first;
    bool again = false;
    for (const char junk : {'x', '"', '}', ']', ' ', '\\', '\0', '\xFF'}) {
      std::unique_ptr<char[]> memory(new char[bytes.size() + kBodyPadding]);
      std::copy(bytes.begin(), bytes.end(), memory.get());
      std::memset(memory.get() + bytes.size(), junk, kBodyPadding);
      body.bytes = {memory.get(), bytes.size()};
      if (body.received == 0) body.received = kReceived;
      Sent now = read(body);
      if (again) {
        EXPECT_TRUE(now == first) << "what stands behind matters: " << bytes.substr(0, 200) << "\n" << first.error << first.records << first.faults << "\n"
            << now.error << now.records << now.faults;
      }
      again = true;
      first = std::move(now);
    }
    return first;
  }
  Sent lines(std::string_view bytes, std::string_view source = {}) { return send(bytes, {.form = kLines, .source = source}); }
  Sent cloud(std::string_view bytes) { return send(bytes, {.form = kCloud}); }

 private:
  Sent read(const Wire::Body& body) {
    Sent sent;
    sent.error = wire_.begin(body);
    sent.key = wire_.write_key();
    Record record;
    Envelope envelope;
    if (!sent.error.empty()) {
      EXPECT_FALSE(wire_.next(record, envelope)) << "a body that is refused has no records";
      return sent;
    }
    while (wire_.next(record, envelope)) {
      sent.identities.push_back(record.event.identity);
      EXPECT_LE(record.event.at, body.trusted ? record.event.at : body.received);
      EXPECT_NE(envelope.also, record.visitor);
      if (record.event.received == body.received) record.event.received = kUnknown;
      sent.records += line_of(record, catalog_, texts_) + (envelope.identified ? " !" : "") + (envelope.also.empty() ? "" : " ~" + envelope.also) + "\n";
    }
    EXPECT_FALSE(wire_.next(record, envelope));
    sent.counts = wire_.counts();
    EXPECT_EQ(sent.counts.records, sent.counts.accepted + refused(sent.counts));
    EXPECT_EQ(sent.counts.accepted, sent.identities.size());
    for (std::size_t r = 0; r < kRejects; ++r)
      if (const auto n = sent.counts.by_reject[r])
        sent.faults += std::string(reject_name(static_cast<Reject>(r))) + " " + std::to_string(n) + ", " + std::to_string(sent.counts.first[r].line) + ": "
            + sent.counts.first[r].what + "\n";
    return sent;
  }

  catalog::Catalog catalog_;
  base::Texts texts_;
  Wire wire_{catalog_, texts_};
};

Sent send(std::string_view bytes, const Wire::Body& body = {}) { return Client().send(bytes, body); }

// One `track` of `paid`, with what is given; most tests are about one member.
std::string paid(const std::string& members) { return R"({"type":"track","event":"paid",)" + members + "}"; }
std::string batch(std::initializer_list<std::string> items, const std::string& behind = "") {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ",") + item;
  return "{\"batch\":[" + out + "]" + behind + "}";
}

// ---- Bodies of real clients ----

// All calls in one body; the time of sending and the key stand once, behind them.
TEST(WireClients, AnalyticsNode) {
  auto sent = send(R"({"batch":[
    {"timestamp":"2026-11-21T19:30:10.018Z","integrations":{},"type":"identify","userId":"u1","traits":{"city":"Turku","email":"a@b.c"},
        "context":{"library":{"name":"n"}},"messageId":"m1","_metadata":{}},
    {"timestamp":"2026-11-21T19:30:10.019Z","integrations":{},"event":"Cart Viewed","type":"track","properties":{"value":12.5},"context":{},"userId":"u1",
        "messageId":"m2"},
    {"timestamp":"2026-11-21T19:30:10.020Z","type":"page","properties":{"url":"http://x","name":"Home"},"name":"Home","anonymousId":"an1","messageId":"m3"},
    {"timestamp":"2026-11-21T19:30:10.020Z","type":"screen","properties":{},"name":"S","userId":"u1","messageId":"m4"},
    {"timestamp":"2026-11-21T19:30:10.020Z","type":"group","traits":{"n":1},"groupId":"g1","userId":"u1","messageId":"m5"},
    {"timestamp":"2026-11-21T19:30:10.021Z","type":"alias","previousId":"an1","userId":"u1","messageId":"m6"}
  ],"writeKey":"WK","sentAt":"2026-11-21T19:30:10.118Z"})");
  EXPECT_EQ(sent.error, "");
  EXPECT_EQ(sent.key, "WK");
  EXPECT_EQ(sent.records,
            "1 u1 2026-11-21T19:30:19.900Z -() city='Turku' id !\n"
            "2 u1 2026-11-21T19:30:19.901Z cart_viewed(value=12500000;) id !\n"
            "3 an1 2026-11-21T19:30:19.902Z page(name='Home';) id\n"
            "5 u1 2026-11-21T19:30:19.902Z -() id !\n"
            "6 u1 2026-11-21T19:30:19.903Z +(an1) id ! ~an1\n");
  EXPECT_EQ(sent.faults, "unknown_event 1, 4: screen\n");
}

// The key is in a header only, and each item has its own time of sending; that of the batch does not count then.
TEST(WireClients, RudderNode) {
  auto sent = send(R"({"batch":[
    {"userId":"u1","event":"Cart Viewed","properties":{"value":12.5},"type":"track","channel":"server","originalTimestamp":"2026-11-21T19:30:10.170Z",
        "messageId":"m1","sentAt":"2026-11-21T19:30:10.270Z"},
    {"anonymousId":"an1","name":"Home","type":"page","originalTimestamp":"2026-11-21T19:30:10.170Z","messageId":"m2","sentAt":"2026-11-21T19:30:11.170Z"}],
    "timestamp":"2026-11-21T19:30:10.207Z","sentAt":"2026-11-21T19:35:00.000Z"})");
  EXPECT_EQ(sent.records, "1 u1 2026-11-21T19:30:19.900Z cart_viewed(value=12500000;) id !\n2 an1 2026-11-21T19:30:19.000Z page() id\n");
  EXPECT_EQ(sent.key, "");
  EXPECT_EQ(sent.faults, "");
}

// Others send neither times nor a key.
TEST(WireClients, DittofeedNode) {
  auto sent = send(batch({R"({"messageId":"m1","type":"identify","userId":"u1","traits":{"city":"Turku"}})",
      R"({"messageId":"m2","type":"track","userId":"u1","event":"Cart Viewed","properties":{"value":1}})"}));
  EXPECT_EQ(sent.records, "1 u1 2026-11-21T19:30:20.000Z -() city='Turku' id !\n2 u1 2026-11-21T19:30:20.000Z cart_viewed(value=1000000;) id !\n");
}

// One record a body, with the key and the time of sending in it; a visitor without a userId has null there.
TEST(WireClients, AnalyticsNext) {
  Client client;
  const std::string rest = R"(,"context":{"page":{"path":"/shop"},"userAgent":"M"},"messageId":"m","anonymousId":"an1","writeKey":"WK",
      "sentAt":"2026-11-21T19:30:12.829Z","_metadata":{"bundled":["S"]}})";
  auto page = client.send(R"({"timestamp":"2026-11-21T19:30:12.779Z","type":"page","properties":{"name":"Home"},"name":"Home","userId":null)" + rest,
      {.kind = "page"});
  EXPECT_EQ(page.records, "1 an1 2026-11-21T19:30:19.950Z page(name='Home';) id\n");
  EXPECT_EQ(page.key, "WK");
  auto identify = client.send(R"({"timestamp":"2026-11-21T19:30:12.729Z","type":"identify","userId":"u1","traits":{"city":"Turku"})" + rest,
      {.kind = "identify"});
  EXPECT_EQ(identify.records, "1 u1 2026-11-21T19:30:19.900Z -() city='Turku' id ! ~an1\n");
  auto track = client.send(R"({"timestamp":"2026-11-21T19:30:12.829Z","event":"Cart Viewed","type":"track","properties":{"value":12.5},"userId":"u1")" + rest,
      {.kind = "track"});
  EXPECT_EQ(track.records, "1 u1 2026-11-21T19:30:20.000Z cart_viewed(value=12500000;) id ! ~an1\n");
}

TEST(WireClients, ThePathSaysTheKindWhereTheRecordDoesNot) {
  Client client;
  EXPECT_EQ(client.send(R"({"event":"paid","userId":"u"})", {.kind = "track"}).records, "1 u 2026-11-21T19:30:20.000Z paid() !\n");
  EXPECT_EQ(client.send(R"({"event":"paid","userId":"u"})", {.kind = "page"}).records, "1 u 2026-11-21T19:30:20.000Z page() !\n");
  EXPECT_EQ(client.send(R"({"event":"paid","userId":"u","type":null})", {.kind = "identify"}).records, "1 u 2026-11-21T19:30:20.000Z -() !\n");
  EXPECT_EQ(client.send(R"({"event":"paid","userId":"u","type":"track"})", {.kind = "page"}).records, "1 u 2026-11-21T19:30:20.000Z paid() !\n");
  EXPECT_EQ(client.send(R"({"event":"paid","userId":"u","type":"trick"})", {.kind = "track"}).faults, "unknown_event 1, 1: trick\n");
  EXPECT_EQ(client.send(R"({"event":"paid","userId":"u"})").faults, "unknown_event 1, 1: \n");
}

TEST(WireClients, ABareListIsABatch) {
  EXPECT_EQ(send("[" + paid(R"("userId":"a")") + " , " + paid(R"("userId":"b")") + "]\n").records,
      "1 a 2026-11-21T19:30:20.000Z paid() !\n2 b 2026-11-21T19:30:20.000Z paid() !\n");
}

// What the body before said is forgotten: its key, its time of sending, its faults.
TEST(WireClients, ABodySaysNothingOfTheNext) {
  Client client;
  const std::string item = paid(R"("userId":"u","timestamp":"2026-11-21T19:30:10Z")");
  EXPECT_EQ(client.send(batch({item, "1"}, R"(,"writeKey":"WK","sentAt":"2026-11-21T19:30:11Z")")).records, "1 u 2026-11-21T19:30:19.000Z paid() !\n");
  auto next = client.send(batch({item}));
  EXPECT_EQ(next.records, "1 u 2026-11-21T19:30:10.000Z paid() !\n");
  EXPECT_EQ(next.key, "");
  EXPECT_EQ(next.faults, "");
}

// ---- Who ----

// ` !` and ` ~name` as above, or the reason of refusal.
std::string who(const std::string& members) {
  auto sent = send(paid(members));
  if (sent.records.empty()) return sent.error.empty() ? sent.faults.substr(0, sent.faults.find(' ')) : sent.error;
  const auto name_end = sent.records.find(" 2026-"), rest = sent.records.find("paid()") + 6;
  return sent.records.substr(2, name_end - 2) + sent.records.substr(rest, sent.records.size() - rest - 1);
}

TEST(WireNames, TheUserIdNamesTheVisitorAndTheAnonymousOneIsAnotherName) {
  EXPECT_EQ(who(R"("userId":"u")"), "u !");
  EXPECT_EQ(who(R"("anonymousId":"a")"), "a");
  EXPECT_EQ(who(R"("userId":"u","anonymousId":"a")"), "u ! ~a");
  EXPECT_EQ(who(R"("anonymousId":"a","userId":"u")"), "u ! ~a");
  EXPECT_EQ(who(R"("userId":"u","anonymousId":"u")"), "u !");
  EXPECT_EQ(who(R"("x":1)"), "no_visitor");
}

// One such name would make one visitor of everybody.
TEST(WireNames, WhatStandsForNobodyIsNoName) {
  const std::vector<std::string> nobody = {"null", "true", "false", "[]", "{}", "[\"u\"]", "0", "-1", R"("")", R"(" ")", R"("\t ")", R"("\n")",
      R"(" \r\n\f\u000b")", R"("null")", R"("NULL")",
                                           R"("undefined")", R"("0")", R"("-1")", R"("[object Object]")", R"("NaN")", R"(" undefined ")", R"("none")",
                                               R"("nil")", R"("true")", R"("false")"};
  for (const auto& id : nobody) {
    EXPECT_EQ(who("\"userId\":" + id), "no_visitor") << id;
    EXPECT_EQ(who("\"userId\":" + id + ",\"anonymousId\":" + id), "no_visitor") << id;
    EXPECT_EQ(who("\"userId\":" + id + R"(,"anonymousId":"a")"), "a") << id;
    EXPECT_EQ(who(R"("userId":"u","anonymousId":)" + id), "u !") << id;
  }
  for (const char* id : {"00", "undefined1", "Nobody", "null null", "-"}) EXPECT_EQ(who("\"userId\":\"" + std::string(id) + "\""), std::string(id) + " !");
}

TEST(WireNames, NumbersAreNames) {
  EXPECT_EQ(who(R"("userId":17)"), "17 !");
  EXPECT_EQ(who(R"("userId":9007199254740993,"anonymousId":-5)"), "9007199254740993 ! ~-5");
  EXPECT_EQ(who(R"("userId":17,"anonymousId":"17")"), "17 !");
}

TEST(WireNames, NamesAreInNfcAndBlanksAroundThemAreNone) {
  EXPECT_EQ(who("\"userId\":\"a\u0308\""), "\u00E4 !");
  EXPECT_EQ(who("\"userId\":\"\\u0061\\u0308\""), "\u00E4 !");
  EXPECT_EQ(who("\"userId\":\"a\u0308\",\"anonymousId\":\"\u00E4\""), "\u00E4 !");
  EXPECT_EQ(who("\"userId\":\"u\",\"anonymousId\":\"a\u0308\""), "u ! ~\u00E4");
  EXPECT_EQ(who(R"("userId":" u\n","anonymousId":"\tu")"), "u !");
}

// Bytes that are no UTF-8 make the whole body no JSON; half a pair of surrogates only its record.
TEST(WireNames, NamesThatAreNoUtf8AreRefused) {
  EXPECT_EQ(who("\"userId\":\"\xFF\""), "The body is no JSON object or list of them.");
  for (const char* member : {"userId", "anonymousId"}) {
    auto sent = send(batch({paid("\"" + std::string(member) + R"(":"\ud800")"), paid(R"("userId":"u")")}));
    EXPECT_EQ(sent.records, "2 u 2026-11-21T19:30:20.000Z paid() !\n");
    EXPECT_EQ(sent.counts.by_reject[static_cast<std::size_t>(Reject::bad_json)], 1u);
  }
}

TEST(WireNames, AliasMakesTwoVisitorsOne) {
  Client client;
  const auto alias = [&](const std::string& members) { return client.send("{\"type\":\"alias\"" + members + "}"); };
  EXPECT_EQ(alias(R"(,"userId":"u","previousId":"a")").records, "1 u 2026-11-21T19:30:20.000Z +(a) ! ~a\n");
  EXPECT_EQ(alias(R"(,"userId":"u","previousId":7,"messageId":"m")").records, "1 u 2026-11-21T19:30:20.000Z +(7) id ! ~7\n");
  EXPECT_EQ(alias(",\"userId\":\"u\",\"previousId\":\"a\u0308\"").records, "1 u 2026-11-21T19:30:20.000Z +(\u00E4) ! ~\u00E4\n");
  // A browser that is told a visitor's own name sends this.
  EXPECT_EQ(alias(R"(,"userId":"u","previousId":"u","anonymousId":"a")").records, "1 u 2026-11-21T19:30:20.000Z +(u) !\n");
  for (const char* bad : {R"(,"userId":"u")", R"(,"userId":"u","previousId":"")", R"(,"userId":"u","previousId":"undefined")",
      R"(,"userId":"u","previousId":["a"])", R"(,"anonymousId":"a","previousId":"b")",
                          R"(,"userId":"null","anonymousId":"a","previousId":"b")", R"(,"userId":"u","anonymousId":"a")"})
    EXPECT_EQ(alias(bad).of(Reject::bad_merge), 1u) << bad;
  for (const char* bad : {"", R"(,"previousId":"b")"}) EXPECT_EQ(alias(bad).of(Reject::no_visitor), 1u) << bad;
}

TEST(WireNames, OnlyAliasMerges) { EXPECT_EQ(who(R"("userId":"u","previousId":"a")"), "u !"); }

// ---- When ----

std::string when(const std::string& members, const std::string& sent_with_batch = "", bool trusted = false) {
  auto sent = send(batch({paid("\"userId\":\"u\"" + members)}, sent_with_batch), {.trusted = trusted});
  return sent.records.empty() ? sent.faults.substr(0, sent.faults.size() - 1) : sent.records.substr(4, sent.records.find(" paid()") - 4);
}

TEST(WireTimes, WrongClocksOfClientsAreCorrected) {
  // Its clock is a day behind, and it kept the record for three seconds.
  EXPECT_EQ(when(R"(,"timestamp":"2026-11-20T10:00:00Z","sentAt":"2026-11-20T10:00:03Z")"), "2026-11-21T19:30:17.000Z");
  EXPECT_EQ(when(R"(,"timestamp":"2026-11-20T10:00:00Z")", R"(,"sentAt":"2026-11-20T10:00:03Z")"), "2026-11-21T19:30:17.000Z");
  // A year ahead, the same.
  EXPECT_EQ(when(R"(,"timestamp":"2027-11-20T10:00:00Z","sentAt":"2027-11-20T10:00:03Z")"), "2026-11-21T19:30:17.000Z");
  // A record without a time happened when it was received, whenever it was sent.
  EXPECT_EQ(when(R"(,"sentAt":"2026-11-20T10:00:03Z")"), "2026-11-21T19:30:20.000Z");
  EXPECT_EQ(when(R"(,"timestamp":null,"originalTimestamp":null,"sentAt":"2026-11-20T10:00:03Z")"), "2026-11-21T19:30:20.000Z");
}

TEST(WireTimes, NothingIsSentBeforeItHappens) {
  EXPECT_EQ(when(R"(,"timestamp":"2026-11-20T10:00:03Z","sentAt":"2026-11-20T10:00:00Z")"), "2026-11-21T19:30:20.000Z");
}

// As it is, where it is not known when it was sent; but nothing is received before it happens.
TEST(WireTimes, WithoutATimeOfSendingTheRecordIsBelieved) {
  for (const char* none : {"", R"(,"sentAt":null)", R"(,"sentAt":"soon")", R"(,"sentAt":{})"}) {
    EXPECT_EQ(when(R"(,"timestamp":"2026-11-20T10:00:00.5Z")" + std::string(none)), "2026-11-20T10:00:00.500Z") << none;
    EXPECT_EQ(when(R"(,"timestamp":"2026-11-21T19:30:20.001Z")" + std::string(none)), "2026-11-21T19:30:20.000Z") << none;
    EXPECT_EQ(when(R"(,"timestamp":"9999-12-31T23:59:59Z")" + std::string(none)), "2026-11-21T19:30:20.000Z") << none;
    EXPECT_EQ(when(R"(,"timestamp":"2026-11-20T10:00:00.5Z")", none), "2026-11-20T10:00:00.500Z") << none;
  }
  // No offset: the pack's time zone; a number: milliseconds.
  EXPECT_EQ(when(R"(,"timestamp":"2026-11-20T10:00:00")"), "2026-11-20T08:00:00.000Z");
  EXPECT_EQ(when(R"(,"timestamp":1000)"), "1970-01-01T00:00:01.000Z");
}

TEST(WireTimes, ATimeThatCannotBeReadIsRefused) {
  for (const char* time : {R"("")", R"("yesterday")", "true", "[]", "{}", "1.5", R"("2026-02-30T00:00:00Z")", R"("+292278994-08-17T07:12:55.807Z")"})
    EXPECT_EQ(when(R"(,"timestamp":)" + std::string(time) + R"(,"sentAt":"2026-11-20T10:00:00Z")").substr(0, 11), "bad_time 1,") << time;
}

TEST(WireTimes, TheOriginalTimeCountsWhereThereIsNoOther) {
  const std::string original = R"(,"originalTimestamp":"2026-11-20T10:00:00Z")", left = R"(,"sentAt":"2026-11-20T10:00:03Z")";
  EXPECT_EQ(when(original), "2026-11-20T10:00:00.000Z");
  EXPECT_EQ(when(original + left), "2026-11-21T19:30:17.000Z");
  EXPECT_EQ(when(original + left + R"(,"timestamp":null)"), "2026-11-21T19:30:17.000Z");
  EXPECT_EQ(when(original + left + R"(,"timestamp":"2026-11-20T10:00:01Z")"), "2026-11-21T19:30:18.000Z");
}

// A corrected time lies in the years that times can be written in.
TEST(WireTimes, AbsurdClocksDoNoHarm) {
  for (const char* time : {"9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e300", "9214646400000000000", "-62135596800001",
      "253402300800000"})
    EXPECT_EQ(when(R"(,"timestamp":)" + std::string(time) + R"(,"sentAt":"2026-11-20T10:00:00Z")").substr(0, 11), "bad_time 1,") << time;
  for (const char* time : {"9223372036854775807", "-9223372036854775808", "1e300", R"("292000000-01-01T00:00:00Z")", R"("+292000000-01-01T00:00:00Z")"})
    EXPECT_EQ(when(R"(,"timestamp":"2026-11-20T10:00:00Z","sentAt":)" + std::string(time)), "2026-11-20T10:00:00.000Z") << time;
  EXPECT_EQ(when(R"(,"timestamp":"0001-01-01T00:00:00Z","sentAt":"9999-12-31T23:59:59.999Z")"), "0001-01-01T00:00:00.000Z");
  EXPECT_EQ(when(R"(,"timestamp":"9999-12-31T23:59:59.999Z","sentAt":"0001-01-01T00:00:00Z")"), "2026-11-21T19:30:20.000Z");
}

// Records of a log: both times are those that they carry.
TEST(WireTimes, TrustedTimesAreTakenAsTheyAre) {
  const std::string at = R"(,"timestamp":"2026-11-20T10:00:00Z")";
  EXPECT_EQ(when(at + R"(,"sentAt":"2026-11-20T10:00:03Z")", "", true), "2026-11-20T10:00:00.000Z @2026-11-20T10:00:00.000Z");
  EXPECT_EQ(when(at + R"(,"receivedAt":"2026-11-20T11:00:00Z")", "", true), "2026-11-20T10:00:00.000Z @2026-11-20T11:00:00.000Z");
  EXPECT_EQ(when(at + R"(,"receivedAt":null)", "", true), "2026-11-20T10:00:00.000Z @2026-11-20T10:00:00.000Z");
  EXPECT_EQ(when(R"(,"timestamp":"2030-01-01T00:00:00Z")", "", true), "2030-01-01T00:00:00.000Z @2030-01-01T00:00:00.000Z");
  EXPECT_EQ(when("", "", true), "2026-11-21T19:30:20.000Z");
  EXPECT_EQ(when(at + R"(,"receivedAt":"later")", "", true), "bad_received 1, 1: later");
  // Who is not trusted cannot say when their records were received.
  EXPECT_EQ(when(at + R"(,"receivedAt":"2026-11-20T11:00:00Z")"), "2026-11-20T10:00:00.000Z");
  EXPECT_EQ(when(at + R"(,"receivedAt":"later")"), "2026-11-20T10:00:00.000Z");
}

// ---- What ----

std::string made_of(const std::string& name) {
  auto sent = send(R"({"type":"track","userId":"u","event":)" + name + "}");
  const auto from = sent.records.find("000Z ") + 5;
  return sent.records.empty() ? sent.faults.substr(0, sent.faults.size() - 1) : sent.records.substr(from, sent.records.find('(') - from);
}

TEST(WireEvents, NamesInAnyUsualSpelling) {
  for (const char* name : {"cart_viewed", "Cart Viewed", "cartViewed", "cart-viewed", "CartViewed", "CART VIEWED", " Cart  Viewed ", "cart.viewed",
      "Cart: viewed!", "_cart_viewed_"})
    EXPECT_EQ(made_of("\"" + std::string(name) + "\""), "cart_viewed") << name;
  for (const char* name : {"cartviewed", "Cart Views", "Cart Viewed 2", "carts viewed", "", "_", " ", "C art Viewed", "visitor updated"}) {
    const std::string known = made_of("\"" + std::string(name) + "\"");
    EXPECT_EQ(known.substr(0, known.find(',')), "unknown_event 1") << name << " " << known;
  }
  for (const char* none : {"null", "5", "[]", "{}", "true"}) EXPECT_EQ(made_of(none).substr(0, 11), "no_event 1,") << none;
}

// The catalog's own spelling comes first: no other event can take its place.
TEST(WireEvents, TheExactNameWins) {
  auto c = a_shop();
  c.events[0].name = "cartViewed";
  Client client(c);
  EXPECT_EQ(client.send(R"({"type":"track","userId":"u","event":"cartViewed"})").records, "1 u 2026-11-21T19:30:20.000Z cartViewed() !\n");
  EXPECT_EQ(client.send(R"({"type":"track","userId":"u","event":"Cart Viewed"})").records, "1 u 2026-11-21T19:30:20.000Z cart_viewed() !\n");
}

TEST(WireEvents, UnknownOnesAreCountedAndTheOthersTaken) {
  auto sent = send(batch({paid(R"("userId":"a")"), R"({"type":"track","event":"Song Played","userId":"b"})", R"({"type":"track","event":"Nope","userId":"c"})",
      paid(R"("userId":"d")"),
                          R"({"type":"page","userId":"e","name":"x"})", R"({"type":"screen","userId":"f"})", R"({"type":"noise","userId":"g"})",
                              R"({"userId":"h"})"}));
  EXPECT_EQ(sent.records, "1 a 2026-11-21T19:30:20.000Z paid() !\n4 d 2026-11-21T19:30:20.000Z paid() !\n5 e 2026-11-21T19:30:20.000Z page() !\n");
  EXPECT_EQ(sent.faults, "unknown_event 5, 2: Song Played\n");
}

// `track` is asked for its own event; a call whose kind is no event of the catalog can still set attributes.
TEST(WireEvents, CallsThatAreNoTrackAreNamedByTheirKind) {
  auto c = a_shop();
  catalog::Event identify;
  identify.name = "identify";
  c.events.push_back(identify);
  const std::string body = batch({R"({"type":"identify","userId":"u","event":"paid"})", R"({"type":"group","userId":"u","event":"paid","groupId":"g"})"});
  EXPECT_EQ(Client(c).send(body).records, "1 u 2026-11-21T19:30:20.000Z identify() !\n2 u 2026-11-21T19:30:20.000Z -() !\n");
  EXPECT_EQ(send(body).records, "1 u 2026-11-21T19:30:20.000Z -() !\n2 u 2026-11-21T19:30:20.000Z -() !\n");
}

// A pack that declares its source means what it says: no other spelling, no other attribute.
TEST(WireEvents, ADeclaredSource) {
  auto c = a_shop();
  auto s = a_protocol(catalog::Format::Segment);
  s.events_listed = true;
  s.events = {{"Order Completed", 0}, {"Cart Viewed", 2}, {"page", 3}};
  s.fields = {{{0, 0}, "properties.revenue"}, {{3, 0}, "context.page.path"}};
  s.attributes = {{3, "traits.address.city"}, {1, "context.traits.plan"}};
  c.sources = {s};
  auto sent = Client(c).send(batch({R"({"type":"track","event":"Order Completed","userId":"u","messageId":"m","properties":{"revenue":"9.50 EUR","total":1}})",
                                    R"({"type":"track","event":"Cart Viewed","userId":"u","properties":{"value":2}})",
                                        R"({"type":"track","event":"order completed","userId":"u"})",
                                    R"({"type":"track","event":"paid","userId":"u"})", R"({"type":"track","event":"cart_viewed","userId":"u"})",
                                    R"({"type":"page","userId":"u","context":{"page":{"path":"/x"}},"properties":{"name":"no"}})",
                                    R"({"type":"identify","userId":"u","traits":{"city":"no","address":{"city":"Turku"}},
                                        "context":{"traits":{"plan":"gold"}}})"}));
  EXPECT_EQ(sent.records,
            "1 u 2026-11-21T19:30:20.000Z paid(total=950;) id !\n"
            "2 u 2026-11-21T19:30:20.000Z cart_viewed(value=2000000;) !\n"
            "6 u 2026-11-21T19:30:20.000Z page(name='/x';) !\n"
            "7 u 2026-11-21T19:30:20.000Z -() tier=1 city='Turku' !\n");
  EXPECT_EQ(sent.faults, "unknown_event 3, 3: order completed\n");
  EXPECT_EQ(sent.identities[0], history::identity_of_id("site", "m"));
}

// Without a list of events a declared source takes the catalog's own names; the first of a format counts, and its time zone.
TEST(WireEvents, TheFirstDeclaredSourceCounts) {
  auto c = a_shop();
  auto other = a_protocol(catalog::Format::Segment), first = other;
  other.name = "app";
  other.events_listed = true;
  first.zone = "America/New_York";
  c.sources = {a_source(), first, other};
  auto sent = Client(c).send(batch({paid(R"("userId":"u","timestamp":"2026-11-20T10:00:00","properties":{"total":3},"traits":{"city":"Turku"})"),
      R"({"type":"track","event":"Cart Viewed","userId":"u"})"}));
  EXPECT_EQ(sent.records, "1 u 2026-11-20T15:00:00.000Z paid(total=300;) !\n");
  EXPECT_EQ(sent.faults, "unknown_event 1, 2: Cart Viewed\n");
}

TEST(WireValues, FieldsFromPropertiesAndAttributesFromTraits) {
  auto sent = send(R"({"type":"track","event":"all","userId":"u","total":1,"whole":5,"traits":{"city":"Turku","consent.marketing":true,"spent":1,"whole":6,
      "tier":""},
    "properties":{"yesno":true,"whole":7,"list":["a","b"],"text":"t","city":"no","oneof":"silver","money":null}})");
  EXPECT_EQ(sent.records, "1 u 2026-11-21T19:30:20.000Z all(yesno=1;whole=7;text='t';oneof=0;list=['a''b'];) consent.marketing=1 city='Turku' !\n");
  EXPECT_EQ(sent.faults, "");
}

// The dot of an attribute's name may be one of its own, or lead into an object.
TEST(WireValues, AttributesWithDotsInTheirNames) {
  for (const char* traits : {R"({"consent.marketing":"refused"})", R"({"consent":{"marketing":"refused"}})"})
    EXPECT_EQ(send(R"({"type":"identify","userId":"u","traits":)" + std::string(traits) + "}").records,
        "1 u 2026-11-21T19:30:20.000Z -() consent.marketing=0 !\n") << traits;
}

// What cannot be read is not known: a field is missing, an attribute is missing from now on.
TEST(WireValues, BadOnesAreCountedAndTheRecordIsTaken) {
  auto sent = send(batch({paid(R"("userId":"u","properties":{"total":"a lot"})"),
      R"({"type":"identify","userId":"u","traits":{"tier":"platinum","city":5,"consent.marketing":null}})",
                          paid(R"("userId":"u","properties":["total"],"traits":"x")")}));
  EXPECT_EQ(sent.records,
            "1 u 2026-11-21T19:30:20.000Z paid() !\n"
            "2 u 2026-11-21T19:30:20.000Z -() consent.marketing=? tier=? city=? !\n3 u 2026-11-21T19:30:20.000Z paid() !\n");
  EXPECT_EQ(sent.faults, "bad_value 3, 1: total: a lot\n");
}

// ---- Which ----

TEST(WireIds, EqualIdsAreOneEvent) {
  auto sent = send(batch({paid(R"("userId":"a","messageId":"m")"), R"({"type":"identify","userId":"b","messageId":"m"})",
      paid(R"("userId":"a","messageId":"n")"), paid(R"("userId":"a","messageId":5)"),
                          paid(R"("userId":"a","messageId":"")"), paid(R"("userId":"a","messageId":null)"), paid(R"("userId":"a","messageId":{})")}));
  ASSERT_EQ(sent.identities.size(), 7u);
  EXPECT_EQ(sent.identities[0], history::identity_of_id("segment", "m"));
  EXPECT_EQ(sent.identities[1], sent.identities[0]);
  EXPECT_EQ(sent.identities[2], history::identity_of_id("segment", "n"));
  EXPECT_EQ(sent.identities[3], history::identity_of_id("segment", "5"));
  EXPECT_EQ(sent.identities[4], sent.identities[5]);
  EXPECT_EQ(sent.identities[6], sent.identities[5]);
  EXPECT_EQ(sent.records,
            "1 a 2026-11-21T19:30:20.000Z paid() id !\n2 b 2026-11-21T19:30:20.000Z -() id !\n"
            "3 a 2026-11-21T19:30:20.000Z paid() id !\n4 a 2026-11-21T19:30:20.000Z paid() id !\n"
            "5 a 2026-11-21T19:30:20.000Z paid() !\n6 a 2026-11-21T19:30:20.000Z paid() !\n7 a 2026-11-21T19:30:20.000Z paid() !\n");
  EXPECT_EQ(sent.faults, "bad_value 1, 7: messageId: {\u2026}\n");
}

// Without an id a record is what it says, and the same as in a log: when it was received and under which key it was sent does not matter.
TEST(WireIds, WithoutAnIdTheContentTells) {
  const std::string one = paid(R"("userId":"u","timestamp":"2026-11-20T10:00:00Z","properties":{"total":5})");
  auto sent = send(batch({one, paid(R"("properties":{"total":"5.00 EUR"},"context":{},"timestamp":"2026-11-20T12:00:00+02:00","userId":"u")"),
      paid(R"("userId":"u","timestamp":"2026-11-20T10:00:00Z","properties":{"total":6})"),
                          paid(R"("userId":"v","timestamp":"2026-11-20T10:00:00Z","properties":{"total":5})"),
                              paid(R"("userId":"u","timestamp":"2026-11-20T10:00:01Z","properties":{"total":5})")}));
  ASSERT_EQ(sent.identities.size(), 5u);
  EXPECT_EQ(sent.identities[0], sent.identities[1]);
  for (std::size_t i = 2; i < 5; ++i) EXPECT_NE(sent.identities[0], sent.identities[i]) << i;
  EXPECT_EQ(send(one, {.received = kReceived + 1}).identities, std::vector{sent.identities[0]});
  EXPECT_EQ(Client().lines(R"({"visitor":"u","at":"2026-11-20T10:00:00Z","event":"paid","fields":{"total":5}})").identities, std::vector{sent.identities[0]});
  EXPECT_EQ(sent.records.find(" id"), std::string::npos);
}

// ---- CloudEvents ----

TEST(WireCloudEvents, OneObject) {
  auto sent = Client().cloud(R"({"id":"44ac","time":"2026-11-21T19:30:11.923Z","type":"cart.viewed","source":"/web","specversion":"1.0","subject":"u1",
      "data":{"value":1.5},"value":9,"userId":"no"})");
  EXPECT_EQ(sent.records, "1 u1 2026-11-21T19:30:11.923Z cart_viewed(value=1500000;) id !\n");
  const std::string_view id[] = {"/web", "44ac"};
  EXPECT_EQ(sent.identities, std::vector{history::identity_of_id("cloudevents", id)});
}

TEST(WireCloudEvents, ABatchIsAList) {
  auto sent = Client().cloud(R"([{"type":"paid","subject":"a","data":{"total":1}}, {"type":"paid","subject":"b"}, 5 ,{"type":"paid","subject":"c",
      "time":"2027-01-01T00:00:00Z"}] )");
  EXPECT_EQ(sent.records, "1 a 2026-11-21T19:30:20.000Z paid(total=100;) !\n2 b 2026-11-21T19:30:20.000Z paid() !\n4 c 2026-11-21T19:30:20.000Z paid() !\n");
  EXPECT_EQ(sent.faults, "bad_json 1, 3: \n");
  EXPECT_EQ(Client().cloud("[]").counts.records, 0u);
}

// `batch` and `sentAt` are Segment's: here they are members like any other.
TEST(WireCloudEvents, SegmentsWordsMeanNothing) {
  auto sent = Client().cloud(R"({"batch":[{"type":"paid","subject":"no"}],"type":"paid","subject":"u","time":"2026-11-20T10:00:00Z",
      "sentAt":"2026-11-20T10:00:03Z","writeKey":"K","anonymousId":"a"})");
  EXPECT_EQ(sent.records, "1 u 2026-11-20T10:00:00.000Z paid() !\n");
  EXPECT_EQ(sent.key, "");
}

TEST(WireCloudEvents, SourceAndIdTellEventsApart) {
  auto sent = Client().cloud(R"([{"type":"paid","subject":"a","source":"/a","id":"1"},{"type":"paid","subject":"b","source":"/a","id":"1"},{"type":"paid",
      "subject":"a","source":"/b","id":"1"},
    {"type":"paid","subject":"a","source":"/a1","id":""},{"type":"paid","subject":"a","id":"1"}])");
  ASSERT_EQ(sent.identities.size(), 5u);
  EXPECT_EQ(sent.identities[0], sent.identities[1]);
  EXPECT_NE(sent.identities[0], sent.identities[2]);
  EXPECT_EQ(sent.identities[3], sent.identities[4]) << "neither has an id, and both say the same";
  EXPECT_NE(sent.records.find("3 a 2026-11-21T19:30:20.000Z paid() id !\n4 a 2026-11-21T19:30:20.000Z paid() !\n5 a"), std::string::npos) << sent.records;
}

TEST(WireCloudEvents, Faults) {
  Client client;
  const auto fault = [&](const std::string& body) { return client.cloud(body).faults; };
  EXPECT_EQ(fault(R"({"type":"paid"})"), "no_visitor 1, 1: \n");
  EXPECT_EQ(fault(R"({"type":"paid","subject":"undefined"})"), "no_visitor 1, 1: undefined\n");
  EXPECT_EQ(fault(R"({"type":"fi.polku.paid","subject":"u"})"), "unknown_event 1, 1: fi.polku.paid\n");
  EXPECT_EQ(fault(R"({"subject":"u"})"), "unknown_event 1, 1: \n");
  EXPECT_EQ(fault(R"({"type":"paid","subject":"u","time":"now"})"), "bad_time 1, 1: now\n");
  EXPECT_EQ(fault(R"({"type":"paid","subject":"u","data":{"total":"x"}})"), "bad_value 1, 1: total: x\n");
  EXPECT_EQ(fault(R"({"type":"paid","subject":"u","data":"text"})"), "");
}

TEST(WireCloudEvents, ADeclaredSource) {
  auto c = a_shop();
  auto s = a_protocol(catalog::Format::CloudEvents);
  s.events_listed = true;
  s.events = {{"fi.example.call.ended", 0}};
  s.fields = {{{0, 0}, "data.cost.sum"}};
  s.attributes = {{3, "data.city"}};
  c.sources = {s};
  const std::string_view id[] = {"/a", "1"};
  auto sent = Client(c).cloud(R"([{"type":"fi.example.call.ended","subject":"\u0061\u0308","source":"/a","id":"1","data":{"cost":{"sum":2},"total":3,
      "city":"Turku"}},{"type":"paid","subject":"u"}])");
  EXPECT_EQ(sent.records, "1 \u00E4 2026-11-21T19:30:20.000Z paid(total=200;) city='Turku' id !\n");
  EXPECT_EQ(sent.faults, "unknown_event 1, 2: paid\n");
  EXPECT_EQ(sent.identities, std::vector{history::identity_of_id("calls", id)});
}

// ---- Lines ----

catalog::Catalog with_shop() {
  auto c = a_shop();
  auto s = a_source();
  s.format = catalog::Format::Ndjson;
  s.id = {"nr"};
  s.merges = "same";
  c.sources = {s};
  return c;
}

TEST(WireLines, TheNativeForm) {
  auto sent = Client().lines(R"({"visitor":"v1","at":"2026-07-01T09:00:00Z","event":"paid","id":"e1","fields":{"total":"55 EUR"}}
{"visitor":"v1","at":"2026-07-01 12:00","event":"visitor updated","fields":{"city":"Turku","tier":null}}
{"visitor":"v1","at":"2026-07-01T09:00:00Z","asked_for":"web.hero"}
{"visitor":"v1","at":"2026-07-01T09:00:00Z","merges":"a\u0308"}
{"visitor":"v1","at":"2026-07-01T09:00:00Z","event":"paid"})");
  EXPECT_EQ(sent.records,
            "1 v1 2026-07-01T09:00:00.000Z paid(total=5500;) id\n"
            "2 v1 2026-07-01T09:00:00.000Z -() tier=? city='Turku'\n"
            "3 v1 2026-07-01T09:00:00.000Z ?(web.hero;)\n"
            "4 v1 2026-07-01T09:00:00.000Z +(\u00E4) ~\u00E4\n"
            "5 v1 2026-07-01T09:00:00.000Z paid()\n");
  EXPECT_EQ(sent.identities[0], history::identity_of_id("", "e1"));
  EXPECT_EQ(sent.faults, "");
}

TEST(WireLines, ASourceByItsName) {
  auto sent = Client(with_shop()).lines("{\"who\":\"v\",\"when\":1000,\"what\":\"PAID\",\"amount\":1.5,\"city\":\"Turku\",\"nr\":7}\n"
      "{\"who\":\"v\",\"when\":1000,\"same\":\"w\"}\n", "shop");
  EXPECT_EQ(sent.records, "1 v 1970-01-01T00:00:01.000Z paid(total=150;) city='Turku' id\n2 v 1970-01-01T00:00:01.000Z +(w) ~w\n");
  EXPECT_EQ(sent.identities[0], history::identity_of_id("shop", "7"));
}

// Whatever was sent before: an unknown source is not the native form.
TEST(WireLines, AnUnknownSourceIsAnError) {
  auto c = with_shop();
  auto csv = a_source();
  csv.name = "table";
  c.sources.push_back(csv);
  const std::string native = R"({"visitor":"v","at":1,"event":"paid"})";
  Client client(c);
  for (int round = 0; round < 2; ++round) {
    for (const char* source : {"shops", "Shop", "segment", "cloudevents", "table", " "})
      EXPECT_EQ(client.lines(native, source).error, "The pack has no source `" + std::string(source) + "` of the format `ndjson`.") << round;
    EXPECT_EQ(client.lines(native).counts.accepted, 1u);
    EXPECT_EQ(client.lines(R"({"who":"v","when":1,"what":"PAID"})", "shop").counts.accepted, 1u);
    EXPECT_EQ(client.send(paid(R"("userId":"u")")).counts.accepted, 1u);
    EXPECT_EQ(client.cloud(R"({"type":"paid","subject":"u"})").counts.accepted, 1u);
  }
}

// Nothing is read, and nothing is counted, before any body, or of one whose source is not known.
TEST(WireLines, WithoutASourceNothingIsRead) {
  const auto c = a_shop();
  base::Texts texts;
  Wire wire(c, texts);
  Record record;
  Envelope envelope;
  EXPECT_FALSE(wire.next(record, envelope));
  EXPECT_EQ(wire.counts().records, 0u);
  const std::string padded = R"({"visitor":"v","at":1,"event":"paid"})" + std::string(kBodyPadding, ' ');
  const std::string_view body = std::string_view(padded).substr(0, padded.size() - kBodyPadding);
  EXPECT_EQ(wire.begin({.form = kLines, .bytes = body, .received = 5}), "");
  EXPECT_TRUE(wire.next(record, envelope));
  EXPECT_NE(wire.begin({.form = kLines, .bytes = body, .source = "x", .received = 5}), "");
  EXPECT_FALSE(wire.next(record, envelope));
  EXPECT_EQ(wire.counts().records, 0u);
}

// A source may be called like the protocols that need no source.
TEST(WireLines, SourcesCalledLikeProtocols) {
  for (const char* name : {"segment", "cloudevents"}) {
    auto c = with_shop();
    c.sources[0].name = name;
    Client client(c);
    for (int round = 0; round < 2; ++round) {
      EXPECT_EQ(client.send(paid(R"("userId":"u")")).records, "1 u 2026-11-21T19:30:20.000Z paid() !\n");
      EXPECT_EQ(client.cloud(R"({"type":"paid","subject":"u"})").records, "1 u 2026-11-21T19:30:20.000Z paid() !\n");
      EXPECT_EQ(client.lines(R"({"who":"v","when":1,"what":"PAID"})", name).records, "1 v 1970-01-01T00:00:00.001Z paid()\n");
    }
  }
}

TEST(WireLines, AnyLineEndAndBlankLines) {
  const std::string line = R"({"visitor":"v","at":1,"event":"paid"})";
  for (const auto& body : {line + "\n" + line, line + "\r\n" + line + "\r\n", "\n\n" + line + "\n \t\r\n\r\n  " + line + "  \r\n\n", line + "\n" + line +
      "\n\r\n \n"}) {
    auto sent = Client().lines(body);
    EXPECT_EQ(sent.counts.records, 2u) << body;
    EXPECT_EQ(sent.counts.accepted, 2u) << body;
  }
  for (const char* empty : {"", "\n", " ", "\r\n\r\n", "\t\n "}) {
    auto sent = Client().lines(empty);
    EXPECT_EQ(sent.error, "");
    EXPECT_EQ(sent.counts.records, 0u);
  }
}

TEST(WireLines, BadLinesAreCountedAndTheOthersTaken) {
  const std::string good = R"({"visitor":"v","at":1,"event":"paid"})";
  for (const char* bad : {"x", "[1]", "5", "\"a\"", "{", "}", "{]", "{\"visitor\":\"v\"", "{}}", "{\"a\":\"\xFF\"}", "{\"a\":\"b}", "{\"a\":1} x", "\xEF\xBB",
      "{\"\\ud800\":1}", "\""}) {
    auto sent = Client().lines(good + "\n" + bad + "\n" + good);
    EXPECT_EQ(sent.counts.accepted, 2u) << bad;
    EXPECT_EQ(sent.of(Reject::bad_json), 1u) << bad;
    EXPECT_EQ(sent.first(Reject::bad_json).line, 2u) << bad;
  }
  EXPECT_EQ(Client().lines(good + "\n{\"visitor\":\"v\",\"at\":1,\"event\":\"nope\"}\n"
      "{\"visitor\":\"v\",\"at\":\"x\",\"event\":\"paid\"}\n{\"at\":1,\"event\":\"paid\"}\n" + good).faults,
            "no_visitor 1, 4: (nothing)\nbad_time 1, 3: x\nunknown_event 1, 2: nope\n");
}

// Who is not trusted cannot say when a record was received, and nothing happens later than that.
TEST(WireLines, ReceivedIsTheBodysUnlessItIsTrusted) {
  const std::string early = R"({"visitor":"v","at":"2026-11-20T10:00:00Z","event":"paid","received":"2026-11-20T11:00:00Z"})",
      late = R"({"visitor":"v","at":"2030-01-01T00:00:00Z","event":"paid"})";
  EXPECT_EQ(Client().lines(early + "\n" + late).records, "1 v 2026-11-20T10:00:00.000Z paid()\n2 v 2026-11-21T19:30:20.000Z paid()\n");
  EXPECT_EQ(send(early + "\n" + late, {.form = kLines, .trusted = true}).records,
            "1 v 2026-11-20T10:00:00.000Z @2026-11-20T11:00:00.000Z paid()\n2 v 2030-01-01T00:00:00.000Z @2030-01-01T00:00:00.000Z paid()\n");
}

// ---- Bodies that nobody should send ----

TEST(WireHostile, WhatIsNoJsonHasNoRecords) {
  const std::string good = paid(R"("userId":"u")");
  const std::vector<std::string> bad = {
      "", " ", "\r\n\t ", "[", "{", "]", "}", "5", "\"a\"", "\"", "null", "true", "x", "{\"batch\":", "{\"batch\":[", "{\"batch\":[{", "{\"batch\":[{}",
          "{\"batch\":[{}]", "{\"batch\":1}", "{\"batch\":null}", "{\"batch\":{}}",
      "{\"batch\":\"[]\"}", "{\"batch\" []}", "{\"batch\":[}", "{\"batch\":[{]}", "{batch:[]}", good + good, good + "x", good + "}", good + "]", good + ",",
          batch({good}) + "{}", batch({good}) + "]", batch({good}) + " 1",
      "[" + good, "[" + good + "]]", "[" + good + "],", "[" + good + "][]", "[" + good + " " + good + "]", batch({good + good}), "[\"\xFF\"]", good.substr(0,
          good.size() - 1), std::string("{\0}", 3), std::string(1000, '['),
      std::string(1000, '{'), std::string(3000, '"'), "{\"batch\":[{}],\"batch\":[", "{\"batch\":[" + good + "],\"batch\":7}", "{\"a\":\"\t\"}", "{\"batch\":["
          + good + "],\"a\":"};
  Client client;
  for (const auto& body : bad)
    for (const Form form : {kSegment, kCloud}) {
      auto sent = client.send(body, {.form = form, .kind = "track"});
      EXPECT_TRUE(sent.error == "The body is no JSON object or list of them." || (form == kCloud && sent.counts.records > 0)) << body.substr(0, 100);
      EXPECT_EQ(sent.records, "") << body.substr(0, 100);
    }
}

TEST(WireHostile, EveryItemIsTakenOrCounted) {
  for (const Form form : {kSegment, kCloud}) {
    auto sent = send("[1,\"a\",null,{},[],[[{}]],true,-0.5e3,{\"a\":[{}]}]", {.form = form});
    EXPECT_EQ(sent.counts.records, 9u);
    EXPECT_EQ(sent.of(Reject::bad_json), 7u);
    EXPECT_EQ(sent.of(Reject::no_visitor), 2u);
  }
  auto sent = send(R"({"batch":[1,"a",null,{}]})");
  EXPECT_EQ(sent.faults, "bad_json 3, 1: \nno_visitor 1, 4: \n");
  EXPECT_EQ(send(R"({"batch":[]})").counts.records, 0u);
  EXPECT_EQ(send("{}").faults, "no_visitor 1, 1: \n");
}

// An item that is broken inside does not take the others with it.
TEST(WireHostile, BrokenItemsOfABatch) {
  const std::string good = paid(R"("userId":"u")");
  for (const char* bad : {R"({"a":tru})", R"({"a":01})", R"({"a":1 2})", R"({"a":"\x"})", R"({"a":"\ud800"})", R"({"a":1,2:3})", R"({"a":1,})",
      R"({"a":1,"b" "c"})", R"({"userId":nul,"x":1})"}) {
    auto sent = send(batch({good, bad, good}));
    EXPECT_EQ(sent.counts.accepted, 2u) << bad;
    EXPECT_EQ(sent.of(Reject::bad_json), 1u) << bad;
    EXPECT_EQ(sent.first(Reject::bad_json).line, 2u) << bad;
  }
}

TEST(WireHostile, TooDeepIsNoRecord) {
  const std::string good = paid(R"("userId":"u")");
  for (const int levels : {200, 2000, 100000}) {
    const auto n = static_cast<std::size_t>(levels);
    std::string objects;
    for (std::size_t i = 0; i < n; ++i) objects += "{\"a\":";
    const std::string lists = paid(R"("userId":"u","x":)" + std::string(n, '[') + std::string(n, ']')), deep = objects + "1" + std::string(n, '}');
    auto sent = send(batch({good, lists, deep, good}));
    EXPECT_EQ(sent.error, "") << levels;
    EXPECT_EQ(sent.counts.accepted, 2u) << levels;
    EXPECT_EQ(sent.of(Reject::bad_json), 2u) << levels;
    EXPECT_EQ(send(lists).of(Reject::bad_json), 1u) << levels;
    EXPECT_EQ(Client().lines(deep).of(Reject::bad_json), 1u) << levels;
  }
  const std::string list(200, '[');
  EXPECT_EQ(send(list + std::string(200, ']')).of(Reject::bad_json), 1u);
}

TEST(WireHostile, TheFirstOfAKeyCounts) {
  EXPECT_EQ(send(R"({"type":"track","type":"page","userId":"a","userId":"b","event":"paid","event":"all","properties":{"total":1,"total":2},
      "properties":{"total":3},"messageId":"m","messageId":"n"})").records,
            "1 a 2026-11-21T19:30:20.000Z paid(total=100;) id !\n");
  const std::string item = paid(R"("userId":"u","timestamp":"2026-11-21T19:30:10Z")");
  auto sent = send(batch({item}, R"(,"sentAt":"2026-11-21T19:30:11Z","sentAt":"2026-11-21T19:30:12Z","writeKey":"A","writeKey":"B")"));
  EXPECT_EQ(sent.records, "1 u 2026-11-21T19:30:19.000Z paid() !\n");
  EXPECT_EQ(sent.key, "A");
}

// No record is lost, whichever list it stands in.
TEST(WireHostile, ABatchThatComesTwiceIsReadTwice) {
  const std::string a = paid(R"("userId":"a")"), b = paid(R"("userId":"b")");
  EXPECT_EQ(send("{\"batch\":[" + a + "],\"x\":[{}],\"batch\":[" + b + "]}").records,
      "1 a 2026-11-21T19:30:20.000Z paid() !\n2 b 2026-11-21T19:30:20.000Z paid() !\n");
}

TEST(WireHostile, EscapesInKeysAndNames) {
  auto sent = send(R"({"b\u0061tch":[{"us\u0065rId":"\u0075\u0022\\\u0000x","typ\u0065":"tr\u0061ck","event":"C\u0061rt\u0020Viewed",
      "prop\u0065rties":{"v\u0061lue":1},"mess\u0061geId":"\u006d"}],"writ\u0065Key":"W\u004b","s\u0065ntAt":"x"})");
  EXPECT_EQ(sent.records, std::string("1 u\"\\\0x", 7) + " 2026-11-21T19:30:20.000Z cart_viewed(value=1000000;) id !\n");
  EXPECT_EQ(sent.key, "WK");
  EXPECT_EQ(sent.identities, std::vector{history::identity_of_id("segment", "m")});
}

// Members of the body that nobody asks for may be anything.
TEST(WireHostile, StrangeMembersOfTheBody) {
  auto sent = send(R"({"a":{"batch":[1]},"sentAt":{"x":["y"]},"b":[[[{}]]],"writeKey":17,"c":"]}","d":null,"batch":[)" + paid(R"("userId":"u")")
      + R"(],"e":{"sentAt":1},"writeKey":["K"]})");
  EXPECT_EQ(sent.records, "1 u 2026-11-21T19:30:20.000Z paid() !\n");
  EXPECT_EQ(sent.key, "");
}

TEST(WireHostile, AnItemThatIsTooLongIsLeftOutAndTheOthersAreTaken) {
  const std::string good = paid(R"("userId":"u")"), large = paid(R"("userId":"large","x":")" + std::string(5u << 20, 'x') + "\"");
  auto sent = send(batch({good, large, good}));
  EXPECT_EQ(sent.records, "1 u 2026-11-21T19:30:20.000Z paid() !\n3 u 2026-11-21T19:30:20.000Z paid() !\n");
  EXPECT_EQ(sent.of(Reject::too_long), 1u);
  EXPECT_EQ(sent.first(Reject::too_long).line, 2u);
  EXPECT_EQ(send(large).of(Reject::too_long), 1u);
  EXPECT_EQ(Client().lines(large + "\n{\"visitor\":\"v\",\"at\":1,\"event\":\"paid\"}").faults.substr(0, 12), "too_long 1, ");
  // The longest that is taken, and a byte more.
  const std::string longest = paid(R"("userId":"u","x":")" + std::string(kLongest - paid(R"("userId":"u","x":"")").size(), 'x') + "\"");
  ASSERT_EQ(longest.size(), kLongest);
  EXPECT_EQ(send(batch({longest})).counts.accepted, 1u);
  EXPECT_EQ(send(batch({longest.substr(0, kLongest - 2) + "x\"}"})).of(Reject::too_long), 1u);
}

TEST(WireHostile, ManyItemsAreTakenInOrder) {
  std::string items, expected;
  for (int i = 1; i <= 5000; ++i) {
    items += (i > 1 ? "," : "") + paid("\"userId\":\"v" + std::to_string(i) + "\"");
    expected += std::to_string(i) + " v" + std::to_string(i) + " 2026-11-21T19:30:20.000Z paid() !\n";
  }
  EXPECT_EQ(send("{\"batch\":[" + items + "]}").records, expected);
}

// Bodies cut short and bodies with bytes changed: each is refused, or all its records are taken or counted (the client checks that of every body).
TEST(WireHostile, DamagedBodies) {
  const std::string whole = batch({paid(R"("userId":"u\u0031","properties":{"total":"5 EUR"},"messageId":"m")"),
      R"({"type":"identify","userId":7,"traits":{"city":"T\n"},"x":[[],{}]})", "null", "[1]"},
                                  R"(,"sentAt":"2026-11-21T19:30:11Z","writeKey":"K")");
  const std::string lines = R"({"visitor":"v","at":1,"event":"paid","fields":{"total":5}})" "\r\n" R"({"visitor":"v\u0031","at":"2026-07-01","merges":"w"})"
      "\n";
  Client client;
  ASSERT_EQ(client.send(whole).counts.accepted, 2u);
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(client.send(whole.substr(0, size)).error, "") << size;
  for (std::size_t size = 0; size < lines.size(); ++size) client.lines(lines.substr(0, size));
  std::mt19937 random(7);
  const std::string_view bytes = "\"\\{}[],: \n\r0e-tn\x01\xFF\xC3u";
  for (int round = 0; round < 4000; ++round) {
    const Form form = round % 3 == 0 ? kSegment : round % 3 == 1 ? kCloud : kLines;
    std::string body = form == kLines ? lines : form == kCloud ? whole.substr(9, whole.find("],\"sentAt") - 8) : whole;
    for (auto changes = random() % 3 + 1; changes > 0; --changes) {
      const auto at = random() % body.size();
      if (random() % 3 == 0) body.erase(at, random() % 9);
      else if (random() % 2 == 0) body.insert(at, 1, bytes[random() % bytes.size()]);
      else body[at] = bytes[random() % bytes.size()];
      if (body.empty()) body = " ";
    }
    client.send(body, {.form = form, .kind = "track", .trusted = round % 2 == 0});
  }
}

}  // namespace
}  // namespace polku::ingest
