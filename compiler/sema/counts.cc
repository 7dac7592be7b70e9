// Counts are known as ranges (reading 12): comparisons with them, and how far they are followed in reasons (reading 23).
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "compiler/sema/typer.h"

namespace polku::sema {

using catalog::TypeKind;
using diag::Code;
using plan::Op;
using syntax::CompareOp;

namespace {

const catalog::Type kYesNoType{TypeKind::YesNo, {}};

// The number, if the expression is a whole-number constant.
std::optional<std::int64_t> whole_constant(const syntax::Expr& e) {
  const auto* l = std::get_if<syntax::Literal>(&e.node);
  return l && l->kind == syntax::LiteralKind::Whole ? std::optional(l->value) : std::nullopt;
}

// How far a count must be followed to decide the comparison with n.
std::int64_t decisive(CompareOp op, std::int64_t n) {
  const bool next = op == CompareOp::Gt || op == CompareOp::Le || op == CompareOp::Eq || op == CompareOp::Ne;
  return std::max<std::int64_t>(1, next && n < std::numeric_limits<std::int64_t>::max() ? n + 1 : n);
}

const syntax::Aggregate* count_of(const syntax::Expr& e) {
  const auto* a = std::get_if<syntax::Aggregate>(&e.node);
  return a && a->kind == syntax::AggregateKind::Number ? a : nullptr;
}

// How far the constants among these need it followed; 0 if one of them is no constant.
std::int64_t furthest(CompareOp op, const std::vector<syntax::ExprPtr>& values) {
  std::int64_t shown = 0;
  for (const syntax::ExprPtr& v : values) {
    const std::optional<std::int64_t> n = whole_constant(*v);
    if (!n) return 0;
    shown = std::max(shown, decisive(op, *n));
  }
  return shown;
}

}  // namespace

bool Typer::is_count(const syntax::Expr& e) { return count_of(e) != nullptr; }

// How it is shown: up to `shown`, or wholly if that is not positive.
Leaf Typer::count_leaf(const syntax::Expr& e, const plan::Match& m, int window, std::int64_t shown) {
  plan::Instr in{.op = Op::Count, .imm = window};
  const bool up_to = shown > 0 && shown <= std::numeric_limits<std::int32_t>::max();
  if (up_to) in.op = Op::CountSeen, in.b = static_cast<std::int32_t>(shown);
  in.aux = plan_.count(m, up_to ? keep(window, shown) : 0, at(window).length);
  return {e.span.begin, e.text, {code_.emit(in), {TypeKind::Whole, {}}}, up_to ? in.b : 0};
}

// A count is known as a range [sure, sure + unknown]; `at least` judges ranges, and everything else is made of it.
Typed Typer::compare_count(CompareOp op, const syntax::Expr& count, const syntax::Expr& other, std::int64_t shown) {
  const syntax::Aggregate& a = *count_of(count);
  if (!history_allowed(count, "a count")) return {};
  Typed k = value(other);
  const auto m = match(a.what);
  const auto w = window(a.window);
  if (!k.ok() || !m || !w) return {};
  if (k.type.kind != TypeKind::Whole)
    return fail(Code::CountNotWhole, other.span, fmt::format("A count is compared with a whole number, but `{}` is {}.", other.text, said(k.type)));
  const std::optional<std::int64_t> constant = whole_constant(other);
  const std::int64_t follow = constant ? decisive(op, *constant) : 0;
  const int feature = plan_.count(*m, keep(*w, follow), at(*w).length);
  const auto at_least = [&](int reg) { return code_.emit({.op = Op::CountAtLeast, .a = reg, .aux = feature, .imm = *w}); };
  const auto after_k = [&] {  // k + 1; the largest number has none, and no count reaches it
    const plan::Instr in = code_.at(k.reg);
    if (in.op == Op::Const && in.imm < std::numeric_limits<Value>::max()) return code_.constant(in.imm + 1);
    return code_.binary(Op::Otherwise, code_.binary(Op::Add, k.reg, code_.constant(1)), k.reg);
  };
  const Leaf seen = count_leaf(count, *m, *w, shown == 0 ? follow : shown);
  leaf(count, seen.value, seen.or_more);
  int result = -1;
  switch (op) {
    case CompareOp::Ge: result = at_least(k.reg); break;
    case CompareOp::Lt: result = code_.unary(Op::Not, at_least(k.reg)); break;
    case CompareOp::Gt: result = at_least(after_k()); break;
    case CompareOp::Le: result = code_.unary(Op::Not, at_least(after_k())); break;
    case CompareOp::Eq: {
      const int reached = at_least(k.reg), passed = at_least(after_k());
      result = code_.binary(Op::And, reached, code_.unary(Op::Not, passed));
      break;
    }
    case CompareOp::Ne: {
      const int reached = at_least(k.reg), passed = at_least(after_k());
      result = code_.binary(Op::Or, code_.unary(Op::Not, reached), passed);
      break;
    }
  }
  return {result, kYesNoType};
}

// `number of … is one of [2, 5]`: each comparison is of the range, and the count is followed as far as the largest of them needs.
Typed Typer::count_one_of(const syntax::Expr& subject, const std::vector<syntax::ExprPtr>& values) {
  const std::int64_t shown = furthest(CompareOp::Eq, values);
  Typed result;
  for (const syntax::ExprPtr& v : values) {
    const Typed eq = compare_count(CompareOp::Eq, subject, *v, shown > 0 ? shown : -1);
    if (!eq.ok()) return {};
    result = result.ok() ? Typed{code_.binary(Op::Or, result.reg, eq.reg), kYesNoType} : eq;
  }
  return result;
}

std::optional<Leaf> Typer::count_column(const syntax::Expr& e, const std::vector<const syntax::Cell*>& cells) {
  const syntax::Aggregate* a = count_of(e);
  if (!a) return std::nullopt;
  const auto m = match(a->what);
  const auto w = window(a->window);
  if (!m || !w) return Leaf{};
  std::int64_t shown = 1;
  for (const syntax::Cell* c : cells) {
    if (c->kind == syntax::Cell::Kind::Any) continue;
    const bool compared = c->kind == syntax::Cell::Kind::Compare || c->kind == syntax::Cell::Kind::OneOf;
    const std::int64_t needed = compared ? furthest(c->op, c->values) : 0;
    if (needed == 0) return count_leaf(e, *m, *w, 0);
    shown = std::max(shown, needed);
  }
  return count_leaf(e, *m, *w, shown);
}

}  // namespace polku::sema
