// What is wrong with a data folder though every sum is right: each fault is found, told with what to do, and nothing else is.
#include "runtime/shards/check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/shards/service.h"
#include "runtime/shards/shard.h"

namespace polku::shards {
namespace {

using store::Table;

std::string fixed(std::uint64_t n) {
  std::string out;
  base::put_fixed(out, n);
  return out;
}

std::string state(std::string_view key, Millis deadline, std::uint64_t format = kStateFormat) {
  std::string out;
  base::put_number(out, format);
  base::put_number(out, 1);
  base::put_number(out, 1);
  base::put_signed(out, deadline);
  base::put_number(out, 0);
  base::put_text(out, key);
  base::put_number(out, 0);
  base::put_text(out, "");
  base::put_signed(out, 0);
  base::put_signed(out, 0);
  return out + "history";
}

std::string entry(std::uint64_t number, std::uint64_t shard = 0) {
  ChunkWriter chunk;
  chunk.begin({.shard = shard, .number = number});
  chunk.add({.kind = ItemKind::Record, .visitor = "v", .bytes = "event"});
  chunk.add({.kind = ItemKind::Decision, .visitor = "v", .other = "id", .bytes = "{}"});
  std::string out;
  begin_entry(out, 0, 1);
  base::put_text(out, chunk.bytes());
  return out;
}

class CheckTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / ("polku-check-" + std::to_string(getpid()))).string();
    std::filesystem::remove_all(folder_);
    put(Table::Meta, "format", std::string(kDataFormat));
    put(Table::Meta, "pack", fixed(1));
    std::string pack;
    base::put_signed(pack, 0);
    base::put_text(pack, "a pack");
    put(Table::Meta, pack_key(1), pack + "and its text");
    put(Table::Meta, "shards", fixed(2));
    put(Table::Meta, "from", fixed(3));
    put(Table::Meta, "cursor somebody", fixed(3));
    for (std::uint64_t at = 2; at <= 4; ++at) put(Table::Log, log_key(at), entry(at));
    for (const char* key : {"a", "b", "c"}) put(Table::Visitors, key, state(key, 1000));
    for (const char* key : {"a", "b", "c"}) put(Table::Deadlines, deadline_key(shard_of(key, 2), 1000, key), "");
    put(Table::Visitors, "idle", state("idle", kNever));
    put(Table::Names, "other", "a");
    Message m;
    m.visitor = "b";
    m.also = "x";
    put(Table::Handovers, "x", handover(m));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void put(Table table, const std::string& key, const std::string& value) { writes_.put(table, key, value); }
  void erase(Table table, const std::string& key) { writes_.erase(table, key); }
  Contents check() {
    std::string error;
    {
      const auto store = store::Store::open(folder_, {}, error);
      EXPECT_EQ(store->write(writes_, true), "");
    }
    const auto check = Check::begin(folder_, error);
    EXPECT_EQ(error, "");
    if (!check) return {};
    while (check->step()) EXPECT_FALSE(check->at().empty());
    EXPECT_FALSE(check->step());
    return check->contents();
  }
  // One fault, which says so and what to do.
  void expect_fault(const std::string& words) {
    const Contents c = check();
    ASSERT_EQ(c.faulty, 1u) << (c.faults.empty() ? "" : c.faults.back());
    ASSERT_EQ(c.faults.size(), 1u);
    EXPECT_NE(c.faults[0].find(words), std::string::npos) << c.faults[0];
    EXPECT_TRUE((c.faults[0].find("Restore the latest backup") != std::string::npos) != (c.faults[0].find("Use the version that wrote it") != std::string::npos)) << c.faults[0];
  }

  std::string folder_;
  store::Writes writes_;
};

TEST_F(CheckTest, CountsWhatIsThere) {
  const Contents c = check();
  EXPECT_EQ(c.faulty, 0u) << c.faults[0];
  EXPECT_TRUE(c.remarks.empty());
  EXPECT_EQ(c.format, kDataFormat);
  EXPECT_EQ(c.pack, "a pack");
  EXPECT_EQ(c.shards, 2u);
  EXPECT_EQ(c.first, 2u);
  EXPECT_EQ(c.last, 4u);
  EXPECT_EQ(c.entries, 3u);
  EXPECT_EQ(c.log_bytes, 3 * entry(2).size());
  EXPECT_EQ(c.records, 3u);
  EXPECT_EQ(c.decisions, 3u);
  EXPECT_EQ(c.visitors, 4u);
  EXPECT_EQ(c.names, 1u);
  EXPECT_EQ(c.deadlines, 3u);
  EXPECT_EQ(c.handovers, 1u);
  EXPECT_GT(c.bytes, c.log_bytes);
}

