// Conditions and values.
#include <utility>

#include "compiler/syntax/builder.h"
#include "compiler/syntax/words.h"

namespace polku::syntax {

using diag::Code;

// ---- and, or, not ----

// A chain is built as a balanced tree, so that a long one is not deep: `and` and `or` do not care how they are grouped.
ExprPtr Builder::join(LogicOp op, std::vector<Operand>& operands) {
  struct Joiner {
    Builder& b;
    LogicOp op;
    std::vector<Operand>& all;
    ExprPtr of(std::size_t from, std::size_t to) {
      if (to - from == 1) return std::move(all[from].expr);
      const std::size_t middle = to - (to - from) / 2;
      ExprPtr left = of(from, middle), right = of(middle, to);
      return b.make(Logic{op, std::move(left), std::move(right)}, all[from].first, all[to - 1].last);
    }
  };
  for (const Operand& operand : operands)
    if (!operand.expr) return nullptr;
  return Joiner{*this, op, operands}.of(0, operands.size());
}

ExprPtr Builder::expr(P::ExprContext* c) {
  if (auto* only = only_part<P::AndExprContext>(c)) return and_expr(only);
  std::vector<Operand> operands;
  for (auto* part : c->andExpr()) operands.push_back({and_expr(part), first_token(part), last_token(part)});
  return join(LogicOp::Or, operands);
}

ExprPtr Builder::and_expr(P::AndExprContext* c) {
  if (auto* only = only_part<P::NotExprContext>(c)) return not_expr(only);
  std::vector<Operand> operands;
  for (auto* part : c->notExpr()) operands.push_back({not_expr(part), first_token(part), last_token(part)});
  return join(LogicOp::And, operands);
}

ExprPtr Builder::not_expr(P::NotExprContext* c) {
  if (auto* only = only_part<P::ComparisonContext>(c)) return comparison(only);
  ExprPtr inner = not_expr(c->notExpr());
  return inner ? make(Not{std::move(inner)}, c) : nullptr;
}

ExprPtr Builder::where(P::WhereContext* c) {
  if (auto* only = only_part<P::WhereAndContext>(c)) return where_and(only);
  std::vector<Operand> operands;
  for (auto* part : c->whereAnd()) operands.push_back({where_and(part), first_token(part), last_token(part)});
  return join(LogicOp::Or, operands);
}

ExprPtr Builder::where_and(P::WhereAndContext* c) {
  if (auto* only = only_part<P::WhereNotContext>(c)) return where_not(only);
  std::vector<Operand> operands;
  for (auto* part : c->whereNot()) operands.push_back({where_not(part), first_token(part), last_token(part)});
  return join(LogicOp::And, operands);
}

ExprPtr Builder::where_not(P::WhereNotContext* c) {
  if (c->operand() != nullptr) return tested(c->operand(), c->test(), c);
  ExprPtr inner = where_not(c->whereNot());
  return inner ? make(Not{std::move(inner)}, c) : nullptr;
}

// ---- comparisons ----

ExprPtr Builder::comparison(P::ComparisonContext* c) {
  if (auto* event = as<P::EventHappenedContext>(c)) return event_happened(event);
  if (auto* rule = as<P::RuleActedContext>(c)) return rule_acted(rule);
  auto* plain = static_cast<P::PlainComparisonContext*>(c);
  return tested(plain->operand(), plain->test(), c);
}

ExprPtr Builder::tested(P::OperandContext* subject, P::TestContext* test, antlr4::ParserRuleContext* whole) {
  if (test == nullptr) return operand(subject);
  if (auto* compare = as<P::CompareTestContext>(test)) return compared(subject, compare, whole);
  if (auto* in = as<P::SegmentTestContext>(test)) {
    if (!is_visitor(subject)) {
      in_.error(Code::NotVisitorIn, in_.span(first_token(whole), token_index(in->IN())), "Only `visitor in` a segment can be asked.",
                "For a list of values write `is one of […]`.");
      return nullptr;
    }
    return make(InSegment{name(in->name()), in->NOT() != nullptr}, whole);
  }
  ExprPtr left = operand(subject);
  if (auto* presence = as<P::PresenceTestContext>(test)) {
    if (!left) return nullptr;
    ExprPtr asked = make(Presence{std::move(left), presence->GIVEN() != nullptr}, whole);
    return presence->NOT() != nullptr ? make(Not{std::move(asked)}, whole) : std::move(asked);
  }
  if (auto* one_of = as<P::OneOfTestContext>(test)) {
    OneOf node{std::move(left), {}, one_of->NOT() != nullptr};
    const bool whole_list = choices(one_of->list(), node.values);
    return node.subject && whole_list ? make(std::move(node), whole) : nullptr;
  }
  auto* text = static_cast<P::TextTestContext*>(test);
  ExprPtr argument = operand(text->operand());
  if (!left || !argument) return nullptr;
  const TextOp op = text->CONTAINS() != nullptr ? TextOp::Contains : text->STARTS() != nullptr ? TextOp::StartsWith : TextOp::EndsWith;
  return make(TextTest{op, std::move(left), std::move(argument)}, whole);
}

CompareOp Builder::compare_op(P::CompareOpContext* c) {
  const bool negated = c->NOT() != nullptr;
  if (c->AT() != nullptr && c->LEAST() != nullptr) return negated ? CompareOp::Lt : CompareOp::Ge;
  if (c->AT() != nullptr) return negated ? CompareOp::Gt : CompareOp::Le;
  if (c->LESS() != nullptr) return negated ? CompareOp::Ge : CompareOp::Lt;
  if (c->GREATER() != nullptr) return negated ? CompareOp::Le : CompareOp::Gt;
  if (c->LESS_EQUAL() != nullptr) return CompareOp::Le;
  if (c->GREATER_EQUAL() != nullptr) return CompareOp::Ge;
  if (c->LESS_SIGN() != nullptr) return CompareOp::Lt;
  if (c->GREATER_SIGN() != nullptr) return CompareOp::Gt;
  if (c->NOT_EQUAL() != nullptr) return CompareOp::Ne;
  return negated ? CompareOp::Ne : CompareOp::Eq;
}

ExprPtr Builder::compared(P::OperandContext* subject, P::CompareTestContext* test, antlr4::ParserRuleContext* whole) {
  if (is_visitor(subject) && test->compareOp()->IS() != nullptr) return visitor_is(test, whole);
  ExprPtr left = operand(subject), right = operand(test->operand());
  if (!left || !right) return nullptr;
  return make(Compare{compare_op(test->compareOp()), std::move(left), std::move(right)}, whole);
}

// `visitor is anonymous` is the attribute `anonymous`, and bears the name it is written with.
ExprPtr Builder::visitor_is(P::CompareTestContext* test, antlr4::ParserRuleContext* whole) {
  auto attribute = sole_path(test->operand());
  auto* op = test->compareOp();
  if (!attribute || op->AT() != nullptr || op->THAN() != nullptr) {
    in_.error(Code::VisitorIs, span(whole), "The visitor as such has no value to compare.",
              "Behind `visitor is` stands a name, as in `visitor is anonymous`; for a segment write `visitor in`.");
    return nullptr;
  }
  attribute->parts.insert(attribute->parts.begin(), "visitor");
  attribute->span = span(whole);
  ExprPtr is = make(std::move(*attribute), whole);
  if (op->NOT() == nullptr) return is;
  is->text = "visitor is " + words(test->operand());
  return make(Not{std::move(is)}, whole);
}

ExprPtr Builder::event_happened(P::EventHappenedContext* c) {
  Happened node;
  node.what.name = name(c->name());
  if (c->where() != nullptr) node.what.where = where(c->where());
  const auto window = needed_window(c->window(), c);
  if (!window || (c->where() != nullptr && !node.what.where)) return nullptr;
  const std::size_t last = c->where() != nullptr ? last_token(c->where()) : last_token(c->name());
  node.what.span = in_.span(first_token(c), last);
  node.what.text = in_.words(first_token(c), last);
  node.window = *window;
  return make(std::move(node), c);
}

ExprPtr Builder::rule_acted(P::RuleActedContext* c) {
  Happened node;
  node.what.verb = c->SENT() != nullptr ? Verb::Sent : Verb::Shown;
  if (c->STRING() != nullptr) node.what.journey = quoted_name(c->STRING());
  node.what.name = name(c->name());
  const auto window = needed_window(c->window(), c);
  if (!window) return nullptr;
  const std::size_t last = token_index(c->SENT() != nullptr ? c->SENT() : c->SHOWN());
  node.what.span = in_.span(first_token(c), last);
  node.what.text = in_.words(first_token(c), last);
  node.window = *window;
  return make(std::move(node), c);
}

// ---- arithmetic ----

// Operators stand between the parts: part, sign, part, sign, part.
ExprPtr Builder::operand(P::OperandContext* c) {
  if (auto* only = only_part<P::TermContext>(c)) return term(only);
  const auto parts = c->term();
  ExprPtr all = term(parts[0]);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    ExprPtr right = term(parts[i]);
    const bool minus = in_.tokens[first_token(parts[i]) - 1].type == P::DASH;
    if (all && right)
      all = make(Arith{minus ? ArithOp::Sub : ArithOp::Add, std::move(all), std::move(right)}, first_token(c), last_token(parts[i]));
    else
      all = nullptr;
  }
  return all;
}

