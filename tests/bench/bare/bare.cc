#include "tests/bench/bare/bare.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <type_traits>

namespace polku::bench {

namespace {

constexpr std::int32_t kLeast = kMissing + 1, kLargest = std::numeric_limits<std::int32_t>::max();  // of known values; the largest marks an end only
constexpr std::int64_t kDirectSpan = 4096;

// Which values an attribute may have: ascending, apart, from … up to but without to.
struct Range { std::int32_t from, to; };
struct Values {
  bool missing = false;
  std::vector<Range> ranges;
  bool none() const { return !missing && ranges.empty(); }
};

Values both(const Values& a, const Values& b) {
  Values out{a.missing && b.missing, {}};
  for (const Range& r : a.ranges)
    for (const Range& s : b.ranges)
      if (const Range t{std::max(r.from, s.from), std::min(r.to, s.to)}; t.from < t.to) out.ranges.push_back(t);
  return out;
}

// A test that must be so, or (negated) must be known not to be so.
Values allowed(const Part& p, bool negated) {
  Values out;
  if (p.kind == Part::Kind::Given) {
    out.missing = negated;
    if (!negated) out.ranges = {{kLeast, kLargest}};
    return out;
  }
  if (p.kind == Part::Kind::AtLeast) out.ranges = {{p.values[0], kLargest}};
  if (p.kind == Part::Kind::Less) out.ranges = {{kLeast, p.values[0]}};
  if (p.kind == Part::Kind::Equal || p.kind == Part::Kind::In)
    for (const std::int32_t v : p.values) out.ranges.push_back({v, v + 1});
  if (!negated) return out;
  std::vector<Range> rest;
  std::int32_t from = kLeast;
  for (const Range& r : out.ranges) {
    if (from < r.from) rest.push_back({from, r.from});
    from = r.to;
  }
  if (from < kLargest) rest.push_back({from, kLargest});
  out.ranges = std::move(rest);
  return out;
}

using Clause = std::map<std::int32_t, Values>;  // by attribute
using Clauses = std::vector<Clause>;            // one of them

Clauses clauses(const Part& p, bool negated);

// What all (or, with `any`, one) of the parts ask.
Clauses combined(const std::vector<Part>& parts, bool any, bool negated) {
  Clauses out;
  if (!any) out.emplace_back();
  for (const Part& p : parts) {
    Clauses more = clauses(p, negated);
    if (any) {
      out.insert(out.end(), more.begin(), more.end());
      continue;
    }
    Clauses product;
    for (const Clause& a : out)
      for (const Clause& b : more) {
        Clause c = a;
        bool possible = true;
        for (const auto& [attribute, values] : b) {
          const auto [at, added] = c.try_emplace(attribute, values);
          if (!added) at->second = both(at->second, values);
          possible = possible && !at->second.none();
        }
        if (possible) product.push_back(std::move(c));
      }
    out = std::move(product);
  }
  return out;
}

Clauses clauses(const Part& p, bool negated) {
  switch (p.kind) {
    case Part::Kind::Not: return clauses(p.parts[0], !negated);
    case Part::Kind::And: return combined(p.parts, negated, negated);
    case Part::Kind::Or: return combined(p.parts, !negated, negated);
    case Part::Kind::Equal: case Part::Kind::AtLeast: case Part::Kind::Less: case Part::Kind::In: case Part::Kind::Given: break;
  }
  return {{{p.attribute, allowed(p, negated)}}};
}

// Rules that want the same few values stand together, so that whole blocks are empty early.
std::pair<std::int32_t, std::int32_t> nearness(const Rule& rule, const std::vector<std::int64_t>& spans) {
  std::pair<std::int32_t, std::int32_t> best{kLargest, 0};
  double least = 1;
  for (const Part& p : rule.parts) {
    if (p.kind != Part::Kind::Equal && p.kind != Part::Kind::In) continue;
    const double share = static_cast<double>(p.values.size()) / static_cast<double>(spans[static_cast<std::size_t>(p.attribute)]);
    if (share >= least) continue;
    least = share;
    best = {p.attribute, p.values[0]};
  }
  return best;
}

struct Entry { std::uint32_t rule; std::pair<std::int32_t, std::int32_t> near; Clause clause; };

// The column of one attribute: the bitmaps of its intervals (interval by interval) and the share of bits set. Without `of` an interval is as many cuts as are at most the value.
struct Made {
  std::int32_t attribute = 0;
  double share = 0;
  std::vector<std::int32_t> cuts;          // ascending; the first is the least known value
  std::vector<std::uint16_t> of;           // Search: of each interval the bitmap. Direct: as Direct::intervals
  std::vector<std::uint64_t> masks;
  std::size_t bitmaps = 0;
  bool direct = false;
};

Made make(std::int32_t attribute, const std::vector<Entry>& entries, std::size_t words) {
  Made made;
  made.attribute = attribute;
  std::vector<std::int32_t>& cuts = made.cuts;
  cuts = {kLeast};
  for (const Entry& e : entries)
    if (const auto at = e.clause.find(attribute); at != e.clause.end())
      for (const Range& r : at->second.ranges) {
        cuts.push_back(r.from);
        if (r.to != kLargest) cuts.push_back(r.to);
      }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  const std::size_t intervals = cuts.size() + 1;
  std::vector<std::uint64_t> masks(intervals * words, 0);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i % 64;
    const auto set = [&](std::size_t interval) { masks[interval * words + i / 64] |= bit; };
    const auto at = entries[i].clause.find(attribute);
    if (at == entries[i].clause.end()) {
      for (std::size_t n = 0; n < intervals; ++n) set(n);
      continue;
    }
    if (at->second.missing) set(0);
    for (const Range& r : at->second.ranges)
      for (std::size_t n = static_cast<std::size_t>(std::lower_bound(cuts.begin(), cuts.end(), r.from) - cuts.begin()); n < cuts.size() && (r.to == kLargest || cuts[n] < r.to); ++n) set(n + 1);
  }
  // How much a look is worth: over the values where they lie close together, else over the intervals.
  const auto ones = [&](std::size_t interval) {
    std::size_t n = 0;
    for (std::size_t w = 0; w < words; ++w) n += static_cast<std::size_t>(__builtin_popcountll(masks[interval * words + w]));
    return static_cast<double>(n);
  };
  const std::int64_t span = cuts.size() < 2 ? 0 : std::int64_t{cuts.back()} - cuts[1];
  double all = 0, weights = 0;
  for (std::size_t n = 1; n < intervals; ++n) {
    const double weight = n >= 2 && n + 1 < intervals && span <= kDirectSpan ? static_cast<double>(std::int64_t{cuts[n]} - cuts[n - 1]) : 1;
    all += ones(n) * weight;
    weights += weight;
  }
  made.share = all / weights / static_cast<double>(entries.size());

