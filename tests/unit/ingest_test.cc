// CSV and NDJSON taken apart, values of every type, and inputs of every kind.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "runtime/ingest/reader.h"
#include "tests/unit/ingest_world.h"

namespace polku::ingest {
namespace {

// ---- CSV ----

TEST(IngestCsv, ReadsRowsByWhatTheSourceSays) {
  auto took = take_csv("a,2026-07-01 12:00:00,PAID,12.50,Turku\r\n\r\nb,2026-07-01T12:00Z,PAID,,\n\nc,2026-07-01,,,Oulu");
  EXPECT_EQ(took.records,
            "2 a 2026-07-01T09:00:00.000Z paid(total=1250;) city='Turku'\n"
            "4 b 2026-07-01T12:00:00.000Z paid()\n"
            "6 c 2026-06-30T21:00:00.000Z -() city='Oulu'\n");
  EXPECT_EQ(took.counts.records, 3u);
  EXPECT_EQ(took.of(Reject::missing_column), 0u);  // the fields of `all` may be missing
}

TEST(IngestCsv, QuotesHoldCommasLineEndsAndQuotes) {
  auto took = take_csv("\"a,b\",2026-07-01,PAID,\"1\",\"x\r\ny \"\"z\"\"\"\r\nc,2026-07-01,PAID,2,\"\"\nd,2026-07-01,PAID,3,a\"b\"\n\"e\",2026-07-01,PAID,4,\"é\"");
  EXPECT_EQ(took.records,
            "2 a,b 2026-06-30T21:00:00.000Z paid(total=100;) city='x\r\ny \"z\"'\n"
            "4 c 2026-06-30T21:00:00.000Z paid(total=200;)\n"
            "5 d 2026-06-30T21:00:00.000Z paid(total=300;) city='a\"b\"'\n"
            "6 e 2026-06-30T21:00:00.000Z paid(total=400;) city='é'\n");
}

TEST(IngestCsv, AByteOrderMarkIsTakenAway) {
  auto source = a_source();
  source.attributes.clear();
  EXPECT_EQ(take("\xEF\xBB\xBFwho,when,what,amount\na,2026-07-01,PAID,1\n", &source).counts.accepted, 1u);
  EXPECT_NE(take(std::string_view("\xFF\xFEw\0h\0", 6), &source).error.find("UTF-16"), std::string::npos);
}

TEST(IngestCsv, EveryFaultOfARowIsCountedWithItsFirstExample) {
  auto took = take_csv(
      "a,2026-07-01,PAID,1\n"
      "a,2026-07-01,PAID,1,x,y\n"
      "\"a\"b,2026-07-01,PAID,1,x\n"
      ",2026-07-01,PAID,1,x\n"
      "a,yesterday,PAID,1,x\n"
      "a,,PAID,1,x\n"
      "a,2026-07-01,,1,\n"
      "a,2026-07-01,SOLD,1,x\n"
      "\xFF,2026-07-01,PAID,1,x\n"
      "a,2026\xFF,PAID,1,x\n"
      "a,2026-07-01,P\xC3,1,x\n"
      "a,2026-07-01,PAID,a lot,\xFF\n"
      "a,2026-07-01,PAID,1,fine\n");
  EXPECT_EQ(took.records, "13 a 2026-06-30T21:00:00.000Z paid() city=?\n14 a 2026-06-30T21:00:00.000Z paid(total=100;) city='fine'\n");
  const std::tuple<Reject, std::uint64_t, std::uint64_t, const char*> expected[] = {
      {Reject::short_row, 1, 2, "a,2026-07-01,PAID,1"}, {Reject::long_row, 1, 3, "a,2026-07-01,PAID,1,x,y"}, {Reject::bad_quote, 1, 4, "\"a\"b,2026-07-01,PAID,1,x"},
      {Reject::no_visitor, 1, 5, "(nothing)"},          {Reject::bad_time, 2, 6, "yesterday"},               {Reject::no_event, 1, 8, "(nothing)"},
      {Reject::unknown_event, 1, 9, "SOLD"},            {Reject::bad_text, 3, 10, "\uFFFD"},                 {Reject::bad_value, 2, 13, "city: \uFFFD"},
      {Reject::bad_json, 0, 0, ""},                     {Reject::too_long, 0, 0, ""},                        {Reject::unknown_field, 0, 0, ""}};
  for (auto [reject, count, line, what] : expected) {
    EXPECT_EQ(took.of(reject), count) << reject_name(reject);
    EXPECT_EQ(took.first(reject).line, line) << reject_name(reject);
    EXPECT_EQ(took.first(reject).what, what) << reject_name(reject);
  }
  EXPECT_EQ(took.counts.accepted, 2u);
  EXPECT_EQ(took.counts.records, 13u);
  EXPECT_EQ(took.counts.faults(), 13u);
}

TEST(IngestCsv, AnExampleIsCutAtSixtyCharacters) {
  std::string name;
  for (int i = 0; i < 100; ++i) name += "ä";
  EXPECT_EQ(take_csv("a,2026-07-01," + name + ",1,x\n").first(Reject::unknown_event).what, name.substr(0, 120) + "…");
}

TEST(IngestCsv, AQuoteThatIsNeverClosedCostsOneRow) {
  auto took = take_csv("a,2026-07-01,PAID,1,\"x\nb,2026-07-01,PAID,2,x\nc,2026-07-01,PAID,3,x\n");
  EXPECT_EQ(took.of(Reject::bad_quote), 1u);
  EXPECT_EQ(took.first(Reject::bad_quote).line, 2u);
  EXPECT_EQ(took.records, "3 b 2026-06-30T21:00:00.000Z paid(total=200;) city='x'\n4 c 2026-06-30T21:00:00.000Z paid(total=300;) city='x'\n");

  std::string many = "a,2026-07-01,PAID,1,\"x\n";  // the limit ends it, long before the end of the file
  for (int i = 0; i < 60'000; ++i) many += "b,2026-07-01,PAID,2,x\n";
  took = take_csv(many + "c,2026-07-01,PAID,1,\"x\"\n");
  EXPECT_EQ(took.of(Reject::bad_quote), 1u);
  EXPECT_EQ(took.counts.accepted, 60'001u);
}

TEST(IngestCsv, ARecordLongerThanAMebibyteIsRefused) {
  const std::string most(kLongest - 22, 'x'), good = "b,2026-07-01,PAID,2,x\n";
  for (std::string end : {"\n", "\r\n"}) {
    EXPECT_EQ(take_csv("a,2026-07-01,PAID,1,xx" + most + end).of(Reject::too_long), 0u);
    auto took = take_csv("a,2026-07-01,PAID,1,xxx" + most + end + good);
    EXPECT_EQ(took.of(Reject::too_long), 1u);
    EXPECT_EQ(took.records.substr(0, 4), "3 b ");
    took = take_csv("a,2026-07-01,PAID,1,\"q\nq\",x" + most + most + most + end + good);
    EXPECT_EQ(took.of(Reject::too_long), 1u);
    EXPECT_EQ(took.records.substr(0, 4), "4 b ");
  }
  EXPECT_EQ(take_csv(most + most + most).of(Reject::too_long), 1u);  // and no line end at all
}

TEST(IngestCsv, AHeaderThatDoesNotFitIsAnError) {
  auto source = a_source();
  EXPECT_NE(take("", &source).error.find("empty"), std::string::npos);
  EXPECT_NE(take("\n\n", &source).error.find("empty"), std::string::npos);
  auto error = take("whoo,when,what\n", &source).error;
  EXPECT_NE(error.find("no column `who`"), std::string::npos) << error;
  EXPECT_NE(error.find("Did you mean `whoo`?"), std::string::npos) << error;
  EXPECT_NE(take("who,time,what\n", &source).error.find("no column `when`"), std::string::npos);
  EXPECT_NE(take("who,when\n", &source).error.find("no column `what`"), std::string::npos);
  EXPECT_NE(take("who,when,what,amount,amount\n", &source).error.find("twice"), std::string::npos);
  EXPECT_NE(take("who,when,\"what\n", &source).error.find("quote"), std::string::npos);
  // A header can be any bytes; what is said of it is text.
  EXPECT_EQ(take("wh\xF5,when,what\n", &source).error, "The header has no column `who`, where the visitor should stand. Did you mean `wh\uFFFD`?");
  std::string letters;
  for (int i = 0; i < 61; ++i) letters += "\u00E4";
  EXPECT_EQ(take("a\xF5\tb," + letters + "\n", &source).error,
            "The header has no column `who`, where the visitor should stand. The columns are `a\uFFFD b`, `" + letters.substr(0, 120) + "…`.");
  source.id = "nr";
  auto took = take("who,when,what\n", &source);
  EXPECT_EQ(took.error, "");
  EXPECT_EQ(took.of(Reject::missing_column), 3u);  // nr, amount, city
  source.zone = "Europe/Atlantis";
  EXPECT_NE(take("who,when,what\n", &source).error.find("Europe/Atlantis"), std::string::npos);
}

TEST(IngestCsv, LocalTimesFollowTheSourcesZone) {
  auto source = a_source();
  source.attributes.clear();
  std::string rows = "who,when,what,amount\n";
  for (auto when : {"2026-03-29 02:59:59", "2026-03-29 03:30:00", "2026-03-29 04:00:00", "2026-10-25 03:30:00", "2026-10-25 03:30:00+02:00", "2026-10-25 04:00:00"})
    rows += std::string("a,") + when + ",PAID,\n";
  EXPECT_EQ(take(rows, &source).records,
            "2 a 2026-03-29T00:59:59.000Z paid()\n3 a 2026-03-29T01:00:00.000Z paid()\n4 a 2026-03-29T01:00:00.000Z paid()\n"
            "5 a 2026-10-25T00:30:00.000Z paid()\n6 a 2026-10-25T01:30:00.000Z paid()\n7 a 2026-10-25T02:00:00.000Z paid()\n");
  source.zone = "America/New_York";
  EXPECT_EQ(take("who,when,what,amount\na,2026-07-01 12:00,PAID,\n", &source).records, "2 a 2026-07-01T16:00:00.000Z paid()\n");
}

TEST(IngestCsv, NamesOfVisitorsEventsAndValuesAreComparedInNfc) {
  auto source = a_source();
  source.events = {{"g\u00F6", 1}};
  source.attributes.clear();
  source.values = {{{1, 6}, {{"G", 1}, {"S", 0}}}};
  auto took = take("who,when,what,one\u00F6f,oneof\na\u0308,2026-07-01,go\u0308,,G\nx,2026-07-01,g\u00F6,,go\u0308ld\nx,2026-07-01,g\u00F6,,gold\n", &source);
  EXPECT_EQ(took.records, "2 \u00E4 2026-06-30T21:00:00.000Z all(oneof=1;)\n3 x 2026-06-30T21:00:00.000Z all(oneof=1;)\n4 x 2026-06-30T21:00:00.000Z all()\n");
  EXPECT_EQ(took.first(Reject::bad_value).what, "oneof: gold");
}

TEST(IngestCsv, ASourceWithoutEventsOnlySetsAttributes) {
  auto source = a_source();
  source.event.clear();
  source.events.clear();
  source.events_listed = false;
  source.fields.clear();
  auto took = take("who,when,city\na,2026-07-01,Turku\nb,2026-07-01,\n", &source);
  EXPECT_EQ(took.records, "2 a 2026-06-30T21:00:00.000Z -() city='Turku'\n");
  EXPECT_EQ(took.of(Reject::no_event), 1u);
}

TEST(IngestCsv, EventsThatAreNotListedHaveTheCatalogsNames) {
  auto source = a_source();
  source.events_listed = false;
  source.events.clear();
  auto took = take("who,when,what,amount,city\na,2026-07-01,paid,5,\na,2026-07-01,PAID,5,\na,2026-07-01,visitor updated,5,x\n", &source);
  EXPECT_EQ(took.counts.accepted, 1u);
  EXPECT_EQ(took.of(Reject::unknown_event), 2u);
}

// ---- Values ----

// The value of one field of `all`, read from CSV: "?" missing, "bad" refused.
std::string value_of(std::string name, std::string_view cell) {
  std::string quoted;
  for (char c : cell) quoted += c == '"' ? "\"\"" : std::string(1, c);
  auto took = take("visitor,at,event," + name + "\nv,2026-07-01T00:00Z,all,\"" + quoted + "\"\n");
  if (took.of(Reject::bad_value)) return took.records.find('=') == std::string::npos ? "bad" : "bad but given";
  const auto from = took.records.find('='), to = took.records.find(';');
  return from == std::string::npos ? "?" : took.records.substr(from + 1, to - from - 1);
}

// The same from JSON.
std::string json_value_of(std::string name, std::string json) {
  auto took = take("{\"visitor\":\"v\",\"at\":\"2026-07-01T00:00Z\",\"event\":\"all\",\"fields\":{\"" + name + "\":" + json + "}}");
  if (took.of(Reject::bad_json)) return "no json";
  if (took.of(Reject::bad_value)) return took.records.find('=') == std::string::npos ? "bad" : "bad but given";
  const auto from = took.records.find('='), to = took.records.find(';');
  return from == std::string::npos ? "?" : took.records.substr(from + 1, to - from - 1);
}

TEST(IngestValue, EveryTypeFromText) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"yesno", "yes", "1"}, {"yesno", "TRUE", "1"}, {"yesno", "1", "1"}, {"yesno", "no", "0"}, {"yesno", "False", "0"}, {"yesno", "0", "0"}, {"yesno", "2", "bad"}, {"yesno", "y", "bad"}, {"yesno", "", "?"},
      {"whole", "12", "12"}, {"whole", "-12", "-12"}, {"whole", "+7", "7"}, {"whole", " 7 ", "7"}, {"whole", "5.0", "5"}, {"whole", "1e3", "1000"}, {"whole", "5.5", "bad"}, {"whole", "1 000", "bad"},
      {"whole", "9223372036854775807", "9223372036854775807"}, {"whole", "9223372036854775808", "bad"}, {"whole", "-9223372036854775807", "-9223372036854775807"},
      {"whole", "-9223372036854775808", "bad"}, {"whole", "1e400000000000000000000", "bad"}, {"whole", "0e99999999999", "0"}, {"whole", "-", "bad"}, {"whole", ".", "bad"}, {"whole", "1e", "bad"}, {"whole", "5.", "bad"},
      {"whole", "0x10", "bad"}, {"whole", "NaN", "bad"}, {"whole", "10e-1", "1"},
      {"number", "1.5", "1500000"}, {"number", ".5", "500000"}, {"number", "1.0000005", "1000000"}, {"number", "1.0000015", "1000002"}, {"number", "1.00000050000001", "1000001"},
      {"number", "-1.0000015", "-1000002"}, {"number", "-1.0000005", "-1000000"}, {"number", "1e-7", "0"}, {"number", "6e-7", "1"}, {"number", "0.0000005", "0"}, {"number", "9223372036854.775807", "9223372036854775807"},
      {"number", "9223372036854.7758075", "bad"}, {"number", "1e-999999999999", "0"}, {"number", "123456789012345678901234567890", "bad"}, {"number", "1,5", "bad"},
      {"money", "55", "5500"}, {"money", "55.5", "5550"}, {"money", "55.50 EUR", "5550"}, {"money", "55EUR", "5500"}, {"money", "-3.01", "-301"}, {"money", "55 USD", "bad"}, {"money", "55.555", "bad"},
      {"money", "55.500", "5550"}, {"money", "EUR", "bad"}, {"money", "55 eur", "bad"}, {"money", "92233720368547758.07", "9223372036854775807"}, {"money", "92233720368547758.08", "bad"},
      {"percent", "10%", "100000"}, {"percent", "10", "100000"}, {"percent", "12.5 %", "125000"}, {"percent", "0.00005%", "0"}, {"percent", "%", "bad"}, {"percent", "10%%", "bad"},
      {"text", "a, b", "'a, b'"}, {"text", "a\u0308", "'\u00E4'"}, {"text", " ", "' '"}, {"text", "\xFF", "bad"},
      {"oneof", "silver", "0"}, {"oneof", "g\u00F6ld", "1"}, {"oneof", "SILVER", "bad"}, {"oneof", "platinum", "bad"},
      {"time", "1970-01-01T00:00:01Z", "1000"}, {"time", "1970-01-01T02:00:00", "0"}, {"time", "1970-01-01", "-7200000"}, {"time", "1000", "bad"}, {"time", "1970-02-30", "bad"},
      {"date", "1970-01-02", "1"}, {"date", "1970-01-02T00:00", "bad"}, {"date", "1970-1-2", "bad"},
      {"duration", "30 minutes", "1800000"}, {"duration", "1 minute", "60000"}, {"duration", "2days", "172800000"}, {"duration", "1.5 hours", "5400000"}, {"duration", "5 milliseconds", "5"}, {"duration", "1 week", "604800000"},
      {"duration", "30", "bad"}, {"duration", "minutes", "bad"}, {"duration", "PT30M", "bad"}, {"duration", "0.0001 seconds", "bad"}, {"duration", "9000000000000 weeks", "bad"}, {"duration", "1 minute 30 seconds", "bad"},
      {"list", "a", "['a']"}, {"list", "a|b|a", "['a''b''a']"}, {"list", "a|\xFF", "bad"}, {"list", "", "?"},
      {"consent", "given", "1"}, {"consent", "true", "1"}, {"consent", "refused", "0"}, {"consent", "false", "0"}, {"consent", "maybe", "bad"}, {"consent", "1", "bad"}};
  for (auto [name, cell, expected] : cases) EXPECT_EQ(value_of(name, cell), expected) << name << " " << cell;
}

TEST(IngestValue, EveryTypeFromJson) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"yesno", "true", "1"}, {"yesno", "false", "0"}, {"yesno", "1", "1"}, {"yesno", "\"no\"", "0"}, {"yesno", "null", "?"}, {"yesno", "[]", "bad"}, {"yesno", "{}", "bad"},
      {"whole", "12", "12"}, {"whole", "-12", "-12"}, {"whole", "\"12\"", "12"}, {"whole", "9223372036854775807", "9223372036854775807"}, {"whole", "9007199254740993", "9007199254740993"},
      {"whole", "18446744073709551616", "bad"}, {"whole", "1E2", "100"}, {"whole", "true", "bad"}, {"whole", "\"\"", "bad"}, {"whole", "012", "no json"}, {"whole", "+1", "no json"}, {"whole", "1.", "no json"}, {"whole", ".5", "no json"},
      {"number", "0.1", "100000"}, {"number", "1.0000015", "1000002"}, {"number", "0.30000000000000004", "300000"}, {"number", "1e999", "bad"},
      {"money", "55.1", "5510"}, {"money", "8.29", "829"}, {"money", "\"55 EUR\"", "5500"}, {"money", "55.123", "bad"}, {"percent", "10", "100000"}, {"percent", "\"10%\"", "100000"},
      {"text", "\"\\u00e4\\n\\\"\"", "'\u00E4\n\"'"}, {"text", "\"\"", "''"}, {"text", "5", "bad"}, {"text", "[\"a\"]", "bad"}, {"text", "\"\\ud83d\\ude00\"", "'\U0001F600'"},
      {"oneof", "\"silver\"", "0"}, {"oneof", "1", "bad"}, {"time", "1000", "1000"}, {"time", "\"1970-01-01T00:00:01Z\"", "1000"}, {"time", "1e300", "bad"}, {"time", "0.5", "bad"}, {"time", "9999999999999999", "bad"},
      {"date", "\"1970-01-02\"", "1"}, {"date", "1", "bad"}, {"duration", "\"30 minutes\"", "1800000"}, {"duration", "30", "bad"},
      {"list", "[\"a\",\"b\"]", "['a''b']"}, {"list", "[]", "[]"}, {"list", "[1]", "bad"}, {"list", "[[\"a\"]]", "bad"}, {"list", "\"a|b\"", "bad"}, {"list", "[\"a\",null]", "bad"},
      {"consent", "true", "1"}, {"consent", "\"refused\"", "0"}, {"consent", "0", "bad"}};
  for (auto [name, json, expected] : cases) EXPECT_EQ(json_value_of(name, json), expected) << name << " " << json;
}

