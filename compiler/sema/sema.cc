#include "compiler/sema/sema.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/sema/actions.h"
#include "compiler/sema/builder.h"
#include "compiler/sema/names.h"
#include "compiler/sema/typer.h"

namespace polku::sema {

using catalog::Type;
using catalog::TypeKind;
using diag::Code;
using plan::Op;

namespace {

constexpr std::int64_t kLargestLimit = 1000;

class Analysis {
 public:
  Analysis(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files,
           const std::vector<const syntax::Expr*>& derived, diag::Diagnostics& d)
      : d_(d), names_(gather(catalog, files, derived, d)), builder_(plan_) {
    plan_.catalog = catalog;
  }

  plan::Plan run() {
    defaults();
    definitions();
    for (const syntax::Journey* j : names_.journeys) {
      plan_.journeys.push_back(j->name.text);
      journey_limits_.push_back(limits(j->limits));
      if (j->rules.empty())
        d_.add(Code::EmptyJourney, j->span, fmt::format("The journey \"{}\" has no rule, so it does nothing.", j->name.text));
    }
    channel_limits();
    for (const RuleEntry& r : names_.rules) rule(r);
    immediate_cycles();
    plan_.layout = plan::lay_out(plan_);
    return std::move(plan_);
  }

 private:
  void defaults() {
    for (const catalog::Attribute& a : names_.catalog->attributes) {
      std::optional<Value> v;
      if (a.presence == catalog::Presence::Default) {
        v = a.default_value.value;
        if (a.type.kind == TypeKind::Text && !a.default_value.texts.empty()) v = builder_.text(a.default_value.texts[0]);
        if (a.type.kind == TypeKind::TextList) {
          for (const std::string& t : a.default_value.texts) builder_.text(t);
          v = static_cast<Value>(plan_.text_lists.size());
          const auto same = std::find(plan_.text_lists.begin(), plan_.text_lists.end(), a.default_value.texts);
          if (same != plan_.text_lists.end())
            v = same - plan_.text_lists.begin();
          else
            plan_.text_lists.push_back(a.default_value.texts);
        }
      }
      plan_.defaults.push_back(v);
    }
  }

  // Segments and derived attributes are checked where they are defined, used or not.
  void definitions() {
    for (std::size_t i = 0; i < names_.catalog->attributes.size(); ++i) {
      const catalog::Attribute& a = names_.catalog->attributes[i];
      const syntax::Expr* is = (*names_.derived)[i];
      if (a.presence != catalog::Presence::Derived || !is) continue;
      if (!a.until.empty() && !std::holds_alternative<syntax::Last>(is->node)) {
        d_.add(Code::UntilNotLast, a.derived_span, fmt::format("`until` goes only with `last EVENT.FIELD`, and `{}` is `{}`.", a.name, is->text));
        continue;
      }
      PlanBuilder scratch(scratch_);
      CodeBuilder code;
      Typer t(names_, scratch, code, {Sight::Visitor, -1, ""}, d_);
      const Typed v = t.value(*is, &a.type);
      if (v.ok() && v.type != a.type)
        d_.add(Code::DerivedType, a.derived_span, fmt::format("`{}` is declared as {}, but `{}` is {}.", a.name, said(a.type), is->text, said(v.type)));
    }
    for (const auto& [name, segment] : names_.segments) {
      PlanBuilder scratch(scratch_);
      CodeBuilder code;
      Typer(names_, scratch, code, {Sight::Visitor, -1, ""}, d_).condition(*segment->test);
    }
  }

  bool within_history(Millis length, diag::Span span, const char* what) {
    if (length <= names_.catalog->history) return true;
    d_.add(Code::LongerThanHistory, span, fmt::format("This {} is longer than the {} of history kept.", what, said(names_.catalog->history)),
           "Shorten it, or raise `history` in the catalog.");
    return false;
  }

  std::vector<std::int32_t> limits(const std::vector<syntax::Limit>& list) {
    std::vector<std::int32_t> out;
    for (const syntax::Limit& l : list) {
      if (l.count < 1 || l.count > kLargestLimit) {
        d_.add(Code::LimitRange, l.span, fmt::format("A limit is a number from 1 to {}.", kLargestLimit));
        continue;
      }
      if (!within_history(l.within.length, l.within.span, "limit")) continue;
      out.push_back(static_cast<std::int32_t>(plan_.limits.size()));
      plan_.limits.push_back({l.text, l.count, l.within.length, l.unit == syntax::LimitUnit::Messages ? plan::LimitUnit::Messages : plan::LimitUnit::Shows});
    }
    return out;
  }

