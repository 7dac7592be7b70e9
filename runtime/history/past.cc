#include "runtime/history/past.h"

#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <utility>

#include "runtime/history/packed.h"

namespace polku::history {

namespace {

bool before(const Entry& a, const Entry& b) { return a.at != b.at ? a.at < b.at : a.arrival < b.arrival; }

}  // namespace

void Past::insert(Entry entry) {
  const auto at = std::upper_bound(entries.begin(), entries.end(), entry, before);
  if (entries.size() == entries.capacity()) {  // most histories grow slowly: a quarter more, not twice as much
    const auto place = at - entries.begin();
    entries.reserve(entries.size() + std::max<std::size_t>(entries.size() / 4, 4));
    entries.insert(entries.begin() + place, entry);
  } else {
    entries.insert(at, entry);
  }
}

std::uint32_t Past::add(const Event& event) {
  thread_local std::string packed;
  packed.clear();
  pack(event, packed);
  const std::size_t where = records.size();
  if (where + packed.size() > std::numeric_limits<std::uint32_t>::max()) throw std::length_error("more than 4 GiB of records of one visitor");
  if (where + packed.size() > records.capacity()) records.reserve(where + std::max(packed.size(), where / 4));
  records += packed;
  return static_cast<std::uint32_t>(where);
}

void Past::insert(Millis at, std::uint64_t arrival, std::uint32_t name, const Event& event) {
  Entry e{at, arrival, add(event)};
  e.name = name & 0x7FFF'FFFFu;
  insert(e);
  absent_ = 0;
  if (known_.size() > 0) known_.insert(event.identity);
}

bool Past::has(std::uint64_t identity) {
  if (identity == absent_ && identity != 0) return false;
  const bool is = look_for(identity);
  absent_ = is ? 0 : identity;
  return is;
}

bool Past::look_for(std::uint64_t identity) {
  const auto of = [&](const Entry& e) { return packed_identity(std::string_view(records).substr(e.where)); };
  if (entries.size() <= kScanned) return std::any_of(entries.rbegin(), entries.rend(), [&](const Entry& e) { return e.deed == 0 && of(e) == identity; });
  if (known_.size() == 0)
    for (const Entry& e : entries)
      if (e.deed == 0) known_.insert(of(e));
  return known_.contains(identity);
}

void Past::insert(Millis at, std::uint64_t arrival, Deed deed) {
  Entry e{at, arrival, static_cast<std::uint32_t>(deeds.size())};
  e.deed = 1;
  deeds.push_back(std::move(deed));
  insert(e);
}

void Past::read(const Entry& record, Event& into) const {
  std::string_view bytes = std::string_view(records).substr(record.where);
  unpack(bytes, record.at, into);
}

std::uint64_t Past::distinct(Millis at, std::uint64_t identity) {
  if (!has(identity)) return identity;
  // Who sends one and the same a thousand times at once goes on from the last one.
  if (equal_.at == at && equal_.first == identity && has(equal_.last)) {
    equal_.last = next_equal(equal_.last);
    if (!has(equal_.last)) return equal_.last;
  }
  const std::uint64_t first = identity;
  std::vector<std::uint64_t> taken;
  for (auto e = std::partition_point(entries.begin(), entries.end(), [&](const Entry& x) { return x.at < at; }); e != entries.end() && e->at == at; ++e)
    if (e->deed == 0) taken.push_back(packed_identity(std::string_view(records).substr(e->where)));
  std::sort(taken.begin(), taken.end());
  while (std::binary_search(taken.begin(), taken.end(), identity)) identity = next_equal(identity);
  equal_ = {at, first, identity};
  return identity;
}

void Past::absorb(Past other) {
  const auto moved = static_cast<std::uint32_t>(names.size());
  names.insert(names.end(), std::make_move_iterator(other.names.begin()), std::make_move_iterator(other.names.end()));
  if (records.size() + other.records.size() > std::numeric_limits<std::uint32_t>::max()) throw std::length_error("more than 4 GiB of records of one visitor");
  for (Entry& e : other.entries) {
    e.name = (e.name + moved) & 0x7FFF'FFFFu;
    e.where += static_cast<std::uint32_t>(e.deed != 0 ? deeds.size() : records.size());
  }
  records += other.records;
  deeds.insert(deeds.end(), std::make_move_iterator(other.deeds.begin()), std::make_move_iterator(other.deeds.end()));
  std::vector<Entry> both;
  both.reserve(entries.size() + other.entries.size());
  std::merge(entries.begin(), entries.end(), other.entries.begin(), other.entries.end(), std::back_inserter(both), before);
  arrival = std::max(arrival, other.arrival);
  entries = std::move(both);
  placed.insert(other.placed);
  converted.insert(other.converted);
  known_ = {};
  absent_ = 0;
}

std::uint64_t firing_key(std::string_view journey, std::string_view rule, std::uint64_t start, Millis opening) {
  thread_local std::string buffer;
  buffer.assign(journey);
  buffer += '\0';
  buffer += rule;
  buffer += '\0';
  buffer.append(reinterpret_cast<const char*>(&start), sizeof start);  // only ever compared by machines of one byte order
  buffer.append(reinterpret_cast<const char*>(&opening), sizeof opening);
  return XXH3_64bits(buffer.data(), buffer.size());
}

}  // namespace polku::history
