// Types one expression and turns it into plan code. Private to sema.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/sema/scope.h"

namespace polku::sema {

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
  Typer(const Work& work, CodeBuilder& code, Scope scope)
      : work_(work), names_(work.names), plan_(work.plan), code_(code), scope_(std::move(scope)), d_(work.d) {}

  // The value of `e`. wanted: the type its context asks for, to understand bare one-of values and to widen whole numbers.
  Typed value(const syntax::Expr& e, const catalog::Type* wanted = nullptr);

  // `e` as a condition; reports if it is not yes/no. Warns of optional values under a negation: condition() at once, test() leaves it to
  // warn_of_unknown(), for conditions that hold together and may guard each other.
  Typed condition(const syntax::Expr& e);
  Typed test(const syntax::Expr& e);
  void warn_of_unknown();

  Typed segment(const syntax::Name& name);

  // The leaves seen since the last call, in written order, each name once.
  std::vector<plan::Leaf> leaves();
  plan::CodeId code(const Typed& t) { return plan_.code(code_.slice(t.reg, t.type)); }

  // The code of a `where` on an event; -1 if there is none or it is wrong.
  static plan::CodeId filter(const Work& work, const syntax::Occurrence& what, plan::OccurrenceId occurrence, bool& ok);
  // What a `where` reads, looked up in the start of a firing. The `where` is right.
  static std::vector<plan::Leaf> where_leaves(const Work& work, const syntax::Occurrence& what, int event, std::vector<plan::Capture>& captures);
  std::optional<plan::Match> match(const syntax::Occurrence& what);

  // ---- tables: `column op cell` ----

  // The value of a column; `optional`, where not null, gets the values that may be missing and that it does not see through.
  Typed column(const syntax::Expr& e, std::set<std::string>* optional);
  Typed cell(const syntax::Expr& column, const syntax::Cell& cell);
  // A count as a column is followed as far as the largest of its cells needs (reading 23).
  std::optional<Leaf> count_column(const syntax::Expr& e, const std::vector<const syntax::Cell*>& cells);

 private:
  Typed literal(const syntax::Literal& l, const syntax::Expr& e);
  Typed list(const syntax::List& l);
  Typed now(const syntax::Expr& e);
  Typed path(const syntax::Path& p, const syntax::Expr& e);
  Typed own_field(const syntax::Path& p, const syntax::Expr& e);
  Typed attribute(int index, const syntax::Expr& e);
  Typed derived(int index, const syntax::Expr& e);
  Typed field(int event, int index);
  bool is_yes_no(const std::string& name, const syntax::Expr& e);
  Typed arith(const syntax::Arith& a, const syntax::Expr& e);
  Typed negate(const syntax::Negate& n, const syntax::Expr& e);
  Typed compare(syntax::CompareOp op, const syntax::Expr& left, const syntax::Expr& right, diag::Span span);
  Typed compare_values(syntax::CompareOp op, Typed l, Typed r, const syntax::Expr& le, const syntax::Expr& re, diag::Span span);
  bool note_instants(syntax::CompareOp op, const syntax::Expr& left, const syntax::Expr& right);
  // shown: how far the count is shown in reasons; 0: as far as the constant needs; -1: wholly
  Typed compare_count(syntax::CompareOp op, const syntax::Expr& count, const syntax::Expr& other, std::int64_t shown = 0);
  Leaf count_leaf(const syntax::Expr& e, const plan::Match& m, int window, std::int64_t shown);
  Typed count_one_of(const syntax::Expr& subject, const std::vector<syntax::ExprPtr>& values);
  static bool is_count(const syntax::Expr& e);
  Typed logic(const syntax::Logic& l);
  Typed not_(const syntax::Not& n);
  Typed presence(const syntax::Expr& subject, bool given);
  Typed one_of(const syntax::OneOf& o);
  Typed any_of(const syntax::Expr& subject, const std::vector<syntax::ExprPtr>& values);
  Typed text_test(const syntax::TextTest& t);
  Typed in_segment(const syntax::InSegment& s, const syntax::Expr& e);
  Typed happened(const syntax::Happened& h, const syntax::Expr& e);
  Typed aggregate(const syntax::Aggregate& a, const syntax::Expr& e);
  Typed values(const syntax::Aggregate& a, const syntax::Expr& e, const plan::Match& m, int window);
  Typed last(const syntax::Last& l, const syntax::Expr& e);
  Typed first(const syntax::First& f, const syntax::Expr& e);
  Typed otherwise(const syntax::Otherwise& o, const catalog::Type* wanted);

  Typed yes_no_operand(const syntax::Expr& e);
  std::pair<Typed, Typed> pair(const syntax::Expr& l, const syntax::Expr& r);   // understands bare one-of values on either side
  std::optional<Typed> bare_value(const syntax::Expr& e, const catalog::Type& type);
  bool resolves(const syntax::Expr& e) const;
  Typed widen(Typed t);                                                      // whole number to number
  bool history_allowed(const syntax::Expr& e, const char* what);
  std::optional<int> window(const syntax::Window& w);
  const plan::Window& at(int window) const { return plan_.window(window); }
  int keep(int window, std::int64_t follow) const;  // how many of a count a window needs, if `follow` decide; 0: all
  void leaf(const syntax::Expr& e, const Typed& t, int or_more = 0);
  void note_optional(const syntax::Expr& e);
  Typed fail(diag::Code code, diag::Span span, std::string message, std::string help = {});
  Typed segment_circle(const syntax::Name& met);
  Typed derived_circle(int met);

  Work work_;
  const Names& names_;
  PlanBuilder& plan_;
  CodeBuilder& code_;
  Scope scope_;
  diag::Diagnostics& d_;

  std::vector<Leaf> leaves_;
  int hidden_ = 0;                                 // > 0: inside a segment or derived attribute, no leaves
  int negated_ = 0;                                // > 0: under `not`, `is not`, `less than`
  bool now_beside_date_ = false;                   // `now` stands where Scope::instants allow it
  std::set<std::string> guarded_;                  // paths that the clause asks `is given` of
  std::map<std::string, diag::Span> optional_;     // optional values met under a negation
  std::vector<std::string> segments_open_;         // for cycles
  std::map<std::string, Typed> segments_done_;
  std::vector<int> derived_open_;
  std::map<int, Typed> derived_done_;
};

}  // namespace polku::sema
