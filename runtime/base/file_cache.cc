#include "runtime/base/file_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <tuple>
#include <utility>
#include <vector>

namespace polku::base {
namespace {

constexpr char kPartial[] = ".partial";
constexpr std::time_t kTouchedAgain = 3600;  // seconds: a file used more often than this keeps the time of its use
constexpr std::size_t kHead = 40;            // behind the kind: key, number of bytes, checksum, all in this machine's byte order

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool close() { return fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void put(std::string& out, std::uint64_t v) { out.append(reinterpret_cast<const char*>(&v), sizeof v); }

std::string head(const std::string& kind, const CacheKey& key, std::string_view bytes) {
  std::string out = kind;
  put(out, key.high);
  put(out, key.low);
  put(out, bytes.size());
  const XXH128_hash_t sum = XXH3_128bits_withSeed(bytes.data(), bytes.size(), key.low);
  put(out, sum.high64);
  put(out, sum.low64);
  return out;
}

bool ours_alone(const struct stat& s) { return S_ISDIR(s.st_mode) && (s.st_uid == ::geteuid() || s.st_uid == 0) && (s.st_mode & 022) == 0; }

}  // namespace

CacheKey cache_key(std::string_view content) {
  const XXH128_hash_t h = XXH3_128bits(content.data(), content.size());
  return {h.high64, h.low64};
}

FileCache::FileCache(std::string folder, std::string kind, std::uint64_t most) : folder_(std::move(folder)), kind_(std::move(kind)), most_(most) {
  if (folder_.empty()) return;
  std::error_code ec;
  std::filesystem::create_directories(std::filesystem::path(folder_).parent_path(), ec);  // a fault shows below
  struct stat s;
  if ((::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) || ::stat(folder_.c_str(), &s) != 0) {
    failed("make", errno);
  } else if (!S_ISDIR(s.st_mode)) {
    failed("use", ENOTDIR);
  } else if (!ours_alone(s)) {
    fault_ = folder_ + " may be written to by others: nothing in it is trusted";
  } else {
    usable_ = true;
  }
}

void FileCache::failed(const char* doing, int error) {
  usable_ = false;
  const std::scoped_lock lock(mutex_);
  if (fault_.empty()) fault_ = std::string("cannot ") + doing + " " + folder_ + ": " + std::strerror(error);
}

std::string FileCache::fault() const {
  const std::scoped_lock lock(mutex_);
  return fault_;
}

std::string FileCache::path(const CacheKey& key) const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = folder_ + "/";
  for (const std::uint64_t half : {key.high, key.low})
    for (int shift = 60; shift >= 0; shift -= 4) out += digits[half >> shift & 15];
  return out;
}

std::optional<std::string> FileCache::get(const CacheKey& key) const {
  if (!usable_) return std::nullopt;
  Descriptor file(::open(path(key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat s;
  if (file.get() < 0 || ::fstat(file.get(), &s) != 0 || !S_ISREG(s.st_mode)) return std::nullopt;
  const std::size_t before = kind_.size() + kHead;
  if (s.st_size < static_cast<off_t>(before) || static_cast<std::uint64_t>(s.st_size) > most_) return std::nullopt;
  std::string all(static_cast<std::size_t>(s.st_size), '\0');
  for (std::size_t done = 0; done < all.size();) {
    const ssize_t n = ::read(file.get(), all.data() + done, all.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    done += static_cast<std::size_t>(n);
  }
  const std::string_view bytes = std::string_view(all).substr(before);
  if (std::string_view(all).substr(0, before) != head(kind_, key, bytes)) return std::nullopt;
  if (std::time(nullptr) - s.st_mtime > kTouchedAgain) ::futimens(file.get(), nullptr);
  all.erase(0, before);
  return all;
}

void FileCache::put(const CacheKey& key, std::string_view bytes) {
  if (!usable_ || bytes.size() > most_ / 4) return;
  static std::atomic<unsigned> number = 0;
  const std::string whole = path(key);
  std::string partial;
  const auto fresh = [&] {
    int fd = -1;
    for (int tries = 0; tries < 1000; ++tries) {  // a process of the same number, in another container or killed earlier, may have left one
      partial = whole + "." + std::to_string(::getpid()) + "." + std::to_string(number++) + kPartial;
      fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
      if (fd >= 0 || errno != EEXIST) break;
    }
    return fd;
  };
  Descriptor file(fresh());
  if (file.get() < 0) return failed("write to", errno);
  const std::string before = head(kind_, key, bytes);
  const bool good = write_all(file.get(), before) && write_all(file.get(), bytes);
  const int error = errno;
  if (!file.close() || !good || ::rename(partial.c_str(), whole.c_str()) != 0) {
    const int why = good ? errno : error;
    ::unlink(partial.c_str());
    return failed("write to", why);
  }
  const std::scoped_lock lock(mutex_);
  written_ += before.size() + bytes.size();
  if (looked_ && written_ < most_ / 8) return;
  trim();
  looked_ = true;
  written_ = 0;
}

// Also takes away what a process that broke off has left half written.
void FileCache::trim() {
  struct File { std::time_t used; std::uint64_t bytes; std::string path; };
  std::vector<File> files;
  std::uint64_t total = 0;
  DIR* folder = ::opendir(folder_.c_str());
  if (!folder) return;
  const std::time_t now = std::time(nullptr);
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    const std::size_t dot = name.find('.');
    if (name.substr(0, dot).size() != 32 || name.substr(0, dot).find_first_not_of("0123456789abcdef") != std::string_view::npos) continue;
    const bool partial = dot != std::string_view::npos;
    if (partial && !name.ends_with(kPartial)) continue;
    std::string path = (folder_ + "/").append(name);
    struct stat s;
    if (::lstat(path.c_str(), &s) != 0 || !S_ISREG(s.st_mode)) continue;
    if (partial) {
      if (now - s.st_mtime > kTouchedAgain) ::unlink(path.c_str());
      continue;
    }
    total += static_cast<std::uint64_t>(s.st_size);
    files.push_back({s.st_mtime, static_cast<std::uint64_t>(s.st_size), std::move(path)});
  }
  ::closedir(folder);
  if (total <= most_) return;
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return std::tie(a.used, a.path) < std::tie(b.used, b.path); });
  for (const File& f : files) {
    if (total <= most_ / 4 * 3) break;
    if (::unlink(f.path.c_str()) == 0) total -= f.bytes;
  }
}

}  // namespace polku::base
