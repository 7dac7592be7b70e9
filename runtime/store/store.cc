#include "runtime/store/store.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <utility>
#include <vector>

namespace polku::store {

namespace {

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

}  // namespace

struct Store::Impl {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> tables;
  std::shared_ptr<rocksdb::Statistics> statistics;

  ~Impl() {
    for (rocksdb::ColumnFamilyHandle* table : tables) db->DestroyColumnFamilyHandle(table);
  }
};

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

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

std::unique_ptr<Store> Store::open(const std::string& folder, const Options& options, std::string& error) {
  std::error_code ec;
  if (!options.read_only) {
    std::filesystem::create_directories(folder, ec);
    if (ec) {
      error = fmt::format("The folder `{}` cannot be made: {}.", folder, ec.message());
      return nullptr;
    }
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ec);  // what customers did is nobody else's business
  }
  auto impl = std::make_unique<Impl>();
  impl->statistics = rocksdb::CreateDBStatistics();
  impl->statistics->set_stats_level(rocksdb::StatsLevel::kExceptTimers);
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  db.track_and_verify_wals_in_manifest = true;
  db.wal_recovery_mode = options.whole ? rocksdb::WALRecoveryMode::kAbsoluteConsistency
                                       : rocksdb::WALRecoveryMode::kPointInTimeRecovery;  // a torn tail was never acknowledged
  db.atomic_flush = false;                                               // the write-ahead log is always there
  db.max_total_wal_size = 4 * options.buffer_bytes;
  db.db_write_buffer_size = options.buffer_bytes;
  db.bytes_per_sync = 1 << 20;
  db.keep_log_file_num = 4;
  db.max_background_jobs = 2;
  db.statistics = impl->statistics;
  for (const auto pool : {rocksdb::Env::Priority::LOW, rocksdb::Env::Priority::HIGH})  // tables are written and compacted when nobody waits for the processor
    (void)db.env->LowerThreadPoolCPUPriority(pool, rocksdb::CpuPriority::kLow);
  const auto cache = rocksdb::NewLRUCache(options.cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t t = 0; t < kTables; ++t) {
    rocksdb::ColumnFamilyOptions f = family(static_cast<Table>(t), options, cache);
    families.emplace_back(t == 0 ? rocksdb::kDefaultColumnFamilyName : kNames[t], f);
  }
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status = options.read_only ? rocksdb::DB::OpenForReadOnly(db, folder, families, &impl->tables, &raw)
                                                   : rocksdb::DB::Open(db, folder, families, &impl->tables, &raw);
  if (!status.ok()) {
    const std::string why = status.ToString();
    if (status.IsIOError() && why.find("lock") != std::string::npos)
      error = fmt::format("`{}` is in use by another process. Each service needs a folder of its own (--data).", folder);
    else
      error = fmt::format("`{}`: {}", folder, told("opened", status));
    return nullptr;
  }
  impl->db.reset(raw);
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

std::string Store::write(Writes& writes, bool durable) {
  rocksdb::WriteBatch batch(writes.bytes() + 64 * writes.impl_->changes.size());
  for (const Writes::Impl::Change& c : writes.impl_->changes) {
    rocksdb::ColumnFamilyHandle* const table = impl_->tables[at(c.table)];
    const rocksdb::Status s = c.put     ? batch.Put(table, c.key, c.value)
                              : c.below ? batch.DeleteRange(table, rocksdb::Slice(), c.key)
                                        : batch.Delete(table, c.key);
    if (!s.ok()) return told("written", s);
  }
  rocksdb::WriteOptions how;
  how.sync = durable;
  rocksdb::Status status = impl_->db->Write(how, &batch);
  if (!status.ok()) {  // what failed may stop all writing until it is resumed
    const rocksdb::Status again = impl_->db->Resume();
    if (again.ok()) status = impl_->db->Write(how, &batch);
  }
  return told("written", status);
}

bool Store::get(Table table, std::string_view key, std::string& value, std::string& error) const {
  const rocksdb::Status status = impl_->db->Get(rocksdb::ReadOptions(), impl_->tables[at(table)], slice(key), &value);
  if (!status.ok() && !status.IsNotFound()) error = told("read", status);
  return status.ok();
}

struct Store::Scan::Impl {
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
  impl->at.reset(impl_->db->NewIterator(rocksdb::ReadOptions(), impl_->tables[at(table)]));
  return Scan(std::move(impl));
}

std::string Store::flush() {
  rocksdb::FlushOptions options;
  options.wait = true;
  return told("flushed", impl_->db->Flush(options, impl_->tables));
}

std::string Store::copy(const std::string& folder) {
  rocksdb::Checkpoint* raw = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(impl_->db.get(), &raw);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  if (status.ok()) status = checkpoint->CreateCheckpoint(folder);
  return told("copied", status);
}

std::vector<std::string> Store::strangers() const {
  std::vector<rocksdb::LiveFileMetaData> known;
  impl_->db->GetLiveFilesMetaData(&known);
  std::vector<std::string> out;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(impl_->db->GetName(), ec)) {
    std::string name = entry.path().filename().string();
    const bool ours = std::any_of(known.begin(), known.end(), [&](const auto& k) { return k.name.substr(k.name.find_first_not_of('/')) == name; });
    if (name.ends_with(".sst") && !ours) out.push_back(std::move(name));
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string Store::verify() { return told("verified", impl_->db->VerifyChecksum()); }

Store::Sizes Store::sizes() const {
  Sizes sizes;
  for (rocksdb::ColumnFamilyHandle* table : impl_->tables) {
    std::uint64_t n = 0;
    if (impl_->db->GetIntProperty(table, rocksdb::DB::Properties::kTotalSstFilesSize, &n)) sizes.files += n;
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
