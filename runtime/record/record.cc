#include "runtime/record/record.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "compiler/plan/arith.h"

namespace polku::record {

using plan::Feature;
using plan::FeatureKind;
using plan::Layout;

namespace {

std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

const View& view(const plan::Context* c) { return *static_cast<const View*>(c->state); }

// What a window lets through: what is late enough, behind the latest `since` if it has one, and before the start if it says so.
struct Filter {
  Millis after;                 // t > after
  std::int64_t seq = -1;        // seq > this
  std::int64_t before = std::numeric_limits<std::int64_t>::max();  // seq < this
  bool nothing = false;
};

// The latest instant that a window does not reach any more.
Millis reach(const View& v, const plan::Window& w, Millis now) {
  Millis from = 0;
  switch (w.kind) {
    case plan::WindowKind::Rolling: return now - w.length;
    case plan::WindowKind::Today: from = base::start_of_day(*v.zone, now); break;
    case plan::WindowKind::Week: from = base::start_of_week(*v.zone, now); break;
    case plan::WindowKind::Month: from = base::start_of_month(*v.zone, now); break;
  }
  return std::max(from - 1, now - v.plan->catalog.history);
}

Filter open(const plan::Context* c, std::int64_t window) {
  const View& v = view(c);
  const plan::Window& w = v.plan->windows[static_cast<std::size_t>(window)];
  Filter f{reach(v, w, c->now)};
  if (w.before_this) f.before = c->before;
  if (w.since < 0) return f;
  for (std::size_t i = 0; i < v.plan->marks.size(); ++i) {
    if (v.plan->marks[i].what != w.since) continue;
    const std::int32_t mark = v.plan->layout.mark[i];
    const Value when = instant(*v.record, mark);
    f.nothing = when == kUnknown || when <= c->now - v.plan->catalog.history;
    f.seq = f.nothing ? f.seq : seq(*v.record, mark + plan::kInstantBytes);
  }
  return f;
}

bool passes(const Filter& f, Millis t, std::int64_t seq) { return !f.nothing && t != kUnknown && t > f.after && seq > f.seq && seq < f.before; }

struct Range { std::int64_t sure = 0, unknown = 0; };

// How many of a ring the filter lets through; of one without positions it asks for none.
std::int64_t counted(const Record& r, plan::Ring ring, std::int32_t n, const Filter& filter) {
  const std::int32_t step = plan::stride(ring);
  std::int64_t passed = 0;
  for (std::int32_t i = 0; i < n; ++i, ring.at += step) {
    const Value t = instant(r, ring.at);
    if (t <= filter.after) break;  // newest first: the rest is older still, or none (kUnknown is below all)
    passed += passes(filter, t, ring.seq ? seq(r, ring.at + plan::kInstantBytes) : 0);
  }
  return passed;
}

Range counted(const plan::Context* c, std::int32_t feature, std::int64_t window) {
  const View& v = view(c);
  const Feature& f = v.plan->features[at(feature)];
  const Filter filter = open(c, window);
  Range r;
  if (f.keep > 0) {
    plan::Ring ring = v.plan->layout.feature[at(feature)];
    r.sure = counted(*v.record, ring, f.keep, filter);
    if (f.match.filter >= 0) {
      ring.at += plan::stride(ring) * f.keep;
      r.unknown = counted(*v.record, ring, f.keep, filter);
    }
  } else {
    const std::vector<Value>& list = record::list(*v.record, v.plan->layout.feature_list[at(feature)]);
    for (std::size_t i = list.size(); i >= 2; i -= 2) {
      if (list[i - 2] <= filter.after) break;  // in time order: the rest is older still
      if (passes(filter, list[i - 2], list[i - 1] / 2)) ++(list[i - 1] % 2 ? r.sure : r.unknown);
    }
  }
  return r;
}

Value host_last(const plan::Context* c, std::int32_t feature, std::int64_t column) {
  const View& v = view(c);
  const Value when = instant(*v.record, v.plan->layout.feature[at(feature)].at);
  if (when == kUnknown || when <= c->now - v.plan->features[at(feature)].horizon) return kUnknown;
  return get(*v.record, v.plan->layout.columns[at(feature)][static_cast<std::size_t>(column)]);
}

Value host_count_at_least(const plan::Context* c, std::int32_t feature, std::int64_t window, Value k) {
  if (k == kUnknown) return kUnknown;
  const Range r = counted(c, feature, window);
  if (r.sure >= k) return kYes;
  return r.sure + r.unknown < k ? kNo : kUnknown;
}

Value host_count(const plan::Context* c, std::int32_t feature, std::int64_t window) {
  const Range r = counted(c, feature, window);
  return r.unknown > 0 ? kUnknown : r.sure;
}

Value host_count_seen(const plan::Context* c, std::int32_t feature, std::int64_t window, std::int64_t up_to) {
  const Range r = counted(c, feature, window);
  if (r.sure >= up_to) return up_to;
  return r.unknown > 0 ? kUnknown : r.sure;
}

// Calls `take` for each value in the window; false if one of them is not known.
template <class Take>
bool each_value(const plan::Context* c, std::int32_t feature, std::int64_t window, Take take) {
  const View& v = view(c);
  const Filter filter = open(c, window);
  const std::vector<Value>& list = record::list(*v.record, v.plan->layout.feature_list[at(feature)]);
  for (std::size_t i = list.size(); i >= 3; i -= 3) {
    if (list[i - 3] <= filter.after) break;
    if (!passes(filter, list[i - 3], list[i - 2])) continue;
    if (list[i - 1] == kUnknown) return false;
    take(list[i - 1]);
  }
  return true;
}

Value host_sum(const plan::Context* c, std::int32_t feature, std::int64_t window) {
  __int128 total = 0;
  if (!each_value(c, feature, window, [&](Value v) { total += v; })) return kUnknown;
  const auto fits = static_cast<Value>(total);
  return fits == total ? fits : kUnknown;  // a total of exactly kUnknown is none either
}

Value host_average(const plan::Context* c, std::int32_t feature, std::int64_t window, std::int64_t scale) {
  plan::Wide total = 0, n = 0;
  if (!each_value(c, feature, window, [&](Value v) {
        total += v;
        ++n;
      }) ||
      n == 0)
    return kUnknown;
  const plan::Wide average = plan::divide_half_even(total * scale, n);
  const auto fits = static_cast<Value>(average);
  return fits == average ? fits : kUnknown;
}

Value host_first(const plan::Context* c, std::int32_t feature, std::int64_t window) {
  const View& v = view(c);
  const Filter filter = open(c, window);
  const std::vector<Value>& list = record::list(*v.record, v.plan->layout.feature_list[at(feature)]);
  for (std::size_t i = 0; i < list.size(); i += 3)
    if (passes(filter, list[i], list[i + 1])) return list[i + 2];
  return kUnknown;
}

// Of nothing the highest and the lowest are unknown, which is below every value.
Value host_highest(const plan::Context* c, std::int32_t feature, std::int64_t window) {
  Value highest = kUnknown;
  return each_value(c, feature, window, [&](Value v) { highest = std::max(highest, v); }) ? highest : kUnknown;
}

Value host_lowest(const plan::Context* c, std::int32_t feature, std::int64_t window) {
  Value lowest = kUnknown;
  return each_value(c, feature, window, [&](Value v) { lowest = lowest == kUnknown ? v : std::min(lowest, v); }) ? lowest : kUnknown;
}

Value host_text(const plan::Context* c, std::int32_t op, Value a, Value b) {
  const base::Texts& texts = *view(c).texts;
  const std::string_view needle = texts.text(b);
  const auto asked = static_cast<plan::Op>(op);  // one of the four text operations, as plan::Host says
  if (asked == plan::Op::TextContains) return texts.text(a).find(needle) != std::string_view::npos ? kYes : kNo;
  if (asked == plan::Op::TextStarts) return texts.text(a).starts_with(needle) ? kYes : kNo;
  if (asked == plan::Op::TextEnds) return texts.text(a).ends_with(needle) ? kYes : kNo;
  const auto list = texts.list(a);
  return std::find(list.begin(), list.end(), b) != list.end() ? kYes : kNo;
}

}  // namespace

void prune(std::vector<Value>& list, std::size_t stride, Millis older_than) {
  const std::size_t entries = list.size() / stride;
  if (entries < 64 || list[entries / 4 * stride] > older_than) return;
  std::size_t old = entries / 4 + 1;                     // at least so many are; the list is in time order
  for (std::size_t end = entries; old < end;) {
    const std::size_t middle = old + (end - old) / 2;
    if (list[middle * stride] <= older_than) old = middle + 1;
    else end = middle;
  }
  list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(old * stride));
  if (list.size() * 4 < list.capacity()) list.shrink_to_fit();
}

