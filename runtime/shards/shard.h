// One shard: some of the visitors, the engine that judges them, and where they are kept while they sleep. Private to the stage.
//
// A shard works in chunks: begin(), take() of every message, end(). What a chunk did becomes durable elsewhere (service.cc); then committed(). Nothing that a
// chunk decided may leave the process before. After a crash, replay() of all chunks since some position makes the shard what it was: a visitor's saved
// state says up to which chunk it goes, and chunks up to there do not touch it.
#pragma once
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/engine/engine.h"
#include "runtime/history/portable.h"
#include "runtime/shards/known.h"
#include "runtime/shards/log.h"
#include "runtime/shards/message.h"
#include "runtime/shards/moves.h"
#include "runtime/store/store.h"

namespace polku::shards {

struct Decided { std::string id, visitor, json; };

// What one chunk did.
struct Chunk {
  std::uint64_t number = 0;
  std::string record;                                     // for the log; empty: nothing that must be remembered
  store::Writes writes;                                   // to become durable with it
  std::vector<Decided> decisions;
  std::vector<std::pair<std::size_t, Message>> forwards;  // to other shards, once this chunk is on its way to the disk
  std::vector<std::shared_ptr<Ticket>> settled;           // one for each message that is done with
  std::uint64_t needs_from = 0;                           // once it is durable, as Shard::needs_from()
  Millis earliest = std::numeric_limits<Millis>::max();   // of the places in Deadlines that it puts
  std::vector<std::uint64_t> ids;                         // of the records taken, of those that have one
  std::vector<std::string> left, renamed;                 // what need not be remembered elsewhere once it is durable
  bool empty() const { return record.empty() && writes.empty() && settled.empty() && forwards.empty(); }
};

struct ShardOptions {
  std::size_t index = 0, shards = 1;
  std::size_t most_awake = 1'000'000;                     // visitors in memory
  Millis save_after = 10 * kSecond;                       // of a change, its visitor is written down
  bool wall = true;                                       // nothing is received before the shard's clock; else by what it says, and no clock moves by it
  std::uint64_t first_round = 0;                          // rounds are numbered from here on: no two shards ever number alike
  std::uint64_t pack = 1;                                 // number of the pack; states on disk may be of the one before
  std::string pack_name = {};                             // as decisions say it
  const catalog::Catalog* before = nullptr;               // of that one, which must outlive the shard; null: there are no such states
  Millis since = 0;                                       // from when on this pack decides
};

struct ShardCounts {
  std::uint64_t taken = 0, duplicates = 0, unmerged = 0, merges = 0, moves = 0, decisions = 0;
  std::uint64_t woken = 0, slept = 0, saved = 0;
  std::uint64_t refolded = 0;                             // visitors of the pack before, who are of this one now
  std::size_t awake = 0, unsaved = 0;
  Millis clock = 0;                                       // its own; of several shards: the one that is furthest behind
  bool swept = true;                                      // nobody is left of the pack before
};

// Which shard a visitor belongs to.
std::size_t shard_of(std::string_view visitor, std::size_t shards);

inline constexpr std::uint64_t kStateFormat = 2;
// What stands before a visitor's state in the table Visitors, behind the format; the state begins with the visitor's key.
struct StateHead {
  std::uint64_t pack = 0;                                 // number of the pack that it was last seen by
  std::uint64_t number = 0;                               // the chunk up to which it goes
  Millis deadline = 0;                                    // kNever: there is nothing to look at
  bool identified = false;
};
inline constexpr Millis kNever = std::numeric_limits<Millis>::max();
// Takes it away from the bytes. False: they are damaged or of another format.
bool read_state_head(base::Bytes& in, StateHead& head);

// A key of the table Deadlines.
std::string deadline_key(std::size_t shard, Millis due, std::string_view key);

// One thread at a time. plan, evaluator, store, known and moves must outlive it.
class Shard {
 public:
  Shard(const plan::Plan& plan, const plan::Evaluator& evaluator, const store::Store& store, const Known& known, Moves& moves, const ShardOptions& options);

  // number: larger than of all chunks before. position: no later than where the chunk will stand in the log. now: it has become so late; what is due by then
  // is judged at its own time, or, if the service was down since the chunk before (`resumed`), now.
  void begin(std::uint64_t number, std::uint64_t position, Millis now, bool resumed);
  void take(Message&& m);
  void tidy(std::size_t most);                            // writes down whoever changed long ago, and lets some sleep: about so many
  void save_all();                                        // everybody who changed, however lately
  void sweep(std::size_t most);                           // wakes so many of those who were last seen by the pack before
  void hurry(bool soon) { hurry_ = soon; }                // tidy() writes down everybody who changed
  bool sweeping() const { return !swept_; }
  static std::string swept_key(std::size_t shard);        // in Meta: the number of the pack of which nobody is left behind
  Chunk end();
  void committed(const Chunk& chunk);                     // it is durable

