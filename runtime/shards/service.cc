#include "runtime/shards/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>

#include "runtime/base/thread_name.h"
#include "runtime/shards/check.h"
#include "runtime/shards/eraser.h"
#include "runtime/shards/erasures.h"

namespace polku::shards {

namespace {

using namespace std::chrono_literals;
using store::Table;

constexpr std::size_t kTogether = 2048;              // messages in a chunk
constexpr std::size_t kRemembered = 512u << 20;      // bytes of the log that are read for the ids in it
constexpr std::size_t kTidied = 16;                  // visitors written down in a chunk, and one for every second message: nobody is to wait for them
constexpr std::size_t kTidiedSoon = 512;             // if it is not to take long until all are
constexpr std::size_t kMostUncommitted = 64u << 20;  // bytes of chunks that wait for the disk; then the shards wait
constexpr std::size_t kRead = 512;                   // entries of the log that read() looks at
constexpr auto kTick = 5ms;
constexpr std::size_t kRetired = 1024;               // visitors of whom is looked when they came last
constexpr std::size_t kSwept = 64;                   // visitors who become a new pack's in a chunk, beside those who are touched
constexpr auto kPause = 2s;                          // for who wants to use a pack that is being replaced; it takes this long only if the disk refuses
constexpr std::size_t kFewUnsaved = 1024;            // visitors; then a pack may be replaced: writing them down takes some milliseconds
constexpr auto kReadersCome = 1min;                  // after a start, the log is kept for everybody who ever read it
constexpr auto kAsked = 200ms;                       // for the shards to say what they counted
constexpr auto kMeasured = 5s;                       // and what it cost, for which no other request waits
constexpr std::string_view kCursor = "cursor ";

std::string number_text(std::uint64_t n) {
  std::string out;
  base::put_fixed(out, n);
  return out;
}

Millis steady_now() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

// What is counted on from pack to pack.
constexpr std::uint64_t ShardCounts::* kCounters[] = {&ShardCounts::taken, &ShardCounts::duplicates, &ShardCounts::unmerged, &ShardCounts::merges, &ShardCounts::moves,
                                                      &ShardCounts::decisions, &ShardCounts::woken, &ShardCounts::slept, &ShardCounts::saved, &ShardCounts::forgotten, &ShardCounts::refolded,
                                                      &ShardCounts::late, &ShardCounts::folds};

struct Service::Impl {
  // What belongs to one shard's thread, and how others reach it.
  struct Worker {
    std::unique_ptr<Shard> shard;
    std::thread thread;
    std::mutex mutex;                      // for what follows
    std::condition_variable wake;
    std::vector<Message> inbox;
    std::vector<Chunk> committed;          // and not told to the shard
    ShardCounts counts, before;            // of this shard; of those that other packs had
    bool stop = false, stopped = false;
    bool asked = false;                    // somebody waits for the following
    std::condition_variable told;
    PackPtr pack;                          // whose rules they are; null: nothing is known of them
    std::vector<engine::OutcomeCounts> outcomes;
    std::vector<std::vector<engine::Unknown>> unknowns;
    bool profiles = false;                 // somebody wants to know what things cost
    std::unique_ptr<engine::Profile> profile;  // what they did, once nobody does any more
    base::Histogram queued;                // the thread's
  };

  ServiceOptions options;
  std::unique_ptr<store::Store> store;
  Known known;
  Moves moves;
  Erasures erasures;
  Dropped dropped;
  std::vector<std::unique_ptr<Worker>> workers;
  std::atomic<std::size_t> waiting = 0;    // messages in inboxes
  std::atomic<bool> closed = false;
  std::atomic<std::uint64_t> next_number = 1;
  std::atomic<std::uint64_t> next_order = 1;
  std::atomic<Millis> latest = 0;          // that now() has given
  std::atomic<Millis> reached = std::numeric_limits<Millis>::min() / 4;  // Clock::Log

  std::thread committer;
  mutable std::mutex mutex;                // for what follows
  std::condition_variable chunks_there, room, durable;
  std::vector<std::pair<std::size_t, Chunk>> chunks;  // by shard
  std::size_t uncommitted = 0;             // bytes of them, and of those being written
  bool hurry = false;                      // the service stops while the disk refuses: nobody waits for room
  bool stop_committer = false;             // all chunks there will be are there
  std::uint64_t position = 0;              // of what is durable
  std::uint64_t from = 1;                  // as it stands in Meta
  std::vector<std::uint64_t> needed;       // of the log, by each shard, as its last durable chunk says
  std::map<std::string, Cursor> cursors, moved_cursors;
  std::set<std::string> readers;           // those who have a cursor, and are there
  std::uint64_t commits = 0, failed = 0, log_bytes = 0, replayed = 0, opened = 0;
  std::uint64_t unsaved_from = 1;          // the smallest of `needed`
  std::vector<Millis> unsaved_since;       // of each shard, as its last durable chunk says
  std::string fault, broken;               // why nothing becomes durable: just now; for good

  std::mutex reloading;                    // one pack at a time is put in, or the service is stopped
  std::atomic<bool> stopping = false;
  std::atomic<Millis> stop_at = std::numeric_limits<Millis>::max();  // the last instant of the pack that is replaced, for all shards
  std::atomic<bool> soon = false;          // write everybody down, as a pack is to be replaced
  PackPtr pack, previous;                  // previous: of states on disk; null: there are none
  std::uint64_t pack_number = 1;
  Millis since = 0;                        // from when on it decides
  std::optional<store::Writes> replacing;  // of pack and log: to be written once all chunks are
  bool replacing_now = false;              // the committer has it; both under `mutex`
  mutable std::mutex use_mutex;            // for what follows
  mutable std::condition_variable use_changed;
  mutable std::size_t users = 0;
  bool paused = false;

