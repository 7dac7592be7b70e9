// One visitor as the engine keeps it. Private to the engine.
#pragma once
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/engine/engine.h"

namespace polku::engine {

inline constexpr Millis kNever = std::numeric_limits<Millis>::max();
inline constexpr Millis kNoClock = std::numeric_limits<Millis>::min();

inline std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

// The 32 hexadecimal digits of a decision's id, as two words of a record and back.
std::pair<Value, Value> id_words(const std::string& id);
std::string id_text(std::pair<Value, Value> words);

// How many acts of the unit a row has; service messages are none.
std::int64_t acts_in(const plan::Row& row, plan::LimitUnit unit);

// If `now` lies in quiet hours [from, to), local times of day: the instant at which they end.
std::optional<Millis> opening(const base::Zone& zone, Millis from, Millis to, Millis now);

struct Engine::Visitor {
  std::string key;
  record::Record record;
  history::SameInstant arrivals;
  std::string person;           // the name under which the earliest record came
  std::unique_ptr<history::Past> past;  // with histories
  Millis clock = kNoClock;      // of the latest place
  Millis received = kNoClock;   // when the latest record was
  Millis now = kNoClock;        // what the visitor's clock shows: records have reached it until then
  Millis deadline = kNever;     // no timer is due before this
  Millis hinted = kNever;       // the earliest hint of this visitor in the heap
  std::uint32_t number = 0;

  // What decisions of an older pack left behind and the record has no place for: of rules that wait no more, of what nothing suppresses any more.
  struct Waiting { std::int32_t rule = 0; std::vector<Value> words; };  // as the record has them: due, then a start
  std::vector<Waiting> waiting;
  std::unordered_map<std::string, Millis> suppressed;                   // until when
};

// One firing on its way through the gates.
struct Engine::Judgement {
  const plan::Rule& rule;
  std::size_t index = 0;
  plan::Context context;
  const plan::Row* row = nullptr;                       // once it is known
  std::vector<std::vector<history::Seen>> params;       // of each action of the row
  std::vector<std::int32_t> channels;                   // of each action of the row; -1: none, or none chosen
  std::vector<history::Reason> more;                    // reasons behind the conditions
  Millis opens = 0;                                     // waiting: until then
};

}  // namespace polku::engine
