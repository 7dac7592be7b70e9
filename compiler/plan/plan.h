// The plan: a whole rule pack, names and types resolved, as plain data. Printable. Made by sema, read by the evaluators
// (interp, jit) and by the runtime. Immutable once made; shared between threads without locks.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
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
bool op_reads_feature(Op op);       // aux is one, imm a window (LastField: a column)

struct Instr {
  Op op;
  std::int32_t a = -1, b = -1;   // earlier instructions of the same code
  std::int32_t aux = -1;         // attribute, field (in a filter), capture (elsewhere) or feature
  std::int64_t imm = 0;          // constant, scale, window or column
};

// Straight-line code; the last instruction is the result. Never empty.
struct Code {
  std::vector<Instr> instrs;
  catalog::Type type;            // of the result
};
// The instructions of which the code is an `and`, each once, in written order; its last one if it is none.
std::vector<std::int32_t> conjuncts(const Code& code);
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
// Values: field `columns[0]` of each match within `horizon`, to be added up, compared, or the first of them taken.
// Last:  fields `columns` of the latest match, gone after any of `resets`, or when older than `horizon`.
struct Feature {
  FeatureKind kind = FeatureKind::Count;
  Match match;
  std::int32_t keep = 0;
  Millis horizon = 0;            // how far any reader looks back; at most the history kept
  std::vector<std::int32_t> columns;
  std::vector<OccurrenceId> resets;
};

// How far a reader looks back from now: now - length < t, or from the first instant of the visitor's local day, week (Monday) or month on,
// but at most the history kept; if since >= 0, only what stands after the latest `since` (an event) that itself is within the history,
// nothing if there is none; with before_this, only what stands before the start of the firing. Index in Plan::windows.
enum class WindowKind { Rolling, Today, Week, Month };
struct Window {
  WindowKind kind = WindowKind::Rolling;
  Millis length = 0;             // the longest it can reach: of Today 2 days, of Week 8, of Month 32, at most the history kept
  OccurrenceId since = -1;
  bool before_this = false;
};

// The time and place of the latest event of a type is kept for each that some window is `since`.
struct Mark { OccurrenceId what = 0; };

// ---- rules ----

enum class StartKind {
  Event,     // `when E`, `when any of …`: any of `on`
  Count,     // `N E [with the same f] within D`: `on[0]`
  Order,     // `in order within D`: the steps are `on`
  Member,    // `visitor enters / leaves SEGMENT`
  Asked,     // `asked for SLOT`
  Daily,     // `every day at T`
  Yearly,    // `on DATE at T`
};
enum class DelayKind { None, Absence, Wait };  // at once; then no … for D; then wait D

struct Trigger {
  StartKind start = StartKind::Event;
  std::vector<Match> on;         // Event: a filter that is unknown does not start. Count, Order: nor does it count
  std::int32_t count = 0;        // Count
  std::int32_t same = -1;        // Count: the field of which each known value is counted apart
  Millis within = 0;             // Count, Order
  std::vector<Match> without;    // Order: at most one; a filter that is unknown breaks too
  std::int32_t membership = -1;  // Member: in Plan::memberships
  bool enters = true;            // Member
  std::int32_t channel = -1, slot = -1;  // Asked
  Millis of_day = 0;             // Daily, Yearly: local time of day
  CodeId date = -1;              // Yearly: a date or a time
  DelayKind then = DelayKind::None;
  std::vector<Match> stops;      // Absence; a filter that is unknown stops too
  Millis delay = 0;              // Absence, Wait
};

// A segment that some rule enters or leaves. It is looked at again when an entry leaves one of the windows, at local midnight if one of
// them is a calendar window, and at the instants listed.
struct Membership {
  std::string segment;
  CodeId code = -1;              // sees attributes and the record
  struct Reading { std::int32_t feature = -1, window = -1; };  // feature with window -1: as far as its horizon (`last`)
  std::vector<Reading> readings; // all that the code asks of the record
  std::vector<Millis> instants;  // constants that `now` is compared with, ascending
};

// One value shown in a decision's reasons.
struct Leaf { std::string name; CodeId code; std::int32_t or_more = 0; };  // or_more = n > 0: n is printed as "n or more"

struct Clause { std::string text; CodeId code = -1; std::vector<Leaf> leaves; };

enum class Polarity { OnlyIf, NotIf };
struct Condition { Polarity polarity; Clause clause; };

