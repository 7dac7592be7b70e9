// Applies a plan to visitors' events in time order and chooses actions. The runtime's heart; knows the plan, not the language.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/base/text.h"
#include "runtime/engine/dispatch.h"
#include "runtime/history/arrivals.h"
#include "runtime/history/decision.h"
#include "runtime/history/event.h"
#include "runtime/record/record.h"
#include "runtime/timers/timers.h"

namespace polku::engine {

// Which decisions are handed out. All are counted.
enum class Keep { Acted, Recorded, All };  // All: `no_match` too

// What happened to a rule's trigger, for explanations.
struct Step {
  enum class Kind { Started, Restarted, Stopped } kind = Kind::Started;
  Millis at = 0;
  std::size_t rule = 0;
  plan::OccurrenceId by = 0;    // what started or stopped it
  Millis due = 0;               // Started, Restarted: when it will fire
};

enum class Taken { Yes, OutOfOrder };

using OutcomeCounts = std::array<std::uint64_t, history::kOutcomes>;

// One thread at a time. plan, evaluator and texts must outlive the engine; texts must begin with the plan's (plan::preload).
class Engine {
 public:
  Engine(const plan::Plan& plan, const plan::Evaluator& evaluator, base::Texts& texts, Keep keep);
  ~Engine();

  // Takes in one record, after all timers of this visitor that are due until then. OutOfOrder: it lies before the
  // visitor's latest record or the time advanced to; nothing has changed. Events are values of this plan's catalog.
  Taken take(std::string_view visitor, const history::Event& event);

  // Runs the clocks of all visitors to `until`, timers due at `until` included.
  void advance(Millis until);

  // Decisions made since the last call, in the order they were made; for one visitor that is the order of the decision file.
  std::vector<history::Decision> drain();
  bool empty() const { return out_.empty(); }

  std::size_t visitors() const { return visitors_.size(); }
  std::size_t bytes() const;                                            // of all records, approximately
  const std::vector<OutcomeCounts>& counts() const { return counts_; }  // per rule
  void trace(std::vector<Step>* steps) { steps_ = steps; }              // nullptr: no tracing

 private:
  struct Visitor;
  struct Firing { std::int32_t rule; std::int64_t seq; std::uint64_t identity; std::size_t fields; };

  Visitor& find(std::string_view key);
  void run_timers(Visitor& v, Millis until);
  void happen(Visitor& v, plan::OccurrenceId what, Millis at, const std::vector<Value>& fields, std::uint64_t identity);
  void stop(Visitor& v, std::size_t rule, Millis at, plan::OccurrenceId by);
  void start(Visitor& v, std::size_t rule, Millis at, plan::OccurrenceId by, const std::vector<Value>& fields, std::uint64_t identity);
  void fire_captured(std::size_t rule, const Value* state);
  void judge_place(Visitor& v, Millis at);
  void judge(Visitor& v, const Firing& firing, Millis at);
  void due_at(Visitor& v, Millis due);
  history::Decision decision(const Visitor& v, const plan::Rule& rule, const plan::Context& context) const;
  history::Reason reason(const plan::Clause& clause, history::Tri is, const plan::Context& context) const;
  std::vector<history::Seen> seen(const std::vector<plan::Leaf>& leaves, const plan::Context& context) const;

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };

  const plan::Plan& plan_;
  const plan::Evaluator& evaluator_;
  base::Texts& texts_;
  Keep keep_;
  Dispatch dispatch_;
  std::vector<std::unique_ptr<Visitor>> visitors_;
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> by_name_;
  timers::Timers timers_;
  Millis floor_ = std::numeric_limits<Millis>::min();  // every visitor's clock is at least here
  std::vector<history::Decision> out_;
  std::vector<OutcomeCounts> counts_;
  std::vector<Step>* steps_ = nullptr;

  // Of the place being judged; kept to reuse their memory.
  struct Occupied { std::int32_t channel, slot; std::size_t rule; };
  std::vector<Firing> firings_, round_;
  std::vector<Value> pool_;                    // fields of firings
  std::vector<Value> matches_;
  std::vector<Occupied> occupied_;
  std::vector<std::pair<std::size_t, history::Decision>> made_;
  std::vector<std::uint64_t> fired_;           // per rule: the place it last fired at
  std::uint64_t place_ = 0;
};

}  // namespace polku::engine
