// A disk that can fill up, be slow and lose its power, for a program that is started with this in LD_PRELOAD. disk.py prepares it and makes the cut.
//
// POLKU_DISK is the folder that stands for the disk, POLKU_DISK_SHADOW one beside it: `control` says how the disk is just now, and `journal` gains a line for all
// that is done to the disk and for every fsync that has finished. After the program was killed, disk.py takes back what no fsync covered. A line about a
// change is written before the change, and no other change comes between: who has the line knows how to take it back, whether it happened or not. The real
// disk is not asked to write anything: the journal alone says what would have been there.
//
//   w INODE OFFSET LENGTH SIZE    bytes are written to a file of that size, or it is made so long
//   o INODE OFFSET HEX            these stood there before and will not any more
//   t INODE LENGTH                the file is cut to that length
//   c FOLDER NAME                 a file, a folder or another name of a file is made; folders are given by their inodes
//   u FOLDER NAME INODE           a name is taken away; the file stays in the shadow under its inode
//   d FOLDER NAME INODE           an empty folder is taken away
//   r FOLDER OLD NEW INODE GONE   a name becomes another. GONE: of the file that had it, which stays in the shadow; 0: nobody had it
//   b NUMBER INODE, e NUMBER      an fsync begins; it has finished, and all that stands before its beginning is covered
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <random>
#include <string>

namespace {

// As disk.py writes it.
struct Control {
  std::int32_t full;                // nothing more fits on it
  std::int32_t slowest, fastest;    // milliseconds of an fsync
  char ignored[244];                // a pattern of paths, from the disk on: who asks for an fsync of those is told that it was done. Empty: none
};

struct Open {
  std::atomic<bool> ours = false;   // on the disk, and kept in the journal
  ino_t inode = 0;
  std::string path;                 // from the disk on
};

constexpr std::size_t kMostFiles = 1 << 16;

template <class... More>
long call(long number, More... more) { return ::syscall(number, more...); }

[[noreturn]] void refuse(const char* what) {
  std::fprintf(stderr, "shim: %s is done to the disk, which it does not know\n", what);
  std::abort();
}

class Disk {
 public:
  Disk() {
    const char *disk = std::getenv("POLKU_DISK"), *shadow = std::getenv("POLKU_DISK_SHADOW");
    if (!disk || !shadow) return;
    root_ = disk;
    shadow_ = shadow;
    const int control = static_cast<int>(call(SYS_openat, AT_FDCWD, (shadow_ + "/control").c_str(), O_RDONLY | O_CLOEXEC, 0));
    void* const shared = ::mmap(nullptr, sizeof(Control), PROT_READ, MAP_SHARED, control, 0);
    journal_ = static_cast<int>(call(SYS_openat, AT_FDCWD, (shadow_ + "/journal").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC, 0));
    if (control < 0 || shared == MAP_FAILED || journal_ < 0) refuse("nothing, as there is no shadow: something");
    control_ = static_cast<const volatile Control*>(shared);
    call(SYS_close, control);
  }

  std::mutex mutex;                 // held from a line of the journal until what it says has happened

  bool full() const { return control_ && control_->full != 0; }

  // From the disk on; false: it is elsewhere, or says only who has the disk.
  bool find(int folder, const char* path, std::string& out) const {
    if (root_.empty() || !path) return false;
    out = path;
    if (*path != '/') {
      char before[PATH_MAX];
      const std::string link = folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/" + std::to_string(folder);
      const ssize_t n = ::readlink(link.c_str(), before, sizeof before);
      if (n <= 0) return false;
      out = std::string(before, static_cast<std::size_t>(n)) + "/" + path;
    }
    while (out.size() > 1 && out.back() == '/') out.pop_back();
    if (!out.starts_with(root_) || (out.size() > root_.size() && out[root_.size()] != '/')) return false;
    if (out.find("/../") != std::string::npos) refuse("something by a path with ..");
    out.erase(0, root_.size() + 1);
    return !out.ends_with("/LOCK");
  }

