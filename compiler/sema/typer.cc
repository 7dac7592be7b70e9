#include "compiler/sema/typer.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "runtime/base/time.h"

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

constexpr std::size_t kDeepest = 50;  // segments and derived attributes within one another

const Type kYesNoType{TypeKind::YesNo, {}};
const Type kNumberType{TypeKind::Number, {}};
const Type kTimeType{TypeKind::Time, {}};

const syntax::Path* bare(const syntax::Expr& e) {
  const auto* p = std::get_if<syntax::Path>(&e.node);
  return p && p->parts.size() == 1 ? p : nullptr;
}

}  // namespace

Typed Typer::fail(Code code, diag::Span span, std::string message, std::string help) {
  d_.add(code, span, std::move(message), std::move(help));
  return {};
}

void Typer::leaf(const syntax::Expr& e, const Typed& t, int or_more) {
  if (hidden_ > 0 || !t.ok()) return;
  leaves_.push_back({e.span.begin, e.text, t, or_more});
}

std::vector<Leaf> Typer::take_leaves() {
  std::sort(leaves_.begin(), leaves_.end(), [](const Leaf& a, const Leaf& b) { return std::tie(a.begin, a.name) < std::tie(b.begin, b.name); });
  std::vector<Leaf> out;
  for (Leaf& l : leaves_)
    if (std::none_of(out.begin(), out.end(), [&](const Leaf& o) { return o.name == l.name; })) out.push_back(std::move(l));
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
          [&](const syntax::Now&) {
            if (!history_allowed(e, "`now`")) return Typed{};
            Typed t{code_.emit({.op = Op::Now}), kTimeType};
            leaf(e, t);
            return t;
          },
          [&](const syntax::Arith& n) { return arith(n, e); },
          [&](const syntax::Negate& n) { return negate(n, e); },
          [&](const syntax::Compare& n) { return compare(n, e); },
          [&](const syntax::Logic& n) { return logic(n); },
          [&](const syntax::Not& n) { return not_(n); },
          [&](const syntax::Presence& n) { return presence(n); },
          [&](const syntax::OneOf& n) { return one_of(n); },
          [&](const syntax::TextTest& n) { return text_test(n); },
          [&](const syntax::InSegment& n) { return in_segment(n, e); },
          [&](const syntax::Happened& n) { return happened(n, e); },
          [&](const syntax::Aggregate& n) { return aggregate(n, e); },
          [&](const syntax::Last& n) { return last(n, e); },
          [&](const syntax::Otherwise& n) { return otherwise(n, wanted); },
      },
      e.node);
  if (wanted && wanted->kind == TypeKind::Number) t = widen(t);
  return t;
}

