#include "runtime/match/kernel.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // g++ 12 sees it in its own AVX-512 header (GCC bug 105593)
#endif
#endif

namespace polku::match {

namespace {

constexpr std::size_t kStep = 4;  // rows between two looks whether anything is left

// The numbers of the bits that are set.
struct Blocks {
  Blocks(const std::uint64_t* some, std::size_t words) : word(some), end(some + words), bits(*some) {}
  bool next() {
    while (bits == 0) {
      if (++word == end) return false;
      bits = *word;
      base += 64;
    }
    at = base + static_cast<std::size_t>(__builtin_ctzll(bits));
    bits &= bits - 1;
    return true;
  }
  const std::uint64_t *word, *end;
  std::uint64_t bits;
  std::size_t base = 0, at = 0;
};

// ---- any processor ----

// As record/cells.h has them: 0 is missing, all ones does not fit.
template <class Cell>
Placed place_cells(const Chunk& c, const std::byte* cells, std::uint32_t* rows, std::uint16_t& missing) {
  constexpr auto kWide = static_cast<std::uint32_t>(static_cast<Cell>(~Cell{0}));
  unsigned none = 0, wide = 0;
  for (unsigned bits = c.used; bits != 0; bits &= bits - 1) {
    const auto i = static_cast<std::size_t>(__builtin_ctz(bits));
    Cell cell;
    std::memcpy(&cell, cells + i * sizeof(Cell), sizeof(Cell));
    const std::uint32_t raw = cell;
    const bool less = sizeof(Cell) == 4 ? raw < c.base[i] : static_cast<std::int32_t>(raw) < static_cast<std::int32_t>(c.base[i]);
    const std::uint32_t step = less ? 0 : (raw - c.base[i]) >> c.shift[i];
    rows[i] = c.first[i] + (raw != 0 ? std::min<std::uint32_t>(step, c.last[i]) + 1 : 0) * c.stride_of(i);
    none |= (raw == 0 ? 1u : 0u) << i;
    wide |= (raw == kWide ? 1u : 0u) << i;
  }
  missing = static_cast<std::uint16_t>(none);
  return {none != 0, wide != 0};
}

Placed place_portable(const Chunk* chunks, std::size_t count, const std::byte* cells, std::uint32_t* rows, std::uint16_t* missing) {
  Placed all;
  for (const Chunk* c = chunks; c < chunks + count; ++c, rows += Chunk::kLanes, ++missing) {
    const Placed p = c->bytes == 1   ? place_cells<std::uint8_t>(*c, cells + c->at, rows, *missing)
                     : c->bytes == 2 ? place_cells<std::uint16_t>(*c, cells + c->at, rows, *missing)
                                     : place_cells<std::uint32_t>(*c, cells + c->at, rows, *missing);
    all.missing = all.missing || p.missing;
    all.wide = all.wide || p.wide;
  }
  return all;
}

void open_portable(const std::uint32_t* open, const std::uint16_t* missing, std::size_t sixteens, std::uint32_t* rows) {
  for (std::size_t i = 0; i < sixteens; ++i)
    for (unsigned bits = missing[i]; bits != 0; bits &= bits - 1) {
      const std::size_t lane = i * Chunk::kLanes + static_cast<std::size_t>(__builtin_ctz(bits));
      rows[lane] = open[lane];
    }
}

std::size_t meet_portable(const std::uint64_t* table, const std::uint32_t* rows, const std::uint32_t* order, std::size_t count, const std::uint64_t* some, std::size_t words, Left* left) {
  std::size_t n = 0;
  for (Blocks b(some, words); b.next();) {
    Left& out = left[n];
    const std::uint64_t* at = table + b.at * kWords;
    std::copy_n(at + rows[order[0]], kWords, out.words);
    const auto any = [&] {
      out.some = 0;
      for (std::size_t w = 0; w < kWords; ++w) out.some |= (out.words[w] != 0 ? 1u : 0u) << w;
      return out.some != 0;
    };
    for (std::size_t i = 1; i < count && any();)
      for (const std::size_t end = std::min(i + kStep, count); i < end; ++i)
        for (std::size_t w = 0; w < kWords; ++w) out.words[w] &= at[rows[order[i]] + w];
    out.block = static_cast<std::uint32_t>(b.at);
    n += any();
  }
  return n;
}

bool asks_portable(const Left* left, std::size_t blocks, const std::uint64_t* row) {
  std::uint64_t any = 0;
  for (std::size_t b = 0; b < blocks && any == 0; ++b)
    for (std::size_t w = 0; w < kWords; ++w) any |= left[b].words[w] & row[left[b].block * kWords + w];
  return any != 0;
}

void keep_portable(Left* left, std::size_t blocks, const std::uint64_t* row) {
  for (std::size_t b = 0; b < blocks; ++b)
    for (std::size_t w = 0; w < kWords; ++w) left[b].words[w] &= row[left[b].block * kWords + w];
}

// Without branches: nobody could foretell them.
template <std::size_t kLooks>
unsigned pass_portable(const Looks<kLooks>& l, const std::byte* cells) {
  unsigned all = 0;
  for (std::size_t i = 0; i < kLooks; ++i) {
    std::uint32_t raw;
    std::memcpy(&raw, cells + l.at[i], sizeof raw);
    raw = raw >> l.shift[i] & l.mask[i];
    const std::uint32_t inside = (raw - l.lo[i] <= l.span[i] ? 1u : 0u) & l.set[i] >> (raw & 31);
    all |= ((inside | (raw == l.mask[i] ? 1u : 0u) | ((raw == 0 ? 1u : 0u) & l.gone[i])) & 1) << i;
  }
  return all;
}

std::uint64_t look_portable(const Looks<8>* firsts, const Looks<4>* seconds, std::uint64_t everyone, const std::byte* cells) {
  std::uint64_t first = 0, left = 0;
  for (unsigned i = 0; i < 64 && everyone >> i != 0; i += 8) first |= std::uint64_t{pass_portable(*firsts++, cells)} << i;
  for (std::uint64_t bits = first & everyone; bits != 0; bits &= bits - 1) {
    const int i = __builtin_ctzll(bits);
    left |= std::uint64_t{pass_portable(seconds[i], cells) == 0xf} << i;
  }
  return left;
}

constexpr Kernel kPortable{"portable", place_portable, open_portable, meet_portable, asks_portable, keep_portable, look_portable};

#if defined(__x86_64__)

// ---- AVX2: four values, half a block at a time ----

#define POLKU_AVX2 __attribute__((target("avx2")))

// Half of the lanes of a chunk, the second if kHalf is 1; from: its cells.
template <int kBytes, int kHalf>
POLKU_AVX2 inline __attribute__((always_inline)) void place_half(const Chunk& c, const std::byte* from, std::uint32_t* rows, unsigned& none, unsigned& wide) {
  constexpr int kLane = 8 * kHalf;
  const __m256i one = _mm256_set1_epi32(1), zero = _mm256_setzero_si256(), bit = _mm256_setr_epi32(1 << kLane, 2 << kLane, 4 << kLane, 8 << kLane, 16 << kLane, 32 << kLane, 64 << kLane, 128 << kLane);
  const auto load = [&](const void* p) POLKU_AVX2 { return _mm256_load_si256(static_cast<const __m256i*>(p) + kHalf); };
  const auto bits = [&](__m256i x) POLKU_AVX2 { return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(x))) << kLane; };
  const auto* at = reinterpret_cast<const __m128i*>(from + kLane * kBytes);
  const __m256i raw = kBytes == 1 ? _mm256_cvtepu8_epi32(_mm_loadl_epi64(at)) : kBytes == 2 ? _mm256_cvtepu16_epi32(_mm_loadu_si128(at)) : _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  const __m256i base = load(c.base), gone = _mm256_cmpeq_epi32(raw, zero);
  const __m256i shift = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(c.shift + kLane)));
  const __m256i last = _mm256_cvtepu16_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(c.last) + kHalf));
  const __m256i v = _mm256_sub_epi32(kBytes == 4 ? _mm256_max_epu32(raw, base) : _mm256_max_epi32(raw, base), base);
  const __m256i row = _mm256_andnot_si256(gone, _mm256_add_epi32(_mm256_min_epu32(_mm256_srlv_epi32(v, shift), last), one));
  const __m256i single = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(c.single), bit), bit);
  const __m256i place = _mm256_blendv_epi8(_mm256_mullo_epi32(row, _mm256_set1_epi32(static_cast<int>(c.stride))), row, single);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(rows + kLane), _mm256_add_epi32(load(c.first), place));
  none |= bits(gone);
  wide |= bits(_mm256_cmpeq_epi32(raw, _mm256_set1_epi32(kBytes == 4 ? -1 : (1 << 8 * kBytes) - 1)));
}

