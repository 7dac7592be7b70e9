// Memory for what there are millions of. Pieces of 2 MB and more ask the system for huge pages, so that to reach one of a million visitors at
// random does not cost a walk of the page table beside the read itself.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

namespace polku::base {

inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::size_t kHugePage = std::size_t{2} << 20;

// At least so many bytes from the start of a cache line, or of a huge page if they fill one; not initialised; std::free gives them back.
// Throws std::bad_alloc.
void* allocate_pages(std::size_t bytes);

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

// Blocks of one size, each from the start of a cache line. What the pool has taken from the system it keeps. Not safe from several threads.
class Pool {
 public:
  explicit Pool(std::size_t bytes);       // of a block
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  void* take();                           // not initialised; it is the pool's, and goes with it
  void put_back(void* block);             // one of its own

  struct PutBack {                        // for a std::unique_ptr to what needs no destructor
    Pool* pool = nullptr;
    void operator()(void* block) const { pool->put_back(block); }
  };

 private:
  struct Unused { Unused* next; };
  const std::size_t block_;               // bytes, whole cache lines
  Arena arena_;
  Unused* unused_ = nullptr;              // put back
};

}  // namespace polku::base
