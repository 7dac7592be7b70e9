// Whether a data folder holds what its log says: the log is read once more, from its first entry, by shards that know nothing else.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/shards/erasures.h"
#include "runtime/shards/log.h"
#include "runtime/shards/service.h"
#include "runtime/shards/shard.h"
#include "runtime/store/store.h"

namespace polku::shards {

// A part at a time. The folder is not changed, and no service can start on it meanwhile; what the shards write down stands in a folder for temporary files.
class Replay {
 public:
  // The folder should be sound (check.h). Null: it cannot be done, as `error` says: some of the log is not kept any more, say, or not all was written down.
  static std::unique_ptr<Replay> begin(const std::string& folder, const MakePack& make, std::string& error);
  ~Replay();
  bool step();                                             // some of it. False: that was all
  std::string at() const;                                  // where it is, for people

  std::uint64_t entries() const { return entries_; }       // of the log that were read
  std::uint64_t decisions() const { return decisions_; }   // that stand there, or were made again
  std::uint64_t visitors() const { return visitors_; }     // states that were compared
  std::uint64_t different() const { return different_; }
  const std::vector<std::string>& differences() const { return differences_; }  // the first kTold
  static constexpr std::size_t kTold = 20;

 private:
  Replay() = default;
  void differs(std::string what);
  void entry(std::uint64_t position, std::string_view bytes);
  void chunk(std::uint64_t position, Shard& shard, const ChunkHead& head);
  void ended();
  void compare(store::Table table);
  std::string canonical(std::string_view state);

  std::unique_ptr<store::Hold> hold_;
  std::unique_ptr<store::Store> store_, made_;             // what is there; what is made of the log
  std::string scratch_;                                    // the folder of the second
  PackPtr pack_;
  base::Texts texts_;
  std::unique_ptr<engine::Engine> engine_;                 // in which the states that are compared wake
  Erasures erasures_;
  Known known_;
  Moves moves_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<store::Store::Scan> scan_;               // of the log; null: it has been read
  std::vector<std::string_view> chunks_;
  std::vector<Item> items_;
  std::uint64_t entries_ = 0, decisions_ = 0, visitors_ = 0, different_ = 0;
  std::vector<std::string> differences_;
};

}  // namespace polku::shards
