#include "runtime/history/arrivals.h"

#include <algorithm>
#include <utility>

#include "runtime/history/event.h"

namespace polku::history {

bool Identities::insert(std::uint64_t identity) {
  if (identity == 0) {
    if (zero_) return false;
    zero_ = true;
    ++size_;
    return true;
  }
  if (places_.empty()) places_.resize(8);
  std::size_t at = place(identity);
  if (places_[at] == identity) return false;
  if (4 * ++size_ > 3 * places_.size()) {
    decltype(places_) old(2 * places_.size());
    old.swap(places_);
    for (const std::uint64_t known : old)
      if (known != 0) places_[place(known)] = known;
    at = place(identity);
  }
  places_[at] = identity;
  return true;
}

void Identities::insert(const Identities& all) {
  for (const std::uint64_t identity : all.places_)
    if (identity != 0) insert(identity);
  if (all.zero_) insert(0);
}

void Identities::clear() {
  std::fill(places_.begin(), places_.end(), 0);
  size_ = 0;
  zero_ = false;
}

bool KnownIds::first(std::uint64_t identity) {
  if (old_.contains(identity) || !young_.insert(identity)) return false;
  if (young_.size() >= kRemembered) {
    std::swap(old_, young_);
    young_.clear();
  }
  return true;
}

}  // namespace polku::history
