// NDJSON taken apart, the native forms, and values of every type.
#include <algorithm>
#include <random>

#include "runtime/ingest/reader.h"
#include "tests/unit/ingest_world.h"

namespace polku::ingest {
namespace {

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
  source.id = {"nr"};
  source.fields = {{{0, 0}, "properties.cart.total"}};
  source.attributes = {{3, "user.address.city"}};
  auto took = take(R"({"what":"PAID","user":{"x":[1,{"id":"no"}],"id":"a","address":{"city":"Turku"}},"when":1000,"properties":{"cart":{"total":1.5,"total":2}},"nr":7}
   {"user":{"id":17},"when":"1970-01-01T02:00:01","when":5,"what":"PAID","properties.cart.total":"3 EUR","user.address.city":"","nr":""}
)", &source);
  EXPECT_EQ(took.records, "1 a 1970-01-01T00:00:01.000Z paid(total=150;) city='Turku' id\n2 17 1970-01-01T00:00:01.000Z paid(total=300;)\n");
  EXPECT_EQ(took.counts.faults(), 0u);
  EXPECT_EQ(took.identities[0], history::identity_of_id("shop", "7"));
}

// Keys are looked for first where they stood in the lines before: nothing may depend on it.
TEST(IngestJson, KeysComeInAnyOrderAndSpelling) {
  auto source = a_source();
  source.format = catalog::Format::Ndjson;
  source.visitor = "user.id";
  source.fields = {{{0, 0}, "a_rather_long_name_of.the_total"}};
  source.attributes = {{3, "g\u00F6.city"}};
  const std::string expected = " v 1970-01-01T00:00:00.001Z paid(total=150;) city='Turku'\n";
  std::string lines, all;
  std::vector<std::string> members = {R"("user":{"id":"v"})", R"("when":1)", R"("what":"PAID")", R"("a_rather_long_name_of":{"the_total":1.5,"the_totals":2})",
                                      R"("g\u00f6":{"city":"Turku","id":"x"})", R"("a_rather_long_name_of_":{"the_total":3})", R"("k":"k")", R"("":0)"};
  std::sort(members.begin(), members.end());
  for (std::size_t line = 1; line <= 300; ++line) {
    std::string text;
    std::mt19937 random(static_cast<unsigned>(line));
    if (line > 100) std::shuffle(members.begin(), members.end(), random);
    for (const auto& member : members) text += (text.empty() ? "{" : line % 3 ? "," : " , ") + member;
    if (line % 3 == 0) text += ",\"" + std::string(line, 'l') + "\":0,\"" + std::string(line + 1, 'l') + "\":0";
    if (line % 2) text += ",\"n" + std::to_string(line) + "\":[{\"user\":{\"id\":5}}]";  // more names than are remembered
    if (line % 5 == 0) text.replace(text.find("when"), 4, "wh\\u0065n");
    if (line % 7 == 0) text.replace(text.find("\\u00f6"), 6, line % 14 ? "o\u0308" : "\u00F6");
    if (line % 4 == 0) text.replace(text.find(R"("the_total":1.5)"), 15, R"("the_total" : 1.5)");
    if (line % 11 == 0) text += R"(,"user":{"id":"second"},"when":7,"what":"ALL")";
    lines += text + "}\n";
    all += std::to_string(line) + expected;
  }
  auto took = take(lines, &source);
  EXPECT_EQ(took.records, all);
  EXPECT_EQ(took.counts.faults(), 0u);
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

// Keys that were met before may stand behind a new one, which makes room for itself among them.
TEST(IngestNative, NamesOfWhatIsNotReadOutliveTheLine) {
  auto took = take(R"(
{"visitor":"v1","at":1,"event":"paid","short":1}
{"visitor":"v1","at":1,"event":"paid","short":2,"a":{},"fields":{"b":1,"c":2},"d":3,"e":4,"f":5,"g":6,"h":7}
{"visitor":"v1","at":1,"event":"paid","a longer name than fits into a string":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1}
)");
  EXPECT_EQ(took.of(Reject::unknown_field), 1u + 9u + 9u);
  EXPECT_EQ(took.first(Reject::unknown_field).what, "short: 1");
  took = take(R"(
{"visitor":"v1","at":1,"event":"paid"}
{"fields":{"first":1}
{"visitor":"v1","at":1,"event":"paid","fields":{"first":"x","then":"2"}}
)");
  EXPECT_EQ(took.of(Reject::unknown_field), 2u);
  EXPECT_EQ(took.first(Reject::unknown_field).what, "first: x");
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

}  // namespace
}  // namespace polku::ingest
