// What looks back over the history: counts, sums, last, happened, windows, filters.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/typer.h"

namespace polku::sema {

using catalog::Type;
using catalog::TypeKind;
using diag::Code;
using plan::Op;

bool Typer::history_allowed(const syntax::Expr& e, const char* what) {
  switch (scope_.sight) {
    case Sight::Rule:
    case Sight::Visitor: return true;
    case Sight::Event:
      fail(Code::OutsideWhere, e.span,
           fmt::format("A `where` looks at the fields of `{}` only; {} cannot stand in it.", names_.event(scope_.events[0]).name, what),
           "Ask for it in an `only if`.");
      return false;
    case Sight::Constant:
      fail(Code::UnknownName, e.span, "A test needs a plain value here.", "Texts stand in quotes, amounts with their unit.");
      return false;
  }
  return false;
}

plan::CodeId Typer::filter(const Work& work, const syntax::Occurrence& what, plan::OccurrenceId occurrence, bool& ok) {
  ok = true;
  if (!what.where || what.verb != syntax::Verb::None) return -1;
  CodeBuilder code;
  Typer t(work, code, {.sight = Sight::Event, .events = {occurrence}});
  const Typed c = t.condition(*what.where);
  ok = c.ok();
  return ok ? t.code(c) : -1;
}

std::vector<plan::Leaf> Typer::where_leaves(const Work& work, const syntax::Occurrence& what, int event, std::vector<plan::Capture>& captures) {
  diag::Diagnostics again;  // what there is to warn of has been said
  CodeBuilder code;
  Typer t({work.names, work.plan, again}, code, {.sight = Sight::Event, .events = {event}, .captures = &captures});
  t.condition(*what.where);
  return t.leaves();
}

std::optional<plan::Match> Typer::match(const syntax::Occurrence& what) {
  const int occurrence = find_occurrence(names_, what, scope_.journey, d_);
  if (occurrence < 0) return std::nullopt;
  bool ok = true;
  const plan::CodeId f = filter(work_, what, occurrence, ok);
  if (!ok) return std::nullopt;
  return plan::Match{occurrence, f};
}

std::optional<int> Typer::window(const syntax::Window& w) {
  const Millis kept = names_.catalog->history;
  if (w.before_this && !scope_.firing) {
    fail(Code::BeforeThis, w.span, "`before this` asks for what stood before a rule was started, and here no rule is.",
         "Leave it out, or ask in an `only if` of the rule.");
    return std::nullopt;
  }
  plan::Window out{.kind = plan::WindowKind::Rolling, .length = kept, .since = -1, .before_this = w.before_this};
  Millis needed = 0;
  const auto calendar = [&](plan::WindowKind kind, Millis days) {
    out.kind = kind;
    out.length = std::min((days + 1) * kDay, kept);  // with the hour that a change of the clocks may add
    needed = days * kDay;
  };
  switch (w.kind) {
    case syntax::WindowKind::Ever: break;
    case syntax::WindowKind::Since:
      out.since = find_event(names_, w.event, d_);
      if (out.since < 0) return std::nullopt;
      break;
    case syntax::WindowKind::Last: out.length = needed = w.length; break;
    case syntax::WindowKind::Today: calendar(plan::WindowKind::Today, 1); break;
    case syntax::WindowKind::Week: calendar(plan::WindowKind::Week, 7); break;
    case syntax::WindowKind::Month: calendar(plan::WindowKind::Month, 31); break;
  }
  if (needed > kept) {
    fail(Code::LongerThanHistory, w.span, fmt::format("This looks further back than the {} of history kept.", said(kept)),
         "Shorten it, or raise `history` in the catalog.");
    return std::nullopt;
  }
  const int number = plan_.window(out);
  return number < 0 ? std::nullopt : std::optional(number);
}

// What stood before a firing may be older than the latest few, so that all are needed; a ring that is too long costs more than all.
int Typer::keep(int window, std::int64_t follow) const {
  constexpr std::int64_t kLongestRing = 64;
  return at(window).before_this || follow > kLongestRing ? 0 : static_cast<int>(follow);
}

Typed Typer::happened(const syntax::Happened& h, const syntax::Expr& e) {
  if (!history_allowed(e, "`happened`")) return {};
  const auto m = match(h.what);
  const auto w = window(h.window);
  if (!m || !w) return {};
  const int feature = plan_.count(*m, keep(*w, 1), at(*w).length);
  Typed t{code_.emit({.op = Op::CountAtLeast, .a = code_.constant(1), .aux = feature, .imm = *w}), {TypeKind::YesNo, {}}};
  leaf(e, t);
  return t;
}

// `sum of`, `average of`, `highest of`, `lowest of` a field.
Typed Typer::values(const syntax::Aggregate& a, const syntax::Expr& e, const plan::Match& m, int window) {
  if (a.what.verb != syntax::Verb::None) return fail(Code::UnknownField, e.span, "Only events have fields.");
  const int f = find_field(names_, m.what, a.field, d_);
  if (f < 0) return {};
  Type type = names_.event(m.what).fields[static_cast<std::size_t>(f)].type;
  const bool added = a.kind == syntax::AggregateKind::Sum || a.kind == syntax::AggregateKind::Average;
  switch (type.kind) {
    case TypeKind::Whole: case TypeKind::Number: case TypeKind::Money: case TypeKind::Percent: case TypeKind::Duration: break;
    case TypeKind::Time: case TypeKind::Date:
      if (!added) break;
      [[fallthrough]];
    case TypeKind::YesNo: case TypeKind::Text: case TypeKind::OneOf: case TypeKind::TextList: case TypeKind::Consent:
      return fail(Code::NotSummable, a.field.span,
                  fmt::format("`{}` is {}, which has no {}.", a.field.text, said(type),
                              !added ? "order" : a.kind == syntax::AggregateKind::Sum ? "sum" : "average"));
  }
  plan::Instr in{.op = Op::Sum, .aux = plan_.values(m, f, at(window).length), .imm = window};
  switch (a.kind) {
    case syntax::AggregateKind::Number: case syntax::AggregateKind::Sum: break;
    case syntax::AggregateKind::Highest: in.op = Op::Highest; break;
    case syntax::AggregateKind::Lowest: in.op = Op::Lowest; break;
    case syntax::AggregateKind::Average:
      in.op = Op::Average;
      in.b = 1;
      if (type.kind == TypeKind::Whole) in.b = kMillion, type = {TypeKind::Number, {}};
      break;
  }
  return {code_.emit(in), type};
}

Typed Typer::aggregate(const syntax::Aggregate& a, const syntax::Expr& e) {
  const bool number = a.kind == syntax::AggregateKind::Number;
  if (!history_allowed(e, number ? "a count" : "a look over several events")) return {};
  const auto m = match(a.what);
  const auto w = window(a.window);
  if (!m || !w) return {};
  Typed t;
  if (number)
    t = {code_.emit({.op = Op::Count, .aux = plan_.count(*m, 0, at(*w).length), .imm = *w}), {TypeKind::Whole, {}}};
  else
    t = values(a, e, *m, *w);
  if (!number && a.kind != syntax::AggregateKind::Sum && t.ok()) note_optional(e);  // of nothing it is not known
  leaf(e, t);
  return t;
}

Typed Typer::last(const syntax::Last& l, const syntax::Expr& e) {
  if (!history_allowed(e, "`last`")) return {};
  const int event = find_event(names_, l.event, d_);
  const int f = event < 0 ? -1 : find_field(names_, event, l.field, d_);
  if (f < 0) return {};
  const int feature = plan_.last(event, {}, names_.catalog->history);
  const Typed t{code_.emit({.op = Op::LastField, .aux = feature, .imm = plan_.last_column(feature, f)}),
                names_.event(event).fields[static_cast<std::size_t>(f)].type};
  note_optional(e);
  leaf(e, t);
  return t;
}

Typed Typer::first(const syntax::First& n, const syntax::Expr& e) {
  if (!history_allowed(e, "`first`")) return {};
  const int event = find_event(names_, n.event, d_);
  const int f = event < 0 ? -1 : find_field(names_, event, n.field, d_);
  if (f < 0) return {};
  const Millis kept = names_.catalog->history;
  const Typed t{code_.emit({.op = Op::First, .aux = plan_.values({event, -1}, f, kept),
                            .imm = plan_.window({.kind = plan::WindowKind::Rolling, .length = kept, .since = -1, .before_this = false})}),
                names_.event(event).fields[static_cast<std::size_t>(f)].type};
  note_optional(e);
  leaf(e, t);
  return t;
}

}  // namespace polku::sema
