// Arithmetic: which types mix (reading 19).
#include <fmt/format.h>

#include "compiler/sema/typer.h"

namespace polku::sema {

using catalog::TypeKind;
using diag::Code;
using plan::Op;
using syntax::ArithOp;

Typed Typer::negate(const syntax::Negate& n, const syntax::Expr&) {
  const Typed a = value(*n.operand);
  if (!a.ok()) return {};
  switch (a.type.kind) {
    case TypeKind::Whole: case TypeKind::Number: case TypeKind::Money: case TypeKind::Percent: case TypeKind::Duration: {
      const plan::Instr in = code_.at(a.reg);
      if (in.op == Op::Const) return {code_.constant(-in.imm), a.type};
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
      if (is(K::Date, K::Date) && op == Op::Sub) {
        const int days = code_.binary(op, a.reg, b.reg);
        return result(code_.binary(Op::Mul, days, code_.constant(kDay)), K::Duration);
      }
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
