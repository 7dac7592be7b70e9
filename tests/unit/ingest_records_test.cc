// What a record can be besides an event, and when it was received.
#include "tests/unit/ingest_world.h"

namespace polku::ingest {
namespace {

// ---- Requests ----

TEST(IngestRequests, NativeNdjson) {
  auto took = take(R"(
{"visitor":"v","at":1,"asked_for":"web.hero"}
{"visitor":"v","at":2,"asked_for":["a\u0308pp.top","web.sidebar","web.hero","web.sidebar"],"id":"r1"}
{"visitor":"v","at":3,"event":null,"asked_for":["web.sidebar"],"fields":{"tier":"gold"}}
{"visitor":"v","at":4,"event":"paid","asked_for":null,"fields":{"total":1}}
{"visitor":"v","at":4,"event":"paid","asked_for":"","fields":{"total":1,"asked_for":"x"}}
{"visitor":"v","at":5,"event":"visitor updated","fields":{"tier":"gold"}}
)");
  EXPECT_EQ(took.records,
            "2 v 1970-01-01T00:00:00.001Z ?(web.hero;)\n"
            "3 v 1970-01-01T00:00:00.002Z ?(web.hero;web.sidebar;\u00E4pp.top;) id\n"
            "4 v 1970-01-01T00:00:00.003Z ?(web.sidebar;)\n"
            "5 v 1970-01-01T00:00:00.004Z paid(total=100;)\n"
            "6 v 1970-01-01T00:00:00.004Z paid(total=100;)\n"
            "7 v 1970-01-01T00:00:00.005Z -() tier=1\n");
  EXPECT_EQ(took.of(Reject::unknown_field), 2u);
  EXPECT_EQ(took.first(Reject::unknown_field).what, "fields.tier: gold");  // as with events, attributes come with `visitor updated`
  EXPECT_EQ(took.identities[1], history::identity_of_id("", "r1"));
}

TEST(IngestRequests, FaultsOfRequests) {
  const auto told = [](const std::string& asked, Reject reject, const std::string& what) {
    auto took = take("{\"visitor\":\"v\",\"at\":1,\"asked_for\":" + asked + "}");
    EXPECT_EQ(took.of(reject), 1u) << asked;
    EXPECT_EQ(took.first(reject).what, what) << asked;
    EXPECT_EQ(took.counts.accepted, 0u) << asked;
  };
  told("[]", Reject::no_slot, "[\u2026]");
  told("\"web.footer\"", Reject::unknown_slot, "web.footer");
  told("[\"web.hero\",\"web.footer\"]", Reject::unknown_slot, "web.footer");
  told("[\"web.hero\",7]", Reject::unknown_slot, "7");
  told("[\"web.hero\",null]", Reject::unknown_slot, "null");
  told("[[\"web.hero\"]]", Reject::unknown_slot, "[\u2026]");
  told("[\"\"]", Reject::unknown_slot, "");
  told("\"email\"", Reject::unknown_slot, "email");
  told("\"email.hero\"", Reject::unknown_slot, "email.hero");
  told("\"WEB.hero\"", Reject::unknown_slot, "WEB.hero");
  told("\"web.hero;web.sidebar\"", Reject::unknown_slot, "web.hero;web.sidebar");  // a list in JSON is a list
  told("true", Reject::unknown_slot, "true");
  told("{\"web\":\"hero\"}", Reject::unknown_slot, "{\u2026}");
  for (const char* event : {"paid", "visitor updated", "nonsense"}) {
    auto took = take("{\"visitor\":\"v\",\"at\":1,\"event\":\"" + std::string(event) + "\",\"asked_for\":\"web.hero\"}");
    EXPECT_EQ(took.of(Reject::event_and_request), 1u);
    EXPECT_EQ(took.first(Reject::event_and_request).what, event);
    EXPECT_EQ(took.counts.faults(), 1u);
  }
  EXPECT_EQ(take("{\"visitor\":\"v\",\"at\":1,\"asked_for\":null}").of(Reject::no_event), 1u);
  EXPECT_EQ(take("{\"visitor\":\"v\",\"at\":1,\"fields\":{\"asked_for\":\"web.hero\"}}").of(Reject::no_event), 1u);
  auto no_slots = a_catalog();
  no_slots.channels.clear();
  EXPECT_EQ(take("{\"visitor\":\"v\",\"at\":1,\"asked_for\":\"web.hero\"}", nullptr, no_slots).of(Reject::unknown_slot), 1u);
}

TEST(IngestRequests, NativeCsv) {
  auto took = take("visitor,at,event,asked_for,total\n"
                   "v,1970-01-01T00:00:01Z,,web.hero,\n"
                   "v,1970-01-01T00:00:02Z,, web.sidebar ;a\u0308pp.top;web.hero,\n"
                   "v,1970-01-01T00:00:03Z,paid,,2\n"
                   "v,1970-01-01T00:00:04Z,,web.hero;,\n"
                   "v,1970-01-01T00:00:05Z,paid,web.hero,\n"
                   "v,1970-01-01T00:00:06Z,,web.\xFF,\n"
                   "v,1970-01-01T00:00:07Z,,web.hero,3\n");
  EXPECT_EQ(took.records,
            "2 v 1970-01-01T00:00:01.000Z ?(web.hero;)\n"
            "3 v 1970-01-01T00:00:02.000Z ?(web.hero;web.sidebar;\u00E4pp.top;)\n"
            "4 v 1970-01-01T00:00:03.000Z paid(total=200;)\n"
            "8 v 1970-01-01T00:00:07.000Z ?(web.hero;)\n");
  EXPECT_EQ(took.of(Reject::unknown_slot), 1u);
  EXPECT_EQ(took.of(Reject::event_and_request), 1u);
  EXPECT_EQ(took.of(Reject::bad_text), 1u);
  EXPECT_EQ(took.of(Reject::unknown_field), 1u);  // a request has no fields
  EXPECT_EQ(take("visitor,at,asked_for\nv,1970-01-01T00:00:01Z,web.hero\nv,1970-01-01T00:00:02Z,\n").records, "2 v 1970-01-01T00:00:01.000Z ?(web.hero;)\n");
}

TEST(IngestRequests, OfASource) {
  auto source = a_source();
  source.asked = "places";
  auto csv = take("who,when,what,amount,city,places\n"
                  "a,1970-01-01T00:00:01Z,,,Turku,web.sidebar;web.hero\n"
                  "a,1970-01-01T00:00:02Z,PAID,1,Oulu,\n"
                  "a,1970-01-01T00:00:03Z,,,Oulu,\n"
                  "a,1970-01-01T00:00:04Z,PAID,1,Oulu,web.hero\n"
                  "a,1970-01-01T00:00:05Z,,,Oulu,web.footer\n",
                  &source);
  EXPECT_EQ(csv.records,
            "2 a 1970-01-01T00:00:01.000Z ?(web.hero;web.sidebar;) city='Turku'\n"
            "3 a 1970-01-01T00:00:02.000Z paid(total=100;) city='Oulu'\n"
            "4 a 1970-01-01T00:00:03.000Z -() city='Oulu'\n");
  EXPECT_EQ(csv.of(Reject::event_and_request), 1u);
  EXPECT_EQ(csv.of(Reject::unknown_slot), 1u);
  EXPECT_EQ(take(std::string(kHead), &source).of(Reject::missing_column), 1u);

  source.format = catalog::Format::Ndjson;
  source.asked = "page.slots";
  auto json = take("{\"who\":\"a\",\"when\":1,\"page\":{\"slots\":[\"web.hero\"]},\"city\":\"Turku\"}\n{\"who\":\"a\",\"when\":2,\"what\":\"PAID\",\"page\":{\"slots\":[]}}\n"
                   "{\"who\":\"a\",\"when\":2,\"what\":\"PAID\",\"page\":{}}\n{\"who\":\"a\",\"when\":3,\"page.slots\":\"web.sidebar\"}\n{\"who\":\"a\",\"when\":3}\n",
                   &source);
  EXPECT_EQ(json.records,
            "1 a 1970-01-01T00:00:00.001Z ?(web.hero;) city='Turku'\n"
            "3 a 1970-01-01T00:00:00.002Z paid()\n"
            "4 a 1970-01-01T00:00:00.003Z ?(web.sidebar;)\n");
  EXPECT_EQ(json.of(Reject::event_and_request), 1u);
  EXPECT_EQ(json.of(Reject::no_event), 1u);

  // A source that has nothing but requests.
  catalog::Source only;
  only.name = "page";
  only.format = catalog::Format::Csv;
  only.visitor = "who";
  only.time = "when";
  only.asked = "slot";
  EXPECT_EQ(take("who,when,slot\na,1970-01-01T00:00:01Z,web.hero\n", &only).records, "2 a 1970-01-01T00:00:01.000Z ?(web.hero;)\n");
  EXPECT_EQ(take("who,when,slots\na,1970-01-01T00:00:01Z,web.hero\n", &only).error, "The header has no column `slot`, where the slots asked for should stand. Did you mean `slots`?");
  // Without the key, nothing is a request.
  auto plain = a_source();
  EXPECT_EQ(take("who,when,what,amount,city,asked_for\na,1970-01-01T00:00:01Z,PAID,1,,web.hero\n", &plain).records, "2 a 1970-01-01T00:00:01.000Z paid(total=100;)\n");
}

TEST(IngestRequests, EqualOnesHaveEqualIdentities) {
  auto one = take("{\"visitor\":\"v\",\"at\":1000,\"asked_for\":[\"web.hero\",\"web.sidebar\"]}").identities;
  EXPECT_EQ(take("visitor,at,asked_for\nv,1970-01-01T00:00:01Z,web.sidebar;web.hero\n").identities, one);
  EXPECT_NE(take("visitor,at,asked_for\nv,1970-01-01T00:00:01Z,web.hero\n").identities, one);
  EXPECT_NE(take("visitor,at,asked_for\nv,1970-01-01T00:00:02Z,web.hero;web.sidebar\n").identities, one);
}

// ---- The time of receipt ----

TEST(IngestReceived, NativeNdjson) {
  auto took = take(R"(
{"visitor":"v","at":"1970-01-01T00:00:01Z","received":"1970-01-01T00:00:05Z","event":"paid"}
{"visitor":"v","at":1000,"received":5000,"event":"visitor updated","fields":{"tier":"gold"}}
{"visitor":"v","at":1000,"received":"1970-01-01 02:00:05","asked_for":"web.hero"}
{"visitor":"v","at":1000,"received":null,"event":"paid"}
{"visitor":"v","at":1000,"received":"","event":"paid"}
{"visitor":"v","at":1000,"event":"paid","fields":{"received":5000}}
{"visitor":"v","at":1000,"received":500,"event":"paid"}
)");
  EXPECT_EQ(took.records,
            "2 v 1970-01-01T00:00:01.000Z @1970-01-01T00:00:05.000Z paid()\n"
            "3 v 1970-01-01T00:00:01.000Z @1970-01-01T00:00:05.000Z -() tier=1\n"
            "4 v 1970-01-01T00:00:01.000Z @1970-01-01T00:00:05.000Z ?(web.hero;)\n"
            "5 v 1970-01-01T00:00:01.000Z paid()\n"
            "6 v 1970-01-01T00:00:01.000Z paid()\n"
            "7 v 1970-01-01T00:00:01.000Z paid()\n"
            "8 v 1970-01-01T00:00:01.000Z @1970-01-01T00:00:00.500Z paid()\n");  // before its own time: the engine's business
  EXPECT_EQ(took.counts.faults(), 1u);
  EXPECT_EQ(took.first(Reject::unknown_field).what, "received: 5000");
}

TEST(IngestReceived, WhatIsNoTimeIsRefused) {
  const std::pair<const char*, const char*> cases[] = {{"\"yesterday\"", "yesterday"}, {"\" \"", " "}, {"1.5", "1.5"}, {"9999999999999999", "9999999999999999"}, {"true", "true"}, {"[1]", "[\u2026]"}, {"{}", "{\u2026}"}};
  for (auto [received, what] : cases) {
    auto took = take("{\"visitor\":\"v\",\"at\":1,\"event\":\"paid\",\"received\":" + std::string(received) + "}\n{\"visitor\":\"v\",\"at\":1,\"event\":\"paid\"}");
    EXPECT_EQ(took.of(Reject::bad_received), 1u) << received;
    EXPECT_EQ(took.first(Reject::bad_received).what, what) << received;
    EXPECT_EQ(took.counts.faults(), 1u) << received;
    EXPECT_EQ(took.records, "2 v 1970-01-01T00:00:00.001Z paid()\n") << received;  // and nothing of it stays
  }
  // The first thing that is wrong is told.
  auto took = take("{\"visitor\":\"v\",\"at\":\"x\",\"event\":\"nonsense\",\"received\":\"y\"}\n{\"visitor\":\"v\",\"at\":1,\"event\":\"nonsense\",\"received\":\"y\"}");
  EXPECT_EQ(took.of(Reject::bad_time), 1u);
  EXPECT_EQ(took.of(Reject::bad_received), 1u);
  EXPECT_EQ(took.counts.faults(), 2u);
  EXPECT_TRUE(reject_refuses(Reject::bad_received));
}

TEST(IngestReceived, NativeCsv) {
  auto took = take("visitor,at,received,event\n"
                   "v,1970-01-01T00:00:01Z,1970-01-01T00:00:05Z,paid\n"
                   "v,1970-01-01T00:00:01Z,,paid\n"
                   "v,1970-01-01T00:00:01Z,\"\",paid\n"
                   "v,1970-01-01T00:00:01Z,\"1970-01-01 02:00:05\",paid\n"
                   "v,1970-01-01T00:00:01Z,5000,paid\n"
                   "v,1970-01-01T00:00:01Z,\xFF,paid\n");
  EXPECT_EQ(took.records,
            "2 v 1970-01-01T00:00:01.000Z @1970-01-01T00:00:05.000Z paid()\n"
            "3 v 1970-01-01T00:00:01.000Z paid()\n"
            "4 v 1970-01-01T00:00:01.000Z paid()\n"
            "5 v 1970-01-01T00:00:01.000Z @1970-01-01T00:00:05.000Z paid()\n");
  EXPECT_EQ(took.of(Reject::bad_received), 1u);
  EXPECT_EQ(took.of(Reject::bad_text), 1u);
}

TEST(IngestReceived, OfASource) {
  auto source = a_source();
  source.received = "arrived";
  source.zone = "America/New_York";
  const std::string head = "who,when,what,amount,city,arrived\n";
  EXPECT_EQ(take(head + "a,1970-01-01T00:00:01Z,PAID,1,,1970-01-01 00:00:05\na,1970-01-01T00:00:01Z,PAID,1,,\na,1970-01-01T00:00:01Z,,,Oulu,1970-01-02T00:00Z\n", &source).records,
            "2 a 1970-01-01T00:00:01.000Z @1970-01-01T05:00:05.000Z paid(total=100;)\n"
            "3 a 1970-01-01T00:00:01.000Z paid(total=100;)\n"
            "4 a 1970-01-01T00:00:01.000Z @1970-01-02T00:00:00.000Z -() city='Oulu'\n");
  auto took = take(std::string(kHead) + "a,1970-01-01T00:00:01Z,PAID,1,\n", &source);
  EXPECT_EQ(took.records, "2 a 1970-01-01T00:00:01.000Z paid(total=100;)\n");
  EXPECT_EQ(took.first(Reject::missing_column).what, "arrived");

  source.format = catalog::Format::Ndjson;
  source.received = "context.receivedAt";
  took = take(R"({"who":"a","when":1000,"what":"PAID","context":{"receivedAt":5000}}
{"who":"a","when":1000,"what":"PAID","context":{"receivedAt":"soon"}}
{"who":"a","when":1000,"what":"PAID","context":{}})", &source);
  EXPECT_EQ(took.records, "1 a 1970-01-01T00:00:01.000Z @1970-01-01T00:00:05.000Z paid()\n3 a 1970-01-01T00:00:01.000Z paid()\n");
  EXPECT_EQ(took.of(Reject::bad_received), 1u);
  // Without the key, nobody asks for it.
  auto plain = a_source();
  EXPECT_EQ(take("who,when,what,amount,city,received\na,1970-01-01T00:00:01Z,PAID,1,,x\n", &plain).records, "2 a 1970-01-01T00:00:01.000Z paid(total=100;)\n");
}

TEST(IngestReceived, IsNoPartOfTheIdentity) {
  const auto one = take(R"({"visitor":"v","at":1,"event":"paid"})").identities;
  EXPECT_EQ(take(R"({"visitor":"v","at":1,"event":"paid","received":7})").identities, one);
}

// ---- Merges ----

TEST(IngestMerges, NativeNdjson) {
  auto took = take(R"(
{"visitor":"b","at":1,"merges":"a"}
{"visitor":"b","at":2,"received":5,"merges":"a","id":"m1","event":null,"asked_for":""}
{"visitor":"17","at":3,"merges":18}
{"visitor":"b","at":4,"merges":" a "}
{"visitor":"b","at":5,"merges":"b"}
{"visitor":"b","at":6,"merges":"a","fields":{"tier":"gold","total":1}}
{"visitor":"b","at":7,"event":"paid","merges":null}
{"visitor":"b","at":8,"event":"paid","merges":""}
{"visitor":"b","at":9,"event":"paid","merges":" \t\n"}
{"visitor":"b","at":10,"asked_for":"web.hero","merges":" "}
{"visitor":"b","at":11,"event":"paid","fields":{"merges":"a"}}
)");
  EXPECT_EQ(took.records,
            "2 b 1970-01-01T00:00:00.001Z +(a)\n"
            "3 b 1970-01-01T00:00:00.002Z @1970-01-01T00:00:00.005Z +(a) id\n"
            "4 17 1970-01-01T00:00:00.003Z +(18)\n"
            "5 b 1970-01-01T00:00:00.004Z +( a )\n"  // an id stays as it is written, as everywhere
            "6 b 1970-01-01T00:00:00.005Z +(b)\n"
            "7 b 1970-01-01T00:00:00.006Z +(a)\n"
            "8 b 1970-01-01T00:00:00.007Z paid()\n"
            "9 b 1970-01-01T00:00:00.008Z paid()\n"
            "10 b 1970-01-01T00:00:00.009Z paid()\n"
            "11 b 1970-01-01T00:00:00.010Z ?(web.hero;)\n"
            "12 b 1970-01-01T00:00:00.011Z paid()\n");
  EXPECT_EQ(took.of(Reject::unknown_field), 3u);  // attributes come with `visitor updated`
  EXPECT_EQ(took.first(Reject::unknown_field).what, "fields.tier: gold");
  EXPECT_EQ(took.counts.faults(), 3u);
  EXPECT_EQ(took.identities[1], history::identity_of_id("", "m1"));
}

TEST(IngestMerges, AMergeIsNothingElse) {
  for (const char* event : {"paid", "visitor updated", "nonsense"}) {
    auto took = take("{\"visitor\":\"b\",\"at\":1,\"merges\":\"a\",\"event\":\"" + std::string(event) + "\"}\n{\"visitor\":\"b\",\"at\":1,\"event\":\"paid\"}");
    EXPECT_EQ(took.of(Reject::merge_and_more), 1u);
    EXPECT_EQ(took.first(Reject::merge_and_more).what, event);
    EXPECT_EQ(took.counts.faults(), 1u);
    EXPECT_EQ(took.records, "2 b 1970-01-01T00:00:00.001Z paid()\n");
  }
  for (const char* asked : {"\"web.hero\"", "[]", "\"web.footer\""}) {
    auto took = take("{\"visitor\":\"b\",\"at\":1,\"merges\":\"a\",\"asked_for\":" + std::string(asked) + "}");
    EXPECT_EQ(took.of(Reject::merge_and_more), 1u) << asked;
    EXPECT_EQ(took.counts.faults(), 1u) << asked;
  }
  EXPECT_EQ(take(R"({"visitor":"b","at":1,"merges":"a","event":"paid","asked_for":"web.hero"})").of(Reject::merge_and_more), 1u);
  EXPECT_TRUE(reject_refuses(Reject::merge_and_more));
}

TEST(IngestMerges, TheOtherVisitorIsCheckedLikeAVisitor) {
  const std::pair<const char*, const char*> cases[] = {{"true", "true"}, {"false", "false"}, {"[\"a\"]", "[\u2026]"}, {"[]", "[\u2026]"}, {"{\"id\":\"a\"}", "{\u2026}"}};
  for (auto [other, what] : cases) {
    auto took = take("{\"visitor\":\"b\",\"at\":1,\"merges\":" + std::string(other) + "}");
    EXPECT_EQ(took.of(Reject::bad_merge), 1u) << other;
    EXPECT_EQ(took.first(Reject::bad_merge).what, what) << other;
    EXPECT_EQ(took.counts.faults(), 1u) << other;
  }
  // The rest of the record is checked first, as for every other.
  EXPECT_EQ(take(R"({"at":1,"merges":"a"})").of(Reject::no_visitor), 1u);
  EXPECT_EQ(take(R"({"visitor":"b","merges":"a"})").of(Reject::bad_time), 1u);
  EXPECT_EQ(take(R"({"visitor":"b","at":1,"received":"x","merges":"a"})").of(Reject::bad_received), 1u);
  EXPECT_EQ(take(R"({"visitor":"b","at":1,"merges":null})").of(Reject::no_event), 1u);
  EXPECT_EQ(take(R"({"visitor":"b","at":1,"merges":" "})").of(Reject::no_event), 1u);
}

TEST(IngestMerges, IdsAreComparedInNfc) {
  const auto composed = take("{\"visitor\":\"\u00E4\",\"at\":1,\"merges\":\"\u00F6\"}");
  const auto apart = take("{\"visitor\":\"a\u0308\",\"at\":1,\"merges\":\"o\u0308\"}");
  EXPECT_EQ(composed.records, "1 \u00E4 1970-01-01T00:00:00.001Z +(\u00F6)\n");
  EXPECT_EQ(apart.records, composed.records);
  EXPECT_EQ(apart.identities, composed.identities);
  EXPECT_EQ(take("{\"visitor\":\"\u00E4\",\"at\":1,\"merges\":\"a\\u0308\"}").records, "1 \u00E4 1970-01-01T00:00:00.001Z +(\u00E4)\n");
}

TEST(IngestMerges, NativeCsv) {
  auto took = take("visitor,at,event,asked_for,merges,total\n"
                   "b,1970-01-01T00:00:01Z,,,a,\n"
                   "b,1970-01-01T00:00:02Z,,,\"x, \"\"y\"\"\nz\",\n"
                   "b,1970-01-01T00:00:03Z,paid,,\"\",2\n"
                   "b,1970-01-01T00:00:04Z,paid,,  ,2\n"
                   "b,1970-01-01T00:00:05Z,paid,,\"\r\n\",2\n"
                   "b,1970-01-01T00:00:06Z,paid,,a,2\n"
                   "b,1970-01-01T00:00:07Z,,web.hero,a,\n"
                   "b,1970-01-01T00:00:08Z,,,\xC3,\n"
                   "b,1970-01-01T00:00:09Z,,,a;c,3\n"
                   "b,1970-01-01T00:00:10Z,,,o\u0308,\n"
                   "b,1970-01-01T00:00:11Z,,,,\n");
  EXPECT_EQ(took.records,
            "2 b 1970-01-01T00:00:01.000Z +(a)\n"
            "3 b 1970-01-01T00:00:02.000Z +(x, \"y\"\nz)\n"
            "5 b 1970-01-01T00:00:03.000Z paid(total=200;)\n"
            "6 b 1970-01-01T00:00:04.000Z paid(total=200;)\n"
            "7 b 1970-01-01T00:00:05.000Z paid(total=200;)\n"
            "12 b 1970-01-01T00:00:09.000Z +(a;c)\n"  // one visitor, no list
            "13 b 1970-01-01T00:00:10.000Z +(\u00F6)\n");
  EXPECT_EQ(took.of(Reject::merge_and_more), 2u);
  EXPECT_EQ(took.of(Reject::bad_text), 1u);
  EXPECT_EQ(took.of(Reject::unknown_field), 1u);
  EXPECT_EQ(took.of(Reject::no_event), 1u);
  EXPECT_EQ(take("visitor,at,merges\nb,1970-01-01T00:00:01Z,a\nb,1970-01-01T00:00:02Z,\n").records, "2 b 1970-01-01T00:00:01.000Z +(a)\n");
  EXPECT_EQ(take("visitor,at,merges,merges\n").error, "The header has the column `merges` twice. Give one of them another name.");
}

TEST(IngestMerges, OfASource) {
  auto source = a_source();
  source.merges = "was";
  auto csv = take("who,when,what,amount,city,was\n"
                  "b,1970-01-01T00:00:01Z,,,Turku,a\n"
                  "b,1970-01-01T00:00:02Z,PAID,1,Oulu,\n"
                  "b,1970-01-01T00:00:03Z,PAID,1,Oulu,a\n"
                  "b,1970-01-01T00:00:04Z,SOLD,,,a\n"
                  "b,1970-01-01T00:00:05Z,,1,,a\n"
                  "b,1970-01-01T00:00:06Z,,,Oulu, \n",
                  &source);
  EXPECT_EQ(csv.records,
            "2 b 1970-01-01T00:00:01.000Z +(a) city='Turku'\n"
            "3 b 1970-01-01T00:00:02.000Z paid(total=100;) city='Oulu'\n"
            "6 b 1970-01-01T00:00:05.000Z +(a)\n"
            "7 b 1970-01-01T00:00:06.000Z -() city='Oulu'\n");
  EXPECT_EQ(csv.of(Reject::merge_and_more), 2u);
  EXPECT_EQ(csv.counts.faults(), 2u);
  EXPECT_EQ(take(std::string(kHead), &source).first(Reject::missing_column).what, "was");

  source.format = catalog::Format::Ndjson;
  source.merges = "user.previous";
  auto json = take("{\"who\":\"b\",\"when\":1,\"user\":{\"previous\":\"a\"},\"city\":\"Turku\"}\n{\"who\":\"b\",\"when\":2,\"what\":\"PAID\",\"user\":{\"previous\":null}}\n{\"who\":\"b\",\"when\":3,\"user\":{}}\n", &source);
  EXPECT_EQ(json.records, "1 b 1970-01-01T00:00:00.001Z +(a) city='Turku'\n2 b 1970-01-01T00:00:00.002Z paid()\n");
  EXPECT_EQ(json.of(Reject::no_event), 1u);

  // A source that has nothing but merges, or but them and requests.
  catalog::Source only;
  only.name = "ids";
  only.format = catalog::Format::Csv;
  only.visitor = "who";
  only.time = "when";
  only.merges = "was";
  EXPECT_EQ(take("who,when,was\nb,1970-01-01T00:00:01Z,a\nb,1970-01-01T00:00:01Z,\n", &only).records, "2 b 1970-01-01T00:00:01.000Z +(a)\n");
  EXPECT_EQ(take("who,when,ws\n", &only).error, "The header has no column `was`, where the visitor to merge with should stand. Did you mean `ws`?");
  only.asked = "slot";
  EXPECT_EQ(take("who,when,ws\n", &only).error, "The header has no column `slot`, where the slots asked for should stand. The columns are `who`, `when`, `ws`.");
  EXPECT_EQ(take("who,when,was\nb,1970-01-01T00:00:01Z,a\n", &only).first(Reject::missing_column).what, "slot");
  EXPECT_EQ(take("who,when,slot\nb,1970-01-01T00:00:01Z,web.hero\n", &only).first(Reject::missing_column).what, "was");
  // Without the key, nothing is a merge.
  auto plain = a_source();
  EXPECT_EQ(take("who,when,what,amount,city,merges\na,1970-01-01T00:00:01Z,PAID,1,,b\n", &plain).records, "2 a 1970-01-01T00:00:01.000Z paid(total=100;)\n");
}

TEST(IngestMerges, EqualOnesHaveEqualIdentities) {
  const auto one = take(R"({"visitor":"b","at":1000,"merges":"a"})").identities;
  EXPECT_EQ(take("visitor,at,merges\nb,1970-01-01T00:00:01Z,a\n").identities, one);
  EXPECT_NE(take(R"({"visitor":"b","at":1000,"merges":"c"})").identities, one);
  EXPECT_NE(take(R"({"visitor":"a","at":1000,"merges":"b"})").identities, one);
  EXPECT_NE(take(R"({"visitor":"b","at":1001,"merges":"a"})").identities, one);
}

TEST(IngestMerges, NoBytesCrashThem) {
  const std::string line = R"({"visitor":"b","at":1,"received":2,"merges":"a"})", after = "\n{\"visitor\":\"b\",\"at\":1,\"event\":\"paid\"}";
  for (std::size_t at = 0; at < line.size(); ++at)
    for (char c : std::string("\0\"\\{}[],:;.1 \xFF", 14)) {
      std::string changed = line;
      changed[at] = c;
      auto took = take(changed + after);
      ASSERT_GE(took.counts.accepted + took.counts.faults() + (took.error.empty() ? 0 : 1), 1u);
    }
}

}  // namespace
}  // namespace polku::ingest
