#include "compiler/sema/typer.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace polku::sema {

using catalog::Type;
using catalog::TypeKind;
using diag::Code;
using plan::Op;

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

const Type kYesNoType{TypeKind::YesNo, {}};
const Type kNumberType{TypeKind::Number, {}};
const Type kTimeType{TypeKind::Time, {}};

}  // namespace

Typed Typer::fail(Code code, diag::Span span, std::string message, std::string help) {
  d_.add(code, span, std::move(message), std::move(help));
  return {};
}

void Typer::leaf(const syntax::Expr& e, const Typed& t, int or_more) {
  if (hidden_ > 0 || !t.ok()) return;
  leaves_.push_back({e.span.begin, e.text, t, or_more});
}

std::vector<plan::Leaf> Typer::leaves() {
  std::sort(leaves_.begin(), leaves_.end(), [](const Leaf& a, const Leaf& b) { return std::tie(a.begin, a.name) < std::tie(b.begin, b.name); });
  std::vector<plan::Leaf> out;
  out.reserve(leaves_.size());
  std::vector<std::string_view> said;  // in order
  for (Leaf& l : leaves_) {
    const auto place = std::lower_bound(said.begin(), said.end(), l.name);
    if (place != said.end() && *place == l.name) continue;
    out.push_back({std::move(l.name), code(l.value), l.or_more});
    said.insert(place, out.back().name);
  }
  leaves_.clear();
  return out;
}

Typed Typer::value(const syntax::Expr& e, const Type* wanted) {
  if (wanted && wanted->kind == TypeKind::OneOf)
    if (auto v = bare_value(e, *wanted)) return *v;
  Typed t = std::visit(
      Overloaded{
          [&](const syntax::Literal& n) { return literal(n, e); },
          [&](const syntax::Path& n) { return path(n, e); },
          [&](const syntax::Now&) { return now(e); },
          [&](const syntax::Arith& n) { return arith(n, e); },
          [&](const syntax::Negate& n) { return negate(n, e); },
          [&](const syntax::Compare& n) { return compare(n.op, *n.left, *n.right, e.span); },
          [&](const syntax::Logic& n) { return logic(n); },
          [&](const syntax::Not& n) { return not_(n); },
          [&](const syntax::Presence& n) { return presence(*n.subject, n.given); },
          [&](const syntax::OneOf& n) { return one_of(n); },
          [&](const syntax::TextTest& n) { return text_test(n); },
          [&](const syntax::InSegment& n) { return in_segment(n, e); },
          [&](const syntax::Happened& n) { return happened(n, e); },
          [&](const syntax::Aggregate& n) { return aggregate(n, e); },
          [&](const syntax::Last& n) { return last(n, e); },
          [&](const syntax::First& n) { return first(n, e); },
          [&](const syntax::List& n) { return list(n); },
          [&](const syntax::Otherwise& n) { return otherwise(n, wanted); },
      },
      e.node);
  if (wanted && wanted->kind == TypeKind::Number) t = widen(t);
  return t;
}

Typed Typer::condition(const syntax::Expr& e) {
  const Typed t = test(e);
  warn_of_unknown();
  return t;
}

Typed Typer::test(const syntax::Expr& e) {
  const std::map<std::string, diag::Span> before = optional_;
  const Typed t = yes_no_operand(e);
  if (!t.ok()) optional_ = before;
  return t;
}

void Typer::warn_of_unknown() {
  for (const auto& [name, span] : optional_) {
    if (guarded_.contains(name)) continue;
    d_.add(Code::OptionalInNegation, span,
           scope_.sight == Sight::Event ? fmt::format("What about events whose `{}` is not known? Neither this nor its opposite is true of them.", name)
                                        : fmt::format("What about visitors whose `{}` is not known? Nothing is done for them here.", name),
           fmt::format("Say so with `{} is given and …`, or choose a value for them with `{} otherwise …`.", name, name));
  }
  optional_.clear();
  guarded_.clear();
}

