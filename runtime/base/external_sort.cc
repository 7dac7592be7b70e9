#include "runtime/base/external_sort.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

namespace polku::base {
namespace {

constexpr std::size_t kMostRuns = 256;          // merged at once
constexpr std::size_t kLeastBuffer = 4u << 10;  // of a run that is merged
constexpr std::size_t kHeader = 8;              // two lengths of 32 bits, in the machine's order: the file never leaves it

std::uint64_t prefix_of(std::string_view key) {
  unsigned char eight[8] = {};
  std::memcpy(eight, key.data(), std::min<std::size_t>(8, key.size()));
  std::uint64_t prefix = 0;
  for (unsigned char c : eight) prefix = prefix << 8 | c;
  return prefix;
}

struct Item {
  std::string_view key, payload;
};
std::size_t size_of(const char* record) {
  std::uint32_t lengths[2];
  std::memcpy(lengths, record, kHeader);
  return kHeader + lengths[0] + std::size_t{lengths[1]};
}
Item item_at(const char* record) {
  std::uint32_t lengths[2];
  std::memcpy(lengths, record, kHeader);
  return {{record + kHeader, lengths[0]}, {record + kHeader + lengths[0], lengths[1]}};
}

// A file without a name: it is gone when it is closed, whatever happens.
class TemporaryFile {
 public:
  TemporaryFile() = default;
  TemporaryFile(const TemporaryFile&) = delete;
  ~TemporaryFile() { close(); }
  bool is_open() const { return descriptor_ >= 0; }
  std::uint64_t size() const { return size_ + pending_.size(); }

  bool open(const std::string& directory, std::string& error) {
    std::string path = directory + "/polku-sort-XXXXXX";
    descriptor_ = ::mkostemp(path.data(), O_CLOEXEC);
    if (descriptor_ < 0) {
      error = "No temporary file can be made in `" + directory + "`: " + std::strerror(errno);
      return false;
    }
    ::unlink(path.c_str());
    return true;
  }
  bool append(const char* bytes, std::size_t count, std::string& error) {
    pending_.append(bytes, count);
    return pending_.size() < (256u << 10) || flush(error);
  }
  bool flush(std::string& error) {
    for (std::size_t done = 0; done < pending_.size();) {
      ssize_t written = ::write(descriptor_, pending_.data() + done, pending_.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        error = std::string("The temporary file cannot be written: ") + std::strerror(written < 0 ? errno : ENOSPC);
        return false;
      }
      done += static_cast<std::size_t>(written);
      size_ += static_cast<std::size_t>(written);
    }
    pending_.clear();
    return true;
  }
  bool read(std::uint64_t at, char* into, std::size_t count, std::string& error) const {
    while (count > 0) {
      ssize_t got = ::pread(descriptor_, into, count, static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        error = std::string("The temporary file cannot be read: ") + (got < 0 ? std::strerror(errno) : "it is too short");
        return false;
      }
      into += got, at += static_cast<std::size_t>(got), count -= static_cast<std::size_t>(got);
    }
    return true;
  }
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
    size_ = 0;
    pending_.clear();
  }
  void swap(TemporaryFile& other) {
    std::swap(descriptor_, other.descriptor_);
    std::swap(size_, other.size_);
    pending_.swap(other.pending_);
  }

 private:
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::string pending_;
};

struct Run {
  std::uint64_t begin = 0, end = 0;
};

// The front record of a sorted run. The whole record stands in the buffer, which grows only for a record larger than it.
class Cursor {
 public:
  Cursor(const TemporaryFile& file, Run run, std::size_t buffer) : file_(&file), run_(run), buffer_(buffer) {}
  bool at_end() const { return record_ == nullptr; }
  std::uint64_t prefix() const { return prefix_; }
  const Item& item() const { return item_; }
  const char* record() const { return record_; }

  bool advance(std::string& error) {
    if (record_) used_ += size_of(record_);
    record_ = nullptr;
    if (used_ == filled_ && run_.begin == run_.end) return true;
    if (!need(kHeader, error) || !need(size_of(bytes_.data() + used_), error)) return false;
    record_ = bytes_.data() + used_;
    item_ = item_at(record_);
    prefix_ = prefix_of(item_.key);
    return true;
  }

