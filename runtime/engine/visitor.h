// One visitor as the engine keeps it. Private to the engine.
#pragma once
#include <limits>
#include <string>

#include "runtime/engine/engine.h"

namespace polku::engine {

inline constexpr Millis kNever = std::numeric_limits<Millis>::max();

struct Engine::Visitor {
  std::string key;
  record::Record record;
  history::SameInstant arrivals;
  Millis clock = std::numeric_limits<Millis>::min();
  Millis deadline = kNever;     // no timer is due before this
  Millis hinted = kNever;       // the earliest hint of this visitor in the heap
  std::uint32_t number = 0;
};

// When the rule's trigger fires next for this record; kNever if it is not waiting.
inline Millis due(const plan::Plan& plan, const record::Record& r, std::size_t rule) {
  const plan::Trigger& t = plan.rules[rule].trigger;
  const Value* state = nullptr;
  if (t.kind == plan::TriggerKind::Absence) {
    state = &r.words[static_cast<std::size_t>(plan.layout.trigger[rule])];
  } else {
    const auto& list = r.lists[static_cast<std::size_t>(plan.layout.trigger_list[rule])];
    if (list.empty()) return kNever;
    state = list.data();
  }
  return *state == kUnknown ? kNever : *state + t.delay;
}

}  // namespace polku::engine