// ---- NDJSON ----

TEST(IngestJson, PathsLeadIntoObjectsAndTheFirstOfAKeyWins) {
  auto source = a_source();
  source.format = catalog::Format::Ndjson;
  source.visitor = "user.id";
  source.id = "nr";
  source.fields = {{{0, 0}, "properties.cart.total"}};
  source.attributes = {{3, "user.address.city"}};
  auto took = take(R"({"what":"PAID","user":{"x":[1,{"id":"no"}],"id":"a","address":{"city":"Turku"}},"when":1000,"properties":{"cart":{"total":1.5,"total":2}},"nr":7}
   {"user":{"id":17},"when":"1970-01-01T02:00:01","when":5,"what":"PAID","properties.cart.total":"3 EUR","user.address.city":"","nr":""}
)", &source);
  EXPECT_EQ(took.records, "1 a 1970-01-01T00:00:01.000Z paid(total=150;) city='Turku' id\n2 17 1970-01-01T00:00:01.000Z paid(total=300;)\n");
  EXPECT_EQ(took.counts.faults(), 0u);
  EXPECT_EQ(took.identities[0], history::identity_of_id("shop", "7"));
}

TEST(IngestJson, WhatIsNoObjectIsRefusedAndTheRestIsRead) {
  const std::string deep(200, '['), deep_end(200, ']');
  const std::string good = R"({"who":"a","when":1,"what":"PAID","amount":1})";
  const std::vector<std::string> bad = {
      "x", "[1]", "5", "null", "\"a\"", "{", "}", "{]", "{\"who\":\"a\"", "{\"who\":\"a\",}", "{\"who\" \"a\"}", "{who:1}", "{\"who\":}", "{\"who\":tru}", "{\"a\":nul}", "{\"a\":falsey}", "{\"a\":01}", "{\"a\":1 2}", "{\"a\":[1,]}", "{\"a\":[1 2]}",
      "{\"a\":[1}", "{\"a\":{\"b\":1]}", "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\t\"}", "{\"a\":\"b}", "{\"a\":1}{}", "{\"a\":1} x", "{\"a\":1},", "{'a':1}", "{\"a\":\"\xFF\"}", "{\"a\":-}", "{\"a\":1e}", "{\"a\":" + deep + deep_end + "}",
      "{\"a\":\"b\"\"c\":1}", "{\"a\":,}", "{,}", "{\"a\"}", "{\"a\":\"b\" \"c\"}", "{\"\\u12\":1}", "{\"a\":NaN}", "{\"a\":1.5.5}", std::string("{\"a\":tru\0}", 10), std::string("{\"a\":1\0}", 8), "{1:2}", "{\"a\":[}", "{\"a\":]}", "{\"a\"::1}"};
  for (const auto& line : bad) {
    auto took = take_json(good + "\n" + line + "\n" + good + "\n");
    EXPECT_EQ(took.of(Reject::bad_json), 1u) << line;
    EXPECT_EQ(took.first(Reject::bad_json).line, 2u) << line;
    EXPECT_EQ(took.counts.accepted, 2u) << line;
  }
  for (const auto& line : {good + " ", " " + good + "\r", std::string(" { } ")}) EXPECT_EQ(take_json(line).of(Reject::bad_json), 0u) << line;
}

