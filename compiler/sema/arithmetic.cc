// Comparisons and arithmetic: which types mix (docs/language.md, "Numbers").
#include <fmt/format.h>

#include <limits>
#include <tuple>

#include "compiler/sema/typer.h"
#include "runtime/base/time.h"

namespace polku::sema {

using catalog::Type;
using catalog::TypeKind;
using diag::Code;
using plan::Op;
using syntax::ArithOp;
using syntax::CompareOp;

namespace {

const Type kYesNoType{TypeKind::YesNo, {}};

bool ordered(TypeKind k) {
  switch (k) {
    case TypeKind::Whole: case TypeKind::Number: case TypeKind::Money: case TypeKind::Percent: case TypeKind::Time:
    case TypeKind::Date: case TypeKind::Duration: return true;
    case TypeKind::YesNo: case TypeKind::Text: case TypeKind::OneOf: case TypeKind::TextList: case TypeKind::Consent: return false;
  }
  return false;
}

Op op_of(CompareOp op) {
  switch (op) {
    case CompareOp::Eq: return Op::Eq;
    case CompareOp::Ne: return Op::Ne;
    case CompareOp::Lt: return Op::Lt;
    case CompareOp::Le: return Op::Le;
    case CompareOp::Gt: return Op::Gt;
    case CompareOp::Ge: return Op::Ge;
  }
  return Op::Eq;
}

CompareOp mirrored(CompareOp op) {
  switch (op) {
    case CompareOp::Eq: return CompareOp::Eq;
    case CompareOp::Ne: return CompareOp::Ne;
    case CompareOp::Lt: return CompareOp::Gt;
    case CompareOp::Le: return CompareOp::Ge;
    case CompareOp::Gt: return CompareOp::Lt;
    case CompareOp::Ge: return CompareOp::Le;
  }
  return op;
}

// The number, if the expression is a whole-number constant.
std::optional<std::int64_t> whole_constant(const syntax::Expr& e) {
  const auto whole = [](const syntax::Expr& x) -> const syntax::Literal* {
    const auto* l = std::get_if<syntax::Literal>(&x.node);
    return l && l->kind == syntax::LiteralKind::Whole ? l : nullptr;
  };
  if (const auto* l = whole(e)) return l->value;
  if (const auto* n = std::get_if<syntax::Negate>(&e.node))
    if (const auto* l = whole(*n->operand)) return -l->value;
  return std::nullopt;
}

// How far a count must be followed to decide the comparison with n.
std::int64_t decisive(CompareOp op, std::int64_t n) {
  const bool next = op == CompareOp::Gt || op == CompareOp::Le || op == CompareOp::Eq || op == CompareOp::Ne;
  return std::max<std::int64_t>(1, next && n < std::numeric_limits<std::int64_t>::max() ? n + 1 : n);
}

bool negating(CompareOp op) { return op == CompareOp::Ne || op == CompareOp::Lt || op == CompareOp::Le; }

const syntax::Aggregate* count_of(const syntax::Expr& e) {
  const auto* a = std::get_if<syntax::Aggregate>(&e.node);
  return a && a->kind == syntax::AggregateKind::Number ? a : nullptr;
}

}  // namespace

bool Typer::is_count(const syntax::Expr& e) { return count_of(e) != nullptr; }

Typed Typer::compare(const syntax::Compare& c, const syntax::Expr& e) {
  if (negating(c.op)) ++negated_;
  Typed result;
  const bool left = is_count(*c.left), right = is_count(*c.right);
  if (left && !right) {
    result = compare_count(c.op, *c.left, *c.right);
  } else if (right && !left) {
    result = compare_count(mirrored(c.op), *c.right, *c.left);
  } else {
    const auto [l, r] = pair(*c.left, *c.right);
    result = compare_values(c.op, l, r, *c.left, *c.right, e.span);
  }
  if (negating(c.op)) --negated_;
  return result;
}

Typed Typer::compare_values(CompareOp op, Typed l, Typed r, const syntax::Expr& le, const syntax::Expr& re, diag::Span span) {
  if (!l.ok() || !r.ok()) return {};
  for (const auto& [t, e] : {std::pair{&l, &le}, {&r, &re}})
    if (t->type.kind == TypeKind::Consent)
      return fail(Code::ConsentUse, e->span, fmt::format("`{}` is a consent and cannot be compared.", e->text), fmt::format("Write `{} is given`.", e->text));
  if (l.type.kind == TypeKind::Whole && r.type.kind == TypeKind::Number) l = widen(l);
  if (r.type.kind == TypeKind::Whole && l.type.kind == TypeKind::Number) r = widen(r);
  // A constant date beside a time is its first instant in the pack's zone.
  for (auto [t, o] : {std::pair{&l, &r}, {&r, &l}}) {
    if (t->type.kind != TypeKind::Date || o->type.kind != TypeKind::Time) continue;
    const plan::Instr in = code_.at(t->reg);
    if (in.op != Op::Const) continue;
    const auto zone = base::Zone::find(names_.catalog->zone);
    *t = {code_.constant(zone ? zone->to_instant(in.imm * kDay) : in.imm * kDay), o->type};
  }
  const auto bare_amount = [&](const Typed& amount, const Typed& number, const syntax::Expr& e) {
    return amount.type.kind == TypeKind::Money && number.type.kind == TypeKind::Whole && std::holds_alternative<syntax::Literal>(e.node);
  };
  for (const auto& [amount, number, e] : {std::tuple{&l, &r, &re}, {&r, &l, &le}})
    if (bare_amount(*amount, *number, *e))
      return fail(Code::TypeMismatch, e->span, fmt::format("`{}` is money, and `{}` does not say of which currency.", amount == &l ? le.text : re.text, e->text),
                  fmt::format("Write `{} {}`.", e->text, names_.catalog->currency));
  if (l.type != r.type)
    return fail(Code::TypeMismatch, span,
                fmt::format("`{}` is {}, but `{}` is {}.", le.text, said(l.type), re.text, said(r.type)),
                ordered(l.type.kind) ? "Compare values of one kind; every amount carries its unit." : "Compare values of one kind.");
  if (l.type.kind == TypeKind::TextList)
    return fail(Code::NoOrder, span, "Lists cannot be compared.", "Ask `… contains \"…\"`.");
  if (op != CompareOp::Eq && op != CompareOp::Ne && !ordered(l.type.kind))
    return fail(Code::NoOrder, span, fmt::format("`{}` is {}, and these have no order.", le.text, said(l.type)),
                "Use `is`, `is not` or `is one of […]`.");
  return {code_.binary(op_of(op), l.reg, r.reg), kYesNoType};
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
  constexpr std::int64_t kLongestRing = 64;  // a longer one costs more than keeping all
  const std::int64_t follow = constant ? decisive(op, *constant) : 0;
  const int feature = plan_.count(*m, static_cast<int>(follow <= kLongestRing ? follow : 0), reach(*w));
  const auto at_least = [&](int reg) { return code_.emit({.op = Op::CountAtLeast, .a = reg, .aux = feature, .imm = *w}); };
  const auto after_k = [&] {  // k + 1; the largest number has none, and no count reaches it
    const plan::Instr in = code_.at(k.reg);
    if (in.op == Op::Const && in.imm < std::numeric_limits<Value>::max()) return code_.constant(in.imm + 1);
    return code_.binary(Op::Otherwise, code_.binary(Op::Add, k.reg, code_.constant(1)), k.reg);
  };
  if (constant && shown == 0) shown = follow;
  if (shown > 0 && shown <= std::numeric_limits<std::int32_t>::max()) {
    const int seen = code_.emit({.op = Op::CountSeen, .b = static_cast<std::int32_t>(shown), .aux = feature, .imm = *w});
    leaf(count, {seen, {TypeKind::Whole, {}}}, static_cast<int>(shown));
  } else {
    leaf(count, {code_.emit({.op = Op::Count, .aux = plan_.count(*m, 0, reach(*w)), .imm = *w}), {TypeKind::Whole, {}}});
  }
  int result = -1;
  switch (op) {
    case CompareOp::Ge: result = at_least(k.reg); break;
    case CompareOp::Lt: result = code_.unary(Op::Not, at_least(k.reg)); break;
    case CompareOp::Gt: result = at_least(after_k()); break;
    case CompareOp::Le: result = code_.unary(Op::Not, at_least(after_k())); break;
    case CompareOp::Eq: result = code_.binary(Op::And, at_least(k.reg), code_.unary(Op::Not, at_least(after_k()))); break;
    case CompareOp::Ne: result = code_.binary(Op::Or, code_.unary(Op::Not, at_least(k.reg)), at_least(after_k())); break;
  }
  return {result, kYesNoType};
}

// `number of … is one of [2, 5]`: each comparison is of the range, and the count is followed as far as the largest of them needs.
Typed Typer::count_one_of(const syntax::OneOf& o) {
  std::int64_t shown = 0;
  bool constants = true;
  for (const syntax::ExprPtr& v : o.values) {
    const std::optional<std::int64_t> n = whole_constant(*v);
    constants = constants && n;
    if (n) shown = std::max(shown, decisive(CompareOp::Eq, *n));
  }
  Typed result;
  for (const syntax::ExprPtr& v : o.values) {
    const Typed eq = compare_count(CompareOp::Eq, *o.subject, *v, constants ? shown : -1);
    if (!eq.ok()) return {};
    result = result.ok() ? Typed{code_.binary(Op::Or, result.reg, eq.reg), kYesNoType} : eq;
  }
  return result;
}

Typed Typer::negate(const syntax::Negate& n, const syntax::Expr&) {
  const Typed a = value(*n.operand);
  if (!a.ok()) return {};
  switch (a.type.kind) {
    case TypeKind::Whole: case TypeKind::Number: case TypeKind::Money: case TypeKind::Percent: case TypeKind::Duration: {
      const plan::Instr in = code_.at(a.reg);
      if (in.op == Op::Const && in.imm != kUnknown) return {code_.constant(-in.imm), a.type};
      return {code_.unary(Op::Neg, a.reg), a.type};
    }
    case TypeKind::YesNo: case TypeKind::Text: case TypeKind::OneOf: case TypeKind::Time: case TypeKind::Date: case TypeKind::TextList:
    case TypeKind::Consent: break;
  }
  return fail(Code::BadArithmetic, n.operand->span, fmt::format("`{}` is {}, which has no negative.", n.operand->text, said(a.type)));
}

Typed Typer::arith(const syntax::Arith& n, const syntax::Expr& e) {
  Typed a = value(*n.left), b = value(*n.right);
  if (!a.ok() || !b.ok()) return {};
  using K = TypeKind;
  const auto is = [&](K l, K r) { return a.type.kind == l && b.type.kind == r; };
  const auto result = [&](int reg, K kind) { return Typed{reg, {kind, {}}}; };
  const auto mixed = [&] { return is(K::Whole, K::Number) || is(K::Number, K::Whole); };
  switch (n.op) {
    case ArithOp::Add:
    case ArithOp::Sub: {
      if (mixed()) a = widen(a), b = widen(b);
      const Op op = n.op == ArithOp::Add ? Op::Add : Op::Sub;
      for (K k : {K::Whole, K::Number, K::Money, K::Percent, K::Duration})
        if (is(k, k)) return result(code_.binary(op, a.reg, b.reg), k);
      if (is(K::Duration, K::Time) && op == Op::Add) return result(code_.binary(op, a.reg, b.reg), K::Time);
      if (is(K::Time, K::Duration)) return result(code_.binary(op, a.reg, b.reg), K::Time);
      if (is(K::Time, K::Time) && op == Op::Sub) return result(code_.binary(op, a.reg, b.reg), K::Duration);
      if (is(K::Date, K::Date) && op == Op::Sub)
        return result(code_.binary(Op::Mul, code_.binary(op, a.reg, b.reg), code_.constant(kDay)), K::Duration);
      break;
    }
    case ArithOp::Mul: {
      if (mixed()) a = widen(a), b = widen(b);
      const auto exact = [&] { return code_.binary(Op::Mul, a.reg, b.reg); };
      const auto scaled = [&] { return code_.binary(Op::MulDiv, a.reg, b.reg, kMillion); };
      if (is(K::Whole, K::Whole)) return result(exact(), K::Whole);
      if (is(K::Number, K::Number)) return result(scaled(), K::Number);
      if (is(K::Money, K::Whole) || is(K::Whole, K::Money)) return result(exact(), K::Money);
      if (is(K::Money, K::Number) || is(K::Number, K::Money) || is(K::Money, K::Percent) || is(K::Percent, K::Money)) return result(scaled(), K::Money);
      if (is(K::Duration, K::Whole) || is(K::Whole, K::Duration)) return result(exact(), K::Duration);
      if (is(K::Whole, K::Percent)) return result(exact(), K::Number);  // millionths of one are what a number is made of
      if (is(K::Number, K::Percent)) return result(scaled(), K::Number);
      if (is(K::Percent, K::Whole)) return result(exact(), K::Percent);
      if (is(K::Percent, K::Number)) return result(scaled(), K::Percent);
      break;
    }
    case ArithOp::Div: {
      const auto ratio = [&] { return code_.binary(Op::DivMul, a.reg, b.reg, kMillion); };
      if (is(K::Whole, K::Whole)) return result(ratio(), K::Number);
      if (mixed()) a = widen(a), b = widen(b);
      if (is(K::Number, K::Number) || is(K::Money, K::Money) || is(K::Duration, K::Duration)) return result(ratio(), K::Number);
      if (is(K::Money, K::Whole)) return result(code_.binary(Op::DivMul, a.reg, b.reg, 1), K::Money);
      if (is(K::Money, K::Number)) return result(ratio(), K::Money);
      break;
    }
  }
  static constexpr const char* kWords[] = {"added to", "reduced by", "multiplied by", "divided by"};
  return fail(Code::BadArithmetic, e.span,
              fmt::format("{} cannot be {} {}.", capital(said(a.type)), kWords[static_cast<int>(n.op)], said(b.type)),
              fmt::format("`{}` is {}, `{}` is {}.", n.left->text, said(a.type), n.right->text, said(b.type)));
}

}  // namespace polku::sema