ExprPtr Builder::term(P::TermContext* c) {
  if (auto* only = only_part<P::FactorContext>(c)) return factor(only);
  const auto parts = c->factor();
  ExprPtr all = factor(parts[0]);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    ExprPtr right = factor(parts[i]);
    const bool divides = in_.tokens[first_token(parts[i]) - 1].type == P::SLASH;
    if (all && right)
      all = make(Arith{divides ? ArithOp::Div : ArithOp::Mul, std::move(all), std::move(right)}, first_token(c), last_token(parts[i]));
    else
      all = nullptr;
  }
  return all;
}

ExprPtr Builder::factor(P::FactorContext* c) {
  auto* only = only_part<P::FallbackContext>(c);
  return only != nullptr ? fallback(only) : negated(factor(c->factor()), c);
}

ExprPtr Builder::fallback(P::FallbackContext* c) {
  if (auto* only = only_part<P::PrimaryContext>(c)) return primary(only);
  ExprPtr all = primary(c->primary());
  for (auto* part : c->signedPrimary()) {
    ExprPtr other = signed_primary(part);
    all = all && other ? make(Otherwise{std::move(all), std::move(other)}, first_token(c), last_token(part)) : nullptr;
  }
  return all;
}

ExprPtr Builder::signed_primary(P::SignedPrimaryContext* c) {
  return c->primary() != nullptr ? primary(c->primary()) : negated(signed_primary(c->signedPrimary()), c);
}

