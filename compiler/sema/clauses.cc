#include "compiler/sema/clauses.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace polku::sema {

using catalog::TypeKind;
using diag::Code;
using plan::Op;

bool within_history(const Work& work, const syntax::Duration& length, const char* what) {
  const Millis kept = work.catalog().history;
  if (length.length <= kept) return true;
  work.d.add(Code::LongerThanHistory, length.span, fmt::format("This {} is longer than the {} of history kept.", what, said(kept)),
             "Shorten it, or raise `history` in the catalog.");
  return false;
}

bool share_in_range(const Work& work, Value share, diag::Span span) {
  constexpr Value kFinest = kMillion / 10000;
  if (share > 0 && share < kMillion && share % kFinest == 0) return true;
  work.d.add(Code::ShareRange, span, "A share is more than 0% and less than 100%, with two decimals at most.");
  return false;
}

std::int32_t buckets(Value share) { return static_cast<std::int32_t>(std::min(share, kMillion) / (kMillion / 10000)); }

std::string said_share(Value share) {
  const Value hundredths = share / (kMillion / 10000);
  std::string s = fmt::format("{}.{:02}", hundredths / 100, hundredths % 100);
  while (s.back() == '0') s.pop_back();
  if (s.back() == '.') s.pop_back();
  return s + "%";
}

std::optional<plan::Match> match(const Work& work, const syntax::Occurrence& what, const std::string& journey) {
  CodeBuilder none;
  return Typer(work, none, {.journey = journey}).match(what);
}

namespace {

// One code for all conditions, so that what they share is looked up once; every clause and leaf is a slice of it.
void conditions(const Work& work, const RuleEntry& entry, const Scope& scope, plan::Rule& out) {
  CodeBuilder code;
  Typer typer(work, code, scope);
  Typed gate;
  for (const auto* list : {&entry.journey->conditions, &entry.rule->conditions}) {
    for (const syntax::Condition& c : *list) {
      const Typed t = typer.test(*c.test);
      if (!t.ok()) continue;
      const bool only = c.polarity == syntax::Polarity::OnlyIf;
      plan::Condition condition{only ? plan::Polarity::OnlyIf : plan::Polarity::NotIf, {c.text, typer.code(t), {}}};
      condition.clause.leaves = typer.leaves();
      out.conditions.push_back(std::move(condition));
      const int pass = only ? t.reg : code.unary(Op::Not, t.reg);
      gate = {gate.ok() ? code.binary(Op::And, gate.reg, pass) : pass, {TypeKind::YesNo, {}}};
    }
  }
  typer.warn_of_unknown();
  if (gate.ok()) out.gate = typer.code(gate);
}

plan::Dates dates(const Names& names, const syntax::Dates& d) {
  plan::Dates out{d.text, names.zone.to_instant(d.from * kDay), std::numeric_limits<Millis>::max()};
  if (d.until) out.until = names.zone.to_instant((*d.until + 1) * kDay);
  return out;
}

void check_dates(const Work& work, const std::optional<syntax::Dates>& dates) {
  if (dates && dates->until && *dates->until < dates->from)
    work.d.add(Code::DatesOrder, dates->span, "The last day stands before the first.", "Turn the two dates round.");
}

void check_quiet(const Work& work, const syntax::Quiet& q, bool messages, bool sends, const std::string& who) {
  if (!messages)
    work.d.add(Code::QuietWithoutMessage, q.span,
               sends ? fmt::format("{} sends service messages only, and quiet hours do not hold them back.", who)
                     : fmt::format("{} sends no message, so it has none to hold back.", who),
               "Leave `quiet` out.");
  else if (q.from == q.to)
    work.d.add(Code::QuietHours, q.span, "These quiet hours begin when they end.", "Write, for example, `quiet 21:00 to 08:00 visitor time`.");
}

}  // namespace

void clauses(const Work& work, const RuleEntry& entry, const Scope& scope, plan::Rule& out) {
  const syntax::Journey& j = *entry.journey;
  const syntax::Rule& r = *entry.rule;
  conditions(work, entry, scope, out);
  for (const auto* d : {&j.dates, &r.dates})
    if (*d) out.dates.push_back(dates(work.names, **d));
  for (const auto* o : {&j.once, &r.once})
    if (*o) out.once.push_back({(*o)->text, (*o)->within ? std::optional((*o)->within->length) : std::nullopt});
  if (entry.does.messages)
    for (const auto* q : {&r.quiet, &j.quiet})
      if (*q) out.quiet.push_back({(*q)->text, (*q)->from, (*q)->to, (*q)->then == syntax::InQuiet::Wait});
  check_dates(work, r.dates);
  if (r.quiet && entry.does.anything) check_quiet(work, *r.quiet, entry.does.messages, entry.does.sends, fmt::format("The rule `{}`", r.name.text));
}

void check_clauses(const Work& work, const syntax::Journey& j, const std::vector<const RuleEntry*>& rules) {
  check_dates(work, j.dates);
  if (!j.quiet) return;
  const bool complete = !rules.empty() && std::all_of(rules.begin(), rules.end(), [](const RuleEntry* r) { return r->does.anything; });
  const bool messages = !complete || std::any_of(rules.begin(), rules.end(), [](const RuleEntry* r) { return r->does.messages; });
  const bool sends = std::any_of(rules.begin(), rules.end(), [](const RuleEntry* r) { return r->does.sends; });
  check_quiet(work, *j.quiet, messages, sends, fmt::format("The journey \"{}\"", j.name.text));
}

}  // namespace polku::sema