  base::Histogram settling, written;       // the committer's
  mutable std::mutex rules_mutex;          // before any worker's; for what follows, and the packs that workers have said
  RuleSums rules_before;                   // of all rules of packs that were

  std::atomic<std::uint64_t> writing = 1;  // the position of the entry that is being made next
  const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

  mutable std::mutex letters_mutex;        // of those who change letters, and for what follows
  std::map<std::string, std::uint64_t> letters_of;  // how many, by sink

  std::unique_ptr<Eraser> eraser;          // the last to be made, as it works with all of it

  Millis now() {
    const Millis machine = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    Millis was = latest.load();
    while (was < machine && !latest.compare_exchange_weak(was, machine)) {
    }
    return std::max(was, machine);
  }

  // ---- start ----

  std::string meta(std::string_view key) const {
    std::string value, error;
    store->get(Table::Meta, key, value, error);
    return value;
  }
  std::uint64_t meta_number(std::string_view key, std::uint64_t otherwise) const {
    const std::string value = meta(key);
    return value.empty() ? otherwise : base::Bytes(value).fixed();
  }

  // With the pack that the folder was written with, which may be another than the one that is wanted.
  std::string open(const PackPtr& wanted, const MakePack& make) {
    std::string error;
    store = store::Store::open(options.data, options.store, error);
    if (!store) return error;
    const std::string format = meta("format");
    pack = wanted;
    if (format.empty()) {
      store::Writes writes;
      writes.put(Table::Meta, "format", std::string(kDataFormat));
      writes.put(Table::Meta, "shards", number_text(options.shards));
      put_pack(writes, *wanted, pack_number, since);
      if (error = store->write(writes, true); !error.empty()) return error;
    } else if (format != kDataFormat) {
      return fmt::format("`{}` was written in the format `{}`, and this version reads `{}`.", options.data, format, kDataFormat);
    } else if (const std::uint64_t were = meta_number("shards", 0); were != options.shards) {
      return fmt::format("`{}` was written with {} shards. Start with `--shards {}`.", options.data, were, were);
    } else {
      pack_number = meta_number("pack", 1);
      const auto made = [&](std::uint64_t number, PackPtr& into) {
        const std::string text = pack_text(number, since);
        if (into && text == into->text) return std::string();
        std::string why;
        into = make(text, why);
        return into ? std::string() : fmt::format("`{}` was written with a pack that this version cannot use any more: {}", options.data, why);
      };
      const auto left = [&](std::size_t shard) { return base::Bytes(meta(Shard::swept_key(shard))).number() != pack_number; };
      bool any = false;
      for (std::size_t i = 0; i < options.shards; ++i) any |= left(i);
      if (pack_number > 1 && any) {
        if (error = made(pack_number - 1, previous); !error.empty()) return error;
      }
      if (error = made(pack_number, pack); !error.empty()) return error;
    }
    for (std::size_t i = 0; i < options.shards; ++i) workers.push_back(std::make_unique<Worker>());
    make_shards();
    store::Store::Scan scan = store->scan(Table::Meta);
    for (scan.seek(kCursor); scan.valid() && scan.key().starts_with(kCursor); scan.next()) {
      base::Bytes value(scan.value());
      Cursor& cursor = cursors[std::string(scan.key().substr(kCursor.size()))];
      cursor.position = value.fixed();
      cursor.note = value.rest();
    }
    if (error = erasures.load(*store); !error.empty()) return fmt::format("`{}`: {}", options.data, error);
    Letter letter;
    store::Store::Scan letters = store->scan(Table::Letters);
    for (letters.seek({}); letters.valid(); letters.next())
      if (read_letter(letters.value(), letter)) ++letters_of[letter.sink];
    if (error = recover(); error.empty()) opened = position;
    return error;
  }

  static void put_pack(store::Writes& writes, const Pack& p, std::uint64_t number, Millis from_when) {
    std::string value;
    base::put_signed(value, from_when);
    base::put_text(value, p.name);
    value += p.text;
    writes.put(Table::Meta, "pack", number_text(number));
    writes.put(Table::Meta, pack_key(number), value);
    if (number > 2) writes.erase(Table::Meta, pack_key(number - 2));
  }

  std::string pack_text(std::uint64_t number, Millis& from_when) const {
    const std::string value = meta(pack_key(number));
    base::Bytes in(value);
    from_when = in.signed_number();
    in.text();  // its name
    return std::string(in.rest());
  }

  void make_shards() {
    for (std::size_t i = 0; i < workers.size(); ++i)
      workers[i]->shard = std::make_unique<Shard>(*pack->plan, *pack->evaluator, *store, known, moves,
                                                  ShardOptions{.index = i, .shards = options.shards, .most_awake = std::max<std::size_t>(options.most_awake / options.shards, 1),
                                                               .save_after = options.save_after, .wall = options.clock == ServiceOptions::Clock::Wall,
                                                               .first_round = std::uint64_t{i} << 48, .pack = pack_number, .pack_name = pack->name,
                                                               .before = previous ? previous->plan.get() : nullptr, .evaluator_before = previous ? previous->evaluator.get() : nullptr,
                                                               .since = since, .forget_after = options.forget_after});
    for (const auto& w : workers) {
      const std::lock_guard lock(w->mutex);
      w->counts = w->shard->counts();
    }
  }

