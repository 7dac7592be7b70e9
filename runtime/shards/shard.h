// One shard: some of the visitors, the engine that judges them, and where they are kept while they sleep. Private to the stage.
//
// A shard works in chunks: begin(), take() of every message, end(). What a chunk did becomes durable elsewhere (service.cc); then committed(). Nothing that a
// chunk decided may leave the process before. After a crash, replay() of all chunks since some position makes the shard what it was: a visitor's saved
// state says up to which chunk it goes, and chunks up to there do not touch it.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/base/name_index.h"
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
  Millis unsaved_since = 0;                               // likewise: when the oldest change that is not written down came about, by the steady clock; kNever: there is none
  std::chrono::steady_clock::time_point begun;            // its messages were taken. Given by the service
  Millis earliest = std::numeric_limits<Millis>::max();   // of the places in Deadlines that it puts
  std::vector<std::uint64_t> ids;                         // of the records taken, of those that have one
  std::vector<std::vector<std::string>> forgotten;        // all names of each who was
  std::vector<std::string> left, renamed, struck;         // what need not be remembered elsewhere once it is durable
  bool empty() const { return record.empty() && writes.empty() && settled.empty() && forwards.empty(); }
};

struct ShardOptions {
  std::size_t index = 0, shards = 1;
  std::size_t most_awake = 1'000'000;                     // visitors in memory
  Millis save_after = kMinute;                            // of a change, its visitor is written down
  bool wall = true;                                       // nothing is received before the shard's clock; else by what it says, and no clock moves by it
  std::uint64_t first_round = 0;                          // rounds are numbered from here on: no two shards ever number alike
  std::uint64_t pack = 1;                                 // number of the pack; states on disk may be of the one before
  std::string pack_name = {};                             // as decisions say it
  const plan::Plan* before = nullptr;                     // of that one, which must outlive the shard, as must its evaluator; null: there are no such states
  const plan::Evaluator* evaluator_before = nullptr;
  Millis since = 0;                                       // from when on this pack decides
  Millis forget_after = 0;                                // after their latest record visitors are forgotten; 0: never
  bool afresh = false;                                    // replay() gets the whole log, nothing else is known, and what was decided is to be told again
};

inline constexpr Millis kNever = std::numeric_limits<Millis>::max();

struct ShardCounts {
  std::uint64_t taken = 0, duplicates = 0, unmerged = 0, merges = 0, moves = 0, decisions = 0;
  std::uint64_t woken = 0, slept = 0, saved = 0;
  std::uint64_t forgotten = 0;
  std::uint64_t refolded = 0;                             // visitors of the pack before, who are of this one now
  std::uint64_t late = 0;                                 // of those taken: received later than the catalog's `lateness` after their time
  std::uint64_t folds = 0;                                // of histories, but for those of replayed records
  std::size_t awake = 0, unsaved = 0;
  Millis clock = 0;                                       // its own; of several shards: the one that is furthest behind
  Millis next_due = kNever;                               // no timer is due before; of several shards: the earliest
  bool swept = true;                                      // nobody is left of the pack before
};

// Which shard a visitor belongs to.
std::size_t shard_of(std::string_view visitor, std::size_t shards);

