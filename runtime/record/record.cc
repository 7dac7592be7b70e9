#include "runtime/record/record.h"

#include <algorithm>
#include <limits>

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
    const Value* mark = &v.record->words[at(v.plan->layout.mark[i])];
    f.nothing = mark[0] == kUnknown || mark[0] <= c->now - v.plan->catalog.history;
    f.seq = mark[1];
  }
  return f;
}

bool passes(const Filter& f, Millis t, std::int64_t seq) { return !f.nothing && t != kUnknown && t > f.after && seq > f.seq && seq < f.before; }

struct Range { std::int64_t sure = 0, unknown = 0; };

Range counted(const plan::Context* c, std::int32_t feature, std::int64_t window) {
  const View& v = view(c);
  const Feature& f = v.plan->features[at(feature)];
  const Filter filter = open(c, window);
  Range r;
  if (f.keep > 0) {
    const Value* w = &v.record->words[at(v.plan->layout.feature[at(feature)])];
    for (std::int32_t i = 0; i < f.keep; ++i) r.sure += passes(filter, w[2 * i], w[2 * i + 1]);
    if (f.match.filter >= 0)
      for (std::int32_t i = f.keep; i < 2 * f.keep; ++i) r.unknown += passes(filter, w[2 * i], w[2 * i + 1]);
  } else {
    const std::vector<Value>& list = v.record->lists[at(v.plan->layout.feature_list[at(feature)])];
    for (std::size_t i = list.size(); i >= 2; i -= 2) {
      if (list[i - 2] <= filter.after) break;  // in time order: the rest is older still
      if (passes(filter, list[i - 2], list[i - 1] / 2)) ++(list[i - 1] % 2 ? r.sure : r.unknown);
    }
  }
  return r;
}

Value host_last(const plan::Context* c, std::int32_t feature, std::int64_t column) {
  const View& v = view(c);
  const Value* w = &v.record->words[at(v.plan->layout.feature[at(feature)])];
  if (w[0] == kUnknown || w[0] <= c->now - v.plan->features[at(feature)].horizon) return kUnknown;
  return w[2 + column];
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
  const std::vector<Value>& list = v.record->lists[at(v.plan->layout.feature_list[at(feature)])];
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
  const std::vector<Value>& list = v.record->lists[at(v.plan->layout.feature_list[at(feature)])];
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

// Puts (at, seq) in front of a ring of `keep` pairs.
void push_front(Value* ring, std::int32_t keep, Place place) {
  std::copy_backward(ring, ring + 2 * (keep - 1), ring + 2 * keep);
  ring[0] = place.at;
  ring[1] = place.seq;
}

// Forgets list entries that no reader can see any more; from time to time, so that it costs nothing on average.
void prune(std::vector<Value>& list, std::size_t stride, Millis older_than) {
  if (list.size() < 64 * stride || list[0] > older_than) return;
  std::size_t n = 0;
  while (n < list.size() && list[n] <= older_than) n += stride;
  if (n * 4 < list.size()) return;
  list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(n));
  if (list.size() * 4 < list.capacity()) list.shrink_to_fit();
}

}  // namespace

Store::Store(const plan::Plan& p) : plan_(p), empty_(at(p.layout.words), kUnknown), words_(empty_.size() * sizeof(Value)) {
  for (std::size_t i = 0; i < p.layout.attribute.size(); ++i)
    if (p.defaults[i]) empty_[at(p.layout.attribute[i])] = *p.defaults[i];
  for (std::int32_t w : p.layout.membership) empty_[at(w)] = kNo;
}

Record Store::make() {
  Record r;
  r.words = {static_cast<Value*>(words_.take()), base::Pool::PutBack{&words_}};
  std::copy(empty_.begin(), empty_.end(), r.words.get());
  if (plan_.layout.lists > 0) r.lists = std::make_unique<std::vector<Value>[]>(at(plan_.layout.lists));
  return r;
}

const plan::Host& host() {
  static const plan::Host h{host_last, host_count_at_least, host_count, host_count_seen, host_sum, host_highest, host_lowest, host_average, host_first, host_text};
  return h;
}

