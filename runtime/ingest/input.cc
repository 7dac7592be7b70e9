#include "runtime/ingest/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace polku::ingest {

std::unique_ptr<Input> Input::of_text(std::string_view text, std::size_t chunk) {
  return std::unique_ptr<Input>(new Input(-1, false, text, std::clamp<std::size_t>(text.size(), 1, std::max<std::size_t>(chunk, 1))));
}

std::unique_ptr<Input> Input::of_file(const std::string& path, std::string& error, std::uint64_t* size, std::size_t chunk) {
  const bool standard = path == "-";
  const std::string what = standard ? "The standard input" : "`" + path + "`";
  int descriptor = standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about{};
  if (descriptor < 0 || ::fstat(descriptor, &about) != 0) {
    error = what + " cannot be read: " + std::strerror(errno) + ".";
    if (descriptor > 0) ::close(descriptor);
    return nullptr;
  }
  std::unique_ptr<Input> input(new Input(descriptor, !standard, {}, std::max<std::size_t>(chunk, 1)));
  if (S_ISDIR(about.st_mode)) {
    error = what + " is a folder. Name a file of records.";
    return nullptr;
  }
  if (size && S_ISREG(about.st_mode)) *size = static_cast<std::uint64_t>(about.st_size);
  return input;
}

Input::~Input() {
  if (owned_) ::close(descriptor_);
}

std::size_t Input::read_some(char* into, std::size_t count) {
  if (descriptor_ < 0) {
    count = std::min(count, text_.size());
    if (count > 0) std::memcpy(into, text_.data(), count);
    text_.remove_prefix(count);
    return count;
  }
  while (true) {
    ssize_t got = ::read(descriptor_, into, count);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd wait{descriptor_, POLLIN, 0};
      if (::poll(&wait, 1, -1) >= 0 || errno == EINTR) continue;
    }
    if (errno == EINTR) continue;
    fault_ = std::string("The input could not be read on: ") + std::strerror(errno) + ".";
    return 0;
  }
}

bool Input::more() {
  if (ended_) return false;
  if (capacity_ < end_ + chunk_ + kPadding) {
    // Moving costs no more than what was consumed before, growing doubles: both stay linear in the input.
    const std::size_t left = end_ - begin_;
    if (begin_ >= left && capacity_ >= left + chunk_ + kPadding) {
      if (left > 0) std::memmove(bytes_.get(), bytes_.get() + begin_, left);
    } else {
      const std::size_t wanted = 2 * (left + chunk_) + kPadding;
      auto larger = std::make_unique_for_overwrite<char[]>(wanted);
      if (left > 0) std::memcpy(larger.get(), bytes_.get() + begin_, left);
      bytes_ = std::move(larger);
      capacity_ = wanted;
    }
    before_ += begin_;
    begin_ = searched_ = newline_ = 0;
    end_ = left;
  }
  const std::size_t got = read_some(bytes_.get() + end_, chunk_);
  end_ += got;
  ended_ = got == 0;
  return !ended_;
}

std::size_t Input::newline(std::size_t from) {
  if (searched_ <= from && from < newline_) return newline_;
  const void* found = from < end_ ? std::memchr(bytes_.get() + from, '\n', end_ - from) : nullptr;
  if (!found) return std::string_view::npos;
  searched_ = from;
  return newline_ = static_cast<std::size_t>(static_cast<const char*>(found) - bytes_.get());
}

std::size_t Input::line_end(std::size_t from) {
  constexpr std::size_t kFarthest = kLongest + 2;  // one more for the '\r', and one to tell what is too long
  while (true) {
    const std::size_t found = newline(begin_ + from);
    if (found != std::string_view::npos) return found - begin_ < kFarthest ? found - begin_ : std::string_view::npos;
    from = end_ - begin_;
    if (from >= kFarthest) return std::string_view::npos;
    if (!more()) return window().size();
  }
}

void Input::skip_line() {
  do {
    std::size_t end = window().find('\n');
    if (end != std::string_view::npos) return consume(end + 1);
    consume(window().size());
  } while (more());
}

}  // namespace polku::ingest
