#include "runtime/history/arrivals.h"

#include <algorithm>

#include "runtime/history/event.h"

namespace polku::history {

std::uint64_t SameInstant::distinct(Millis at, std::uint64_t identity) {
  if (at != at_) {
    at_ = at;
    first_ = identity;
    more_.clear();
    return identity;
  }
  while (identity == first_ || std::find(more_.begin(), more_.end(), identity) != more_.end()) identity = next_equal(identity);
  more_.push_back(identity);
  return identity;
}

bool KnownIds::first(std::uint64_t identity) {
  if (old_.contains(identity) || !young_.insert(identity).second) return false;
  if (young_.size() >= kRemembered) {
    old_ = std::move(young_);
    young_.clear();
  }
  return true;
}

}  // namespace polku::history