template <int kBytes>
POLKU_AVX2 inline __attribute__((always_inline)) void place_chunk(const Chunk& c, const std::byte* from, std::uint32_t* rows, unsigned& none, unsigned& wide) {
  if ((c.used & 0x00ff) != 0) place_half<kBytes, 0>(c, from, rows, none, wide);
  if ((c.used & 0xff00) != 0) place_half<kBytes, 1>(c, from, rows, none, wide);
}

POLKU_AVX2 Placed place_avx2(const Chunk* chunks, std::size_t count, const std::byte* cells, std::uint32_t* rows, std::uint16_t* missing) {
  unsigned any = 0, wide = 0;
  alignas(32) std::byte few[Chunk::kLanes * 4];
  for (const Chunk* c = chunks; c < chunks + count; ++c, rows += Chunk::kLanes, ++missing) {
    const std::byte* from = cells + c->at;
    if (c->lanes != Chunk::kAll) [[unlikely]] {               // a record of few bytes
      std::memset(few, 1, sizeof few);
      std::memcpy(few, from, static_cast<std::size_t>(__builtin_popcount(c->lanes) * c->bytes));
      from = few;
    }
    unsigned none = 0, beside = 0;
    if (c->bytes == 1) place_chunk<1>(*c, from, rows, none, beside);
    else if (c->bytes == 2) place_chunk<2>(*c, from, rows, none, beside);
    else place_chunk<4>(*c, from, rows, none, beside);
    *missing = static_cast<std::uint16_t>(none & c->used);
    any |= *missing;
    wide |= beside & c->used;
  }
  return {any != 0, wide != 0};
}

