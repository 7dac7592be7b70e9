#include "compiler/sema/actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/sema/clauses.h"
#include "compiler/sema/targets.h"

namespace polku::sema {

using diag::Code;

namespace {

constexpr Millis kHeld = 30 * kMinute;  // an offer, where nothing is said

}  // namespace

void actions(const Work& work, const RuleEntry& entry, const Scope& scope, plan::Rule& out) {
  const syntax::Rule& r = *entry.rule;
  const bool asked = out.trigger.start == plan::StartKind::Asked;
  out.rows.emplace_back();
  if (!entry.does.anything) {
    const bool table = r.action && r.action->choose;
    work.d.add(Code::MissingDo, r.span, fmt::format("The rule `{}` does nothing{}.", r.name.text, table ? ": no row of its table does" : ""),
               table ? "" : "Add a line such as `do send \"welcome\" by email`.");
  }
  if (!r.action) return;
  Acts acts(work, scope, out);
  if (r.action->choose)
    table(work, *r.action->choose, scope, acts, out);
  else
    out.rows[0].actions = acts.list(r.action->acts, r.action->span);
  if (asked && entry.does.anything && !entry.does.shows)
    work.d.add(Code::AskedElsewhere, r.when->span, fmt::format("The rule `{}` is asked for a slot, and shows nothing.", r.name.text),
               "Write what it shows there: `do show \"…\" in …`.");
  out.offers = entry.does.shows && !asked;
  if (out.offers) out.held = acts.held().value_or(kHeld);
}

std::vector<plan::Action> Acts::list(const std::vector<syntax::Act>& acts, diag::Span span) {
  std::vector<plan::Action> out;
  for (const syntax::Act& a : acts) out.push_back(one(a));
  together(acts, out, span);
  return out;
}

plan::Action Acts::one(const syntax::Act& act) {
  plan::Action out;
  if (const auto* s = std::get_if<syntax::Send>(&act.what)) send(*s, act.span, out);
  if (const auto* s = std::get_if<syntax::Show>(&act.what)) show(*s, act.span, out);
  if (const auto* t = std::get_if<syntax::RaiseTask>(&act.what)) task(*t, act.span, out);
  if (const auto* s = std::get_if<syntax::Suppress>(&act.what)) suppress(*s, out);
  if (const auto* s = std::get_if<syntax::Split>(&act.what)) split(*s, act.span, out);
  return out;
}

// Reading 48.
void Acts::together(const std::vector<syntax::Act>& acts, const std::vector<plan::Action>& actions, diag::Span span) {
  bool sends = false, other = acts.empty();
  const syntax::Act* shown = nullptr;
  std::set<std::int32_t> channels;
  std::set<std::pair<plan::ActionKind, std::string>> once;
  for (const plan::Action& a : actions) sends = sends || a.kind == plan::ActionKind::Send;
  for (std::size_t i = 0; i < acts.size(); ++i) {
    const plan::Action& a = actions[i];
    other = other || a.kind != plan::ActionKind::Split;
    if (a.kind == plan::ActionKind::Show && (shown || sends))
      work_.d.add(Code::ShowNotAlone, acts[i].span,
                  shown ? "One `do` shows one thing."
                        : "One `do` cannot show and send: a message is sent at once, and what is shown waits for its slot.",
                  "Make another rule for it.");
    if (a.kind == plan::ActionKind::Show) shown = &acts[i];
    if (a.kind == plan::ActionKind::Send && a.best_of.empty() && !a.channels.empty() && !channels.insert(a.channels[0]).second)
      work_.d.add(Code::ChannelTwice, acts[i].span,
                  fmt::format("Only one message at a time goes by `{}`.", work_.catalog().channels[static_cast<std::size_t>(a.channels[0])].name),
                  "Make another rule for it, or send it by another channel.");
    if (a.kind == plan::ActionKind::Suppress && !once.emplace(a.kind, a.name).second)
      work_.d.add(Code::DuplicateName, acts[i].span, fmt::format("\"{}\" is suppressed twice in this `do`.", a.name), "Leave one out.");
    if (a.kind == plan::ActionKind::Split && !once.emplace(a.kind, a.name).second)
      work_.d.add(Code::DuplicateName, acts[i].span, fmt::format("This `do` has two splits called \"{}\".", a.name),
                  "Give one of the two another name.");
  }
  if (other) return;
  work_.d.add(Code::SplitAlone, span, "A `split` says in which variant a visitor is, and nothing else is done here.",
              "Add what is done, for example `send`.");
}

void Acts::send(const syntax::Send& s, diag::Span span, plan::Action& out) {
  const catalog::Catalog& c = work_.catalog();
  out.kind = plan::ActionKind::Send;
  out.name = s.template_.text;
  const int t = find_template(c, s.template_, work_.d);
  out.service = t >= 0 && c.templates[static_cast<std::size_t>(t)].service;
  std::set<std::string> met;
  for (const syntax::Name& n : s.channels) {
    if (!met.insert(n.text).second) {
      work_.d.add(Code::ChannelTwice, n.span, fmt::format("`{}` is named twice.", n.text), "Leave one out.");
      continue;
    }
    const int channel = find_sender(c, n.text, n.span, s.template_.text, s.best_of ? n.span : span, work_.d);
    check_carried(c, t, channel, n.span, work_.d);
    if (channel < 0) continue;
    out.channels.push_back(channel);
    if (s.best_of) out.best_of.append(out.best_of.empty() ? "best of " : ", ").append(n.text);
  }
  if (t >= 0) params("template \"" + s.template_.text + "\"", c.templates[static_cast<std::size_t>(t)].params, s.params, span, out);
}

void Acts::show(const syntax::Show& s, diag::Span span, plan::Action& out) {
  const catalog::Catalog& c = work_.catalog();
  out.kind = plan::ActionKind::Show;
  out.name = s.template_.text;
  const int t = find_template(c, s.template_, work_.d);
  const std::string help = fmt::format("Write `send \"{}\" by {}`, or give it `slots` in the catalog.", s.template_.text, s.slot.parts[0]);
  const Slot slot = find_slot(c, s.slot, span, help, work_.d);
  check_carried(c, t, slot.channel, s.slot.span, work_.d);
  out.channels = {slot.channel};
  out.slot = slot.slot;
  const plan::Trigger& trigger = rule_.trigger;
  if (trigger.start == plan::StartKind::Asked && slot.channel >= 0 && trigger.channel >= 0 &&
      (slot.channel != trigger.channel || slot.slot != trigger.slot)) {
    const catalog::Channel& asked = c.channels[static_cast<std::size_t>(trigger.channel)];
    const std::string wanted = asked.name + "." + asked.slots[static_cast<std::size_t>(trigger.slot)];
    work_.d.add(Code::AskedElsewhere, s.slot.span, fmt::format("This rule is asked for `{}`, so it can show there alone.", wanted),
                fmt::format("Write `in {}`.", wanted));
  }
  hold(s, span);
  if (t >= 0) params("template \"" + s.template_.text + "\"", c.templates[static_cast<std::size_t>(t)].params, s.params, span, out);
}

void Acts::hold(const syntax::Show& s, diag::Span span) {
  const bool asked = rule_.trigger.start == plan::StartKind::Asked;
  if (s.held && asked)
    work_.d.add(Code::HeldNotOffered, s.held->span, "A rule that is asked for a slot shows at once, so it cannot be held.", "Leave out `for …`.");
  if (s.held) within_history(work_, *s.held, "time");
  const Millis held = s.held ? s.held->length : kHeld;
  if (!asked && held_ && *held_ != held)
    work_.d.add(Code::HeldDiffers, s.held ? s.held->span : span,
                fmt::format("Here it is held for {}, in a row above for {}.", said(held), said(*held_)), "All rows of a table are held for one time.");
  if (!held_) held_ = held;
}

void Acts::task(const syntax::RaiseTask& t, diag::Span span, plan::Action& out) {
  out.kind = plan::ActionKind::Task;
  out.name = t.task.text;
  const int index = find_task(work_.catalog(), t.task, work_.d);
  if (index >= 0) params("task \"" + t.task.text + "\"", work_.catalog().tasks[static_cast<std::size_t>(index)].params, t.params, span, out);
}

void Acts::suppress(const syntax::Suppress& s, plan::Action& out) {
  const std::string& name = s.what.text;
  out.kind = plan::ActionKind::Suppress;
  out.name = name;
  out.length = s.length.length;
  within_history(work_, s.length, "time");
  const bool journey = work_.names.journey_by_name.contains(name), group = work_.names.groups.contains(name);
  if (journey && group) {
    work_.d.add(Code::JourneyOrGroup, s.what.span, fmt::format("\"{}\" is a journey, and a group of limits too: which is meant?", name),
                "Give one of the two another name.");
  } else if (!journey && !group) {
    std::vector<std::string> candidates = work_.names.journey_names();
    candidates.insert(candidates.end(), work_.names.groups.begin(), work_.names.groups.end());
    std::string help = work_.d.full() ? "" : diag::did_you_mean(name, candidates);
    if (help.empty()) help = "A journey is suppressed by its name, and so is a group of limits: `limit … across \"…\"`.";
    work_.d.add(Code::UnknownSuppressed, s.what.span, fmt::format("There is no journey \"{}\", and no group of limits.", name), help);
  }
  out.suppression = work_.plan.suppression(name);
}

void Acts::split(const syntax::Split& s, diag::Span span, plan::Action& out) {
  out.kind = plan::ActionKind::Split;
  out.name = s.name.text;
  std::set<std::string> variants;
  Value sum = 0;
  for (const syntax::Share& share : s.shares) {
    if (!share_in_range(work_, share.share, share.span)) return;
    if (!variants.insert(share.variant.text).second)
      work_.d.add(Code::ShareTwice, share.variant.span, fmt::format("`{}` is named twice.", share.variant.text),
                  "Each part needs a name of its own.");
    sum += share.share;  // each is less than all
    out.shares.push_back({buckets(sum), share.variant.text});
  }
  if (s.shares.size() < 2) {
    work_.d.add(Code::SharesOfAll, span, "A split has two parts at least.", "Write, for example, `50% a, 50% b`.");
  } else if (sum != kMillion) {
    work_.d.add(Code::SharesOfAll, span, fmt::format("These parts add up to {}, not to 100%.", said_share(sum)));
  }
}

void Acts::params(const std::string& owner, const std::vector<catalog::Field>& fields, const std::vector<syntax::Binding>& bindings, diag::Span span,
                  plan::Action& out) {
  std::vector<const syntax::Binding*> given(fields.size(), nullptr);
  std::set<std::string> meant;  // by those that there are not
  for (const syntax::Binding& b : bindings) {
    const std::string name = b.name.text();
    const auto it = std::find_if(fields.begin(), fields.end(), [&](const catalog::Field& f) { return f.name == name; });
    if (it == fields.end()) {
      work_.d.add(Code::UnknownParameter, b.name.span, fmt::format("The {} has no parameter `{}`.", owner, name),
                  work_.d.full() ? "" : diag::did_you_mean(name, names_of(fields)));
      if (!work_.d.full()) meant.insert(diag::nearest(name, names_of(fields)));
      continue;
    }
    const syntax::Binding*& place = given[static_cast<std::size_t>(it - fields.begin())];
    if (place) work_.d.add(Code::ParameterTwice, b.span, fmt::format("`{}` is given twice.", name));
    place = &b;
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const catalog::Field& p = fields[i];
    plan::Param param{p.name, p.type, p.optional, -1, {}, {}};
    if (!given[i]) {
      if (!p.optional && !meant.contains(p.name))
        work_.d.add(Code::MissingParameter, span, fmt::format("The {} needs `{}`.", owner, p.name), fmt::format("Add `with {} = …`.", p.name));
    } else if (given[i]->word != syntax::Binding::Word::None) {
      work_.d.add(Code::ParameterType, given[i]->span, fmt::format("A parameter needs a value; `{}` is left out by not naming it.", p.name));
    } else {
      CodeBuilder code;
      Typer typer(work_, code, scope_);
      const Typed v = typer.value(*given[i]->value, &p.type);
      if (v.ok() && v.type != p.type) {
        work_.d.add(Code::ParameterType, given[i]->value->span,
                    fmt::format("`{}` is {}, but `{}` is {}.", p.name, said(p.type), given[i]->value->text, said(v.type)));
      } else if (v.ok()) {
        param.code = typer.code(v);
        param.clause = fmt::format("with {} = {}", given[i]->name.text(), given[i]->value->text);
        param.leaves = typer.leaves();
      }
    }
    out.params.push_back(std::move(param));
  }
}

}  // namespace polku::sema
