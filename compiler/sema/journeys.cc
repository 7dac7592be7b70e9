#include "compiler/sema/journeys.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/clauses.h"
#include "compiler/sema/targets.h"

namespace polku::sema {

using diag::Code;

void Journeys::add_all() {
  plan::Plan& plan = work_.plan.plan();
  std::vector<std::vector<const RuleEntry*>> rules(work_.names.journeys.size());
  for (const RuleEntry& r : work_.names.rules) rules[static_cast<std::size_t>(r.journey_index)].push_back(&r);
  for (std::size_t i = 0; i < work_.names.journeys.size(); ++i) {
    const syntax::Journey& j = *work_.names.journeys[i];
    if (j.rules.empty())
      work_.d.add(Code::EmptyJourney, j.span, fmt::format("The journey \"{}\" has no rule, so it does nothing.", j.name.text));
    check_clauses(work_, j, rules[i]);
    plan::Journey out{j.name.text, j.version, {}, add_goal(j, static_cast<std::int32_t>(i)), j.hold_out ? j.hold_out->text : ""};
    for (const syntax::StopWhen& s : j.stops)
      if (const auto m = match(work_, s.what, j.name.text)) out.stops.push_back(*m);
    plan.journeys.push_back(std::move(out));
    hold_outs_.push_back(add_hold_out(j));
  }
}

std::int32_t Journeys::add_hold_out(const syntax::Journey& j) {
  if (!j.hold_out || !share_in_range(work_, j.hold_out->share, j.hold_out->span)) return -1;
  const syntax::HoldOut& h = *j.hold_out;
  const std::string& name = h.name ? h.name->text : j.name.text;
  std::vector<plan::HoldOut>& all = work_.plan.plan().hold_outs;
  const auto [it, fresh] = by_name_.try_emplace(name, Held{static_cast<std::int32_t>(all.size()), h.share});
  if (fresh) {
    all.push_back({name, buckets(h.share)});
  } else if (it->second.share != h.share) {
    work_.d.add(Code::HoldOutDiffers, h.span,
                fmt::format("Under the name \"{}\" another journey holds out {}, not {}.", name, said_share(it->second.share), said_share(h.share)),
                "Hold out the same share, or name another: `hold out … as \"…\"`.");
  }
  return it->second.number;
}

std::int32_t Journeys::add_goal(const syntax::Journey& j, std::int32_t index) {
  if (!j.goal) return -1;
  const syntax::Goal& g = *j.goal;
  plan::Goal out{g.text, index, {}, g.within.length, -1, {}};
  within_history(work_, g.within, "time");
  if (g.what.verb != syntax::Verb::None) {
    work_.d.add(Code::GoalNotEvent, g.what.span, "A goal is something that the visitor does: an event of the catalog.");
    return -1;
  }
  const auto m = match(work_, g.what, j.name.text);
  if (m) out.match = *m;
  if (g.worth) {
    const int event = work_.names.event(g.what.name.text);
    CodeBuilder code;
    Typer typer(work_, code, {.sight = Sight::Rule, .events = event < 0 ? std::vector<int>{} : std::vector<int>{event}, .open = event < 0,
                              .journey = j.name.text, .captures = &out.captures});
    const Typed t = typer.value(*g.worth);
    if (t.ok() && t.type.kind == catalog::TypeKind::Consent)
      work_.d.add(Code::ConsentUse, g.worth->span, fmt::format("`{}` is a consent; a goal is worth a value.", g.worth->text));
    else if (t.ok())
      out.worth = typer.code(t);
  }
  std::vector<plan::Goal>& all = work_.plan.plan().goals;
  all.push_back(std::move(out));
  return static_cast<std::int32_t>(all.size()) - 1;
}

void add_guarantee(const Work& work, const syntax::Guarantee& g, Limits& limits) {
  plan::Guarantee out;
  out.name = g.name.text;
  if (const auto* most = std::get_if<syntax::AtMost>(&g.promise)) {
    out.limit = limits.add_promise(*most, g.text);
  } else {
    const auto& never = std::get<syntax::Never>(g.promise);
    const bool shows = never.kind == syntax::ActionKind::Show;
    const catalog::Catalog& c = work.catalog();
    out.kind = shows ? plan::ActionKind::Show : plan::ActionKind::Send;
    for (std::size_t i = 0; never.channels.empty() && i < c.channels.size(); ++i)
      if (c.channels[i].slots.empty() != shows) out.channels.push_back(static_cast<std::int32_t>(i));
    for (const syntax::Name& n : never.channels) {
      const int channel = shows ? find_shower(c, n.text, n.span, n.span, "", work.d) : find_sender(c, n.text, n.span, "", n.span, work.d);
      if (channel >= 0 && std::find(out.channels.begin(), out.channels.end(), channel) != out.channels.end())
        work.d.add(Code::ChannelTwice, n.span, fmt::format("`{}` is named twice.", n.text), "Leave one out.");
      if (channel >= 0) out.channels.push_back(channel);
    }
    CodeBuilder code;
    Typer typer(work, code, {});
    if (const Typed t = typer.condition(*never.unless); t.ok()) {
      out.code = typer.code(t);
      out.leaves = typer.leaves();
    }
  }
  work.plan.plan().guarantees.push_back(std::move(out));
}

}  // namespace polku::sema
