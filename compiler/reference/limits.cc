// Gates 3 to 5: quiet hours, limits, guarantees and the holdout.
#include <algorithm>
#include <utility>
#include <variant>

#include "compiler/reference/calendar.h"
#include "compiler/reference/passage.h"

namespace polku::reference {

using history::ActionKind;
using history::Outcome;
using history::Seen;

namespace {

// What was accepted in the window, if with what is about to be done it is more than `most`.
template <class InScope>
std::optional<std::int64_t> over(const Passage& p, std::int64_t most, syntax::LimitUnit unit, Millis within, InScope in_scope) {
  const std::int64_t wanted = units(p, unit);
  if (wanted == 0) return std::nullopt;
  std::int64_t before = 0;
  for (const Record& r : p.story.records())
    if (r.event == nullptr && p.story.within(r.at, within) && in_scope(r)) before += units(r, unit);
  return before + wanted > most ? std::optional(std::min(before, most)) : std::nullopt;
}

std::optional<std::int64_t> over(const Passage& p, const syntax::Limit& limit, bool of_journey) {
  return over(p, limit.count, limit.unit, limit.within.length, [&](const Record& r) {
    if (r.rule < 0) return false;
    if (limit.across) return limited_across(p.story.at(r.rule), limit.across->text);
    return of_journey ? p.story.at(r.rule).journey == p.ref.journey : r.rule == p.firing.rule;
  });
}

// Is the rule about to do what the promise is about?
bool concerns(const Passage& p, const syntax::Never& never) {
  for (std::size_t i = 0; i < p.d.actions.size(); ++i) {
    const history::Action& action = p.d.actions[i];
    const auto* send = as_send((*p.acts)[i]);
    if (send != nullptr && is_service(p.story.catalog, *send)) continue;
    if (action.kind != (never.kind == syntax::ActionKind::Send ? ActionKind::Send : ActionKind::Show)) continue;
    const auto named = [&](const syntax::Name& channel) { return channel.text == action.channel; };
    if (never.channels.empty() || std::any_of(never.channels.begin(), never.channels.end(), named)) return true;
  }
  return false;
}

}  // namespace

const std::string& hold_out_name(const syntax::Journey& journey) {
  return journey.hold_out->name ? journey.hold_out->name->text : journey.name.text;
}

Arms arms(const Story& story, const std::string& hold_out) {
  Arms arms;
  for (const Exposure& x : story.exposures) {
    const syntax::Journey& journey = *story.at(x.rule).journey;
    if (journey.hold_out && hold_out_name(journey) == hold_out) (x.acted ? arms.treated : arms.held_out) = true;
  }
  return arms;
}

Refused pass_quiet(Passage& p) {
  if (units(p, syntax::LimitUnit::Messages) == 0) return std::nullopt;
  for (const auto* quiet : {&p.ref.rule->quiet, &p.ref.journey->quiet}) {
    if (!*quiet) continue;
    const auto opens = opening(visitor_zone(p.story), (*quiet)->from, (*quiet)->to, p.story.now());
    if (!opens) continue;
    p.reason((*quiet)->text, Tri::No, {{"opens", time_datum(*opens)}});
    p.opens = *opens;
    switch ((*quiet)->then) {
      case syntax::InQuiet::Wait: return Outcome::waiting;
      case syntax::InQuiet::Skip: return Outcome::quiet;
    }
  }
  return std::nullopt;
}

Refused pass_limits(Passage& p) {
  for (const bool of_journey : {false, true}) {
    for (const syntax::Limit& limit : of_journey ? p.ref.journey->limits : p.ref.rule->limits) {
      const auto before = over(p, limit, of_journey);
      if (!before) continue;
      p.reason(limit.text, Tri::No, {{std::string(unit_name(limit.unit)), whole_datum(*before)}});
      return Outcome::over_limit;
    }
  }
  return std::nullopt;
}

Refused pass_guarantees(Passage& p) {
  for (const syntax::File* file : p.story.pack.files) {
    for (const syntax::Guarantee& guarantee : file->guarantees) {
      std::string clause = "guarantee \"";
      clause.append(guarantee.name.text).append("\"");
      if (const auto* never = std::get_if<syntax::Never>(&guarantee.promise)) {
        if (!concerns(p, *never)) continue;
        std::vector<Seen> saw;
        const Tri allowed = truth(evaluate(p.story, Scope{}, *never->unless, &saw));
        if (allowed == Tri::Yes) continue;
        p.reason(std::move(clause), allowed, std::move(saw));
        return Outcome::guarantee;
      }
      if (const auto* at_most = std::get_if<syntax::AtMost>(&guarantee.promise)) {
        const auto before = over(p, at_most->count, at_most->unit, at_most->within.length, [](const Record&) { return true; });
        if (!before) continue;
        p.reason(std::move(clause), Tri::No, {{std::string(unit_name(at_most->unit)), whole_datum(*before)}});
        return Outcome::guarantee;
      }
    }
  }
  return std::nullopt;
}

Refused pass_hold_out(Passage& p) {
  const auto& hold_out = p.ref.journey->hold_out;
  if (!hold_out) return std::nullopt;
  const std::string& name = hold_out_name(*p.ref.journey);
  bool held = false;
  switch (p.story.options.hold_outs) {
    case HoldOuts::Nobody: break;
    case HoldOuts::Everybody: held = true; break;
    case HoldOuts::ByHash: held = history::bucket(p.story.catalog.salt, name, *p.story.person) < hold_out->share / (kMillion / 10'000); break;
  }
  const Arms known = arms(p.story, name);  // the arm of a person stays; of two that are one, it is the more careful one (reading 73)
  if (known.treated || known.held_out) held = known.held_out;
  if (!held) return std::nullopt;
  p.reason(hold_out->text, Tri::No, {});
  return Outcome::held_out;
}

}  // namespace polku::reference