POLKU_AVX2 void open_avx2(const std::uint32_t* open, const std::uint16_t* missing, std::size_t sixteens, std::uint32_t* rows) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  for (std::size_t half = 0; half < 2 * sixteens; ++half) {
    const int bits = missing[half / 2] >> 8 * (half % 2) & 0xff;
    if (bits == 0) continue;
    const __m256i gone = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(bits), bit), bit);
    auto* const at = reinterpret_cast<__m256i*>(rows + 8 * half);
    _mm256_storeu_si256(at, _mm256_blendv_epi8(_mm256_loadu_si256(at), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(open + 8 * half)), gone));
  }
}

POLKU_AVX2 std::size_t meet_avx2(const std::uint64_t* table, const std::uint32_t* rows, const std::uint32_t* order, std::size_t count, const std::uint64_t* some, std::size_t words, Left* left) {
  std::size_t n = 0;
  for (Blocks b(some, words); b.next();) {
    const std::uint64_t* at = table + b.at * kWords;
    const auto half = [&](std::size_t i, std::size_t words) POLKU_AVX2 { return _mm256_load_si256(reinterpret_cast<const __m256i*>(at + rows[order[i]] + words)); };
    __m256i low = half(0, 0), high = half(0, 4);
    const auto empty = [&]() POLKU_AVX2 {
      const __m256i all = _mm256_or_si256(low, high);
      return _mm256_testz_si256(all, all) != 0;
    };
    std::size_t i = 1;
    for (; i + kStep <= count && !empty(); i += kStep) {
      low = _mm256_and_si256(_mm256_and_si256(_mm256_and_si256(low, half(i, 0)), half(i + 1, 0)), _mm256_and_si256(half(i + 2, 0), half(i + 3, 0)));
      high = _mm256_and_si256(_mm256_and_si256(_mm256_and_si256(high, half(i, 4)), half(i + 1, 4)), _mm256_and_si256(half(i + 2, 4), half(i + 3, 4)));
    }
    for (; i < count && !empty(); ++i) {
      low = _mm256_and_si256(low, half(i, 0));
      high = _mm256_and_si256(high, half(i, 4));
    }
    if (empty()) continue;
    _mm256_store_si256(reinterpret_cast<__m256i*>(left[n].words), low);
    _mm256_store_si256(reinterpret_cast<__m256i*>(left[n].words + 4), high);
    const auto zero = [](__m256i x) POLKU_AVX2 { return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(x, _mm256_setzero_si256())))); };
    left[n].some = ~(zero(low) | zero(high) << 4) & 0xffu;
    left[n++].block = static_cast<std::uint32_t>(b.at);
  }
  return n;
}