Typed Typer::condition(const syntax::Expr& e) {
  Typed t = yes_no_operand(e);
  for (const auto& [name, span] : optional_) {
    if (!t.ok() || guarded_.contains(name)) continue;
    d_.add(Code::OptionalInNegation, span, fmt::format("What about visitors whose `{}` is not known? Nothing is done for them here.", name),
           fmt::format("Say so with `{} is given and …`, or choose a value for them with `{} otherwise …`.", name, name));
  }
  optional_.clear();
  guarded_.clear();
  return t;
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

bool Typer::resolves(const syntax::Expr& e) const {
  const syntax::Path* p = bare(e);
  if (!p) return true;
  if (scope_.sight == Sight::Event) return names_.catalog->events[static_cast<std::size_t>(scope_.event)].field(p->parts[0]) >= 0;
  return scope_.sight != Sight::Constant && names_.catalog->attribute(p->parts[0]) >= 0;
}

std::optional<Typed> Typer::bare_value(const syntax::Expr& e, const Type& type) {
  const syntax::Path* p = bare(e);
  if (!p || type.kind != TypeKind::OneOf) return std::nullopt;
  const auto it = std::find(type.values.begin(), type.values.end(), p->parts[0]);
  if (it != type.values.end()) return Typed{code_.constant(it - type.values.begin()), type};
  if (resolves(e)) return std::nullopt;
  std::string all;
  for (const std::string& v : type.values) all += (all.empty() ? "" : ", ") + v;
  std::string help = diag::did_you_mean(p->parts[0], type.values);
  return fail(Code::UnknownValue, e.span, fmt::format("`{}` is not one of {}.", p->parts[0], all), help);
}

// Reading 18: a bare word beside a one-of value is that value if the list has it, on either side; else it is a name.
std::pair<Typed, Typed> Typer::pair(const syntax::Expr& l, const syntax::Expr& r) {
  const auto in_list = [](const syntax::Expr& e, const Typed& beside) {
    const syntax::Path* p = bare(e);
    return p && beside.type.kind == TypeKind::OneOf && std::find(beside.type.values.begin(), beside.type.values.end(), p->parts[0]) != beside.type.values.end();
  };
  const bool left_named = !bare(l) || resolves(l), right_named = !bare(r) || resolves(r);
  Typed left, right;
  if (left_named) {
    left = value(l);
    if (!left.ok()) return {{}, {}};
    if (in_list(r, left)) return {left, *bare_value(r, left.type)};
  }
  if (right_named) {
    right = value(r);
    if (!right.ok()) return {{}, {}};
    if (in_list(l, right)) {
      std::erase_if(leaves_, [&](const Leaf& leaf) { return leaf.begin == l.span.begin; });  // it was no name after all
      return {*bare_value(l, right.type), right};
    }
  }
  if (!right_named) right = left_named ? value(r, &left.type) : Typed{};
  if (!left_named) left = value(l, right_named && right.type.kind == TypeKind::OneOf ? &right.type : nullptr);
  return {left, right};
}

Typed Typer::widen(Typed t) {
  if (!t.ok() || t.type.kind != TypeKind::Whole) return t;
  const plan::Instr in = code_.at(t.reg);
  Value v = 0;
  if (in.op == Op::Const && !__builtin_mul_overflow(in.imm, kMillion, &v) && in.imm != kUnknown && v != kUnknown)
    return {code_.constant(v), kNumberType};
  return {code_.binary(Op::Mul, t.reg, code_.constant(kMillion)), kNumberType};
}

void Typer::note_optional(const syntax::Expr& e) {
  if (negated_ > 0 && hidden_ == 0) optional_.try_emplace(e.text, e.span);
}

Typed Typer::field(int event, int index) {
  return {code_.emit({.op = Op::Field, .aux = index}),
          names_.catalog->events[static_cast<std::size_t>(event)].fields[static_cast<std::size_t>(index)].type};
}

Typed Typer::path(const syntax::Path& p, const syntax::Expr& e) {
  const catalog::Catalog& c = *names_.catalog;
  const std::string text = p.text();
  if (scope_.sight == Sight::Constant)
    return fail(Code::UnknownName, e.span, fmt::format("`{}` is a name; a test needs a value here.", text), "Texts stand in quotes, amounts with their unit.");
  if (scope_.sight == Sight::Event) {
    const catalog::Event& event = c.events[static_cast<std::size_t>(scope_.event)];
    std::string name = text;
    if (p.parts.size() == 2 && p.parts[0] == event.name) name = p.parts[1];
    const int index = event.field(name);
    if (index < 0) {
      const std::string bare_name = p.parts.size() > 1 && p.parts[0] == "visitor" ? text.substr(8) : text;
      if (c.attribute(bare_name) >= 0)
        return fail(Code::OutsideWhere, e.span, fmt::format("A `where` looks at the fields of `{}` only, and `{}` is of the visitor.", event.name, text),
                    fmt::format("Ask for `{}` in an `only if`.", text));
      std::string help = diag::did_you_mean(name, names_of(event.fields));
      if (help.empty()) help = "Its fields are declared in the catalog.";
      return fail(Code::UnknownField, e.span, fmt::format("`{}` has no field `{}`.", event.name, name), help);
    }
    Typed t = field(scope_.event, index);
    if (event.fields[static_cast<std::size_t>(index)].optional) note_optional(e);
    leaf(e, t);
    return t;
  }
  const bool visitor = p.parts.size() > 1 && p.parts[0] == "visitor";
  if (const int index = c.attribute(visitor ? text.substr(8) : text); index >= 0) return attribute(index, e);
  if (p.parts.size() == 2) {
    const int event = c.event(p.parts[0]);
    if (event >= 0) {
      const catalog::Event& ev = c.events[static_cast<std::size_t>(event)];
      const int index = ev.field(p.parts[1]);
      if (index < 0) return fail(Code::UnknownField, e.span, fmt::format("`{}` has no field `{}`.", ev.name, p.parts[1]), diag::did_you_mean(p.parts[1], names_of(ev.fields)));
      if (scope_.sight != Sight::Rule || scope_.event != event)
        return fail(Code::EventNotAtHand, e.span, fmt::format("`{}` is known only in a rule that starts with `{}`.", text, ev.name),
                    fmt::format("`last {}` is that of the latest one.", text));
      Typed t = field(event, index);
      if (ev.fields[static_cast<std::size_t>(index)].optional) note_optional(e);
      leaf(e, t);
      return t;
    }
  }
  if (d_.full()) return fail(Code::UnknownName, e.span, fmt::format("Nothing is called `{}`.", text));
  std::vector<std::string> candidates = names_.attribute_names();
  if (scope_.sight == Sight::Rule && scope_.event >= 0)
    for (const catalog::Field& f : c.events[static_cast<std::size_t>(scope_.event)].fields)
      candidates.push_back(c.events[static_cast<std::size_t>(scope_.event)].name + "." + f.name);
  std::string help = diag::did_you_mean(text, candidates);
  if (help.empty()) help = "Visitor attributes are declared under `visitor` in the catalog; texts stand in quotes.";
  return fail(Code::UnknownName, e.span, fmt::format("Nothing is called `{}`.", text), help);
}

Typed Typer::attribute(int index, const syntax::Expr& e) {
  const catalog::Attribute& a = names_.catalog->attributes[static_cast<std::size_t>(index)];
  Typed t{-1, a.type};
  if (a.presence == catalog::Presence::Derived) {
    if (const auto done = derived_done_.find(index); done != derived_done_.end()) {
      t = done->second;
    } else {
      if (std::find(derived_open_.begin(), derived_open_.end(), index) != derived_open_.end())
        return fail(Code::DerivedCycle, a.derived_span, fmt::format("`{}` is derived from itself.", a.name));
      if (segments_open_.size() + derived_open_.size() >= kDeepest)
        return fail(Code::TooDeep, e.span, fmt::format("More than {} definitions stand one upon the other here, down to `{}`.", kDeepest, a.name), "Define it in fewer steps.");
      const syntax::Expr* is = (*names_.derived)[static_cast<std::size_t>(index)];
      if (!is) return {};
      derived_open_.push_back(index);
      ++hidden_;
      const Scope outer = scope_;
      scope_ = {Sight::Visitor, -1, "", "attribute `" + a.name + "`"};
      if (const auto* l = std::get_if<syntax::Last>(&is->node); l && !a.until.empty()) {
        const int event = find_event(names_, l->event, d_);
        std::vector<plan::OccurrenceId> resets;
        for (const std::string& u : a.until) resets.push_back(names_.catalog->event(u));
        const int f = event < 0 ? -1 : names_.catalog->events[static_cast<std::size_t>(event)].field(l->field.text);
        if (f >= 0) {
          const int feature = plan_.last(event, resets, names_.catalog->history);
          t = {code_.emit({.op = Op::LastField, .aux = feature, .imm = plan_.last_column(feature, f)}), field(event, f).type};
        } else if (event >= 0) {
          fail(Code::UnknownField, is->span, fmt::format("`{}` has no field `{}`.", l->event.text, l->field.text));
        }
      } else {
        t = value(*is, &a.type);
      }
      scope_ = outer;
      --hidden_;
      derived_open_.pop_back();
      derived_done_[index] = t;
    }
  } else {
    t.reg = code_.emit({.op = Op::Attribute, .aux = index});
  }
  if (a.presence == catalog::Presence::Optional || a.presence == catalog::Presence::Derived) note_optional(e);
  leaf(e, t);
  return t;
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

Typed Typer::presence(const syntax::Presence& p) {
  const int negated = std::exchange(negated_, 0);  // `is missing` sees through unknown: nothing to warn of
  const Typed a = value(*p.subject);
  negated_ = negated;
  if (!a.ok()) return {};
  guarded_.insert(p.subject->text);
  if (a.type.kind == TypeKind::Consent && p.given) {
    const int yes = code_.binary(Op::Eq, a.reg, code_.constant(kYes));
    return {code_.binary(Op::Otherwise, yes, code_.constant(kNo)), kYesNoType};
  }
  const int given = code_.unary(Op::Given, a.reg);
  return {p.given ? given : code_.unary(Op::Not, given), kYesNoType};
}

Typed Typer::one_of(const syntax::OneOf& o) {
  if (o.negated) ++negated_;
  Typed subject;
  int result = -1;
  bool ok = true;
  const bool count = is_count(*o.subject);
  if (count) {
    const Typed any = count_one_of(o);
    ok = any.ok();
    result = any.reg;
  }
  for (const syntax::ExprPtr& v : o.values) {
    if (count) break;
    Typed eq;
    if (is_count(*v)) {
      eq = compare_count(syntax::CompareOp::Eq, *v, *o.subject);
    } else {
      const auto [l, r] = pair(*o.subject, *v);
      eq = compare_values(syntax::CompareOp::Eq, l, r, *o.subject, *v, v->span);
    }
    if (!eq.ok()) {
      ok = false;
      break;
    }
    result = result < 0 ? eq.reg : code_.binary(Op::Or, result, eq.reg);
  }
  if (o.negated) --negated_;
  if (!ok || result < 0) return {};
  return {o.negated ? code_.unary(Op::Not, result) : result, kYesNoType};
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

Typed Typer::in_segment(const syntax::InSegment& s, const syntax::Expr& e) {
  if (!history_allowed(e, "a segment")) return {};
  const std::string& name = s.segment.text;
  Typed member;
  if (const auto done = segments_done_.find(name); done != segments_done_.end()) {
    member = done->second;
  } else {
    const auto it = names_.segments.find(name);
    if (it == names_.segments.end())
      return fail(Code::UnknownSegment, s.segment.span, fmt::format("There is no segment `{}`.", name), diag::did_you_mean(name, names_.segment_names()));
    if (std::find(segments_open_.begin(), segments_open_.end(), name) != segments_open_.end())
      return fail(Code::SegmentCycle, s.segment.span, fmt::format("The segment `{}` is defined by itself.", name));
    if (segments_open_.size() + derived_open_.size() >= kDeepest)
      return fail(Code::TooDeep, s.segment.span, fmt::format("More than {} definitions stand one upon the other here, down to `{}`.", kDeepest, name), "Define it in fewer steps.");
    segments_open_.push_back(name);
    ++hidden_;
    const Scope outer = scope_;
    scope_ = {Sight::Visitor, -1, "", "segment `" + name + "`"};
    member = yes_no_operand(*it->second->test);
    scope_ = outer;
    --hidden_;
    segments_open_.pop_back();
    segments_done_[name] = member;
  }
  if (!member.ok()) return {};
  if (hidden_ == 0) leaves_.push_back({e.span.begin, "visitor in " + name, member, 0});
  return {s.negated ? code_.unary(Op::Not, member.reg) : member.reg, kYesNoType};
}

}  // namespace polku::sema
