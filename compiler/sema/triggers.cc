#include "compiler/sema/triggers.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/clauses.h"
#include "compiler/sema/targets.h"

namespace polku::sema {

using catalog::TypeKind;
using diag::Code;
using plan::StartKind;

namespace {

constexpr std::int64_t kMostRepeated = 1000;

class Reader {
 public:
  Reader(const Work& work, Memberships& memberships, const RuleEntry& entry, Scope& scope, plan::Rule& out)
      : work_(work), memberships_(memberships), when_(*entry.rule->when), journey_(entry.journey->name.text), scope_(scope), out_(out),
        t_(out.trigger) {}

  void read() {
    std::visit([&](const auto& trigger) { of(trigger); }, when_.trigger);
    if (out_.when.empty()) out_.when.push_back({when_.text, -1, {}});
  }

 private:
  // What can start the rule: `E.f` is a field of it.
  void starts_with(const syntax::Occurrence& what, bool ok) {
    const bool act = what.verb != syntax::Verb::None;  // it has no fields
    const int event = act ? -1 : work_.names.event(what.name.text);
    if (act ? !ok : event < 0) {
      scope_.open = true;
      return;
    }
    const bool known = !act && std::count(scope_.events.begin(), scope_.events.end(), event) > 0;
    scope_.sure = scope_.sure && !act && (out_.when.empty() || known);
    if (!act && !known) scope_.events.push_back(event);
    plan::Clause clause{when_.text, -1, {}};
    if (ok && !act && what.where) clause.leaves = Typer::where_leaves(work_, what, event, out_.captures);
    out_.when.push_back(std::move(clause));
  }

  bool add(const syntax::Occurrence& what, std::vector<plan::Match>& to) {
    const auto m = match(work_, what, journey_);
    if (m) to.push_back(*m);
    return m.has_value();
  }

  void of(const syntax::OneEvent& n) {
    t_.start = StartKind::Event;
    for (const syntax::Occurrence& o : n.of) starts_with(o, add(o, t_.on));
  }

  void of(const syntax::Repeated& n) {
    t_.start = StartKind::Count;
    const bool ok = add(n.what, t_.on);
    starts_with(n.what, ok);
    t_.within = n.within.length;
    within_history(work_, n.within, "time");
    if (n.count < 2)
      work_.d.add(Code::RepeatRange, n.count_span, "Several events are two at least.", fmt::format("Write `when {}`.", n.what.text));
    else if (n.count > kMostRepeated)
      work_.d.add(Code::RepeatRange, n.count_span, fmt::format("A rule can wait for {} events at most.", kMostRepeated));
    else
      t_.count = static_cast<std::int32_t>(n.count);
    if (!n.same) return;
    if (n.what.verb != syntax::Verb::None) {
      work_.d.add(Code::SameField, n.same->span, "Only events have fields that could be the same.", "Leave out `with the same …`.");
      return;
    }
    const int event = work_.names.event(n.what.name.text);
    if (event < 0) return;
    t_.same = find_field(work_.names, event, *n.same, work_.d);
    if (t_.same >= 0 && work_.names.event(event).fields[static_cast<std::size_t>(t_.same)].type.kind == TypeKind::TextList)
      work_.d.add(Code::SameField, n.same->span, fmt::format("`{}` is a list, and lists cannot be compared.", n.same->text), "Name another field.");
  }

  void of(const syntax::InOrder& n) {
    t_.start = StartKind::Order;
    t_.within = n.within.length;
    within_history(work_, n.within, "time");
    bool ok = true;
    for (const syntax::Occurrence& o : n.steps) {
      ok = add(o, t_.on);
      if (&o == &n.steps.back())
        starts_with(o, ok);
      else if (ok && t_.on.back().what < static_cast<int>(work_.catalog().events.size()))
        scope_.earlier.push_back(t_.on.back().what);
    }
    if (t_.on.size() != n.steps.size()) t_.on.clear();  // a part of the steps would mean something else
    if (n.steps.size() < 2)
      work_.d.add(Code::OneStep, when_.span, "One event has no order.", n.steps.empty() ? "" : fmt::format("Write `when {}`.", n.steps[0].text));
    if (n.without) add(*n.without, t_.without);
  }