  // Reads the log from where not all of it is written down.
  std::string recover() {
    from = meta_number("from", 1);
    next_number = meta_number("number", 0) + 1;
    next_order = meta_number("order", 0) + 1;
    position = from - 1;
    store::Store::Scan scan = store->scan(Table::Log);
    std::vector<std::string_view> chunks_of;
    std::vector<Item> items;
    ChunkHead head;
    const auto damaged = [&](std::uint64_t at) { return fmt::format("Entry {} of the log in `{}` is damaged. Restore the latest backup (`polku data restore`).", at, options.data); };
    for (scan.seek(log_key(from)); scan.valid(); scan.next()) {
      const std::uint64_t at = log_position(scan.key());
      if (at != position + 1 || !read_entry(scan.value(), chunks_of)) return damaged(at);
      for (std::size_t c = 0; c < chunks_of.size(); ++c) {
        if (!read_chunk(chunks_of[c], head, items) || head.shard >= workers.size()) return damaged(at);
        erasures.strip(at, c, items);
        next_number = std::max(next_number.load(), head.number + 1);
        for (const Item& item : items) next_order = std::max(next_order.load(), item.order + 1);
        Shard& shard = *workers[head.shard]->shard;
        if (!shard.replay(head, items, at)) return shard.fault();
        shard.tidy(kTidiedSoon);
        Chunk chunk = shard.end();
        if (chunk.writes.empty() && chunk.left.empty()) continue;
        if (std::string error = store->write(chunk.writes, false); !error.empty()) return error;
        shard.committed(chunk);
      }
      position = at;
      ++replayed;
    }
    if (std::string error = scan.error(); !error.empty()) return error;
    if (replayed > options.most_replayed) {
      store::Writes writes;
      std::vector<Chunk> saved;
      for (const auto& w : workers) {
        w->shard->save_all();
        saved.push_back(w->shard->end());
        writes.add(std::move(saved.back().writes));
      }
      from = position + 1;
      writes.put(Table::Meta, "from", number_text(from));
      writes.put(Table::Meta, "number", number_text(next_number.load()));
      writes.put(Table::Meta, "order", number_text(next_order.load()));
      if (std::string error = store->write(writes, true); !error.empty()) return error;
      for (std::size_t i = 0; i < workers.size(); ++i) workers[i]->shard->committed(saved[i]);  // else who sleeps from now on would not be woken in time
    }
    remember_ids();
    writing = position + 1;
    for (const auto& w : workers) {
      w->shard->begin_counting();
      needed.push_back(w->shard->needs_from());
      unsaved_since.push_back(needed.back() == Shard::kNowhere ? kNever : steady_now());
      next_number = std::max(next_number.load(), w->shard->number() + 1);
      next_order = std::max(next_order.load(), w->shard->order() + 1);
      if (options.clock == ServiceOptions::Clock::Wall) latest = std::max(latest.load(), w->shard->clock());
    }
    unsaved_from = *std::min_element(needed.begin(), needed.end());
    return {};
  }

  // Those of the latest records, back from the end of the log.
  void remember_ids() {
    std::vector<std::uint64_t> ids;
    std::vector<std::string_view> chunks_of;
    std::vector<Item> items;
    ChunkHead head;
    store::Store::Scan scan = store->scan(Table::Log);
    std::size_t bytes = 0;
    for (scan.last(); scan.valid() && ids.size() < history::KnownIds::kRemembered && bytes < kRemembered; scan.previous()) {
      bytes += scan.value().size();
      if (!read_entry(scan.value(), chunks_of)) break;
      for (auto chunk = chunks_of.rbegin(); chunk != chunks_of.rend(); ++chunk) {
        if (!read_chunk(*chunk, head, items)) break;
        for (auto item = items.rbegin(); item != items.rend(); ++item)
          if (item->kind == ItemKind::Record && item->has_id) ids.push_back(history::Portable::identity(item->bytes));
      }
    }
    std::reverse(ids.begin(), ids.end());
    known.add(ids);
  }

  void run() {
    store::Store::Scan scan = store->scan(Table::Handovers);
    for (scan.seek({}); scan.valid(); scan.next()) {  // those that were on their way from one shard to another
      Message m;
      if (!read_handover(scan.value(), m)) continue;
      moves.begin({m.also}, {m.visitor});
      next_order = std::max(next_order.load(), m.order + 1);
      Worker& to = *workers[shard_of(m.visitor, options.shards)];
      ++waiting;
      m.queued = std::chrono::steady_clock::now();
      to.inbox.push_back(std::move(m));
    }
    committer = std::thread([this] { commit_all(); });
    eraser = std::make_unique<Eraser>(*store, erasures, dropped,
                                      Eraser::Options{.within = options.erase_within, .keep_letters = options.keep_letters, .durable = options.durable, .now = [this] { return now(); },
                                                      .erase_letters = [this](const std::function<bool(const Letter&)>& which) { return erase_letters(which); }});
    go(true);
  }

  // after: the service was down.
  void go(bool after) {
    for (const auto& worker : workers) {
      worker->stop = worker->stopped = false;
      worker->thread = std::thread([this, after, w = worker.get()] { work(*w, after); });
    }
  }

  // ---- a shard's thread ----