void set_attribute(const plan::Plan& p, Record& r, int attribute, Value value) {
  const std::optional<Value>& otherwise = p.defaults[at(attribute)];
  r.words[at(p.layout.attribute[at(attribute)])] = value == kUnknown && otherwise ? *otherwise : value;
}

void mark(const plan::Plan& p, Record& r, int m, Place place) {
  Value* w = &r.words[at(p.layout.mark[at(m)])];
  w[0] = place.at;
  w[1] = place.seq;
}

void count(const plan::Plan& p, Record& r, int feature, Place place, Value matched) {
  const Feature& f = p.features[at(feature)];
  if (f.keep > 0) {
    Value* ring = &r.words[at(p.layout.feature[at(feature)])];
    push_front(matched == kYes ? ring : ring + 2 * f.keep, f.keep, place);
    return;
  }
  std::vector<Value>& list = r.lists[at(p.layout.feature_list[at(feature)])];
  prune(list, 2, place.at - f.horizon);
  list.insert(list.end(), {place.at, place.seq * 2 + (matched == kYes ? 1 : 0)});
}

void value(const plan::Plan& p, Record& r, int feature, Place place, Value seen) {
  std::vector<Value>& list = r.lists[at(p.layout.feature_list[at(feature)])];
  prune(list, 3, place.at - p.features[at(feature)].horizon);
  list.insert(list.end(), {place.at, place.seq, seen});
}

void last(const plan::Plan& p, Record& r, int feature, Place place, const Value* fields) {
  Value* w = &r.words[at(p.layout.feature[at(feature)])];
  w[0] = place.at;
  w[1] = place.seq;
  for (std::int32_t column : p.features[at(feature)].columns) *(w++ + 2) = fields[at(column)];
}

void reset_last(const plan::Plan& p, Record& r, int feature) { r.words[at(p.layout.feature[at(feature)])] = kUnknown; }

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
    const std::int32_t first = v.plan->layout.feature[at(r.feature)], list = v.plan->layout.feature_list[at(r.feature)];
    if (r.window < 0) {
      expires(v.record->words[at(first)], f.horizon);
      continue;
    }
    const plan::Window& w = v.plan->windows[at(r.window)];
    const Millis length = w.kind == plan::WindowKind::Rolling ? w.length : v.plan->catalog.history;
    if (w.kind != plan::WindowKind::Rolling) at_instant(same_date_until(*v.zone, now));
    if (w.since >= 0)
      for (std::size_t i = 0; i < v.plan->marks.size(); ++i)
        if (v.plan->marks[i].what == w.since) expires(v.record->words[at(v.plan->layout.mark[i])], v.plan->catalog.history);
    if (list >= 0) {
      const std::vector<Value>& entries = v.record->lists[at(list)];
      const std::size_t stride = f.kind == FeatureKind::Values ? 3 : 2;
      for (std::size_t i = 0; i < entries.size(); i += stride)
        if (entries[i] + length > now) {
          at_instant(entries[i] + length);  // in time order: the others go later
          break;
        }
    } else {
      for (std::int32_t i = 0; i < f.keep * (f.match.filter >= 0 ? 2 : 1); ++i) expires(v.record->words[at(first + 2 * i)], length);
    }
  }
  const auto instant = std::upper_bound(m.instants.begin(), m.instants.end(), now);
  if (instant != m.instants.end()) at_instant(*instant);
  return next;
}

void count_limit(const plan::Plan& p, Record& r, int limit, Millis when) {
  Value* ring = &r.words[at(p.layout.limit[at(limit)])];
  const std::int64_t n = p.limits[at(limit)].count;
  std::copy_backward(ring, ring + n - 1, ring + n);
  ring[0] = when;
}

std::int64_t used(const plan::Plan& p, const Record& r, int limit, Millis now) {
  const plan::Limit& l = p.limits[at(limit)];
  const Value* ring = &r.words[at(p.layout.limit[at(limit)])];
  return std::count_if(ring, ring + l.count, [&](Value t) { return t != kUnknown && t > now - l.within; });
}

}  // namespace polku::record
