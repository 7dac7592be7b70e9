// Live visitors: shards on threads of their own, the log before all they do, and what was decided for whoever wants to know.
//
// Nothing that reached the service is acknowledged, and nothing that it decided leaves it, before both are in the log and the log is on the disk. After a
// crash the log is read from where not all of it is written down elsewhere, and the shards are what they were.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/base/histogram.h"
#include "runtime/base/operation_log.h"
#include "runtime/shards/figures.h"
#include "runtime/shards/letter.h"
#include "runtime/shards/message.h"
#include "runtime/shards/shard.h"
#include "runtime/store/store.h"

namespace polku::shards {

// What the service decides by. `plan` and what it was made of must live as long as the pack does.
struct Pack {
  std::string name;                              // equal texts have equal names; decisions say it
  std::string text;                              // from which it can be made again
  std::shared_ptr<const plan::Plan> plan;
  std::shared_ptr<const plan::Evaluator> evaluator;
};
using PackPtr = std::shared_ptr<const Pack>;
// Makes a pack of its text. Null: `error` says why not.
using MakePack = std::function<PackPtr(const std::string& text, std::string& error)>;
inline std::string pack_key(std::uint64_t number) { return "pack " + std::to_string(number); }  // in Meta: since when it decides, its name, its text
inline constexpr std::string_view kDataFormat = "polku data 3";  // of a folder, under the key `format` of the table Meta

struct ServiceOptions {
  std::string data;                              // folder
  std::size_t shards = 1;                        // of a folder that exists already, it must be as many as it was made with
  // Whose time it is. Wall: the machine's; timers fire as it passes. Log: visitors' records carry it, as in `polku run`; nobody's time passes but by records.
  enum class Clock { Wall, Log } clock = Clock::Wall;
  bool durable = true;                           // false: acknowledged when the system has it; a crash of the machine, not of the process, loses up to some seconds
  std::size_t most_waiting = 1 << 16;            // messages that were not taken yet; then submit() says no
  std::size_t most_awake = 1'000'000;            // visitors in memory
  Millis save_after = kMinute;                   // a changed visitor is written down; so much of the log is read again after a crash
  Millis keep_log = 7 * kDay;                    // at least
  Millis keep_letters = 0;                       // letters older than this are erased; 0: none are
  Millis forget_after = 0;                       // visitors whose latest record is older are forgotten; 0: nobody is
  std::chrono::milliseconds erase_within{3'600'000};  // after somebody was forgotten, no file of the folder holds anything of them
  std::uint64_t most_replayed = 256;             // entries of the log at a start; beyond it everybody is written down first, so that who crashes again reads less
  store::Options store = {};
  base::OperationLog* log = nullptr;             // it must outlive the service; null: nothing is said
};

struct ServiceCounts {
  ShardCounts all;
  std::uint64_t position = 0;                    // of the log's last entry
  std::uint64_t waiting = 0;                     // messages
  struct Queue { std::size_t waiting = 0; Millis timer_lag = 0; };  // messages; how long the earliest timer is due already that has not fired
  std::vector<Queue> queues;                     // of each shard
  // How long a message waited for its shard; from then until all that it did was durable; and one attempt to write what several did, down to the disk.
  base::Histogram::Counts queued, settling, writing;
  std::uint64_t uncommitted = 0;                 // bytes of what was done and is not durable yet
  std::uint64_t commits = 0, failed_commits = 0;
  std::uint64_t log_bytes = 0;                   // written since the start
  std::uint64_t replayed = 0;                    // entries of the log, at the start
  std::uint64_t unsaved_entries = 0;             // of the log, that a start would have to read
  Millis unsaved_for = 0;                        // how long ago the oldest change came about that only the log has
  std::string pack;                              // its name
  std::string tier;                              // of its evaluator
  plan::Tiers tiers;
  std::uint64_t packs = 0;                       // how many have been put in since the folder was made
  std::uint64_t opened = 0;                      // position of the log's last entry then
  std::uint64_t erasing = 0;                     // visitors who were forgotten and of whom files may still hold something
  std::string erase_fault;                       // why that is so; empty: it is not time yet
  std::string fault;                             // why nothing becomes durable just now; empty: it does
  store::Store::Sizes sizes;
};

// A decision that acted, as it left the service.
struct Delivery {
  std::uint64_t position = 0;                    // of the entry of the log
  std::string id, visitor, json;
};

// How far somebody has read the log.
struct Cursor {
  std::uint64_t position = 0;
  std::string note = {};                         // what he wants to be told with it after a restart; some kilobytes
};

// All functions are safe from several threads.
class Service {
 public:
  // Opens the folder, or makes it, and goes on where it stopped. If it was written with another pack, that one (which `make` makes again) takes in what had
  // not been written down and judges what is overdue, and is then replaced, as reload() does. Null: `error` says why.
  static std::unique_ptr<Service> start(PackPtr pack, const MakePack& make, const ServiceOptions& options, std::string& error);
  ~Service();                                    // as stop()

