// What must outlive the process, in one folder: ordered tables of bytes, written together or not at all. The only place that knows RocksDB.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace polku::store {

// Each orders its keys as bytes.
enum class Table : std::uint8_t {
  Meta,       // what the folder is: formats, the pack, positions
  Log,        // everything that reached the service and what it decided, in order
  Visitors,   // states of visitors, as they were at some position of the log
  Names,      // names that stand for another visitor
  Deadlines,  // which visitor must be looked at when
  Handovers,  // visitors on their way from one shard to another
  Letters,    // decisions that a receiver would not take
};
inline constexpr std::size_t kTables = 7;

// Changes that are to happen together, in order.
class Writes {
 public:
  Writes();
  ~Writes();
  Writes(Writes&&) noexcept;
  Writes& operator=(Writes&&) noexcept;
  void put(Table table, std::string_view key, std::string value);
  void erase(Table table, std::string_view key);
  void erase_below(Table table, std::string_view key);    // all keys before it
  void add(Writes&& more);                                // behind these
  void clear();
  std::size_t bytes() const;
  bool empty() const;

 private:
  friend class Store;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct Options {
  std::size_t cache_bytes = 64u << 20;      // of what is read
  std::size_t buffer_bytes = 128u << 20;    // of what is written, before it becomes files
  bool read_only = false;                   // for those who look: nothing is changed. What they see is right as long as nobody writes: see Hold
  bool whole = false;                       // read_only: what a crash leaves at the very end, half written, is an error too
};

// Keeps everybody away who would write to a folder, for as long as it lives; others may look at the same time. Nothing is changed.
class Hold {
 public:
  // Null: somebody has the folder, or it cannot be told; `error` says so.
  static std::unique_ptr<Hold> take(const std::string& folder, std::string& error);
  ~Hold();

 private:
  explicit Hold(int file) : file_(file) {}
  int file_;                                // -1: nobody has ever opened the folder
};

// Why there can be no store in a folder: it is not there, or something else. Empty: there seems to be one, whole or not.
std::string no_store(const std::string& folder);

// A copy, file by file, of a folder that is on hold, into one that is made for it; on the disk when this returns. Empty; or why there is none, and then there
// may be some of it.
std::string copy_files(const std::string& from, const std::string& to);

// Errors are texts, with what to do; empty is fine. Safe from several threads.
class Store {
 public:
  // Makes the folder if there is none. Null: `error` says why; one process at a time has a folder, unless it only reads.
  static std::unique_ptr<Store> open(const std::string& folder, const Options& options, std::string& error);
  ~Store();

  // durable: it is on the disk when this returns, and so is all that was written before. After an error nothing of it has happened, or it has not happened
  // yet: write it again until it succeeds.
  std::string write(Writes& writes, bool durable);

  // False: there is none. An error counts as none and is told.
  bool get(Table table, std::string_view key, std::string& value, std::string& error) const;

  // The keys of a table in order. Sees what was there when it was made. Ends early with an error().
  class Scan {
   public:
    ~Scan();
    Scan(Scan&&) noexcept;
    void seek(std::string_view key);        // to the first at or behind it
    bool valid() const;
    std::string_view key() const;           // good until it moves
    std::string_view value() const;
    void next();
    void previous();
    void last();                            // to the last of all
    std::string error() const;

   private:
    friend class Store;
    struct Impl;
    explicit Scan(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
  };
  Scan scan(Table table) const;

  std::string flush();                      // all that is only in memory and the write-ahead log becomes files
  // A copy of the whole folder as it is now, which can be opened as one. `folder` must not exist; files are linked where they can be.
  std::string copy(const std::string& folder);
  // Writes all files anew that may hold something of these ranges, and the list of files: what was erased or replaced there before stands in no file when this
  // returns, but for a file that somebody still scans. `to` belongs to the range; empty: it goes to the end of the table. Takes as long as reading and writing them.
  struct Range { Table table = Table::Meta; std::string from = {}, to = {}; };
  std::string purge(const std::vector<Range>& ranges, std::atomic<bool>& stop);   // stop: soon, when it becomes true; that is an error
  std::string verify();                     // reads every file and checks its sums
  std::vector<std::string> strangers() const;  // files of tables in the folder that no table has: left by a crash, or the list of files is not what it was
  struct Sizes { std::uint64_t files = 0, log = 0, written_ahead = 0, user = 0, flushed = 0, compacted = 0; };  // bytes: on disk, in all and of the table Log; written so far, by the user and in all
  Sizes sizes() const;
  static std::string version();             // of RocksDB

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace polku::store
