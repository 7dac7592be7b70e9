// The visitors of one engine: where each is, found by name. Private to the engine.
//
// A visitor is one block: a header of one cache line, then the cells of the record. Names are in an arena, the index leads from a hash to a number, and
// the number to the block by a table of chunks: so the block and the name can be fetched together. What few visitors have stands behind one pointer.
// Whoever wants to keep visitors elsewhere (on disk) has find(), make() and erase() to do it behind.
#pragma once
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/base/name_index.h"
#include "runtime/base/pool.h"
#include "runtime/engine/engine.h"
#include "runtime/history/past.h"
#include "runtime/record/record.h"

namespace polku::engine {

inline constexpr Millis kNever = std::numeric_limits<Millis>::max();
inline constexpr Millis kNoClock = std::numeric_limits<Millis>::min();

// What few visitors have, unless the engine keeps histories: then all have it.
struct Rare {
  std::unique_ptr<history::Past> past;    // with histories; then also:
  Millis received = kNoClock;             // when the latest record was
  Millis now = kNoClock;                  // what the visitor's clock shows: records have reached it until then
  std::string_view person;                // the name under which the earliest record came
  std::vector<std::string_view> aliases;  // the other names that stand for the visitor

  std::vector<std::uint64_t> same;        // identities of the records at the clock's time, but the first; ascending
  std::uint64_t asked = 0, given = 0;     // the latest of them: what it would have been, and is

  // What decisions of an older pack left behind and the record has no place for: of rules that wait no more, of what nothing suppresses any more.
  struct Waiting { std::int32_t rule = 0; std::vector<Value> words; };  // due, then a start, as of a Wait
  std::vector<Waiting> waiting;
  std::unordered_map<std::string, Millis> suppressed;                   // until when
};

struct Visitor {
  Millis clock = kNoClock;                // of the latest place; move_to() sets it
  Millis deadline = kNever;               // no timer is due before this; a hint of it is in the heap whenever the engine is not at work on the visitor
  const base::Name* name = nullptr;       // nullptr: no visitor lives in this block
  std::unique_ptr<Rare> rare;
  std::uint64_t identity = 0;             // of the first record at the clock's time
  std::uint32_t number = 0;
  bool recorded = false;                  // there was one
  record::Record record;                  // its cells follow

  std::string_view key() const { return name->text(); }
  std::string_view person() const { return rare && !rare->person.empty() ? rare->person : key(); }
  history::Past* past() const { return rare ? rare->past.get() : nullptr; }
  Millis now() const { return rare ? rare->now : kNoClock; }  // kNoClock without histories: then the clock and the records say it
  bool waits() const { return rare && !rare->waiting.empty(); }
  Rare& own() {
    if (!rare) rare = std::make_unique<Rare>();
    return *rare;
  }
  void move_to(Millis time) {
    recorded = recorded && time == clock;
    clock = time;
  }
  // Moves to a record, without histories: records that are equal in everything, time included, have distinct identities by their order.
  std::uint64_t distinct(Millis at, std::uint64_t identity);
};
static_assert(sizeof(Visitor) == base::kCacheLine);

class Visitors {
 public:
  explicit Visitors(const plan::Plan& plan);
  Visitors(const Visitors&) = delete;
  Visitors& operator=(const Visitors&) = delete;
  ~Visitors();

  Visitor* find(std::string_view name);                 // nullptr: there is none
  Visitor& make(std::string_view name);                 // which stands for none yet. Throws std::length_error beyond 2^31 - 1
  Visitor* at(std::uint32_t number);                    // nullptr: none lives there
  void erase(Visitor& v);                               // its names must stand for another by then
  void forget(Visitor& v);                              // and all its names, which must be its key and Rare::aliases
  void clear(record::Record& r) {
    empty_.release(r);
    empty_.put(r, memory_);
  }

  std::string_view call(std::string_view name, Visitor& v);   // the name stands for the visitor from now on; as it is kept
  std::string_view kept(std::string_view name) const;         // one that stands for some visitor

  // All visitors of another, which is empty afterwards: under their numbers, with empty records of this plan. This one must be empty.
  void adopt(Visitors& old);

  std::size_t size() const { return living_; }
  std::uint32_t end() const { return slots_.end(); }    // all numbers are below
  std::size_t bytes() const;                            // of all blocks, names and the index; and what grows beside the records
  static Cost cost(const plan::Plan& plan, std::size_t visitors, std::size_t name_bytes);  // but timers

  // For records that come in batches: brings what find() and then the engine will read nearer, step by step. Each step should have been taken for the whole
  // batch before the next. They change nothing.
  static std::uint64_t hash(std::string_view name) { return base::NameIndex::hash(name); }
  void prefetch_place(std::uint64_t hash) const { index_.prefetch(hash); }
  void prefetch_block(std::uint64_t hash) const;
  void prefetch_units(std::uint64_t hash, std::int32_t event) const;   // and the name
  void prefetch_lists(std::uint64_t hash, int step) const;              // step: 0, 1, 2, if the plan has lists
  void prefetch_past(std::uint64_t hash, int step) const;               // likewise, with histories: what a record is put behind

 private:
  struct Alias { const base::Name* name = nullptr; std::uint32_t number = 0; };
  static constexpr std::uint32_t kAlias = 1u << 31;     // numbers from here on are aliases
  Visitor& block(std::uint32_t number) const { return *reinterpret_cast<Visitor*>(slots_.at(number)); }
  void prefetch(std::uint32_t number) const;
  std::uint32_t entry(std::string_view name, std::uint64_t hash) const;
  std::uint32_t alias(const base::Name* name, std::uint32_t number);
  void remove(const base::Name* name, std::uint32_t entry);

  const plan::Layout& layout_;
  record::Empty empty_;
  base::Pieces memory_;                                 // of the units of records
  base::Slots slots_;
  base::NameIndex index_;
  base::Names names_;
  std::vector<Alias> aliases_;
  std::vector<std::uint32_t> unused_;                   // aliases that stand for nobody
  Visitor* latest_ = nullptr;                           // that was found by its key: who is asked for is mostly asked for again
  std::size_t living_ = 0, name_bytes_ = 0;
};

}  // namespace polku::engine
