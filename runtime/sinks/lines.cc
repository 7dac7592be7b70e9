#include "runtime/sinks/lines.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/folders.h"

namespace polku::sinks {

using namespace std::chrono_literals;

struct Lines::Impl {
  shards::Service& service;
  std::string path, cursor;
  std::uint64_t position = 0;
  int file = -1;
  bool regular = false;
  off_t size = 0;                       // of the file, when all lines in it were whole
  bool torn = false;                    // there may be more of it by now
  std::atomic<bool> stopping = false;
  std::atomic<std::uint64_t> written = 0;
  mutable std::mutex mutex;
  std::string fault;                   // which only the thread changes
  std::thread thread;
  base::OperationLog* log = nullptr;

  explicit Impl(shards::Service& s) : service(s) {}
  ~Impl() {
    if (file > 2) ::close(file);
  }

  void say(std::string what) {
    if (log && what.empty() && !fault.empty()) log->say(base::OperationLog::Level::Info, "decision_file_fine", "the decision file is written to again");
    if (log && !what.empty() && fault.empty()) log->say(base::OperationLog::Level::Error, "decision_file_refused", what);
    const std::lock_guard lock(mutex);
    fault = std::move(what);
  }

  // All of it, or nothing: what was written of it before a failure is taken away before the next attempt.
  bool write_all(const std::string& text) {
    const auto failed = [this] {
      say(fmt::format("`{}` cannot be written to: {}.", path, std::strerror(errno)));
      return false;
    };
    if (torn && ::ftruncate(file, size) != 0) return failed();
    torn = false;
    if (regular) size = ::lseek(file, 0, SEEK_END);
    std::size_t done = 0;
    while (done < text.size()) {
      const ssize_t n = ::write(file, text.data() + done, text.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      done += static_cast<std::size_t>(n);
    }
    if (done == text.size() && (!regular || ::fdatasync(file) == 0)) {
      size += static_cast<off_t>(done);
      return true;
    }
    torn = regular;
    return failed();
  }

  // Where the whole lines end. known: up to there they are on the disk; behind it a crash of the machine may have left anything; -1: nobody knows.
  static off_t end_of_lines(int reading, off_t known, off_t size) {
    off_t end = known >= 0 && known <= size ? known : size;
    char c = 0;
    if (end != known)
      while (end > 0 && ::pread(reading, &c, 1, end - 1) == 1 && c != '\n') --end;
    std::array<char, 4096> some{};
    for (off_t at = end; at < size;) {
      const ssize_t n = ::pread(reading, some.data(), some.size(), at);
      if (n <= 0) return end;
      for (ssize_t i = 0; i < n; ++i) {
        const char each = some[static_cast<std::size_t>(i)];
        if (each == '\0') return end;
        if (each == '\n') end = at + i + 1;
      }
      at += n;
    }
    return end;
  }

  void run() {
    std::vector<shards::Delivery> some;
    std::string text;
    for (;;) {
      const bool last = stopping;
      const std::uint64_t before = position;
      if (std::string error = service.read(position, 1000, last ? 0ms : 200ms, some); !error.empty()) {
        say(std::move(error));
        if (last) return;
        std::this_thread::sleep_for(200ms);
        continue;
      }
      text.clear();
      for (const shards::Delivery& d : some) (text += d.json) += '\n';
      while (!text.empty() && !write_all(text)) {
        if (stopping) return;
        std::this_thread::sleep_for(200ms);
      }
      say({});
      written += some.size();
      if (regular && position != before) {
        shards::Cursor at{.position = position};
        base::put_number(at.note, static_cast<std::uint64_t>(size));
        service.keep_cursor(cursor, std::move(at));
      }
      if (last && position == before) return;
    }
  }
};

Lines::Lines(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Lines::~Lines() { stop(); }

std::unique_ptr<Lines> Lines::open(shards::Service& service, const std::string& path, std::string& error, base::OperationLog* log) {
  auto impl = std::make_unique<Impl>(service);
  impl->log = log;
  impl->path = path;
  impl->cursor = "lines " + path;
  impl->file = path == "-" ? STDOUT_FILENO : ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  struct stat about {};
  if (impl->file < 0 || ::fstat(impl->file, &about) != 0) {
    error = fmt::format("`{}` cannot be written to: {}.", path, std::strerror(errno));
    return nullptr;
  }
  impl->regular = path != "-" && S_ISREG(about.st_mode);
  if (impl->regular) {
    if (error = base::sync_folder_of(path); !error.empty()) {  // or the file may be gone after a crash, and what is to be written be thought of as written
      error = fmt::format("The folder of `{}` cannot be written: {}.", path, error);
      return nullptr;
    }
    const shards::Cursor were = service.cursor(impl->cursor).value_or(shards::Cursor());
    impl->position = were.position;
    // What is behind the whole lines is of decisions that will come again.
    const int reading = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    impl->size = about.st_size;
    if (reading >= 0) impl->size = Impl::end_of_lines(reading, were.note.empty() ? -1 : static_cast<off_t>(base::Bytes(were.note).number()), about.st_size);
    if (reading >= 0) ::close(reading);
    if (impl->size != about.st_size && ::ftruncate(impl->file, impl->size) != 0) {
      error = fmt::format("`{}` cannot be written to: {}.", path, std::strerror(errno));
      return nullptr;
    }
  } else {
    impl->position = service.position();
  }
  if (!service.keeps(impl->position)) {
    error = fmt::format("`{}` was not written to for longer than the log is kept for nobody: some of what was decided meanwhile does not stand in it.", path);
    impl->position = 0;
  }
  impl->thread = std::thread([raw = impl.get()] { raw->run(); });
  return std::unique_ptr<Lines>(new Lines(std::move(impl)));
}

std::uint64_t Lines::written() const { return impl_->written; }

std::string Lines::fault() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->fault;
}

void Lines::stop() {
  impl_->stopping = true;
  if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace polku::sinks
