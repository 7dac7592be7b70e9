// Memory for what there are millions of. Pieces of 2 MB and more ask the system for huge pages, so that to reach one of a million visitors at
// random does not cost a walk of the page table beside the read itself.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace polku::base {

inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Brings the cache line nearer that is at `p`, which must be there to be read. It reads it: where a page table must be walked first, as it must in most
// large tables, processors may drop what only asks for a line, while reads that nothing waits for overlap (docs/performance.md, "State").
inline void fetch(const void* p) { static_cast<void>(*static_cast<const volatile char*>(p)); }

// At least so many bytes from the start of a cache line, or of a huge page if they fill one; not initialised; std::free gives them back.
// Throws std::bad_alloc.
void* allocate_pages(std::size_t bytes);
std::size_t page_bytes(std::size_t bytes);  // how many those are

// For containers that become large.
template <class T>
struct PageAllocator {
  using value_type = T;
  PageAllocator() = default;
  template <class U>
  PageAllocator(const PageAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(allocate_pages(n * sizeof(T))); }
  void deallocate(T* p, std::size_t) { std::free(p); }
  friend bool operator==(PageAllocator, PageAllocator) { return true; }
};

// Memory that is taken piece by piece and given back all at once. Not safe from several threads.
class Arena {
 public:
  // So many bytes, not initialised. Of one chunk each piece starts where the one before it ended, the first at a cache line.
  void* take(std::size_t bytes);

 private:
  struct Free { void operator()(std::byte* p) const { std::free(p); } };
  std::vector<std::unique_ptr<std::byte, Free>> chunks_;
  std::size_t total_ = 0;                 // bytes of all chunks
  std::byte* next_ = nullptr;             // of the last chunk: never taken yet
  std::size_t left_ = 0;                  // bytes from there
};

// Memory in pieces of whole cache lines that come and go; what was taken from the system is kept. Not safe from several threads.
class Pieces {
 public:
  static std::size_t fit(std::size_t bytes);             // what a piece for so many really has: a line more, or an eighth, in whole lines; for none, none
  std::byte* take(std::size_t bytes);                    // more than none; from the start of a cache line, not initialised. Throws std::bad_alloc
  void give_back(std::byte* piece, std::size_t bytes);   // which fit as those it was taken for
  std::size_t bytes() const { return bytes_; }           // of the pieces that are taken

 private:
  Arena arena_;
  std::vector<std::byte*> unused_;                       // by cache lines: the first piece given back, which begins with the next
  std::size_t bytes_ = 0;
};

// Blocks of one size under the numbers 0, 1, 2, …, each from the start of a cache line; they stay where they are. What was taken from the system
// is kept. Not safe from several threads.
class Slots {
 public:
  explicit Slots(std::size_t bytes);      // of a block
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;
  ~Slots();
  std::uint32_t take();                   // the number put back last, else the next one; the block is not initialised. Throws std::bad_alloc
  void put_back(std::uint32_t number);    // one that is taken
  std::byte* at(std::uint32_t number) const { return chunks_[number >> shift_] + std::size_t{number & ((1u << shift_) - 1)} * block_; }
  bool taken(std::uint32_t number) const { return number < end_ && taken_[number]; }
  std::uint32_t end() const { return end_; }             // all numbers ever taken are below
  std::size_t block() const { return block_; }           // bytes, whole cache lines

 private:
  std::size_t chunk_bytes() const { return page_bytes(block_ << shift_); }
  const std::size_t block_;
  const int shift_;                       // a chunk has 2^shift_ blocks
  std::vector<std::byte*> chunks_;
  std::uint32_t end_ = 0;
  std::vector<bool> taken_;
  std::vector<std::uint32_t> unused_;     // put back
};

}  // namespace polku::base
