#include "compiler/reference/gates.h"

#include <utility>
#include <variant>

#include "compiler/reference/passage.h"
#include "compiler/reference/triggers.h"

namespace polku::reference {

using history::ActionKind;
using history::Outcome;

namespace {

// A rule that shows and was not asked is offered first.
bool is_offer(const Firing& firing, const syntax::Rule& rule) {
  return firing.cause != Cause::Request && !std::holds_alternative<syntax::Asked>(rule.when->trigger) && !held_for(rule).empty();
}

void describe_trigger(Passage& p) {
  std::vector<history::Seen> saw;
  if (const Event* event = p.story.event(p.firing.start)) {
    const auto* what = completed_by(p.story, p.firing.rule, p.story.records()[p.firing.start.position]);
    if (what != nullptr && what->where) {
      Event none;  // by a newer pack it may be another event that starts the rule: then nothing it reads is known
      none.type = target(p.story, p.ref.journey, *what).event;
      none.texts = event->texts;
      Scope own;
      own.own = event->type == none.type ? event : &none;
      evaluate(p.story, own, *what->where, &saw);
    }
  }
  p.reason(p.ref.rule->when->text, Tri::Yes, std::move(saw));
  if (p.ref.rule->then) p.reason(p.ref.rule->then->text, Tri::Yes, {});
}

// The first gate that refuses gives the outcome.
Outcome outcome(Passage& p) {
  describe_trigger(p);
  if (!p.ref.rule->action->choose) about_to_do(p, p.ref.rule->action->acts);
  if (static_cast<__int128>(p.story.now()) - p.firing.placed > p.story.catalog.patience) {
    p.reason("patience of " + history::words(p.story.catalog.patience), Tri::No, {{"due", time_datum(p.firing.placed)}});
    return Outcome::too_late;
  }
  if (const Refused o = pass_clauses(p)) return *o;
  if (is_offer(p.firing, *p.ref.rule)) return Outcome::offered;
  for (const auto gate : {pass_table, pass_parameters, pass_channels, pass_quiet, pass_limits, pass_guarantees, pass_hold_out})
    if (const Refused o = gate(p)) return *o;
  return Outcome::acted;
}

void act(Passage& p) {
  Record record;
  record.at = p.d.at;
  record.identity = history::identity_of_decision(p.d.id);
  record.rule = p.firing.rule;
  for (std::size_t i = 0; i < p.d.actions.size(); ++i) {
    const history::Action& a = p.d.actions[i];
    const auto* send = as_send((*p.acts)[i]);
    record.done.push_back({a.kind, a.name, a.channel, a.slot, send != nullptr && is_service(p.story.catalog, *send), a.length});
  }
  p.story.accept(std::move(record));
}

}  // namespace

std::vector<Held> held_for(const syntax::Rule& rule) {
  std::vector<Held> all;
  for (const syntax::Act* act : all_acts(rule))
    if (const auto* show = as_show(*act)) all.push_back({&show->slot, show->held ? show->held->length : 30 * kMinute});
  return all;
}

Verdict pass_gates(Story& story, const Firing& firing) {
  const RuleRef& ref = story.at(firing.rule);
  Passage p{story, firing, ref, scope_of(story, firing.rule, firing.start), {}, nullptr, 0};
  p.d.at = story.now();
  p.d.visitor = story.visitor;
  p.d.journey = ref.journey->name.text;
  p.d.rule = ref.rule->name.text;
  p.d.version = ref.journey->version;
  p.d.id = history::firing_id(firing.start.identity, p.d.journey, p.d.rule);
  p.d.outcome = outcome(p);
  const bool acted = p.d.outcome == Outcome::acted;
  if (acted) act(p);
  if (acted || p.d.outcome == Outcome::held_out) story.exposures.push_back({p.d.at, firing.rule, p.d.id, acted, false});
  return {std::move(p.d), p.opens};
}

}  // namespace polku::reference
