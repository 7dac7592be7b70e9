// The gates that a firing passes, in their order (LANGUAGE.md 5; readings 43 to 59).
#include <algorithm>

#include "runtime/engine/visitor.h"

namespace polku::engine {

using history::Outcome;
using history::Tri;

namespace {

history::Datum whole(std::int64_t n) { return {catalog::TypeKind::Whole, n, {}, false}; }
history::Datum time(Millis t) { return {catalog::TypeKind::Time, t, {}, false}; }

const char* unit_name(plan::LimitUnit unit) {
  switch (unit) {
    case plan::LimitUnit::Messages: return "messages";
    case plan::LimitUnit::Shows: return "shows";
    case plan::LimitUnit::Tasks: return "tasks";
  }
  return "";
}

bool counts_as(const plan::Action& a, plan::LimitUnit unit) {
  switch (a.kind) {
    case plan::ActionKind::Send: return unit == plan::LimitUnit::Messages && !a.service;
    case plan::ActionKind::Show: return unit == plan::LimitUnit::Shows;
    case plan::ActionKind::Task: return unit == plan::LimitUnit::Tasks;
    case plan::ActionKind::Suppress:
    case plan::ActionKind::Split: return false;
  }
  return false;
}

}  // namespace

// Was every slot in which the row shows asked for while the firing was held?
bool Engine::shows_in(const plan::Row& row, const Firing& firing) const {
  return std::all_of(row.actions.begin(), row.actions.end(), [&](const plan::Action& a) {
    return a.kind != plan::ActionKind::Show || std::any_of(asked_.begin(), asked_.end(), [&](const Wanted& w) {
             return w.place.channel == a.channels[0] && w.place.slot == a.slot && w.at < firing.until;
           });
  });
}

std::int64_t acts_in(const plan::Row& row, plan::LimitUnit unit) {
  return std::count_if(row.actions.begin(), row.actions.end(), [&](const plan::Action& a) { return counts_as(a, unit); });
}

std::optional<Millis> opening(const base::Zone& zone, Millis from, Millis to, Millis now) {
  const std::int64_t today = base::local_day(zone, now);
  for (std::int64_t day = today - 2; day <= today + 1; ++day) {
    const Millis begins = zone.to_instant(day * kDay + from), ends = zone.to_instant((day + (from > to ? 1 : 0)) * kDay + to);
    if (begins <= now && now < ends) return ends;
  }
  return std::nullopt;
}

// Gate 1, the clauses. `no_match` beats `unknown` beats `suppressed`.
Outcome Engine::clauses(const Visitor& v, const Firing& firing, Judgement& j) {
  Value pass = firing.holds || j.rule.gate < 0 ? kYes : evaluator_.evaluate(j.rule.gate, j.context);
  for (const plan::Dates& d : j.rule.dates) {
    if (d.from <= j.context.now && j.context.now < d.until) continue;
    j.refuse([&] { return history::Reason{d.text, Tri::No, {{"now", time(j.context.now)}}}; });
    pass = kNo;
  }
  const std::int32_t mark = plan_.layout.once[j.index];
  const Value exposed = mark < 0 ? kUnknown : record::instant(v.record, mark);
  for (const plan::Once& once : j.rule.once) {
    if (exposed == kUnknown || (once.within && exposed <= j.context.now - *once.within)) continue;
    j.refuse([&] { return history::Reason{once.text, Tri::No, {}}; });
    pass = kNo;
  }
  if (pass != kYes) return pass == kNo ? Outcome::no_match : Outcome::unknown;
  for (std::int32_t s : j.rule.suppressed_by) {
    const Value until = record::instant(v.record, plan_.layout.suppression[at(s)]);
    if (until == kUnknown || j.context.now >= until) continue;
    j.refuse([&] { return history::Reason{"suppress \"" + plan_.suppressions[at(s)] + "\"", Tri::Yes, {{"until", time(until)}}}; });
    return Outcome::suppressed;
  }
  if (!v.rare || v.rare->suppressed.empty()) return Outcome::acted;
  for (const std::string& name : j.rule.belongs_to) {
    const auto until = v.rare->suppressed.find(name);
    if (until == v.rare->suppressed.end() || j.context.now >= until->second) continue;
    j.refuse([&] { return history::Reason{"suppress \"" + name + "\"", Tri::Yes, {{"until", time(until->second)}}}; });
    return Outcome::suppressed;
  }
  return Outcome::acted;
}

namespace {

// What rows of a table look up.
class RowAsker final : public match::Asker {
 public:
  RowAsker(const plan::Evaluator& evaluator, const plan::Context& context) : evaluator_(evaluator), context_(context) {}
  const plan::Context& context(bool) override { return context_; }
  Value evaluate(plan::CodeId code) override { return evaluator_.evaluate(code, context_); }

