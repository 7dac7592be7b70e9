#include "compiler/sema/sema.h"

#include <fmt/format.h>

#include "compiler/plan/shared.h"
#include "compiler/sema/actions.h"
#include "compiler/sema/clauses.h"
#include "compiler/sema/impl.h"

namespace polku::sema {

using catalog::TypeKind;
using diag::Code;

Analysis::Impl::Impl(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files, const std::vector<const syntax::Expr*>& derived,
                     diag::Diagnostics& d)
    : d_(d), errors_(d.errors()), derived_(derived), names_(gather(catalog, files, derived_, d)), builder_(plan_), work_{names_, builder_, d}, memberships_(work_) {
  plan_.catalog = catalog;
}

std::optional<plan::Plan> Analysis::Impl::plan() {
  defaults();
  definitions();
  Journeys journeys(work_);
  journeys.add_all();
  Limits limits(work_);
  limits.add_all();
  for (const syntax::Guarantee* g : names_.guarantees) add_guarantee(work_, *g, limits);
  plan_.rules.reserve(names_.rules.size());
  for (const RuleEntry& r : names_.rules) {
    plan_.rules.push_back(rule(work_, r));
    plan_.rules.back().hold_out = journeys.hold_out(r.journey_index);
  }
  limits.assign();
  immediate_cycles(names_, plan_, d_);
  if (d_.errors() != errors_) return std::nullopt;
  plan_.layout = plan::lay_out(plan_);
  plan::share_tests(plan_);
  return std::move(plan_);
}

void Analysis::Impl::defaults() {
  for (const catalog::Attribute& a : names_.catalog->attributes) {
    std::optional<Value> v;
    if (a.presence == catalog::Presence::Default) {
      v = a.default_value.value;
      if (a.type.kind == TypeKind::Text && !a.default_value.texts.empty()) v = builder_.text(a.default_value.texts[0]);
      if (a.type.kind == TypeKind::TextList) v = builder_.list(a.default_value.texts);
    }
    plan_.defaults.push_back(v);
  }
}

// Segments and derived attributes are checked where they are defined, used or not.
void Analysis::Impl::definitions() {
  plan::Plan nothing;
  PlanBuilder scratch(nothing);
  const Work work{names_, scratch, d_};
  for (std::size_t i = 0; i < names_.catalog->attributes.size(); ++i) {
    const catalog::Attribute& a = names_.catalog->attributes[i];
    const syntax::Expr* is = (*names_.derived)[i];
    if (a.presence != catalog::Presence::Derived || !is) continue;
    if (!a.until.empty() && !std::holds_alternative<syntax::Last>(is->node)) {
      d_.add(Code::UntilNotLast, a.derived_span, fmt::format("`until` goes only with `last EVENT.FIELD`, and `{}` is `{}`.", a.name, is->text));
      continue;
    }
    CodeBuilder code;
    const Typed v = Typer(work, code, {}).value(*is, &a.type);
    if (v.ok() && v.type != a.type)
      d_.add(Code::DerivedType, a.derived_span,
             fmt::format("`{}` is declared as {}, but `{}` is {}.", a.name, said(a.type), is->text, said(v.type)));
  }
  for (const auto& [name, segment] : names_.segments) {
    CodeBuilder code;
    Typer(work, code, {}).condition(*segment->test);
  }
}

plan::Rule Analysis::Impl::rule(const Work& work, const RuleEntry& entry) {
  const syntax::Rule& r = *entry.rule;
  const syntax::Journey& j = *entry.journey;
  plan::Rule out;
  out.journey = j.name.text;
  out.name = r.name.text;
  out.journey_index = entry.journey_index;
  out.priority = r.priority ? r.priority->value : j.priority ? j.priority->value : 0;
  out.owner = r.owner ? r.owner->text : j.owner ? j.owner->text : "";
  Scope scope{.sight = Sight::Rule, .firing = true, .journey = j.name.text, .captures = &out.captures};
  trigger(work, memberships_, entry, scope, out);
  clauses(work, entry, scope, out);
  actions(work, entry, scope, out);
  return out;
}

Analysis::Analysis(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files, const std::vector<const syntax::Expr*>& derived,
                   diag::Diagnostics& d)
    : impl_(std::make_unique<Impl>(catalog, files, derived, d)) {}
Analysis::~Analysis() = default;
std::optional<plan::Plan> Analysis::plan() { return impl_->plan(); }
std::optional<plan::Patch> Analysis::edit(plan::Plan& live, const std::vector<Edit>& edits, diag::Diagnostics& d) { return impl_->edit(live, edits, d); }

std::optional<plan::Plan> analyse(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files,
                                  const std::vector<const syntax::Expr*>& derived, diag::Diagnostics& d) {
  return Analysis(catalog, files, derived, d).plan();
}

}  // namespace polku::sema
