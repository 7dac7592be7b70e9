// Gate 1: what the rule says itself.
#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "compiler/reference/passage.h"

namespace polku::reference {

using history::Outcome;
using history::Seen;

namespace {

bool in_dates(const Story& story, const syntax::Dates& dates) {
  if (story.now() < story.zone.to_instant(dates.from * kDay)) return false;
  return !dates.until || story.now() < story.zone.to_instant((*dates.until + 1) * kDay);
}

// The marks stay as long as the visitor.
bool used_up(const Passage& p, const syntax::Once& once) {
  const auto& exposures = p.story.exposures;
  return std::any_of(exposures.begin(), exposures.end(), [&](const Exposure& x) {
    return x.rule == p.firing.rule && (!once.within || p.story.within(x.at, once.within->length));
  });
}

// Until when the rule is suppressed by what suppresses `what`; unset if it is not.
std::optional<Millis> suppressed_until(const Story& story, const std::string& what) {
  std::optional<Millis> until;
  for (const Suppression& s : story.suppressions)
    if (s.what == what && story.within(s.at, s.length)) until = std::max(until.value_or(s.at), s.at + s.length);  // t <= now < t + D
  return until;
}

Refused suppressed(Passage& p) {
  std::vector<std::string> names{p.ref.journey->name.text};
  for (const auto* limits : {&p.ref.rule->limits, &p.ref.journey->limits})
    for (const auto& limit : *limits)
      if (limit.across) names.push_back(limit.across->text);
  for (const std::string& name : names) {
    const auto until = suppressed_until(p.story, name);
    if (!until) continue;
    std::string clause = "suppress \"";
    clause.append(name).append("\"");
    p.reason(std::move(clause), Tri::Yes, {{"until", time_datum(*until)}});
    return Outcome::suppressed;
  }
  return std::nullopt;
}

const std::vector<syntax::Binding>* bindings(const syntax::Act& act) {
  if (const auto* send = as_send(act)) return &send->params;
  if (const auto* show = as_show(act)) return &show->params;
  if (const auto* task = std::get_if<syntax::RaiseTask>(&act.what)) return &task->params;
  return nullptr;
}

const std::vector<catalog::Field>* declared(const catalog::Catalog& catalog, const history::Action& action) {
  const bool task = action.kind == history::ActionKind::Task;
  const int index = task ? catalog.task(action.name) : catalog.template_(action.name);
  if (index < 0) return nullptr;
  return task ? &catalog.tasks[static_cast<std::size_t>(index)].params : &catalog.templates[static_cast<std::size_t>(index)].params;
}

// In the order in which they are declared; nullopt, with the reason, if a required one is not known.
std::optional<std::vector<Seen>> parameters(Passage& p, const std::vector<catalog::Field>& fields, const std::vector<syntax::Binding>& bound) {
  std::vector<Seen> params;
  for (const catalog::Field& field : fields) {
    const auto b = std::find_if(bound.begin(), bound.end(), [&](const syntax::Binding& it) { return it.name.text() == field.name; });
    const syntax::Expr* written = b != bound.end() ? b->value.get() : nullptr;
    std::vector<Seen> saw;
    const Typed value = written != nullptr ? evaluate_as(p.story, p.scope, field.type, *written, &saw) : unknown(field.type);
    if (value.known()) {
      params.push_back({field.name, to_datum(value)});
    } else if (!field.optional) {
      p.reason("with " + field.name + " = " + (written != nullptr ? written->text : "missing"), Tri::Unknown, std::move(saw));
      return std::nullopt;
    }
  }
  return params;
}

// An offer is judged for what it is still held for.
bool shows_elsewhere(const Passage& p, const syntax::Act& act) {
  const auto* show = as_show(act);
  if (show == nullptr) return false;
  const Millis length = show->held ? show->held->length : 30 * kMinute;
  const auto& requests = p.story.requests();
  return std::none_of(requests.begin(), requests.end(), [&](const Event* request) {
    return asks_for(p.story.catalog, *request, show->slot) && static_cast<__int128>(request->at) - p.firing.offered < length;
  });
}

}  // namespace

Refused pass_clauses(Passage& p) {
  bool refused = false, open = false;
  for (const auto* conditions : {&p.ref.journey->conditions, &p.ref.rule->conditions}) {
    for (const syntax::Condition& condition : *conditions) {
      std::vector<Seen> saw;
      const Tri is = truth(evaluate(p.story, p.scope, *condition.test, &saw));
      if (is == Tri::Unknown) open = true;
      if (is == (condition.polarity == syntax::Polarity::OnlyIf ? Tri::No : Tri::Yes)) refused = true;
      p.reason(condition.text, is, std::move(saw));
    }
  }
  for (const auto* dates : {&p.ref.journey->dates, &p.ref.rule->dates}) {
    if (!*dates || in_dates(p.story, **dates)) continue;
    p.reason((*dates)->text, Tri::No, {{"now", time_datum(p.story.now())}});
    refused = true;
  }
  for (const auto* once : {&p.ref.journey->once, &p.ref.rule->once}) {
    if (!*once || !used_up(p, **once)) continue;
    p.reason((*once)->text, Tri::No, {});
    refused = true;
  }
  if (refused) return Outcome::no_match;
  if (open) return Outcome::unknown;
  return suppressed(p);
}

Refused pass_table(Passage& p) {
  const auto& table = p.ref.rule->action->choose;
  if (!table) return std::nullopt;
  std::vector<Seen> saw;
  for (std::size_t c = 0; c < table->columns.size(); ++c) {
    std::vector<const syntax::Cell*> cells;
    for (const auto& row : table->rows) cells.push_back(&row.cells[c]);
    see(&saw, table->columns[c]->text, column_seen(p.story, p.scope, *table->columns[c], cells));
  }
  for (std::size_t r = 0; r < table->rows.size(); ++r) {
    const syntax::Row& row = table->rows[r];
    Tri is = Tri::Yes;
    for (std::size_t c = 0; c < row.cells.size(); ++c) is = tri_and(is, cell_holds(p.story, p.scope, *table->columns[c], row.cells[c]));
    if (is == Tri::No) continue;
    p.reason("row " + std::to_string(r + 1), is, std::move(saw));
    about_to_do(p, row.acts);
    if (is == Tri::Unknown) return Outcome::unknown;
    const bool elsewhere = p.firing.cause == Cause::Request &&
                           std::any_of(row.acts.begin(), row.acts.end(), [&](const syntax::Act& act) { return shows_elsewhere(p, act); });
    return row.acts.empty() || elsewhere ? Refused(Outcome::nothing) : std::nullopt;
  }
  p.reason("no row", Tri::No, std::move(saw));
  return Outcome::nothing;
}

Refused pass_parameters(Passage& p) {
  std::vector<std::vector<Seen>> all;
  for (std::size_t i = 0; i < p.acts->size(); ++i) {
    const auto* bound = bindings((*p.acts)[i]);
    const auto* fields = bound != nullptr ? declared(p.story.catalog, p.d.actions[i]) : nullptr;
    auto params = fields != nullptr ? parameters(p, *fields, *bound) : std::vector<Seen>{};
    if (!params) return Outcome::unknown;
    all.push_back(std::move(*params));
  }
  for (std::size_t i = 0; i < all.size(); ++i) p.d.actions[i].params = std::move(all[i]);
  return std::nullopt;
}

}  // namespace polku::reference
