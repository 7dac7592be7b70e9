#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <numeric>
#include <random>

#include "runtime/base/external_sort.h"

namespace polku::base {
namespace {

using Records = std::vector<std::pair<std::string, std::string>>;

Records random_records(unsigned seed, std::size_t count, int longest_key, int longest_payload) {
  std::mt19937 random(seed);
  auto bytes = [&](int longest) {
    std::string text(static_cast<std::size_t>(std::uniform_int_distribution<int>(0, longest)(random)), ' ');
    for (char& c : text) c = static_cast<char>(std::uniform_int_distribution<int>(0, 3)(random) * 85);
    return text;
  };
  Records records;
  for (std::size_t i = 0; i < count; ++i) records.emplace_back(bytes(longest_key), std::to_string(i) + bytes(longest_payload));
  return records;
}

// As std::stable_sort does, which the newer compiler calls deprecated in the older library.
Records sorted(const Records& records) {
  std::vector<std::size_t> order(records.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return records[a].first != records[b].first ? records[a].first < records[b].first : a < b; });
  Records out;
  for (std::size_t i : order) out.push_back(records[i]);
  return out;
}

Records through(ExternalSort& sort, const Records& records) {
  for (const auto& [key, payload] : records) sort.add(key, payload);
  sort.finish();
  Records out;
  std::string_view key, payload;
  while (sort.next(key, payload)) out.emplace_back(key, payload);
  EXPECT_EQ(sort.error(), "");
  EXPECT_FALSE(sort.next(key, payload));
  return out;
}

TEST(ExternalSort, IsAStableSortWithAnyMemory) {
  for (std::size_t memory : {std::size_t{1}, std::size_t{200}, std::size_t{4} << 10, std::size_t{64} << 10, std::size_t{1} << 20, std::size_t{256} << 20})
    for (unsigned seed = 0; seed < 4; ++seed) {
      Records records = random_records(seed, 3000, seed == 0 ? 0 : 12, 40);
      ExternalSort sort(memory);
      ASSERT_EQ(through(sort, records), sorted(records)) << memory;
      EXPECT_EQ(sort.spilled_runs() == 0, memory >= (1u << 20));
    }
}

TEST(ExternalSort, MergesInSeveralPasses) {
  Records records = random_records(5, 20'000, 6, 8);
  ExternalSort sort(1 << 10);
  EXPECT_EQ(through(sort, records), sorted(records));
  EXPECT_GT(sort.spilled_runs(), 300u);
}

TEST(ExternalSort, TakesRecordsLargerThanItsMemory) {
  Records records = random_records(6, 40, 30'000, 60'000);
  records.emplace_back("", "");
  ExternalSort sort(10'000);
  EXPECT_EQ(through(sort, records), sorted(records));
}

TEST(ExternalSort, OfNothingIsNothing) {
  ExternalSort sort;
  EXPECT_TRUE(through(sort, {}).empty());
}

TEST(ExternalSort, LeavesNoFileBehind) {
  auto folder = std::filesystem::path(testing::TempDir()) / "polku_sort_test";
  std::filesystem::create_directories(folder);
  ExternalSort sort(1000, folder.string());
  through(sort, random_records(7, 500, 8, 8));
  EXPECT_GT(sort.spilled_runs(), 0u);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::remove(folder);
}

TEST(ExternalSort, ANoFolderIsAnErrorOnlyWhenItIsNeeded) {
  ExternalSort small(1 << 20, "/no/such/folder"), large(100, "/no/such/folder");
  Records records = random_records(8, 50, 8, 8);
  EXPECT_EQ(through(small, records), sorted(records));
  for (const auto& [key, payload] : records) large.add(key, payload);
  large.finish();
  std::string_view key, payload;
  EXPECT_FALSE(large.next(key, payload));
  EXPECT_NE(large.error().find("/no/such/folder"), std::string::npos) << large.error();
}

TEST(ExternalSort, AFullDiskIsAnError) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small{100'000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  ExternalSort sort(10'000);
  for (const auto& [key, payload] : random_records(9, 10'000, 20, 100)) sort.add(key, payload);
  sort.finish();
  std::string_view key, payload;
  bool got = sort.next(key, payload);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(got);
  EXPECT_NE(sort.error().find("cannot be written"), std::string::npos) << sort.error();
}

TEST(SortKey, OrdersAsTheNumberDoesAndReadsBack) {
  std::vector<std::int64_t> numbers{std::numeric_limits<std::int64_t>::min(), -257, -256, -1, 0, 1, 255, 256, 1'700'000'000'000, std::numeric_limits<std::int64_t>::max()};
  std::string last;
  for (auto number : numbers) {
    std::string key;
    append_key(key, number);
    EXPECT_EQ(key.size(), 8u);
    EXPECT_EQ(read_key(key + "rest"), number);
    EXPECT_LT(last, key);
    last = key;
  }
}

}  // namespace
}  // namespace polku::base