TEST_F(CheckTest, AGapInTheLog) {
  put(Table::Log, log_key(7), entry(7));
  expect_fault("Entries 5 to 6 of the log are missing");
}
TEST_F(CheckTest, TheLogBeginsTooLate) {
  erase(Table::Log, log_key(2));
  erase(Table::Log, log_key(3));
  expect_fault("begins with entry 4, and a start needs it from 3");
}
TEST_F(CheckTest, TheLogEndsTooEarly) {
  put(Table::Meta, "from", fixed(6));
  expect_fault("ends with entry 4, and once went to 5");
}
TEST_F(CheckTest, AStartMayNeedNothing) {
  put(Table::Meta, "from", fixed(5));
  EXPECT_EQ(check().faulty, 0u);
}
TEST_F(CheckTest, AReaderBeyondTheEnd) {
  put(Table::Meta, "cursor somebody", fixed(5));
  expect_fault("`somebody` has read the log up to entry 5");
}
TEST_F(CheckTest, AnEntryThatIsNone) {
  put(Table::Log, log_key(4), entry(4).substr(0, 12));
  expect_fault("Entry 4 of the log is damaged");
}
TEST_F(CheckTest, AnEntryOfALaterFormat) {
  std::string later = entry(4);
  later[0] = static_cast<char>(kLogFormat + 1);
  put(Table::Log, log_key(4), later);
  expect_fault("Use the version that wrote it");
}
TEST_F(CheckTest, AShardThatIsNotThere) {
  put(Table::Log, log_key(4), entry(4, 2));
  expect_fault("Entry 4 of the log is damaged");
}
TEST_F(CheckTest, AShardThatGoesBack) {
  put(Table::Log, log_key(4), entry(3));
  expect_fault("shard 0 goes back");
}
TEST_F(CheckTest, StatesOfVisitors) {
  put(Table::Visitors, "a", state("a", 1000, kStateFormat + 1));
  expect_fault("The state of visitor `a` is damaged or of another format");
  put(Table::Visitors, "a", state("b", 1000));
  expect_fault("The state of visitor `a` is another's");
  put(Table::Visitors, "a", state("a", 1000).substr(0, 9));
  expect_fault("The state of visitor `a` is damaged");
  put(Table::Visitors, "a", state("a", 1001));
  expect_fault("Visitor `a` has something to do and is in no list");
}
TEST_F(CheckTest, KeysThatNobodyCanRead) {
  const std::string key = std::string(59, 'x') + "\xC3\xA4\x60" + std::string(100, 'y');
  put(Table::Visitors, key, "");
  expect_fault("`" + std::string(59, 'x') + " …`");
  erase(Table::Visitors, key);
  put(Table::Visitors, "\xFF\n`", "");
  expect_fault("`???`");
}
TEST_F(CheckTest, SmallerTables) {
  put(Table::Names, "other", "");
  expect_fault("The name `other` leads to nobody");
  put(Table::Names, "other", "a");
  put(Table::Deadlines, "short", "");
  expect_fault("A deadline is nobody's");
  erase(Table::Deadlines, "short");
  put(Table::Deadlines, deadline_key(2, 1000, "a"), "");
  expect_fault("A deadline is nobody's");
  erase(Table::Deadlines, deadline_key(2, 1000, "a"));
  put(Table::Handovers, "x", "?");
  expect_fault("of visitor `x` from one shard to another is damaged");
}
TEST_F(CheckTest, WhatTheFolderSaysOfItself) {
  put(Table::Meta, "order", "seven");
  expect_fault("`order` in what the folder says of itself is no number");
  erase(Table::Meta, "order");
  put(Table::Meta, "shard 1", "\xFF");
  expect_fault("shard 1");
  erase(Table::Meta, "shard 1");
  put(Table::Meta, "format", "polku data 9");
  expect_fault("It was written in the format `polku data 9`");
  erase(Table::Meta, "format");
  expect_fault("does not say in what format it is");
}
TEST_F(CheckTest, TellsTheFirstOfMany) {
  for (int i = 0; i < 100; ++i) put(Table::Names, "n" + std::to_string(i), "");
  const Contents c = check();
  EXPECT_EQ(c.faulty, 100u);
  EXPECT_EQ(c.faults.size(), Contents::kTold);
}

TEST_F(CheckTest, ACopyTakesItsPlaceWhenItIsFinished) {
  std::string error;
  const std::string to = folder_ + ".copy", unfinished = [&] {
    const auto place = Place::beside(to + "/", false, error);
    std::filesystem::create_directory(place->path());
    return place->path();
  }();
  EXPECT_FALSE(std::filesystem::exists(unfinished));
  EXPECT_FALSE(std::filesystem::exists(to));
  std::filesystem::create_directory(to);
  EXPECT_EQ(Place::beside(to, false, error), nullptr);
  EXPECT_NE(error.find("is there already"), std::string::npos);
  const auto place = Place::beside(to, true, error);
  ASSERT_NE(place, nullptr);
  std::filesystem::create_directory(place->path());
  std::ofstream(place->path() + "/file") << "x";
  EXPECT_EQ(place->finish(), "");
  EXPECT_TRUE(std::filesystem::exists(to + "/file"));
  EXPECT_FALSE(std::filesystem::exists(place->path()));
  EXPECT_EQ(Place::beside(to, true, error), nullptr);  // not empty any more
  std::filesystem::remove_all(to);
}

}  // namespace
}  // namespace polku::shards
