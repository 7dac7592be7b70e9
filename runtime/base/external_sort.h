// Sorting more than memory holds: records of bytes, ordered by a key of bytes, spilled to an unlinked temporary file.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace polku::base {

// add() everything, finish(), then next() until false. Order: key bytes as unsigned, then the order of add(). Runs are merged k ways
// (Knuth, TAOCP 3, 5.4.1). Not thread-safe.
class ExternalSort {
 public:
  explicit ExternalSort(std::size_t memory_bytes = 256u << 20, std::string directory = {});  // directory: else $TMPDIR, else /tmp
  ~ExternalSort();
  void add(std::string_view key, std::string_view payload);
  void finish();
  bool next(std::string_view& key, std::string_view& payload);  // views valid until the next call
  // Empty while all is well; else why (disk full, …): nothing after the fault may be trusted.
  const std::string& error() const;
  std::size_t spilled_runs() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Big-endian bytes that sort as the number does.
void append_key(std::string& out, std::int64_t value);
std::int64_t read_key(std::string_view bytes);  // of the first 8 bytes

}  // namespace polku::base