Empty::Empty(const plan::Plan& p) : units_(p.layout.units) {
  std::vector<std::byte> block(sizeof(Record) + at(p.layout.bytes) + kSlack);
  Record& r = *new (block.data()) Record;
  if (units_ > 0) {
    new (&cells::directory(r)) cells::Directory;
    const auto words = at((units_ + 63) / 64);
    std::uninitialized_default_construct_n(cells::directory(r).words(), words);
    cells::directory(r).words()->words = static_cast<std::uint32_t>(words);
  }
  for (std::size_t i = 0; i < p.layout.attribute.size(); ++i)
    if (p.layout.attribute[i].bytes > 0) set(r, p.layout.attribute[i], p.defaults[i].value_or(kUnknown));  // defaults that do not fit have cells of 8 bytes
  for (std::int32_t m : p.layout.membership) set_tiny(r, m, kNo);
  cells_.assign(block.begin() + sizeof(Record), block.end());
}

void Empty::put(Record& r, base::Pieces& memory) const {
  r.seq = 0;
  r.extra.reset();
  std::memcpy(r.cells(), cells_.data(), cells_.size());
  if (units_ > 0) cells::directory(r).memory = &memory;
}

void Empty::release(Record& r) const {
  if (units_ == 0) return;
  cells::Directory& d = cells::directory(r);
  if (d.units) d.memory->give_back(d.units, cells::count(d) * plan::kUnitBytes);
}

