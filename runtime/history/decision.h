// What every engine answers: one decision per firing, with its reasons. And how it is written down.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "runtime/base/text.h"
#include "runtime/base/value.h"

namespace polku::history {

enum class Outcome {
#define POLKU_OUTCOME(name, recorded, words) name,
#include "runtime/history/outcomes.def"
#undef POLKU_OUTCOME
};
inline constexpr std::size_t kOutcomes = 0
#define POLKU_OUTCOME(name, recorded, words) +1
#include "runtime/history/outcomes.def"
#undef POLKU_OUTCOME
    ;
std::string_view outcome_name(Outcome outcome);
std::string_view outcome_words(Outcome outcome);
bool outcome_recorded(Outcome outcome);
std::optional<Outcome> outcome_of(std::string_view name);

// A value that has left the engine: independent of any table of texts.
struct Datum {
  catalog::TypeKind kind = catalog::TypeKind::YesNo;
  Value value = kUnknown;               // for Text and TextList only whether it is kUnknown matters
  std::vector<std::string> texts;       // Text: one. TextList: all. OneOf: the name of the value
  bool or_more = false;                 // a count that was followed only up to what decides: "3 or more"
  bool known() const { return value != kUnknown; }
};
Datum datum(const catalog::Type& type, Value value, const base::Texts& texts);

enum class Tri { No, Yes, Unknown };

struct Seen { std::string name; Datum value; };

// One clause and what it saw. `clause` is the author's text, blanks collapsed, or the engine's own words for a gate that
// stands in the catalog ("email needs consent.marketing").
struct Reason {
  std::string clause;
  Tri is = Tri::Unknown;
  std::vector<Seen> saw;                // in written order, each name once
};

enum class ActionKind { Send, Show, Task, Suppress, Split };
struct Action {
  ActionKind kind = ActionKind::Send;
  std::string name;                     // template, task, what is suppressed, or the split
  std::string channel, slot;            // Send: channel, empty while `best of` has not chosen. Show: both
  std::string variant;                  // Split
  Millis length = 0;                    // Suppress
  std::vector<Seen> params;             // in the template's order; an optional one that is not known is left out
};

struct Decision {
  std::string id;                       // firing_id()
  Millis at = 0;
  std::string visitor, journey, rule;
  std::optional<std::int64_t> version;  // of the journey
  Outcome outcome = Outcome::no_match;
  std::vector<Action> actions;          // in written order; none while no row of a table is chosen
  std::vector<Reason> because;
};

// Plain text as a person reads it: `55.00 EUR`, `10%`, `30 minutes`, `2026-12-24`, `gold`, `yes`, `not known`, `3 or more`.
std::string words(const Datum& d, std::string_view currency);
std::string words(Millis length);       // `7 days`, `90 minutes`: the largest unit that divides it
// An action: `send "nudge" by email, with product = Cabin`; several, joined, "do nothing" if there are none.
std::string words(const std::vector<Action>& actions, std::string_view currency);
std::string clock_words(Millis of_day); // `21:00`, `21:00:30`

inline constexpr int kDecisionSchema = 2;
// One line of JSON without line end:
// {"schema":2,"id":"…","at":"2026-11-21T09:30:00.000Z","visitor":"…","journey":"…","version":3,"rule":"…","outcome":"acted",
//  "actions":[{"kind":"send","name":"…","channel":"…","params":{…}}],
//  "because":[{"clause":"…","is":"yes","saw":{"cart.value":"55.00 EUR"}}]}
// version is null if the journey has none. The other actions: {"kind":"show","name":"…","channel":"…","slot":"…","params":{…}},
// {"kind":"task","name":"…","params":{…}}, {"kind":"suppress","name":"…","for":"14 days"},
// {"kind":"split","name":"…","variant":"…"}. A channel that is not chosen is null.
// Yes/no are booleans, whole numbers and numbers are numbers, text and lists are themselves, unknown is null, all else is
// the string that words() gives.
void append_json(std::string& out, const Decision& d, std::string_view currency);
void append_json(std::string& out, const Datum& d, std::string_view currency);   // one value, likewise
void append_json(std::string& out, std::string_view text);                       // a text, with its quotes

}  // namespace polku::history
