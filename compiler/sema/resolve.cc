// What a name means: an attribute, a field, a segment, or a value of a declared list.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "compiler/sema/typer.h"

namespace polku::sema {

using catalog::Type;
using catalog::TypeKind;
using diag::Code;
using plan::Op;

namespace {

constexpr std::size_t kDeepest = 50;  // segments and derived attributes within one another

const Type kYesNoType{TypeKind::YesNo, {}};

int capture(std::vector<plan::Capture>& list, int event, int field) {
  const auto same = [&](const plan::Capture& c) { return c.event == event && c.field == field; };
  const auto it = std::find_if(list.begin(), list.end(), same);
  if (it == list.end()) return list.push_back({event, field}), static_cast<int>(list.size()) - 1;
  return static_cast<int>(it - list.begin());
}

// `visitor is NAME` comes as the path `visitor.NAME` that is written so.
bool visitor_is(const syntax::Path& p, const syntax::Expr& e) {
  return p.parts.size() > 1 && p.parts[0] == "visitor" && e.text.find(" is ") != std::string::npos;
}

const syntax::Path* bare(const syntax::Expr& e) {
  const auto* p = std::get_if<syntax::Path>(&e.node);
  return p && p->parts.size() == 1 ? p : nullptr;
}

}  // namespace

bool Typer::resolves(const syntax::Expr& e) const {
  const syntax::Path* p = bare(e);
  if (!p) return true;
  if (scope_.sight == Sight::Event) return names_.event(scope_.events[0]).field(p->parts[0]) >= 0;
  return scope_.sight != Sight::Constant && names_.attribute(p->parts[0]) >= 0;
}

std::optional<Typed> Typer::bare_value(const syntax::Expr& e, const Type& type) {
  const syntax::Path* p = bare(e);
  if (!p || type.kind != TypeKind::OneOf) return std::nullopt;
  if (const int at = type.values.find(p->parts[0]); at >= 0) return Typed{code_.constant(at), type};
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
    return p && beside.type.kind == TypeKind::OneOf && beside.type.values.find(p->parts[0]) >= 0;
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
  if (negated_ == 0 || hidden_ > 0) return;
  const auto* p = std::get_if<syntax::Path>(&e.node);
  optional_.try_emplace(p && visitor_is(*p, e) ? p->text().substr(8) : e.text, e.span);
}

Typed Typer::field(int event, int index) {
  const int at = scope_.captures ? capture(*scope_.captures, event, index) : index;
  return {code_.emit({.op = Op::Field, .aux = at}), names_.event(event).fields[static_cast<std::size_t>(index)].type};
}

Typed Typer::path(const syntax::Path& p, const syntax::Expr& e) {
  const std::string text = p.text();
  if (scope_.sight == Sight::Constant)
    return fail(Code::UnknownName, e.span, fmt::format("`{}` is a name; a test needs a value here.", text),
                "Texts stand in quotes, amounts with their unit.");
  if (scope_.sight == Sight::Event) return own_field(p, e);
  const bool visitor = p.parts.size() > 1 && p.parts[0] == "visitor";
  if (visitor_is(p, e) && !is_yes_no(text.substr(8), e)) return {};
  if (const int index = names_.attribute(visitor ? text.substr(8) : text); index >= 0) return attribute(index, e);
  const bool rule = scope_.sight == Sight::Rule;
  if (p.parts.size() == 2) {
    if (const int event = names_.event(p.parts[0]); event >= 0) {
      const int index = find_field(names_, event, {p.parts[1], e.span}, d_);
      if (index < 0) return {};
      if (!rule || !(scope_.open || std::count(scope_.events.begin(), scope_.events.end(), event) > 0))
        return fail(Code::EventNotAtHand, e.span,
                    rule && std::count(scope_.earlier.begin(), scope_.earlier.end(), event) > 0
                        ? fmt::format("Of events in order only the last one's fields are known, and `{}` comes before it.", p.parts[0])
                        : fmt::format("`{}` is known only in a rule that starts with `{}`.", text, p.parts[0]),
                    fmt::format("`last {}` is that of the latest one.", text));
      Typed t = field(event, index);
      if (!scope_.sure || names_.event(event).fields[static_cast<std::size_t>(index)].optional) note_optional(e);
      leaf(e, t);
      return t;
    }
  }
  if (d_.full()) return fail(Code::UnknownName, e.span, fmt::format("Nothing is called `{}`.", text));
  std::vector<std::string> candidates = names_.attribute_names();
  if (rule)
    for (int event : scope_.events)
      for (const catalog::Field& f : names_.event(event).fields) candidates.push_back(names_.event(event).name + "." + f.name);
  std::string help = names_.segments.contains(text) ? fmt::format("It is a segment: write `visitor in {}`.", text) : diag::did_you_mean(text, candidates);
  if (help.empty()) help = "Visitor attributes are declared under `visitor` in the catalog; texts stand in quotes.";
  return fail(Code::UnknownName, e.span, fmt::format("Nothing is called `{}`.", text), help);
}

// In a `where`: `items`, or `cart.items`.
Typed Typer::own_field(const syntax::Path& p, const syntax::Expr& e) {
  const catalog::Event& event = names_.event(scope_.events[0]);
  const std::string text = p.text();
  const std::string name = p.parts.size() == 2 && p.parts[0] == event.name ? p.parts[1] : text;
  const int index = event.field(name);
  if (index < 0) {
    const bool visitor = p.parts.size() > 1 && p.parts[0] == "visitor";
    if (names_.attribute(visitor ? text.substr(8) : text) >= 0)
      return fail(Code::OutsideWhere, e.span,
                  fmt::format("A `where` looks at the fields of `{}` only, and `{}` is of the visitor.", event.name, text),
                  fmt::format("Ask for `{}` in an `only if`.", text));
    std::string help = d_.full() ? "" : diag::did_you_mean(name, names_of(event.fields));
    if (help.empty()) help = "Its fields are declared in the catalog.";
    return fail(Code::UnknownField, e.span, fmt::format("`{}` has no field `{}`.", event.name, name), help);
  }
  Typed t = field(scope_.events[0], index);
  if (event.fields[static_cast<std::size_t>(index)].optional) note_optional(e);
  leaf(e, t);
  return t;
}

Typed Typer::attribute(int index, const syntax::Expr& e) {
  const catalog::Attribute& a = names_.catalog->attributes[static_cast<std::size_t>(index)];
  Typed t{-1, a.type};
  if (a.presence != catalog::Presence::Derived) {
    t.reg = code_.emit({.op = Op::Attribute, .aux = index});
  } else if (const auto done = derived_done_.find(index); done != derived_done_.end()) {
    t = done->second;
  } else {
    if (std::find(derived_open_.begin(), derived_open_.end(), index) != derived_open_.end())
      return derived_circle(index);
    if (segments_open_.size() + derived_open_.size() >= kDeepest)
      return fail(Code::TooDeep, e.span, fmt::format("More than {} definitions stand one upon the other here, down to `{}`.", kDeepest, a.name),
                  "Define it in fewer steps.");
    const syntax::Expr* is = (*names_.derived)[static_cast<std::size_t>(index)];
    if (!is) return {};
    derived_open_.push_back(index);
    ++hidden_;
    Scope outer = std::exchange(scope_, {.sight = Sight::Visitor, .instants = scope_.instants});
    t = derived(index, *is);
    scope_ = std::move(outer);
    --hidden_;
    derived_open_.pop_back();
    derived_done_[index] = t;
  }
  if (a.presence == catalog::Presence::Optional || a.presence == catalog::Presence::Derived) note_optional(e);
  leaf(e, t);
  return t;
}

Typed Typer::derived(int index, const syntax::Expr& is) {
  const catalog::Attribute& a = names_.catalog->attributes[static_cast<std::size_t>(index)];
  const auto* l = std::get_if<syntax::Last>(&is.node);
  if (!l || a.until.empty()) return value(is, &a.type);
  const int event = find_event(names_, l->event, d_);
  if (event < 0) return {};
  std::vector<plan::OccurrenceId> resets;
  for (const std::string& u : a.until) resets.push_back(names_.event(u));
  const int f = names_.event(event).field(l->field.text);
  if (f < 0) return fail(Code::UnknownField, is.span, fmt::format("`{}` has no field `{}`.", l->event.text, l->field.text));
  const int feature = plan_.last(event, resets, names_.catalog->history);
  return {code_.emit({.op = Op::LastField, .aux = feature, .imm = plan_.last_column(feature, f)}),
          names_.event(event).fields[static_cast<std::size_t>(f)].type};
}

// `visitor is anonymous`: the attribute itself (reading 41), and yes or no.
bool Typer::is_yes_no(const std::string& name, const syntax::Expr& e) {
  const int index = names_.attribute(name);
  if (index < 0) {
    std::vector<std::string> candidates;
    for (const catalog::Attribute& a : names_.catalog->attributes)
      if (a.type.kind == TypeKind::YesNo) candidates.push_back(a.name);
    std::string help;
    if (names_.segments.contains(name)) help = fmt::format("It is a segment: write `visitor in {}`.", name);
    if (help.empty() && !d_.full()) help = diag::did_you_mean(name, candidates);
    if (help.empty()) help = "Declare it as `yes/no` under `visitor` in the catalog.";
    fail(Code::UnknownName, e.span, fmt::format("The visitor has no attribute `{}`.", name), help);
    return false;
  }
  const Type& type = names_.catalog->attributes[static_cast<std::size_t>(index)].type;
  if (type.kind == TypeKind::YesNo) return true;
  fail(Code::NotYesNo, e.span, fmt::format("Only what is yes or no goes with `visitor is`, but `{}` is {}.", name, said(type)),
       type.kind == TypeKind::Consent ? fmt::format("Write `{} is given`.", name) : fmt::format("Compare it: `{} is …`.", name));
  return false;
}

namespace {

// `a`, `b` and `c`; of very many the first.
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 8;
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < kMost; ++i)
    out += fmt::format("{}`{}`", i == 0 ? "" : i + 1 == names.size() ? " and " : ", ", names[i]);
  return names.size() > kMost ? out + fmt::format(" and {} more", names.size() - kMost) : out;
}

}  // namespace