  Open* of(int file) { return file >= 0 && static_cast<std::size_t>(file) < kMostFiles && open_[static_cast<std::size_t>(file)].ours ? &open_[static_cast<std::size_t>(file)] : nullptr; }

  void opened(int file, const std::string& path) {
    struct stat about {};
    if (static_cast<std::size_t>(file) >= kMostFiles || ::fstat(file, &about) != 0) refuse("too much");
    Open& o = open_[static_cast<std::size_t>(file)];
    o.inode = about.st_ino;
    o.path = path;
    o.ours = true;
  }
  void closed(int file) {
    if (Open* o = of(file)) o->ours = false;
  }

  std::string whole(const std::string& path) const { return path.empty() ? root_ : root_ + "/" + path; }

  // 0: there is none.
  ino_t inode(const std::string& path, bool* is_folder = nullptr) const {
    struct stat about {};
    if (::lstat(whole(path).c_str(), &about) != 0) return 0;
    if (is_folder) *is_folder = S_ISDIR(about.st_mode);
    return about.st_ino;
  }
  std::string place(const std::string& path) const {  // FOLDER NAME
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
    return std::to_string(inode(folder)) + " " + path.substr(slash + 1);
  }
  static std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

  void note(const std::string& line) const {
    const std::string all = line + "\n";
    if (call(SYS_write, journal_, all.data(), all.size()) != static_cast<long>(all.size())) refuse("nothing, as the journal cannot be written: something");
  }

  void note_write(int file, const Open& o, std::uint64_t offset, std::uint64_t length) const {
    const std::uint64_t size = size_of(file);
    if (offset < size) note_old(file, o, offset, std::min(length, size - offset));
    note("w " + std::to_string(o.inode) + " " + std::to_string(offset) + " " + std::to_string(length) + " " + std::to_string(size));
  }
  void note_cut(int file, const Open& o, std::uint64_t length) const {
    if (const std::uint64_t size = size_of(file); length < size) {
      note_old(file, o, length, size - length);
      note("t " + std::to_string(o.inode) + " " + std::to_string(length));
    } else if (length > size) {
      note_write(file, o, size, length - size);
    }
  }

  // Another name for who will lose the only one.
  void keep(const std::string& path, ino_t inode) const {
    const std::string kept = shadow_ + "/kept/" + std::to_string(inode);
    if (call(SYS_linkat, AT_FDCWD, whole(path).c_str(), AT_FDCWD, kept.c_str(), 0) != 0 && errno != EEXIST) refuse("nothing, as the shadow cannot be written: something");
  }

  int sync(const Open& o) {
    std::uint64_t number = 0;
    {
      const std::lock_guard lock(mutex);
      number = ++syncs_;
      note("b " + std::to_string(number) + " " + std::to_string(o.inode));
    }
    if (const int slowest = control_->slowest; slowest > 0) {
      thread_local std::minstd_rand random{std::random_device{}()};
      const int ms = std::uniform_int_distribution<int>(control_->fastest, slowest)(random);
      const timespec time{ms / 1000, ms % 1000 * 1'000'000L};
      ::nanosleep(&time, nullptr);
    }
    char ignored[sizeof control_->ignored];
    std::copy(std::begin(control_->ignored), std::end(control_->ignored), ignored);
    if (*ignored != '\0' && ::fnmatch(ignored, o.path.empty() ? "." : o.path.c_str(), FNM_PATHNAME) == 0) return 0;
    const std::lock_guard lock(mutex);
    note("e " + std::to_string(number));
    return 0;
  }