// `-5 EUR` is one literal; any other minus is an operation.
ExprPtr Builder::negated(ExprPtr operand, antlr4::ParserRuleContext* whole) {
  if (!operand) return nullptr;
  if (auto* literal = std::get_if<Literal>(&operand->node)) {
    switch (literal->kind) {
      case LiteralKind::Whole: case LiteralKind::Number: case LiteralKind::Money: case LiteralKind::Percent: case LiteralKind::Duration: {
        Literal negative = std::move(*literal);
        negative.value = -negative.value;
        return make(std::move(negative), whole);
      }
      case LiteralKind::YesNo: case LiteralKind::Text: case LiteralKind::Date:
        break;
    }
  }
  return make(Negate{std::move(operand)}, whole);
}

// ---- what a value is made of ----

ExprPtr Builder::primary(P::PrimaryContext* c) {
  if (auto* group = as<P::GroupPrimaryContext>(c)) return expr(group->expr());
  if (auto* path = as<P::PathPrimaryContext>(c)) return path_or_word(path);
  if (auto* value = as<P::LiteralPrimaryContext>(c)) return literal(value->literal());
  if (auto* counted = as<P::CountPrimaryContext>(c)) return count(counted);
  if (auto* values = as<P::ValuesPrimaryContext>(c)) return values_of(values);
  if (auto* last = as<P::LastPrimaryContext>(c)) {
    Last node;
    node.event = name(last->eventField()->name());
    node.field = {name_text(last_token(last)), in_.span(last_token(last))};
    return make(std::move(node), c);
  }
  if (auto* first = as<P::FirstPrimaryContext>(c)) {
    First node;
    node.event = name(first->eventField()->name());
    node.field = {name_text(last_token(first)), in_.span(last_token(first))};
    return make(std::move(node), c);
  }
  if (auto* list = as<P::ListPrimaryContext>(c)) {
    List node;
    return values(list->list(), node.values) ? make(std::move(node), c) : nullptr;
  }
  auto* rule = static_cast<P::RulePrimaryContext*>(c);
  in_.error(Code::RuleNeedsVerb, span(rule), ticked(words(rule)) + " names a rule, which has no value.",
            "Say what it did, and when: `" + words(rule) + " sent in the last 7 days`.");
  return nullptr;
}

