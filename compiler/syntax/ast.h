// The syntax tree of rule files: what was written, with its place; nothing is looked up here.
// Everything after this point (sema on one side, the reference interpreter on the other) starts from this tree alone.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/diag/diag.h"
#include "runtime/base/value.h"

namespace polku::syntax {

using diag::Span;

struct Name {
  std::string text;      // NFC, backticks removed
  Span span;
};

// a.b.c; parts are NFC, backticks removed.
struct Path {
  std::vector<std::string> parts;
  Span span;
  std::string text() const;  // joined with dots
};

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

// ---- expressions (a condition is an expression of type yes/no) ----

enum class LiteralKind { YesNo, Whole, Number, Money, Percent, Text, Duration, Date };

// value is encoded as runtime/base/value.h says, Text excepted (see text). A Number literal always has a decimal point.
// A minus directly before a number belongs to the literal: `-5 EUR` is one, with a negative value.
struct Literal {
  LiteralKind kind = LiteralKind::Whole;
  Value value = 0;
  std::string text;      // Text: the words, NFC
  std::string unit;      // Money: the currency as written
};

enum class ArithOp { Add, Sub, Mul, Div };
enum class CompareOp { Eq, Ne, Lt, Le, Gt, Ge };
enum class LogicOp { And, Or };
enum class TextOp { Contains, StartsWith, EndsWith };
enum class AggregateKind { Number, Sum, Average, Highest, Lowest };
enum class Verb { None, Sent, Shown };   // None: an event of the catalog; else the acted decisions of a rule

// An event of the catalog (`order_placed`), or what a rule did (`nudge sent`, `"Unfinished booking".nudge sent`).
struct Occurrence {
  Verb verb = Verb::None;
  std::optional<Name> journey;  // only with a verb: the journey named; else the journey it stands in
  Name name;                    // the event's or the rule's name
  ExprPtr where;                // may be null; only for events
  Span span;
  std::string text;             // as written, blanks collapsed
};

enum class WindowKind { Last, Since, Ever, Today, Week, Month };
struct Window {
  WindowKind kind = WindowKind::Ever;
  Millis length = 0;            // Last
  Name event;                   // Since: an event of the catalog
  bool before_this = false;     // `… before this`; alone it is Ever
  Span span;
};

struct Now {};
struct Arith { ArithOp op; ExprPtr left, right; };
struct Negate { ExprPtr operand; };
struct Compare { CompareOp op; ExprPtr left, right; };
struct Logic { LogicOp op; ExprPtr left, right; };   // a chain `a and b and c …` is a balanced tree, in written order
struct Not { ExprPtr operand; };
struct Presence { ExprPtr subject; bool given; };                             // `is given` / `is missing`
struct OneOf { ExprPtr subject; std::vector<ExprPtr> values; bool negated; }; // `is [not] one of [..]`
struct TextTest { TextOp op; ExprPtr subject, argument; };                    // `contains`, `starts with`, `ends with`
struct InSegment { Name segment; bool negated; };                             // `visitor [not] in SEGMENT`
struct Happened { Occurrence what; Window window; };                          // `E [where c] happened W`, `R sent W`, `R shown W`
struct Aggregate { AggregateKind kind; Occurrence what; Name field; Window window; };  // `number of E W`, `sum of E.f W`, `average of`, `highest of`, `lowest of` (no field for Number)
struct Last { Name event, field; };                                           // `last E.f`
struct First { Name event, field; };                                          // `first E.f`
struct List { std::vector<ExprPtr> values; };                                 // `["a", "b"]` as a value
struct Otherwise { ExprPtr subject, fallback; };

struct Expr {
  std::variant<Literal, Path, Now, Arith, Negate, Compare, Logic, Not, Presence, OneOf, TextTest, InSegment, Happened,
               Aggregate, Last, First, List, Otherwise>
      node;
  Span span;
  std::string text;             // as written, without comments, blanks collapsed to one
};

// ---- journeys ----

struct Duration { Millis length = 0; Span span; };

// What a rule waits for.
struct OneEvent { std::vector<Occurrence> of; };      // `when E`: one; `when any of A, B`: the alternatives, in written order
struct Repeated {                                     // `when 3 E with the same f within D`
  std::int64_t count = 0;
  Span count_span;
  Occurrence what;
  std::optional<Name> same;
  Duration within;
};
struct InOrder {                                      // `when in order within D: A, B, C without X`
  Duration within;
  std::vector<Occurrence> steps;
  std::optional<Occurrence> without;
};
struct Membership { bool enters = true; Name segment; };   // `when visitor enters SEGMENT`, `leaves`
struct Asked { Path slot; };                               // `when asked for web.hero`
struct EveryDay { Millis of_day = 0; };                    // `when every day at 09:00 visitor time`
struct OnDate { ExprPtr date; Millis of_day = 0; };        // `when on visitor.birthday at 10:00`; date: a Path

struct When {
  std::variant<OneEvent, Repeated, InOrder, Membership, Asked, EveryDay, OnDate> trigger;
  Span span;
  std::string text;
};

struct Then {                       // `then no A, B for D` (stops not empty) or `then wait D` (stops empty)
  std::vector<Occurrence> stops;
  Duration length;
  Span span;
  std::string text;
  bool wait() const { return stops.empty(); }
};

enum class Polarity { OnlyIf, NotIf };
struct Condition { Polarity polarity; ExprPtr test; Span span; std::string text; };

enum class LimitUnit { Messages, Shows, Tasks };
struct Limit {                        // `limit 2 messages in 7 days across "nudges"`
  std::int64_t count = 0;
  LimitUnit unit = LimitUnit::Messages;
  Duration within;
  std::optional<Name> across;         // the group, a text in quotes
  Span span;
  std::string text;
};

// Clauses that may stand once or several times in a journey or a rule; see Journey and Rule.
struct Once { std::optional<Duration> within; Span span; std::string text; };   // none: `once per visitor`
struct Dates { std::int64_t from = 0; std::optional<std::int64_t> until; Span span; std::string text; };  // days since 1970-01-01; `until` is included
enum class InQuiet { Wait, Skip };
struct Quiet { Millis from = 0, to = 0; InQuiet then = InQuiet::Wait; Span span; std::string text; };     // times of day
struct HoldOut { Value share = 0; std::optional<Name> name; Span span; std::string text; };               // share: a percent Value
struct Goal { Occurrence what; Duration within; ExprPtr worth; Span span; std::string text; };            // worth may be null
struct StopWhen { Occurrence what; Span span; std::string text; };

struct Priority { std::int64_t value = 0; Span span; };
struct Owner { std::string text; Span span; };

// A parameter, a field of a test's event, or an attribute that a test sets.
struct Binding {
  Path name;
  enum class Word { None, Given, Missing } word = Word::None;  // `= given`, `= missing`
  ExprPtr value;                                               // else
  Span span;
};

// ---- actions ----

struct Send {                         // `send "x" by email with …`, `send "x" by best of push, email`
  Name template_;                     // the text in quotes
  std::vector<Name> channels;         // one, or those of `best of` in written order
  bool best_of = false;
  std::vector<Binding> params;
};
struct Show {                         // `show "x" in web.hero for 1 hour with …`
  Name template_;
  Path slot;                          // channel.slot
  std::optional<Duration> held;       // how long it is offered
  std::vector<Binding> params;
};
struct RaiseTask { Name task; std::vector<Binding> params; };
struct Suppress { Name what; Duration length; };             // what: a journey or a limit group
struct Share { Value share = 0; Name variant; Span span; };  // share: a percent Value
struct Split { Name name; std::vector<Share> shares; };

struct Act {
  std::variant<Send, Show, RaiseTask, Suppress, Split> what;
  Span span;
  std::string text;
};

struct Cell {
  enum class Kind { Any, Missing, Given, Compare, OneOf } kind = Kind::Any;   // `-`, `missing`, `given`, `>= 200 EUR` or `gold` (Eq), `one of [..]`
  CompareOp op = CompareOp::Eq;
  std::vector<ExprPtr> values;        // Compare: one
  Span span;
};
struct Row {
  std::vector<Cell> cells;            // as many as Choose::columns
  std::vector<Act> acts;              // empty: `nothing`
  Span span;
};
struct Choose {                       // a table; the builder has seen to it that every row has a cell for each column
  std::vector<ExprPtr> columns;
  std::vector<Row> rows;
  Span span;
};

struct Do {                           // several acts, or one table
  std::vector<Act> acts;
  std::optional<Choose> choose;
  Span span;
};

struct Rule {
  Name name;
  std::optional<When> when;
  std::optional<Then> then;
  std::vector<Condition> conditions;    // in written order
  std::vector<Limit> limits;
  std::optional<Quiet> quiet;
  std::optional<Once> once;
  std::optional<Dates> dates;
  std::optional<Priority> priority;
  std::optional<Owner> owner;
  std::optional<Do> action;
  Span span;                            // of the head, `rule nudge`
};

struct Journey {
  Name name;                            // the text in quotes
  std::optional<std::int64_t> version;
  std::vector<Condition> conditions;
  std::vector<Limit> limits;
  std::optional<Quiet> quiet;
  std::optional<Once> once;
  std::optional<Dates> dates;
  std::optional<Goal> goal;
  std::vector<StopWhen> stops;
  std::optional<HoldOut> hold_out;
  std::optional<Priority> priority;
  std::optional<Owner> owner;
  std::vector<Rule> rules;
  Span span;
};

// ---- guarantees ----

enum class ActionKind { Send, Show, Task };   // what can be promised and expected

struct Never { ActionKind kind = ActionKind::Send; std::vector<Name> channels; ExprPtr unless; };  // Send or Show; no channels: all
struct AtMost { std::int64_t count = 0; LimitUnit unit = LimitUnit::Messages; Duration within; Span span; };
struct Guarantee {
  Name name;                            // the text in quotes
  std::variant<Never, AtMost> promise;
  Span span;
  std::string text;                     // of the promise, as written: `at most 3 messages in 7 days`
};

struct Segment { Name name; ExprPtr test; Span span; };

// ---- tests ----

struct VirtualTime { int day = 1; Millis of_day = 0; Span span; };  // day counts from 1

struct TestSet { VirtualTime at; std::vector<Binding> values; Span span; };        // `visitor a = 1` (at: day 1, 00:00), `at T visitor …`
struct TestEvent { VirtualTime at; Name event; std::vector<Binding> fields; Span span; };
struct TestAsked { VirtualTime at; Path slot; Span span; };                        // `at T asked for web.hero`

struct Expect {
  bool until = false;                   // `until T expect nothing`, else `at T expect …`
  VirtualTime at;
  bool nothing = false;
  ActionKind kind = ActionKind::Send;   // unless nothing
  Name template_;                       // or the task
  std::optional<Path> target;           // `by push`, `in web.hero`; never of a task
  std::vector<Binding> params;
  std::optional<Name> because;          // `because over_limit`: an outcome
  Span span;
};

struct Test {
  Name name;                            // the text in quotes
  std::vector<std::variant<TestSet, TestEvent, TestAsked, Expect>> lines;  // in written order
  Span span;
};

struct File {
  std::uint32_t file = 0;               // in diag::Sources
  std::vector<Segment> segments;
  std::vector<Journey> journeys;
  std::vector<Guarantee> guarantees;
  std::vector<Test> tests;
};

}  // namespace polku::syntax
