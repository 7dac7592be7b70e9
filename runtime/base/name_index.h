// From names to numbers, for millions of names that come and stay.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/base/pool.h"

namespace polku::base {

// Open addressing with linear probing over 8-byte places (a tag of the hash, and where the name is stored with its number): a name that is there costs
// two reads of memory. Not safe from several threads.
class NameIndex {
 public:
  NameIndex();
  struct Entry { std::uint32_t number = 0; std::string_view name; };  // the stored name: it stays where it is for as long as the index, moved or not
  std::optional<Entry> find(std::string_view name) const;
  // The name stands for the number from now on. Names of at most 2^32 - 1 bytes.
  Entry set(std::string_view name, std::uint32_t number);
  std::size_t size() const { return size_; }

 private:
  struct Name { std::uint32_t number, length; };  // its text follows
  static constexpr int kPointerBits = 48;
  static Entry entry(const Name* n) { return {n->number, {reinterpret_cast<const char*>(n + 1), n->length}}; }
  static const Name* name_at(std::uint64_t place) { return reinterpret_cast<const Name*>(place & ((std::uint64_t{1} << kPointerBits) - 1)); }
  std::uint64_t* locate(std::string_view name, std::uint64_t hash);
  Name* store(std::string_view name);
  void grow();

  std::vector<std::uint64_t, PageAllocator<std::uint64_t>> places_;  // 0: free
  std::size_t size_ = 0;
  Arena names_;
};

}  // namespace polku::base