// A circle is met from each of its segments, and told at the one that is written first: so it is told once.
Typed Typer::segment_circle(const syntax::Name& met) {
  std::vector<std::string> circle(std::find(segments_open_.begin(), segments_open_.end(), met.text), segments_open_.end());
  if (circle.size() == 1) return fail(Code::SegmentCycle, met.span, fmt::format("The segment `{}` is defined by itself.", met.text));
  const auto written = [&](const std::string& name) { return names_.segment_order.at(name); };
  std::rotate(circle.begin(), std::min_element(circle.begin(), circle.end(), [&](const auto& a, const auto& b) { return written(a) < written(b); }), circle.end());
  return fail(Code::SegmentCycle, names_.segments.at(circle[0])->name.span, fmt::format("The segments {} are defined by each other.", listed(circle)),
              "Write one of them without the others.");
}

Typed Typer::derived_circle(int met) {
  std::vector<int> circle(std::find(derived_open_.begin(), derived_open_.end(), met), derived_open_.end());
  std::rotate(circle.begin(), std::min_element(circle.begin(), circle.end()), circle.end());
  std::vector<std::string> names;
  for (const int i : circle) names.push_back(names_.catalog->attributes[static_cast<std::size_t>(i)].name);
  return fail(Code::DerivedCycle, names_.catalog->attributes[static_cast<std::size_t>(circle[0])].derived_span,
              names.size() == 1 ? fmt::format("`{}` is derived from itself.", names[0]) : fmt::format("{} are derived from each other.", listed(names)));
}

