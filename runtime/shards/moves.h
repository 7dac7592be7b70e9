// Visitors on their way from one shard to another. Private to the stage.
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace polku::shards {

// Who is expected stays, by whichever name, until who is on the way to them has arrived; and nobody sets out to somebody who is on the way: they would never meet,
// or their names would lead to each other for ever. Safe from several threads.
class Moves {
 public:
  // Whoever has these names, the first of them their key, goes to be one with who has those. False: not now.
  bool begin(std::vector<std::string> names, std::vector<std::string> to) {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : names)
      if (leaving_.contains(name) || expecting_.contains(name)) return false;
    for (const std::string& name : to)
      if (leaving_.contains(name)) return false;
    for (const std::string& name : names) ++leaving_[name];
    for (const std::string& name : to) ++expecting_[name];
    const std::string key = names.front();
    moves_[key] = {std::move(names), std::move(to)};
    return true;
  }
  bool coming(const std::string& to) {   // somebody is on the way to whoever has that name
    const std::lock_guard lock(mutex_);
    return expecting_.contains(to);
  }
  void end(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto move = moves_.find(key);
    if (move == moves_.end()) return;
    forget(leaving_, move->second.first);
    forget(expecting_, move->second.second);
    moves_.erase(move);
  }

 private:
  using Counts = std::map<std::string, std::size_t>;
  static void forget(Counts& counts, const std::vector<std::string>& names) {
    for (const std::string& name : names)
      if (const auto at = counts.find(name); at != counts.end() && --at->second == 0) counts.erase(at);
  }

  std::mutex mutex_;
  Counts leaving_, expecting_;
  std::map<std::string, std::pair<std::vector<std::string>, std::vector<std::string>>> moves_;  // by key: its names, and whose it goes to
};

}  // namespace polku::shards
