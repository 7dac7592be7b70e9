// Visitors on their way from one shard to another. Private to the stage.
#pragma once
#include <map>
#include <mutex>
#include <string>

namespace polku::shards {

// Nobody leaves to whom somebody is on the way, or two who go to each other would never meet. Safe from several threads.
class Moves {
 public:
  // `visitor` goes to be one with `to`. False: not now.
  bool begin(const std::string& visitor, const std::string& to) {
    const std::lock_guard lock(mutex_);
    if (leaving_.contains(to) || leaving_.contains(visitor) || expecting_.contains(visitor)) return false;
    leaving_[visitor] = to;
    ++expecting_[to];
    return true;
  }
  bool coming(const std::string& to) {   // somebody is on the way to `to`
    const std::lock_guard lock(mutex_);
    return expecting_.contains(to);
  }
  // It has arrived: where it was to go, by whichever name whoever it meets was known there.
  void end(const std::string& visitor) {
    const std::lock_guard lock(mutex_);
    const auto left = leaving_.find(visitor);
    if (left == leaving_.end()) return;
    if (const auto at = expecting_.find(left->second); at != expecting_.end() && --at->second == 0) expecting_.erase(at);
    leaving_.erase(left);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> leaving_;    // to whom
  std::map<std::string, std::size_t> expecting_;  // how many
};

}  // namespace polku::shards
