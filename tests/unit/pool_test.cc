// Blocks and pieces of memory: where they start, that none lies on another, and that what was put back is used again.
#include "runtime/base/pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <vector>

namespace polku::base {
namespace {

std::uintptr_t address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

TEST(Pages, StartAtACacheLineOrAHugePage) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{65}, kHugePage - 1, kHugePage, kHugePage + 1}) {
    const std::unique_ptr<void, decltype(&std::free)> p(allocate_pages(bytes), &std::free);
    EXPECT_EQ(address(p.get()) % (bytes >= kHugePage ? kHugePage : kCacheLine), 0u) << bytes;
    if (bytes > 0) std::memset(p.get(), 1, bytes);
  }
}

TEST(Pages, SayWhenThereIsNoMemory) {
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
  for (const std::size_t bytes : {kMost, kMost - kHugePage, kMost / 2}) EXPECT_THROW(allocate_pages(bytes), std::bad_alloc) << bytes;
}

TEST(Arena, PiecesDoNotOverlap) {
  Arena arena;
  std::mt19937 random(3);
  std::vector<std::pair<unsigned char*, std::size_t>> pieces;
  for (int i = 0; i < 3000; ++i) {
    std::size_t bytes = random() % 200 * 8;
    if (random() % 1000 == 0) bytes = kHugePage + 8;  // more than a chunk would have had
    auto* piece = static_cast<unsigned char*>(arena.take(bytes));
    ASSERT_EQ(address(piece) % 8, 0u);
    std::memset(piece, i % 256, bytes);
    pieces.emplace_back(piece, bytes);
  }
  for (std::size_t i = 0; i < pieces.size(); ++i)
    for (std::size_t b = 0; b < pieces[i].second; ++b) ASSERT_EQ(pieces[i].first[b], i % 256) << i;
}

// Blocks are taken and put back at random; each keeps what was written into it.
TEST(Pool, BlocksAreTakenAndPutBack) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{64}, std::size_t{65}, std::size_t{5000}}) {
    Pool pool(bytes);
    std::mt19937 random(5);
    std::vector<std::pair<unsigned char*, unsigned char>> taken;
    for (int i = 0; i < 5000; ++i) {
      if (!taken.empty() && random() % 3 == 0) {
        std::swap(taken[random() % taken.size()], taken.back());
        const auto [block, filled] = taken.back();
        taken.pop_back();
        for (std::size_t b = 0; b < bytes; ++b) ASSERT_EQ(block[b], filled);
        pool.put_back(block);
        EXPECT_EQ(pool.take(), block) << "the latest put back comes first";
        pool.put_back(block);
      } else {
        auto* block = static_cast<unsigned char*>(pool.take());
        ASSERT_EQ(address(block) % kCacheLine, 0u);
        std::memset(block, i % 256, bytes);
        taken.emplace_back(block, static_cast<unsigned char>(i % 256));
      }
    }
  }
}

TEST(Pool, AUniquePointerPutsBack) {
  Pool pool(sizeof(int));
  int* at = nullptr;
  {
    const std::unique_ptr<int, Pool::PutBack> held(new (pool.take()) int(7), Pool::PutBack{&pool});
    at = held.get();
  }
  EXPECT_EQ(pool.take(), at);
}

}  // namespace
}  // namespace polku::base
