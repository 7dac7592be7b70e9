// From ANTLR's tree of one piece to the syntax tree. What only a value can show to be wrong (a day that does not exist, too
// many decimals, a share without `%`) is reported here; then the result is empty. Inside compiler/syntax only.
#pragma once
#include <functional>
#include <utility>

#include "compiler/syntax/antlr.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/input.h"

namespace polku::syntax {

class Builder {
 public:
  explicit Builder(Input& input) : in_(input) {}

  // ---- expressions (build_expr.cc); nullptr after an error ----
  ExprPtr expr(P::ExprContext* c);
  ExprPtr where(P::WhereContext* c);

  // ---- parts (build_parts.cc) ----
  Name name(P::NameContext* c);
  Name quoted_name(antlr4::tree::TerminalNode* string);
  Path path(P::PathContext* c);
  std::string string_text(antlr4::tree::TerminalNode* string);
  std::optional<Occurrence> occurrence(P::OccurrenceContext* c);
  std::optional<Window> window(P::WindowContext* c);
  std::optional<Duration> length(P::LengthContext* c);
  std::optional<std::int64_t> whole(antlr4::tree::TerminalNode* digits);
  std::optional<Millis> time(antlr4::tree::TerminalNode* time);   // of a day
  std::optional<std::int64_t> day(P::DateContext* c);             // since 1970-01-01
  std::optional<Value> share(P::NumberContext* c);                // a percentage
  LimitUnit unit(P::CountedUnitContext* c);
  // false if any binding was faulty; the others are there.
  bool bindings(P::BindingsContext* c, std::vector<Binding>& out);
  bool params(P::ParamsContext* c, std::vector<Binding>& out) { return c == nullptr || bindings(c->bindings(), out); }

  // ---- clauses (build_clause.cc) ----
  std::optional<Condition> condition(Polarity polarity, P::ClauseContext* c, P::ExprContext* test);
  // Of a chain of `and`: its parts, and the tree of each.
  std::optional<Condition> condition(Polarity polarity, Piece clause, const std::vector<Piece>& parts, const std::function<P::NotExprContext*(Piece)>& tree);
  std::optional<Limit> limit(P::LimitClauseContext* c);
  std::optional<Quiet> quiet(P::QuietClauseContext* c);
  std::optional<Once> once(P::OnceClauseContext* c);
  std::optional<Dates> dates(P::FromClauseContext* c);
  std::optional<Goal> goal(P::GoalClauseContext* c);
  std::optional<StopWhen> stop_when(P::StopClauseContext* c);
  std::optional<HoldOut> hold_out(P::HoldOutClauseContext* c);
  std::optional<Priority> priority(P::PriorityClauseContext* c);
  std::optional<Owner> owner(P::OwnerClauseContext* c);
  std::optional<Guarantee> guarantee(P::GuaranteeBlockContext* c);

  // ---- what starts a rule (build_trigger.cc) ----
  std::optional<When> when(P::WhenClauseContext* c);
  std::optional<Then> then_no(P::ThenNoClauseContext* c);
  std::optional<Then> then_wait(P::ThenWaitClauseContext* c);

  // ---- what it does (build_action.cc) ----
  std::optional<Do> action(P::DoClauseContext* c);

  // ---- tests (build_test.cc); appends to the test's lines ----
  void test_line(P::TestLineContext* c, Test& test);

  static CompareOp compare_op(P::CompareOpContext* c);

  Span span(antlr4::ParserRuleContext* c) const { return in_.span(first_token(c), last_token(c)); }
  Span span(antlr4::tree::TerminalNode* t) const { return in_.span(token_index(t)); }
  std::string words(antlr4::ParserRuleContext* c) { return in_.words(first_token(c), last_token(c)); }
  std::string_view text(antlr4::tree::TerminalNode* t) const { return in_.text(token_index(t)); }

 private:
  template <class Node>
  ExprPtr make(Node node, std::size_t first, std::size_t last) {
    auto made = std::make_unique<Expr>();
    made->node = std::move(node);
    made->span = in_.span(first, last);
    made->text = in_.words(first, last);
    return made;
  }
  template <class Node>
  ExprPtr make(Node node, antlr4::ParserRuleContext* c) { return make(std::move(node), first_token(c), last_token(c)); }

  struct Operand { ExprPtr expr; std::size_t first, last; };
  ExprPtr join(LogicOp op, std::vector<Operand>& operands);
  ExprPtr and_expr(P::AndExprContext* c);
  ExprPtr not_expr(P::NotExprContext* c);
  ExprPtr comparison(P::ComparisonContext* c);
  ExprPtr visitor_is(P::CompareTestContext* test, antlr4::ParserRuleContext* whole);
  ExprPtr where_and(P::WhereAndContext* c);
  ExprPtr where_not(P::WhereNotContext* c);
  ExprPtr tested(P::OperandContext* subject, P::TestContext* test, antlr4::ParserRuleContext* whole);
  ExprPtr compared(P::OperandContext* subject, P::CompareTestContext* test, antlr4::ParserRuleContext* whole);
  ExprPtr event_happened(P::EventHappenedContext* c);
  ExprPtr rule_acted(P::RuleActedContext* c);
  ExprPtr operand(P::OperandContext* c);
  ExprPtr term(P::TermContext* c);
  ExprPtr factor(P::FactorContext* c);
  ExprPtr fallback(P::FallbackContext* c);
  ExprPtr signed_primary(P::SignedPrimaryContext* c);
  ExprPtr negated(ExprPtr operand, antlr4::ParserRuleContext* whole);
  ExprPtr primary(P::PrimaryContext* c);
  ExprPtr count(P::CountPrimaryContext* c);
  ExprPtr values_of(P::ValuesPrimaryContext* c);
  bool values(P::ListContext* c, std::vector<ExprPtr>& out);
  bool choices(P::ListContext* c, std::vector<ExprPtr>& out);
  ExprPtr path_or_word(P::PathPrimaryContext* c);
  ExprPtr literal(P::LiteralContext* c);
  ExprPtr number(P::NumberContext* c);
  ExprPtr date(P::DateContext* c);

  std::optional<Window> needed_window(P::WindowContext* c, antlr4::ParserRuleContext* whole);
  std::optional<Path> sole_path(P::OperandContext* c);
  bool is_visitor(P::OperandContext* c);
  std::string name_text(std::size_t token);

  using Trigger = decltype(When::trigger);
  std::optional<Trigger> trigger(P::TriggerContext* c);
  std::optional<Trigger> repeated(P::CountTriggerContext* c);
  std::optional<Trigger> in_order(P::OrderTriggerContext* c);
  bool occurrences(const std::vector<P::OccurrenceContext*>& from, std::vector<Occurrence>& out);

  bool acts(const std::vector<P::ActContext*>& from, std::vector<Act>& out);
  std::optional<Act> act(P::ActContext* c);
  std::optional<Split> split(P::SplitActContext* c);
  std::optional<Choose> table(P::ChooseContext* c);
  std::optional<Cell> cell(P::CellContext* c);
  bool rows_as_long_as_head(P::ChooseContext* c);

  std::optional<VirtualTime> moment(P::MomentContext* c);
  bool until_misused(P::MomentContext* c);
  void expect_line(P::ExpectLineContext* c, Test& test);

  Input& in_;
};

}  // namespace polku::syntax
