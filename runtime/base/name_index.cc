#include "runtime/base/name_index.h"

#include <xxhash.h>

#include <cstring>
#include <new>

namespace polku::base {

const Name* Names::add(std::string_view text) {
  Name* n = new (arena_.take(bytes(text.size()))) Name{static_cast<std::uint32_t>(text.size())};
  std::memcpy(n + 1, text.data(), text.size());
  return n;
}

std::uint64_t NameIndex::hash(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

NameIndex::NameIndex() {
  for (Shard& s : shards_) s.places.resize(kSmallest);
}

void NameIndex::Shard::put(std::uint64_t entry) {
  std::size_t i = place(tag(entry));
  while (places[i] != 0) i = i + 1 == places.size() ? 0 : i + 1;
  places[i] = entry;
}

void NameIndex::add(std::uint64_t hash, std::uint32_t number) {
  Shard& s = shards_[hash % kShards];
  if (full(++s.size, s.places.size())) {
    decltype(s.places) old(larger(s.places.size()));
    old.swap(s.places);
    for (const std::uint64_t entry : old)
      if (entry != 0) s.put(entry);
  }
  s.put(tag(hash) << 32 | (number + 1));
}

void NameIndex::replace(std::uint64_t hash, std::uint32_t number, std::uint32_t by) {
  Shard& s = shards_[hash % kShards];
  const std::uint64_t entry = tag(hash) << 32 | (number + 1);
  std::size_t i = s.place(tag(hash));
  while (s.places[i] != entry) i = i + 1 == s.places.size() ? 0 : i + 1;
  s.places[i] = tag(hash) << 32 | (by + 1);
}

std::size_t NameIndex::bytes(std::size_t names) {
  std::size_t places = kSmallest;
  while (full(names / kShards, places)) places = larger(places);
  return kShards * page_bytes(places * sizeof(std::uint64_t));
}

}  // namespace polku::base