TEST(IngestJson, FaultsOfRecords) {
  EXPECT_EQ(take_json("").error, "");
  EXPECT_EQ(take_json("\n \r\n\n").counts.records, 0u);
  EXPECT_EQ(take_json(R"({"when":1,"what":"PAID"})").of(Reject::no_visitor), 1u);
  EXPECT_EQ(take_json(R"({"who":null,"when":1,"what":"PAID"})").of(Reject::no_visitor), 1u);
  EXPECT_EQ(take_json(R"({"who":["a"],"when":1,"what":"PAID"})").of(Reject::no_visitor), 1u);
  EXPECT_EQ(take_json(R"({"who":"a","what":"PAID"})").of(Reject::bad_time), 1u);
  EXPECT_EQ(take_json(R"({"who":"a","when":1.5,"what":"PAID"})").of(Reject::bad_time), 1u);
  EXPECT_EQ(take_json(R"({"who":"a","when":1,"what":null})").of(Reject::no_event), 1u);
  EXPECT_EQ(take_json(R"({"who":"a","when":1,"what":{}})").of(Reject::unknown_event), 1u);
  EXPECT_EQ(take_json(R"({"who":"a","when":1,"what":null,"city":"Turku"})").records, "1 a 1970-01-01T00:00:00.001Z -() city='Turku'\n");
  EXPECT_EQ(take_json(R"({"who":"a","when":1,"what":"PAID","city":null,"amount":null})").counts.faults(), 0u);
  const std::string filler(kLongest, ' '), good = R"({"who":"a","when":1,"what":"PAID"})";
  auto took = take_json(good + filler + "\n" + good + "\n");
  EXPECT_EQ(took.of(Reject::too_long), 1u);
  EXPECT_EQ(took.records, "2 a 1970-01-01T00:00:00.001Z paid()\n");
}

