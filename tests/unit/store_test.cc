// What must outlive the process: together or not at all, in order, one process at a time, and nothing believed that is damaged.
#include "runtime/store/store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace polku::store {
namespace {

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / ("polku-store-" + std::to_string(getpid()))).string();
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  bool open(const std::string& folder) {
    error_.clear();
    store_.reset();
    store_ = Store::open(folder, {.cache_bytes = 1 << 20, .buffer_bytes = 1 << 20}, error_);
    return store_ != nullptr;
  }
  void put(Table table, const std::string& key, const std::string& value) {
    Writes w;
    w.put(table, key, value);
    ASSERT_EQ(store_->write(w, true), "");
  }
  std::string get(Table table, const std::string& key) {
    std::string value, error;
    const bool there = store_->get(table, key, value, error);
    EXPECT_EQ(error, "");
    return there ? value : "(none)";
  }
  std::string all(Table table, const std::string& from = "") {
    std::string out;
    Store::Scan scan = store_->scan(table);
    for (scan.seek(from); scan.valid(); scan.next()) out += std::string(scan.key()) + "=" + std::string(scan.value()) + " ";
    EXPECT_EQ(scan.error(), "");
    return out;
  }

  std::string folder_, error_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, KeepsWhatWasWritten) {
  ASSERT_TRUE(open(folder_)) << error_;
  put(Table::Visitors, "a", "1");
  put(Table::Names, "a", "2");
  put(Table::Visitors, std::string("b\0c", 3), "");
  ASSERT_TRUE(open(folder_)) << error_;
  EXPECT_EQ(get(Table::Visitors, "a"), "1");
  EXPECT_EQ(get(Table::Names, "a"), "2");
  EXPECT_EQ(get(Table::Visitors, std::string("b\0c", 3)), "");
  EXPECT_EQ(get(Table::Visitors, "b"), "(none)");
  EXPECT_EQ(get(Table::Log, "a"), "(none)");
}

// The later of two changes of one key stands, whichever it is.
TEST_F(StoreTest, ChangesHappenInOrder) {
  ASSERT_TRUE(open(folder_)) << error_;
  for (const char* key : {"a", "b", "c", "d"}) put(Table::Log, key, "old");
  Writes first, more;
  first.erase(Table::Log, "b");
  first.put(Table::Log, "b", "new");
  first.put(Table::Log, "c", "new");
  more.erase(Table::Log, "c");
  more.erase_below(Table::Log, "b");
  EXPECT_GT(first.bytes(), 0u);
  first.add(std::move(more));
  EXPECT_TRUE(more.empty());
  ASSERT_EQ(store_->write(first, true), "");
  EXPECT_EQ(all(Table::Log), "b=new d=old ");
  first.clear();
  EXPECT_TRUE(first.empty());
}

TEST_F(StoreTest, ScansInTheOrderOfBytes) {
  ASSERT_TRUE(open(folder_)) << error_;
  for (const char* key : {"b", "\xff", "a", "ab", "\x01"}) put(Table::Deadlines, key, "");
  EXPECT_EQ(all(Table::Deadlines), "\x01= a= ab= b= \xff= ");
  EXPECT_EQ(all(Table::Deadlines, "aa"), "ab= b= \xff= ");
  Store::Scan scan = store_->scan(Table::Deadlines);
  scan.last();
  ASSERT_TRUE(scan.valid());
  EXPECT_EQ(scan.key(), "\xff");
  put(Table::Deadlines, "c", "");  // it does not see what came later
  scan.previous();
  EXPECT_EQ(scan.key(), "b");
}

TEST_F(StoreTest, BelongsToOneProcessAtATime) {
  ASSERT_TRUE(open(folder_)) << error_;
  std::string error;
  EXPECT_EQ(Store::open(folder_, {}, error), nullptr);
  EXPECT_NE(error.find("in use by another process"), std::string::npos) << error;
  EXPECT_NE(error.find(folder_), std::string::npos);
}

TEST_F(StoreTest, SaysWhyItCannotBeOpened) {
  std::ofstream(folder_) << "a file";
  EXPECT_FALSE(open(folder_ + "/data"));
  EXPECT_NE(error_.find("cannot be made"), std::string::npos) << error_;
  std::filesystem::remove(folder_);
}

TEST_F(StoreTest, ACopyIsAStoreOfItsOwn) {
  ASSERT_TRUE(open(folder_ + "/one")) << error_;
  put(Table::Visitors, "a", "then");
  ASSERT_EQ(store_->copy(folder_ + "/two"), "");
  EXPECT_NE(store_->copy(folder_ + "/two"), "");  // which is there already
  put(Table::Visitors, "a", "now");
  EXPECT_EQ(store_->verify(), "");
  ASSERT_TRUE(open(folder_ + "/two")) << error_;
  EXPECT_EQ(get(Table::Visitors, "a"), "then");
}

