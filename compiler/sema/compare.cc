// Comparisons: which types mix (reading 19).
#include <fmt/format.h>

#include <tuple>

#include "compiler/sema/typer.h"

namespace polku::sema {

using catalog::Type;
using catalog::TypeKind;
using diag::Code;
using plan::Op;
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

bool negating(CompareOp op) { return op == CompareOp::Ne || op == CompareOp::Lt || op == CompareOp::Le; }

}  // namespace

Typed Typer::compare(CompareOp op, const syntax::Expr& left, const syntax::Expr& right, diag::Span span) {
  if (negating(op)) ++negated_;
  Typed result;
  if (is_count(left) != is_count(right)) {
    result = is_count(left) ? compare_count(op, left, right) : compare_count(mirrored(op), right, left);
  } else {
    now_beside_date_ = note_instants(op, left, right);
    const auto [l, r] = pair(left, right);
    now_beside_date_ = false;
    result = compare_values(op, l, r, left, right, span);
  }
  if (negating(op)) --negated_;
  return result;
}

// Is this `now` beside a date? Then the instants at which the comparison changes are noted, where they are asked for (reading 29).
bool Typer::note_instants(CompareOp op, const syntax::Expr& left, const syntax::Expr& right) {
  if (!scope_.instants) return false;
  const bool now_left = std::holds_alternative<syntax::Now>(left.node);
  const auto* date = std::get_if<syntax::Literal>(now_left ? &right.node : &left.node);
  if (!(now_left || std::holds_alternative<syntax::Now>(right.node)) || !date || date->kind != syntax::LiteralKind::Date) return false;
  const Millis at = names_.zone.to_instant(date->value * kDay);
  const CompareOp now = now_left ? op : mirrored(op);
  const bool from = now == CompareOp::Ge || now == CompareOp::Lt, behind = now == CompareOp::Gt || now == CompareOp::Le;
  if (!behind) scope_.instants->push_back(at);
  if (!from) scope_.instants->push_back(at + 1);
  return true;
}

Typed Typer::compare_values(CompareOp op, Typed l, Typed r, const syntax::Expr& le, const syntax::Expr& re, diag::Span span) {
  if (!l.ok() || !r.ok()) return {};
  for (const auto& [t, e] : {std::pair{&l, &le}, {&r, &re}})
    if (t->type.kind == TypeKind::Consent)
      return fail(Code::ConsentUse, e->span, fmt::format("`{}` is a consent and cannot be compared.", e->text),
                  fmt::format("Write `{} is given`.", e->text));
  if (l.type.kind == TypeKind::Whole && r.type.kind == TypeKind::Number) l = widen(l);
  if (r.type.kind == TypeKind::Whole && l.type.kind == TypeKind::Number) r = widen(r);
  // A constant date beside a time is its first instant in the pack's zone.
  for (auto [t, o] : {std::pair{&l, &r}, {&r, &l}}) {
    if (t->type.kind != TypeKind::Date || o->type.kind != TypeKind::Time) continue;
    const plan::Instr in = code_.at(t->reg);
    if (in.op != Op::Const) continue;
    *t = {code_.constant(names_.zone.to_instant(in.imm * kDay)), o->type};
  }
  const auto bare_amount = [&](const Typed& amount, const Typed& number, const syntax::Expr& e) {
    return amount.type.kind == TypeKind::Money && number.type.kind == TypeKind::Whole && std::holds_alternative<syntax::Literal>(e.node);
  };
  for (const auto& [amount, number, e] : {std::tuple{&l, &r, &re}, {&r, &l, &le}})
    if (bare_amount(*amount, *number, *e))
      return fail(Code::TypeMismatch, e->span,
                  fmt::format("`{}` is money, and `{}` does not say of which currency.", amount == &l ? le.text : re.text, e->text),
                  fmt::format("Write `{} {}`.", e->text, names_.catalog->currency));
  if (l.type != r.type) {
    std::string help = ordered(l.type.kind) ? "Compare values of one kind; every amount carries its unit." : "Compare values of one kind.";
    for (const auto& [one, text, e] : {std::tuple{&l, &r, &re}, {&r, &l, &le}})
      if (one->type.kind == TypeKind::OneOf && text->type.kind == TypeKind::Text && std::holds_alternative<syntax::Literal>(e->node))
        help = "The values of such a list stand without quotes.";
    return fail(Code::TypeMismatch, span, fmt::format("`{}` is {}, but `{}` is {}.", le.text, said(l.type), re.text, said(r.type)), help);
  }
  if (l.type.kind == TypeKind::TextList)
    return fail(Code::NoOrder, span, "Lists cannot be compared.", "Ask `… contains \"…\"`.");
  if (op != CompareOp::Eq && op != CompareOp::Ne && !ordered(l.type.kind))
    return fail(Code::NoOrder, span, fmt::format("`{}` is {}, and these have no order.", le.text, said(l.type)),
                "Use `is`, `is not` or `is one of […]`.");
  return {code_.binary(op_of(op), l.reg, r.reg), kYesNoType};
}

}  // namespace polku::sema