  void work(Worker& w, bool first) {
    Shard& shard = *w.shard;
    const auto index = static_cast<std::size_t>(std::find_if(workers.begin(), workers.end(), [&](const auto& x) { return x.get() == &w; }) - workers.begin());
    base::name_thread("shard " + std::to_string(index));
    const bool wall = options.clock == ServiceOptions::Clock::Wall;
    bool profiling = false;
    for (bool begun = false;; begun = true) {
      std::vector<Message> messages;
      std::vector<Chunk> committed;
      bool stop = false, asked = false, stopping_soon = false;
      {
        std::unique_lock lock(w.mutex);
        if (begun && !shard.sweeping()) w.wake.wait_for(lock, kTick, [&] { return !w.inbox.empty() || w.stop || w.asked || w.profiles != profiling; });
        if (w.inbox.size() <= kTogether) {
          messages.swap(w.inbox);
        } else {
          messages.assign(std::make_move_iterator(w.inbox.begin()), std::make_move_iterator(w.inbox.begin() + kTogether));
          w.inbox.erase(w.inbox.begin(), w.inbox.begin() + kTogether);
        }
        committed.swap(w.committed);
        stopping_soon = w.stop;
        stop = w.stop && messages.empty() && shard.unsaved() <= kFewUnsaved;
        asked = w.asked;
        if (std::exchange(profiling, w.profiles) != w.profiles) {
          if (profiling) {
            shard.begin_profile();
          } else {
            w.profile = shard.end_profile();
            w.told.notify_all();
          }
        }
      }
      const auto begun_at = messages.empty() ? std::chrono::steady_clock::time_point() : std::chrono::steady_clock::now();
      for (const Message& m : messages) w.queued.add(begun_at - m.queued);
      for (const Chunk& c : committed) shard.committed(c);
      shard.begin(next_number++, writing.load(), std::min(wall ? now() : std::max(shard.clock(), reached.load()), stop_at.load()),
                  first && wall && (!begun || shard.sweeping()));  // who is looked at late has not been seen since before it was down
      shard.expect(messages);
      for (Message& m : messages) shard.take(std::move(m));
      const bool in_a_hurry = soon || stopping_soon;
      shard.hurry(in_a_hurry);
      shard.tidy(in_a_hurry ? kTidiedSoon : kTidied + messages.size() / 2);
      if (stop) shard.save_all();
      else if (shard.sweeping()) shard.sweep(kSwept);
      else shard.retire(kRetired);
      Chunk chunk = shard.end();
      chunk.begun = begun_at;
      waiting += chunk.forwards.size();
      waiting -= messages.size();
      const auto count = [&] {
        std::vector<engine::OutcomeCounts> outcomes;
        if (asked) outcomes = shard.outcomes();
        const std::lock_guard lock(w.mutex);
        w.counts = shard.counts();
        w.stopped = stop;
        if (!asked) return;
        w.asked = false;
        w.pack = pack;
        w.outcomes = std::move(outcomes);
        w.unknowns = shard.unknowns();
        w.told.notify_all();
      };
      if (!shard.fault().empty()) {  // it cannot know what it should: nothing of it may become durable
        count();
        give_up(shard.fault());
        return;
      }
      if (!chunk.empty()) {
        std::vector<std::pair<std::size_t, Message>> forwards = std::move(chunk.forwards);
        hand_in(index, std::move(chunk));
        for (auto& [to, m] : forwards) {
          m.queued = std::chrono::steady_clock::now();
          const std::lock_guard lock(workers[to]->mutex);
          workers[to]->inbox.push_back(std::move(m));
          workers[to]->wake.notify_one();
        }
      }
      count();
      if (stop) return;
    }
  }

  void hand_in(std::size_t index, Chunk chunk) {
    std::unique_lock lock(mutex);
    room.wait(lock, [&] { return uncommitted < kMostUncommitted || hurry; });
    uncommitted += weight(chunk);
    chunks.emplace_back(index, std::move(chunk));
    chunks_there.notify_one();
  }

  static std::size_t weight(const Chunk& c) { return 512 + c.record.size() + c.writes.bytes(); }

  void give_up(const std::string& why) {
    closed = true;
    {
      const std::lock_guard lock(mutex);
      broken = why;
    }
    if (options.log) options.log->say(base::OperationLog::Level::Error, "shard_broken", why);
  }

  // ---- the committer's thread ----

  void commit_all() {
    base::name_thread("commit");
    auto looked = std::chrono::steady_clock::now();
    for (;;) {
      std::vector<std::pair<std::size_t, Chunk>> group;
      std::map<std::string, Cursor> moved;
      bool replaces = false;
      store::Writes replacement;
      {
        std::unique_lock lock(mutex);
        chunks_there.wait_for(lock, 1s, [&] { return !chunks.empty() || replacing || stop_committer; });
        group.swap(chunks);
        moved.swap(moved_cursors);
        if (group.empty() && moved.empty() && !replacing && stop_committer) return;
        replaces = group.empty() && uncommitted == 0 && replacing.has_value();
        if (replaces) {
          replacing_now = true;
          replacement = std::move(*replacing);
        }
      }
      store::Writes writes;
      std::size_t bytes = 0;
      const auto count = static_cast<std::size_t>(std::count_if(group.begin(), group.end(), [](const auto& g) { return !g.second.record.empty(); }));
      std::string entry;
      if (count > 0) begin_entry(entry, now(), count);
      for (auto& [shard, chunk] : group) {
        bytes += weight(chunk);
        needed[shard] = chunk.needs_from;
        if (!chunk.record.empty()) base::put_text(entry, chunk.record);
        writes.add(std::move(chunk.writes));
      }
      const std::uint64_t at = writing.load();
      std::vector<Erasure> forgotten;
      std::uint64_t ordinal = 0;  // of the chunks in the entry
      for (auto& [shard, chunk] : group) {
        for (std::size_t i = 0; i < chunk.forgotten.size(); ++i) forgotten.push_back({at, ordinal, i, std::move(chunk.forgotten[i])});
        ordinal += !chunk.record.empty();
      }
      for (const Erasure& e : forgotten) writes.put(Table::Meta, erasure_key(e), erasure_bytes(e));
      const std::size_t entry_bytes = entry.size();
      if (count > 0) writes.put(Table::Log, log_key(at), std::move(entry));
      for (const auto& [name, to] : moved) writes.put(Table::Meta, std::string(kCursor) + name, number_text(to.position) + to.note);
      if (replaces) {  // nothing of the log need be read by the pack that was
        writes.add(std::move(replacement));
        std::fill(needed.begin(), needed.end(), Shard::kNowhere);
      }
      const auto time = std::chrono::steady_clock::now();
      std::unique_lock<std::mutex> dropping;
      std::uint64_t below = 0;
      if (replaces || time - looked > 1s) {
        looked = time;
        dropping = std::unique_lock(dropped.mutex);
        below = keep_log(writes, at);
      }
      if (!writes.empty() && !write(writes)) return;
      if (dropping) {
        dropped.below = std::max(dropped.below, below);
        dropping.unlock();
      }
      if (!forgotten.empty()) {
        for (Erasure& e : forgotten) erasures.add(std::move(e));
        eraser->come();
      }
      {
        const std::lock_guard lock(mutex);
        uncommitted -= bytes;
        ++commits;
        log_bytes += entry_bytes;
        if (count > 0) {
          position = at;
          writing = at + 1;
        }
        for (const auto& [shard, chunk] : group) unsaved_since[shard] = chunk.unsaved_since;
        unsaved_from = *std::min_element(needed.begin(), needed.end());
        for (const auto& [name, to] : moved) cursors[name] = to;
        if (replaces) {
          replacing.reset();
          replacing_now = false;
          std::fill(unsaved_since.begin(), unsaved_since.end(), kNever);
        }
      }
      room.notify_all();
      durable.notify_all();
      const auto done = std::chrono::steady_clock::now();
      for (auto& [shard, chunk] : group) {
        known.add(chunk.ids);
        if (!chunk.settled.empty()) settling.add(done - chunk.begun, chunk.settled.size());
        for (const std::shared_ptr<Ticket>& ticket : chunk.settled)
          if (--ticket->open == 0) ticket->settled();
        chunk.settled.clear();
        chunk.record.clear();
        const std::lock_guard lock(workers[shard]->mutex);
        workers[shard]->committed.push_back(std::move(chunk));
      }
    }
  }