 private:
  bool need(std::size_t count, std::string& error) {
    if (filled_ - used_ >= count) return true;
    if (used_ > 0) std::memmove(bytes_.data(), bytes_.data() + used_, filled_ - used_);
    filled_ -= used_;
    used_ = 0;
    if (bytes_.size() < std::max(count, buffer_)) bytes_.resize(std::max(count, buffer_));
    auto more = static_cast<std::size_t>(std::min<std::uint64_t>(bytes_.size() - filled_, run_.end - run_.begin));
    if (filled_ + more < count) {
      error = "The temporary file is damaged.";
      return false;
    }
    if (!file_->read(run_.begin, bytes_.data() + filled_, more, error)) return false;
    run_.begin += more;
    filled_ += more;
    return true;
  }

  const TemporaryFile* file_;
  Run run_;
  std::size_t buffer_, used_ = 0, filled_ = 0;
  std::vector<char> bytes_;
  const char* record_ = nullptr;
  std::uint64_t prefix_ = 0;
  Item item_;
};

// Several runs as one, in order of key, then of the runs. The front cursor is the root of a binary heap.
class Merge {
 public:
  bool start(const TemporaryFile& file, const Run* runs, std::size_t count, std::size_t memory, std::string& error) {
    cursors_.clear();
    heap_.clear();
    started_ = false;
    cursors_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      cursors_.emplace_back(file, runs[i], std::max(kLeastBuffer, memory / count));
      if (!cursors_.back().advance(error)) return false;
      if (!cursors_.back().at_end()) heap_.push_back(i);
    }
    std::make_heap(heap_.begin(), heap_.end(), [this](std::size_t a, std::size_t b) { return before(b, a); });
    return true;
  }
  // The cursor that stands on the next record; null at the end, or with an error.
  const Cursor* next(std::string& error) {
    if (started_ && !heap_.empty()) {
      Cursor& front = cursors_[heap_[0]];
      if (!front.advance(error)) return nullptr;
      if (front.at_end()) {
        heap_[0] = heap_.back();
        heap_.pop_back();
      }
      sink();
    }
    started_ = true;
    return heap_.empty() ? nullptr : &cursors_[heap_[0]];
  }

 private:
  bool before(std::size_t a, std::size_t b) const {
    const Cursor &x = cursors_[a], &y = cursors_[b];
    if (x.prefix() != y.prefix()) return x.prefix() < y.prefix();
    int order = x.item().key.compare(y.item().key);
    return order != 0 ? order < 0 : a < b;
  }
  void sink() {
    std::size_t at = 0;
    while (true) {
      std::size_t child = 2 * at + 1;
      if (child >= heap_.size()) return;
      if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
      if (!before(heap_[child], heap_[at])) return;
      std::swap(heap_[at], heap_[child]);
      at = child;
    }
  }

  std::vector<Cursor> cursors_;
  std::vector<std::size_t> heap_;
  bool started_ = false;
};

}  // namespace

struct ExternalSort::Impl {
  // Where a record stands: its block in the upper half, the offset in the lower. So it also tells the order of arrival.
  struct Entry {
    std::uint64_t prefix, place;
  };

  std::size_t memory;
  std::string directory, error;
  std::size_t block_size;
  std::vector<std::vector<char>> blocks;  // each keeps its memory from run to run
  std::size_t block = 0, used = 0;        // bytes in use, with those of the entries
  std::vector<Entry> entries;
  std::size_t next_entry = 0;
  TemporaryFile file;
  std::vector<Run> runs;
  std::size_t spilled = 0;
  Merge merge;
  bool finished = false;

  Impl(std::size_t bytes, std::string folder) : memory(bytes), directory(std::move(folder)) {
    block_size = std::clamp<std::size_t>(memory / 8, 1u << 10, 4u << 20);
    const char* standard = std::getenv("TMPDIR");
    if (directory.empty()) directory = standard && *standard ? standard : "/tmp";
  }

  const char* at(std::uint64_t place) const { return blocks[place >> 32].data() + (place & 0xFFFFFFFFu); }

  void add(std::string_view key, std::string_view payload) {
    constexpr std::size_t kLongest = std::numeric_limits<std::uint32_t>::max() / 4;
    if (!error.empty() || finished) return;
    if (key.size() > kLongest || payload.size() > kLongest) {
      error = "A record is longer than 1 GiB.";
      return;
    }
    std::size_t size = kHeader + key.size() + payload.size();
    if (!entries.empty() && used + size + sizeof(Entry) > memory && !spill()) return;
    if (blocks.empty()) blocks.emplace_back().reserve(std::max(block_size, size));
    if (blocks[block].size() + size > blocks[block].capacity()) {
      if (++block == blocks.size()) blocks.emplace_back();
      blocks[block].reserve(std::max(block_size, size));
    }
    auto& bytes = blocks[block];
    entries.push_back({prefix_of(key), static_cast<std::uint64_t>(block) << 32 | bytes.size()});
    std::uint32_t lengths[2] = {static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(payload.size())};
    const char* header = reinterpret_cast<const char*>(lengths);
    bytes.insert(bytes.end(), header, header + kHeader);
    bytes.insert(bytes.end(), key.begin(), key.end());
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    used += size + sizeof(Entry);
  }