Typed Typer::segment(const syntax::Name& segment) {
  const std::string& name = segment.text;
  if (const auto done = segments_done_.find(name); done != segments_done_.end()) return done->second;
  const auto it = names_.segments.find(name);
  if (it == names_.segments.end())
    return fail(Code::UnknownSegment, segment.span, fmt::format("There is no segment `{}`.", name),
                d_.full() ? "" : diag::did_you_mean(name, names_.segment_names()));
  if (std::find(segments_open_.begin(), segments_open_.end(), name) != segments_open_.end())
    return segment_circle(segment);
  if (segments_open_.size() + derived_open_.size() >= kDeepest)
    return fail(Code::TooDeep, segment.span, fmt::format("More than {} definitions stand one upon the other here, down to `{}`.", kDeepest, name),
                "Define it in fewer steps.");
  segments_open_.push_back(name);
  ++hidden_;
  Scope outer = std::exchange(scope_, {.sight = Sight::Visitor, .instants = scope_.instants});
  const Typed member = yes_no_operand(*it->second->test);
  scope_ = std::move(outer);
  --hidden_;
  segments_open_.pop_back();
  segments_done_[name] = member;
  return member;
}

Typed Typer::in_segment(const syntax::InSegment& s, const syntax::Expr& e) {
  if (!history_allowed(e, "a segment")) return {};
  const Typed member = segment(s.segment);
  if (!member.ok()) return {};
  if (hidden_ == 0) leaves_.push_back({e.span.begin, "visitor in " + s.segment.text, member, 0});
  return {s.negated ? code_.unary(Op::Not, member.reg) : member.reg, kYesNoType};
}

}  // namespace polku::sema