void prefetch(const Record& r, plan::Layout::Units of, std::size_t bytes) {
  if (of.count == 0) return;
  const cells::Directory& d = cells::directory(r);
  const cells::Word& w = d.words()[of.first / 64];
  const std::size_t first = w.before + at(std::popcount(w.present & ((std::uint64_t{1} << of.first % 64) - 1))), there = cells::count(d);
  const std::size_t end = std::min(std::min(there, first + at(of.count)) * plan::kUnitBytes, first * plan::kUnitBytes + bytes);
  for (std::size_t i = first * plan::kUnitBytes; i < end; i += base::kCacheLine) base::fetch(d.units + i);
}

void prefetch_lists(const Record& r, int step) {
  if (!r.extra) return;
  if (step == 0) base::fetch(r.extra.get());
  if (step == 1 && !r.extra->lists.empty()) base::fetch(r.extra->lists.data());
  if (step != 2) return;
  for (const Extra::List& l : r.extra->lists)
    if (!l.entries.empty()) base::fetch(&l.entries.back());
}

Alone::Alone(const plan::Plan& p) {
  const Empty empty(p);
  block_.resize(sizeof(Record) + empty.bytes());
  record_ = new (block_.data()) Record;
  empty.put(*record_, memory_);
}

Alone::~Alone() { record_->~Record(); }