  void channel_limits() {
    for (const catalog::Channel& c : names_.catalog->channels) {
      channel_limits_.push_back(-1);
      if (!c.limit) continue;
      channel_limits_.back() = static_cast<std::int32_t>(plan_.limits.size());
      plan_.limits.push_back({fmt::format("at most {} messages by {} in {}", c.limit->count, c.name, said(c.limit->within)), c.limit->count,
                              c.limit->within, plan::LimitUnit::Messages});
    }
  }

  bool filtered(const syntax::Occurrence& what, const std::string& journey, plan::Match& out) {
    out.what = find_occurrence(names_, what, journey, d_);
    if (out.what < 0) return false;
    bool ok = true;
    out.filter = Typer::filter(names_, builder_, what, out.what, d_, ok);
    return ok;
  }

  void rule(const RuleEntry& entry) {
    const syntax::Rule& r = *entry.rule;
    const syntax::Journey& j = *entry.journey;
    plan::Rule out;
    out.journey = j.name.text;
    out.name = r.name.text;
    out.journey_index = entry.journey_index;
    out.priority = r.priority ? r.priority->value : j.priority ? j.priority->value : 0;
    out.owner = r.owner ? r.owner->text : j.owner ? j.owner->text : "";
    Scope scope{Sight::Rule, -1, j.name.text};
    if (!r.when) {
      d_.add(Code::MissingWhen, r.span, fmt::format("The rule `{}` does not say when.", r.name.text), "Add a line such as `when order_placed`.");
    } else if (filtered(r.when->what, j.name.text, out.trigger.start)) {
      if (out.trigger.start.what < static_cast<int>(names_.catalog->events.size())) scope.event = out.trigger.start.what;
      out.when = when_clause(*r.when, scope.event);
    } else {
      scope.event = r.when->what.verb == syntax::Verb::None ? names_.catalog->event(r.when->what.name.text) : -1;
      if (scope.event < 0) return;  // all that looks at the event would be wrong for this one reason
    }
    if (r.then) then(*r.then, j.name.text, out);
    conditions(j, r, scope, out);
    own_limits(entry, out);
    if (!r.action)
      d_.add(Code::MissingDo, r.span, fmt::format("The rule `{}` does nothing.", r.name.text), "Add a line such as `do send \"welcome\" by email`.");
    else
      action(names_, builder_, *r.action, scope, out.action, d_);
    if (r.action && r.action->target.parts.size() == 1 && out.action.kind == plan::ActionKind::Send && out.action.channel < static_cast<int>(channel_limits_.size())) {
      const std::int32_t l = channel_limits_[static_cast<std::size_t>(out.action.channel)];
      if (l >= 0) out.limits.push_back(l);
    }
    captures(out);
    plan_.rules.push_back(std::move(out));
  }

  plan::Clause when_clause(const syntax::When& w, int event) {
    plan::Clause c{w.text, -1, {}};
    if (event < 0 || !w.what.where) return c;
    std::vector<Leaf> leaves;
    CodeBuilder code;
    bool ok = true;
    diag::Diagnostics again;  // its faults are reported already
    Typer::filter(names_, builder_, w.what, event, again, ok, &leaves, &code);
    take(leaves, code, c);
    return c;
  }

  void take(const std::vector<Leaf>& leaves, const CodeBuilder& code, plan::Clause& c) {
    for (const Leaf& l : leaves) c.leaves.push_back({l.name, builder_.code(code.slice(l.value.reg, l.value.type)), l.or_more});
  }

  void then(const syntax::Then& t, const std::string& journey, plan::Rule& out) {
    out.then = t.text;
    out.trigger.kind = t.wait() ? plan::TriggerKind::Wait : plan::TriggerKind::Absence;
    out.trigger.delay = t.length.length;
    within_history(t.length.length, t.length.span, "time");
    for (const syntax::Occurrence& o : t.stops)
      if (plan::Match m; filtered(o, journey, m)) out.trigger.stops.push_back(m);
  }

