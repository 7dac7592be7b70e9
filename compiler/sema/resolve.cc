// What a name means: an attribute, a field, a segment, or a value of a declared list.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/typer.h"

namespace polku::sema {

using catalog::Type;
using catalog::TypeKind;
using diag::Code;
using plan::Op;

namespace {

constexpr std::size_t kDeepest = 50;  // segments and derived attributes within one another

const Type kYesNoType{TypeKind::YesNo, {}};

const syntax::Path* bare(const syntax::Expr& e) {
  const auto* p = std::get_if<syntax::Path>(&e.node);
  return p && p->parts.size() == 1 ? p : nullptr;
}

}  // namespace

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
      scope_ = {Sight::Visitor, -1, ""};
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
    scope_ = {Sight::Visitor, -1, ""};
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