  // Until it is on the disk: whoever waits goes on waiting, and is told to come again by whoever keeps them. False: the service was stopped meanwhile.
  bool write(store::Writes& writes) {
    const auto first = std::chrono::steady_clock::now();
    for (std::uint64_t refused = 0;; ++refused) {
      const auto begun = std::chrono::steady_clock::now();
      std::string error = store->write(writes, options.durable);
      written.add(std::chrono::steady_clock::now() - begun);
      {
        const std::lock_guard lock(mutex);
        fault = error;
        if (!error.empty()) ++failed;
      }
      if (error.empty()) {
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - first).count();
        if (refused > 0 && options.log) options.log->say(base::OperationLog::Level::Info, "disk_fine", "the disk takes again what is written", {{"refused", refused}, {"seconds", seconds}});
        return true;
      }
      if (refused == 0 && options.log) options.log->say(base::OperationLog::Level::Error, "disk_refused", error);
      {
        const std::lock_guard lock(mutex);
        if (stop_committer) return false;
      }
      std::this_thread::sleep_for(100ms);
    }
  }

  // ---- another pack ----

  ShardCounts counted(Worker& w) const {
    const std::lock_guard lock(w.mutex);
    return w.counts;
  }

  // Until it is so; false: the service stops, or the disk refuses.
  template <class So>
  bool await(So so) {
    while (!so()) {
      {
        const std::lock_guard lock(mutex);
        if (stopping || !broken.empty() || !fault.empty()) return false;
      }
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  std::vector<RuleCounts> rules() {
    for (const auto& w : workers) {
      const std::lock_guard lock(w->mutex);
      w->asked = true;
      w->wake.notify_one();
    }
    const auto until = std::chrono::steady_clock::now() + kAsked;
    for (const auto& w : workers) {
      std::unique_lock lock(w->mutex);
      w->told.wait_until(lock, until, [&] { return !w->asked; });
    }
    const std::lock_guard rules_lock(rules_mutex);
    RuleSums sum = rules_before;
    for (const auto& w : workers) {
      const std::lock_guard lock(w->mutex);
      if (w->pack) add_rules(*w->pack->plan, w->outcomes, w->unknowns, sum);
    }
    std::vector<RuleCounts> out;
    for (auto& [name, counts] : sum) out.push_back(std::move(counts));
    return out;
  }

  std::string profile(std::chrono::milliseconds length, Costs& out) {
    const auto current = [&] {
      const std::lock_guard lock(use_mutex);
      return pack;
    };
    const auto all = [&](bool on) {
      for (const auto& w : workers) {
        const std::lock_guard lock(w->mutex);
        w->profiles = on;
        w->profile.reset();
        w->wake.notify_one();
      }
    };
    const PackPtr of = current();
    const auto begun = std::chrono::steady_clock::now();
    const std::uint64_t first = engine::ticks();
    all(true);
    {
      std::unique_lock lock(mutex);
      durable.wait_until(lock, begun + length, [&] { return stopping.load(); });
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    const double tick = seconds * 1e9 / static_cast<double>(engine::ticks() - first);
    all(false);
    std::optional<engine::Profile> sum;
    const auto until = std::chrono::steady_clock::now() + kMeasured;
    for (const auto& w : workers) {
      std::unique_lock lock(w->mutex);
      w->told.wait_until(lock, until, [&] { return w->profile || w->stopped || stopping; });
      if (stopping || current() != of) return "The pack was replaced meanwhile, or the service stops. Ask again.";
      if (!w->profile) return "A shard waits for the disk. Ask again.";
      sum = sum ? std::move(*sum) + *w->profile : std::move(*w->profile);
    }
    out = costs_of(*of->plan, *sum, tick);
    out.seconds = seconds;
    return {};
  }

  void pause(bool on) {
    std::unique_lock lock(use_mutex);
    paused = on;
    use_changed.notify_all();
    if (on) use_changed.wait(lock, [&] { return users == 0; });
  }

  std::string reload(const PackPtr& next) {
    const std::lock_guard one(reloading);
    if (stopping || closed) return "The service is stopping.";
    if (next->text == pack->text) return {};
    constexpr std::string_view kRefused = "The pack was not replaced, as nothing becomes durable just now, or the service stops.";
    const auto all = [&](auto is) { return std::all_of(workers.begin(), workers.end(), [&](const auto& w) { return is(counted(*w)); }); };
    if (!await([&] { return all([](const ShardCounts& c) { return c.swept; }); })) return std::string(kRefused);
    soon = true;
    const auto until = std::chrono::steady_clock::now() + 10s;
    bool fine = await([&] { return std::chrono::steady_clock::now() > until || all([](const ShardCounts& c) { return c.unsaved <= kFewUnsaved; }); });
    if (fine) {
      pause(true);
      fine = await([&] { return waiting.load() == 0; });
      if (fine) fine = replace(next);
      pause(false);
    }
    soon = false;
    return fine ? "" : std::string(kRefused);
  }

  // Nobody submits anything, and nothing waits.
  bool replace(const PackPtr& next) {
    stop_at = options.clock == ServiceOptions::Clock::Wall ? now() : reached.load();
    for (const auto& w : workers) {
      const std::lock_guard lock(w->mutex);
      w->stop = true;
      w->wake.notify_one();
    }
    for (const auto& w : workers)
      if (w->thread.joinable()) w->thread.join();
    bool done = std::all_of(workers.begin(), workers.end(), [](const auto& w) { return w->stopped; });
    Millis end = std::numeric_limits<Millis>::min() / 4;
    for (const auto& w : workers) end = std::max(end, w->shard->clock());
    for (std::size_t i = 0; done && i < workers.size(); ++i) {  // one last instant for all
      Shard& shard = *workers[i]->shard;
      if (shard.clock() >= end) continue;
      shard.begin(next_number++, writing.load(), end, false);
      shard.save_all();
      Chunk chunk = shard.end();
      if (done = shard.fault().empty(); !done) give_up(shard.fault());
      else if (!chunk.empty()) hand_in(i, std::move(chunk));
      const std::lock_guard lock(workers[i]->mutex);
      workers[i]->counts = shard.counts();
    }
    if (done) {
      std::unique_lock lock(mutex);
      replacing.emplace();
      put_pack(*replacing, *next, pack_number + 1, end + 1);
      chunks_there.notify_one();
      durable.wait(lock, [&] { return !replacing || stopping; });  // however long the disk refuses: there is no way back, nor need for one
      done = !replacing;
      if (!replacing_now) replacing.reset();
    }
    if (!done) {  // the service stops: no thread need go on
      closed = true;
      return false;
    }
    {
      const std::lock_guard rules_lock(rules_mutex);
      for (const auto& w : workers) {
        const std::lock_guard lock(w->mutex);
        for (const auto n : kCounters) w->before.*n += w->counts.*n;
        w->committed.clear();
        add_rules(*pack->plan, w->shard->outcomes(), w->shard->unknowns(), rules_before);
        w->pack = nullptr;
      }
    }
    {
      const std::lock_guard lock(use_mutex);
      previous = std::exchange(pack, next);
    }
    {
      const std::lock_guard lock(mutex);
      ++pack_number;
    }
    since = end + 1;
    if (options.clock == ServiceOptions::Clock::Wall) latest = std::max(latest.load(), since);
    stop_at = std::numeric_limits<Millis>::max();
    make_shards();
    go(options.clock == ServiceOptions::Clock::Wall && now() - end > kSecond);  // the disk made it wait
    return true;
  }

  // How far back the log must go: for a start, for those who read it, and for as long as was asked for. What stands before that is dropped.
  std::uint64_t keep_log(store::Writes& writes, std::uint64_t next) {
    writes.put(Table::Meta, "number", number_text(next_number.load()));
    writes.put(Table::Meta, "order", number_text(next_order.load()));
    if (const std::uint64_t all = std::min(next, *std::min_element(needed.begin(), needed.end())); all > from) {
      from = all;
      writes.put(Table::Meta, "from", number_text(from));
    }
    std::uint64_t until = from;
    {
      const std::lock_guard lock(mutex);
      const bool all = std::chrono::steady_clock::now() - started < kReadersCome;
      for (const auto& [name, at] : cursors)
        if (all || readers.contains(name)) until = std::min(until, at.position + 1);
    }
    store::Store::Scan scan = store->scan(Table::Log);
    std::vector<std::string_view> chunks_of;
    std::uint64_t below = 0;
    const Millis oldest = now() - options.keep_log;
    std::size_t looks = 0;
    for (scan.seek({}); scan.valid() && ++looks <= 2048; scan.next()) {
      const std::uint64_t at = log_position(scan.key());
      if (at >= until || at + 1 >= next) break;
      Millis time = 0;
      if (!read_entry(scan.value(), chunks_of, &time) || time > oldest) break;
      below = at + 1;
    }
    if (below > 0) writes.erase_below(Table::Log, log_key(below));
    return below;
  }

  // ---- letters ----

  std::string erase_letters(const std::function<bool(const Letter&)>& which) {
    const std::lock_guard lock(letters_mutex);
    store::Writes writes;
    std::map<std::string, std::uint64_t> gone;  // by sink
    Letter letter;
    store::Store::Scan scan = store->scan(Table::Letters);
    for (scan.seek({}); scan.valid(); scan.next()) {
      if (!read_letter(scan.value(), letter) || !which(letter)) continue;
      writes.erase(Table::Letters, scan.key());
      ++gone[letter.sink];
    }
    std::string error = scan.error();
    if (error.empty() && !writes.empty()) error = store->write(writes, options.durable);
    if (!error.empty()) return error;
    for (const auto& [sink, count] : gone) letters_of[sink] -= count;
    return {};
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    durable.notify_all();
    const std::lock_guard one(reloading);
    closed = true;
    // Messages may still go from shard to shard, so all shards stop only when none has any left.
    while (waiting.load() > 0) {
      {
        const std::lock_guard lock(mutex);
        if (!fault.empty() || !broken.empty()) {  // what waits is not acknowledged
          hurry = true;
          break;
        }
      }
      std::this_thread::sleep_for(1ms);
    }
    room.notify_all();
    for (const auto& w : workers) {
      const std::lock_guard lock(w->mutex);
      w->stop = true;
      w->wake.notify_one();
    }
    for (const auto& w : workers)
      if (w->thread.joinable()) w->thread.join();
    {
      const std::lock_guard lock(mutex);
      stop_committer = true;
    }
    chunks_there.notify_all();
    room.notify_all();
    durable.notify_all();
    if (committer.joinable()) committer.join();
    eraser.reset();
    if (!store) return;
    const bool all = std::all_of(workers.begin(), workers.end(), [](const auto& w) { return w->stopped; });
    if (all && chunks.empty() && fault.empty() && broken.empty()) {
      store::Writes writes;
      writes.put(Table::Meta, "from", number_text(std::min(position + 1, *std::min_element(needed.begin(), needed.end()))));
      writes.put(Table::Meta, "number", number_text(next_number.load()));
      writes.put(Table::Meta, "order", number_text(next_order.load()));
      store->write(writes, true);
    }
    store.reset();
    chunks.clear();  // and whoever waits for them
    for (const auto& w : workers) w->inbox.clear();
  }
};

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Service::~Service() { stop(); }

std::unique_ptr<Service> Service::start(PackPtr pack, const MakePack& make, const ServiceOptions& options, std::string& error) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  error = impl->open(pack, make);
  if (!error.empty()) return nullptr;
  impl->run();
  std::unique_ptr<Service> service(new Service(std::move(impl)));
  if (error = service->reload(pack); !error.empty()) return nullptr;
  return service;
}

std::string Service::reload(PackPtr pack) { return impl_->reload(pack); }

void Service::refuse_reloads() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    if (!impl_->fault.empty()) impl_->hurry = true;
  }
  impl_->durable.notify_all();
  impl_->room.notify_all();
}

Service::Use::Use(const Service& service) : service_(service) {
  const Impl& impl = *service.impl_;
  std::unique_lock lock(impl.use_mutex);
  if (!impl.use_changed.wait_for(lock, kPause, [&] { return !impl.paused; })) return;
  ++impl.users;
  pack_ = impl.pack;
}

Service::Use::~Use() {
  if (!pack_) return;
  const Impl& impl = *service_.impl_;
  const std::lock_guard lock(impl.use_mutex);
  if (--impl.users == 0) impl.use_changed.notify_all();
}

bool Service::full() const { return impl_->waiting >= impl_->options.most_waiting; }

bool Service::submit(std::vector<Message>&& messages) {
  if (impl_->closed) return false;
  const std::size_t before = impl_->waiting.fetch_add(messages.size());
  if (before + messages.size() > impl_->options.most_waiting && before > 0) {
    impl_->waiting -= messages.size();
    return false;
  }
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::vector<Message>> of(impl_->workers.size());
  // A person by two names goes to whoever has the other name first, and what is behind it in the same set goes behind it.
  std::unordered_map<std::string, std::size_t> by;
  for (Message& m : messages) {
    m.order = impl_->next_order++;
    std::size_t first = shard_of(m.also.empty() ? m.visitor : m.also, of.size());
    if (!m.also.empty()) by[m.visitor] = first;
    else if (const auto b = by.find(m.visitor); b != by.end()) first = b->second;
    m.queued = now;
    of[first].push_back(std::move(m));
  }
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (of[i].empty()) continue;
    Impl::Worker& w = *impl_->workers[i];
    const std::lock_guard lock(w.mutex);
    if (w.inbox.empty()) w.inbox = std::move(of[i]);
    else w.inbox.insert(w.inbox.end(), std::make_move_iterator(of[i].begin()), std::make_move_iterator(of[i].end()));
    w.wake.notify_one();
  }
  return true;
}

