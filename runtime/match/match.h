// Rules as data: of many conditions at once, which are surely false by a visitor's attributes alone.
//
// The constants that conditions compare an attribute with cut its values into intervals; "missing" is one more. Each interval has a bitmap of the
// conditions that are not surely false there, and matching is an AND of one bitmap an attribute: a binary search and a few words each, however many
// rules ask. (Bit-vector packet classification: Lakshman and Stiliadis, SIGCOMM 1998.)
#pragma once
#include <cstdint>
#include <vector>

#include "compiler/plan/plan.h"

namespace polku::match {

// Immutable once made; safe from many threads. The plan is read by the constructor only.
class Screen {
 public:
  Screen() = default;
  // conditions: codes of the plan, each of a yes/no result; -1: one that always stays.
  Screen(const plan::Plan& plan, const std::vector<plan::CodeId>& conditions);

  // Calls keep(i) for each i in ascending order for which conditions[i] is not surely `no`. attributes: as in plan::Context.
  template <class Keep>
  void run(const Value* attributes, Keep keep) const {
    for (const Block& block : blocks_) {
      std::uint64_t bits[kWords];
      narrow(block, attributes, bits);
      for (std::size_t w = 0; w < block.all.size(); ++w)
        for (std::uint64_t left = bits[w]; left != 0; left &= left - 1) keep(block.first + w * 64 + static_cast<std::size_t>(__builtin_ctzll(left)));
    }
  }

 private:
  // Conditions are tabled in blocks, so that the tables grow with their number, not with its square.
  static constexpr std::size_t kWords = 16;
  static constexpr Value kDirect = 4096;    // cuts between this and its negative lie close together
  struct Column {
    std::int32_t attribute = 0;
    std::vector<Value> cuts;                // ascending; interval i is cuts[i-1] <= value < cuts[i]; interval 0 is "missing", cuts[0] the least value
    std::vector<std::uint16_t> direct;      // where the cuts lie close together: of cuts[1], cuts[1] + 1, … the interval
    std::size_t interval(Value value) const;
    std::vector<std::uint64_t> masks;       // as many words as the block's `all` each: which conditions ask for the attribute, then of each interval those that may hold
  };
  struct Block {
    std::size_t first = 0;                  // of its conditions
    std::vector<std::uint64_t> all;         // a bit for each of them
    std::vector<Column> columns;            // the most selective first
  };

  static Block make(const plan::Plan& plan, const std::vector<plan::CodeId>& conditions, std::size_t first, std::size_t count);
  static void narrow(const Block& block, const Value* attributes, std::uint64_t* bits);

  std::vector<Block> blocks_;
};

}  // namespace polku::match