// What is torn at the end was never acknowledged; what stands before it is there.
TEST_F(StoreTest, ATornTailIsForgotten) {
  ASSERT_TRUE(open(folder_)) << error_;
  put(Table::Log, "1", "one");
  std::map<std::filesystem::path, std::uintmax_t> before;
  const auto logs = [&](auto see) {
    for (const auto& f : std::filesystem::directory_iterator(folder_))
      if (f.path().extension() == ".log") see(f.path());
  };
  logs([&](const std::filesystem::path& p) { before[p] = std::filesystem::file_size(p); });
  put(Table::Log, "2", std::string(1000, 'x'));
  std::filesystem::copy(folder_, folder_ + ".torn", std::filesystem::copy_options::recursive);
  store_.reset();
  for (const auto& [path, size] : before) {
    const auto torn = std::filesystem::path(folder_ + ".torn") / path.filename();
    if (std::filesystem::file_size(torn) > size) std::filesystem::resize_file(torn, size + 500);
  }
  ASSERT_TRUE(open(folder_ + ".torn")) << error_;
  EXPECT_EQ(all(Table::Log), "1=one ");
  store_.reset();
  std::filesystem::remove_all(folder_ + ".torn");
}

// A file whose bytes have changed is told of, and what to do.
TEST_F(StoreTest, DamageIsTold) {
  ASSERT_TRUE(open(folder_)) << error_;
  for (int i = 0; i < 1000; ++i) put(Table::Visitors, "visitor " + std::to_string(i), std::string(200, 'x') + std::to_string(i));
  ASSERT_EQ(store_->flush(), "");
  store_.reset();
  std::filesystem::path largest;
  for (const auto& f : std::filesystem::directory_iterator(folder_))
    if (f.path().extension() == ".sst" && (largest.empty() || f.file_size() > std::filesystem::file_size(largest))) largest = f.path();
  ASSERT_FALSE(largest.empty());
  {
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file << "damaged!";
  }
  ASSERT_TRUE(open(folder_)) << error_;
  const std::string said = store_->verify();
  EXPECT_NE(said.find("polku data restore"), std::string::npos) << said;
  std::string value, error;
  EXPECT_FALSE(store_->get(Table::Visitors, "visitor 0", value, error));
  EXPECT_NE(error, "");
}

TEST_F(StoreTest, WhatIsPurgedStandsInNoFile) {
  ASSERT_TRUE(open(folder_));
  const auto holding = [&](const std::string& word) {
    std::string out;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      std::ifstream in(entry.path(), std::ios::binary);
      if (std::string(std::istreambuf_iterator<char>(in), {}).find(word) != std::string::npos) out += entry.path().filename().string() + " ";
    }
    return out;
  };
  const std::string gone = "Rk2vQx81LwTzJp", stays = "Hc93mSfyBd64Ua";
  for (const Table table : {Table::Visitors, Table::Log, Table::Names}) {
    for (const auto* prefix : {"", "a", "z"}) put(table, prefix + gone, "v" + gone);
    put(table, stays, stays);
  }
  ASSERT_EQ(store_->flush(), "");   // it is in files, in their list, as a key at which one begins or ends
  put(Table::Visitors, gone, gone + "again");  // and in what is written ahead
  ASSERT_NE(holding(gone), "");
  Writes w;
  std::vector<Store::Range> ranges;
  for (const Table table : {Table::Visitors, Table::Log, Table::Names})
    for (const auto* prefix : {"", "a", "z"}) {
      w.erase(table, prefix + gone);
      ranges.push_back({table, prefix + gone, prefix + gone});
    }
  std::atomic<bool> stop = false;
  ASSERT_EQ(store_->write(w, true), "");
  ASSERT_EQ(store_->purge(ranges, stop), "");
  EXPECT_EQ(holding(gone), "");
  EXPECT_NE(holding(stays), "");
  for (const Table table : {Table::Visitors, Table::Log, Table::Names}) EXPECT_EQ(all(table), stays + "=" + stays + " ");
  ASSERT_EQ(store_->purge({{Table::Log}}, stop), "");   // a whole table, and nothing to do
  ASSERT_TRUE(open(folder_));
  EXPECT_EQ(get(Table::Visitors, stays), stays);
}

// A disk that is full, as a limit for files has it: what was there can be read, and once there is room it goes on without being asked to.
TEST_F(StoreTest, GoesOnWhenThereIsRoomAgain) {
  ASSERT_TRUE(open(folder_)) << error_;
  put(Table::Visitors, "a", "1");
  struct rlimit was {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &was), 0);
  const auto before = signal(SIGXFSZ, SIG_IGN);
  const struct rlimit full {2000, was.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  Writes w;
  w.put(Table::Log, "1", std::string(10'000, 'x'));
  for (int i = 0; i < 3; ++i) EXPECT_NE(store_->write(w, true), "");
  EXPECT_EQ(get(Table::Visitors, "a"), "1");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &was), 0);
  signal(SIGXFSZ, before);
  {
    Store::Scan scan = store_->scan(Table::Visitors);  // somebody reads meanwhile
    scan.seek({});
    store_->write(w, true);
    EXPECT_TRUE(scan.valid());
  }
  EXPECT_EQ(store_->write(w, true), "");
  put(Table::Visitors, "b", "2");
  ASSERT_TRUE(open(folder_)) << error_;
  EXPECT_EQ(all(Table::Visitors), "a=1 b=2 ");
  EXPECT_EQ(get(Table::Log, "1").size(), 10'000u);
}

}  // namespace
}  // namespace polku::store