// ---- The native form ----

TEST(IngestNative, Ndjson) {
  auto took = take(R"(
{"visitor":"v1","at":"2026-07-01T09:00:00Z","event":"paid","id":"e1","fields":{"total":"55 EUR"}}
{"visitor":"v1","at":"2026-07-01 12:00","event":"visitor updated","fields":{"consent.marketing":"given","tier":null,"spent":1,"nonsense":1,"total":5}}
{"visitor":"v1","at":1,"event":"paid","extra":{"a":[1]},"fields":{"city":"x","whole":1,"fields.total":3,"total":1}}
{"visitor":"v1","at":1,"event":"paid","fields.total":5,"fields":null}
{"visitor":"v1","at":1,"event":"visitor updated","fields":{}}
{"visitor":"v1","at":1,"fields":{}}
)");
  EXPECT_EQ(took.records,
            "2 v1 2026-07-01T09:00:00.000Z paid(total=5500;) id\n"
            "3 v1 2026-07-01T09:00:00.000Z -() consent.marketing=1 tier=?\n"
            "4 v1 1970-01-01T00:00:00.001Z paid(total=100;)\n"
            "5 v1 1970-01-01T00:00:00.001Z paid()\n");
  EXPECT_EQ(took.of(Reject::bad_value), 1u);
  EXPECT_EQ(took.first(Reject::bad_value).what, "spent: 1");
  EXPECT_EQ(took.of(Reject::unknown_field), 2u + 4u + 1u);
  EXPECT_EQ(took.of(Reject::no_event), 2u);
  EXPECT_EQ(took.identities[0], history::identity_of_id("", "e1"));
}

