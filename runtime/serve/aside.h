// What would keep requests waiting is done here, one after the other, on a thread of its own. Private to the stage.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace polku::serve {

// Safe from several threads, but for finish().
class Aside {
 public:
  ~Aside() { finish(); }
  // False: too much waits already.
  bool add(std::function<void()> task) {
    constexpr std::size_t kMost = 64;
    const std::lock_guard lock(mutex_);
    if (tasks_.size() >= kMost || stop_) return false;
    tasks_.push_back(std::move(task));
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    wake_.notify_one();
    return true;
  }
  // Ends what is being done; what waits is never done, and nothing can be added any more.
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      tasks_.clear();
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stop_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace polku::serve
