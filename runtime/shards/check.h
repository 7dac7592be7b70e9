// What a data folder holds and what is wrong with it, and copies of one that take their name only when they were found fine. Without a pack: what stands in
// records and histories is left to the service that reads them; the sums of RocksDB say whether it is what was written. One thread at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/shards/log.h"
#include "runtime/store/store.h"

namespace polku::shards {

struct Contents {
  std::string format, pack;                                // as the service names them
  std::uint64_t shards = 0, bytes = 0;                     // bytes: of all files
  std::uint64_t first = 0, last = 0, entries = 0, log_bytes = 0;  // of the log: its positions, how many, and what they take
  std::uint64_t records = 0, merges = 0, moves = 0, decisions = 0;  // in it
  std::uint64_t visitors = 0, names = 0, deadlines = 0, handovers = 0, letters = 0;
  std::vector<std::string> faults;                         // the first kTold: what is wrong, with what to do
  std::uint64_t faulty = 0;                                // how many there are in all
  std::vector<std::string> remarks;                        // what a crash leaves and the next start clears away, but damage may look like it
  static constexpr std::size_t kTold = 20;
};

// Reads all of a folder, a part at a time. Nothing is changed, and no service can start on the folder meanwhile.
class Check {
 public:
  // Null: there is no data folder, or a service has it; `error` says so. What cannot be opened, though it is one, is a fault among the contents.
  static std::unique_ptr<Check> begin(const std::string& folder, std::string& error);
  bool step();                                             // some of it: sums of files take a while, all else a moment. False: that was all
  std::string at() const;                                  // where it is, for people: "the log, entry 1,200"
  const Contents& contents() const { return contents_; }

 private:
  enum class Part { Sums, Meta, Log, Visitors, Names, Deadlines, Handovers, Letters, End };
  explicit Check(std::unique_ptr<store::Hold> hold) : hold_(std::move(hold)) {}
  void fault(std::string what);
  void meta();
  void entry();
  void visitor();
  void row();                                              // of one of the smaller tables
  void ended();

  std::unique_ptr<store::Hold> hold_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Store::Scan> scan_;
  Part part_ = Part::Sums;
  std::uint64_t from_ = 1, steps_ = 0;                     // from_: where the log begins that a start reads
  bool ids_ = false;                                       // Meta was readable: what must be below the number of shards can be told
  std::vector<std::uint64_t> numbers_;                     // of the latest chunk of each shard
  std::vector<std::pair<std::string, std::uint64_t>> cursors_;
  std::vector<std::string_view> chunks_;
  std::vector<Item> items_;
  Contents contents_;
};

// Where a copy is made: beside the place that it gets when it is finished. Unfinished, it goes with this.
class Place {
 public:
  // Null: `error` says why. The folder must not exist, or be empty where `empty` says that it may be.
  static std::unique_ptr<Place> beside(const std::string& folder, bool empty, std::string& error);
  ~Place();
  const std::string& path() const { return path_; }        // it is not made yet
  std::string finish();                                    // the folder is there, or it says why not. An empty one that was there gives its owner

 private:
  Place(std::string folder, std::string path) : folder_(std::move(folder)), path_(std::move(path)) {}
  const std::string folder_, path_;
  bool finished_ = false;
};

}  // namespace polku::shards
