// Random numbers that are the same on every machine and with every library: SplitMix64
// (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). Callers never draw twice in one expression whose
// order of evaluation the language leaves open.
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace polku::differential {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Even chances up to a bias of n / 2^64, which does not matter here. n > 0.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
  int between(int low, int high) { return low + static_cast<int>(below(static_cast<std::size_t>(high - low + 1))); }
  bool percent(int p) { return below(100) < static_cast<std::size_t>(p); }

  template <typename T>
  const T& of(const std::vector<T>& list) { return list[below(list.size())]; }
  template <typename T>
  T of(std::initializer_list<T> list) { return list.begin()[below(list.size())]; }

  // An index, with chances in proportion to the weights; at least one weight is above 0.
  std::size_t weighted(const std::vector<int>& weights) {
    int sum = 0;
    for (int w : weights) sum += w;
    int at = static_cast<int>(below(static_cast<std::size_t>(sum)));
    for (std::size_t i = 0;; ++i) {
      if (at < weights[i]) return i;
      at -= weights[i];
    }
  }

  template <typename T>
  void shuffle(std::vector<T>& list) {
    for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace polku::differential
