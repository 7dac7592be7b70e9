// Strings of bytes by number, and numbers by the bytes: each distinct one is kept once.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/base/pool.h"

namespace polku::base {

// Open addressing with linear probing. A place holds the first and the last eight bytes beside the length, which are all there is to a string of up to
// 16: one that is there, and most are short, costs one read of memory. Not safe from several threads.
class Interned {
 public:
  static constexpr std::uint32_t kNone = ~0u;
  std::uint32_t find(std::string_view bytes) const;  // kNone if it is not there
  std::uint32_t add(std::string_view bytes);         // of a new one it is size() before; at most 2^32 - 2 of them, of as many bytes
  void prefetch(std::string_view bytes) const;       // it will be asked for soon
  std::string_view operator[](std::size_t number) const { return all_[number]; }  // from a multiple of 8 bytes on; stays where it is
  std::size_t size() const { return all_.size(); }

 private:
  struct Key {
    std::uint64_t first = 0, last = 0;
    std::uint32_t length = 0;
  };
  struct Place {
    std::uint64_t first = 0, last = 0;
    std::uint32_t length = 0, number = kNone;
  };
  static Key key_of(std::string_view bytes);
  std::size_t place(const Key& key, std::string_view bytes) const;  // where it is, or the free one where it belongs

  using Places = std::vector<Place, PageAllocator<Place>>;
  Places places_ = Places(8);  // a power of two
  std::vector<std::string_view> all_;
  Arena memory_;
};

}  // namespace polku::base
