// A visitor's record: the packed cache of fold(history), laid out by plan::Layout. And what code may ask of it.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/base/pool.h"
#include "runtime/base/text.h"
#include "runtime/base/time.h"
#include "runtime/base/value.h"

namespace polku::record {

// A position in a visitor's history: records of one millisecond are told apart by seq.
struct Place {
  Millis at = 0;
  std::int64_t seq = 0;
};

struct Record {
  std::unique_ptr<Value[], base::Pool::PutBack> words;  // Layout::words
  std::unique_ptr<std::vector<Value>[]> lists;    // Layout::lists
  std::int64_t seq = 0;                           // of the latest history record
};

// Where the records of one plan live, which must outlive it; it outlives them. Not safe from several threads.
class Store {
 public:
  explicit Store(const plan::Plan& plan);
  Record make();                                  // attributes at their defaults, in no segment, everything else empty

 private:
  const plan::Plan& plan_;
  std::vector<Value> empty_;                      // the words of such a record
  base::Pool words_;
};

// What Context::state points to while code of this plan is run on a record.
struct View {
  const plan::Plan* plan = nullptr;
  const Record* record = nullptr;
  const base::Texts* texts = nullptr;
  const base::Zone* zone = nullptr;               // of the visitor, now
};

// The answers to plan::Host. Windows are judged at Context::now.
const plan::Host& host();

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