  // Another pack, from the next instant on, between two records (reading 74). Visitors become the new one's when they are next touched or due, or by and by;
  // what is decided is as if all had at once. Blocks until the last change before has reached everybody and what is awake has been written down, mostly for
  // much less than a second; the service decides meanwhile, but for the last part. Empty; or why the pack is what it was.
  std::string reload(PackPtr pack);
  void refuse_reloads();                         // from now on, and one that waits gives up: before stop(), by whoever must not wait for a reload

  // While one of these lives the pack is not replaced: records are read, written as messages and submitted by one and the same. Not for long. It may have to wait
  // some milliseconds; after two seconds, as the disk refuses, there is none, pack() is null, and nothing must be submitted.
  class Use {
   public:
    explicit Use(const Service& service);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    const PackPtr& pack() const { return pack_; }

   private:
    const Service& service_;
    PackPtr pack_;
  };

  bool full() const;                             // submit() would say no just now

  // The messages, whose tickets must count them already. Of those who are forgotten, nobody sees anything of what the log says once the ticket is settled. False: there are too many waiting; none of them was taken, nor will be.
  bool submit(std::vector<Message>&& messages);

  void advance(Millis until);                    // Clock::Log: time passes for everybody, until then; soon
  Millis now() const;                            // the machine's time, which never goes back here
  std::uint64_t position() const;                // of what is durable

  // Decisions behind `position`, which moves to the last entry that was looked at; some `most` of them, none if there are none yet after waiting so long.
  // 0: from where the log begins. Error: it cannot be read, or no longer goes back so far.
  std::string read(std::uint64_t& position, std::size_t most, std::chrono::milliseconds wait, std::vector<Delivery>& out) const;

  bool forgotten(std::string_view visitor, std::uint64_t position) const;   // whoever had that name there has been forgotten since: nobody is to be told any more

  bool keeps(std::uint64_t position) const;      // the log behind it has not been dropped

  // Up to where somebody has read, which outlives the process; none: never told. Whoever asked for it or told it since the start keeps the log from there; of a
  // reader who is not there any more, only as much is kept as for anybody.
  std::optional<Cursor> cursor(const std::string& name) const;
  void keep_cursor(const std::string& name, Cursor at);   // on the disk soon

  // Decisions that somebody would not take. Errors as those of the store; after one of put or erase, nothing of it has happened, or not yet.
  std::string put_letters(const std::vector<Letter>& letters);      // outlive the process once this returns
  std::string erase_letters(const std::vector<std::string>& keys);
  // Some `most`, the newest first, of those that stand before the key `before`, which moves to the last of them. Empty: from the newest of all.
  std::string letters(std::size_t most, std::string& before, std::vector<Letter>& out) const;
  bool letter(const std::string& key, Letter& out) const;           // false: there is none
  std::map<std::string, std::uint64_t> letter_counts() const;       // by sink

  // A copy of all that is durable, in a folder that does not exist yet, from which a service can start: verified (check.h) before it stands there. Files are
  // linked where they can be. Takes as long as reading it all. Empty; or why there is none.
  std::string backup(const std::string& folder) const;

  ServiceCounts counts() const;
  const ServiceOptions& options() const;
  std::vector<RuleCounts> rules() const;         // as each shard has it when it is asked, which takes some milliseconds; a shard that waits for the disk says what it said last
  // Counts for so long what things cost, which slows them down. Blocks; one at a time. Empty; or why there is nothing to say.
  std::string profile(std::chrono::milliseconds length, Costs& out) const;
  // Takes what waits, writes everybody down and closes the folder. submit() says no from now on.
  void stop();

 private:
  struct Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace polku::shards
