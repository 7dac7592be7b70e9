// Published tables of answers, from a file.
#include "runtime/ingest/tables.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace polku::ingest {
namespace {

catalog::Catalog a_catalog() {
  catalog::Catalog c;
  c.zone = "Europe/Helsinki";
  for (const char* name : {"email", "push", "s\u00E4hke"}) c.channels.emplace_back().name = name;
  return c;
}

struct Told {
  std::string tables;  // a line each: `at name channel=answers/sends …`
  std::string error;   // without the file's name
};

Told read(const std::string& text) {
  const auto path = std::filesystem::path(testing::TempDir()) / "polku_tables_test.ndjson";
  std::ofstream(path, std::ios::binary) << text;
  Told told;
  const auto tables = read_tables(path.string(), a_catalog(), told.error);
  std::filesystem::remove(path);
  EXPECT_TRUE(told.error.empty() || tables.empty());
  for (const auto& table : tables) {
    told.tables += std::to_string(table.at) + " " + table.name;
    for (const auto& [name, counts] : table.channels) told.tables += " " + name + "=" + std::to_string(counts.answers) + "/" + std::to_string(counts.sends);
    told.tables += "\n";
  }
  const std::string begin = "`" + path.string() + "`";
  if (told.error.starts_with(begin)) told.error.erase(0, begin.size());
  return told;
}

TEST(Tables, AreReadInTheOrderOfTheirTimes) {
  const Told told = read("\xEF\xBB\xBF"
                         R"({"at":"1970-01-01T00:00:02Z","name":"later","channels":{"push":{"sends":10,"answers":0},"email":{"answers":3,"sends":3}}}

  )" "\t\r\n" R"({"channels":{},"name":"a\u0308 \"x\"","at":"1970-01-01T02:00:01"})" "\r\n"
                         R"({"at":"1970-01-01","name":"first","channels":{"sa\u0308hke":{"answers":0,"sends":1000000000000},"email":{"answers":0,"sends":0}}})");
  EXPECT_EQ(told.error, "");
  EXPECT_EQ(told.tables,
            "-7200000 first email=0/0 s\u00E4hke=0/1000000000000\n"
            "1000 \u00E4 \"x\"\n"
            "2000 later email=3/3 push=0/10\n");
}

TEST(Tables, NoneIsNoFault) {
  for (const char* text : {"", "\n \n", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(read(text).error, "");
    EXPECT_EQ(read(text).tables, "");
  }
}

TEST(Tables, EveryFaultOfALine) {
  const std::string good = R"({"at":"1970-01-01T00:00:01Z","name":"x","channels":{}})";
  const auto fault = [&](const std::string& line, const std::string& told) { EXPECT_EQ(read(good + "\n\n" + line + "\n" + good).error, ", line 3: " + told) << line; };
  fault("x", "the line is no JSON.");
  fault("{", "the line is no JSON.");
  fault(good + good, "the line is no JSON.");
  fault("{\"name\":\"\xFF\"}", "the line is no JSON.");
  fault("[]", "the line is no JSON object.");
  fault("1", "the line is no JSON object.");
  fault("{}", "the table has no `at`.");
  fault(R"({"name":"x","channels":{}})", "the table has no `at`.");
  fault(R"({"at":"1970-01-01","channels":{}})", "the table has no `name`.");
  fault(R"({"at":"1970-01-01","name":"x"})", "the table has no `channels`.");
  for (const char* at : {"\"yesterday\"", "\"\"", "5", "null", "[]"}) fault("{\"at\":" + std::string(at) + ",\"name\":\"x\",\"channels\":{}}", "`at` is no time, as in `2026-11-21T00:00:00Z`.");
  for (const char* name : {"\"\"", "5", "null", "{}"}) fault("{\"at\":\"1970-01-01\",\"name\":" + std::string(name) + ",\"channels\":{}}", "`name` is no text, or an empty one.");
  fault(R"({"at":"1970-01-01","name":"x","channel":{}})", "there is no key `channel` in a table; it has `at`, `name` and `channels`.");
  fault(R"({"at":"1970-01-01","at":"1970-01-02","name":"x","channels":{}})", "the key `at` stands twice.");
  for (const char* channels : {"[]", "null", "5"}) fault("{\"at\":\"1970-01-01\",\"name\":\"x\",\"channels\":" + std::string(channels) + "}", "`channels` is no JSON object.");
}

TEST(Tables, EveryFaultOfAChannel) {
  const auto fault = [](const std::string& channels, const std::string& told) {
    EXPECT_EQ(read("{\"at\":\"1970-01-01\",\"name\":\"x\",\"channels\":{" + channels + "}}").error, ", line 1: " + told) << channels;
  };
  const std::string counts = R"({"answers":1,"sends":2})";
  fault("\"emial\":" + counts, "the catalog has no channel `emial`. Did you mean `email`?");
  fault("\"letter\":" + counts, "the catalog has no channel `letter`.");
  fault("\"email\":" + counts + ",\"email\":" + counts, "the channel `email` stands twice.");
  for (const char* wrong : {"{}", "5", "null", "[1,2]", R"({"answers":1})", R"({"sends":2})", R"({"answers":1,"sends":2,"opens":3})", R"({"answers":1,"sends":2,"sends":2})", R"({"answers":1.0,"sends":2})",
                            R"({"answers":"1","sends":2})", R"({"answers":1,"sends":null})", R"({"answers":1,"sends":18446744073709551615})"})
    fault("\"email\":" + std::string(wrong), "`email` needs two whole numbers, `answers` and `sends`, and nothing else.");
  fault(R"("email":{"answers":3,"sends":2})", "the answers of `email` must be from 0 to its sends.");
  fault(R"("email":{"answers":-1,"sends":2})", "the answers of `email` must be from 0 to its sends.");
  fault(R"("email":{"answers":0,"sends":-1})", "the sends of `email` must be from 0 to 1000000000000.");
  fault(R"("email":{"answers":0,"sends":1000000000001})", "the sends of `email` must be from 0 to 1000000000000.");
}

TEST(Tables, TwoOfOneInstantAreAFault) {
  const auto line = [](const char* at) { return "{\"at\":\"" + std::string(at) + "\",\"name\":\"x\",\"channels\":{}}\n"; };
  EXPECT_EQ(read(line("1970-01-01T00:00:01Z") + line("1970-01-01T00:00:02Z") + line("1970-01-01T02:00:01+02:00")).error,
            ": two tables hold from 1970-01-01T00:00:01.000Z on. Take one of them out.");
}

TEST(Tables, AFileThatCannotBeRead) {
  const std::string none = (std::filesystem::path(testing::TempDir()) / "polku_no_tables.ndjson").string(), folder = testing::TempDir();
  for (const std::string& path : {none, folder}) {
    std::string error;
    EXPECT_TRUE(read_tables(path, a_catalog(), error).empty());
    EXPECT_EQ(error, "The tables in `" + path + "` cannot be read.");
  }
}

}  // namespace
}  // namespace polku::ingest