void Service::advance(Millis until) {
  const Use use(*this);  // not while a last instant is chosen
  if (Millis was = impl_->reached; was < until) impl_->reached.compare_exchange_strong(was, until);
}

Millis Service::now() const { return impl_->now(); }

std::uint64_t Service::position() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->position;
}

std::string Service::read(std::uint64_t& position, std::size_t most, std::chrono::milliseconds wait, std::vector<Delivery>& out) const {
  out.clear();
  std::uint64_t until = 0;
  {
    std::unique_lock lock(impl_->mutex);
    impl_->durable.wait_for(lock, wait, [&] { return impl_->position > position || impl_->stop_committer; });
    until = impl_->position;
  }
  if (until <= position) return {};
  store::Store::Scan scan = impl_->store->scan(Table::Log);
  std::vector<std::string_view> chunks;
  std::vector<Item> items;
  ChunkHead head;
  std::size_t looks = 0;
  for (scan.seek(log_key(position + 1)); scan.valid() && position < until && out.size() < most && looks < kRead; scan.next(), ++looks) {
    const std::uint64_t at = log_position(scan.key());
    if (at != position + 1 && position != 0) return fmt::format("The log begins with entry {}: what stood at {} is not kept any more.", at, position + 1);
    if (!read_entry(scan.value(), chunks)) return fmt::format("Entry {} of the log is damaged.", at);
    for (std::size_t c = 0; c < chunks.size(); ++c) {
      if (!read_chunk(chunks[c], head, items)) return fmt::format("Entry {} of the log is damaged.", at);
      impl_->erasures.strip(at, c, items);
      for (const Item& i : items)
        if (i.kind == ItemKind::Decision) out.push_back({at, std::string(i.other), std::string(i.visitor), std::string(i.bytes)});
    }
    position = at;
  }
  return scan.error();
}

