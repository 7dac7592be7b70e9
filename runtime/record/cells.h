// A visitor's record as bytes, and the only place that knows how a value stands in them. The cells are plan::Layout's.
//
// A cell is a little-endian number: 0 is kUnknown, all ones says that the value does not fit and stands beside the record, and what is between is the
// value moved by a half of the range (of 1 and 2 bytes: by 1). So cells of 4 bytes hold values of ±2,147,483,646, and those of 6 instants of the
// years -2490 … 6429; all others are as exact, and cost their visitor 16 bytes more. A cell of 8 bytes holds every value.
//
// So a unit of cells of which nothing is known is all zeros. The units of the sparse part that have been written to stand packed behind a pointer, in
// their order, and a bit for each unit that may be says whether it is there: the k-th one bit is the k-th unit. (Bit vectors with rank: Jacobson, Space-efficient
// static trees and graphs, FOCS 1989.) Few of a pack's rules have anything to remember of a visitor.
#pragma once
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/base/pool.h"
#include "runtime/base/time.h"
#include "runtime/base/value.h"

namespace polku::record {

static_assert(std::endian::native == std::endian::little, "cells are read as they stand");

// What has no place in the cells. Few visitors have any of it.
struct Extra {
  struct List { std::int32_t number = 0; std::vector<Value> entries; };
  std::vector<List> lists;                                // by number
  std::vector<std::pair<std::int32_t, Value>> wide;       // (first byte of the cell, value); of cells that have become narrow again too
};

struct Record {
  std::int64_t seq = 0;                    // of the latest history record
  std::unique_ptr<Extra> extra;            // or none
  std::byte* cells() { return reinterpret_cast<std::byte*>(this + 1); }  // the dense ones: Layout::bytes stand behind it, and kSlack more that may be read
  const std::byte* cells() const { return reinterpret_cast<const std::byte*>(this + 1); }
};

inline constexpr std::size_t kSlack = 2;

namespace cells {

// Which units there are, and where: the first cells of a record whose plan has any.
struct Word { std::uint64_t present = 0; std::uint32_t before = 0, words = 0; };  // 64 units; how many stand before them. words: in the first, how many
struct Directory {
  std::byte* units = nullptr;
  base::Pieces* memory = nullptr;
  Word* words() { return reinterpret_cast<Word*>(this + 1); }
  const Word* words() const { return reinterpret_cast<const Word*>(this + 1); }
};
static_assert(sizeof(Directory) == 16 && sizeof(Word) == 16);
inline Directory& directory(Record& r) { return *reinterpret_cast<Directory*>(r.cells()); }
inline const Directory& directory(const Record& r) { return *reinterpret_cast<const Directory*>(r.cells()); }
std::size_t count(const Directory& d);                   // units there are

void make_room(Directory& d, std::size_t unit);          // which is not there; it is empty then

inline bool has_unit(const Record& r, std::size_t unit) { return (directory(r).words()[unit / 64].present >> unit % 64 & 1) != 0; }

// nullptr: nothing is known of its unit. Else 8 bytes may be read, or as many as the cell has if it is sparse.
inline const std::byte* known(const Record& r, std::int32_t at) {
  if (at < plan::kSparse) return r.cells() + at;
  const Directory& d = directory(r);
  const std::size_t unit = plan::unit_of(at);
  const Word& w = d.words()[unit / 64];
  const std::uint64_t bit = std::uint64_t{1} << unit % 64;
  if ((w.present & bit) == 0) return nullptr;
  return d.units + (w.before + static_cast<std::uint32_t>(std::popcount(w.present & (bit - 1)))) * std::size_t{plan::kUnitBytes} + at % plan::kUnitBytes;
}

inline std::byte* known(Record& r, std::int32_t at) { return const_cast<std::byte*>(known(std::as_const(r), at)); }

// To be written to.
inline std::byte* own(Record& r, std::int32_t at) {
  if (std::byte* p = known(r, at)) return p;
  make_room(directory(r), plan::unit_of(at));
  return known(r, at);
}

template <int kBytes>
std::uint64_t load(const std::byte* p) {
  if constexpr (kBytes == 1) return static_cast<std::uint64_t>(*p);
  std::conditional_t<kBytes == 2, std::uint16_t, std::conditional_t<kBytes == 4, std::uint32_t, std::uint64_t>> raw;
  std::memcpy(&raw, p, sizeof raw);
  return kBytes == 6 ? raw & 0xFFFF'FFFF'FFFFu : raw;
}

template <int kBytes>
inline constexpr std::uint64_t kWide = (std::uint64_t{1} << (8 * kBytes)) - 1;           // beside the record
template <int kBytes>
inline constexpr std::uint64_t kMoved = kBytes <= 2 ? 1 : std::uint64_t{1} << (8 * kBytes - 1);  // raw - value

Value wide(const Record& r, std::int32_t at);
void set_wide(Record& r, std::int32_t at, Value value);

template <int kBytes>
Value read(const Record& r, std::int32_t at) {
  const std::byte* p = known(r, at);
  const std::uint64_t raw = p ? load<kBytes>(p) : 0;
  if (raw == 0) return kUnknown;
  if constexpr (kBytes < 8)
    if (raw == kWide<kBytes>) [[unlikely]] return wide(r, at);
  return static_cast<Value>(raw - kMoved<kBytes>);
}

template <int kBytes>
void write(Record& r, std::int32_t at, Value value) {
  std::uint64_t raw = static_cast<std::uint64_t>(value) + kMoved<kBytes>;
  if (value == kUnknown) {
    if (std::byte* p = known(r, at)) std::memset(p, 0, kBytes);
    return;
  }
  if constexpr (kBytes < 8)
    if (raw - 1 >= kWide<kBytes> - 1) [[unlikely]] {
      raw = kWide<kBytes>;
      set_wide(r, at, value);
    }
  std::memcpy(own(r, at), &raw, kBytes);
}

}  // namespace cells

// ---- one value ----

inline Value get(const Record& r, plan::Cell c) {
  switch (c.bytes) {
    case 1: return cells::read<1>(r, c.at);
    case 2: return cells::read<2>(r, c.at);
    case 4: return cells::read<4>(r, c.at);
    case 6: return cells::read<6>(r, c.at);
    default: return cells::read<8>(r, c.at);
  }
}

inline void set(Record& r, plan::Cell c, Value value) {
  switch (c.bytes) {
    case 1: return cells::write<1>(r, c.at, value);
    case 2: return cells::write<2>(r, c.at, value);
    case 4: return cells::write<4>(r, c.at, value);
    case 6: return cells::write<6>(r, c.at, value);
    default: return cells::write<8>(r, c.at, value);
  }
}

// An instant, kUnknown if there is none; and a position in the history.
inline Value instant(const Record& r, std::int32_t at) { return cells::read<plan::kInstantBytes>(r, at); }
inline void set_instant(Record& r, std::int32_t at, Value t) { cells::write<plan::kInstantBytes>(r, at, t); }
inline std::int64_t seq(const Record& r, std::int32_t at) { return cells::read<plan::kSeqBytes>(r, at); }
inline void set_seq(Record& r, std::int32_t at, std::int64_t seq) { cells::write<plan::kSeqBytes>(r, at, seq); }

// A cell of one byte: yes, no, or a small number.
inline Value tiny(const Record& r, std::int32_t at) { return cells::read<1>(r, at); }
inline void set_tiny(Record& r, std::int32_t at, Value value) { cells::write<1>(r, at, value); }

// A position in a visitor's history: records of one millisecond are told apart by seq.
struct Place {
  Millis at = 0;
  std::int64_t seq = 0;
};

// An instant and its seq behind it.
inline void set_place(Record& r, std::int32_t at, Place place) {
  set_instant(r, at, place.at);
  set_seq(r, at + plan::kInstantBytes, place.seq);
}

inline void clear_place(Record& r, std::int32_t at) {
  set_instant(r, at, kUnknown);
  set_seq(r, at + plan::kInstantBytes, kUnknown);
}

// If it is known.
inline void copy_place(Record& r, std::int32_t from, std::int32_t to) {
  if (const Value at = instant(r, from); at != kUnknown) set_place(r, to, {at, seq(r, from + plan::kInstantBytes)});
}

// Of what something started with nothing stays, so that its units are empty.
inline void clear_start(Record& r, const plan::StartCells& start) {
  set_instant(r, start.at, kUnknown);
  set(r, start.identity, kUnknown);
  if (start.seq.at >= 0) set(r, start.seq, kUnknown);
  if (start.alternative.at >= 0) set(r, start.alternative, kUnknown);
  for (const plan::Cell& c : start.captures) set(r, c, kUnknown);
}

// Clears `n` instants that follow each other.
inline void clear_instants(Record& r, std::int32_t at, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) set_instant(r, at + static_cast<std::int32_t>(i) * plan::kInstantBytes, kUnknown);
}

