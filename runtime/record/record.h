// A visitor's record: the packed cache of fold(history), laid out by plan::Layout (cells.h). And what code may ask of it.
#pragma once
#include <cstdint>
#include <cstddef>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/base/text.h"
#include "runtime/base/time.h"
#include "runtime/base/value.h"
#include "runtime/record/cells.h"

namespace polku::record {

// What a record of the plan is before anything happened: attributes at their defaults, in no segment, everything else empty.
class Empty {
 public:
  explicit Empty(const plan::Plan& plan);
  std::size_t bytes() const { return cells_.size(); }   // that must stand behind a Record
  void put(Record& r, base::Pieces& memory) const;      // its units will be from there, which must outlive them
  void release(Record& r) const;                        // gives its units back; then put() again, or nothing

 private:
  std::int32_t units_ = 0;
  std::vector<std::byte> cells_;
};

// An empty record that no visitor holds.
class Alone {
 public:
  explicit Alone(const plan::Plan& plan);
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;
  ~Alone();
  Record& operator*() { return *record_; }

 private:
  base::Pieces memory_;
  std::vector<std::byte> block_;
  Record* record_;
};

// Forgets entries of a list that are not behind `older_than` (their first word says when) once they are a quarter of it, so that it costs next to nothing. They ascend.
void prune(std::vector<Value>& list, std::size_t stride, Millis older_than);

// Brings up to so many bytes of the units nearer that an event touches first. The record itself should be near.
void prefetch(const Record& r, plan::Layout::Units of, std::size_t bytes);

// The same for its lists, in steps 0, 1 and 2: what one gives the next one wants.
void prefetch_lists(const Record& r, int step);

// All attributes, by number, as plan::Context has them.
void unpack(const plan::Plan& plan, const Record& r, Value* attributes);

// What Context::state points to while code of this plan is run on a record.
struct View {
  const plan::Plan* plan = nullptr;
  const Record* record = nullptr;
  const base::Texts* texts = nullptr;
  const base::Zone* zone = nullptr;               // of the visitor, now
};

// The answers to plan::Host. Windows are judged at Context::now.
const plan::Host& host();

// How long ago at `now` the k-th latest match was of a feature that keeps the latest times (Feature::keep >= k > 0), unknown matches aside; the largest
// Value if there are not so many. mark >= 0: of those behind the latest of that mark, if it is not older than the history kept.
Value age(const plan::Plan& plan, const Record& r, int feature, std::int64_t k, int mark, Millis now);

// ---- folding one history record into the features it concerns ----

void set_attribute(const plan::Plan& plan, Record& r, int attribute, Value value);   // kUnknown: back to the default
void mark(const plan::Plan& plan, Record& r, int mark, Place place);
void count(const plan::Plan& plan, Record& r, int feature, Place place, Value matched);    // matched: kYes or kUnknown
void value(const plan::Plan& plan, Record& r, int feature, Place place, Value seen);       // seen: of the field; kUnknown if it or the match is
void last(const plan::Plan& plan, Record& r, int feature, Place place, const Value* fields);
void reset_last(const plan::Plan& plan, Record& r, int feature);

// The first instant after `now` at which the code's answer can differ though nothing happens; the largest Millis if none. It may come
// too early, never too late.
Millis next_change(const View& view, const plan::Membership& membership, Millis now);

// ---- limits: accepted actions in a rolling window ----

void count_limit(const plan::Plan& plan, Record& r, int limit, Millis at);
std::int64_t used(const plan::Plan& plan, const Record& r, int limit, Millis now);          // in now - within < t, at most Limit::count

}  // namespace polku::record
