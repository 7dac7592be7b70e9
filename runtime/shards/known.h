// Records that came twice under one id, whoever's they were. Private to the stage.
#pragma once
#include <array>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "runtime/history/arrivals.h"

namespace polku::shards {

// The ids of the latest records that are durable, at least history::KnownIds::kRemembered of them. Whose id is not durable yet is known to its visitor's
// history alone. In two generations, each in parts, so that nobody waits until a table of millions has grown. Safe from several threads.
class Known {
 public:
  bool contains(std::uint64_t identity) const {
    const std::shared_lock lock(mutex_);
    return young_.part(identity).contains(identity) || old_.part(identity).contains(identity);
  }
  void add(const std::vector<std::uint64_t>& identities) {
    if (identities.empty()) return;
    const std::unique_lock lock(mutex_);
    for (const std::uint64_t identity : identities) {
      if (old_.part(identity).contains(identity) || !young_.part(identity).insert(identity) || ++young_.size < history::KnownIds::kRemembered) continue;
      old_ = std::exchange(young_, {});
    }
  }

 private:
  struct Generation {
    std::array<history::Identities, 256> parts;
    std::size_t size = 0;
    history::Identities& part(std::uint64_t identity) { return parts[identity >> 56]; }  // the sets go by the other end
    const history::Identities& part(std::uint64_t identity) const { return parts[identity >> 56]; }
  };
  mutable std::shared_mutex mutex_;
  Generation young_, old_;
};

}  // namespace polku::shards
