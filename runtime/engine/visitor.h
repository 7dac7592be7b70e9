// What the files of the engine share. Private to it.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/engine/visitors.h"

namespace polku::engine {

inline std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

// How many acts of the unit a row has; service messages are none.
std::int64_t acts_in(const plan::Row& row, plan::LimitUnit unit);

// If `now` lies in quiet hours [from, to), local times of day: the instant at which they end.
std::optional<Millis> opening(const base::Zone& zone, Millis from, Millis to, Millis now);

// One firing on its way through the gates.
struct Engine::Judgement {
  const plan::Rule& rule;
  std::size_t index = 0;
  plan::Context context;
  const plan::Row* row = nullptr;                       // once it is known
  bool sure = true;                                     // the row is; else it is unknown whether it fits
  std::vector<Value>& params;                           // of all actions of the row, one after the other; none until all are known
  std::vector<std::int32_t>& channels;                  // of each action of the row; -1: none, or none chosen
  bool told = true;                                     // a refusal is handed out, so its reason is wanted
  std::vector<history::Reason> more;                    // reasons behind the conditions, and the row of a table
  Millis opens = 0;                                     // waiting: until then

  template <class Make>
  void refuse(Make make) { if (told) more.push_back(make()); }
};

// What a decision leaves behind, in terms of this plan: made of a judgement, or of the deed that a fold meets.
struct Engine::Effect {
  history::Deed::Kind kind = history::Deed::Kind::Acted;
  history::DecisionId id;
  Millis until = 0;                                     // Waiting
  struct Done {
    plan::ActionKind kind = plan::ActionKind::Send;
    bool service = false;
    std::int32_t channel = -1;                          // Send, Show
    std::int32_t suppression = -1;                      // Suppress: in Plan::suppressions; -1: only what an older pack has ended here reads it
    std::string_view name;                              // Suppress
    Millis length = 0;                                  // Suppress
  };
  std::vector<Done> done;                               // Acted
};

}  // namespace polku::engine
