// A disk that takes nothing, for tests: loaded before a service's libraries (LD_PRELOAD). While the file exists that POLKU_DISK_IS_FULL names there is no room on
// it; while that exists that POLKU_DISK_HANGS names it does not answer.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace {

bool exists(const char* variable) {
  const char* const path = std::getenv(variable);
  return path != nullptr && access(path, F_OK) == 0;
}

}  // namespace

extern "C" int fdatasync(int file) {
  while (exists("POLKU_DISK_HANGS")) usleep(5000);
  if (exists("POLKU_DISK_IS_FULL")) {
    errno = ENOSPC;
    return -1;
  }
  return static_cast<int>(syscall(SYS_fdatasync, file));
}
