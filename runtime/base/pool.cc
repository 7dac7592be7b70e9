#include "runtime/base/pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#ifdef __SANITIZE_ADDRESS__  // a block that was put back is not to be touched
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) (static_cast<void>(at), static_cast<void>(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) (static_cast<void>(at), static_cast<void>(bytes))
#endif

namespace polku::base {

namespace {

constexpr std::size_t kSmallestChunk = 4096;
constexpr std::size_t kLargestChunk = 32 * kHugePage;
constexpr std::size_t kSlotsChunk = 16 * kHugePage;

std::size_t up_to_whole(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Not touched yet, so that it takes no memory: the system gives that page by page.
void* reserve(std::size_t bytes) {
  void* p = std::aligned_alloc(kHugePage, up_to_whole(bytes, kHugePage));
  if (!p) throw std::bad_alloc();
  return p;
}

}  // namespace

std::size_t page_bytes(std::size_t bytes) { return up_to_whole(std::max<std::size_t>(bytes, 1), bytes >= kHugePage ? kHugePage : kCacheLine); }

void* allocate_pages(std::size_t bytes) {
  const bool huge = bytes >= kHugePage;
  const std::size_t unit = huge ? kHugePage : kCacheLine;
  if (bytes > static_cast<std::size_t>(PTRDIFF_MAX) - unit) throw std::bad_alloc();
  const std::size_t whole = page_bytes(bytes);
  void* p = std::aligned_alloc(unit, whole);
  if (!p) throw std::bad_alloc();
  if (huge) (void)madvise(p, whole, MADV_HUGEPAGE);  // a wish: without huge pages all is well, only slower
  return p;
}

void* Arena::take(std::size_t bytes) {
  if (left_ < bytes) {
    // Each chunk is a good part of what there is: few pieces take little, many take few chunks.
    left_ = std::max(bytes, std::clamp(total_ / 4, kSmallestChunk, kLargestChunk));
    if (left_ >= kHugePage) left_ = up_to_whole(left_, kHugePage);
    chunks_.emplace_back(static_cast<std::byte*>(allocate_pages(left_)));
    next_ = chunks_.back().get();
    total_ += left_;
  }
  left_ -= bytes;
  return std::exchange(next_, next_ + bytes);
}

std::size_t Pieces::fit(std::size_t bytes) {
  const std::size_t lines = (bytes + kCacheLine - 1) / kCacheLine;
  if (lines <= 2) return lines * kCacheLine;
  if (lines <= 16) return up_to_whole(lines, 2) * kCacheLine;  // what grows by and by is not to be moved for each line
  return up_to_whole(lines, std::size_t{1} << (std::bit_width(lines - 1) - 3)) * kCacheLine;
}

std::byte* Pieces::take(std::size_t bytes) {
  const std::size_t size = fit(bytes), lines = size / kCacheLine;
  bytes_ += size;
  if (lines >= unused_.size() || !unused_[lines]) return static_cast<std::byte*>(arena_.take(size));
  std::byte* const piece = unused_[lines];
  ASAN_UNPOISON_MEMORY_REGION(piece, size);
  std::memcpy(&unused_[lines], piece, sizeof(std::byte*));
  return piece;
}

void Pieces::give_back(std::byte* piece, std::size_t bytes) {
  const std::size_t size = fit(bytes), lines = size / kCacheLine;
  bytes_ -= size;
  if (lines >= unused_.size()) unused_.resize(lines + 1);
  std::memcpy(piece, &unused_[lines], sizeof(std::byte*));
  unused_[lines] = piece;
  ASAN_POISON_MEMORY_REGION(piece, size);
}

Slots::Slots(std::size_t bytes)
    : block_(up_to_whole(std::max<std::size_t>(bytes, 1), kCacheLine)), shift_(std::bit_width(std::max<std::size_t>(kSlotsChunk / block_, 1)) - 1) {}

Slots::~Slots() {
  for (std::byte* chunk : chunks_) {
    ASAN_UNPOISON_MEMORY_REGION(chunk, chunk_bytes());
    std::free(chunk);
  }
}

std::uint32_t Slots::take() {
  if (!unused_.empty()) {
    const std::uint32_t number = unused_.back();
    unused_.pop_back();
    taken_[number] = true;
    ASAN_UNPOISON_MEMORY_REGION(at(number), block_);
    return number;
  }
  if (end_ >> shift_ == chunks_.size()) {
    chunks_.reserve(chunks_.size() + 1);
    auto* chunk = static_cast<std::byte*>(reserve(chunk_bytes()));
    // The first blocks of all do not ask for a huge page: many engines have few visitors.
    const std::size_t small = chunks_.empty() ? kHugePage : 0;
    if (chunk_bytes() > small) (void)madvise(chunk + small, up_to_whole(chunk_bytes(), kHugePage) - small, MADV_HUGEPAGE);
    chunks_.push_back(chunk);
  }
  taken_.push_back(true);
  return end_++;
}

void Slots::put_back(std::uint32_t number) {
  unused_.push_back(number);
  taken_[number] = false;
  ASAN_POISON_MEMORY_REGION(at(number), block_);
}

}  // namespace polku::base
