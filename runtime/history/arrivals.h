// What must be known of the records already taken in to tell a new one apart. Shared by all engines.
#pragma once
#include <cstdint>
#include <vector>

#include "runtime/base/pool.h"
#include "runtime/base/value.h"

namespace polku::history {

// A set of identities: open addressing with linear probing. They are hashes already.
class Identities {
 public:
  bool contains(std::uint64_t identity) const { return identity == 0 ? zero_ : !places_.empty() && places_[place(identity)] == identity; }
  bool insert(std::uint64_t identity);  // false: it was there already
  void insert(const Identities& all);
  void clear();                         // and keep the memory
  std::size_t size() const { return size_; }
  template <class Each>
  void each(Each see) const {
    if (zero_) see(std::uint64_t{0});
    for (const std::uint64_t identity : places_)
      if (identity != 0) see(identity);
  }
  void prefetch(std::uint64_t identity) const {
    if (!places_.empty()) base::fetch(&places_[identity & (places_.size() - 1)]);
  }

 private:
  using Places = std::vector<std::uint64_t, base::PageAllocator<std::uint64_t>>;
  std::size_t place(std::uint64_t identity) const {  // where it is, or the free one where it belongs
    const std::size_t mask = places_.size() - 1;
    std::size_t i = identity & mask;
    while (places_[i] != 0 && places_[i] != identity) i = (i + 1) & mask;
    return i;
  }
  Places places_;                       // 0: free; none as long as the set is empty: most histories need none of theirs
  std::size_t size_ = 0;
  bool zero_ = false;                   // the identity 0 is among them
};

// Recognises records that come twice under one (source, id). Remembers at least the latest kRemembered of them, in
// bounded memory (two generations).
class KnownIds {
 public:
  static constexpr std::size_t kRemembered = 4'000'000;  // at 16 to 50 bytes each
  bool first(std::uint64_t identity);   // remembers it; false: it was there already
  bool contains(std::uint64_t identity) const { return young_.contains(identity) || old_.contains(identity); }
  void prefetch(std::uint64_t identity) const {  // it will be asked for soon
    young_.prefetch(identity);
    old_.prefetch(identity);
  }

 private:
  Identities young_, old_;
};

}  // namespace polku::history