// At most `count` acts of a unit, within the scope, in a rolling window. Acts of the rules whose `counted_in` names it count.
enum class LimitUnit { Messages, Shows, Tasks };
struct Limit {
  std::string text;              // as written, or "at most 3 messages by email in 7 days"
  std::int64_t count = 0;
  Millis within = 0;
  LimitUnit unit = LimitUnit::Messages;
};

enum class ActionKind { Send, Show, Task, Suppress, Split };
struct Param {
  std::string name;
  catalog::Type type;
  bool optional = false;
  CodeId code = -1;              // -1: optional and not given
  std::string clause;            // "with product = cart.top_item", for reasons
  std::vector<Leaf> leaves;
};
struct Share { std::int32_t below = 0; std::string variant; };  // buckets from the share before on, below this
struct Action {
  ActionKind kind = ActionKind::Send;
  std::string name;
  std::vector<std::int32_t> channels;   // in catalog.channels. Send: one, or those of `best of`. Show: one
  std::string best_of;                  // "best of push, email", for reasons; empty: one channel
  std::int32_t slot = -1;               // Show: in the channel's slots
  bool service = false;                 // Send
  std::vector<Param> params;            // in the template's (task's) order
  std::int32_t suppression = -1;        // Suppress: in Plan::suppressions
  Millis length = 0;                    // Suppress
  std::vector<Share> shares;            // Split: ascending, the last is below 10,000
};

// One way of a rule to act: its `do`, or a row of its table.
struct Row {
  CodeId code = -1;                     // yes, no or unknown; -1: yes
  std::vector<Action> actions;          // empty: nothing
};

struct Quiet { std::string text; Millis from = 0, to = 0; bool wait = true; };
struct Once { std::string text; std::optional<Millis> within; };           // none: per visitor
struct Dates { std::string text; Millis from = 0, until = 0; };            // from <= now < until (the largest Millis: no end)

// A field of a record that starts the rule, kept for as long as the firing may need it. Op::Field reads captures by number.
struct Capture { OccurrenceId event = 0; std::int32_t field = 0; };

struct Rule {
  std::string journey, name;     // unique together; the rule's index is its written order
  std::int32_t journey_index = 0;
  std::int64_t priority = 0;     // higher first
  std::string owner;
  Trigger trigger;
  std::vector<Clause> when;      // Event: one for each of trigger.on, else one; code -1; their leaves see the starting record
  std::string then;              // text of the clause; empty if there is none
  CodeId gate = -1;              // all conditions in one: yes to go on, no, or unknown. -1: no conditions
  std::vector<Condition> conditions;  // journey's first, each in written order
  std::vector<Dates> dates;      // journey's first; likewise below
  std::vector<Once> once;
  std::vector<std::int32_t> suppressed_by;  // in Plan::suppressions: its journey, its groups
  std::vector<std::string> belongs_to;      // its journey, its groups: what may be suppressed, also by a rule of an older pack
  std::vector<Row> rows;         // never empty; one without code unless there is a table
  bool table = false;
  std::vector<Leaf> columns;     // of the table, for reasons
  std::vector<Quiet> quiet;      // the rule's first (then the journey's): the first that holds decides
  std::vector<std::int32_t> limits;      // in Plan::limits, that it must keep: the rule's own, the journey's. The channels' stand in Plan::channel_limits
  std::vector<std::int32_t> counted_in;  // all limits (guarantees and groups, but not the channels') in which its acts count
  std::int32_t hold_out = -1;    // in Plan::hold_outs
  bool offers = false;           // it shows, and is not started by a request
  Millis held = 0;               // offers: for how long; the same for all rows
  std::vector<Capture> captures;
};

// Of journeys.
struct Journey {
  std::string name;
  std::optional<std::int64_t> version;
  std::vector<Match> stops;      // a filter that is unknown stops too
  std::int32_t goal = -1;        // in Plan::goals
  std::string hold_out;          // text of its clause; empty if there is none
};
struct Goal {
  std::string text;
  std::int32_t journey = 0;
  Match match;
  Millis within = 0;
  CodeId worth = -1;             // sees the goal's event by captures; -1: none
  std::vector<Capture> captures;
};
struct HoldOut { std::string name; std::int32_t below = 0; };         // by name, each once for one share; held out if bucket < below

struct Guarantee {
  std::string name;
  // never …: kind Send or Show, channels (all that are listed; sema lists all where none is named), code
  ActionKind kind = ActionKind::Send;
  std::vector<std::int32_t> channels;
  CodeId code = -1;              // must be yes; sees what a segment sees
  std::vector<Leaf> leaves;
  std::int32_t limit = -1;       // at most …: in Plan::limits; then the others mean nothing
};

