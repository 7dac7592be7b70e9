// What the benchmarks with many visitors share: their names, and what the process holds.
#pragma once
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace polku::bench {

// As ids are: no order in them, and too long (32 characters) to stand inside a std::string.
inline std::string visitor_name(std::uint64_t n) {
  std::uint64_t x = n * 0x9E3779B97F4A7C15u;
  x = (x ^ x >> 31) * 0xBF58476D1CE4E5B9u;
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(x ^ x >> 29), static_cast<unsigned long long>(n));
  return text.data();
}

// Bytes of memory that this process uses, after what it has freed is given back.
inline double resident() {
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace polku::bench
