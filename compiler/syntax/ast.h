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
enum class AggregateKind { Number, Sum, Highest, Lowest };
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

enum class WindowKind { Last, Since, Ever };
struct Window {
  WindowKind kind = WindowKind::Ever;
  Millis length = 0;            // Last
  Name event;                   // Since: an event of the catalog
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
struct Aggregate { AggregateKind kind; Occurrence what; Name field; Window window; };  // `number of E W`, `sum of E.f W`, `highest of E.f W`, `lowest of E.f W` (no field for Number)
struct Last { Name event, field; };                                           // `last E.f`
struct Otherwise { ExprPtr subject, fallback; };

struct Expr {
  std::variant<Literal, Path, Now, Arith, Negate, Compare, Logic, Not, Presence, OneOf, TextTest, InSegment, Happened,
               Aggregate, Last, Otherwise>
      node;
  Span span;
  std::string text;             // as written, without comments, blanks collapsed to one
};

// ---- journeys ----

struct Duration { Millis length = 0; Span span; };

struct When { Occurrence what; Span span; std::string text; };

struct Then {                       // `then no A, B for D` (stops not empty) or `then wait D` (stops empty)
  std::vector<Occurrence> stops;
  Duration length;
  Span span;
  std::string text;
  bool wait() const { return stops.empty(); }
};

enum class Polarity { OnlyIf, NotIf };
struct Condition { Polarity polarity; ExprPtr test; Span span; std::string text; };

enum class LimitUnit { Messages, Shows };
struct Limit { std::int64_t count = 0; LimitUnit unit = LimitUnit::Messages; Duration within; Span span; std::string text; };

struct Priority { std::int64_t value = 0; Span span; };
struct Owner { std::string text; Span span; };

// A parameter, a field of a test's event, or an attribute that a test sets.
struct Binding {
  Path name;
  enum class Word { None, Given, Missing } word = Word::None;  // `= given`, `= missing`
  ExprPtr value;                                               // else
  Span span;
};

enum class ActionKind { Send, Show };
struct Action {
  ActionKind kind = ActionKind::Send;
  Name template_;               // the text in quotes
  Path target;                  // Send: one part, the channel. Show: channel.slot
  std::vector<Binding> params;
  Span span;
  std::string text;
};

struct Rule {
  Name name;
  std::optional<When> when;
  std::optional<Then> then;
  std::vector<Condition> conditions;    // in written order
  std::vector<Limit> limits;
  std::optional<Priority> priority;
  std::optional<Owner> owner;
  std::optional<Action> action;
  Span span;                            // of the head, `rule nudge`
};

struct Journey {
  Name name;                            // the text in quotes
  std::optional<std::int64_t> version;
  std::vector<Condition> conditions;
  std::vector<Limit> limits;
  std::optional<Priority> priority;
  std::optional<Owner> owner;
  std::vector<Rule> rules;
  Span span;
};

struct Segment { Name name; ExprPtr test; Span span; };

// ---- tests ----

struct VirtualTime { int day = 1; Millis of_day = 0; Span span; };  // day counts from 1

struct TestSet { VirtualTime at; std::vector<Binding> values; Span span; };        // `visitor a = 1` (at: day 1, 00:00), `at T visitor …`
struct TestEvent { VirtualTime at; Name event; std::vector<Binding> fields; Span span; };

struct Expect {
  bool until = false;                   // `until T expect nothing`, else `at T expect …`
  VirtualTime at;
  bool nothing = false;
  ActionKind kind = ActionKind::Send;   // unless nothing
  Name template_;
  std::optional<Path> target;           // `by push`, `in web.hero`
  std::vector<Binding> params;
  std::optional<Name> because;          // `because over_limit`: an outcome
  Span span;
};

struct Test {
  Name name;                            // the text in quotes
  std::vector<std::variant<TestSet, TestEvent, Expect>> lines;  // in written order
  Span span;
};

struct File {
  std::uint32_t file = 0;               // in diag::Sources
  std::vector<Segment> segments;
  std::vector<Journey> journeys;
  std::vector<Test> tests;
};

}  // namespace polku::syntax
