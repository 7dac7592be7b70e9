#include "runtime/store/store.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/iterator.h>
#include <rocksdb/options.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdarg>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "runtime/base/folders.h"

namespace polku::store {

namespace {

// The list of files is begun anew when it is larger: it names the keys at which files begin and end, those of files that are gone too.
constexpr std::size_t kListBytes = 32 << 10;
constexpr std::array<const char*, kTables> kNames = {"meta", "log", "visitors", "names", "deadlines", "handovers", "letters"};

rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }
constexpr std::size_t at(Table t) { return static_cast<std::size_t>(t); }

rocksdb::ColumnFamilyOptions family(Table table, const Options& options, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions out;
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.block_size = 8 << 10;
  blocks.cache_index_and_filter_blocks = true;
  if (table == Table::Visitors || table == Table::Names) {  // most of those asked for are not there
    blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    blocks.whole_key_filtering = true;
  }
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  out.compression = rocksdb::kLZ4Compression;
  out.write_buffer_size = options.buffer_bytes / 4;
  out.max_write_buffer_number = 3;
  return out;
}

// Databases that are kept in one folder with a damaged file say so in their own words; what to do is the same for all.
std::string told(const char* doing, const rocksdb::Status& status) {
  if (status.ok()) return {};
  std::string help;
  if (status.IsCorruption()) help = " Restore the latest backup (`polku data restore`).";
  if (status.IsNoSpace()) help = " Make room on the disk.";
  return fmt::format("The data could not be {}: {}.{}", doing, status.ToString(), help);
}

rocksdb::Status closed() { return rocksdb::Status::IOError("it could not be opened again"); }

// RocksDB's own words are kept nowhere: on a full disk it ends the process over a line that it could not write.
class Silent : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  Silent() : Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  void Logv(const char*, va_list) override {}
};

constexpr const char* kProbe = "room";             // a file that is made to see whether there is any
constexpr std::size_t kProbed = 1u << 20;

}  // namespace

// The handles of column families are numbered in the order of their making, and so are the tables: 0 is Meta, the default family.
struct Writes::Impl {
  struct Change { Table table; bool below; bool put; std::string key, value; };
  std::vector<Change> changes;
  std::size_t bytes = 0;
};

Writes::Writes() : impl_(std::make_unique<Impl>()) {}
Writes::~Writes() = default;
Writes::Writes(Writes&&) noexcept = default;
Writes& Writes::operator=(Writes&&) noexcept = default;

void Writes::put(Table table, std::string_view key, std::string value) {
  impl_->bytes += key.size() + value.size();
  impl_->changes.push_back({table, false, true, std::string(key), std::move(value)});
}
void Writes::erase(Table table, std::string_view key) {
  impl_->bytes += key.size();
  impl_->changes.push_back({table, false, false, std::string(key), {}});
}
void Writes::erase_below(Table table, std::string_view key) {
  impl_->bytes += key.size();
  impl_->changes.push_back({table, true, false, std::string(key), {}});
}
void Writes::add(Writes&& more) {
  impl_->bytes += more.impl_->bytes;
  impl_->changes.insert(impl_->changes.end(), std::make_move_iterator(more.impl_->changes.begin()), std::make_move_iterator(more.impl_->changes.end()));
  more.clear();
}
void Writes::clear() {
  impl_->changes.clear();
  impl_->bytes = 0;
}
std::size_t Writes::bytes() const { return impl_->bytes; }
bool Writes::empty() const { return impl_->changes.empty(); }

struct Store::Impl {
  std::string folder;
  Options options;
  std::shared_ptr<rocksdb::Statistics> statistics = rocksdb::CreateDBStatistics();
  // Shared by who uses what follows; whole for who opens it again. Who reads is let in first, so that who has a scan can read.
  mutable std::shared_timed_mutex mutex;
  std::unique_ptr<rocksdb::DB> db;           // null: it could not be opened again
  std::vector<rocksdb::ColumnFamilyHandle*> tables;
  bool writes = false;                       // else it can only be read
  std::atomic<std::uint64_t> openings = 0;

