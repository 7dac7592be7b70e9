// The plan: a whole rule pack, names and types resolved, as plain data. Printable. Made by sema, read by the evaluators
// (interp, jit) and by the runtime. Immutable once made; shared between threads without locks.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "runtime/base/text.h"
#include "runtime/base/value.h"

namespace polku::plan {

// ---- code: straight-line, every value has a number ----

enum class Op : std::uint8_t {
#define POLKU_OP(name, printed, operands, meaning) name,
#include "compiler/plan/ops.def"
#undef POLKU_OP
};
const char* op_name(Op op);
int op_operands(Op op);

struct Instr {
  Op op;
  std::int32_t a = -1, b = -1;   // earlier instructions of the same code
  std::int32_t aux = -1;         // attribute, field or feature
  std::int64_t imm = 0;          // constant, scale, window or column
};

// Straight-line code; the last instruction is the result. Never empty.
struct Code {
  std::vector<Instr> instrs;
  catalog::Type type;            // of the result
};
using CodeId = std::int32_t;     // in Plan::codes; -1: none (a filter that is always true)

// ---- what a visitor's record keeps ----

// Something that happens in a history: 0 … events-1 are the catalog's events, then the acted decisions of rule 0, 1, …
using OccurrenceId = std::int32_t;

struct Match {                   // an occurrence, if its filter holds; the filter sees the event's own fields only
  OccurrenceId what = 0;
  CodeId filter = -1;
};

enum class FeatureKind { Count, Values, Last };

// Count: when Match happened. keep > 0: only the latest `keep` times matter, and as many unknown ones apart; keep = 0: all
//        within `horizon`.
// Values: field `columns[0]` of each match within `horizon`, to be added up or compared.
// Last:  fields `columns` of the latest match, gone after any of `resets`, or when older than `horizon`.
struct Feature {
  FeatureKind kind = FeatureKind::Count;
  Match match;
  std::int32_t keep = 0;
  Millis horizon = 0;            // how far any reader looks back; at most the history kept
  std::vector<std::int32_t> columns;
  std::vector<OccurrenceId> resets;
};

// How far a reader looks back: now - length < t; and, if since >= 0, only what stands after the latest `since` (an event) that
// itself is within the history; nothing if there is none. Index in Plan::windows.
struct Window {
  Millis length = 0;
  OccurrenceId since = -1;
};

// The time and place of the latest event of a type is kept for each that some window is `since`.
struct Mark { OccurrenceId what = 0; };

// ---- rules ----

enum class TriggerKind { At, Absence, Wait };  // at once; then no … for D; then wait D

struct Trigger {
  TriggerKind kind = TriggerKind::At;
  Match start;
  std::vector<Match> stops;      // Absence; a filter that is unknown stops too
  Millis delay = 0;              // Absence, Wait
};

// One value shown in a decision's reasons.
struct Leaf { std::string name; CodeId code; std::int32_t or_more = 0; };  // or_more = n > 0: n is printed as "n or more"

struct Clause { std::string text; CodeId code = -1; std::vector<Leaf> leaves; };

enum class Polarity { OnlyIf, NotIf };
struct Condition { Polarity polarity; Clause clause; };

// At most `count` accepted actions of the scope in a rolling window.
enum class LimitUnit { Messages, Shows };
struct Limit {
  std::string text;              // as written, or "at most 3 messages by email in 7 days"
  std::int64_t count = 0;
  Millis within = 0;
  LimitUnit unit = LimitUnit::Messages;
};

enum class ActionKind { Send, Show };
struct Param {
  std::string name;
  catalog::Type type;
  bool optional = false;
  CodeId code = -1;              // -1: optional and not given
  std::string clause;            // "with product = cart.top_item", for reasons
  std::vector<Leaf> leaves;
};
struct Action {
  ActionKind kind = ActionKind::Send;
  std::string name;
  std::int32_t channel = 0;      // in catalog.channels
  std::int32_t slot = -1;        // in the channel's slots
  std::vector<Param> params;     // in the template's order
};

struct Rule {
  std::string journey, name;     // unique together; the rule's index is its written order
  std::int32_t journey_index = 0;
  std::int64_t priority = 0;     // higher first
  std::string owner;
  Trigger trigger;
  Clause when;                   // code -1; its leaves see the event
  std::string then;              // text of the clause; empty if there is none
  CodeId gate = -1;              // all conditions in one: yes to go on, no, or unknown. -1: no conditions
  std::vector<Condition> conditions;  // journey's first, each in written order
  std::vector<std::int32_t> limits;   // in Plan::limits: the rule's own, the journey's, the channel's, in that order
  Action action;
  std::vector<std::int32_t> captures; // fields of the starting event that any of its code reads, ascending
};

// Where each thing lives in a visitor's record, in 8-byte words; unbounded ones own an overflow list instead.
//   attribute           1 word, the value
//   mark                at, seq
//   Count, keep > 0     keep × (at, seq), newest first, then as much again for the unknown ones if there is a filter
//   Count, keep = 0     list of (at, seq * 2 + sure)
//   Values              list of (at, seq, value or kUnknown)
//   Last                at, seq, one word a column
//   Absence             at, seq, identity, one word a capture
//   Wait                list of the same
//   limit               `count` times, newest first
// A free place has at = kUnknown. seq is the position in the visitor's history.
struct Layout {
  std::int32_t words = 0;        // of the fixed part
  std::int32_t lists = 0;        // overflow lists
  std::vector<std::int32_t> attribute, feature, mark, trigger, limit;  // first word of each (or -1)
  std::vector<std::int32_t> feature_list, trigger_list;                // overflow list of each (or -1)
};

struct Plan {
  catalog::Catalog catalog;
  std::vector<std::string> texts;            // ids 0 … n-1 of every Texts that is used with this plan
  std::vector<std::vector<std::string>> text_lists;
  std::vector<Code> codes;
  std::vector<Feature> features;
  std::vector<Window> windows;
  std::vector<Mark> marks;
  std::vector<Limit> limits;
  std::vector<Rule> rules;
  std::vector<std::string> journeys;
  std::vector<std::optional<Value>> defaults; // per attribute: its default
  Layout layout;

