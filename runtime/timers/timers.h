// Which visitor must be looked at when, if nothing else happens to them.
#pragma once
#include <algorithm>
#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "runtime/base/value.h"

namespace polku::timers {

// A heap of hints. The deadline itself lives with the visitor: a hint whose time is no longer that visitor's deadline is stale, and whoever pops looks.
// Order: deadline, then visitor number. One thread at a time.
class Timers {
 public:
  static constexpr std::size_t kHintBytes = 16;

  // holds(due, visitor): is this still the visitor's deadline? Asked when half of the hints may be stale: those go then, so that there are never more
  // than 1,024 or twice as many as visitors with a deadline; the time for it is a part of what the pushes since then took.
  template <class Holds>
  void push(Millis due, std::uint32_t visitor, Holds holds) {
    if (heap_.size() >= limit_) tidy(holds);
    heap_.push_back({due, visitor});
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  // The next hint due at or before `until`, if any, taken out.
  bool pop(Millis until, Millis& due, std::uint32_t& visitor) {
    if (heap_.empty() || heap_.front().due > until) return false;
    due = heap_.front().due;
    visitor = heap_.front().visitor;
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
    return true;
  }

  // No deadline is earlier; the largest Millis: there is none.
  Millis earliest() const { return heap_.empty() ? std::numeric_limits<Millis>::max() : heap_.front().due; }

  std::size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    Millis due;
    std::uint32_t visitor;
    auto operator<=>(const Entry&) const = default;
  };
  static_assert(sizeof(Entry) == kHintBytes);

  template <class Holds>
  void tidy(Holds holds) {
    std::erase_if(heap_, [&](const Entry& e) { return !holds(e.due, e.visitor); });
    std::sort(heap_.begin(), heap_.end());  // which is a heap
    heap_.erase(std::unique(heap_.begin(), heap_.end()), heap_.end());
    limit_ = std::max(kSmallest, heap_.size() * 2);
  }

  static constexpr std::size_t kSmallest = 1024;
  std::size_t limit_ = kSmallest;
  std::vector<Entry> heap_;
};

}  // namespace polku::timers