 private:
  static std::uint64_t size_of(int file) {
    struct stat about {};
    return ::fstat(file, &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
  }
  void note_old(int file, const Open& o, std::uint64_t offset, std::uint64_t length) const {
    std::string line = "o " + std::to_string(o.inode) + " " + std::to_string(offset) + " ";
    // The file may be open for writing alone.
    const int reading = static_cast<int>(call(SYS_openat, AT_FDCWD, ("/proc/self/fd/" + std::to_string(file)).c_str(), O_RDONLY | O_CLOEXEC, 0));
    std::array<unsigned char, 4096> some{};
    while (length > 0) {
      const long n = call(SYS_pread64, reading, some.data(), std::min<std::uint64_t>(length, some.size()), offset);
      if (n <= 0) refuse("nothing, as a file cannot be read: something");
      for (long i = 0; i < n; ++i) {
        constexpr char digits[] = "0123456789abcdef";
        (line += digits[some[static_cast<std::size_t>(i)] >> 4]) += digits[some[static_cast<std::size_t>(i)] & 15];
      }
      offset += static_cast<std::uint64_t>(n);
      length -= static_cast<std::uint64_t>(n);
    }
    call(SYS_close, reading);
    note(line);
  }

  std::string root_, shadow_;
  int journal_ = -1;
  const volatile Control* control_ = nullptr;
  std::uint64_t syncs_ = 0;
  std::array<Open, kMostFiles> open_;
};

Disk& disk() {
  static Disk* const one = new Disk;  // for as long as anybody writes
  return *one;
}

int no_room() {
  errno = ENOSPC;
  return -1;
}

int open_at(int folder, const char* path, int how, mode_t mode) {
  Disk& d = disk();
  std::string name;
  const auto really = [&] { return static_cast<int>(call(SYS_openat, folder, path, how, mode)); };
  if (!d.find(folder, path, name)) return really();
  if ((how & O_TMPFILE) == O_TMPFILE) refuse("O_TMPFILE");
  const std::lock_guard lock(d.mutex);
  const bool made = (how & O_CREAT) != 0 && d.inode(name) == 0;
  if (made && d.full()) return no_room();
  if (made) d.note("c " + d.place(name));
  const bool cut = !made && (how & O_TRUNC) != 0;
  how &= cut ? ~O_TRUNC : ~0;
  const int file = really();
  if (file < 0) return file;
  d.opened(file, name);
  if (cut) {
    d.note_cut(file, *d.of(file), 0);
    call(SYS_ftruncate, file, 0);
  }
  return file;
}

// As much as fits.
template <class Write>
ssize_t write_some(int file, std::size_t length, bool here, off_t offset, Write write) {
  Disk& d = disk();
  const Open* const o = d.of(file);
  if (!o) return write(length);
  const std::lock_guard lock(d.mutex);
  if (d.full()) {
    thread_local std::minstd_rand random{std::random_device{}()};
    length = length > 1 && random() % 2 == 0 ? 1 + random() % (length - 1) : 0;
    if (length == 0) return no_room();
  }
  if (here) {
    const bool appends = (call(SYS_fcntl, file, F_GETFL) & O_APPEND) != 0;
    offset = static_cast<off_t>(call(SYS_lseek, file, 0, appends ? SEEK_END : SEEK_CUR));
  }
  d.note_write(file, *o, static_cast<std::uint64_t>(offset), length);
  return write(length);
}

int cut_to(int file, off_t length) {
  Disk& d = disk();
  const std::lock_guard lock(d.mutex);
  if (const Open* const o = d.of(file)) d.note_cut(file, *o, static_cast<std::uint64_t>(length));
  return static_cast<int>(call(SYS_ftruncate, file, length));
}

int make_room(int file, int mode, off_t offset, off_t length) {
  Disk& d = disk();
  const std::lock_guard lock(d.mutex);
  if (const Open* const o = d.of(file)) {
    if (d.full()) return no_room();
    if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0) refuse("fallocate() that changes what is there");
    struct stat about {};
    if (mode == 0 && ::fstat(file, &about) == 0) d.note_cut(file, *o, static_cast<std::uint64_t>(std::max(about.st_size, offset + length)));
  }
  return static_cast<int>(call(SYS_fallocate, file, mode, offset, length));
}

int remove_at(int folder, const char* path, int how) {
  Disk& d = disk();
  std::string name;
  const auto really = [&] { return static_cast<int>(call(SYS_unlinkat, folder, path, how)); };
  if (!d.find(folder, path, name)) return really();
  const std::lock_guard lock(d.mutex);
  const ino_t inode = d.inode(name);
  if (inode != 0 && (how & AT_REMOVEDIR) == 0) {
    d.keep(name, inode);
    d.note("u " + d.place(name) + " " + std::to_string(inode));
  } else if (inode != 0) {
    const std::string line = "d " + d.place(name) + " " + std::to_string(inode);
    const int done = really();
    if (done == 0) d.note(line);  // else it was not empty; killed in between, it counts as gone for good
    return done;
  }
  return really();
}

int rename_at(int folder, const char* from, int folder_to, const char* to, unsigned how) {
  Disk& d = disk();
  std::string was, name;
  const auto really = [&] { return static_cast<int>(call(SYS_renameat2, folder, from, folder_to, to, how)); };
  const bool out = d.find(folder, from, was), in = d.find(folder_to, to, name);
  if (!out && !in) return really();
  if (out != in || how != 0 || Disk::folder_of(was) != Disk::folder_of(name)) refuse("a rename from folder to folder");
  const std::lock_guard lock(d.mutex);
  bool is_folder = false;
  const ino_t inode = d.inode(was), gone = d.inode(name, &is_folder);
  if (inode == 0) return really();
  if (gone != 0 && is_folder) refuse("a rename over a folder");
  if (gone != 0) d.keep(name, gone);
  const std::size_t slash = was.rfind('/') + 1;
  d.note("r " + d.place(was) + " " + name.substr(slash) + " " + std::to_string(inode) + " " + std::to_string(gone));
  return really();
}

// What is made there by `really`.
template <class Really>
int make_at(int folder, const char* path, Really really) {
  Disk& d = disk();
  std::string name;
  if (!d.find(folder, path, name)) return really();
  const std::lock_guard lock(d.mutex);
  if (d.inode(name) == 0) {
    if (d.full()) return no_room();
    d.note("c " + d.place(name));
  }
  return really();
}

void not_ours(int file, const char* what) {
  if (disk().of(file)) refuse(what);
}

}  // namespace

