#include "runtime/history/past.h"

#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace polku::history {

namespace {

bool before(const Entry& a, const Entry& b) { return a.at != b.at ? a.at < b.at : a.arrival < b.arrival; }

}  // namespace

const Entry& Past::insert(Entry entry) {
  const auto at = std::upper_bound(entries.begin(), entries.end(), entry, before);
  return *entries.insert(at, std::move(entry));
}

std::uint64_t Past::distinct(Millis at, std::uint64_t identity) const {
  const auto first = std::partition_point(entries.begin(), entries.end(), [&](const Entry& e) { return e.at < at; });
  const auto taken = [&] {
    return std::any_of(first, std::partition_point(first, entries.end(), [&](const Entry& e) { return e.at == at; }), [&](const Entry& e) {
      const auto* event = std::get_if<Event>(&e.what);
      return event && event->identity == identity;
    });
  };
  while (taken()) identity = next_equal(identity);
  return identity;
}

void Past::absorb(Past other) {
  const auto moved = static_cast<std::uint32_t>(names.size());
  names.insert(names.end(), std::make_move_iterator(other.names.begin()), std::make_move_iterator(other.names.end()));
  for (Entry& e : other.entries) e.name += moved;
  std::vector<Entry> both;
  both.reserve(entries.size() + other.entries.size());
  std::merge(std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()), std::make_move_iterator(other.entries.begin()),
             std::make_move_iterator(other.entries.end()), std::back_inserter(both), before);
  arrival = std::max(arrival, other.arrival);
  entries = std::move(both);
  placed.merge(other.placed);
  converted.merge(other.converted);
}

std::uint64_t firing_key(std::string_view journey, std::string_view rule, std::uint64_t start, Millis opening) {
  thread_local std::string buffer;
  buffer.assign(journey);
  buffer += '\0';
  buffer += rule;
  buffer += '\0';
  buffer.append(reinterpret_cast<const char*>(&start), sizeof start);  // only ever compared within one process
  buffer.append(reinterpret_cast<const char*>(&opening), sizeof opening);
  return XXH3_64bits(buffer.data(), buffer.size());
}

}  // namespace polku::history