  void of(const syntax::Membership& n) {
    t_.start = StartKind::Member;
    t_.enters = n.enters;
    t_.membership = memberships_.of(n.segment);
  }

  void of(const syntax::Asked& n) {
    t_.start = StartKind::Asked;
    const Slot slot = find_slot(work_.catalog(), n.slot, n.slot.span, "Only what has `slots` in the catalog can be asked for.", work_.d);
    t_.channel = slot.channel;
    t_.slot = slot.slot;
  }

  void of(const syntax::EveryDay& n) {
    t_.start = StartKind::Daily;
    t_.of_day = n.of_day;
  }

  void of(const syntax::OnDate& n) {
    t_.start = StartKind::Yearly;
    t_.of_day = n.of_day;
    const auto* path = std::get_if<syntax::Path>(&n.date->node);
    std::string name = path ? path->text() : n.date->text;
    if (name.starts_with("visitor.")) name = name.substr(8);
    const int index = path ? work_.names.attribute(name) : -1;
    if (index < 0) {
      std::vector<std::string> candidates;
      for (const catalog::Attribute& a : work_.catalog().attributes)
        if (dated(a)) candidates.push_back(a.name);
      std::string help = work_.d.full() ? "" : diag::did_you_mean(name, candidates);
      if (help.empty()) help = "Name an attribute of the visitor that is a date or a time.";
      work_.d.add(Code::UnknownName, n.date->span, fmt::format("The visitor has no attribute `{}`.", name), help);
      return;
    }
    const catalog::Attribute& a = work_.catalog().attributes[static_cast<std::size_t>(index)];
    if (!dated(a)) {
      work_.d.add(Code::ScheduleDate, n.date->span, fmt::format("A date is needed here, but `{}` is {}.", name, said(a.type)),
                  "Name an attribute of the visitor that is a date or a time.");
      return;
    }
    CodeBuilder code;
    Typer typer(work_, code, {});
    if (const Typed t = typer.value(*n.date); t.ok()) t_.date = typer.code(t);
  }

  static bool dated(const catalog::Attribute& a) { return a.type.kind == TypeKind::Date || a.type.kind == TypeKind::Time; }

  const Work& work_;
  Memberships& memberships_;
  const syntax::When& when_;
  const std::string& journey_;
  Scope& scope_;
  plan::Rule& out_;
  plan::Trigger& t_;
};

void then(const Work& work, const syntax::Then& t, const std::string& journey, plan::Rule& out) {
  const StartKind start = out.trigger.start;
  if (start == StartKind::Asked || start == StartKind::Daily || start == StartKind::Yearly) {
    work.d.add(Code::ThenNotAllowed, t.span,
               start == StartKind::Asked ? "A request is answered at once, so nothing can be waited for."
                                         : "A schedule says itself when the rule starts, so nothing can be waited for.",
               start == StartKind::Asked ? "Leave out `then`." : "Leave out `then`, or let an event start the rule.");
    return;
  }
  out.then = t.text;
  out.trigger.then = t.wait() ? plan::DelayKind::Wait : plan::DelayKind::Absence;
  out.trigger.delay = t.length.length;
  within_history(work, t.length, "time");
  for (const syntax::Occurrence& o : t.stops)
    if (const auto m = match(work, o, journey)) out.trigger.stops.push_back(*m);
}

}  // namespace

void trigger(const Work& work, Memberships& memberships, const RuleEntry& entry, Scope& scope, plan::Rule& out) {
  const syntax::Rule& r = *entry.rule;
  if (r.when) {
    Reader(work, memberships, entry, scope, out).read();
  } else {
    scope.open = true;
    work.d.add(Code::MissingWhen, r.span, fmt::format("The rule `{}` does not say when.", r.name.text), "Add a line such as `when order_placed`.");
  }
  if (r.then) then(work, *r.then, entry.journey->name.text, out);
}

}  // namespace polku::sema
