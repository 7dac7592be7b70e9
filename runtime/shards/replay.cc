#include "runtime/shards/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>

#include "runtime/history/past.h"
#include "runtime/history/portable.h"

namespace polku::shards {

using store::Table;

namespace {

constexpr std::uint64_t kStep = 64;                 // entries in a step
constexpr std::size_t kTidied = 256;                // visitors written down after a chunk

}  // namespace

std::unique_ptr<Replay> Replay::begin(const std::string& folder, const MakePack& make, std::string& error) {
  auto replay = std::unique_ptr<Replay>(new Replay);
  Replay& r = *replay;
  r.hold_ = store::Hold::take(folder, error);
  if (!r.hold_) return nullptr;
  store::Options how;
  how.read_only = true;
  r.store_ = store::Store::open(folder, how, error);
  if (!r.store_) return nullptr;
  const auto meta = [&](std::string_view key) {
    std::string value;
    r.store_->get(Table::Meta, key, value, error);
    return value;
  };
  const auto number = [&](std::string_view key, std::uint64_t otherwise) {
    const std::string value = meta(key);
    return value.empty() ? otherwise : base::Bytes(value).fixed();
  };
  const std::uint64_t shards = number("shards", 0), packs = number("pack", 1), from = number("from", 1);
  const std::string named = meta(pack_key(packs));
  if (!error.empty()) return nullptr;
  r.scan_ = std::make_unique<store::Store::Scan>(r.store_->scan(Table::Log));
  r.scan_->last();
  const std::uint64_t last = r.scan_->valid() ? log_position(r.scan_->key()) : 0;
  r.scan_->seek({});
  const std::uint64_t first = r.scan_->valid() ? log_position(r.scan_->key()) : from;
  if (first != 1) error = fmt::format("The log begins with entry {}: what stood before it is not kept any more, and without it nothing can be made again from the beginning.", first);
  else if (packs != 1) error = fmt::format("{} packs have decided in this folder one after another, and only the latest two are kept: the log cannot be read again from the beginning.", packs);
  else if (from != last + 1) error = "The service was killed, and not everybody is written down. Start it and stop it, then try again.";
  if (!error.empty()) return nullptr;
  base::Bytes in(named);
  in.signed_number();
  in.text();
  if (error = r.erasures_.load(*r.store_); !error.empty()) return nullptr;
  r.pack_ = make(std::string(in.rest()), error);
  if (!r.pack_) return nullptr;

  const plan::Plan& plan = *r.pack_->plan;
  plan::preload(r.texts_, plan);
  r.engine_ = std::make_unique<engine::Engine>(plan, *r.pack_->evaluator, r.texts_, engine::Options{.remember = engine::Remember::Histories});
  std::error_code ec;
  r.scratch_ = (std::filesystem::temp_directory_path(ec) / "polku-replay-XXXXXX").string();
  if (!::mkdtemp(r.scratch_.data())) {
    error = fmt::format("No folder for temporary files can be made: `{}`.", std::exchange(r.scratch_, {}));
    return nullptr;
  }
  r.made_ = store::Store::open(r.scratch_, {}, error);
  if (!r.made_) return nullptr;
  for (std::size_t i = 0; i < shards; ++i)
    r.shards_.push_back(std::make_unique<Shard>(plan, *r.pack_->evaluator, *r.made_, r.known_, r.moves_,
                                                ShardOptions{.index = i, .shards = shards, .wall = false, .first_round = std::uint64_t{i} << 48, .pack_name = r.pack_->name, .afresh = true}));
  return replay;
}

Replay::~Replay() {
  shards_.clear();
  scan_.reset();
  made_.reset();
  std::error_code ec;
  if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ec);
}

std::string Replay::at() const { return scan_ ? fmt::format("the log again, {} entries", entries_) : "what came of it"; }

void Replay::differs(std::string what) {
  if (++different_ <= kTold) differences_.push_back(std::move(what));
}

bool Replay::step() {
  if (!scan_) return false;
  for (std::uint64_t n = 0; n < kStep && scan_->valid(); ++n, scan_->next()) entry(log_position(scan_->key()), scan_->value());
  if (scan_->valid()) return true;
  if (std::string error = scan_->error(); !error.empty()) differs(std::move(error));
  scan_.reset();
  ended();
  return false;
}

void Replay::entry(std::uint64_t position, std::string_view bytes) {
  ++entries_;
  ChunkHead head;
  if (!read_entry(bytes, chunks_)) return differs(fmt::format("Entry {} of the log is damaged.", position));
  for (std::size_t c = 0; c < chunks_.size(); ++c) {
    if (!read_chunk(chunks_[c], head, items_) || head.shard >= shards_.size()) {
      differs(fmt::format("Entry {} of the log is damaged.", position));
      continue;
    }
    erasures_.strip(position, c, items_);
    chunk(position, *shards_[head.shard], head);
  }
}

