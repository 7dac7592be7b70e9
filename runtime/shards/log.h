// The log: what each shard did, in the order in which it became durable.
//
// One entry of the table Log is what became durable together: a format, and chunks; the key is its position, 8 bytes, the highest first. A chunk is what one
// shard did at once: its number, its clock, and items in the order in which they happened.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/value.h"

namespace polku::shards {

inline constexpr std::uint64_t kLogFormat = 2;

enum class ItemKind : std::uint8_t {
  Record,    // a record was taken: visitor, received, order, event, has_id
  Merge,     // two names were found to be of one visitor: visitor, other, received, order, at
  MoveIn,    // a visitor came from another shard: other, who is found to be visitor, and its state
  MoveOut,   // a visitor went to another shard: visitor, who is found to be other
  Decision,  // visitor, id, JSON
  Identify,  // the visitor is identified from now on
  Wake,      // the visitor is looked at by a pack that is new since it was last seen
  Forget,    // of nobody: who stands in the erasure (erasures.h) of this chunk numbered `order` is forgotten, and all items before are to go
};
inline constexpr std::uint64_t kItemKinds = 8;

struct Item {
  ItemKind kind = ItemKind::Record;
  std::string_view visitor = {}, other = {};  // Decision: other is its id
  Millis at = 0, received = 0;       // Merge: both; Record: received
  std::uint64_t order = 0;           // Message::order
  bool has_id = false;
  std::string_view bytes = {};       // Record: the event; MoveIn: the state; Decision: the JSON
};

struct ChunkHead {
  std::uint64_t shard = 0;
  std::uint64_t number = 0;          // of all chunks of all shards, ascending for each shard
  Millis clock = 0;                  // time had come so far for all visitors of the shard before the items
  bool resumed = false;              // and the service had been down since the shard's chunk before
  std::uint64_t rounds = 0;          // of engine::Engine::Numbers, before the items
};

class ChunkWriter {
 public:
  void begin(const ChunkHead& head);
  void add(const Item& item);
  std::size_t items() const { return items_; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::size_t items_ = 0;
};

// Reads what was written; the views are into those bytes. False: it is damaged.
bool read_chunk(std::string_view bytes, ChunkHead& head, std::vector<Item>& items);

// A key or a name that may be damaged, and may be long, for people.
std::string shown(std::string_view key);

std::string log_key(std::uint64_t position);
std::uint64_t log_position(std::string_view key);
void begin_entry(std::string& out, Millis time, std::size_t chunks);   // time: the machine's
// The chunks of an entry. False: it is damaged, or of another format.
bool read_entry(std::string_view bytes, std::vector<std::string_view>& chunks, Millis* time = nullptr);

}  // namespace polku::shards
