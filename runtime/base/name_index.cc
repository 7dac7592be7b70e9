#include "runtime/base/name_index.h"

#include <xxhash.h>

#include <cstring>

namespace polku::base {

namespace {

std::size_t up_to_words(std::size_t bytes) { return (bytes + 7) / 8 * 8; }

std::uint64_t hash_of(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

}  // namespace

NameIndex::NameIndex() : places_(64) {}

// The place of the name, or the free one where it belongs.
std::uint64_t* NameIndex::locate(std::string_view name, std::uint64_t hash) {
  const std::size_t mask = places_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    std::uint64_t& place = places_[i];
    if (place == 0) return &place;
    if (place >> kPointerBits != hash >> kPointerBits) continue;
    const Name* n = name_at(place);
    if (n->length == name.size() && std::memcmp(n + 1, name.data(), name.size()) == 0) return &place;
  }
}

std::optional<NameIndex::Entry> NameIndex::find(std::string_view name) const {
  const std::uint64_t place = *const_cast<NameIndex*>(this)->locate(name, hash_of(name));
  if (place == 0) return std::nullopt;
  return entry(name_at(place));
}

NameIndex::Entry NameIndex::set(std::string_view name, std::uint32_t number) {
  const std::uint64_t hash = hash_of(name);
  std::uint64_t* place = locate(name, hash);
  if (*place == 0) {
    if ((size_ + 1) * 4 > places_.size() * 3) {
      grow();
      place = locate(name, hash);
    }
    ++size_;
    *place = hash >> kPointerBits << kPointerBits | reinterpret_cast<std::uintptr_t>(store(name));
  }
  const_cast<Name*>(name_at(*place))->number = number;
  return entry(name_at(*place));
}

NameIndex::Name* NameIndex::store(std::string_view name) {
  Name* n = new (names_.take(up_to_words(sizeof(Name) + name.size()))) Name{0, static_cast<std::uint32_t>(name.size())};
  std::memcpy(n + 1, name.data(), name.size());
  return n;
}

void NameIndex::grow() {
  decltype(places_) old(places_.size() * 2);
  old.swap(places_);
  const std::size_t mask = places_.size() - 1;
  for (const std::uint64_t place : old) {
    if (place == 0) continue;
    const Name* n = name_at(place);
    std::size_t i = hash_of(entry(n).name) & mask;
    while (places_[i] != 0) i = (i + 1) & mask;
    places_[i] = place;
  }
}

}  // namespace polku::base