  // One code for all conditions, so that what they share is looked up once; every clause and leaf is a slice of it.
  void conditions(const syntax::Journey& j, const syntax::Rule& r, const Scope& scope, plan::Rule& out) {
    CodeBuilder code;
    Typer typer(names_, builder_, code, scope, d_);
    int gate = -1;
    const auto add = [&](const syntax::Condition& c) {
      const Typed t = typer.condition(*c.test);
      const std::vector<Leaf> leaves = typer.take_leaves();
      if (!t.ok()) return;
      const bool only = c.polarity == syntax::Polarity::OnlyIf;
      plan::Condition condition{only ? plan::Polarity::OnlyIf : plan::Polarity::NotIf, {c.text, builder_.code(code.slice(t.reg, t.type)), {}}};
      take(leaves, code, condition.clause);
      out.conditions.push_back(std::move(condition));
      const int pass = only ? t.reg : code.unary(Op::Not, t.reg);
      gate = gate < 0 ? pass : code.binary(Op::And, gate, pass);
    };
    for (const syntax::Condition& c : j.conditions) add(c);
    for (const syntax::Condition& c : r.conditions) add(c);
    if (gate >= 0) out.gate = builder_.code(code.slice(gate, {TypeKind::YesNo, {}}));
  }

  void own_limits(const RuleEntry& entry, plan::Rule& out) {
    const syntax::Rule& r = *entry.rule;
    out.limits = limits(r.limits);
    for (const syntax::Limit& l : r.limits)
      if (r.action && (r.action->kind == syntax::ActionKind::Send) != (l.unit == syntax::LimitUnit::Messages))
        d_.add(Code::LimitUnit, l.span,
               l.unit == syntax::LimitUnit::Messages ? fmt::format("This limits messages, but the rule `{}` shows.", r.name.text)
                                                     : fmt::format("This limits shows, but the rule `{}` sends.", r.name.text),
               l.unit == syntax::LimitUnit::Messages ? "Write `limit … shows in …`." : "Write `limit … messages in …`.");
    const auto& shared = journey_limits_[static_cast<std::size_t>(entry.journey_index)];
    out.limits.insert(out.limits.end(), shared.begin(), shared.end());
  }

  void captures(plan::Rule& r) {
    std::set<std::int32_t> fields;
    const auto read = [&](plan::CodeId id) {
      if (id < 0) return;
      for (const plan::Instr& in : plan_.codes[static_cast<std::size_t>(id)].instrs)
        if (in.op == Op::Field) fields.insert(in.aux);
    };
    const auto clause = [&](const plan::Clause& c) {
      read(c.code);
      for (const plan::Leaf& l : c.leaves) read(l.code);
    };
    read(r.gate);
    clause(r.when);
    for (const plan::Condition& c : r.conditions) clause(c.clause);
    for (const plan::Param& p : r.action.params) {
      read(p.code);
      for (const plan::Leaf& l : p.leaves) read(l.code);
    }
    r.captures.assign(fields.begin(), fields.end());
  }

  // A rule that starts at once from what another did, round and round, would never end. Each starts from at most one other, so
  // walking back from each and stopping where a walk has been before finds every cycle once.
  void immediate_cycles() {
    const int events = static_cast<int>(names_.catalog->events.size());
    std::vector<std::size_t> walked(plan_.rules.size(), 0);  // by which walk; 0: none
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
      std::size_t at = i;
      while (walked[at] == 0) {
        walked[at] = i + 1;
        const plan::Trigger& t = plan_.rules[at].trigger;
        if (t.kind != plan::TriggerKind::At || t.start.what < events) break;
        at = static_cast<std::size_t>(t.start.what - events);
        if (walked[at] != i + 1) continue;
        std::string way = "`" + plan_.rules[at].name + "`";
        std::size_t r = at;
        do {
          r = static_cast<std::size_t>(plan_.rules[r].trigger.start.what - events);
          way += " after `" + plan_.rules[r].name + "`";
        } while (r != at);
        d_.add(Code::ImmediateCycle, names_.rules[at].rule->when->span, fmt::format("These rules start each other without end: {}.", way),
               "Put a delay in between, for example `then wait 1 day`.");
        break;
      }
    }
  }

  diag::Diagnostics& d_;
  plan::Plan plan_, scratch_;
  Names names_;
  PlanBuilder builder_;
  std::vector<std::vector<std::int32_t>> journey_limits_;
  std::vector<std::int32_t> channel_limits_;
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