Typed Typer::yes_no_operand(const syntax::Expr& e) {
  Typed t = value(e);
  if (!t.ok()) return t;
  if (t.type.kind == TypeKind::Consent)
    return fail(Code::ConsentUse, e.span, fmt::format("`{}` is a consent, not a condition.", e.text),
                fmt::format("Write `{} is given`.", e.text));
  if (t.type.kind != TypeKind::YesNo)
    return fail(Code::NotACondition, e.span, fmt::format("A condition is needed here, but `{}` is {}.", e.text, said(t.type)),
                "Compare it with something, for example `… at least …` or `… is …`.");
  return t;
}

Typed Typer::literal(const syntax::Literal& l, const syntax::Expr& e) {
  const auto constant = [&](TypeKind kind) { return Typed{code_.constant(l.value), {kind, {}}}; };
  switch (l.kind) {
    case syntax::LiteralKind::YesNo: return constant(TypeKind::YesNo);
    case syntax::LiteralKind::Whole: return constant(TypeKind::Whole);
    case syntax::LiteralKind::Number: return constant(TypeKind::Number);
    case syntax::LiteralKind::Percent: return constant(TypeKind::Percent);
    case syntax::LiteralKind::Duration: return constant(TypeKind::Duration);
    case syntax::LiteralKind::Date: return constant(TypeKind::Date);
    case syntax::LiteralKind::Text: return {code_.constant(plan_.text(l.text)), {TypeKind::Text, {}}};
    case syntax::LiteralKind::Money:
      if (l.unit != names_.catalog->currency)
        return fail(Code::WrongCurrency, e.span, fmt::format("This pack counts in {}, not in {}.", names_.catalog->currency, l.unit),
                    fmt::format("Write the amount in {}.", names_.catalog->currency));
      return constant(TypeKind::Money);
  }
  return {};
}

Typed Typer::list(const syntax::List& l) {
  std::vector<std::string> texts;
  for (const syntax::ExprPtr& v : l.values) {
    const auto* text = std::get_if<syntax::Literal>(&v->node);
    if (!text || text->kind != syntax::LiteralKind::Text)
      return fail(Code::ListOfTexts, v->span, fmt::format("A list that is a value holds texts in quotes, and `{}` is none.", v->text),
                  "Write `[\"a\", \"b\"]`; to compare with several values, write `is one of […]`.");
    texts.push_back(text->text);
  }
  return {code_.constant(plan_.list(texts)), {TypeKind::TextList, {}}};
}

Typed Typer::now(const syntax::Expr& e) {
  if (!history_allowed(e, "`now`")) return {};
  if (scope_.instants && !now_beside_date_)
    return fail(Code::NowInMembership, e.span,
                "A rule starts when visitors enter or leave a segment that looks at this `now`, so it could become true at any moment.",
                "In such a segment compare `now`, as it stands, with a date: `now at least 1 December 2026`.");
  const Typed t{code_.emit({.op = Op::Now}), kTimeType};
  leaf(e, t);
  return t;
}

Typed Typer::widen(Typed t) {
  if (!t.ok() || t.type.kind != TypeKind::Whole) return t;
  const plan::Instr in = code_.at(t.reg);
  Value v = 0;
  if (in.op == Op::Const && !__builtin_mul_overflow(in.imm, kMillion, &v) && in.imm != kUnknown && v != kUnknown)
    return {code_.constant(v), kNumberType};
  return {code_.binary(Op::Mul, t.reg, code_.constant(kMillion)), kNumberType};
}

Typed Typer::logic(const syntax::Logic& l) {
  const Typed a = yes_no_operand(*l.left), b = yes_no_operand(*l.right);
  if (!a.ok() || !b.ok()) return {};
  return {code_.binary(l.op == syntax::LogicOp::And ? Op::And : Op::Or, a.reg, b.reg), kYesNoType};
}

Typed Typer::not_(const syntax::Not& n) {
  ++negated_;
  const Typed a = yes_no_operand(*n.operand);
  --negated_;
  if (!a.ok()) return {};
  return {code_.unary(Op::Not, a.reg), kYesNoType};
}