// Where each thing lives in a visitor's record: cells of a few bytes, which only runtime/record/cells.h reads and writes. What has no bound owns an
// overflow list of Values instead. What is kept, and in how many bytes:
//   attribute           by its type: 1 (yes/no, consent, up to 254 choices), 2, 4 or 6, or 8 if its default needs them; derived ones have no cell
//   mark                an instant, seq
//   Count, keep > 0     ring of `keep` instants, newest first, then as many for the unknown ones if there is a filter
//   Count, keep = 0     list of (at, seq * 2 + sure)
//   Values              list of (at, seq, value or kUnknown)
//   Last                an instant, each column by its type
//   membership          1, kNo or kYes: the last known
//   start: Count        ring of count - 1 instants; with `same`, list of (at, value)
//          Order        of each prefix an instant, seq; of each rule a seq
//   pending             Absence: since when it is armed, and what it started with. Wait has a list of (at, seq, identity, alternative, each capture)
//   waiting             due, and what it started with: the firing that waits for its opening (rules that may be quiet)
//   offer               until when, and what it started with (rules that offer)
//   once                instant of the latest exposure (rules with `once`)
//   limit               ring of `count` instants
//   suppression         until when
//   arm                 1, of each holdout: kNo acted, kYes held out, 2 both
//   goal                list of exposures: at, two words of id, rule * 4 + held out * 2 + converted
//   answer              of each channel in a `best of`: list of (at, answered)
// What a firing started with is its instant (of an absence, since when it is armed), seq if the rule looks `before this`, identity, alternative (of an
// absence, if there are several), each capture by its type. seq is the position in the visitor's history; a place of timers takes one too. Rings
// keep it only if some reader asks what stands behind another event or `before this`.
// Attributes and memberships stand in the dense part of the record, at their byte. All else is sparse: a cell at kSparse + n is in the unit n / kUnitBytes
// of the visitor, and a unit in which nothing is known takes no memory. No cell stands in two units; those of an event are next to each other.
inline constexpr std::int32_t kSparse = 1 << 30, kUnitBytes = 16;
inline constexpr std::int32_t kInstantBytes = 8, kSeqBytes = 4, kIdentityBytes = 8;
// In front of the dense part: 16 bytes, and 16 for each 64 units (cells::Directory).
inline std::int32_t directory_bytes(std::int32_t units) { return units == 0 ? 0 : 16 + (units + 63) / 64 * 16; }
inline std::size_t unit_of(std::int32_t at) { return static_cast<std::size_t>((at - kSparse) / kUnitBytes); }
inline constexpr std::size_t kStartWords = 4;   // of a Wait, in front of its captures
struct Cell { std::int32_t at = -1, bytes = 0; };                     // -1: there is none
struct Ring { std::int32_t at = -1; bool seq = false; };              // of instants, each with its seq behind it or not
inline std::int32_t stride(const Ring& r) { return r.seq ? kUnitBytes : kInstantBytes; }
struct StartCells { std::int32_t at = -1; Cell seq, identity, alternative; std::vector<Cell> captures; };
struct Layout {
  std::int32_t bytes = 0;        // of the dense part, with what says which units there are
  std::int32_t units = 0;        // that a visitor may have
  std::int32_t lists = 0;        // overflow lists
  struct Units { std::int32_t first = 0, count = 0; };
  std::vector<Units> event;      // of each occurrence: those of its own
  std::vector<Cell> attribute;
  struct Run { std::int32_t first = 0, count = 0; Cell cell; };       // attributes whose cells are equally wide and follow each other
  std::vector<Run> runs;
  std::vector<Ring> feature;                                          // Last: the instant alone
  std::vector<std::vector<Cell>> columns;                             // of each feature: of Last
  std::vector<std::int32_t> mark, membership, limit, suppression, arm;      // first byte of each (or -1)
  // Of each rule (or -1) the instant that says since when it is armed for an absence, until when it waits or offers; none: it does not.
  std::vector<std::int32_t> pending, waiting, offer;
  std::vector<StartCells> pending_start, waiting_start, offer_start;  // of each rule: what that started with
  std::vector<std::int32_t> start, once;                              // of each rule (or -1)
  // The first steps of sequences, which rules share where they are alike: the latest start of a chain of them, an instant and its seq.
  struct Prefix { std::int32_t at = -1, before = -1; Match last; std::vector<Match> without; std::int32_t steps = 0; };  // before: the prefix without `last`, or -1
  std::vector<Prefix> prefixes;
  std::vector<std::int32_t> prefix, used;                             // of each rule (or -1): all steps but the last; a seq up to which starts are used up
  std::vector<std::int32_t> feature_list, start_list, pending_list, goal_list, answer_list;  // overflow list of each (or -1)
};