namespace {

// True if one of them stands beside the record.
template <int kBytes>
bool unpack(const std::byte* p, std::int32_t n, Value* to) {
  bool wide = false;
  std::int32_t i = 0;
  if constexpr (kBytes == 4) {  // four at a time, in the vectors that GCC and Clang have on every machine
    using Four = std::int32_t __attribute__((vector_size(16)));
    Four beside{};
    for (; i + 4 <= n; i += 4) {
      Four raw;
      std::memcpy(&raw, p + i * 4, sizeof raw);
      const Four none = raw == 0, value = raw ^ std::numeric_limits<std::int32_t>::min();  // none: all ones, or nothing
      const Four low = value & ~none, high = (value >> 31) ^ (none & std::numeric_limits<std::int32_t>::max());
      const Four first = __builtin_shufflevector(low, high, 0, 4, 1, 5), second = __builtin_shufflevector(low, high, 2, 6, 3, 7);
      std::memcpy(to + i, &first, sizeof first);
      std::memcpy(to + i + 2, &second, sizeof second);
      beside |= raw == -1;
    }
    wide = (beside[0] | beside[1] | beside[2] | beside[3]) != 0;
  }
  for (; i < n; ++i) {
    const std::uint64_t raw = cells::load<kBytes>(p + i * kBytes);
    to[i] = raw == 0 ? kUnknown : static_cast<Value>(raw - cells::kMoved<kBytes>);
    if constexpr (kBytes < 8) wide |= raw == cells::kWide<kBytes>;
  }
  return wide;
}

}  // namespace

void unpack(const plan::Plan& p, const Record& r, Value* attributes) {
  for (const plan::Layout::Run& run : p.layout.runs) {
    const std::byte* from = r.cells() + run.cell.at;
    Value* to = attributes + run.first;
    bool wide = false;
    switch (run.cell.bytes) {
      case 1: wide = unpack<1>(from, run.count, to); break;
      case 2: wide = unpack<2>(from, run.count, to); break;
      case 4: wide = unpack<4>(from, run.count, to); break;
      case 6: wide = unpack<6>(from, run.count, to); break;
      default: unpack<8>(from, run.count, to); break;
    }
    if (wide) [[unlikely]]
      for (std::int32_t i = 0; i < run.count; ++i) to[i] = get(r, {run.cell.at + i * run.cell.bytes, run.cell.bytes});
  }
}

const plan::Host& host() {
  static const plan::Host h{host_last, host_count_at_least, host_count, host_count_seen, host_sum, host_highest, host_lowest, host_average, host_first, host_text};
  return h;
}

Value age(const plan::Plan& p, const Record& r, int feature, std::int64_t k, int mark, Millis now) {
  constexpr Value kNever = std::numeric_limits<Value>::max();
  const plan::Ring ring = p.layout.feature[at(feature)];
  const std::int32_t where = ring.at + plan::stride(ring) * static_cast<std::int32_t>(k - 1);
  const Value t = instant(r, where);
  if (t == kUnknown) return kNever;
  if (mark >= 0) {
    const std::int32_t since = p.layout.mark[at(mark)];
    const Value when = instant(r, since);
    if (when == kUnknown || when <= now - p.catalog.history || seq(r, where + plan::kInstantBytes) <= seq(r, since + plan::kInstantBytes)) return kNever;
  }
  const Value age = plan::sub(now, t);
  return age == kUnknown ? kNever : age;
}

void set_attribute(const plan::Plan& p, Record& r, int attribute, Value value) {
  const std::optional<Value>& otherwise = p.defaults[at(attribute)];
  set(r, p.layout.attribute[at(attribute)], value == kUnknown && otherwise ? *otherwise : value);
}

void mark(const plan::Plan& p, Record& r, int m, Place place) { set_place(r, p.layout.mark[at(m)], place); }

void count(const plan::Plan& p, Record& r, int feature, Place place, Value matched) {
  const Feature& f = p.features[at(feature)];
  if (f.keep > 0) {
    plan::Ring ring = p.layout.feature[at(feature)];
    if (matched != kYes) ring.at += plan::stride(ring) * f.keep;
    push_front(r, ring, f.keep, place.at, place.seq);
    return;
  }
  std::vector<Value>& list = own_list(r, p.layout.feature_list[at(feature)]);
  prune(list, 2, place.at - f.horizon);
  list.insert(list.end(), {place.at, place.seq * 2 + (matched == kYes ? 1 : 0)});
}

