#include "runtime/shards/eraser.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "runtime/base/bytes.h"

namespace polku::shards {

namespace {

using store::Table;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kPurge = "purge";         // in Meta: the rows of erasures are gone, and files may still hold what they did
constexpr std::size_t kTogether = 4u << 20;          // bytes of entries that are written at once
constexpr auto kAgain = std::chrono::seconds(5);     // after the disk refused; then after twice as long each time, up to
constexpr auto kAtLast = std::chrono::minutes(10);

// The entry with each chunk's items, as far as they are left.
std::string encoded(Millis time, const std::vector<std::pair<ChunkHead, std::vector<Item>>>& chunks) {
  std::string out;
  begin_entry(out, time, chunks.size());
  ChunkWriter writer;
  for (const auto& [head, items] : chunks) {
    writer.begin(head);
    for (const Item& item : items) writer.add(item);
    base::put_text(out, writer.bytes());
  }
  return out;
}

}  // namespace

Eraser::Eraser(store::Store& store, Erasures& erasures, Dropped& dropped, Options options)
    : store_(store), erasures_(erasures), dropped_(dropped), options_(std::move(options)), some_(erasures.count() > 0), thread_([this] { run(); }) {}

Eraser::~Eraser() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Eraser::come() {
  const std::lock_guard lock(mutex_);
  some_ = true;
  wake_.notify_all();
}

std::string Eraser::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

void Eraser::run() {
  std::string value, error;
  std::unique_lock lock(mutex_);
  bool due = some_ || store_.get(Table::Meta, kPurge, value, error);  // from before the start
  Clock::time_point letters = Clock::now();
  for (auto again = std::chrono::seconds(kAgain);;) {
    if (!due) {
      const auto half = options_.within / 2;
      if (options_.keep_letters > 0) wake_.wait_until(lock, letters + half, [&] { return stop_ || some_; });
      else wake_.wait(lock, [&] { return stop_ || some_; });
      if (some_) wake_.wait_for(lock, half, [&] { return stop_.load(); });
    }
    if (stop_) return;
    some_ = false;
    lock.unlock();
    error = pass();
    letters = Clock::now();
    lock.lock();
    fault_ = error;
    due = !error.empty();
    if (due) wake_.wait_for(lock, again, [&] { return stop_.load(); });
    again = due ? std::min<std::chrono::seconds>(2 * again, kAtLast) : kAgain;
  }
}

std::string Eraser::pass() {
  const Millis oldest = options_.keep_letters > 0 ? options_.now() - options_.keep_letters : std::numeric_limits<Millis>::min();
  const std::string kept = options_.erase_letters([&](const Letter& l) { return l.when < oldest || erasures_.forgotten(l.visitor, l.position); });
  if (!kept.empty()) return kept;
  const std::vector<Erasure> of = erasures_.pending();
  std::string value, error;
  if (of.empty() && !store_.get(Table::Meta, kPurge, value, error)) return error;
  std::uint64_t first = 1, last = 0;
  if (std::string fault = rewrite_log(of, first, last); !fault.empty()) return fault;
  if (stop_) return "The service stops.";
  store::Writes writes;
  for (const Erasure& e : of) writes.erase(Table::Meta, erasure_key(e));
  writes.put(Table::Meta, kPurge, {});
  const bool unknown = store_.get(Table::Meta, kPurge, value, error);  // of a pass that did not end nothing is known but that there was one
  if (std::string fault = store_.write(writes, options_.durable); !fault.empty()) return fault;
  std::vector<store::Store::Range> ranges;
  for (const Table small : {Table::Meta, Table::Deadlines, Table::Handovers, Table::Letters}) ranges.push_back({small});
  if (unknown || of.size() > 1000) {
    for (const Table large : {Table::Log, Table::Visitors, Table::Names}) ranges.push_back({large});
  } else {
    std::uint64_t below = 0;
    {
      const std::lock_guard lock(dropped_.mutex);
      below = dropped_.below;
    }
    ranges.push_back({Table::Log, {}, log_key(below)});  // what was dropped may still stand in files
    if (first <= last) ranges.push_back({Table::Log, log_key(first), log_key(last)});
    for (const Erasure& e : of)
      for (const std::string& name : e.names)
        for (const Table table : {Table::Visitors, Table::Names}) ranges.push_back({table, name, name});
  }
  if (std::string fault = store_.purge(ranges, stop_); !fault.empty()) return fault;
  writes.clear();
  writes.erase(Table::Meta, kPurge);
  std::string fault = store_.write(writes, options_.durable);
  if (fault.empty()) erasures_.done(of);
  return fault;
}

// first, last: the entries that were written anew, the lowest and the highest; first > last: none.
std::string Eraser::rewrite_log(const std::vector<Erasure>& of, std::uint64_t& first, std::uint64_t& last) {
  std::uint64_t until = 0;
  for (const Erasure& e : of) until = std::max(until, e.position);
  store::Writes writes;
  std::uint64_t lowest = 0;  // of those in writes
  const auto flush = [&]() -> std::string {
    if (writes.empty()) return {};
    const std::lock_guard lock(dropped_.mutex);
    if (lowest < dropped_.below) writes.erase_below(Table::Log, log_key(dropped_.below));  // they are not to come back
    std::string error = store_.write(writes, options_.durable);
    writes.clear();
    return error;
  };
  std::vector<std::string_view> bytes;
  std::vector<std::pair<ChunkHead, std::vector<Item>>> chunks;
  store::Store::Scan scan = store_.scan(Table::Log);
  for (scan.seek({}); scan.valid(); scan.next()) {
    const std::uint64_t at = log_position(scan.key());
    if (at > until || stop_) break;
    Millis time = 0;
    bool changed = false;
    if (!read_entry(scan.value(), bytes, &time)) continue;  // what is damaged is found elsewhere
    chunks.resize(bytes.size());
    bool whole = true;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      auto& [head, items] = chunks[i];
      whole = whole && read_chunk(bytes[i], head, items);
      if (whole) changed = erasures_.strip(at, i, items) || changed;
    }
    if (!changed || !whole) continue;
    if (first > last) first = at;
    last = at;
    if (writes.empty()) lowest = at;
    writes.put(Table::Log, log_key(at), encoded(time, chunks));
    if (writes.bytes() < kTogether) continue;
    if (std::string error = flush(); !error.empty()) return error;
  }
  if (std::string error = scan.error(); !error.empty()) return error;
  return flush();
}

}  // namespace polku::shards
