// What can be made again at a price, kept in files of one folder from one process to the next: bytes by a key of their content.
#pragma once
#include <atomic>
#include <compare>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace polku::base {

// A hash of all that the bytes depend on.
struct CacheKey {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const CacheKey&) const = default;
};
CacheKey cache_key(std::string_view content);  // XXH3, 128 bits: equal content by chance only

// Every file carries its key and a checksum; one that is damaged, cut off or of another kind is as good as none, and is written anew. Files appear
// whole or not at all (written beside their place, then renamed), so that any number of processes may share a folder. Nothing here throws but
// std::bad_alloc: where the folder cannot be used, nothing is found and nothing kept, and fault() says why. Safe from several threads.
//
// A folder that others may write to is refused, as whoever writes there chooses what is read.
class FileCache {
 public:
  // kind: the beginning of every file, for those who look. Made if missing, for this user alone. Empty folder: no cache. most: bytes
  // kept; beyond it the files that were not used for longest go, down to three quarters of it.
  FileCache(std::string folder, std::string kind, std::uint64_t most);

  std::optional<std::string> get(const CacheKey& key) const;
  void put(const CacheKey& key, std::string_view bytes);
  std::string fault() const;

 private:
  std::string path(const CacheKey& key) const;
  void trim();
  void failed(const char* doing, int error);

  std::string folder_, kind_;
  std::uint64_t most_;
  std::atomic<bool> usable_ = false;
  mutable std::mutex mutex_;         // for what follows
  std::string fault_;
  std::uint64_t written_ = 0;        // since the folder was last looked through
  bool looked_ = false;
};

}  // namespace polku::base
