// What is on its way to a shard, and who waits for it.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/value.h"

namespace polku::shards {

// What became of records, so far; each counts once.
struct Tally {
  std::uint64_t taken = 0;
  std::uint64_t duplicates = 0;   // a record of this id was taken before
  std::uint64_t unmerged = 0;     // of those taken: two identified visitors were named as one, and stay two
};

// Those who wait for some records. Made for one set of messages, and settled once all of them are durable.
struct Ticket {
  std::atomic<std::size_t> open = 0;                       // messages that are not durable yet
  std::atomic<std::uint64_t> taken = 0, duplicates = 0, unmerged = 0;
  std::vector<std::string> answers;                        // to messages that want one, by Message::place: decisions as JSON, separated by commas
  std::function<void()> settled;                           // called by another thread, once; must be quick
};

struct Message {
  enum class Kind : std::uint8_t {
    Record,      // an event, an update, a request or a merge of `visitor`
    MoveIn,      // another shard hands `also` over, who is found to be `visitor`
  };
  Kind kind = Kind::Record;
  bool identified = false;     // Record: `visitor` is a name by which the business knows the person, not one that a device made up
  bool has_id = false;         // Record: equal identities are one record
  bool settled = false;        // Record: it has been with the shard of `also`
  bool merges = false;         // Record: says no more than that `visitor` and `also` are one, whoever they are
  std::string visitor;         // in NFC, not empty
  std::string also;            // another name of the same visitor; empty: none
  std::string bytes;           // Record: the event, as history::Portable writes it. MoveIn: the visitor, as engine::Engine saves it; empty: nobody
  Millis received = 0;         // when it reached the service
  std::uint32_t place = 0;     // of the answer
  bool asks = false;           // wants an answer
  std::shared_ptr<Ticket> ticket;   // null: nobody waits
};

}  // namespace polku::shards
