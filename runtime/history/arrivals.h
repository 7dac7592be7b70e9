// What must be known of the records already taken in to tell a new one apart. Shared by all engines.
#pragma once
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "runtime/base/value.h"

namespace polku::history {

// Per visitor: gives records that are equal in everything, time included, distinct identities by their order.
class SameInstant {
 public:
  std::uint64_t distinct(Millis at, std::uint64_t identity);

 private:
  Millis at_ = kUnknown;
  std::uint64_t first_ = 0;
  std::vector<std::uint64_t> more_;     // behind the first: few visitors ever have any
};

// Recognises records that come twice under one (source, id). Remembers at least the latest kRemembered of them, in
// bounded memory (two generations).
class KnownIds {
 public:
  static constexpr std::size_t kRemembered = 4'000'000;
  bool first(std::uint64_t identity);   // remembers it; false: it was there already
  bool contains(std::uint64_t identity) const { return young_.contains(identity) || old_.contains(identity); }

 private:
  std::unordered_set<std::uint64_t> young_, old_;
};

}  // namespace polku::history
