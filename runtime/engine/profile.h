// What rules and features cost, while somebody wants to know it.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace polku::engine {

// A clock that costs little: it goes at its own rate, the same for the whole process.
inline std::uint64_t ticks() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

struct Profile {
  struct Item {
    std::uint64_t times = 0, ticks = 0;
    Item& operator+=(const Item& more) { return times += more.times, ticks += more.ticks, *this; }
  };
  std::vector<Item> rules;             // judgements; what a decision changes is in them, and in what it changes as well
  std::vector<std::uint64_t> acted;    // how many of them acted
  std::vector<Item> features;          // updates by what happened
  Item filters;                        // which filters a thing that happened passes, all together
  Item triggers;                       // what it starts, stops and completes, all rules together
  Item screens;                        // which of the rules that start together have conditions that may hold
  Item segments;                       // who enters or leaves one
  Item reasons;                        // decisions put in words
  Item folds;                          // histories folded anew: they are in all of the above as well
  std::uint64_t busy = 0;              // ticks that the shard worked
};

// Ticks since the last lap go to an item.
class Laps {
 public:
  Laps() : at_(ticks()) {}
  void to(Profile::Item& item, std::uint64_t times = 1) {
    const std::uint64_t now = ticks();
    item.times += times;
    item.ticks += now - at_;
    at_ = now;
  }

 private:
  std::uint64_t at_;
};

}  // namespace polku::engine
