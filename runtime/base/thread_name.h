// What a thread is called where the system shows threads (`top -H`, `perf`).
#pragma once
#include <pthread.h>

#include <string>

namespace polku::base {

// The calling thread; of a longer name the first 15 bytes count.
inline void name_thread(const std::string& name) { (void)pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

}  // namespace polku::base
