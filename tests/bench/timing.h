// What the benchmarks that compare contestants in turn share.
#pragma once
#include <sched.h>

#include <algorithm>
#include <ctime>
#include <vector>

namespace polku::bench {

// Seconds of the processor in this thread: what others do on the core is not in it (what they do to the caches is).
inline double processor_time() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

inline double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

// This thread, and those it starts, stay on the first core they may use.
inline void pin() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  for (int c = 0; c < CPU_SETSIZE; ++c)
    if (CPU_ISSET(c, &allowed)) {
      CPU_ZERO(&allowed);
      CPU_SET(c, &allowed);
      sched_setaffinity(0, sizeof(allowed), &allowed);
      return;
    }
}

}  // namespace polku::bench