// false if any value was faulty.
bool Builder::values(P::ListContext* c, std::vector<ExprPtr>& out) {
  bool good = true;
  for (auto* value : c->operand()) {
    out.push_back(operand(value));
    good = good && out.back() != nullptr;
  }
  return good;
}

// The values behind `one of`.
bool Builder::choices(P::ListContext* c, std::vector<ExprPtr>& out) {
  if (!c->operand().empty()) return values(c, out);
  in_.error(Code::EmptyList, span(c), "This list is empty, so nothing can be one of it.", "Write the values: [\"a\", \"b\"].");
  return false;
}

ExprPtr Builder::path_or_word(P::PathPrimaryContext* c) {
  if (first_token(c) == last_token(c)) {
    const std::string_view word = in_.text(first_token(c));
    if (word == "now") return make(Now{}, c);
    if (word == "yes" || word == "no") return make(Literal{LiteralKind::YesNo, word == "yes" ? kYes : kNo, {}, {}}, c);
  }
  return make(path(c->path()), c);
}

ExprPtr Builder::count(P::CountPrimaryContext* c) {
  Aggregate node;
  node.kind = AggregateKind::Number;
  auto what = occurrence(c->occurrence());
  const auto window = needed_window(c->window(), c);
  if (!what || !window) return nullptr;
  node.what = std::move(*what);
  node.window = *window;
  return make(std::move(node), c);
}

ExprPtr Builder::values_of(P::ValuesPrimaryContext* c) {
  Aggregate node;
  node.kind = c->HIGHEST() != nullptr   ? AggregateKind::Highest
              : c->LOWEST() != nullptr  ? AggregateKind::Lowest
              : c->AVERAGE() != nullptr ? AggregateKind::Average
                                        : AggregateKind::Sum;
  const std::size_t field = last_token(c->eventField());
  node.what.name = name(c->eventField()->name());
  node.field = {name_text(field), in_.span(field)};
  if (c->where() != nullptr) node.what.where = where(c->where());
  const auto window = needed_window(c->window(), c);
  if (!window || (c->where() != nullptr && !node.what.where)) return nullptr;
  const std::size_t last = c->where() != nullptr ? last_token(c->where()) : field;
  node.what.span = in_.span(first_token(c->eventField()), last);
  node.what.text = in_.words(first_token(c->eventField()), last);
  node.window = *window;
  return make(std::move(node), c);
}

std::optional<Window> Builder::needed_window(P::WindowContext* c, antlr4::ParserRuleContext* whole) {
  if (c != nullptr) return window(c);
  in_.error(Code::MissingWindow, span(whole), ticked(words(whole)) + " does not say over which time.",
            "Add `in the last 7 days`, `since` an event, or `ever`.");
  return std::nullopt;
}

// The name, with dots or without, that is all of an operand, if it is that simple.
std::optional<Path> Builder::sole_path(P::OperandContext* c) {
  antlr4::ParserRuleContext* at = c;
  while (as<P::PathPrimaryContext>(at) == nullptr) {
    if (as<P::NameContext>(at) != nullptr || at->children.size() != 1 || as<P::LiteralPrimaryContext>(at) != nullptr) return std::nullopt;
    at = only_part<antlr4::ParserRuleContext>(at);
  }
  return path(static_cast<P::PathPrimaryContext*>(at)->path());
}

bool Builder::is_visitor(P::OperandContext* c) {
  if (first_token(c) != last_token(c)) return false;
  const auto name = sole_path(c);
  return name && name->text() == "visitor";
}

}  // namespace polku::syntax
