// CSV taken apart.
#include "runtime/ingest/reader.h"
#include "tests/unit/ingest_world.h"

namespace polku::ingest {
namespace {

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
  source.id = {"nr"};
  auto took = take("who,when,what\n", &source);
  EXPECT_EQ(took.error, "");
  EXPECT_EQ(took.of(Reject::missing_column), 3u);  // nr, amount, city
  source.zone = "Europe/Atlantis";
  EXPECT_NE(take("who,when,what\n", &source).error.find("Europe/Atlantis"), std::string::npos);
}

// Two columns tell the records apart together; what lacks one of them has no id.
TEST(IngestCsv, SeveralColumnsMayBeTheId) {
  auto source = a_source();
  source.attributes.clear();
  source.id = {"order", "line"};
  const auto took = take("who,when,what,amount,order,line\na,2026-07-01,PAID,1,7,1\nb,2026-07-02,PAID,2,7,1\na,2026-07-01,PAID,1,7,2\na,2026-07-01,PAID,1,71,\na,2026-07-01,PAID,1,71,\n"
                         "a,2026-07-01,PAID,1,1,7\n", &source);
  ASSERT_EQ(took.identities.size(), 6u);
  EXPECT_EQ(took.identities[0], took.identities[1]);
  EXPECT_EQ(took.identities[3], took.identities[4]) << "by content";
  EXPECT_EQ((std::set<std::uint64_t>(took.identities.begin(), took.identities.end()).size()), 4u);
  EXPECT_NE(took.records.find("2 a 2026-06-30T21:00:00.000Z paid(total=100;) id\n"), std::string::npos) << took.records;
  EXPECT_NE(took.records.find("5 a 2026-06-30T21:00:00.000Z paid(total=100;)\n"), std::string::npos) << took.records;
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

}  // namespace
}  // namespace polku::ingest