// The bytes of a cell for values of the type: all but a few fit in, and those stand beside the record.
std::int32_t cell_bytes(const catalog::Type& type);

struct Plan {
  catalog::Catalog catalog;
  std::vector<std::string> texts;            // ids 0 … n-1 of every Texts that is used with this plan
  std::vector<std::vector<std::string>> text_lists;
  std::vector<Code> codes;
  std::vector<CodeId> shared;                // codes of tests that several rules make (shared.h)
  std::vector<Feature> features;
  std::vector<Window> windows;
  std::vector<Mark> marks;
  std::vector<Membership> memberships;
  std::vector<Limit> limits;
  std::vector<std::int32_t> channel_limits;  // of each channel: in limits, or -1; its messages count in it
  std::vector<std::string> suppressions;     // journeys and groups that some rule suppresses
  std::vector<HoldOut> hold_outs;
  std::vector<Goal> goals;
  std::vector<Guarantee> guarantees;         // in written order
  std::vector<Rule> rules;
  std::vector<Journey> journeys;             // in written order
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
  std::size_t bytes = 0, units = 0;     // the dense part of the record; and what its units take at most
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
  Value (*average)(const Context*, std::int32_t feature, std::int64_t window, std::int64_t scale);
  Value (*first)(const Context*, std::int32_t feature, std::int64_t window);
  Value (*text)(const Context*, std::int32_t op, Value a, Value b);  // TextContains, TextStarts, TextEnds, ListContains; both known
};

// One evaluation. Plain layout: compiled code reads it by offset.
struct Context {
  Millis now = 0;
  const Value* fields = nullptr;       // a filter: of the event at hand, by field number; else the captures of the firing
  const Value* attributes = nullptr;   // by attribute number, defaults filled in
  const Host* host = nullptr;
  const void* state = nullptr;         // for Host alone
  std::int64_t before = std::numeric_limits<std::int64_t>::max();  // for Host alone: `before this` is what has a smaller seq
};

// Who served so far, and how far making machine code has come. A snapshot; its parts may be of slightly different instants.
struct Tiers {
  std::uint64_t interpreted = 0, native = 0;  // evaluations; counted by evaluators that were told to
  std::size_t codes = 0;                      // different ones, once that is known
  std::size_t compiled = 0, cached = 0, waiting = 0;  // of those: by LLVM, read from the cache, still interpreted
  double seconds = 0;                         // of making machine code, all threads together
  std::string fault;                          // why codes wait for ever, or the cache is not used; else empty
};

// Runs code. One evaluator serves one plan; evaluate() is safe from many threads.
class Evaluator {
 public:
  // A way to run a code. Of one code there may be several, with the same results; which one is taken may change at any time.
  using Function = Value (*)(const Context*, const Evaluator*, CodeId);

  virtual ~Evaluator() = default;
#if defined(__clang__)
  __attribute__((no_sanitize("function")))  // which would look for a type in front of machine code
#endif
  Value evaluate(CodeId code, const Context& context) const { return function(code)(&context, this, code); }
  // The one for now; to be called with this evaluator and this code, as long as the evaluator lives.
  Function function(CodeId code) const { return functions_[static_cast<std::size_t>(code)].load(std::memory_order_acquire); }

  virtual const char* tier() const = 0;  // "interpreter"; "jit": machine code, at least in the end
  virtual Tiers tiers() const = 0;

  // The plan gets further codes behind those it has, by change(), and can be evaluated from then on. Nobody may evaluate meanwhile; threads of the
  // evaluator's own do not look at the plan while change() runs. Those codes come to be machine code as the others did.
  virtual void extend(const std::function<void()>& change) = 0;

 protected:
  using Functions = std::unique_ptr<std::atomic<Function>[]>;
  Evaluator(std::size_t codes, Function first) { grow(codes, first); }
  void become(CodeId code, Function function) { functions_[static_cast<std::size_t>(code)].store(function, std::memory_order_release); }
  void grow(std::size_t codes, Function first);  // not while another thread is in become()

 private:
  Functions functions_;
  std::size_t codes_ = 0, room_ = 0;
};

}  // namespace polku::plan
