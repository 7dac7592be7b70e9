#include "runtime/base/name_index.h"

#include <xxhash.h>

#include <cstring>
#include <new>

namespace polku::base {

const Name* Names::add(std::string_view text) {
  void* place = nullptr;
  if (const auto unused = unused_.find(bytes(text.size())); unused != unused_.end() && !unused->second.empty()) {
    place = const_cast<Name*>(unused->second.back());
    unused->second.pop_back();
  } else {
    place = arena_.take(bytes(text.size()));
  }
  Name* n = new (place) Name{static_cast<std::uint32_t>(text.size())};
  std::memcpy(n + 1, text.data(), text.size());
  return n;
}

void Names::remove(const Name* name) { unused_[bytes(name->length)].push_back(name); }

std::uint64_t NameIndex::hash(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

NameIndex::NameIndex() {
  for (Shard& s : shards_) s.places.resize(kSmallest);
}

void NameIndex::Shard::put(std::uint64_t entry) {
  std::size_t i = place(tag(entry));
  while (places[i] != 0) i = next(i);
  places[i] = entry;
}

std::size_t NameIndex::Shard::find(std::uint64_t entry) const {
  std::size_t i = place(tag(entry));
  while (places[i] != entry) i = next(i);
  return i;
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
  s.places[s.find(tag(hash) << 32 | (number + 1))] = tag(hash) << 32 | (by + 1);
}

// What stands behind moves up, so that nothing is found across a gap.
void NameIndex::remove(std::uint64_t hash, std::uint32_t number) {
  Shard& s = shards_[hash % kShards];
  std::size_t gap = s.find(tag(hash) << 32 | (number + 1));
  for (std::size_t i = s.next(gap); s.places[i] != 0; i = s.next(i)) {
    const std::size_t home = s.place(tag(s.places[i]));
    const bool behind = gap < i ? gap < home && home <= i : gap < home || home <= i;  // its home lies behind the gap
    if (behind) continue;
    s.places[gap] = s.places[i];
    gap = i;
  }
  s.places[gap] = 0;
  --s.size;
}

std::size_t NameIndex::bytes(std::size_t names) {
  std::size_t places = kSmallest;
  while (full(names / kShards, places)) places = larger(places);
  return kShards * page_bytes(places * sizeof(std::uint64_t));
}

}  // namespace polku::base
