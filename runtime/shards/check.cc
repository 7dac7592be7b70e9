#include "runtime/shards/check.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "runtime/base/folders.h"
#include "runtime/base/text.h"
#include "runtime/shards/message.h"
#include "runtime/shards/service.h"
#include "runtime/shards/shard.h"

namespace polku::shards {

namespace fs = std::filesystem;
using store::Table;

namespace {

constexpr std::uint64_t kStep = 512;                // rows in a step
constexpr const char* kRestore = "Restore the latest backup (`polku data restore`).";

// Some faults say themselves what to do.
std::string with_help(std::string what) { return what.find("polku data restore") == std::string::npos && what.find("Use the version") == std::string::npos ? what + " " + kRestore : what; }

}  // namespace

void Check::fault(std::string what) {
  if (contents_.faults.size() < Contents::kTold) contents_.faults.push_back(with_help(std::move(what)));
  ++contents_.faulty;
}

std::unique_ptr<Check> Check::begin(const std::string& folder, std::string& error) {
  error = store::no_store(folder);
  if (!error.empty()) return nullptr;
  auto hold = store::Hold::take(folder, error);
  if (!hold) return nullptr;
  auto check = std::unique_ptr<Check>(new Check(std::move(hold)));
  Contents& c = check->contents_;
  std::error_code ec;
  for (fs::directory_iterator file(folder, ec), end; !ec && file != end; file.increment(ec))
    if (const auto size = file->file_size(ec); !ec) c.bytes += size;
  store::Options how;
  how.read_only = how.whole = true;
  check->store_ = store::Store::open(folder, how, error);
  if (!check->store_) {
    const std::string torn = std::exchange(error, {});
    how.whole = false;
    check->store_ = store::Store::open(folder, how, error);
    if (check->store_)
      c.remarks.push_back("The last thing written is there in part only. A crash of the machine leaves that, and the next start forgets it: it was never acknowledged. If there was no crash, "
                          "restore the latest backup. (" + torn + ")");
  }
  if (!check->store_) {
    if (error.find("Permission denied") != std::string::npos) return nullptr;
    check->fault(std::exchange(error, {}));
    check->part_ = Part::End;
    return check;
  }
  std::string names;
  for (const std::string& name : check->store_->strangers()) names += (names.empty() ? "" : ", ") + name;
  if (!names.empty())
    c.remarks.push_back("There are files that no table has: " + names + ". A crash leaves such, and the next start removes them. If there was no crash, restore the latest backup.");
  return check;
}

std::string Check::at() const {
  switch (part_) {
    case Part::Sums: return "the sums of all files";
    case Part::Meta: return "what the folder is";
    case Part::Log: return fmt::format("the log, {} entries", contents_.entries);
    case Part::Visitors: return fmt::format("{} visitors", contents_.visitors);
    case Part::Names: return fmt::format("{} names", contents_.names);
    case Part::Deadlines: return fmt::format("{} deadlines", contents_.deadlines);
    case Part::Handovers: return "visitors on their way";
    case Part::Letters: return "letters";
    case Part::End: break;
  }
  return "the end";
}

// Numbers stand as 8 bytes; none: what a folder begins with.
void Check::meta() {
  std::string value, error;
  const auto get = [&](std::string_view key) { return store_->get(Table::Meta, key, value, error); };
  const auto number = [&](std::string_view key, std::uint64_t otherwise) {
    if (!get(key)) return otherwise;
    base::Bytes in(value);
    const std::uint64_t n = in.fixed();
    if (!in.done()) fault(fmt::format("`{}` in what the folder says of itself is no number.", key));
    return n;
  };
  if (get("format")) contents_.format = value;
  if (get("pack") && get(pack_key(base::Bytes(value).fixed()))) {
    base::Bytes in(value);
    in.signed_number();
    contents_.pack = in.text();
  }
  contents_.shards = number("shards", 0);
  from_ = number("from", 1);
  for (const char* key : {"number", "order"}) number(key, 0);
  for (std::uint64_t s = 0; s < contents_.shards && s < 256; ++s) {
    if (!get(fmt::format("shard {}", s))) continue;
    base::Bytes in(value);
    for (int i = 0; i < 4; ++i) in.number();
    if (!in.done()) fault(fmt::format("The numbers with which shard {} goes on are damaged.", s));
  }
  constexpr std::string_view kCursor = "cursor ";
  store::Store::Scan scan = store_->scan(Table::Meta);
  for (scan.seek(kCursor); scan.valid() && scan.key().starts_with(kCursor); scan.next()) {
    base::Bytes in(scan.value());
    cursors_.emplace_back(scan.key().substr(kCursor.size()), in.fixed());
    if (!in.fine()) fault(fmt::format("How far `{}` has read the log is no number.", shown(cursors_.back().first)));
  }
  if (error.empty()) error = scan.error();
  if (!error.empty()) return fault(error);
  if (contents_.format.empty()) return fault("The folder does not say in what format it is: nothing was ever kept here, or its beginning is lost.");
  if (contents_.format != kDataFormat) return fault(fmt::format("It was written in the format `{}`, and this version reads `{}`. Use the version that wrote it.", contents_.format, kDataFormat));
  ids_ = contents_.shards > 0 && contents_.shards < 256;
  if (!ids_) fault("The number of shards is damaged.");
  numbers_.assign(ids_ ? contents_.shards : 0, 0);
}

void Check::entry() {
  Contents& c = contents_;
  const std::string_view key = scan_->key(), bytes = scan_->value();
  ++c.entries;
  c.log_bytes += bytes.size();
  if (key.size() != 8) return fault("There is something in the log that is no entry.");
  const std::uint64_t at = log_position(key);
  if (c.first == 0) c.first = at;
  else if (at != c.last + 1) fault(fmt::format("Entries {} to {} of the log are missing.", c.last + 1, at - 1));
  c.last = at;
  if (!read_entry(bytes, chunks_)) {
    const std::uint64_t format = base::Bytes(bytes).number();
    return fault(format == kLogFormat || format > 100 ? fmt::format("Entry {} of the log is damaged.", at)
                                                      : fmt::format("Entry {} of the log is of format {}, and this version reads {}. Use the version that wrote it.", at, format, kLogFormat));
  }
  ChunkHead head;
  for (const std::string_view chunk : chunks_) {
    if (!read_chunk(chunk, head, items_) || (ids_ && head.shard >= c.shards)) {
      fault(fmt::format("Entry {} of the log is damaged.", at));
      continue;
    }
    if (ids_) {
      if (head.number <= numbers_[head.shard]) fault(fmt::format("In entry {} of the log, shard {} goes back in its own numbers.", at, head.shard));
      numbers_[head.shard] = head.number;
    }
    for (const Item& item : items_) {
      if (item.visitor.empty() && item.kind != ItemKind::Forget) fault(fmt::format("Entry {} of the log has something of nobody.", at));
      switch (item.kind) {
        case ItemKind::Record: ++c.records; break;
        case ItemKind::Merge: ++c.merges; break;
        case ItemKind::MoveIn: ++c.moves; break;
        case ItemKind::Decision:
          ++c.decisions;
          if (!item.bytes.starts_with('{') || !item.bytes.ends_with('}')) fault(fmt::format("A decision in entry {} of the log is damaged.", at));
          break;
        case ItemKind::MoveOut:
        case ItemKind::Identify:
        case ItemKind::Wake:
        case ItemKind::Forget: break;
      }
    }
  }
}

// What the head says, whose it is, and that whoever has something to do stands in the list of those. What is behind takes a pack to be read.
void Check::visitor() {
  ++contents_.visitors;
  const std::string_view key = scan_->key();
  base::Bytes in(scan_->value());
  StateHead head;
  if (!read_state_head(in, head)) return fault(fmt::format("The state of visitor `{}` is damaged or of another format.", shown(key)));
  engine::Saved saved;
  const bool whole = engine::read_saved(in.rest(), saved);
  if (saved.key != key) return fault(fmt::format("The state of visitor `{}` is another's.", shown(key)));
  if (!whole) return fault(fmt::format("The state of visitor `{}` is damaged.", shown(key)));
  if (head.deadline == kNever || !ids_) return;
  std::string value, error;
  if (store_->get(Table::Deadlines, deadline_key(shard_of(key, contents_.shards), head.deadline, key), value, error)) return;
  fault(error.empty() ? fmt::format("Visitor `{}` has something to do and is in no list: it would be forgotten.", shown(key)) : error);
}

void Check::row() {
  const std::string_view key = scan_->key(), value = scan_->value();
  switch (part_) {
    case Part::Names:
      ++contents_.names;
      if (key.empty() || value.empty()) fault(fmt::format("The name `{}` leads to nobody.", shown(key)));
      break;
    case Part::Deadlines:
      ++contents_.deadlines;
      if (key.size() < 10 || (ids_ && static_cast<unsigned char>(key.front()) >= contents_.shards)) fault("A deadline is nobody's.");
      break;
    case Part::Handovers: {
      ++contents_.handovers;
      Message m;
      if (!read_handover(value, m)) fault(fmt::format("What is on its way of visitor `{}` from one shard to another is damaged.", shown(key)));
      break;
    }
    case Part::Letters: ++contents_.letters; break;
    case Part::Sums:
    case Part::Meta:
    case Part::Log:
    case Part::Visitors:
    case Part::End: break;
  }
}

// The log is there from where a start reads it, and up to where it was when that was written down.
void Check::ended() {
  const Contents& c = contents_;
  if (!ids_) return;
  if (c.entries > 0 && c.first > from_) fault(fmt::format("The log begins with entry {}, and a start needs it from {}.", c.first, from_));
  if (c.last + 1 < from_) fault(fmt::format("The log ends with entry {}, and once went to {}.", c.last, from_ - 1));
  for (const auto& [name, at] : cursors_)
    if (at > c.last) fault(fmt::format("`{}` has read the log up to entry {}, and it ends with {}.", shown(name), at, c.last));
}

bool Check::step() {
  if (part_ == Part::End) return false;
  const auto next = [this] { part_ = static_cast<Part>(static_cast<int>(part_) + 1); };
  if (part_ == Part::Sums) {
    if (std::string error = store_->verify(); !error.empty()) fault(std::move(error));
    next();
    return true;
  }
  if (part_ == Part::Meta) {
    meta();
    next();
    return true;
  }
  if (!scan_) {
    const Table table = part_ == Part::Log         ? Table::Log
                        : part_ == Part::Visitors  ? Table::Visitors
                        : part_ == Part::Names     ? Table::Names
                        : part_ == Part::Deadlines ? Table::Deadlines
                        : part_ == Part::Handovers ? Table::Handovers
                                                   : Table::Letters;
    scan_ = std::make_unique<store::Store::Scan>(store_->scan(table));
    scan_->seek({});
  }
  for (std::uint64_t n = 0; n < kStep && scan_->valid(); ++n, scan_->next()) {
    if (part_ == Part::Log) entry();
    else if (part_ == Part::Visitors) visitor();
    else row();
  }
  if (scan_->valid()) return true;
  if (std::string error = scan_->error(); !error.empty()) fault(std::move(error));
  else if (part_ == Part::Log) ended();
  scan_.reset();
  next();
  return part_ != Part::End;
}

// ---- copies ----

std::unique_ptr<Place> Place::beside(const std::string& folder, bool empty, std::string& error) {
  std::error_code ec;
  const fs::path path = fs::absolute(folder, ec).lexically_normal();
  const std::string whole = path.has_filename() ? path.string() : path.parent_path().string();
  if (fs::exists(fs::symlink_status(whole, ec)) && !(empty && fs::is_directory(whole, ec) && fs::is_empty(whole, ec))) {
    error = fmt::format("`{}` is there already{}.", folder, empty ? ", and not an empty folder" : "");
    return nullptr;
  }
  const fs::path parent = fs::path(whole).parent_path();
  if (!fs::is_directory(parent, ec)) {
    error = fmt::format("There is no folder `{}` to put it in.", parent.string());
    return nullptr;
  }
  return std::unique_ptr<Place>(new Place(whole, fmt::format("{}.unfinished-{}", whole, ::getpid())));
}

Place::~Place() {
  std::error_code ec;
  if (!finished_) fs::remove_all(path_, ec);
}

std::string Place::finish() {
  struct stat was {};
  if (::stat(folder_.c_str(), &was) == 0 && ::geteuid() == 0) {  // made for a service that runs as somebody else
    std::error_code ec;
    bool given = ::chown(path_.c_str(), was.st_uid, was.st_gid) == 0;
    for (fs::directory_iterator file(path_, ec), end; !ec && file != end; file.increment(ec)) given &= ::chown(file->path().c_str(), was.st_uid, was.st_gid) == 0;
    if (!given) return fmt::format("`{}` cannot be given to the owner of `{}`: {}.", path_, folder_, std::strerror(errno));
  }
  if (std::rename(path_.c_str(), folder_.c_str()) != 0) return fmt::format("`{}` cannot be made: {}.", folder_, std::strerror(errno));  // an empty folder gives way, no other
  finished_ = true;
  const std::string error = base::sync_folder_of(folder_);
  return error.empty() ? error : fmt::format("The folder of `{}` cannot be written: {}.", folder_, error);
}

}  // namespace polku::shards