void value(const plan::Plan& p, Record& r, int feature, Place place, Value seen) {
  std::vector<Value>& list = own_list(r, p.layout.feature_list[at(feature)]);
  prune(list, 3, place.at - p.features[at(feature)].horizon);
  list.insert(list.end(), {place.at, place.seq, seen});
}

void last(const plan::Plan& p, Record& r, int feature, Place place, const Value* fields) {
  set_instant(r, p.layout.feature[at(feature)].at, place.at);
  const std::vector<std::int32_t>& columns = p.features[at(feature)].columns;
  for (std::size_t i = 0; i < columns.size(); ++i) set(r, p.layout.columns[at(feature)][i], fields[at(columns[i])]);
}

void reset_last(const plan::Plan& p, Record& r, int feature) { set_instant(r, p.layout.feature[at(feature)].at, kUnknown); }

namespace {

// The next local midnight, or the next clock change if it comes first: after it the date may even go back.
Millis same_date_until(const base::Zone& zone, Millis now) {
  const Millis local = zone.to_local(now), offset = local - now;
  Millis before = now, at = now + (base::local_day(zone, now) + 1) * kDay - local;
  if (zone.to_local(at) - at == offset) return at;
  while (at - before > 1) {  // the offset changes once in a day
    const Millis middle = before + (at - before) / 2;
    (zone.to_local(middle) - middle == offset ? before : at) = middle;
  }
  return at;
}

}  // namespace

Millis next_change(const View& v, const plan::Membership& m, Millis now) {
  constexpr Millis kNever = std::numeric_limits<Millis>::max();
  Millis next = kNever;
  const auto at_instant = [&](Millis t) {
    if (t > now) next = std::min(next, t);
  };
  const auto expires = [&](Value t, Millis length) {
    if (t != kUnknown) at_instant(t + length);
  };
  for (const plan::Membership::Reading& r : m.readings) {
    const Feature& f = v.plan->features[at(r.feature)];
    const plan::Ring ring = v.plan->layout.feature[at(r.feature)];
    const std::int32_t list = v.plan->layout.feature_list[at(r.feature)];
    if (r.window < 0) {
      expires(instant(*v.record, ring.at), f.horizon);
      continue;
    }
    const plan::Window& w = v.plan->windows[at(r.window)];
    const Millis length = w.kind == plan::WindowKind::Rolling ? w.length : v.plan->catalog.history;
    if (w.kind != plan::WindowKind::Rolling) at_instant(same_date_until(*v.zone, now));
    if (w.since >= 0)
      for (std::size_t i = 0; i < v.plan->marks.size(); ++i)
        if (v.plan->marks[i].what == w.since) expires(instant(*v.record, v.plan->layout.mark[i]), v.plan->catalog.history);
    if (list >= 0) {
      const std::vector<Value>& entries = record::list(*v.record, list);
      const std::size_t stride = f.kind == FeatureKind::Values ? 3 : 2;
      for (std::size_t i = 0; i < entries.size(); i += stride)
        if (entries[i] + length > now) {
          at_instant(entries[i] + length);  // in time order: the others go later
          break;
        }
    } else {
      for (std::int32_t i = 0; i < f.keep * (f.match.filter >= 0 ? 2 : 1); ++i) expires(instant(*v.record, ring.at + i * plan::stride(ring)), length);
    }
  }
  const auto instant = std::upper_bound(m.instants.begin(), m.instants.end(), now);
  if (instant != m.instants.end()) at_instant(*instant);
  return next;
}

void count_limit(const plan::Plan& p, Record& r, int limit, Millis when) { push_front(r, {p.layout.limit[at(limit)], false}, p.limits[at(limit)].count, when); }

std::int64_t used(const plan::Plan& p, const Record& r, int limit, Millis now) {
  const plan::Limit& l = p.limits[at(limit)];
  std::int64_t n = 0;
  for (std::int32_t where = p.layout.limit[at(limit)]; n < l.count && instant(r, where) > now - l.within; where += plan::kInstantBytes) ++n;  // newest first
  return n;
}

}  // namespace polku::record