  ~Impl() { close(); }

  void close() {
    for (rocksdb::ColumnFamilyHandle* table : tables) db->DestroyColumnFamilyHandle(table);
    tables.clear();
    db.reset();
  }

  rocksdb::Status open(bool to_write) {
    ++openings;
    rocksdb::DBOptions how;
    how.create_if_missing = true;
    how.create_missing_column_families = true;
    how.paranoid_checks = true;
    how.track_and_verify_wals_in_manifest = true;
    how.wal_recovery_mode = options.whole ? rocksdb::WALRecoveryMode::kAbsoluteConsistency
                                          : rocksdb::WALRecoveryMode::kPointInTimeRecovery;  // a torn tail was never acknowledged
    how.atomic_flush = false;                                               // the write-ahead log is always there
    how.max_total_wal_size = 4 * options.buffer_bytes;
    how.db_write_buffer_size = options.buffer_bytes;
    how.bytes_per_sync = 1 << 20;
    how.info_log = std::make_shared<Silent>();
    how.max_manifest_file_size = kListBytes;
    how.max_background_jobs = 2;
    how.max_bgerror_resume_count = 0;                                       // what failed is tried again by write()
    how.statistics = statistics;
    for (const auto pool : {rocksdb::Env::Priority::LOW, rocksdb::Env::Priority::HIGH})  // tables are written and compacted when nobody waits for the processor
      (void)how.env->LowerThreadPoolCPUPriority(pool, rocksdb::CpuPriority::kLow);
    const auto cache = rocksdb::NewLRUCache(options.cache_bytes);
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (std::size_t t = 0; t < kTables; ++t) {
      rocksdb::ColumnFamilyOptions f = family(static_cast<Table>(t), options, cache);
      families.emplace_back(t == 0 ? rocksdb::kDefaultColumnFamilyName : kNames[t], f);
    }
    rocksdb::DB* raw = nullptr;
    const rocksdb::Status status = to_write ? rocksdb::DB::Open(how, folder, families, &tables, &raw) : rocksdb::DB::OpenForReadOnly(how, folder, families, &tables, &raw);
    if (!status.ok()) return status;
    db.reset(raw);
    writes = to_write;
    return status;
  }

  rocksdb::Status write(const Writes::Impl& all, bool durable) {
    if (!writes) return rocksdb::Status::IOError("it can only be read just now");
    rocksdb::WriteBatch batch(all.bytes + 64 * all.changes.size());
    for (const Writes::Impl::Change& c : all.changes) {
      rocksdb::ColumnFamilyHandle* const table = tables[at(c.table)];
      const rocksdb::Status s = c.put     ? batch.Put(table, c.key, c.value)
                                : c.below ? batch.DeleteRange(table, rocksdb::Slice(), c.key)
                                          : batch.Delete(table, c.key);
      if (!s.ok()) return s;
    }
    rocksdb::WriteOptions how;
    how.sync = durable;
    return db->Write(how, &batch);
  }

  // Whether the disk takes anything. Where it is full, who goes on trying does more harm than good.
  rocksdb::Status takes() const {
    const std::string path = folder + "/" + kProbe;
    rocksdb::Status status = rocksdb::WriteStringToFile(rocksdb::Env::Default(), std::string(kProbed, '\0'), path, true);
    if (rocksdb::Status gone = rocksdb::Env::Default()->DeleteFile(path); status.ok()) status = gone;
    return status;
  }

