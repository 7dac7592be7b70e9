#include "runtime/base/pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
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

std::size_t up_to_whole(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

void* allocate_pages(std::size_t bytes) {
  const bool huge = bytes >= kHugePage;
  const std::size_t unit = huge ? kHugePage : kCacheLine;
  if (bytes > static_cast<std::size_t>(PTRDIFF_MAX) - unit) throw std::bad_alloc();
  const std::size_t whole = up_to_whole(std::max<std::size_t>(bytes, 1), unit);
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

Pool::Pool(std::size_t bytes) : block_(up_to_whole(std::max<std::size_t>(bytes, 1), kCacheLine)) {}

void* Pool::take() {
  if (!unused_) return arena_.take(block_);
  ASAN_UNPOISON_MEMORY_REGION(unused_, block_);
  return std::exchange(unused_, unused_->next);
}

void Pool::put_back(void* block) {
  unused_ = new (block) Unused{unused_};
  ASAN_POISON_MEMORY_REGION(block, block_);
}

}  // namespace polku::base
