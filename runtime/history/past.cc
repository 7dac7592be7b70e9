#include "runtime/history/past.h"

#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace polku::history {

namespace {

bool both_records(const Entry& a, const Entry& b) { return std::holds_alternative<Event>(a.what) && std::holds_alternative<Event>(b.what); }

}  // namespace

const Entry& Past::insert(Entry entry) {
  const auto at = std::upper_bound(entries.begin(), entries.end(), entry, [](const Entry& a, const Entry& b) { return a.at < b.at; });
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
  std::size_t i = 0;
  for (Entry& mine : entries) {
    for (; i < other.entries.size(); ++i) {
      const Entry& theirs = other.entries[i];
      if (theirs.at != mine.at ? theirs.at > mine.at : !both_records(theirs, mine) || theirs.arrival > mine.arrival) break;
      both.push_back(std::move(other.entries[i]));
    }
    both.push_back(std::move(mine));
  }
  both.insert(both.end(), std::make_move_iterator(other.entries.begin() + static_cast<std::ptrdiff_t>(i)), std::make_move_iterator(other.entries.end()));
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
