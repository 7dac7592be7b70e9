// Folders of stores as files: who has one, and copies of it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "runtime/base/folders.h"
#include "runtime/store/store.h"

namespace polku::store {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBuffer = 1u << 20;

std::string because(int fault) { return std::strerror(fault); }

class File {
 public:
  File(const std::string& path, int how) : fd(::open(path.c_str(), how | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd >= 0) ::close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const int fd;
};

std::string copy_file(const std::string& from, const std::string& to, std::string& buffer) {
  const File in(from, O_RDONLY);
  if (in.fd < 0) return fmt::format("`{}` cannot be read: {}.", from, because(errno));
  const File out(to, O_WRONLY | O_CREAT | O_EXCL);
  if (out.fd < 0) return fmt::format("`{}` cannot be written: {}.", to, because(errno));
  buffer.resize(kBuffer);
  for (;;) {
    const ssize_t n = ::read(in.fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fmt::format("`{}` cannot be read: {}.", from, because(errno));
    if (n == 0) break;
    for (ssize_t done = 0; done < n;) {
      const ssize_t w = ::write(out.fd, buffer.data() + done, static_cast<std::size_t>(n - done));
      if (w < 0 && errno == EINTR) continue;
      if (w < 0) return fmt::format("`{}` cannot be written: {}.", to, because(errno));
      done += w;
    }
  }
  return ::fsync(out.fd) == 0 ? std::string() : fmt::format("`{}` cannot be written: {}.", to, because(errno));
}

// The words of whoever keeps the files, and who has them: of neither use in a copy.
bool left_out(const std::string& name) { return name == "LOCK" || name == "LOG" || name.starts_with("LOG.old"); }

}  // namespace

// RocksDB locks all of the file LOCK for whoever writes; a lock for reading may be had on a file that may not be written, and several may have one.
std::unique_ptr<Hold> Hold::take(const std::string& folder, std::string& error) {
  const int file = ::open((folder + "/LOCK").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::unique_ptr<Hold>(new Hold(-1));
  if (file < 0) {
    error = fmt::format("`{}` cannot be read: {}.", folder, because(errno));
    return nullptr;
  }
  auto hold = std::unique_ptr<Hold>(new Hold(file));
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(file, F_SETLK, &lock) == 0) return hold;
  error = errno == EAGAIN || errno == EACCES ? fmt::format("`{}` is in use by a service.", folder) : fmt::format("`{}` cannot be locked: {}.", folder, because(errno));
  return nullptr;
}

Hold::~Hold() {
  if (file_ >= 0) ::close(file_);
}

std::string no_store(const std::string& folder) {
  std::error_code ec;
  const fs::file_status status = fs::status(folder, ec);
  if (status.type() == fs::file_type::not_found) return fmt::format("There is no folder `{}`.", folder);
  if (ec) return fmt::format("`{}` cannot be read: {}.", folder, ec.message());
  if (!fs::is_directory(status)) return fmt::format("`{}` is no folder.", folder);
  bool any = false;
  for (fs::directory_iterator entry(folder, ec), end; !ec && entry != end; entry.increment(ec)) {
    const std::string name = entry->path().filename().string();
    if (name == "CURRENT" || name.starts_with("MANIFEST-") || name.ends_with(".sst")) return {};
    any = true;
  }
  if (ec) return fmt::format("`{}` cannot be read: {}.", folder, ec.message());
  return any ? fmt::format("`{}` is no data folder: nothing in it is the service's.", folder) : fmt::format("`{}` is empty.", folder);
}

std::string copy_files(const std::string& from, const std::string& to) {
  if (::mkdir(to.c_str(), 0700) != 0) return fmt::format("The folder `{}` cannot be made: {}.", to, because(errno));
  std::error_code ec;
  std::string buffer;
  for (fs::directory_iterator entry(from, ec), end; !ec && entry != end; entry.increment(ec)) {
    const std::string name = entry->path().filename().string();
    if (left_out(name) || !entry->is_regular_file(ec)) continue;
    if (std::string error = copy_file(entry->path().string(), to + "/" + name, buffer); !error.empty()) return error;
  }
  if (ec) return fmt::format("`{}` cannot be read: {}.", from, ec.message());
  const std::string error = base::sync_folder(to);
  return error.empty() ? error : fmt::format("`{}` cannot be written: {}.", to, error);
}

}  // namespace polku::store