// Puts an instant (and its seq, if the ring keeps it) in front of a ring of n; the oldest falls out.
void push_front(Record& r, plan::Ring ring, std::int64_t n, Value t, std::int64_t seq = 0);

// ---- what there is ----

// Units of sparse cells, to go through those that a visitor has.
class Units {
 public:
  void add(std::int32_t cell);
  bool empty() const { return words_.empty(); }
  template <std::invocable<std::size_t> Each>
  void each(const Record& r, Each each) const {        // each(unit), in their order; it may write to no unit that is not there
    if (words_.empty()) return;
    const cells::Word* const words = cells::directory(r).words();
    for (const auto& [word, mask] : words_)
      for (std::uint64_t bits = words[word].present & mask; bits != 0; bits &= bits - 1) each(word * std::size_t{64} + static_cast<std::size_t>(std::countr_zero(bits)));
  }
  bool any(const Record& r) const {
    if (words_.empty()) return false;
    const cells::Word* const words = cells::directory(r).words();
    for (const auto& [word, mask] : words_)
      if ((words[word].present & mask) != 0) return true;
    return false;
  }

 private:
  std::vector<std::pair<std::uint32_t, std::uint64_t>> words_;  // ascending
};

// ---- overflow lists ----

const std::vector<Value>& list(const Record& r, std::int32_t number);  // an empty one if there never was any
std::vector<Value>& own_list(Record& r, std::int32_t number);           // good until another list is asked for

}  // namespace polku::record