// What a program calls. Several names for one thing, as the C library has them.
extern "C" {

#define POLKU_MODE                           \
  mode_t mode = 0;                           \
  if ((how & (O_CREAT | O_TMPFILE)) != 0) {  \
    va_list more;                            \
    va_start(more, how);                     \
    mode = va_arg(more, mode_t);             \
    va_end(more);                            \
  }
int open(const char* path, int how, ...) { POLKU_MODE return open_at(AT_FDCWD, path, how, mode); }
int open64(const char* path, int how, ...) { POLKU_MODE return open_at(AT_FDCWD, path, how | O_LARGEFILE, mode); }
int openat(int folder, const char* path, int how, ...) { POLKU_MODE return open_at(folder, path, how, mode); }
int openat64(int folder, const char* path, int how, ...) { POLKU_MODE return open_at(folder, path, how | O_LARGEFILE, mode); }
#undef POLKU_MODE
int creat(const char* path, mode_t mode) { return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int creat64(const char* path, mode_t mode) { return creat(path, mode); }
int close(int file) {
  disk().closed(file);
  return static_cast<int>(call(SYS_close, file));
}

ssize_t write(int file, const void* bytes, size_t length) {
  return write_some(file, length, true, 0, [&](std::size_t n) { return call(SYS_write, file, bytes, n); });
}
ssize_t pwrite(int file, const void* bytes, size_t length, off_t offset) {
  return write_some(file, length, false, offset, [&](std::size_t n) { return call(SYS_pwrite64, file, bytes, n, offset); });
}
ssize_t pwrite64(int file, const void* bytes, size_t length, off64_t offset) { return pwrite(file, bytes, length, offset); }
ssize_t writev(int file, const iovec* parts, int count) {
  if (!disk().of(file)) return call(SYS_writev, file, parts, count);
  ssize_t all = 0;
  for (int i = 0; i < count; ++i) {
    const ssize_t n = ::write(file, parts[i].iov_base, parts[i].iov_len);
    if (n < 0) return all > 0 ? all : n;
    all += n;
    if (static_cast<std::size_t>(n) < parts[i].iov_len) break;
  }
  return all;
}

int ftruncate(int file, off_t length) { return cut_to(file, length); }
int ftruncate64(int file, off64_t length) { return cut_to(file, length); }
int fallocate(int file, int mode, off_t offset, off_t length) { return make_room(file, mode, offset, length); }
int fallocate64(int file, int mode, off64_t offset, off64_t length) { return make_room(file, mode, offset, length); }
int posix_fallocate(int file, off_t offset, off_t length) { return make_room(file, 0, offset, length) == 0 ? 0 : errno; }
int posix_fallocate64(int file, off64_t offset, off64_t length) { return posix_fallocate(file, offset, length); }

int fsync(int file) {
  const Open* const o = disk().of(file);
  return o ? disk().sync(*o) : static_cast<int>(call(SYS_fsync, file));
}
int fdatasync(int file) {
  const Open* const o = disk().of(file);
  return o ? disk().sync(*o) : static_cast<int>(call(SYS_fdatasync, file));
}
int sync_file_range(int file, off64_t offset, off64_t length, unsigned how) {  // promises nothing, as it says itself
  return disk().of(file) ? 0 : static_cast<int>(call(SYS_sync_file_range, file, offset, length, how));
}

int unlink(const char* path) { return remove_at(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char* path, int how) { return remove_at(folder, path, how); }
int rmdir(const char* path) { return remove_at(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) {
  struct stat about {};
  return remove_at(AT_FDCWD, path, ::lstat(path, &about) == 0 && S_ISDIR(about.st_mode) ? AT_REMOVEDIR : 0);
}
int rename(const char* from, const char* to) { return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int folder, const char* from, int folder_to, const char* to) { return rename_at(folder, from, folder_to, to, 0); }
int renameat2(int folder, const char* from, int folder_to, const char* to, unsigned how) { return rename_at(folder, from, folder_to, to, how); }
int mkdir(const char* path, mode_t mode) {
  return make_at(AT_FDCWD, path, [&] { return static_cast<int>(call(SYS_mkdirat, AT_FDCWD, path, mode)); });
}
int mkdirat(int folder, const char* path, mode_t mode) {
  return make_at(folder, path, [&] { return static_cast<int>(call(SYS_mkdirat, folder, path, mode)); });
}
int linkat(int folder, const char* from, int folder_to, const char* to, int how) {
  return make_at(folder_to, to, [&] { return static_cast<int>(call(SYS_linkat, folder, from, folder_to, to, how)); });
}
int link(const char* from, const char* to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

// What nobody did so far, and would not be in the journal.
ssize_t sendfile(int to, int from, off_t* offset, size_t length) {
  not_ours(to, "sendfile()");
  return call(SYS_sendfile, to, from, offset, length);
}
ssize_t sendfile64(int to, int from, off64_t* offset, size_t length) { return sendfile(to, from, offset, length); }
ssize_t copy_file_range(int from, off64_t* offset, int to, off64_t* offset_to, size_t length, unsigned how) {
  not_ours(to, "copy_file_range()");
  return call(SYS_copy_file_range, from, offset, to, offset_to, length, how);
}
ssize_t pwritev(int file, const iovec* parts, int count, off_t offset) {
  not_ours(file, "pwritev()");
  return call(SYS_pwritev, file, parts, count, offset, 0);
}
int msync(void* begin, size_t length, int how) { return static_cast<int>(call(SYS_msync, begin, length, how)); }
int truncate(const char* path, off_t length) {
  std::string name;
  if (disk().find(AT_FDCWD, path, name)) refuse("truncate()");
  return static_cast<int>(call(SYS_truncate, path, length));
}
}
