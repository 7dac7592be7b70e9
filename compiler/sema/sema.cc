#include "compiler/sema/sema.h"

#include <fmt/format.h>

#include "compiler/sema/actions.h"
#include "compiler/sema/clauses.h"
#include "compiler/sema/journeys.h"
#include "compiler/sema/triggers.h"

namespace polku::sema {

using catalog::TypeKind;
using diag::Code;

namespace {

class Analysis {
 public:
  Analysis(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files,
           const std::vector<const syntax::Expr*>& derived, diag::Diagnostics& d)
      : d_(d), names_(gather(catalog, files, derived, d)), builder_(plan_), work_{names_, builder_, d} {
    plan_.catalog = catalog;
  }

  plan::Plan run() {
    const std::size_t before = d_.errors();
    defaults();
    definitions();
    Journeys journeys(work_);
    journeys.add_all();
    Limits limits(work_);
    limits.add_all();
    for (const syntax::Guarantee* g : names_.guarantees) add_guarantee(work_, *g, limits);
    Memberships memberships(work_);
    for (const RuleEntry& r : names_.rules) {
      plan_.rules.push_back(rule(r, memberships));
      plan_.rules.back().hold_out = journeys.hold_out(r.journey_index);
    }
    limits.assign();
    immediate_cycles(names_, plan_, d_);
    if (d_.errors() == before) plan_.layout = plan::lay_out(plan_);
    return std::move(plan_);
  }

 private:
  void defaults() {
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
  void definitions() {
    PlanBuilder scratch(scratch_);
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

  plan::Rule rule(const RuleEntry& entry, Memberships& memberships) {
    const syntax::Rule& r = *entry.rule;
    const syntax::Journey& j = *entry.journey;
    plan::Rule out;
    out.journey = j.name.text;
    out.name = r.name.text;
    out.journey_index = entry.journey_index;
    out.priority = r.priority ? r.priority->value : j.priority ? j.priority->value : 0;
    out.owner = r.owner ? r.owner->text : j.owner ? j.owner->text : "";
    Scope scope{.sight = Sight::Rule, .firing = true, .journey = j.name.text, .captures = &out.captures};
    trigger(work_, memberships, entry, scope, out);
    clauses(work_, entry, scope, out);
    actions(work_, entry, scope, out);
    return out;
  }

  diag::Diagnostics& d_;
  plan::Plan plan_, scratch_;
  Names names_;
  PlanBuilder builder_;
  Work work_;
};

}  // namespace

std::optional<plan::Plan> analyse(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files,
                                  const std::vector<const syntax::Expr*>& derived, diag::Diagnostics& d) {
  const std::size_t before = d.errors();
  plan::Plan plan = Analysis(catalog, files, derived, d).run();
  if (d.errors() != before) return std::nullopt;
  return plan;
}

}  // namespace polku::sema