TEST(IngestNative, Csv) {
  auto took = take("event,visitor,at,total,whole,consent.marketing,spent,other,id\n"
                   "paid,v,2026-07-01T09:00Z,5,,,,,7\n"
                   "all,v,2026-07-01T09:00Z,5,6,given,,x,\n"
                   "visitor updated,v,2026-07-01T09:00Z,,,refused,9,,\n"
                   "visitor updated,v,2026-07-01T09:00Z,,,,,,\n");
  EXPECT_EQ(took.records,
            "2 v 2026-07-01T09:00:00.000Z paid(total=500;) id\n"
            "3 v 2026-07-01T09:00:00.000Z all(whole=6;)\n"
            "4 v 2026-07-01T09:00:00.000Z -() consent.marketing=0\n");
  EXPECT_EQ(took.of(Reject::unknown_field), 3u);
  EXPECT_EQ(took.of(Reject::bad_value), 1u);
  EXPECT_EQ(took.of(Reject::no_event), 1u);
  EXPECT_NE(take("visitor,at\n").error.find("no column `event`"), std::string::npos);
}

TEST(IngestNative, TheFirstByteTellsTheFormat) {
  EXPECT_EQ(take("").error, "");
  EXPECT_EQ(take(" \n\n").counts.records, 0u);
  EXPECT_EQ(take("\xEF\xBB\xBF\n  {\"visitor\":\"v\",\"at\":1,\"event\":\"paid\"}").counts.accepted, 1u);
}

