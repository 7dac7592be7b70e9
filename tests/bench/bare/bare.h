// The yardstick: bit-vector matching and nothing else. What a rule asks of an attribute is constant on intervals of its values; each interval has a bitmap
// of the clauses that may hold there; an event ANDs one bitmap an attribute, in blocks of 512 bits, and a block that is empty is left.
// (Lakshman and Stiliadis, High-speed policy-based packet forwarding, SIGCOMM 1998.) `or` and `not` become clauses: each is a conjunction, a rule has some.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/workload.h"

namespace polku::bench {

// A column is an attribute that rules of the type ask for. Its masks are the bitmaps of its intervals; interval 0 is "missing", then cut by cut: interval i is
// cuts[i-1] <= value < cuts[i], or (Direct, Search) what a table says of it, as intervals of the same clauses share a bitmap.
struct Compare { std::int32_t attribute = 0; const std::uint64_t* masks = nullptr; };  // up to 16 cuts, compared at once: they stand in Bucket::cuts
template <class Number>
struct Direct {                            // cuts that lie close together: intervals of least, least + 1, … (span of them), then of missing, what is less, what is more
  std::int32_t attribute = 0, least = 0;
  std::uint32_t span = 0;
  const Number* intervals = nullptr;
  const std::uint64_t* masks = nullptr;
};
struct Search { std::int32_t attribute = 0; std::vector<std::int32_t> cuts; std::vector<std::uint16_t> intervals; const std::uint64_t* masks = nullptr; };

// The clauses of one type of event. Columns of a kind stand with the most selective first; the kinds are taken in this order.
struct Bucket {
  std::size_t words = 0;                   // of a bitmap: 1, 2, 4, or a multiple of 8
  std::vector<Direct<std::uint8_t>> direct8;
  std::vector<Direct<std::uint16_t>> direct16;
  std::vector<Search> search;
  std::vector<Compare> compare;
  struct alignas(64) Cuts { std::int32_t of[16]; };  // ascending, filled up with the largest number
  std::vector<Cuts> cuts;                  // of compare
  std::vector<std::uint32_t> rules;        // of each clause; those of one rule stand together
};

namespace avx512 { std::size_t match(const Bucket& bucket, const std::int32_t* row, std::uint32_t* ids); }
namespace avx2 { std::size_t match(const Bucket& bucket, const std::int32_t* row, std::uint32_t* ids); }

class Bare {
 public:
  explicit Bare(const Workload& workload);
  // Writes the rules that hold for the row, each once, and returns how many; `ids` has room for all rules.
  std::size_t match(const std::int32_t* row, std::uint32_t* ids) const { return kernel_(buckets_[static_cast<std::size_t>(row[0])], row, ids); }
  std::size_t match_avx2(const std::int32_t* row, std::uint32_t* ids) const { return avx2::match(buckets_[static_cast<std::size_t>(row[0])], row, ids); }  // the same with AVX2
  bool wide() const { return kernel_ == avx512::match; }  // match() uses AVX-512; else AVX2
  std::size_t bytes() const { return bytes_; }   // of the bitmaps and tables

 private:
  std::vector<Bucket> buckets_;
  struct Free { void operator()(std::uint64_t* p) const; };
  std::unique_ptr<std::uint64_t, Free> table_;   // all bitmaps, then all tables of intervals
  std::size_t bytes_ = 0;
  std::size_t (*kernel_)(const Bucket&, const std::int32_t*, std::uint32_t*) = nullptr;
};

}  // namespace polku::bench
