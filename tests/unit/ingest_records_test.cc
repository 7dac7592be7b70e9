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

}  // namespace
}  // namespace polku::ingest