POLKU_AVX2 bool asks_avx2(const Left* left, std::size_t blocks, const std::uint64_t* row) {
  for (std::size_t b = 0; b < blocks; ++b)
    for (std::size_t w = 0; w < kWords; w += 4) {
      const auto *words = reinterpret_cast<const __m256i*>(left[b].words + w), *at = reinterpret_cast<const __m256i*>(row + left[b].block * kWords + w);
      if (!_mm256_testz_si256(_mm256_load_si256(words), _mm256_load_si256(at))) return true;
    }
  return false;
}

POLKU_AVX2 void keep_avx2(Left* left, std::size_t blocks, const std::uint64_t* row) {
  for (std::size_t b = 0; b < blocks; ++b)
    for (std::size_t w = 0; w < kWords; w += 4) {
      auto* const words = reinterpret_cast<__m256i*>(left[b].words + w);
      _mm256_store_si256(words, _mm256_and_si256(_mm256_load_si256(words), _mm256_load_si256(reinterpret_cast<const __m256i*>(row + left[b].block * kWords + w))));
    }
}

POLKU_AVX2 unsigned pass_avx2(const Looks<8>& l, const std::byte* cells) {
  const auto load = [&](const std::uint32_t* p) POLKU_AVX2 { return _mm256_load_si256(reinterpret_cast<const __m256i*>(p)); };
  const __m256i mask = load(l.mask), span = load(l.span);
  const __m256i raw = _mm256_and_si256(_mm256_srlv_epi32(_mm256_i32gather_epi32(reinterpret_cast<const int*>(cells), load(l.at), 1), load(l.shift)), mask);
  const __m256i above = _mm256_sub_epi32(raw, load(l.lo)), inside = _mm256_cmpeq_epi32(_mm256_max_epu32(above, span), span);
  const __m256i in_set = _mm256_slli_epi32(_mm256_srlv_epi32(load(l.set), _mm256_and_si256(raw, _mm256_set1_epi32(31))), 31);
  const __m256i anyway = _mm256_or_si256(_mm256_cmpeq_epi32(raw, mask), _mm256_and_si256(_mm256_cmpeq_epi32(raw, _mm256_setzero_si256()), load(l.gone)));
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_or_si256(_mm256_and_si256(inside, in_set), anyway))));
}

