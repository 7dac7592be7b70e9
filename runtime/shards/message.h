// What is on its way to a shard, and who waits for it.
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/value.h"
#include "runtime/shards/trace.h"

namespace polku::shards {

// Those who wait for some messages. Settled once all of them are durable.
struct Ticket {
  std::atomic<std::size_t> open = 0;                       // messages that are not durable yet
  std::atomic<std::uint64_t> taken = 0;
  std::atomic<std::uint64_t> duplicates = 0;               // a record of this id was taken before
  std::atomic<std::uint64_t> unmerged = 0;                 // of those taken: two identified visitors were named as one, and stay two
  std::vector<std::string> answers;                        // to messages that want one, by Message::place: decisions as JSON, separated by commas
  std::function<void()> settled;                           // called by another thread, once; must be quick
};

// One record, and whose it is; or something that is wanted of a visitor.
struct Message {
  enum class Kind : std::uint8_t {
    Record,
    Look,    // the answer is the visitor's state, as engine::Engine::save() writes it; nothing: there is none
    Forget,  // all of the visitor is to go. The answer: `1`, or nothing if there is none
  };
  Kind kind = Kind::Record;
  std::string visitor;         // in NFC, not empty
  std::string also;            // another name of the same visitor; empty: none
  std::string bytes;           // the event, as history::Portable writes it
  Millis received = 0;         // when it reached the service
  std::uint64_t order = 0;     // among all messages: of records of one instant, it says which was first. Given by Service::submit()
  bool identified = false;     // `visitor` is a name by which the business knows the person, not one that a device made up
  bool has_id = false;         // equal identities are one record
  bool merges = false;         // the event says that `visitor` and `also` are one, whoever they are
  bool asks = false;           // wants an answer
  std::uint32_t place = 0;     // of the answer
  std::shared_ptr<Ticket> ticket;   // null: nobody waits
  Trace trace;                 // of the request that brought it. Lost with the process, if that dies before what it caused is durable
  std::chrono::steady_clock::time_point queued;   // when it began to wait for its shard. Given by the service

  // On its way from shard to shard, beginning with that of `also`, if there is one.
  bool settled = false;        // it has been with whoever had `also`
  bool apart = false;          // and they are to stay two
  bool moves = false;          // and brings the visitor `also` along:
  std::string state;           // as engine::Engine saves it; empty: nobody
};

std::string handover(const Message& m);                // as bytes, without the ticket
bool read_handover(std::string_view bytes, Message& m);  // false: damaged

}  // namespace polku::shards
