// Compiled twice (CMakeLists.txt): POLKU_KERNEL is avx512 or avx2.
#include <immintrin.h>

#include "tests/bench/bare/bare.h"

namespace polku::bench::POLKU_KERNEL {

namespace {

// A bitmap, or a block of one.
template <std::size_t kWords>
struct Block {
  typedef std::uint64_t Vector __attribute__((vector_size(kWords * 8)));
  Vector v;
  static Block load(const std::uint64_t* p) { return {*reinterpret_cast<const Vector*>(p)}; }
  void operator&=(const Block& b) { v &= b.v; }
  bool empty() const {
    if constexpr (kWords == 2) {
      return _mm_testz_si128(reinterpret_cast<__m128i>(v), reinterpret_cast<__m128i>(v));
    } else if constexpr (kWords == 4) {
      return _mm256_testz_si256(reinterpret_cast<__m256i>(v), reinterpret_cast<__m256i>(v));
    } else {
#ifdef __AVX512F__
      return _mm512_test_epi64_mask(reinterpret_cast<__m512i>(v), reinterpret_cast<__m512i>(v)) == 0;
#else
      const __m256i* half = reinterpret_cast<const __m256i*>(&v);
      const __m256i both = _mm256_or_si256(half[0], half[1]);
      return _mm256_testz_si256(both, both);
#endif
    }
  }
  void store(std::uint64_t* to) const { *reinterpret_cast<Vector*>(to) = v; }
};
template <>
struct Block<1> {
  std::uint64_t v;
  static Block load(const std::uint64_t* p) { return {*p}; }
  void operator&=(const Block& b) { v &= b.v; }
  bool empty() const { return v == 0; }
  void store(std::uint64_t* to) const { *to = v; }
};

inline std::size_t compare(const Bucket::Cuts& cuts, std::int32_t x) {
#ifdef __AVX512F__
  return static_cast<std::size_t>(__builtin_popcount(_mm512_cmple_epi32_mask(_mm512_load_si512(cuts.of), _mm512_set1_epi32(x))));
#else
  const __m256i value = _mm256_set1_epi32(x), low = _mm256_load_si256(reinterpret_cast<const __m256i*>(cuts.of)), high = _mm256_load_si256(reinterpret_cast<const __m256i*>(cuts.of + 8));
  const __m256i above = _mm256_packs_epi32(_mm256_cmpgt_epi32(low, value), _mm256_cmpgt_epi32(high, value));  // two bytes a cut
  return 16 - static_cast<std::size_t>(__builtin_popcount(static_cast<unsigned>(_mm256_movemask_epi8(above)))) / 2;
#endif
}

template <class Number>
inline std::size_t interval(const Direct<Number>& c, std::int32_t x) {
  const std::uint32_t from = static_cast<std::uint32_t>(x) - static_cast<std::uint32_t>(c.least);
  return c.intervals[from < c.span ? from : c.span + (x == kMissing ? 0 : x < c.least ? 1 : 2)];
}

inline std::size_t interval(const Search& c, std::int32_t x) {
  const std::int32_t* base = c.cuts.data();
  for (std::size_t n = c.cuts.size(); n > 1;) {
    const std::size_t half = n / 2;
    base += base[half - 1] <= x ? half : 0;
    n -= half;
  }
  return c.intervals[static_cast<std::size_t>(base - c.cuts.data()) + (*base <= x ? 1 : 0)];
}

// Calls group(n, mask) for each kind of column, mask(i) being the bitmap of column i for the row, until one returns false.
template <class Group>
inline void by_kind(const Bucket& b, const std::int32_t* row, Group group) {
  const auto of = [&](const auto& columns) {
    return group(columns.size(), [&](std::size_t i) { return columns[i].masks + interval(columns[i], row[columns[i].attribute]) * b.words; });
  };
  if (!of(b.direct8) || (!b.direct16.empty() && !of(b.direct16)) || (!b.search.empty() && !of(b.search))) return;
  group(b.compare.size(), [&](std::size_t i) { return b.compare[i].masks + compare(b.cuts[i], row[b.compare[i].attribute]) * b.words; });
}

// The rules of the clauses left in a block; `rules` begins with that of its first clause. The last rule found is `last`.
template <std::size_t kWords>
inline std::uint32_t* emit(const Block<kWords>& left, const std::uint32_t* rules, std::uint32_t* ids, std::uint32_t& last) {
  alignas(64) std::uint64_t words[kWords];
  left.store(words);
  const auto word = [&](std::size_t w) {
    for (std::uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
      const std::uint32_t rule = rules[w * 64 + static_cast<std::size_t>(__builtin_ctzll(bits))];
      *ids = rule;
      ids += rule != last;
      last = rule;
    }
  };
#ifdef __AVX512F__
  if constexpr (kWords == 8) {
    for (unsigned some = _mm512_test_epi64_mask(reinterpret_cast<__m512i>(left.v), reinterpret_cast<__m512i>(left.v)); some != 0; some &= some - 1)
      word(static_cast<std::size_t>(__builtin_ctz(some)));
    return ids;
  }
#endif
  for (std::size_t w = 0; w < kWords; ++w) word(w);
  return ids;
}

constexpr std::uint32_t kNone = 0xffffffff;

// A bitmap is one block: columns are looked up only as long as a clause is left.
template <std::size_t kWords>
std::size_t match_one(const Bucket& b, const std::int32_t* row, std::uint32_t* ids) {
  Block<kWords> left{};
  left.v = ~left.v;
  by_kind(b, row, [&](std::size_t n, auto mask) {
    const auto narrow = [&](std::size_t i) { left &= Block<kWords>::load(mask(i)); };
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4) {
      narrow(i);
      narrow(i + 1);
      narrow(i + 2);
      narrow(i + 3);
      if (left.empty()) return false;
    }
    for (; i < n; ++i) narrow(i);
    return true;
  });
  std::uint32_t last = kNone;
  return left.empty() ? 0 : static_cast<std::size_t>(emit(left, b.rules.data(), ids, last) - ids);
}

std::size_t match_many(const Bucket& b, const std::int32_t* row, std::uint32_t* ids) {
  constexpr std::size_t kMost = 1024;  // attributes
  const std::uint64_t* masks[kMost];
  std::size_t columns = 0;
  by_kind(b, row, [&](std::size_t n, auto mask) {
    for (std::size_t i = 0; i < n; ++i) masks[columns++] = mask(i);
    return true;
  });
  std::uint32_t* to = ids;
  std::uint32_t last = kNone;
  for (std::size_t word = 0; word < b.words; word += 8) {
    const auto mask = [&](std::size_t i) { return Block<8>::load(masks[i] + word); };
    Block<8> left = mask(0);
    std::size_t i = 1;
    for (; i + 4 <= columns; i += 4) {
      left &= mask(i);
      left &= mask(i + 1);
      left &= mask(i + 2);
      left &= mask(i + 3);
      if (left.empty()) break;
    }
    if (i + 4 <= columns) continue;
    for (; i < columns; ++i) left &= mask(i);
    if (!left.empty()) to = emit(left, b.rules.data() + word * 64, to, last);
  }
  return static_cast<std::size_t>(to - ids);
}

}  // namespace

std::size_t match(const Bucket& b, const std::int32_t* row, std::uint32_t* ids) {
  switch (b.words) {
    case 0: return 0;
    case 1: return match_one<1>(b, row, ids);
    case 2: return match_one<2>(b, row, ids);
    case 4: return match_one<4>(b, row, ids);
    case 8: return match_one<8>(b, row, ids);
    default: return match_many(b, row, ids);
  }
}

}  // namespace polku::bench::POLKU_KERNEL