  // A chunk of the log, while it is read after a start; as begin() and take() did it. tidy() and end() may follow. False: it is damaged.
  bool replay(const ChunkHead& head, const std::vector<Item>& items, std::uint64_t position);

  // From which position on the log would have to be replayed; kNowhere: all is written down.
  std::uint64_t needs_from() const;
  static constexpr std::uint64_t kNowhere = std::numeric_limits<std::uint64_t>::max();
  Millis clock() const { return clock_; }
  std::uint64_t number() const { return number_; }        // of its last chunk, and the largest Message::order; after a start: that are known of
  std::uint64_t order() const { return order_; }
  const std::string& fault() const { return fault_; }     // not empty: the store cannot be read, and no chunk may become durable any more
  ShardCounts counts() const;

 private:
  // What is known of one who is awake, beside the engine.
  struct Kept {
    std::uint64_t unsaved_from = 0;      // position of the log from which it must be read; 0: all is written down
    std::uint64_t saved = 0;             // number of the chunk up to which it is
    std::uint64_t used = 0;              // when, in messages of the shard
    Millis listed = kNever;              // its place in Deadlines; kNever: it has none
    bool identified = false, renamed = false;
    std::vector<std::pair<std::string, Millis>> gone;  // visitors who became this one since it was written down, and their places in Deadlines
  };
  struct Leaving { std::string state; std::uint64_t number = 0; Millis deadline = 0; };
  struct Renamed { std::string to; std::uint64_t number = 0; };
  struct Unsaved { std::uint64_t position = 0; Millis since = 0; std::string key; };

  // Where a name leads. `here`: awake, or on the way here, or nobody at all; `key` is whose it is, empty if nobody's. Else another shard has it, as far as is known as `key`.
  struct Found { bool here = true; std::string key; };
  Found find(std::string_view name);
  bool fetch(const std::string& key);                     // wakes who sleeps under that key, if anybody does
  bool wake(std::string_view state);
  bool get(store::Table table, std::string_view key, std::string& value);
  Kept& kept(std::string_view key) { return kept_.find(std::string(key))->second; }
  void changed(std::string_view key);
  void pass_time(Millis now, bool resumed);
  void wake_due(Millis now);
  void forward(Message&& m, std::string_view to);
  void move_out(Message&& m, const std::string& key, const std::string& to);
  void finish(Message&& m);
  bool move_in(const std::string& key, std::string_view state);
  history::Event& event_of(std::string_view bytes, Millis received);
  void merge(std::string_view visitor, const std::string& other, Millis at, Millis received, std::uint64_t order);
  void feed(std::string_view visitor, history::Event& event, std::uint64_t arrival);
  void identify(std::string_view visitor);
  void collect(std::string* answer);
  void again(Message&& m);
  void inherit(Kept& k, const Kept& old, const std::string& gone, const std::string& key);
  std::string numbers_key() const;
  std::string numbers() const;                            // with which it goes on after a start
  void save(const std::string& key, Kept& k);
  void rest(std::size_t most);
  std::string state_of(std::string_view key, const Kept& k);
  std::string deadline_key(Millis due, std::string_view key) const { return shards::deadline_key(options_.index, due, key); }

  const store::Store& store_;
  const Known& known_;
  Moves& moves_;
  const ShardOptions options_;
  base::Texts texts_;
  engine::Engine engine_;
  const history::Portable portable_;
  history::Identity identity_;
  const std::string& currency_;
  std::unordered_map<std::string, Kept> kept_;            // by key: all who are awake
  std::unordered_map<std::string, Leaving> leaving_;      // those who sleep since a chunk that is not durable yet, by key
  std::unordered_map<std::string, Renamed> renamed_;      // names that stand for others, likewise
  std::deque<Unsaved> unsaved_;                           // oldest first; some have been written down since
  std::deque<std::pair<std::uint64_t, std::string>> idle_;  // (used, key) of all who are awake; some have been used since
  Chunk chunk_;
  ChunkWriter writer_;
  Millis clock_ = 0, reached_ = 0;                        // reached_: what the clock showed before the start
  Millis time_ = 0;                                       // the machine's, from some beginning
  Millis woken_until_ = 0, next_listed_ = 0;              // Deadlines: all up to there have been woken; none stands before that
  std::uint64_t number_ = 0, order_ = 0, position_ = 0, committed_ = 0, used_ = 0;
  bool hurry_ = false, swept_ = true;
  std::string sweep_from_;                                // of the table Visitors: those before it have been looked at
  std::uint64_t sweep_ended_ = 0;                         // position of the log at which all had been woken; 0: not yet
  bool all_saved_ = false;
  bool replaying_ = false, replayed_ = false, resumed_ = false;  // the last two: the chunk was; it begins with that
  std::string fault_, scratch_;
  history::Event event_, merge_;
  std::vector<std::string_view> ran_;
  ShardCounts counts_;
};

}  // namespace polku::shards