bool Service::forgotten(std::string_view visitor, std::uint64_t position) const { return impl_->erasures.forgotten(visitor, position); }

bool Service::keeps(std::uint64_t position) const {
  store::Store::Scan scan = impl_->store->scan(Table::Log);
  scan.seek({});
  return position == 0 || !scan.valid() || log_position(scan.key()) <= position + 1;
}

std::optional<Cursor> Service::cursor(const std::string& name) const {
  const std::lock_guard lock(impl_->mutex);
  impl_->readers.insert(name);
  const auto moved = impl_->moved_cursors.find(name);
  if (moved != impl_->moved_cursors.end()) return moved->second;
  const auto at = impl_->cursors.find(name);
  if (at == impl_->cursors.end()) return std::nullopt;
  return at->second;
}

void Service::keep_cursor(const std::string& name, Cursor at) {
  const std::lock_guard lock(impl_->mutex);
  impl_->readers.insert(name);
  impl_->moved_cursors[name] = std::move(at);
}

std::string Service::put_letters(const std::vector<Letter>& letters) {
  const std::lock_guard lock(impl_->letters_mutex);
  store::Writes writes;
  std::map<std::string, std::string> fresh;  // key to sink
  std::string value, error;
  for (const Letter& l : letters) {
    if (forgotten(l.visitor, l.position)) continue;
    const std::string key = letter_key(l);
    if (!impl_->store->get(Table::Letters, key, value, error)) fresh[key] = l.sink;
    writes.put(Table::Letters, key, letter_bytes(l));
  }
  if (error.empty()) error = impl_->store->write(writes, impl_->options.durable);
  if (!error.empty()) return error;
  for (const auto& [key, sink] : fresh) ++impl_->letters_of[sink];
  return {};
}

