// How long things took, counted in classes of fixed bounds.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace polku::base {

// One thread at a time adds, which takes some nanoseconds and waits for nobody; any thread may read.
class Histogram {
 public:
  // The largest of each class but the last, which has no bound: 10 microseconds to a minute.
  static constexpr std::array<std::chrono::nanoseconds, 20> kBounds = [] {
    using namespace std::chrono_literals;
    return std::array<std::chrono::nanoseconds, 20>{10us, 25us, 50us, 100us, 250us, 500us, 1ms, 2500us, 5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2500ms, 5s, 10s, 60s};
  }();

  struct Counts {
    std::array<std::uint64_t, kBounds.size() + 1> in{};  // of each class
    std::uint64_t nanoseconds = 0;                       // all together
    Counts& operator+=(const Counts& more) {
      for (std::size_t i = 0; i < in.size(); ++i) in[i] += more.in[i];
      nanoseconds += more.nanoseconds;
      return *this;
    }
  };

  void add(std::chrono::nanoseconds took, std::uint64_t times = 1) {
    const std::size_t i = static_cast<std::size_t>(std::lower_bound(kBounds.begin(), kBounds.end(), took) - kBounds.begin());
    raise(in_[i], times);
    raise(nanoseconds_, static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)) * times);
  }
  Counts counts() const {
    Counts out;
    for (std::size_t i = 0; i < in_.size(); ++i) out.in[i] = in_[i].load(std::memory_order_relaxed);
    out.nanoseconds = nanoseconds_.load(std::memory_order_relaxed);
    return out;
  }

 private:
  static void raise(std::atomic<std::uint64_t>& n, std::uint64_t by) { n.store(n.load(std::memory_order_relaxed) + by, std::memory_order_relaxed); }
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> in_{};
  std::atomic<std::uint64_t> nanoseconds_ = 0;
};

}  // namespace polku::base
