// Rules as data: which of many conditions hold, all at once.
//
// The constants that conditions compare a value with cut its range into intervals; "missing" is one more. Each interval has a bitmap of the conditions
// that may hold there, and matching is an AND of one bitmap a value, however many rules ask. (Bit-vector packet classification: Lakshman and Stiliadis,
// SIGCOMM 1998.) Intervals are steps of equal width, so that the bitmap is found without a search; where constants lie too close or too far apart for
// that, a step holds several, and what it leaves open is looked at literal by literal. Of a few conditions only the test that says no most often is made
// for each of them, and the others for what that leaves: below some 32 that is quicker than a row for each value.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/base/pool.h"
#include "runtime/match/condition.h"
#include "runtime/match/kernel.h"
#include "runtime/record/cells.h"

namespace polku::match {

// A condition to be found, and the number by which its asker knows it. captures, event: of the rule that asks, for the fields of what starts it.
// code -1: always open. tell: its asker has to look at it when it is unknown.
struct Asked {
  std::uint32_t number = 0;
  plan::CodeId code = -1;
  const std::vector<plan::Capture>* captures = nullptr;
  plan::OccurrenceId event = -1;
  bool tell = false;
};

// Gives what lookups need, once the first of them is needed.
class Asker {
 public:
  virtual ~Asker() = default;
  // Of the same record and instant; its fields are those of the starting event, by number. Attributes only if they are asked for.
  virtual const plan::Context& context(bool attributes) = 0;
  virtual Value evaluate(plan::CodeId code) = 0;
};

// What conditions see: the visitor's record, laid out by the plan; fields of the starting event, by number (read only if captures of it are asked for).
struct Seen {
  const record::Record* record = nullptr;
  const Value* fields = nullptr;
  Millis now = 0;
  Asker* asker = nullptr;                            // may be null if nothing is asked but attributes, fields, the time and counts of the latest few
};

// How often each condition came to be unknown. Of one screen; one thread at a time.
// Counters are kept bit by bit, 64 to a word, so that a whole block is counted at once.
class Tally {
 public:
  std::uint64_t count(std::uint32_t position) const;
  void add(std::size_t word, std::uint64_t positions);

 private:
  std::vector<std::vector<std::uint64_t>> planes_;  // of each word of positions: bit 0 of their counters, bit 1, …
};

// Reused from call to call, of any screens; one thread at a time.
struct Scratch {
  std::vector<std::uint32_t> rows;
  std::vector<std::uint16_t> missing;
  bool some_missing = false;
  std::vector<Left, base::PageAllocator<Left>> left, unknown;
  std::vector<std::uint64_t> some;                   // a bit for each block in which something may be left
  struct Found { std::uint64_t run = 0; Value value = kUnknown; };
  std::vector<Found> lookups;
  std::uint64_t run = 0;
};

// Safe from many threads, but for leave_out(). The plan must outlive it; it may be patched.
class Screen {
 public:
  Screen() = default;
  Screen(Screen&&) = default;
  Screen& operator=(Screen&&) = default;
  Screen(const plan::Plan& plan, const plan::SharedTests& shared, const std::vector<Asked>& conditions, const Kernel& kernel = *kernels().front());

  // The numbers are all different. Calls keep(number, holds) once for each condition that is yes (holds), or that the screen cannot decide (holds is false). Not in their order.
  // Those that are unknown are counted in *unknown, or kept as undecided: if that is null, and those to be told of.
  template <class Keep>
  void run(const Seen& seen, Scratch& scratch, Tally* unknown, Keep keep) const {
    std::size_t blocks = narrow(seen, scratch, unknown);
    if (!late_.empty()) blocks = narrow_late(seen, scratch, blocks);
    const bool missing = scratch.some_missing;
    const int sure = !missing ? kWhole : unknown ? kExact : -1;
    std::uint32_t last = UINT32_MAX;
    for (std::size_t b = 0; b < blocks; ++b) {
      const Left& left = scratch.left[b];
      for (unsigned some = left.some; some != 0; some &= some - 1) {
        const auto w = static_cast<unsigned>(__builtin_ctz(some));
        for (std::uint64_t bits = left.words[w]; bits != 0; bits &= bits - 1) {
          const std::uint32_t position = left.block * std::uint32_t{kBits} + w * 64 + static_cast<unsigned>(__builtin_ctzll(bits));
          const Position& p = positions_[position];
          if (std::exchange(last, p.number) == p.number) continue;  // another alternative of it
          if (static_cast<int>(p.how) <= sure) {
            keep(p.number, true);
            continue;
          }
          const Value is = p.first_test == kMostTests ? kUnknown : test(p.first_test, seen, scratch, missing);
          if (is == kNo) continue;
          if (p.how == kOpen) {
            keep(p.number, false);
          } else if (is == kYes) {
            keep(p.number, true);
          } else {
            if (unknown && !p.tell) unknown->add(first_of(position) / 64, std::uint64_t{1} << first_of(position) % 64);
            else keep(p.number, false);
          }
        }
      }
    }
  }