  OccurrenceId occurrences() const { return static_cast<OccurrenceId>(catalog.events.size() + rules.size()); }
  OccurrenceId decision_of(std::size_t rule) const { return static_cast<OccurrenceId>(catalog.events.size() + rule); }
};

// Gives a fresh table the texts and lists of the plan, under the ids by which its code knows them.
void preload(base::Texts& texts, const Plan& plan);

// Works out plan.layout from the rest.
Layout lay_out(const Plan& plan);

// The whole plan as text, the same on every machine: what `polku plan` prints and goldens compare.
std::string print(const Plan& plan);

// Fixed bytes that one visitor's record takes, and what can grow, named by rule.
struct Footprint {
  std::size_t bytes = 0;                // the record, without the index and the visitor's name
  std::vector<std::string> unbounded;  // "number of page_viewed in the last 30 days (rule offer): every one is kept"
};
Footprint footprint(const Plan& plan);

// ---- how code is run ----

// What code may ask of the visitor's record. Pure; called during an evaluation.
struct Context;
struct Host {
  Value (*last)(const Context*, std::int32_t feature, std::int64_t column);
  Value (*count_at_least)(const Context*, std::int32_t feature, std::int64_t window, Value k);
  Value (*count)(const Context*, std::int32_t feature, std::int64_t window);
  Value (*count_seen)(const Context*, std::int32_t feature, std::int64_t window, std::int64_t up_to);
  Value (*sum)(const Context*, std::int32_t feature, std::int64_t window);
  Value (*highest)(const Context*, std::int32_t feature, std::int64_t window);
  Value (*lowest)(const Context*, std::int32_t feature, std::int64_t window);
  Value (*text)(const Context*, std::int32_t op, Value a, Value b);  // TextContains, TextStarts, TextEnds, ListContains; both known
};

// One evaluation. Plain layout: compiled code reads it by offset.
struct Context {
  Millis now = 0;
  const Value* fields = nullptr;       // of the event at hand, by field number (only those captured are valid)
  const Value* attributes = nullptr;   // by attribute number, defaults filled in
  const Host* host = nullptr;
  const void* state = nullptr;         // for Host alone
};

// Runs code. One evaluator serves one plan; evaluate() is safe from many threads.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual Value evaluate(CodeId code, const Context& context) const = 0;
  virtual const char* tier() const = 0;  // "interpreter", "jit"
};

}  // namespace polku::plan