Typed Typer::presence(const syntax::Expr& subject, bool given) {
  const int negated = std::exchange(negated_, 0);  // `is missing` sees through unknown: nothing to warn of
  const Typed a = value(subject);
  negated_ = negated;
  if (!a.ok()) return {};
  guarded_.insert(subject.text);
  if (a.type.kind == TypeKind::Consent && given) {
    const int yes = code_.binary(Op::Eq, a.reg, code_.constant(kYes));
    return {code_.binary(Op::Otherwise, yes, code_.constant(kNo)), kYesNoType};
  }
  const int known = code_.unary(Op::Given, a.reg);
  return {given ? known : code_.unary(Op::Not, known), kYesNoType};
}

Typed Typer::one_of(const syntax::OneOf& o) {
  if (o.negated) ++negated_;
  const Typed any = any_of(*o.subject, o.values);
  if (o.negated) --negated_;
  if (!any.ok()) return {};
  return {o.negated ? code_.unary(Op::Not, any.reg) : any.reg, kYesNoType};
}

Typed Typer::any_of(const syntax::Expr& subject, const std::vector<syntax::ExprPtr>& values) {
  if (is_count(subject)) return count_one_of(subject, values);
  Typed result;
  for (const syntax::ExprPtr& v : values) {
    Typed eq;
    if (is_count(*v)) {
      eq = compare_count(syntax::CompareOp::Eq, *v, subject);
    } else {
      const auto [l, r] = pair(subject, *v);
      eq = compare_values(syntax::CompareOp::Eq, l, r, subject, *v, v->span);
    }
    if (!eq.ok()) return {};
    result = result.ok() ? Typed{code_.binary(Op::Or, result.reg, eq.reg), kYesNoType} : eq;
  }
  return result;
}

Typed Typer::text_test(const syntax::TextTest& t) {
  const Typed a = value(*t.subject), b = value(*t.argument);
  if (!a.ok() || !b.ok()) return {};
  if (b.type.kind != TypeKind::Text)
    return fail(Code::TextNeeded, t.argument->span, fmt::format("A text is needed here, but `{}` is {}.", t.argument->text, said(b.type)),
                "Texts stand in quotes.");
  if (a.type.kind == TypeKind::TextList && t.op == syntax::TextOp::Contains)
    return {code_.binary(Op::ListContains, a.reg, b.reg), kYesNoType};
  if (a.type.kind != TypeKind::Text)
    return fail(Code::TextNeeded, t.subject->span, fmt::format("Only a text can be searched, but `{}` is {}.", t.subject->text, said(a.type)));
  switch (t.op) {
    case syntax::TextOp::Contains: return {code_.binary(Op::TextContains, a.reg, b.reg), kYesNoType};
    case syntax::TextOp::StartsWith: return {code_.binary(Op::TextStarts, a.reg, b.reg), kYesNoType};
    case syntax::TextOp::EndsWith: return {code_.binary(Op::TextEnds, a.reg, b.reg), kYesNoType};
  }
  return {};
}

Typed Typer::otherwise(const syntax::Otherwise& o, const Type* wanted) {
  const int negated = std::exchange(negated_, 0);
  // A number that is wanted is made of what `otherwise` gives, not of its parts.
  Typed a = value(*o.subject, wanted && wanted->kind == TypeKind::OneOf ? wanted : nullptr);
  Typed b = a.ok() ? value(*o.fallback, &a.type) : Typed{};
  negated_ = negated;
  if (!a.ok() || !b.ok()) return {};
  if (a.type.kind == TypeKind::Whole && b.type.kind == TypeKind::Number) a = widen(a);
  if (a.type != b.type && a.type.kind != TypeKind::Consent)
    return fail(Code::TypeMismatch, o.fallback->span,
                fmt::format("`{}` is {}, but `{}` is {}.", o.subject->text, said(a.type), o.fallback->text, said(b.type)),
                "Both sides of `otherwise` must be of one kind.");
  if (a.type.kind == TypeKind::Consent)
    return fail(Code::ConsentUse, o.subject->span, fmt::format("`{}` is a consent; there is nothing to take instead of one.", o.subject->text),
                fmt::format("Ask `{} is given`.", o.subject->text));
  return {code_.binary(Op::Otherwise, a.reg, b.reg), a.type};
}

}  // namespace polku::sema