  // From now on the condition is neither found nor counted. One bit in each row of one column: some hundred nanoseconds.
  void leave_out(std::size_t condition);

  std::size_t conditions() const { return position_of_.size(); }
  std::uint64_t count(const Tally& tally, std::size_t condition) const { return tally.count(position_of_[condition]); }
  std::size_t bytes() const;

 private:
  // Of what is left of a position. kExact: it holds. kWhole: it holds if nothing is missing that columns ask for, else its tests decide. kChecked: its
  // tests decide. kOpen: the code does, if it has no test that says no.
  enum How : std::uint8_t { kExact, kWhole, kChecked, kOpen };
  // A condition has several next to each other if it is an `or`: one for each alternative.
  struct Position {
    std::uint32_t number;
    std::uint32_t first_test : 29, how : 2, tell : 1;
  };
  static constexpr std::uint32_t kMostTests = (1u << 29) - 1;  // as the first: it has none
  // lo <= value <= hi. A clause is the tests up to its last, any of which may hold.
  struct Test {
    Value lo, hi;
    Source source;
    std::uint8_t missing : 2;                        // what it is then, by kIs
    std::uint8_t last : 1;                           // of its clause
    std::uint8_t last_open : 1, last_of_all : 1;     // of the clauses that the tables do not have, of all of them
  };
  static constexpr Value kIs[] = {kNo, kYes, kUnknown};

  class Maker;
  std::size_t narrow(const Seen& seen, Scratch& scratch, Tally* unknown) const;
  std::size_t narrow_few(const Seen& seen, Scratch& scratch) const;
  std::size_t narrow_late(const Seen& seen, Scratch& scratch, std::size_t blocks) const;
  std::uint64_t first_of_all(std::uint64_t positions, std::size_t word) const;
  std::size_t meet(Scratch& scratch, std::vector<Left, base::PageAllocator<Left>>& left) const;
  bool place(const Seen& seen, Scratch& scratch) const;
  Value value(const Source& source, const Seen& seen, Scratch& scratch) const;
  Value look_up(std::size_t lookup, const Seen& seen) const;
  Value test(std::uint32_t first, const Seen& seen, Scratch& scratch, bool all_of_them) const;
  std::uint32_t first_of(std::uint32_t position) const;

  const Kernel* kernel_ = nullptr;
  std::size_t words_ = kWords;                       // of a block; 1 if all positions fit one word
  std::size_t blocks_ = 0;
  std::vector<Position> positions_;
  std::vector<std::uint32_t> position_of_;           // of each condition, the first
  std::vector<std::uint64_t> everyone_, exact_;      // a bit for each position; those whose column bits are the whole truth
  std::vector<std::uint64_t> others_of_it_;          // of the latter, alternatives of the condition of the position before; none in the word before

  // Columns by number: the lanes of the chunks, then the others. Those that AND most away stand first in order_.
  std::vector<Chunk, base::PageAllocator<Chunk>> chunks_;
  struct Other { Source source; Step step; };
  std::vector<Other> others_;
  std::size_t chunk_count_ = 0, lane_words_ = 0;     // of chunks_; of them and the others, in sixteens
  std::vector<std::uint32_t> open_;                  // where the row begins that in place of row 0 leaves what is unknown
  std::vector<std::uint32_t> order_;
  std::size_t fewest_ = 0, fewest_end_ = 0;          // the rows of the column that has fewest, in table_
  std::vector<std::uint32_t> shared_, rows_;         // columns many of whose rows are alike: their rows are places in rows_, which has where each begins
  std::vector<plan::Cell> attributes_;               // of the record
  std::vector<std::uint64_t, base::PageAllocator<std::uint64_t>> table_;
  // Of many blocks: a bit for each in which a row has something. Those of the row that begins at table_[i] begin at tops_[i / kWords]; of the first
  // topped_ columns of order_. (Aggregated bit vectors: Baboescu and Varghese, Scalable packet classification, SIGCOMM 2001.)
  std::vector<std::uint64_t, base::PageAllocator<std::uint64_t>> tops_;
  std::size_t topped_ = 0;

  // Of few conditions: a look for each, and four more; at least what passes the condition passes them. Else empty.
  std::vector<Looks<8>> firsts_;
  std::vector<Looks<4>> seconds_;

  std::vector<Test> tests_;
  std::vector<Lookup> lookups_;
  // Columns of what is looked up, each found only if some condition that asks for it is left; cheap ones first. Row 0 is unknown, row i + 1 begins at
  // cut i - 1. Their positions have tests, too, for blocks where little is left.
  struct Late { Source source; std::uint32_t first, stride, users, cut, cuts; };  // users: where the bitmap of the positions that ask for it begins
  std::vector<Late> late_;
  std::vector<Value> late_cuts_;
  const plan::Plan* plan_ = nullptr;                 // for lookups
};

}  // namespace polku::match
