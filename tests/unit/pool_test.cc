// Blocks and pieces of memory: where they start, that none lies on another, and that what was put back is used again.
#include "runtime/base/pool.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// Blocks are taken and put back at random; each keeps what was written into it, under its number.
TEST(Slots, BlocksAreTakenAndPutBack) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{64}, std::size_t{65}, std::size_t{50'000}, std::size_t{40'000'000}}) {
    Slots slots(bytes);
    EXPECT_EQ(slots.block() % kCacheLine, 0u);
    const std::size_t written = std::min<std::size_t>(bytes, 5000);
    std::mt19937 random(5);
    std::vector<std::pair<std::uint32_t, unsigned char>> taken;
    const int rounds = bytes > 1'000'000 ? 60 : 5000;
    for (int i = 0; i < rounds; ++i) {
      if (!taken.empty() && random() % 3 == 0) {
        std::swap(taken[random() % taken.size()], taken.back());
        const auto [number, filled] = taken.back();
        taken.pop_back();
        const auto* block = reinterpret_cast<const unsigned char*>(slots.at(number));
        for (std::size_t b = 0; b < written; ++b) ASSERT_EQ(block[b], filled);
        slots.put_back(number);
        EXPECT_FALSE(slots.taken(number));
        EXPECT_EQ(slots.take(), number) << "the latest put back comes first";
        slots.put_back(number);
      } else {
        const std::uint32_t number = slots.take();
        ASSERT_TRUE(slots.taken(number));
        ASSERT_LT(number, slots.end());
        ASSERT_EQ(address(slots.at(number)) % kCacheLine, 0u);
        std::memset(slots.at(number), i % 256, written);
        taken.emplace_back(number, i % 256);
      }
    }
    std::size_t living = 0;
    for (std::uint32_t n = 0; n < slots.end(); ++n) living += slots.taken(n);
    EXPECT_EQ(living, taken.size());
    EXPECT_FALSE(slots.taken(slots.end()));
  }
}

}  // namespace
}  // namespace polku::base
