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
    ++leaving_[visitor];
    ++expecting_[to];
    return true;
  }
  bool coming(const std::string& to) {   // somebody is on the way to `to`
    const std::lock_guard lock(mutex_);
    return expecting_.contains(to);
  }
  void end(const std::string& visitor, const std::string& to) {
    const std::lock_guard lock(mutex_);
    for (const auto& [names, name] : {std::pair(&leaving_, &visitor), std::pair(&expecting_, &to)})
      if (const auto at = names->find(*name); at != names->end() && --at->second == 0) names->erase(at);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::size_t> leaving_, expecting_;
};

}  // namespace polku::shards