inline constexpr std::uint64_t kStateFormat = 3;
// What stands before a visitor's state in the table Visitors, behind the format; the state begins with the visitor's key.
struct StateHead {
  std::uint64_t pack = 0;                                 // number of the pack that it was last seen by
  std::uint64_t number = 0;                               // the chunk up to which it goes
  Millis deadline = 0;                                    // kNever: there is nothing to look at
  bool identified = false;
};
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
  void expect(const std::vector<Message>& messages) const;  // brings nearer what take() of them will read
  void take(Message&& m);
  void tidy(std::size_t most);                            // writes down whoever changed long ago, and lets some sleep: about so many
  void save_all();                                        // everybody who changed, however lately
  void sweep(std::size_t most);                           // wakes so many of those who were last seen by the pack before
  void hurry(bool soon) { hurry_ = soon; }                // tidy() writes down everybody who changed
  void retire(std::size_t looks);                         // forgets those who came last too long ago, among so many it looks at
  std::size_t unsaved() const { return unsaved_.size(); } // visitors, or some more
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
  // What became of each rule's firings, and what was unknown then; of what was replayed after a start nothing, once begin_counting() was called behind it.
  void begin_counting();
  std::vector<engine::OutcomeCounts> outcomes() const;
  const std::vector<std::vector<engine::Unknown>>& unknowns() const { return engine_.unknowns(); }
  void begin_profile() { engine_.begin_profile(); }       // these two: between chunks
  std::unique_ptr<engine::Profile> end_profile() { return engine_.end_profile(); }

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
  struct Reached { Millis clock = 0; std::uint64_t number = 0, order = 0; };
  struct Unsaved { std::uint64_t position = 0; Millis since = 0; std::string key; };
  const Unsaved* oldest_unsaved() const;                  // null: all is written down

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return base::NameIndex::hash(name); }
  };
  template <class T>
  using ByName = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  // Where a name leads. `here`: awake, or on the way here, or nobody at all; `key` is whose it is, empty if nobody's. Else another shard has it, as far as is known as `key`.
  struct Found { bool here = true; std::string key; };
  Found find(std::string_view name);
  bool fetch(const std::string& key);                     // wakes who sleeps under that key, if anybody does
  bool wake(std::string_view state);
  bool get(store::Table table, std::string_view key, std::string& value);
  Kept& kept(std::string_view key) { return kept_.find(key)->second; }
  void changed(std::string_view key);
  void pass_time(Millis now, bool resumed);
  void wake_due(Millis now);
  void forward(Message&& m, std::string_view to);
  void move_out(Message&& m, const std::string& key, const std::string& to);
  void leave(const std::string& name, const std::string& key, const std::string& to);
  void finish(Message&& m);
  bool place(Message& m, Found& found);                   // its visitor is here, or is nobody's and belongs here; else it has gone on
  void attend(Message&& m);
  bool forget(const std::string& name);                   // whoever has it; false: somebody is on the way to them
  void strike(const std::string& key, const Kept& k);
  bool move_in(const std::string& key, std::string_view state);
  history::Event& event_of(std::string_view bytes, Millis received);
  void merge(std::string_view visitor, const std::string& other, Millis at, Millis received, std::uint64_t order);
  void feed(std::string_view visitor, history::Event& event, std::uint64_t arrival);
  void identify(std::string_view visitor);
  void collect(std::string* answer, const Message* cause = nullptr);
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
  std::unique_ptr<base::Texts> texts_before_;
  std::unique_ptr<engine::Engine> engine_before_;         // of the pack before, as long as there are such states; nobody is awake in it
  const history::Portable portable_;
  history::Identity identity_;
  const std::string& currency_;
  const Millis lateness_;
  ByName<Kept> kept_;                                     // by key: all who are awake
  ByName<Leaving> leaving_;                               // those who sleep since a chunk that is not durable yet, by key
  ByName<Renamed> renamed_;                               // names that stand for others, likewise
  ByName<std::uint64_t> struck_;                          // names of the forgotten, likewise: the chunk
  std::deque<Unsaved> unsaved_;                           // oldest first; some have been written down since
  std::deque<std::pair<std::uint64_t, std::string>> idle_;  // (used, key) of all who are awake; some have been used since
  Chunk chunk_;
  ChunkWriter writer_;
  Millis clock_ = 0, reached_ = 0;                        // reached_: what the clock showed before the start
  Reached before_;                                        // what stood in Meta then, and does until all of the log has been read: but rounds, as states that are written meanwhile have new ones
  Millis time_ = 0;                                       // the machine's, from some beginning
  Millis woken_until_ = 0, next_listed_ = 0;              // Deadlines: all up to there have been woken; none stands before that
  std::uint64_t number_ = 0, order_ = 0, position_ = 0, committed_ = 0, used_ = 0;
  bool hurry_ = false, swept_ = true;
  std::string sweep_from_;                                // of the table Visitors: those before it have been looked at
  std::string retire_from_;                               // likewise, of retire()
  Millis next_retire_ = 0;                                // of the machine's time: when it goes on; between two passes it waits
  std::uint64_t sweep_ended_ = 0;                         // position of the log at which all had been woken; 0: not yet
  bool all_saved_ = false;
  bool replaying_ = false, replayed_ = false, resumed_ = false;  // the last two: the chunk was; it begins with that
  std::string fault_, scratch_;
  history::Event event_, merge_;
  std::vector<std::string_view> ran_;
  mutable std::vector<engine::Engine::Coming> coming_;
  ShardCounts counts_;
  std::vector<engine::OutcomeCounts> replayed_outcomes_;  // empty: none
  std::uint64_t replayed_folds_ = 0;
  std::uint64_t begun_ = 0;                               // engine::ticks() at the beginning of the chunk, while a profile is made
};

}  // namespace polku::shards