// ---- Inputs ----

std::string mixed_csv(unsigned seed) {
  std::mt19937 random(seed);
  auto pick = [&](auto... options) {
    const std::string all[] = {options...};
    return all[std::uniform_int_distribution<std::size_t>(0, sizeof...(options) - 1)(random)];
  };
  std::string text(kHead);
  for (int i = 0; i < 300; ++i)
    text += pick("a", "", "\"b\nb\"", "\xC3\xA4") + "," + pick("2026-07-01 10:00", "2026-07-01T10:00:00.5+03:00", "x") + "," + pick("PAID", "ALL", "", "OTHER") + "," + pick("1", "2.50", "", "\"3\"", "x") + "," +
            pick("Turku", "\"a \"\"b\"\"\"", "\"x\r\ny\"", "", "\"open", "\"a\"b") + pick("\n", "\n", "\r\n", "\n\n");
  return text;
}

// Everything that is told about an input, to be compared.
std::string told(const Took& took) {
  std::string out = took.error + "\n" + took.records;
  for (std::size_t r = 0; r < kRejects; ++r) out += std::to_string(took.counts.by_reject[r]) + " " + std::to_string(took.counts.first[r].line) + " " + took.counts.first[r].what + "\n";
  return out + std::to_string(took.counts.records) + " " + std::to_string(took.counts.bytes);
}