  // After some faults it does not write again by itself. What could not be written before may be there afterwards, or not.
  rocksdb::Status reopen(std::uint64_t after) {
    const std::unique_lock lock(mutex, std::chrono::seconds(1));  // somebody may be reading who waits for us
    if (!lock) return rocksdb::Status::Busy("it is being read");
    if (openings != after) return rocksdb::Status::OK();
    close();
    const rocksdb::Status status = open(true);
    if (!status.ok()) open(false);
    return status;
  }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

std::unique_ptr<Store> Store::open(const std::string& folder, const Options& options, std::string& error) {
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  impl->options = options;
  impl->statistics->set_stats_level(rocksdb::StatsLevel::kExceptTimers);
  if (!options.read_only) {
    if (error = base::make_folder(folder); !error.empty()) {
      error = fmt::format("The folder `{}` cannot be made: {}.", folder, error);
      return nullptr;
    }
    std::error_code ec;
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ec);  // what customers did is nobody else's business
  }
  const rocksdb::Status status = impl->open(!options.read_only);
  if (!status.ok()) {
    const std::string why = status.ToString();
    if (status.IsIOError() && why.find("lock") != std::string::npos)
      error = fmt::format("`{}` is in use by another process. Each service needs a folder of its own (--data).", folder);
    else
      error = fmt::format("`{}`: {}", folder, told("opened", status));
    return nullptr;
  }
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

std::string Store::write(Writes& writes, bool durable) {
  const std::uint64_t opening = impl_->openings;
  const auto attempt = [&] {
    const std::shared_lock lock(impl_->mutex);
    return impl_->write(*writes.impl_, durable);
  };
  rocksdb::Status status = attempt();
  if (status.ok()) return {};
  {
    const std::shared_lock lock(impl_->mutex);
    if (rocksdb::Status room = impl_->takes(); !room.ok()) return told("written", room);
    if (impl_->writes) impl_->db->Resume();
  }
  status = attempt();
  if (status.ok()) return {};
  status = impl_->reopen(opening);
  return told("written", status.ok() ? attempt() : status);
}

bool Store::get(Table table, std::string_view key, std::string& value, std::string& error) const {
  const std::shared_lock lock(impl_->mutex);
  const rocksdb::Status status = impl_->db ? impl_->db->Get(rocksdb::ReadOptions(), impl_->tables[at(table)], slice(key), &value) : closed();
  if (!status.ok() && !status.IsNotFound()) error = told("read", status);
  return status.ok();
}

struct Store::Scan::Impl {
  std::shared_lock<std::shared_timed_mutex> open;
  std::unique_ptr<rocksdb::Iterator> at;
};
Store::Scan::Scan(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Scan::~Scan() = default;
Store::Scan::Scan(Scan&&) noexcept = default;
void Store::Scan::seek(std::string_view key) { impl_->at->Seek(slice(key)); }
bool Store::Scan::valid() const { return impl_->at->Valid(); }
std::string_view Store::Scan::key() const { return view(impl_->at->key()); }
std::string_view Store::Scan::value() const { return view(impl_->at->value()); }
void Store::Scan::next() { impl_->at->Next(); }
void Store::Scan::previous() { impl_->at->Prev(); }
void Store::Scan::last() { impl_->at->SeekToLast(); }
std::string Store::Scan::error() const { return told("read", impl_->at->status()); }

Store::Scan Store::scan(Table table) const {
  auto impl = std::make_unique<Scan::Impl>();
  impl->open = std::shared_lock(impl_->mutex);
  impl->at.reset(impl_->db ? impl_->db->NewIterator(rocksdb::ReadOptions(), impl_->tables[at(table)]) : rocksdb::NewErrorIterator(closed()));
  return Scan(std::move(impl));
}

std::string Store::flush() {
  const std::shared_lock lock(impl_->mutex);
  rocksdb::FlushOptions options;
  options.wait = true;
  return told("flushed", impl_->db ? impl_->db->Flush(options, impl_->tables) : closed());
}

std::string Store::purge(const std::vector<Range>& ranges, std::atomic<bool>& stop) {
  if (std::string error = flush(); !error.empty()) return error;
  const std::shared_lock lock(impl_->mutex);
  if (!impl_->db || !impl_->writes) return told("purged", closed());
  rocksdb::CompactRangeOptions all;
  all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  all.exclusive_manual_compaction = false;
  all.canceled = &stop;
  const auto rewrite = [&](const Range& r) {
    const rocksdb::Slice from = slice(r.from), to = slice(r.to);
    return impl_->db->CompactRange(all, impl_->tables[at(r.table)], &from, r.to.empty() ? nullptr : &to);
  };
  for (const Range& r : ranges)
    if (const rocksdb::Status status = rewrite(r); !status.ok()) return told("purged", status);
  // There is no call that begins the list of files anew: what is flushed makes it grow until that happens.
  const auto list = [&] {
    std::ifstream in(impl_->folder + "/CURRENT");
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string key = "purge of files", before = list();
  for (std::size_t bytes = 0; list() == before && bytes < 2 * kListBytes; bytes += 64) {  // each time it grows by more than that
    rocksdb::Status status = impl_->db->Put(rocksdb::WriteOptions(), impl_->tables[0], key, {});
    if (status.ok()) status = impl_->db->Flush(rocksdb::FlushOptions(), impl_->tables[0]);
    if (status.ok()) status = rewrite({Table::Meta, key, key});
    if (!status.ok()) return told("purged", status);
  }
  return list() == before ? "The list of files could not be begun anew." : std::string();
}

std::string Store::copy(const std::string& folder) {
  const std::shared_lock lock(impl_->mutex);
  rocksdb::Checkpoint* raw = nullptr;
  rocksdb::Status status = impl_->db ? rocksdb::Checkpoint::Create(impl_->db.get(), &raw) : closed();
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  if (status.ok()) status = checkpoint->CreateCheckpoint(folder);
  return told("copied", status);
}

std::vector<std::string> Store::strangers() const {
  const std::shared_lock lock(impl_->mutex);
  std::vector<rocksdb::LiveFileMetaData> known;
  if (impl_->db) impl_->db->GetLiveFilesMetaData(&known);
  std::vector<std::string> out;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(impl_->folder, ec)) {
    std::string name = entry.path().filename().string();
    const bool ours = std::any_of(known.begin(), known.end(), [&](const auto& k) { return k.name.substr(k.name.find_first_not_of('/')) == name; });
    if (name.ends_with(".sst") && !ours) out.push_back(std::move(name));
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string Store::verify() {
  const std::shared_lock lock(impl_->mutex);
  return told("verified", impl_->db ? impl_->db->VerifyChecksum() : closed());
}

Store::Sizes Store::sizes() const {
  const std::shared_lock lock(impl_->mutex);
  Sizes sizes;
  for (std::size_t i = 0; i < impl_->tables.size(); ++i) {
    std::uint64_t n = 0;
    if (!impl_->db->GetIntProperty(impl_->tables[i], rocksdb::DB::Properties::kTotalSstFilesSize, &n)) continue;
    sizes.files += n;
    if (i != static_cast<std::size_t>(Table::Log)) continue;
    sizes.log = n;
    if (impl_->db->GetIntProperty(impl_->tables[i], rocksdb::DB::Properties::kCurSizeAllMemTables, &n)) sizes.log += n;  // it is in the write-ahead log as well
  }
  const rocksdb::Statistics& s = *impl_->statistics;
  sizes.user = s.getTickerCount(rocksdb::BYTES_WRITTEN);
  sizes.written_ahead = s.getTickerCount(rocksdb::WAL_FILE_BYTES);
  sizes.flushed = s.getTickerCount(rocksdb::FLUSH_WRITE_BYTES);
  sizes.compacted = s.getTickerCount(rocksdb::COMPACT_WRITE_BYTES);
  return sizes;
}

std::string Store::version() { return fmt::format("RocksDB {}.{}.{}", ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH); }

}  // namespace polku::store
