// Records that came twice under one id, whoever's they were. Private to the stage.
#pragma once
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "runtime/history/arrivals.h"

namespace polku::shards {

// The ids of the latest records that are durable, at least history::KnownIds::kRemembered of them. Whose id is not durable yet is known to its visitor's
// history alone. Safe from several threads.
class Known {
 public:
  bool contains(std::uint64_t identity) const {
    const std::shared_lock lock(mutex_);
    return ids_.contains(identity);
  }
  void add(const std::vector<std::uint64_t>& identities) {
    if (identities.empty()) return;
    const std::unique_lock lock(mutex_);
    for (const std::uint64_t identity : identities) ids_.first(identity);
  }

 private:
  mutable std::shared_mutex mutex_;
  history::KnownIds ids_;
};

}  // namespace polku::shards