void Replay::chunk(std::uint64_t position, Shard& shard, const ChunkHead& head) {
  if (!shard.replay(head, items_, position)) return differs(fmt::format("Entry {} of the log cannot be read again: {}", position, shard.fault()));
  shard.tidy(kTidied);
  Chunk done = shard.end();
  std::vector<std::string_view> there, made;
  for (const Item& item : items_)
    if (item.kind == ItemKind::Decision) there.push_back(item.bytes);
  for (const Decided& d : done.decisions) made.push_back(d.json);
  decisions_ += there.size();
  for (auto* all : {&there, &made}) std::sort(all->begin(), all->end());
  std::vector<std::string_view> lost, excess;
  std::set_difference(there.begin(), there.end(), made.begin(), made.end(), std::back_inserter(lost));
  std::set_difference(made.begin(), made.end(), there.begin(), there.end(), std::back_inserter(excess));
  for (const std::string_view json : lost) differs(fmt::format("A decision in entry {} of the log was not made again: {}", position, json));
  for (const std::string_view json : excess) differs(fmt::format("A decision that does not stand in entry {} of the log was made: {}", position, json));
  if (std::string error = made_->write(done.writes, false); !error.empty()) differs(std::move(error));
  shard.committed(done);
}

// Time went on after the last entry, and nothing came of it that would stand in the log.
void Replay::ended() {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    Shard& shard = *shards_[i];
    std::string value, error;
    if (store_->get(Table::Meta, fmt::format("shard {}", i), value, error)) {
      base::Bytes in(value);
      in.number();
      shard.begin(shard.number() + 1, entries_ + 1, in.signed_number(), false);
    }
    shard.save_all();
    Chunk done = shard.end();
    for (const Decided& d : done.decisions) differs(fmt::format("A decision that does not stand in the log was made: {}", d.json));
    if (error.empty()) error = made_->write(done.writes, false);
    if (!error.empty()) differs(std::move(error));
  }
  for (const Table table : {Table::Visitors, Table::Names, Table::Handovers}) compare(table);
}

// A state without what depends on when it was written down: the number of its last chunk, and how far time had come without anything coming of it. When it is
// to be looked at next may be too early; what must be done then is not. Of the rounds in which its decisions were judged only which are the same means anything.
std::string Replay::canonical(std::string_view state) {
  base::Bytes in(state);
  StateHead head;
  if (!read_state_head(in, head) || !engine_->wake(in.rest())) return {};
  const std::string key(base::Bytes(in.rest()).text());
  const Millis due = engine_->deadline(key);
  engine_->sleep(key);
  if (head.deadline > due) return {};
  std::string out = fmt::format("{} {} {} ", head.pack, due, head.identified);
  base::put_text(out, in.text());
  const std::size_t aliases = in.count();
  for (std::size_t n = 0; n < aliases; ++n) base::put_text(out, in.text());
  base::put_text(out, in.text());
  base::put_signed(out, in.signed_number());
  in.signed_number();
  const history::Portable portable(pack_->plan->catalog, texts_);
  history::Past past;
  portable.read(in, past);
  std::map<std::uint64_t, std::uint64_t> rounds;
  for (const history::Entry& e : past.entries)
    if (e.deed != 0) past.deeds[e.where].round = rounds.try_emplace(past.deeds[e.where].round, rounds.size()).first->second;
  portable.write(past, out);
  return in.done() ? out : std::string();
}

void Replay::compare(Table table) {
  const bool states = table == Table::Visitors;
  const char* const what = states ? "visitor" : table == Table::Names ? "name" : "visitor on the way";
  const auto of = [&](store::Store::Scan& scan) { return states ? canonical(scan.value()) : std::string(scan.value()); };
  store::Store::Scan there = store_->scan(table), made = made_->scan(table);
  there.seek({});
  made.seek({});
  while (there.valid() || made.valid()) {
    visitors_ += states;
    if (!made.valid() || (there.valid() && there.key() < made.key())) {
      differs(fmt::format("The log makes no {} `{}`.", what, shown(there.key())));
      there.next();
    } else if (!there.valid() || made.key() < there.key()) {
      differs(fmt::format("The {} `{}` that the log makes is not there.", what, shown(made.key())));
      made.next();
    } else {
      const std::string one = of(there), other = of(made);
      if (states && one.empty()) differs(fmt::format("The state of visitor `{}` is damaged, or it would be looked at too late.", shown(there.key())));
      else if (one != other) differs(fmt::format("The {} `{}` is another than the log makes.", what, shown(there.key())));
      there.next();
      made.next();
    }
  }
}

}  // namespace polku::shards