 private:
  const plan::Evaluator& evaluator_;
  const plan::Context& context_;
};

}  // namespace

// The first row that is not definitely false, and what it is: yes or unknown. If there is none: as many as there are, and no.
std::pair<std::size_t, Value> Engine::first_row(const Visitor& v, const Judgement& j) {
  const auto is = [&](std::size_t i) {
    const plan::CodeId code = j.rule.rows[i].code;
    return code < 0 ? kYes : evaluator_.evaluate(code, j.context);
  };
  const std::size_t rows = j.rule.rows.size();
  if (const match::Screen* table = dispatch_.tables[j.index].get()) {
    std::size_t holds = rows;
    open_rows_.clear();
    RowAsker asker(evaluator_, j.context);
    table->run({&v.record, j.context.fields, j.context.now, &asker}, scratch_, nullptr, [&](std::size_t row, bool sure) {
      if (sure) holds = std::min(holds, row);
      else open_rows_.push_back(row);
    });
    std::sort(open_rows_.begin(), open_rows_.end());
    for (const std::size_t row : open_rows_) {
      if (row > holds) break;
      if (const Value value = is(row); value != kNo) return {row, value};
    }
    return {holds, holds < rows ? kYes : kNo};
  }
  for (std::size_t i = 0; i < rows; ++i)
    if (const Value value = is(i); value != kNo) return {i, value};
  return {rows, kNo};
}

Outcome Engine::choose_row(const Visitor& v, Judgement& j) {
  if (!j.rule.table) {
    j.row = &j.rule.rows[0];
    return Outcome::acted;
  }
  const auto [i, is] = first_row(v, j);
  if (is == kNo) {
    j.refuse([&] { return history::Reason{"no row", Tri::No, seen(j.rule.columns, j.context)}; });
    return Outcome::nothing;
  }
  j.row = &j.rule.rows[i];
  j.sure = is == kYes;
  if (!j.sure) return Outcome::unknown;
  return j.row->actions.empty() ? Outcome::nothing : Outcome::acted;
}

bool Engine::parameters(Judgement& j) {
  for (const plan::Action& a : j.row->actions) {
    for (const plan::Param& p : a.params) {
      if (p.code < 0) continue;
      j.params.push_back(evaluator_.evaluate(p.code, j.context));
      if (j.params.back() != kUnknown || p.optional) continue;
      j.params.clear();
      j.refuse([&] { return history::Reason{p.clause, Tri::Unknown, seen(p.leaves, j.context)}; });
      return false;
    }
  }
  return true;
}

// Gate 3: the rule's quiet hours, then the journey's. Service messages are not held back.
Outcome Engine::quiet(Judgement& j) {
  if (acts_in(*j.row, plan::LimitUnit::Messages) == 0) return Outcome::acted;
  const base::Zone& zone = *static_cast<const record::View*>(j.context.state)->zone;
  for (const plan::Quiet& q : j.rule.quiet) {
    const std::optional<Millis> opens = opening(zone, q.from, q.to, j.context.now);
    if (!opens) continue;
    j.refuse([&] { return history::Reason{q.text, Tri::No, {{"opens", time(*opens)}}}; });
    j.opens = *opens;
    return q.wait ? Outcome::waiting : Outcome::quiet;
  }
  return Outcome::acted;
}

// If the limit has no room for the row's acts: how many it has counted.
std::optional<std::int64_t> Engine::over(const Visitor& v, const Judgement& j, std::int32_t limit) {
  const plan::Limit& l = plan_.limits[at(limit)];
  const std::int64_t more = acts_in(*j.row, l.unit);
  if (more == 0) return std::nullopt;
  const std::int64_t used = record::used(plan_, v.record, limit, j.context.now);
  return used + more <= l.count ? std::nullopt : std::optional(used);
}

// Gate 4.
bool Engine::limits(const Visitor& v, Judgement& j) {
  for (std::int32_t limit : j.rule.limits) {
    const std::optional<std::int64_t> used = over(v, j, limit);
    if (!used) continue;
    const plan::Limit& l = plan_.limits[at(limit)];
    j.refuse([&] { return history::Reason{l.text, Tri::No, {{unit_name(l.unit), whole(*used)}}}; });
    return false;
  }
  return true;
}

bool Engine::guarantees(const Visitor& v, Judgement& j) {
  for (const plan::Guarantee& g : plan_.guarantees) {
    const auto clause = [&] { return "guarantee \"" + g.name + "\""; };
    if (g.limit >= 0) {
      const std::optional<std::int64_t> used = over(v, j, g.limit);
      if (!used) continue;
      j.refuse([&] { return history::Reason{clause(), Tri::No, {{unit_name(plan_.limits[at(g.limit)].unit), whole(*used)}}}; });
      return false;
    }
    bool concerned = false;
    for (std::size_t i = 0; i < j.row->actions.size(); ++i) {
      const plan::Action& a = j.row->actions[i];
      concerned = concerned || (a.kind == g.kind && !a.service && std::find(g.channels.begin(), g.channels.end(), j.channels[i]) != g.channels.end());
    }
    if (!concerned) continue;
    plan::Context context = j.context;  // it sees what a segment sees
    context.fields = nullptr;
    context.before = std::numeric_limits<std::int64_t>::max();
    const Value kept = evaluator_.evaluate(g.code, context);
    if (kept == kYes) continue;
    j.refuse([&] { return history::Reason{clause(), kept == kNo ? Tri::No : Tri::Unknown, seen(g.leaves, context)}; });
    return false;
  }
  return true;
}

// Gate 5: a person stays in the arm of the first exposure.
bool Engine::held_out(const Visitor& v, Judgement& j) {
  if (j.rule.hold_out < 0 || options_.hold_out == HoldOut::Nobody) return false;
  const plan::HoldOut& h = plan_.hold_outs[at(j.rule.hold_out)];
  const Value arm = record::tiny(v.record, plan_.layout.arm[at(j.rule.hold_out)]);
  const bool held = options_.hold_out == HoldOut::Everybody || (arm != kUnknown ? arm != kNo : history::bucket(plan_.catalog.salt, h.name, v.person()) < static_cast<std::uint32_t>(h.below));
  if (held) j.refuse([&] { return history::Reason{plan_.journeys[at(j.rule.journey_index)].hold_out, Tri::No, {}}; });
  return held;
}

// What of it was not known: of the conditions, of the table, or of the first parameter that there must be.
void Engine::note_unknown(const Judgement& j) {
  if (unknowns_.size() < plan_.rules.size()) unknowns_.resize(plan_.rules.size());
  std::vector<Unknown>& of = unknowns_[j.index];
  const auto unknown = [&](plan::CodeId code) { return evaluator_.evaluate(code, j.context) == kUnknown; };
  const auto note = [&](const std::vector<plan::Leaf>& leaves) {
    for (const plan::Leaf& l : leaves) {
      if (!unknown(l.code)) continue;
      const auto known = std::find_if(of.begin(), of.end(), [&](const Unknown& u) { return u.name == l.name; });
      ++(known == of.end() ? of.emplace_back(Unknown{l.name}) : *known).times;
    }
  };
  if (!j.row) {
    for (const plan::Condition& c : j.rule.conditions)
      if (unknown(c.clause.code)) note(c.clause.leaves);
    return;
  }
  if (!j.sure) return note(j.rule.columns);
  for (const plan::Action& a : j.row->actions)
    for (const plan::Param& p : a.params)
      if (p.code >= 0 && !p.optional && unknown(p.code)) return note(p.leaves);
}

Outcome Engine::gates(Visitor& v, const Firing& firing, Judgement& j) {
  if (const Outcome o = clauses(v, firing, j); o != Outcome::acted) return o;
  const bool offer = j.rule.offers && firing.origin != Origin::Offer;
  if (offer) return Outcome::offered;
  if (const Outcome o = choose_row(v, j); o != Outcome::acted) return o;
  if (j.rule.offers && !shows_in(*j.row, firing)) return Outcome::nothing;
  if (!parameters(j)) return Outcome::unknown;
  if (const Outcome o = places(v, j); o != Outcome::acted) return o;
  if (const Outcome o = quiet(j); o != Outcome::acted) return o;
  if (!limits(v, j)) return Outcome::over_limit;
  if (!guarantees(v, j)) return Outcome::guarantee;
  return held_out(v, j) ? Outcome::held_out : Outcome::acted;
}

void Engine::judge(Visitor& v, const Firing& firing, Millis when) {
  const std::size_t index = at(firing.rule);
  const plan::Rule& rule = plan_.rules[index];
  const record::View view = this->view(v);
  Judgement j{.rule = rule,
              .index = index,
              .context = {when, pool_.data() + firing.captures, attributes(v), &record::host(), &view, firing.start.seq},
              .params = params_,
              .channels = channels_,
              .told = options_.keep != Keep::Acted,
              .more = {}};
  params_.clear();
  channels_.clear();
  const auto holds = [&](std::int32_t cell) { return cell >= 0 && record::instant(v.record, cell) != kUnknown; };
  const bool waits = v.waits() && std::any_of(v.rare->waiting.begin(), v.rare->waiting.end(), [&](const Rare::Waiting& w) { return w.rule == firing.rule; });
  const bool replaces = firing.origin != Origin::Offer && (holds(plan_.layout.waiting[index]) || holds(plan_.layout.offer[index]) || waits);
  const bool too_late = when - firing.placed > plan_.catalog.patience;
  if (too_late)
    j.refuse([&] { return history::Reason{"patience of " + history::words(plan_.catalog.patience), Tri::No, {{"due", time(firing.placed)}}}; });
  const Outcome outcome = too_late ? Outcome::too_late : gates(v, firing, j);
  ++counts_[index][static_cast<std::size_t>(outcome)];
  if (outcome == Outcome::unknown && options_.unknowns) note_unknown(j);
  const bool acted = outcome == Outcome::acted;
  const bool wanted = acted || options_.keep == Keep::All || (options_.keep == Keep::Recorded && history::outcome_recorded(outcome));
  history::DecisionId id;
  if (wanted || outcome == Outcome::held_out) id = history::decision_id(firing.start.identity, rule.journey, rule.name);
  if (wanted) {
    Made& made = made_.emplace_back();
    made.rule = index;
    made.alternative = firing.start.alternative;
    made.judged = !too_late;
    history::Decision& d = made.decision;
    const std::array<char, 32> digits = history::digits(id);
    d.id.assign(digits.data(), digits.size());
    d.at = when;
    d.visitor = v.key();
    d.journey = rule.journey;
    d.rule = rule.name;
    d.version = plan_.journeys[at(rule.journey_index)].version;
    d.outcome = outcome;
    d.actions = actions(v, j);
    d.because = std::move(j.more);
    look(j, made);
  }

  const auto leaves = [&](history::Deed::Kind kind) {
    effect(j, kind, id, *effect_);
    if (history::Past* past = v.past()) past->insert(when, ++past->arrival, deed(firing, j, *effect_));
    leave(v, firing.rule, *effect_, when, firing.start, pool_.data() + firing.captures);
  };
  switch (outcome) {
    case Outcome::acted:
      for (std::size_t i = 0; i < j.row->actions.size(); ++i)
        if (const plan::Action& a = j.row->actions[i]; j.channels[i] >= 0)
          occupied_.push_back({j.channels[i], a.slot, index, a.kind == plan::ActionKind::Show ? a.name : std::string_view()});
      leaves(history::Deed::Kind::Acted);
      break;
    case Outcome::held_out: leaves(history::Deed::Kind::HeldOut); break;
    case Outcome::waiting: leaves(history::Deed::Kind::Waiting); break;
    case Outcome::offered: leaves(history::Deed::Kind::Offered); break;
    case Outcome::no_match: case Outcome::unknown: case Outcome::nothing:
      if (replaces || firing.origin == Origin::Offer) leaves(history::Deed::Kind::Dropped);
      break;
    case Outcome::suppressed: case Outcome::outranked: case Outcome::no_consent: case Outcome::no_reach: case Outcome::quiet:
    case Outcome::over_limit: case Outcome::guarantee: case Outcome::too_late: case Outcome::converted:
      if (replaces) leaves(history::Deed::Kind::Dropped);
      break;
  }
}

}  // namespace polku::engine
