// Writes the log, and the files of all tables, anew without those who were forgotten. Private to the stage.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/value.h"
#include "runtime/shards/erasures.h"
#include "runtime/shards/letter.h"
#include "runtime/store/store.h"

namespace polku::shards {

// Up to where the log has been dropped. Who writes an entry that stood there before holds the mutex; who drops any, too, until it is done.
struct Dropped {
  std::mutex mutex;
  std::uint64_t below = 0;
};

// On a thread of its own.
class Eraser {
 public:
  struct Options {
    std::chrono::milliseconds within{3'600'000};       // of an erasure, its bytes are gone; it begins when half of that has passed
    Millis keep_letters = 0;                           // letters older than this go; 0: none do
    bool durable = true;
    std::function<Millis()> now;
    // Erases the letters of which it says yes. Empty; or why not.
    std::function<std::string(const std::function<bool(const Letter&)>&)> erase_letters;
  };
  // All must outlive it.
  Eraser(store::Store& store, Erasures& erasures, Dropped& dropped, Options options);
  ~Eraser();                                           // stops where it is; the next start begins anew
  void come();                                         // there are erasures
  std::string fault() const;                           // why the latest try did not end; empty: it did

 private:
  void run();
  std::string pass();
  std::string rewrite_log(const std::vector<Erasure>& of, std::uint64_t& first, std::uint64_t& last);

  store::Store& store_;
  Erasures& erasures_;
  Dropped& dropped_;
  const Options options_;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;                           // for what follows
  std::condition_variable wake_;
  bool some_ = false;
  std::string fault_;
  std::thread thread_;
};

}  // namespace polku::shards
