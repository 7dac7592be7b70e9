// The inner loops of matching, once for each kind of vector unit. All give the same results. Inside the match stage and its tests and benchmarks only.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/value.h"

namespace polku::match {

inline constexpr std::size_t kBits = 512;                     // positions of a block
inline constexpr std::size_t kWords = kBits / 64;

// Tables of equal steps, a column a value: a known value v belongs to row 1 + ((min(max(v, base), top) - base) >> shift), a missing one to row 0.
struct Step {
  Value base = 0, top = 0;                                    // base <= top; top - base fits 63 bits
  Value shift = 0;                                            // so that there are fewer than 2^31 rows
  std::uint32_t first = 0;                                    // where row 0 begins
  std::uint32_t stride = 0;                                   // from row to row

  std::uint32_t row(Value v) const { return first + (v == kUnknown ? 0 : static_cast<std::uint32_t>(((v < base ? base : v > top ? top : v) - base) >> shift) + 1) * stride; }
};

// The steps of up to kLanes attributes whose cells (runtime/record/cells.h) of 1, 2 or 4 bytes follow each other: a known value whose cell says c belongs
// to row 1 + min((max(c, base) - base) >> shift, last). Three cache lines: an event reads those of its type, and they compete with the rows for the first-level cache.
struct alignas(64) Chunk {
  static constexpr std::size_t kLanes = 16;
  static constexpr std::size_t kLast = 0xffff;
  static constexpr std::uint16_t kAll = 0xffff;
  std::uint32_t base[kLanes] = {};                            // as a cell; of cells of 1 and 2 bytes it may be less than 0
  std::uint32_t first[kLanes] = {};
  std::uint16_t last[kLanes] = {};
  std::uint8_t shift[kLanes] = {};                            // less than 32
  std::uint32_t stride = 0;                                   // from row to row, of lanes that are not `single`; those have 1
  std::int32_t at = 0;                                        // of the record's cells
  std::uint16_t bytes = 0;                                    // of one
  std::uint16_t lanes = 0;                                    // a bit each that may be read, from the first on; likewise below
  std::uint16_t used = 0;                                     // that some position asks for
  std::uint16_t single = 0;

  static std::uint32_t moved(std::uint16_t bytes) { return bytes == 4 ? 0x8000'0000u : 1; }  // what a cell says of 0
  Value value(std::size_t lane) const { return static_cast<std::int32_t>(base[lane] - moved(bytes)); }  // of its base
  std::uint32_t stride_of(std::size_t lane) const { return (single >> lane & 1) != 0 ? 1 : stride; }
};
static_assert(sizeof(Chunk) == 192);

// What conditions ask of one cell each: of `mask` of the four bytes at `at` behind `shift`. Passed by raw values from lo to lo + span whose last five bits are
// in `set`, by what does not fit its cell, and by what is missing if `gone` is all ones. One of mask 0 is passed by everything.
template <std::size_t kLooks>
struct alignas(4 * kLooks) Looks {
  std::uint32_t at[kLooks] = {}, shift[kLooks] = {}, mask[kLooks] = {}, lo[kLooks] = {}, span[kLooks] = {}, set[kLooks] = {}, gone[kLooks] = {};
};

// A block in which something is left.
struct Left {
  alignas(64) std::uint64_t words[kWords];
  std::uint32_t block;
  std::uint32_t some;                                         // a bit for each word that is not 0
};

struct Placed {
  bool missing = false;                                       // some value used
  bool wide = false;                                          // some value does not fit its cell: its row is not to be used
};

struct Kernel {
  const char* name;
  // Of each lane used of each chunk, where the row of its value begins. missing: of each chunk the lanes used whose value is missing.
  Placed (*place)(const Chunk* chunks, std::size_t count, const std::byte* cells, std::uint32_t* rows, std::uint16_t* missing);
  // In place of the rows of what is missing those of `open`, of as many sixteens of lanes.
  void (*open)(const std::uint32_t* open, const std::uint16_t* missing, std::size_t sixteens, std::uint32_t* rows);
  // The AND of the rows order[0 … count), count > 0, of those blocks whose bit is set in some[0 … words); returns how many blocks it left something in.
  std::size_t (*meet)(const std::uint64_t* table, const std::uint32_t* rows, const std::uint32_t* order, std::size_t count, const std::uint64_t* some, std::size_t words, Left* left);
  // Whether anything is left of the positions of a row; and what is left of them that a row has, Left::some aside.
  bool (*asks)(const Left* left, std::size_t blocks, const std::uint64_t* row);
  void (*keep)(Left* left, std::size_t blocks, const std::uint64_t* row);
  // Of up to 64 conditions, a bit each in `everyone`, those that pass their first look, eight in one of `firsts`, and all of their `seconds`.
  std::uint64_t (*look)(const Looks<8>* firsts, const Looks<4>* seconds, std::uint64_t everyone, const std::byte* cells);
};

// Those that this processor can run, the quickest first; portable is always the last. AVX-512 needs F, BW, DQ and VL.
const std::vector<const Kernel*>& kernels();

// The AND of rows of one word each.
std::uint64_t meet_words(const std::uint64_t* table, const std::uint32_t* rows, const std::uint32_t* order, std::size_t count);

}  // namespace polku::match
