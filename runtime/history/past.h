// One visitor's history, whole: what the fold goes through. Records and the decisions that later behaviour reads, in (time, arrival).
#pragma once
#include <cstdint>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include "runtime/history/decision.h"
#include "runtime/history/event.h"

namespace polku::history {

// A decision as the fold needs it (reading 65). Names, not numbers: it outlives the pack that made it.
struct Deed {
  enum class Kind { Acted, HeldOut, Waiting, Offered, Dropped } kind = Kind::Acted;  // Dropped: a firing that only ends what its rule had waiting or offered
  std::string journey, rule;
  DecisionId id;                          // Acted, HeldOut
  Millis start_at = 0;                    // the firing's start
  std::uint64_t start = 0;                // its identity
  Millis until = 0;                       // Waiting: the opening
  std::uint64_t round = 0;                // in which it was judged: no two rounds of a visitor have the same
  bool begins_place = false;              // of the first round of a place that is no record's own and no timer's
  struct Done {
    ActionKind kind = ActionKind::Send;
    bool service = false;                 // Send
    std::string channel;                  // Send, Show
    std::string name;                     // Suppress: what
    Millis length = 0;                    // Suppress
  };
  std::vector<Done> done;                 // Acted: in written order
};

inline constexpr std::uint64_t kDeeds = 1u << 24;  // between two records of a visitor there are fewer deeds

struct Entry {
  Millis at = 0;
  // Orders entries of one instant. Of a record: the how manieth of all, times kDeeds; of a deed: behind the latest record of its visitor, so that it
  // does not depend on when the visitor's timers were looked at.
  std::uint64_t arrival = 0;
  std::uint32_t name = 0;                 // of a record: in Past::names
  std::variant<Event, Deed> what;
};

struct Past {
  std::vector<std::string> names;         // under which records came; after a merge there are several
  std::vector<Entry> entries;             // in (at, arrival)
  std::uint64_t arrival = 0;              // of what came last
  std::unordered_set<std::uint64_t> placed;     // keys of all firings ever placed
  std::unordered_set<std::uint64_t> converted;  // exposures that have their conversion, by the hash of their id

  bool last(Millis at) const { return entries.empty() || entries.back().at <= at; }  // would an entry of `at` be the last?
  const Entry& insert(Entry entry);       // to its place; behind those of the same (at, arrival). Good until the next change
  std::uint64_t distinct(Millis at, std::uint64_t identity) const;  // the next that no record of that time has
  void absorb(Past other);                // a merge: two histories become one
};

// The key of a firing (reading 67): opening is kUnknown unless it was placed at its opening.
std::uint64_t firing_key(std::string_view journey, std::string_view rule, std::uint64_t start, Millis opening);

}  // namespace polku::history
