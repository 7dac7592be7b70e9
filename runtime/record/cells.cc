#include "runtime/record/cells.h"

#include <algorithm>

namespace polku::record {

namespace cells {

Value wide(const Record& r, std::int32_t at) {
  const auto& all = r.extra->wide;
  return std::find_if(all.begin(), all.end(), [&](const auto& w) { return w.first == at; })->second;
}

void set_wide(Record& r, std::int32_t at, Value value) {
  if (!r.extra) r.extra = std::make_unique<Extra>();
  auto& all = r.extra->wide;
  const auto known = std::find_if(all.begin(), all.end(), [&](const auto& w) { return w.first == at; });
  if (known == all.end())
    all.emplace_back(at, value);
  else
    known->second = value;
}

std::size_t count(const Directory& d) {
  const Word& last = d.words()[d.words()->words - 1];
  return last.before + static_cast<std::size_t>(std::popcount(last.present));
}

namespace {

constexpr std::size_t kTidied = 8;

// Units that became empty again go. Returns how many stay.
std::size_t tidy(Directory& d) {
  static constexpr std::byte kNothing[plan::kUnitBytes] = {};
  const std::byte* from = d.units;
  std::byte* to = d.units;
  for (Word *w = d.words(), *end = w + w->words; w != end; ++w) {
    w->before = static_cast<std::uint32_t>((to - d.units) / plan::kUnitBytes);
    for (std::uint64_t bits = w->present; bits != 0; bits &= bits - 1, from += plan::kUnitBytes) {
      if (std::memcmp(from, kNothing, sizeof kNothing) == 0) {
        w->present &= ~(bits & -bits);
      } else {
        if (to != from) std::memcpy(to, from, plan::kUnitBytes);
        to += plan::kUnitBytes;
      }
    }
  }
  return static_cast<std::size_t>(to - d.units) / plan::kUnitBytes;
}

}  // namespace

void make_room(Directory& d, std::size_t unit) {
  constexpr std::size_t kUnit = plan::kUnitBytes;
  std::size_t n = count(d);
  const std::size_t has = base::Pieces::fit(n * kUnit);
  std::byte* to = d.units;
  if ((n + 1) * kUnit > has) {
    const std::size_t before = n;
    if (std::has_single_bit(n) && n >= kTidied) n = tidy(d);  // now and then is enough
    if (base::Pieces::fit((n + 1) * kUnit) != has) to = d.memory->take((n + 1) * kUnit);
    if (to != d.units && n > 0) std::memcpy(to, d.units, n * kUnit);
    if (to != d.units && before > 0) d.memory->give_back(d.units, before * kUnit);
    d.units = to;
  }
  Word *w = d.words() + unit / 64, *end = d.words() + d.words()->words;
  const std::uint64_t bit = std::uint64_t{1} << unit % 64;
  const std::size_t place = w->before + static_cast<std::size_t>(std::popcount(w->present & (bit - 1)));
  std::memmove(to + (place + 1) * kUnit, to + place * kUnit, (n - place) * kUnit);
  std::memset(to + place * kUnit, 0, kUnit);
  w->present |= bit;
  while (++w != end) ++w->before;
}

}  // namespace cells

void push_front(Record& r, plan::Ring ring, std::int64_t n, Value t, std::int64_t seq) {
  const std::int32_t step = plan::stride(ring);
  const auto place = [&](std::int64_t i) { return ring.at + static_cast<std::int32_t>(i) * step; };
  std::int64_t used = 0;
  while (used < n && instant(r, place(used)) != kUnknown) ++used;
  for (std::int64_t i = std::min(used, n - 1); i > 0; --i) {
    set_instant(r, place(i), instant(r, place(i - 1)));
    if (ring.seq) set_seq(r, place(i) + plan::kInstantBytes, record::seq(r, place(i - 1) + plan::kInstantBytes));
  }
  set_instant(r, ring.at, t);
  if (ring.seq) set_seq(r, ring.at + plan::kInstantBytes, seq);
}

void Units::add(std::int32_t cell) {
  const std::size_t unit = plan::unit_of(cell);
  const auto word = static_cast<std::uint32_t>(unit / 64);
  auto place = std::lower_bound(words_.begin(), words_.end(), word, [](const auto& w, std::uint32_t n) { return w.first < n; });
  if (place == words_.end() || place->first != word) place = words_.insert(place, {word, 0});
  place->second |= std::uint64_t{1} << unit % 64;
}

const std::vector<Value>& list(const Record& r, std::int32_t number) {
  static const std::vector<Value> kNone;
  if (!r.extra) return kNone;
  for (const Extra::List& l : r.extra->lists)
    if (l.number == number) return l.entries;
  return kNone;
}

std::vector<Value>& own_list(Record& r, std::int32_t number) {
  if (!r.extra) r.extra = std::make_unique<Extra>();
  auto& lists = r.extra->lists;
  const auto place = std::lower_bound(lists.begin(), lists.end(), number, [](const Extra::List& l, std::int32_t n) { return l.number < n; });
  if (place != lists.end() && place->number == number) return place->entries;
  return lists.insert(place, {number, {}})->entries;
}

}  // namespace polku::record