Took take_in_chunks(std::string_view text, std::size_t chunk, const catalog::Source* source) {
  auto c = a_catalog();
  base::Texts texts;
  return drain(open_input(Input::of_text(text, chunk), c, source, texts), c, texts);
}

TEST(IngestInput, TheSizeOfReadsDoesNotMatter) {
  auto source = a_source();
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::string text = mixed_csv(seed);
    const std::string whole = told(take(text, &source));
    for (std::size_t chunk : {1u, 2u, 3u, 7u, 64u, 1000u}) ASSERT_EQ(told(take_in_chunks(text, chunk, &source)), whole) << seed << " " << chunk;
  }
  std::string long_quote = std::string(kHead) + "a,2026-07-01,PAID,1,\"" + std::string(kLongest + 100, 'x') + "\"\nb,2026-07-01,PAID,1,\n";
  for (int i = 0; i < 3; ++i) long_quote += long_quote;
  ASSERT_EQ(told(take_in_chunks(long_quote, 100'000, &source)), told(take_in_chunks(long_quote, 10'000'000, &source)));
  source.format = catalog::Format::Ndjson;
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += i % 7 ? "{\"who\":\"a" + std::to_string(i) + "\",\"when\":1,\"what\":\"PAID\",\"amount\":\"" + std::to_string(i) + " EUR\"}\n" : "{bad\r\n\n";
  for (std::size_t chunk : {1u, 5u, 64u, 999u}) ASSERT_EQ(told(take_in_chunks(lines, chunk, &source)), told(take(lines, &source)));
}

TEST(IngestInput, APipeIsReadAsItComes) {
  const std::string text = mixed_csv(99);
  auto source = a_source();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::thread writer([&] {
    for (std::size_t at = 0; at < text.size(); at += 11)
      if (::write(ends[1], text.data() + at, std::min<std::size_t>(11, text.size() - at)) < 0) break;
    ::close(ends[1]);
  });
  auto c = a_catalog();
  base::Texts texts;
  std::uint64_t size = 123;
  auto took = drain(open("/dev/fd/" + std::to_string(ends[0]), c, &source, texts, &size), c, texts);
  writer.join();
  ::close(ends[0]);
  EXPECT_EQ(told(took), told(take(text, &source)));
  EXPECT_EQ(size, 123u);  // a pipe has none
}

TEST(IngestInput, FilesAndWhatCannotBeRead) {
  auto path = std::filesystem::path(testing::TempDir()) / "polku_ingest_test.csv";
  const std::string text = mixed_csv(5);
  std::ofstream(path, std::ios::binary) << text;
  auto c = a_catalog();
  auto source = a_source();
  base::Texts texts;
  std::uint64_t size = 0;
  auto took = drain(open(path.string(), c, &source, texts, &size), c, texts);
  EXPECT_EQ(size, text.size());
  EXPECT_EQ(took.counts.bytes, text.size());
  EXPECT_EQ(told(took), told(take(text, &source)));
  std::filesystem::remove(path);
  EXPECT_NE(open(path.string(), c, &source, texts).error.find("No such file"), std::string::npos);
  EXPECT_NE(open(testing::TempDir(), c, &source, texts).error.find("is a folder"), std::string::npos);
}

TEST(IngestInput, AnInputThatBreaksOffSaysSo) {
  auto c = a_catalog();
  base::Texts texts;
  auto took = drain(open("/proc/self/mem", c, nullptr, texts), c, texts);  // opens, and cannot be read from its begin
  EXPECT_NE(took.counts.stopped, "");
}

TEST(IngestInput, NoBytesCrashIt) {
  std::mt19937 random(1);
  auto source = a_source();
  auto json = a_source();
  json.format = catalog::Format::Ndjson;
  json.fields = {{{0, 0}, "a.b"}};
  const std::string alphabet = "\"\"\"{}[]:,,,\\\n\n\r|ae10.-tfn \xFF\xC3\xA4\xE2" + std::string(1, '\0');
  for (int i = 0; i < 600; ++i) {
    std::string text;
    const bool structured = i % 2;
    const auto length = std::uniform_int_distribution<int>(0, 200)(random);
    for (int k = 0; k < length; ++k)
      text += structured ? alphabet[std::uniform_int_distribution<std::size_t>(0, alphabet.size() - 1)(random)] : static_cast<char>(std::uniform_int_distribution<int>(0, 255)(random));
    const catalog::Source* sources[] = {nullptr, &source, &json};
    for (const auto* s : sources) {
      const std::string input = s == &source ? std::string(kHead) + text : text;
      ASSERT_EQ(told(take(input, s)), told(take_in_chunks(input, 1 + static_cast<std::size_t>(i) % 9, s))) << i;
    }
    take("visitor,at,event,total,text,list\n" + text);
    take("visitor,at,asked_for\n" + text);
  }
  const std::string request = R"({"visitor":"v1","at":1,"asked_for":["web.hero","web.sidebar"]})";
  for (std::size_t at = 0; at < request.size(); ++at)
    for (char c : std::string("\0\"\\{}[],:;.1 \xFF", 14)) {
      std::string changed = request;
      changed[at] = c;
      auto took = take(changed + "\n" + request);
      ASSERT_GE(took.counts.accepted + took.counts.faults() + (took.error.empty() ? 0 : 1), 1u);
    }
  const std::string good = R"({"visitor":"v1","at":"2026-07-01T09:00:00Z","event":"all","id":"e1","fields":{"list":["a"],"money":"55 EUR","number":1.5e3}})";
  for (std::size_t at = 0; at < good.size(); ++at)
    for (char c : std::string("\0\"\\{}[],:x1 \xFF", 14)) {
      std::string changed = good;
      changed[at] = c;
      auto took = take(changed + "\n" + good);
      ASSERT_GE(took.counts.accepted + took.counts.faults() + (took.error.empty() ? 0 : 1), 1u);
    }
}

TEST(IngestRejects, HaveNamesAndWords) {
  EXPECT_EQ(reject_name(Reject::short_row), "short_row");
  EXPECT_EQ(reject_words(Reject::bad_json), "lines that are not a JSON object");
  EXPECT_TRUE(reject_refuses(Reject::bad_text));
  EXPECT_FALSE(reject_refuses(Reject::unknown_field));
}

// ---- Identity ----

TEST(Identity, IsTheSameOnEveryMachineAndForEverySpelling) {
  // Pinned: these numbers stand in decision logs.
  EXPECT_EQ(history::identity_of_id("shop", "7"), 0x2e80bd1c3db1ba72u);
  EXPECT_EQ(history::next_equal(1), 0x91f35a3916cb3c1cu);
  EXPECT_EQ(history::firing_id(0x0102030405060708u, "j", "r"), "95ec3cac0fe78116d5e32a640586b15a");
  EXPECT_EQ(history::identity_of_decision("95ec3cac0fe78116d5e32a640586b15a"), 0x150130a829fbc4ddu);
  EXPECT_NE(history::identity_of_id("shop", "7"), history::identity_of_id("shop7", ""));
  EXPECT_NE(history::next_equal(1), history::next_equal(2));
  EXPECT_NE(history::firing_id(1, "ab", "c"), history::firing_id(1, "a", "bc"));
  auto one = take("{\"visitor\":\"v\",\"at\":1,\"event\":\"all\",\"fields\":{\"text\":\"a\",\"whole\":5}}");
  auto two = take("{\"fields\":{\"whole\":5.0,\"text\":\"a\"},\"event\":\"all\",\"at\":\"1970-01-01T00:00:00.001Z\",\"visitor\":\"v\"}");
  EXPECT_EQ(one.identities, std::vector<std::uint64_t>{14541658507847461684u});
  EXPECT_EQ(one.identities, two.identities);
}

TEST(Identity, DependsOnWhatIsGivenAndNotOnTheRestOfTheCatalog) {
  const std::string record = "{\"visitor\":\"v\",\"at\":1,\"event\":\"all\",\"fields\":{\"text\":\"a\",\"whole\":5,\"oneof\":\"silver\",\"list\":[\"a\",\"b\"]}}";
  auto plain = take(record).identities;
  auto c = a_catalog();
  std::reverse(c.events.begin(), c.events.end());
  auto& fields = c.events[0].fields;
  std::reverse(fields.begin(), fields.end());
  fields.push_back(field("another", TypeKind::Text));
  for (auto& f : fields)
    if (f.name == "oneof") f.type.values = {"more", "silver"};
    else if (f.name == "text") f.type = {TypeKind::OneOf, {"b", "a"}};
  EXPECT_EQ(take(record, nullptr, c).identities, plain);
  for (auto [from, to] : {std::pair("\"v\"", "\"w\""), {":1,", ":2,"}, {":5", ":6"}, {"\"text\":\"a\",", ""}, {"silver", "g\u00F6ld"}, {"[\"a\",\"b\"]", "[\"ab\"]"}, {"[\"a\",\"b\"]", "[\"b\",\"a\"]"}}) {
    std::string changed = record;
    changed.replace(changed.find(from), std::string(from).size(), to);
    ASSERT_EQ(take(changed).identities.size(), 1u) << to;
    EXPECT_NE(take(changed).identities, plain) << to;
  }
  const std::string update = "{\"visitor\":\"v\",\"at\":1,\"event\":\"visitor updated\",\"fields\":{\"tier\":\"gold\",\"city\":\"a\"}}";
  auto set = take(update).identities;
  std::reverse(c.attributes.begin(), c.attributes.end());
  EXPECT_EQ(take(update, nullptr, c).identities, set);
  std::string unset = update;
  unset.replace(unset.find("\"gold\""), 6, "null");
  EXPECT_NE(take(unset).identities, set);
}

}  // namespace
}  // namespace polku::ingest
