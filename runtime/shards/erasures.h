// Who was forgotten, and what of them still stands in the log. Private to the stage.
//
// A visitor is forgotten by one chunk: the tables lose them with it, and a row of Meta, the erasure, tells under which names they stand in the log before. Whoever
// reads the log strips it of them, so that they are gone for everybody at once; later the log is written anew without them (eraser.h), and then the row goes.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/shards/log.h"
#include "runtime/store/store.h"

namespace polku::shards {

struct Erasure {
  // The entry of the log, which chunk in it, and ItemKind::Forget's number there: what stands behind is another visitor's. Chunks of one entry, of whichever
  // shards, stand in an order in which nothing comes before what it follows from.
  std::uint64_t position = 0, chunk = 0, index = 0;
  std::vector<std::string> names;
};
inline constexpr std::string_view kErasure = "erasure ";
std::string erasure_key(const Erasure& erasure);      // in Meta
std::string erasure_bytes(const Erasure& erasure);
bool read_erasure(std::string_view key, std::string_view bytes, Erasure& into);   // false: damaged

// Safe from several threads.
class Erasures {
 public:
  std::string load(const store::Store& store);        // all that Meta tells of. Empty; or what is wrong with it
  void add(Erasure erasure);
  void done(const std::vector<Erasure>& erasures);    // the log has nothing of them any more
  std::vector<Erasure> pending() const;
  std::size_t count() const;                          // of those
  // Takes from the items of a chunk of that entry what is of those who were forgotten later. False: nothing was.
  bool strip(std::uint64_t position, std::uint64_t chunk, std::vector<Item>& items) const;
  // Whoever had that name at that position of the log has been forgotten, since the start or not long before. Never says no if they were.
  bool forgotten(std::string_view name, std::uint64_t position) const;

 private:
  struct Place { std::uint64_t position = 0, chunk = 0, index = 0; };
  mutable std::mutex mutex_;
  std::map<std::string, Erasure> pending_;                          // by key
  std::unordered_multimap<std::string, Place> names_;               // of those
  std::unordered_map<std::uint64_t, std::uint64_t> latest_;         // by the hash of a name: the last position at which whoever had it was forgotten
};

}  // namespace polku::shards
