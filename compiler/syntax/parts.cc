#include "compiler/syntax/parts.h"

#include <utility>

#include "compiler/syntax/builder.h"

namespace polku::syntax {

namespace {

using antlr4::ParserRuleContext;
using antlr4::tree::ParseTree;
using antlr4::tree::TerminalNode;
using Parts = std::vector<Part>;

ParserRuleContext* context(ParseTree* tree) { return dynamic_cast<ParserRuleContext*>(tree); }
bool is_word(ParseTree* tree, std::size_t type) {
  auto* word = dynamic_cast<TerminalNode*>(tree);
  return word != nullptr && word->getSymbol()->getType() == type;
}

void add(ParseTree* tree, Parts& out);

void add_children(ParserRuleContext* c, Parts& out) {
  for (ParseTree* child : c->children) add(child, out);
}

Part made(Shape shape, ParserRuleContext* c) {
  Part part{shape, first_token(c), last_token(c), CompareOp::Eq, {}};
  add_children(c, part.parts);
  return part;
}

void add_word(Shape shape, TerminalNode* word, Parts& out) { out.push_back({shape, token_index(word), token_index(word), CompareOp::Eq, {}}); }

template <class Context>
void add_list(Shape shape, const std::vector<Context*>& items, Parts& out) {
  if (items.empty()) return;
  Part list{shape, first_token(items.front()), last_token(items.back()), CompareOp::Eq, {}};
  for (Context* item : items) {
    Part each{Shape::Item, first_token(item), last_token(item), CompareOp::Eq, {}};
    add(item, each.parts);
    list.parts.push_back(std::move(each));
  }
  out.push_back(std::move(list));
}

// From this word to the end of the context.
void add_tail(TerminalNode* from, ParserRuleContext* c, ParserRuleContext* inner, Parts& out) {
  Part tail{Shape::Tail, token_index(from), last_token(c), CompareOp::Eq, {}};
  if (inner != nullptr) add(inner, tail.parts);
  out.push_back(std::move(tail));
}

// One operand is passed through, several are a chain.
template <class Context>
void add_chain(Shape shape, ParserRuleContext* c, const std::vector<Context*>& operands, Parts& out) {
  if (operands.size() == 1) return add_children(c, out);
  add_list(shape, operands, out);
}

void add_clause(ParserRuleContext* c, Parts& out) {
  if (auto* priority = as<P::PriorityClauseContext>(c)) {
    if (priority->DASH() != nullptr) add_word(Shape::Sign, priority->DASH(), out);
  } else if (auto* then_no = as<P::ThenNoClauseContext>(c)) {
    add_list(Shape::Items, then_no->occurrence(), out);
    add_tail(then_no->FOR(), c, nullptr, out);
  } else if (auto* goal = as<P::GoalClauseContext>(c); goal != nullptr && goal->WORTH() != nullptr) {
    add(goal->occurrence(), out);
    add_tail(goal->WORTH(), c, goal->expr(), out);
  } else {
    add_children(c, out);
  }
}

void add_trigger(ParserRuleContext* c, Parts& out) {
  if (auto* any = as<P::AnyTriggerContext>(c)) return add_list(Shape::Items, any->occurrence(), out);
  auto* order = as<P::OrderTriggerContext>(c);
  if (order == nullptr) return add_children(c, out);
  auto steps = order->occurrence();
  P::OccurrenceContext* without = nullptr;
  if (order->WITHOUT() != nullptr) {
    without = steps.back();
    steps.pop_back();
  }
  add_list(Shape::Steps, steps, out);
  if (without != nullptr) add_tail(order->WITHOUT(), c, without, out);
}

void add_cell(P::CellContext* c, Parts& out) {
  Part cell = made(Shape::Cell, c);
  if (c->IS() != nullptr) cell.parts.insert(cell.parts.begin(), Part{Shape::Filler, token_index(c->IS()), token_index(c->IS()), CompareOp::Eq, {}});
  out.push_back(std::move(cell));
}

void add_row(P::RowContext* c, Parts& out) {
  Part row{Shape::Row, first_token(c), last_token(c), CompareOp::Eq, {}};
  for (auto* cell : c->cell()) add_cell(cell, row.parts);
  if (c->NOTHING() != nullptr) {
    add_word(Shape::Cell, c->NOTHING(), row.parts);
  } else {
    const auto acts = c->act();
    Part cell{Shape::Cell, first_token(acts.front()), last_token(acts.back()), CompareOp::Eq, {}};
    for (auto* act : acts) add(act, cell.parts);
    row.parts.push_back(std::move(cell));
  }
  out.push_back(std::move(row));
}

void add_head(P::HeadContext* c, Parts& out) {
  Part row{Shape::Row, first_token(c), last_token(c), CompareOp::Eq, {}};
  for (auto* column : c->operand()) row.parts.push_back(made(Shape::Cell, column));
  add_word(Shape::Cell, c->DO(), row.parts);
  out.push_back(std::move(row));
}

void add_act(ParserRuleContext* c, Parts& out) {
  Part act{Shape::Act, first_token(c), last_token(c), CompareOp::Eq, {}};
  if (auto* split = as<P::SplitActContext>(c))
    add_list(Shape::Items, split->share(), act.parts);
  else
    add_children(c, act.parts);
  out.push_back(std::move(act));
}

void add_operator(ParserRuleContext* c, Parts& out) {
  const bool of_cell = as<P::CellContext>(static_cast<ParserRuleContext*>(c->parent)) != nullptr;
  const CompareOp op = Builder::compare_op(static_cast<P::CompareOpContext*>(c));
  out.push_back({of_cell ? Shape::CellOperator : Shape::Operator, first_token(c), last_token(c), op, {}});
}

void add(ParseTree* tree, Parts& out) {
  auto* c = context(tree);
  if (c == nullptr) return;
  // The layers of an expression that only pass on what is in them; going down by a loop keeps the stack small.
  while (c->children.size() == 1 && c->getRuleIndex() != P::RuleBindings) {
    auto* only = context(c->children.front());
    if (only == nullptr) break;
    c = only;
  }
  switch (c->getRuleIndex()) {
    case P::RuleExpr: return add_chain(Shape::Or, c, static_cast<P::ExprContext*>(c)->andExpr(), out);
    case P::RuleAndExpr: return add_chain(Shape::And, c, static_cast<P::AndExprContext*>(c)->notExpr(), out);
    case P::RuleWhere: return add_chain(Shape::Or, c, static_cast<P::WhereContext*>(c)->whereAnd(), out);
    case P::RuleWhereAnd: return add_chain(Shape::And, c, static_cast<P::WhereAndContext*>(c)->whereNot(), out);
    case P::RuleCompareOp: return add_operator(c, out);
    case P::RuleFactor:
    case P::RuleSignedPrimary:
      if (is_word(c->children.front(), P::DASH)) add_word(Shape::Sign, static_cast<TerminalNode*>(c->children.front()), out);
      return add_children(c, out);
    case P::RuleClause: return add_clause(c, out);
    case P::RuleTrigger: return add_trigger(c, out);
    case P::RuleAct:
    case P::RuleExpected: return add_act(c, out);
    case P::RuleParams: return out.push_back(made(Shape::With, c));
    case P::RuleBindings: return add_list(Shape::Items, static_cast<P::BindingsContext*>(c)->binding(), out);
    case P::RuleList: return add_list(Shape::Items, static_cast<P::ListContext*>(c)->operand(), out);
    case P::RulePromise:
      if (auto* never = as<P::NeverPromiseContext>(c)) return add_tail(never->UNLESS(), c, never->expr(), out);
      return;
    case P::RuleChoose: return out.push_back(made(Shape::Table, c));
    case P::RuleHead: return add_head(static_cast<P::HeadContext*>(c), out);
    case P::RuleRow: return add_row(static_cast<P::RowContext*>(c), out);
    default: return add_children(c, out);
  }
}

}  // namespace

Part part_of(Shape shape, std::size_t first, std::size_t last, antlr4::ParserRuleContext* tree) {
  Part piece{shape, first, last, CompareOp::Eq, {}};
  if (tree != nullptr) add(tree, piece.parts);
  return piece;
}

}  // namespace polku::syntax