  void sort_entries() {
    std::sort(entries.begin(), entries.end(), [this](const Entry& a, const Entry& b) {
      if (a.prefix != b.prefix) return a.prefix < b.prefix;
      int order = item_at(at(a.place)).key.compare(item_at(at(b.place)).key);
      return order != 0 ? order < 0 : a.place < b.place;
    });
  }

  bool spill() {
    if (!file.is_open() && !file.open(directory, error)) return false;
    sort_entries();
    Run run{file.size(), 0};
    for (const Entry& entry : entries) {
      const char* record = at(entry.place);
      if (!file.append(record, size_of(record), error)) return false;
    }
    if (!file.flush(error)) return false;
    run.end = file.size();
    runs.push_back(run);
    ++spilled;
    entries.clear();
    for (auto& bytes : blocks)
      if (bytes.capacity() > block_size) std::vector<char>().swap(bytes);  // held one long record
      else bytes.clear();
    block = used = 0;
    return true;
  }

  // Neighbouring runs become one until so few are left that each has a buffer: the order of arrival stays.
  bool merge_runs() {
    const std::size_t most = std::clamp<std::size_t>(memory / kLeastBuffer, 2, kMostRuns);
    while (runs.size() > most) {
      TemporaryFile merged;
      std::vector<Run> fewer;
      if (!merged.open(directory, error)) return false;
      for (std::size_t first = 0; first < runs.size(); first += most) {
        Run run{merged.size(), 0};
        if (!merge.start(file, &runs[first], std::min(most, runs.size() - first), memory, error)) return false;
        while (const Cursor* front = merge.next(error))
          if (!merged.append(front->record(), size_of(front->record()), error)) return false;
        if (!error.empty() || !merged.flush(error)) return false;
        run.end = merged.size();
        fewer.push_back(run);
      }
      file.swap(merged);
      runs.swap(fewer);
    }
    return merge.start(file, runs.data(), runs.size(), memory, error);
  }

  void finish() {
    if (finished || !error.empty()) return;
    if (runs.empty()) {
      sort_entries();
    } else {
      if (!entries.empty() && !spill()) return;
      std::vector<std::vector<char>>().swap(blocks);
      std::vector<Entry>().swap(entries);
      if (!merge_runs()) return;
    }
    finished = true;
  }

  bool next(std::string_view& key, std::string_view& payload) {
    if (!finished || !error.empty()) return false;
    Item item;
    if (runs.empty()) {
      if (next_entry == entries.size()) return false;
      item = item_at(at(entries[next_entry++].place));
    } else {
      const Cursor* front = merge.next(error);
      if (!front) return false;
      item = front->item();
    }
    key = item.key;
    payload = item.payload;
    return true;
  }

  template <class Step>
  void guarded(Step step) {
    try {
      step();
    } catch (const std::bad_alloc&) {
      error = "There is not enough memory to sort.";
    }
  }
};

ExternalSort::ExternalSort(std::size_t memory_bytes, std::string directory)
    : impl_(std::make_unique<Impl>(memory_bytes, std::move(directory))) {}
ExternalSort::~ExternalSort() = default;

void ExternalSort::add(std::string_view key, std::string_view payload) {
  impl_->guarded([&] { impl_->add(key, payload); });
}
void ExternalSort::finish() {
  impl_->guarded([&] { impl_->finish(); });
}
bool ExternalSort::next(std::string_view& key, std::string_view& payload) {
  bool got = false;
  impl_->guarded([&] { got = impl_->next(key, payload); });
  return got;
}
const std::string& ExternalSort::error() const { return impl_->error; }
std::size_t ExternalSort::spilled_runs() const { return impl_->spilled; }

void append_key(std::string& out, std::int64_t value) {
  auto bits = static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63);  // negative numbers sort first
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(bits >> shift & 0xFF);
}

std::int64_t read_key(std::string_view bytes) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) bits = bits << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0);
  return static_cast<std::int64_t>(bits ^ (std::uint64_t{1} << 63));
}

}  // namespace polku::base
