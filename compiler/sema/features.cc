// What looks back over the history: counts, sums, last, happened, windows, filters.
#include <fmt/format.h>

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
           fmt::format("A `where` looks at the fields of `{}` only; {} cannot stand in it.", names_.catalog->events[static_cast<std::size_t>(scope_.event)].name, what),
           "Ask for it in an `only if`.");
      return false;
    case Sight::Constant:
      fail(Code::UnknownName, e.span, "A test needs a plain value here.", "Texts stand in quotes, amounts with their unit.");
      return false;
  }
  return false;
}

plan::CodeId Typer::filter(const Names& names, PlanBuilder& plan, const syntax::Occurrence& what, int event, diag::Diagnostics& d, bool& ok,
                           std::vector<Leaf>* leaves, CodeBuilder* leaf_code) {
  ok = true;
  if (!what.where) return -1;
  CodeBuilder own;
  CodeBuilder& code = leaf_code ? *leaf_code : own;
  Typer t(names, plan, code, {Sight::Event, event, ""}, d);
  const Typed c = t.condition(*what.where);
  if (leaves) *leaves = t.take_leaves();
  ok = c.ok();
  return ok ? plan.code(code.slice(c.reg, c.type)) : -1;
}

std::optional<plan::Match> Typer::match(const syntax::Occurrence& what) {
  const int occurrence = find_occurrence(names_, what, scope_.journey, d_);
  if (occurrence < 0) return std::nullopt;
  bool ok = true;
  const plan::CodeId f = filter(names_, plan_, what, occurrence, d_, ok);
  if (!ok) return std::nullopt;
  return plan::Match{occurrence, f};
}

std::optional<int> Typer::window(const syntax::Window& w) {
  const Millis kept = names_.catalog->history;
  switch (w.kind) {
    case syntax::WindowKind::Ever: return plan_.window(kept, -1);
    case syntax::WindowKind::Since: {
      const int event = find_event(names_, w.event, d_);
      if (event < 0) return std::nullopt;
      return plan_.window(kept, event);
    }
    case syntax::WindowKind::Last:
      if (w.length > kept) {
        fail(Code::LongerThanHistory, w.span, fmt::format("This looks further back than the {} of history kept.", said(kept)),
             "Shorten it, or raise `history` in the catalog.");
        return std::nullopt;
      }
      return plan_.window(w.length, -1);
  }
  return std::nullopt;
}

Typed Typer::happened(const syntax::Happened& h, const syntax::Expr& e) {
  if (!history_allowed(e, "`happened`")) return {};
  const auto m = match(h.what);
  const auto w = window(h.window);
  if (!m || !w) return {};
  const int feature = plan_.count(*m, 1, reach(*w));
  Typed t{code_.emit({.op = Op::CountAtLeast, .a = code_.constant(1), .aux = feature, .imm = *w}), {TypeKind::YesNo, {}}};
  leaf(e, t);
  return t;
}

// `sum of`, `highest of`, `lowest of` a field.
Typed Typer::values(const syntax::Aggregate& a, const syntax::Expr& e, const plan::Match& m, int window, Op op) {
  if (a.what.verb != syntax::Verb::None) return fail(Code::UnknownField, e.span, "Only events have fields.");
  const catalog::Event& event = names_.catalog->events[static_cast<std::size_t>(m.what)];
  const int f = event.field(a.field.text);
  if (f < 0) return fail(Code::UnknownField, a.field.span, fmt::format("`{}` has no field `{}`.", event.name, a.field.text), diag::did_you_mean(a.field.text, names_of(event.fields)));
  const Type& type = event.fields[static_cast<std::size_t>(f)].type;
  switch (type.kind) {
    case TypeKind::Whole: case TypeKind::Number: case TypeKind::Money: case TypeKind::Percent: case TypeKind::Duration: break;
    case TypeKind::Time: case TypeKind::Date:
      if (op != Op::Sum) break;
      [[fallthrough]];
    case TypeKind::YesNo: case TypeKind::Text: case TypeKind::OneOf: case TypeKind::TextList: case TypeKind::Consent:
      return fail(Code::NotSummable, a.field.span, fmt::format("`{}` is {}, which has no {}.", a.field.text, said(type), op == Op::Sum ? "sum" : "order"));
  }
  return {code_.emit({.op = op, .aux = plan_.values(m, f, reach(window)), .imm = window}), type};
}

Typed Typer::aggregate(const syntax::Aggregate& a, const syntax::Expr& e) {
  if (!history_allowed(e, a.kind == syntax::AggregateKind::Number ? "a count" : "a look over several events")) return {};
  const auto m = match(a.what);
  const auto w = window(a.window);
  if (!m || !w) return {};
  Typed t;
  switch (a.kind) {
    case syntax::AggregateKind::Number:
      t = {code_.emit({.op = Op::Count, .aux = plan_.count(*m, 0, reach(*w)), .imm = *w}), {TypeKind::Whole, {}}};
      break;
    case syntax::AggregateKind::Sum: t = values(a, e, *m, *w, Op::Sum); break;
    case syntax::AggregateKind::Highest: t = values(a, e, *m, *w, Op::Highest); break;
    case syntax::AggregateKind::Lowest: t = values(a, e, *m, *w, Op::Lowest); break;
  }
  leaf(e, t);
  return t;
}

Typed Typer::last(const syntax::Last& l, const syntax::Expr& e) {
  if (!history_allowed(e, "`last`")) return {};
  const int event = find_event(names_, l.event, d_);
  if (event < 0) return {};
  const catalog::Event& ev = names_.catalog->events[static_cast<std::size_t>(event)];
  const int f = ev.field(l.field.text);
  if (f < 0) return fail(Code::UnknownField, l.field.span, fmt::format("`{}` has no field `{}`.", ev.name, l.field.text), diag::did_you_mean(l.field.text, names_of(ev.fields)));
  const int feature = plan_.last(event, {}, names_.catalog->history);
  Typed t{code_.emit({.op = Op::LastField, .aux = feature, .imm = plan_.last_column(feature, f)}), ev.fields[static_cast<std::size_t>(f)].type};
  note_optional(e);
  leaf(e, t);
  return t;
}

}  // namespace polku::sema
