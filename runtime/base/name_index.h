// From names to numbers, for millions of names that come and stay.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/pool.h"

namespace polku::base {

// A name as Names keeps it: its text follows. It stays where it is until it is removed.
struct Name {
  std::uint32_t length = 0;
  std::string_view text() const { return {reinterpret_cast<const char*>(this + 1), length}; }
};

class Names {
 public:
  const Name* add(std::string_view text);   // at most 2^32 - 1 bytes
  void remove(const Name* name);            // its memory is for the next of that length
  static std::size_t bytes(std::size_t length) { return (sizeof(Name) + length + 3) / 4 * 4; }  // of one

 private:
  Arena arena_;
  std::unordered_map<std::size_t, std::vector<const Name*>> unused_;  // by bytes
};

// Open addressing with linear probing over places of 8 bytes: 32 bits of the hash, and the number. The place of a hash is its share of the table, so a
// table that grows is gone through from one end to the other, without a look at a name; and each of the shards grows alone: that of 10 million names
// takes some 20 ms at a time. Names are compared by whoever asks. Not safe from several threads.
class NameIndex {
 public:
  NameIndex();
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static std::uint64_t hash(std::string_view name);

  // The number for which is(number) says yes among those of the hash, or kNone. It is asked of others now and then.
  template <class Is>
  std::uint32_t find(std::uint64_t hash, Is is) const {
    const Shard& s = shards_[hash % kShards];
    for (std::size_t i = s.place(tag(hash));; i = s.next(i)) {
      const std::uint64_t place = s.places[i];
      if (place == 0) return kNone;
      if (tag(place) == tag(hash) && is(number(place))) return number(place);
    }
  }
  void add(std::uint64_t hash, std::uint32_t number);                                // which it does not have yet; below kNone
  void replace(std::uint64_t hash, std::uint32_t number, std::uint32_t by);          // which it has
  void remove(std::uint64_t hash, std::uint32_t number);                             // likewise

  void prefetch(std::uint64_t hash) const { fetch(&shards_[hash % kShards].places[shards_[hash % kShards].place(tag(hash))]); }
  // The first number of the hash's tag that is found at once, kNone if that is none. A guess: nothing is compared.
  std::uint32_t guess(std::uint64_t hash) const { return find(hash, [](std::uint32_t) { return true; }); }

  static std::size_t bytes(std::size_t names);   // of an index with so many

 private:
  static constexpr std::size_t kShards = 4, kSmallest = 16;
  static std::uint64_t tag(std::uint64_t hash_or_place) { return hash_or_place >> 32; }
  static std::uint32_t number(std::uint64_t place) { return static_cast<std::uint32_t>(place) - 1; }
  static bool full(std::size_t names, std::size_t places) { return names * 4 > places * 3; }
  static std::size_t larger(std::size_t places) { return places + places / 2; }
  struct Shard {
    std::vector<std::uint64_t, PageAllocator<std::uint64_t>> places;  // tag, number + 1; 0: free
    std::size_t size = 0;
    std::size_t place(std::uint64_t tag) const { return tag * places.size() >> 32; }
    std::size_t next(std::size_t i) const { return i + 1 == places.size() ? 0 : i + 1; }
    std::size_t find(std::uint64_t entry) const;           // which is there
    void put(std::uint64_t entry);
  };
  std::array<Shard, kShards> shards_;
};

}  // namespace polku::base