POLKU_AVX2 unsigned pass_avx2(const Looks<4>& l, const std::byte* cells) {
  const auto load = [&](const std::uint32_t* p) POLKU_AVX2 { return _mm_load_si128(reinterpret_cast<const __m128i*>(p)); };
  const __m128i mask = load(l.mask), span = load(l.span);
  const __m128i raw = _mm_and_si128(_mm_srlv_epi32(_mm_i32gather_epi32(reinterpret_cast<const int*>(cells), load(l.at), 1), load(l.shift)), mask);
  const __m128i above = _mm_sub_epi32(raw, load(l.lo)), inside = _mm_cmpeq_epi32(_mm_max_epu32(above, span), span);
  const __m128i in_set = _mm_slli_epi32(_mm_srlv_epi32(load(l.set), _mm_and_si128(raw, _mm_set1_epi32(31))), 31);
  const __m128i anyway = _mm_or_si128(_mm_cmpeq_epi32(raw, mask), _mm_and_si128(_mm_cmpeq_epi32(raw, _mm_setzero_si128()), load(l.gone)));
  return static_cast<unsigned>(_mm_movemask_ps(_mm_castsi128_ps(_mm_or_si128(_mm_and_si128(inside, in_set), anyway))));
}

POLKU_AVX2 std::uint64_t look_avx2(const Looks<8>* firsts, const Looks<4>* seconds, std::uint64_t everyone, const std::byte* cells) {
  std::uint64_t first = 0, left = 0;
  for (unsigned i = 0; i < 64 && everyone >> i != 0; i += 8) first |= std::uint64_t{pass_avx2(*firsts++, cells)} << i;
  for (std::uint64_t bits = first & everyone; bits != 0; bits &= bits - 1) {
    const int i = __builtin_ctzll(bits);
    left |= std::uint64_t{pass_avx2(seconds[i], cells) == 0xf} << i;
  }
  return left;
}

constexpr Kernel kAvx2{"avx2", place_avx2, open_avx2, meet_avx2, asks_avx2, keep_avx2, look_avx2};

// ---- AVX-512: sixteen values, a block at a time ----

#define POLKU_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))

POLKU_AVX512 Placed place_avx512(const Chunk* chunks, std::size_t count, const std::byte* cells, std::uint32_t* rows, std::uint16_t* missing) {
  const __m512i one = _mm512_set1_epi32(1);
  unsigned any = 0, wide = 0;
  for (const Chunk* c = chunks; c < chunks + count; ++c, rows += Chunk::kLanes, ++missing) {
    const auto lanes = static_cast<__mmask16>(c->lanes);
    const std::byte* from = cells + c->at;
    const __m512i base = _mm512_load_si512(c->base);
    __m512i raw, v;
    if (c->bytes == 4) {
      raw = _mm512_maskz_loadu_epi32(lanes, from);
      v = _mm512_max_epu32(raw, base);
      wide |= _mm512_cmpeq_epi32_mask(raw, _mm512_set1_epi32(-1)) & c->used;
    } else if (c->bytes == 2) {
      raw = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(lanes, from));
      v = _mm512_max_epi32(raw, base);
      wide |= _mm512_cmpeq_epi32_mask(raw, _mm512_set1_epi32(0xffff)) & c->used;
    } else {
      raw = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(lanes, from));
      v = _mm512_max_epi32(raw, base);
      wide |= _mm512_cmpeq_epi32_mask(raw, _mm512_set1_epi32(0xff)) & c->used;
    }
    const __mmask16 known = _mm512_test_epi32_mask(raw, raw);
    const __m512i shift = _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(c->shift)));
    const __m512i last = _mm512_cvtepu16_epi32(_mm256_load_si256(reinterpret_cast<const __m256i*>(c->last)));
    const __m512i row = _mm512_maskz_add_epi32(known, _mm512_min_epu32(_mm512_srlv_epi32(_mm512_sub_epi32(v, base), shift), last), one);
    const __m512i place = _mm512_mask_mullo_epi32(row, static_cast<__mmask16>(~c->single), row, _mm512_set1_epi32(static_cast<int>(c->stride)));
    _mm512_storeu_si512(rows, _mm512_add_epi32(_mm512_load_si512(c->first), place));
    *missing = static_cast<std::uint16_t>(static_cast<unsigned>(~known) & c->used);
    any |= *missing;
  }
  return {any != 0, wide != 0};
}

