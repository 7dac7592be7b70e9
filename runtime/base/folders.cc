#include "runtime/base/folders.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace polku::base {

namespace fs = std::filesystem;

std::string sync_folder(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return errno == EACCES ? "" : std::strerror(errno);
  const std::string error = ::fsync(file) == 0 ? "" : std::strerror(errno);
  ::close(file);
  return error;
}

std::string sync_folder_of(const std::string& path) {
  std::error_code ec;
  const fs::path whole = fs::absolute(path, ec).lexically_normal();
  return sync_folder((whole.has_filename() ? whole : whole.parent_path()).parent_path().string());
}

std::string make_folder(const std::string& folder) {
  std::error_code ec;
  const fs::path whole = fs::absolute(folder, ec).lexically_normal();
  const fs::path above = (whole.has_filename() ? whole : whole.parent_path()).parent_path();
  if (!fs::exists(above, ec))
    if (std::string error = make_folder(above.string()); !error.empty()) return error;
  fs::create_directory(whole, ec);
  return ec ? ec.message() : sync_folder(above.string());  // also one that was made before: perhaps the machine crashed then
}

}  // namespace polku::base
