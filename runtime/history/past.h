// One visitor's history, whole: what the fold goes through. Records and the decisions that later behaviour reads, in (time, arrival).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/history/arrivals.h"
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

// A record or a deed, and its place in the history.
struct Entry {
  Millis at = 0;
  // Orders entries of one instant. Of a record: the how manieth of all, times kDeeds; of a deed: behind the latest record of its visitor, so that it
  // does not depend on when the visitor's timers were looked at.
  std::uint64_t arrival = 0;
  std::uint32_t where = 0;                // of a record: where its bytes begin; of a deed: in Past::deeds
  std::uint32_t name : 31 = 0;            // of a record: in Past::names
  std::uint32_t deed : 1 = 0;
};
static_assert(sizeof(Entry) == 24);

struct Past {
  std::vector<std::string> names;         // under which records came; after a merge there are several
  std::vector<Entry> entries;             // in (at, arrival)
  std::string records;                    // as pack() writes them, in the order in which they were inserted
  std::vector<Deed> deeds;                // likewise
  std::uint64_t arrival = 0;              // of what came last
  Identities placed;                      // keys of all firings ever placed
  Identities converted;                   // exposures that have their conversion, by the hash of their id

  // To its place; behind those of the same (at, arrival). Throws std::length_error if the records of one visitor would exceed 4 GiB.
  void insert(Millis at, std::uint64_t arrival, std::uint32_t name, const Event& event);
  void insert(Millis at, std::uint64_t arrival, Deed deed);
  void read(const Entry& record, Event& into) const;
  const Deed* deed(const Entry& e) const { return e.deed != 0 ? &deeds[e.where] : nullptr; }
  std::uint64_t distinct(Millis at, std::uint64_t identity);  // the next that no record of that time has
  bool has(std::uint64_t identity);       // some record has it
  void absorb(Past other);                // a merge: two histories become one
  // The same entries with records in other words: edit(event), which must leave its time alone.
  template <class Edit>
  void rewrite(Edit edit) {
    Past old;
    old.records.swap(records);
    Event event;
    for (Entry& e : entries) {
      if (e.deed != 0) continue;
      old.read(e, event);
      edit(event);
      e.where = add(event);
    }
  }

 private:
  std::uint32_t add(const Event& event);
  void insert(Entry entry);
  bool look_for(std::uint64_t identity);
  static constexpr std::size_t kScanned = 64;  // entries that has() looks at one by one
  struct Equal { Millis at = kUnknown; std::uint64_t first = 0, last = 0; };
  Equal equal_;                           // what distinct() gave last where it was not what it was asked for
  Identities known_;                      // of all records, where there are more entries; empty until it is asked for
  std::uint64_t absent_ = 0;              // has() looked for it last, and nothing came since; 0: it has not
};

// The key of a firing (reading 67): opening is kUnknown unless it was placed at its opening.
std::uint64_t firing_key(std::string_view journey, std::string_view rule, std::uint64_t start, Millis opening);

}  // namespace polku::history