POLKU_AVX512 void open_avx512(const std::uint32_t* open, const std::uint16_t* missing, std::size_t sixteens, std::uint32_t* rows) {
  for (std::size_t i = 0; i < sixteens; ++i)
    _mm512_mask_storeu_epi32(rows + Chunk::kLanes * i, missing[i], _mm512_loadu_si512(open + Chunk::kLanes * i));
}

POLKU_AVX512 std::size_t meet_avx512(const std::uint64_t* table, const std::uint32_t* rows, const std::uint32_t* order, std::size_t count, const std::uint64_t* some, std::size_t words, Left* left) {
  std::size_t n = 0;
  for (Blocks b(some, words); b.next();) {
    const std::uint64_t* at = table + b.at * kWords;
    const auto row = [&](std::size_t i) POLKU_AVX512 { return _mm512_load_si512(at + rows[order[i]]); };
    __m512i v = row(0);
    std::size_t i = 1;
    for (; i + kStep <= count && _mm512_test_epi64_mask(v, v) != 0; i += kStep)
      v = _mm512_and_si512(_mm512_and_si512(v, _mm512_and_si512(row(i), row(i + 1))), _mm512_and_si512(row(i + 2), row(i + 3)));
    for (; i < count; ++i) v = _mm512_and_si512(v, row(i));
    const unsigned here = _mm512_test_epi64_mask(v, v);
    if (here == 0) continue;
    _mm512_store_si512(left[n].words, v);
    left[n].some = here;
    left[n++].block = static_cast<std::uint32_t>(b.at);
  }
  return n;
}

POLKU_AVX512 bool asks_avx512(const Left* left, std::size_t blocks, const std::uint64_t* row) {
  for (std::size_t b = 0; b < blocks; ++b)
    if (_mm512_test_epi64_mask(_mm512_load_si512(left[b].words), _mm512_load_si512(row + left[b].block * kWords)) != 0) return true;
  return false;
}

POLKU_AVX512 void keep_avx512(Left* left, std::size_t blocks, const std::uint64_t* row) {
  for (std::size_t b = 0; b < blocks; ++b)
    _mm512_store_si512(left[b].words, _mm512_and_si512(_mm512_load_si512(left[b].words), _mm512_load_si512(row + left[b].block * kWords)));
}

constexpr Kernel kAvx512{"avx512", place_avx512, open_avx512, meet_avx512, asks_avx512, keep_avx512, look_avx2};

#endif

}  // namespace

const std::vector<const Kernel*>& kernels() {
  static const std::vector<const Kernel*> all = [] {
    std::vector<const Kernel*> out;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) out.push_back(&kAvx512);
    if (__builtin_cpu_supports("avx2")) out.push_back(&kAvx2);
#endif
    out.push_back(&kPortable);
    return out;
  }();
  return all;
}

std::uint64_t meet_words(const std::uint64_t* table, const std::uint32_t* rows, const std::uint32_t* order, std::size_t count) {
  std::uint64_t v = table[rows[order[0]]];
  std::size_t i = 1;
  const auto row = [&](std::size_t n) { return table[rows[order[n]]]; };
  for (; i + 8 <= count && v != 0; i += 8) v = v & (row(i) & row(i + 1)) & (row(i + 2) & row(i + 3)) & ((row(i + 4) & row(i + 5)) & (row(i + 6) & row(i + 7)));
  for (; i < count; ++i) v &= row(i);
  return v;
}

}  // namespace polku::match
