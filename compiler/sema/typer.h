// Types one expression and turns it into plan code. Private to sema.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/sema/builder.h"
#include "compiler/sema/names.h"

namespace polku::sema {

// What an expression may look at.
enum class Sight {
  Event,      // a `where`: the fields of its own event, by bare name, and constants
  Rule,       // a rule's clause: attributes, the record, and the fields of the event that starts the rule
  Visitor,    // a segment or derived attribute: attributes and the record
  Constant,   // a value in a test
};

struct Scope {
  Sight sight = Sight::Visitor;
  int event = -1;            // Event: its own; Rule: the starting one, -1 if the rule starts from a decision
  std::string journey;       // for `rule sent`
};

struct Typed {
  int reg = -1;              // -1: there was an error, already reported
  catalog::Type type;
  bool ok() const { return reg >= 0; }
};

// A place of the text where a value is looked up, to be shown in reasons.
struct Leaf {
  std::uint32_t begin = 0;
  std::string name;
  Typed value;
  int or_more = 0;
};

class Typer {
 public:
  Typer(const Names& names, PlanBuilder& plan, CodeBuilder& code, Scope scope, diag::Diagnostics& d)
      : names_(names), plan_(plan), code_(code), scope_(std::move(scope)), d_(d) {}

  // The value of `e`. wanted: the type its context asks for, to understand bare one-of values and to widen whole numbers.
  Typed value(const syntax::Expr& e, const catalog::Type* wanted = nullptr);

  // `e` as a condition; reports if it is not yes/no. Warns of optional values under a negation.
  Typed condition(const syntax::Expr& e);

  // The leaves seen since the last call, in written order, each name once.
  std::vector<Leaf> take_leaves();

  // The code of a `where` on an event; -1 if there is none or it is wrong. Leaves are recorded if asked for.
  static plan::CodeId filter(const Names& names, PlanBuilder& plan, const syntax::Occurrence& what, int event, diag::Diagnostics& d,
                             bool& ok, std::vector<Leaf>* leaves = nullptr, CodeBuilder* leaf_code = nullptr);

 private:
  Typed literal(const syntax::Literal& l, const syntax::Expr& e);
  Typed path(const syntax::Path& p, const syntax::Expr& e);
  Typed attribute(int index, const syntax::Expr& e);
  Typed field(int event, int index);
  Typed arith(const syntax::Arith& a, const syntax::Expr& e);
  Typed negate(const syntax::Negate& n, const syntax::Expr& e);
  Typed compare(const syntax::Compare& c, const syntax::Expr& e);
  Typed compare_values(syntax::CompareOp op, Typed l, Typed r, const syntax::Expr& le, const syntax::Expr& re, diag::Span span);
  // shown: how far the count is shown in reasons; 0: as far as the constant needs; -1: wholly
  Typed compare_count(syntax::CompareOp op, const syntax::Expr& count, const syntax::Expr& other, std::int64_t shown = 0);
  Typed count_one_of(const syntax::OneOf& o);
  static bool is_count(const syntax::Expr& e);
  Typed logic(const syntax::Logic& l);
  Typed not_(const syntax::Not& n);
  Typed presence(const syntax::Presence& p);
  Typed one_of(const syntax::OneOf& o);
  Typed text_test(const syntax::TextTest& t);
  Typed in_segment(const syntax::InSegment& s, const syntax::Expr& e);
  Typed happened(const syntax::Happened& h, const syntax::Expr& e);
  Typed aggregate(const syntax::Aggregate& a, const syntax::Expr& e);
  Typed values(const syntax::Aggregate& a, const syntax::Expr& e, const plan::Match& m, int window, plan::Op op);
  Typed last(const syntax::Last& l, const syntax::Expr& e);
  Typed otherwise(const syntax::Otherwise& o, const catalog::Type* wanted);

  Typed yes_no_operand(const syntax::Expr& e);
  std::pair<Typed, Typed> pair(const syntax::Expr& l, const syntax::Expr& r);   // understands bare one-of values on either side
  std::optional<Typed> bare_value(const syntax::Expr& e, const catalog::Type& type);
  bool resolves(const syntax::Expr& e) const;
  Typed widen(Typed t);                                                      // whole number to number
  bool history_allowed(const syntax::Expr& e, const char* what);
  std::optional<plan::Match> match(const syntax::Occurrence& what);
  std::optional<int> window(const syntax::Window& w);
  Millis reach(int window) const { return plan_.plan().windows[static_cast<std::size_t>(window)].length; }
  void leaf(const syntax::Expr& e, const Typed& t, int or_more = 0);
  void note_optional(const syntax::Expr& e);
  Typed fail(diag::Code code, diag::Span span, std::string message, std::string help = {});

  const Names& names_;
  PlanBuilder& plan_;
  CodeBuilder& code_;
  Scope scope_;
  diag::Diagnostics& d_;

  std::vector<Leaf> leaves_;
  int hidden_ = 0;                                 // > 0: inside a segment or derived attribute, no leaves
  int negated_ = 0;                                // > 0: under `not`, `is not`, `less than`
  std::set<std::string> guarded_;                  // paths that the clause asks `is given` of
  std::map<std::string, diag::Span> optional_;     // optional values met under a negation
  std::vector<std::string> segments_open_;         // for cycles
  std::map<std::string, Typed> segments_done_;
  std::vector<int> derived_open_;
  std::map<int, Typed> derived_done_;
};

}  // namespace polku::sema
