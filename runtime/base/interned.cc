#include "runtime/base/interned.h"

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace polku::base {
namespace {

template <class Word>
std::uint64_t load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace

inline Interned::Key Interned::key_of(std::string_view bytes) {
  const char* const p = bytes.data();
  const std::size_t n = bytes.size();
  const auto length = static_cast<std::uint32_t>(n);
  if (n >= 8) return {load<std::uint64_t>(p), load<std::uint64_t>(p + n - 8), length};
  if (n >= 4) return {load<std::uint32_t>(p), load<std::uint32_t>(p + n - 4), length};
  if (n > 0) return {load<std::uint8_t>(p), load<std::uint8_t>(p + n / 2) << 8 | load<std::uint8_t>(p + n - 1), length};
  return {};
}

inline std::size_t Interned::place(const Key& key, std::string_view bytes) const {
  const std::size_t mask = places_.size() - 1;
  for (std::size_t i = XXH3_64bits(bytes.data(), bytes.size()) & mask;; i = (i + 1) & mask) {
    const Place& p = places_[i];
    if (p.number == kNone) return i;
    if (p.first == key.first && p.last == key.last && p.length == key.length && (key.length <= 16 || all_[p.number] == bytes)) return i;
  }
}

void Interned::prefetch(std::string_view bytes) const { fetch(&places_[XXH3_64bits(bytes.data(), bytes.size()) & (places_.size() - 1)]); }

std::uint32_t Interned::find(std::string_view bytes) const { return places_[place(key_of(bytes), bytes)].number; }

std::uint32_t Interned::add(std::string_view bytes) {
  const Key key = key_of(bytes);
  std::size_t at = place(key, bytes);
  if (places_[at].number != kNone) return places_[at].number;
  if (4 * (all_.size() + 1) > 3 * places_.size()) {
    Places old(2 * places_.size());
    old.swap(places_);
    for (const Place& p : old)
      if (p.number != kNone) places_[place({p.first, p.last, p.length}, all_[p.number])] = p;
    at = place(key, bytes);
  }
  const auto number = static_cast<std::uint32_t>(all_.size());
  char* const kept = static_cast<char*>(memory_.take((bytes.size() + 7) / 8 * 8));
  if (!bytes.empty()) std::memcpy(kept, bytes.data(), bytes.size());
  all_.emplace_back(kept, bytes.size());
  places_[at] = {key.first, key.last, key.length, number};
  return number;
}

}  // namespace polku::base
