// Which visitor must be looked at when, if nothing else happens to them.
#pragma once
#include <compare>
#include <cstdint>
#include <queue>
#include <vector>

#include "runtime/base/value.h"

namespace polku::timers {

// A heap of hints: a visitor may be in it more than once, or earlier than its real deadline (which lives in its record);
// whoever pops looks. Order: deadline, then visitor number. One thread at a time.
class Timers {
 public:
  void push(Millis due, std::uint32_t visitor) { heap_.push({due, visitor}); }
  // The next hint due at or before `until`, if any, taken out.
  bool pop(Millis until, Millis& due, std::uint32_t& visitor) {
    if (heap_.empty() || heap_.top().due > until) return false;
    due = heap_.top().due;
    visitor = heap_.top().visitor;
    heap_.pop();
    return true;
  }

 private:
  struct Entry {
    Millis due;
    std::uint32_t visitor;
    auto operator<=>(const Entry&) const = default;
  };
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap_;
};

}  // namespace polku::timers