std::string Service::erase_letters(const std::vector<std::string>& keys) {
  const std::lock_guard lock(impl_->letters_mutex);
  store::Writes writes;
  std::map<std::string, std::string> gone;  // key to sink
  std::string value, error;
  Letter letter;
  for (const std::string& key : keys) {
    if (!impl_->store->get(Table::Letters, key, value, error)) continue;
    if (read_letter(value, letter)) gone[key] = letter.sink;
    writes.erase(Table::Letters, key);
  }
  if (error.empty() && !writes.empty()) error = impl_->store->write(writes, impl_->options.durable);
  if (!error.empty()) return error;
  for (const auto& [key, sink] : gone) --impl_->letters_of[sink];
  return {};
}

std::string Service::letters(std::size_t most, std::string& before, std::vector<Letter>& out) const {
  out.clear();
  store::Store::Scan scan = impl_->store->scan(Table::Letters);
  if (!before.empty()) scan.seek(before);
  if (!before.empty() && scan.valid()) scan.previous();
  else scan.last();
  for (; scan.valid() && out.size() < most; scan.previous()) {
    before = scan.key();
    out.emplace_back();
    if (!read_letter(scan.value(), out.back()) || forgotten(out.back().visitor, out.back().position)) out.pop_back();
  }
  return scan.error();
}

bool Service::letter(const std::string& key, Letter& out) const {
  std::string value, error;
  return impl_->store->get(Table::Letters, key, value, error) && read_letter(value, out) && !forgotten(out.visitor, out.position);
}

std::map<std::string, std::uint64_t> Service::letter_counts() const {
  const std::lock_guard lock(impl_->letters_mutex);
  return impl_->letters_of;
}

std::string Service::backup(const std::string& folder) const {
  std::string error;
  const auto place = Place::beside(folder, false, error);
  if (!place) return error;
  if (error = impl_->store->copy(place->path()); !error.empty()) return error;
  const auto check = Check::begin(place->path(), error);
  if (!check) return error;
  while (check->step()) {
  }
  if (check->contents().faulty > 0) return "The copy was damaged when it was read again, and was removed: " + check->contents().faults.front();
  return place->finish();
}

ServiceCounts Service::counts() const {
  ServiceCounts out;
  out.all.clock = std::numeric_limits<Millis>::max();
  const bool wall = impl_->options.clock == ServiceOptions::Clock::Wall;
  const Millis time = impl_->now();
  for (const auto& w : impl_->workers) {
    out.queued += w->queued.counts();
    const std::lock_guard lock(w->mutex);
    out.queues.push_back({w->inbox.size(), wall ? std::max<Millis>(time - std::min(w->counts.next_due, time), 0) : 0});
    const ShardCounts& c = w->counts;
    ShardCounts& all = out.all;
    for (const auto n : kCounters) all.*n += c.*n + w->before.*n;
    all.swept = all.swept && c.swept;
    all.clock = std::min(all.clock, c.clock);
    all.next_due = std::min(all.next_due, c.next_due);
    for (const auto n : {&ShardCounts::awake, &ShardCounts::unsaved}) all.*n += c.*n;
  }
  out.waiting = impl_->waiting;
  out.settling = impl_->settling.counts();
  out.writing = impl_->written.counts();
  {
    const std::lock_guard use(impl_->use_mutex);
    out.pack = impl_->pack->name;
    out.tier = impl_->pack->evaluator->tier();
    out.tiers = impl_->pack->evaluator->tiers();
  }
  const std::lock_guard lock(impl_->mutex);
  out.position = impl_->position;
  out.uncommitted = impl_->uncommitted;
  out.commits = impl_->commits;
  out.failed_commits = impl_->failed;
  out.log_bytes = impl_->log_bytes;
  out.replayed = impl_->replayed;
  out.packs = impl_->pack_number;
  out.opened = impl_->opened;
  out.erasing = impl_->erasures.count();
  if (impl_->eraser) out.erase_fault = impl_->eraser->fault();
  out.unsaved_entries = out.position + 1 - std::min(impl_->unsaved_from, out.position + 1);
  if (const Millis since = *std::min_element(impl_->unsaved_since.begin(), impl_->unsaved_since.end()); since != kNever) out.unsaved_for = std::max<Millis>(steady_now() - since, 0);
  out.fault = impl_->broken.empty() ? impl_->fault : impl_->broken;
  if (impl_->store) out.sizes = impl_->store->sizes();
  return out;
}

const ServiceOptions& Service::options() const { return impl_->options; }
std::vector<RuleCounts> Service::rules() const { return impl_->rules(); }
std::string Service::profile(std::chrono::milliseconds length, Costs& out) const { return impl_->profile(length, out); }
void Service::stop() { impl_->stop(); }

}  // namespace polku::shards