  if (cuts.size() <= 16) {
    made.masks = std::move(masks);
    return made;
  }
  // Intervals of the same clauses share a bitmap.
  std::map<std::vector<std::uint64_t>, std::uint16_t> known;
  std::vector<std::uint16_t> of(intervals);
  for (std::size_t n = 0; n < intervals; ++n) {
    std::vector<std::uint64_t> mask(masks.begin() + static_cast<std::ptrdiff_t>(n * words), masks.begin() + static_cast<std::ptrdiff_t>((n + 1) * words));
    const auto [at, added] = known.try_emplace(mask, static_cast<std::uint16_t>(known.size()));
    if (added) made.masks.insert(made.masks.end(), mask.begin(), mask.end());
    if (known.size() > 65'000) throw std::runtime_error("an attribute has too many intervals");
    of[n] = at->second;
  }
  made.bitmaps = known.size();
  made.direct = span <= kDirectSpan;
  if (!made.direct) {
    made.of = std::move(of);
    return made;
  }
  std::size_t n = 2;
  for (std::int32_t v = cuts[1]; v < cuts.back(); ++v) {
    while (cuts[n] <= v) ++n;
    made.of.push_back(of[n]);
  }
  made.of.insert(made.of.end(), {of[0], of[1], of[intervals - 1]});
  return made;
}

// Memory for bitmaps, in huge pages where the system has them.
std::uint64_t* table(std::size_t words) {
  constexpr std::size_t kHuge = std::size_t{2} << 20;
  const std::size_t bytes = (words * 8 + kHuge - 1) / kHuge * kHuge;
  void* p = std::aligned_alloc(kHuge, bytes);
  if (!p) throw std::bad_alloc();
  madvise(p, bytes, MADV_HUGEPAGE);
  return static_cast<std::uint64_t*>(p);
}

std::size_t blocks(std::size_t words) { return (words + 7) / 8 * 8; }

}  // namespace

void Bare::Free::operator()(std::uint64_t* p) const { std::free(p); }

Bare::Bare(const Workload& w) {
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (!wide && !__builtin_cpu_supports("avx2")) throw std::runtime_error("this processor has neither AVX-512 nor AVX2");
  kernel_ = wide ? avx512::match : avx2::match;
  if (w.attributes > 1024) throw std::runtime_error("more than 1024 attributes");

  std::vector<std::int64_t> spans(w.attributes, 1);  // of the values that rules name
  std::int32_t types = 0;
  for (const Rule& r : w.rules) {
    types = std::max(types, r.type + 1);
    for (const Part& p : r.parts)
      for (const std::int32_t v : p.values) spans[static_cast<std::size_t>(p.attribute)] = std::max(spans[static_cast<std::size_t>(p.attribute)], std::int64_t{v} + 1);
  }
  for (std::size_t i = 0; i < w.rows; ++i) types = std::max(types, w.row(i)[0] + 1);

  std::vector<std::vector<Entry>> by_type(static_cast<std::size_t>(types));
  for (std::uint32_t r = 0; r < w.rules.size(); ++r)
    for (Clause& c : combined(w.rules[r].parts, false, false)) by_type[static_cast<std::size_t>(w.rules[r].type)].push_back({r, nearness(w.rules[r], spans), std::move(c)});

  std::vector<std::vector<Made>> made(by_type.size());
  buckets_.resize(by_type.size());
  std::size_t all = 0;
  for (std::size_t t = 0; t < by_type.size(); ++t) {
    std::vector<Entry>& entries = by_type[t];
    if (entries.empty()) continue;
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.near != b.near ? a.near < b.near : a.rule < b.rule; });
    Bucket& bucket = buckets_[t];
    const std::size_t words = (entries.size() + 63) / 64;
    bucket.words = words <= 2 ? words : words <= 4 ? 4 : (words + 7) / 8 * 8;
    for (const Entry& e : entries) bucket.rules.push_back(e.rule);
    std::map<std::int32_t, bool> asked;
    for (const Entry& e : entries)
      for (const auto& [attribute, values] : e.clause) asked[attribute] = true;
    if (asked.empty()) asked[0] = true;  // no rule asks for anything: one column keeps them all
    for (const auto& [attribute, is] : asked) made[t].push_back(make(attribute, entries, bucket.words));
    std::sort(made[t].begin(), made[t].end(), [](const Made& a, const Made& b) { return a.share != b.share ? a.share < b.share : a.attribute < b.attribute; });
    for (const Made& m : made[t]) all += blocks(m.masks.size()) + (m.direct ? blocks((m.of.size() + 3) / 4) : 0);
    entries.clear();
    entries.shrink_to_fit();
  }
  table_.reset(table(all));
  bytes_ = all * 8;
  std::uint64_t* to = table_.get();
  const auto put = [&](const std::vector<std::uint64_t>& masks) {
    const std::uint64_t* const at = to;
    to = std::copy(masks.begin(), masks.end(), to) + static_cast<std::ptrdiff_t>(blocks(masks.size()) - masks.size());
    return at;
  };
  const auto direct = [&](const Made& m, auto& columns) {
    const std::uint64_t* const masks = put(m.masks);
    auto* const intervals = reinterpret_cast<std::remove_const_t<std::remove_pointer_t<decltype(columns[0].intervals)>>*>(to);
    std::copy(m.of.begin(), m.of.end(), intervals);
    to += blocks((m.of.size() + 3) / 4);
    columns.push_back({m.attribute, m.cuts[1], static_cast<std::uint32_t>(m.of.size() - 3), intervals, masks});
  };
  for (std::size_t t = 0; t < buckets_.size(); ++t) {
    Bucket& bucket = buckets_[t];
    for (Made& m : made[t]) {
      if (m.direct && m.bitmaps <= 256) {
        direct(m, bucket.direct8);
      } else if (m.direct) {
        direct(m, bucket.direct16);
      } else if (!m.of.empty()) {
        bucket.search.push_back({m.attribute, std::move(m.cuts), std::move(m.of), put(m.masks)});
      } else {
        bucket.compare.push_back({m.attribute, put(m.masks)});
        Bucket::Cuts& cuts = bucket.cuts.emplace_back();
        std::fill(std::begin(cuts.of), std::end(cuts.of), kLargest);
        std::copy(m.cuts.begin(), m.cuts.end(), cuts.of);
      }
      m = {};
    }
  }
}

}  // namespace polku::bench
