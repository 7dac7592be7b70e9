// What a decision leaves behind in the visitor's record, and how it is written down.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/engine/visitor.h"

namespace polku::engine {

using history::Tri;

namespace {

Tri tri(Value v) { return v == kYes ? Tri::Yes : v == kNo ? Tri::No : Tri::Unknown; }

history::ActionKind kind_of(plan::ActionKind kind) {
  switch (kind) {
    case plan::ActionKind::Send: return history::ActionKind::Send;
    case plan::ActionKind::Show: return history::ActionKind::Show;
    case plan::ActionKind::Task: return history::ActionKind::Task;
    case plan::ActionKind::Suppress: return history::ActionKind::Suppress;
    case plan::ActionKind::Split: return history::ActionKind::Split;
  }
  return history::ActionKind::Send;
}

plan::ActionKind kind_of(history::ActionKind kind) {
  switch (kind) {
    case history::ActionKind::Send: return plan::ActionKind::Send;
    case history::ActionKind::Show: return plan::ActionKind::Show;
    case history::ActionKind::Task: return plan::ActionKind::Task;
    case history::ActionKind::Suppress: return plan::ActionKind::Suppress;
    case history::ActionKind::Split: return plan::ActionKind::Split;
  }
  return plan::ActionKind::Send;
}

std::optional<plan::LimitUnit> unit_of(plan::ActionKind kind, bool service) {
  switch (kind) {
    case plan::ActionKind::Send: return service ? std::nullopt : std::optional(plan::LimitUnit::Messages);
    case plan::ActionKind::Show: return plan::LimitUnit::Shows;
    case plan::ActionKind::Task: return plan::LimitUnit::Tasks;
    case plan::ActionKind::Suppress:
    case plan::ActionKind::Split: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

history::Seen Engine::seen(const plan::Leaf& l, Value value) const {
  history::Datum d = history::datum(plan_.codes[at(l.code)].type, value, texts_);
  d.or_more = l.or_more > 0 && d.value == l.or_more;
  return {l.name, std::move(d)};
}

std::vector<history::Seen> Engine::seen(const std::vector<plan::Leaf>& leaves, const plan::Context& context) const {
  std::vector<history::Seen> out;
  for (const plan::Leaf& l : leaves) out.push_back(seen(l, evaluator_.evaluate(l.code, context)));
  return out;
}

// What the start, the conditions and the table see now, as numbers.
void Engine::look(const Judgement& j, Made& made) {
  made.saw = saw_.size();
  const auto look_at = [&](const std::vector<plan::Leaf>& leaves) {
    for (const plan::Leaf& l : leaves) saw_.push_back(evaluator_.evaluate(l.code, j.context));
  };
  if (made.alternative >= 0) look_at(j.rule.when[at(made.alternative)].leaves);
  if (!made.judged) return;
  for (const plan::Condition& c : j.rule.conditions) {
    saw_.push_back(evaluator_.evaluate(c.clause.code, j.context));
    look_at(c.clause.leaves);
  }
  if (!j.rule.table || !j.row) return;
  made.row = j.row;
  made.sure = j.sure;
  look_at(j.rule.columns);
}

history::Reason Engine::reason(std::string clause, const std::vector<plan::Leaf>& leaves, Tri is, const Value*& saw) const {
  history::Reason r{std::move(clause), is, {}};
  for (const plan::Leaf& l : leaves) r.saw.push_back(seen(l, *saw++));
  return r;
}

// The same in words; behind it what the decision knows already.
std::vector<history::Reason> Engine::reasons(const Made& made) const {
  if (made.decision.outcome == history::Outcome::converted) return made.decision.because;
  const plan::Rule& rule = plan_.rules[made.rule];
  const Value* saw = saw_.data() + made.saw;
  std::vector<history::Reason> out;
  if (made.alternative >= 0) out.push_back(reason(rule.when[at(made.alternative)].text, rule.when[at(made.alternative)].leaves, Tri::Yes, saw));
  else out.push_back({rule.when[0].text, Tri::Yes, {}});
  if (!rule.then.empty()) out.push_back({rule.then, Tri::Yes, {}});
  if (made.judged)
    for (const plan::Condition& c : rule.conditions) {
      const Tri is = tri(*saw++);
      out.push_back(reason(c.clause.text, c.clause.leaves, is, saw));
    }
  if (made.row) out.push_back(reason("row " + std::to_string(made.row - rule.rows.data() + 1), rule.columns, made.sure ? Tri::Yes : Tri::Unknown, saw));
  out.insert(out.end(), made.decision.because.begin(), made.decision.because.end());
  return out;
}

std::vector<history::Action> Engine::actions(const Visitor& v, const Judgement& j) const {
  std::vector<history::Action> out;
  const plan::Row* row = j.row ? j.row : j.rule.table ? nullptr : &j.rule.rows[0];
  if (!row) return out;
  out.reserve(row->actions.size());
  std::size_t next = 0;  // of j.params
  for (std::size_t i = 0; i < row->actions.size(); ++i) {
    const plan::Action& a = row->actions[i];
    history::Action& action = out.emplace_back();
    action.kind = kind_of(a.kind);
    action.name = a.name;
    const std::int32_t channel = i < j.channels.size() && j.channels[i] >= 0 ? j.channels[i] : a.channels.size() == 1 && a.best_of.empty() ? a.channels[0] : -1;
    if (channel >= 0) action.channel = plan_.catalog.channels[at(channel)].name;
    if (a.slot >= 0) action.slot = plan_.catalog.channels[at(channel)].slots[at(a.slot)];
    action.length = a.length;
    if (a.kind == plan::ActionKind::Split) {
      const auto bucket = static_cast<std::int32_t>(history::bucket(plan_.catalog.salt, a.name, v.person()));
      for (const plan::Share& s : a.shares)
        if (bucket < s.below) {
          action.variant = s.variant;
          break;
        }
    }
    if (j.params.empty()) continue;
    for (const plan::Param& p : a.params) {
      if (p.code < 0) continue;
      if (const Value value = j.params[next++]; value != kUnknown) action.params.push_back({p.name, history::datum(p.type, value, texts_)});
    }
  }
  return out;
}

void Engine::effect(const Judgement& j, history::Deed::Kind kind, history::DecisionId id, Effect& out) {
  out.kind = kind;
  out.id = id;
  out.until = j.opens;
  out.done.clear();
  if (kind != history::Deed::Kind::Acted) return;
  for (std::size_t i = 0; i < j.row->actions.size(); ++i) {
    const plan::Action& a = j.row->actions[i];
    out.done.push_back({a.kind, a.service, j.channels[i], a.suppression, a.kind == plan::ActionKind::Suppress ? a.name : std::string_view(), a.length});
  }
}

void Engine::effect(const history::Deed& deed, Effect& out) const {
  out.kind = deed.kind;
  out.id = deed.id;
  out.until = deed.until;
  out.done.clear();
  for (const history::Deed::Done& d : deed.done) {
    const auto name = std::find(plan_.suppressions.begin(), plan_.suppressions.end(), d.name);
    out.done.push_back({kind_of(d.kind), d.service, d.channel.empty() ? -1 : plan_.catalog.channel(d.channel),
                        name == plan_.suppressions.end() ? -1 : static_cast<std::int32_t>(name - plan_.suppressions.begin()), d.name, d.length});
  }
}

// An effect by names, for every fold to come.
history::Deed Engine::deed(const Firing& firing, const Judgement& j, const Effect& e) const {
  history::Deed d;
  d.kind = e.kind;
  d.journey = j.rule.journey;
  d.rule = j.rule.name;
  d.id = e.id;
  d.start_at = firing.start.at;
  d.start = firing.start.identity;
  d.until = e.until;
  d.round = rounds_;
  d.begins_place = begins_place_;
  for (const Effect::Done& done : e.done)
    d.done.push_back({kind_of(done.kind), done.service, done.channel < 0 ? "" : plan_.catalog.channels[at(done.channel)].name, std::string(done.name), done.length});
  return d;
}

// rule: -1 if the pack has it no more.
void Engine::leave(Visitor& v, int rule, const Effect& d, Millis when, const Start& start, const Value* captures) {
  const std::int32_t offer = rule < 0 ? -1 : plan_.layout.offer[at(rule)], waiting = rule < 0 ? -1 : plan_.layout.waiting[at(rule)];
  if (offer >= 0) end_hold(v, offer, plan_.layout.offer_start[at(rule)]);  // a firing that is judged replaces what its rule holds
  if (waiting >= 0) end_hold(v, waiting, plan_.layout.waiting_start[at(rule)]);
  end_waiting(v, rule);
  switch (d.kind) {
    case history::Deed::Kind::Waiting: {
      if (rule < 0) return;
      if (waiting < 0) {
        write_start(v.own().waiting.emplace_back(Rare::Waiting{rule, {d.until}}).words, at(rule), start, captures);
      } else {
        record::set_instant(v.record, waiting, d.until);
        write_start(v.record, plan_.layout.waiting_start[at(rule)], start, captures);
      }
      due_at(v, d.until);
      return;
    }
    case history::Deed::Kind::Offered:
      if (offer < 0) return;
      record::set_instant(v.record, offer, when + plan_.rules[at(rule)].held);
      write_start(v.record, plan_.layout.offer_start[at(rule)], start, captures);
      return;
    case history::Deed::Kind::Dropped: return;
    case history::Deed::Kind::HeldOut:
    case history::Deed::Kind::Acted:
      expose(v, rule, d, when);
      if (d.kind == history::Deed::Kind::Acted) act(v, rule, d, when);
      return;
  }
}

// Was there anything?
bool Engine::end_hold(Visitor& v, std::int32_t until, const plan::StartCells& start) {
  if (record::instant(v.record, until) == kUnknown) return false;
  record::set_instant(v.record, until, kUnknown);
  record::clear_start(v.record, start);
  return true;
}

// Of what the record has no place for. Was there anything?
bool Engine::end_waiting(Visitor& v, int rule) {
  return v.waits() && std::erase_if(v.rare->waiting, [&](const Rare::Waiting& w) { return w.rule == rule; }) > 0;
}

// An exposure: acted or held out.
void Engine::expose(Visitor& v, int rule, const Effect& d, Millis when) {
  if (rule < 0) return;
  const plan::Rule& r = plan_.rules[at(rule)];
  const Value held_out = d.kind == history::Deed::Kind::HeldOut ? kYes : kNo;
  if (const std::int32_t once = plan_.layout.once[at(rule)]; once >= 0) record::set_instant(v.record, once, when);
  if (r.hold_out >= 0) {
    const std::int32_t cell = plan_.layout.arm[at(r.hold_out)];
    const Value arm = record::tiny(v.record, cell);
    if (arm != held_out) record::set_tiny(v.record, cell, arm == kUnknown ? held_out : kMixed);
  }
  const std::int32_t goal = plan_.journeys[at(r.journey_index)].goal;
  if (goal < 0) return;
  std::vector<Value>& exposures = record::own_list(v.record, plan_.layout.goal_list[at(goal)]);
  record::prune(exposures, 4, when - plan_.goals[at(goal)].within);
  exposures.insert(exposures.end(), {when, static_cast<Value>(d.id.high), static_cast<Value>(d.id.low), static_cast<Value>(rule) * 4 + held_out * 2});
}

void Engine::act(Visitor& v, int rule, const Effect& d, Millis when) {
  const auto count = [&](std::int32_t limit) { record::count_limit(plan_, v.record, limit, when); };
  for (const Effect::Done& done : d.done) {
    const std::optional<plan::LimitUnit> unit = unit_of(done.kind, done.service);
    const std::int32_t channel = done.channel;
    if (unit) {
      if (rule >= 0) {
        for (std::int32_t l : plan_.rules[at(rule)].counted_in)
          if (plan_.limits[at(l)].unit == *unit) count(l);
      } else {
        for (const plan::Guarantee& g : plan_.guarantees)
          if (g.limit >= 0 && plan_.limits[at(g.limit)].unit == *unit) count(g.limit);
      }
    }
    if (unit == plan::LimitUnit::Messages && channel >= 0) {
      if (const std::int32_t l = plan_.channel_limits[at(channel)]; l >= 0) count(l);
      if (const std::int32_t list = plan_.layout.answer_list[at(channel)]; list >= 0 && rule >= 0) {
        std::vector<Value>& sends = record::own_list(v.record, list);
        std::size_t old = 0;
        while (old < sends.size() && sends[old] <= when - plan_.catalog.history) old += 2;
        sends.erase(sends.begin(), sends.begin() + static_cast<std::ptrdiff_t>(old));
        sends.insert(sends.end(), {when, kNo});
      }
    }
    if (done.kind != plan::ActionKind::Suppress || rule < 0) continue;
    if (done.suppression < 0) {
      Millis& until = v.own().suppressed.try_emplace(std::string(done.name), when).first->second;
      until = std::max(until, when + done.length);
    } else {
      const std::int32_t until = plan_.layout.suppression[at(done.suppression)];
      record::set_instant(v.record, until, std::max(record::instant(v.record, until), when + done.length));
    }
  }
  ++v.record.seq;
  ++acted_;
  const std::array<char, 32> id = history::digits(d.id);
  latest_act_ = {rule < 0 ? kByTime : plan_.decision_of(at(rule)), when, nullptr, history::identity_of_decision({id.data(), id.size()})};
  meet(latest_act_.identity, v.record.seq, latest_act_.what);
  if (rule >= 0) happen(v, latest_act_);
}

void Engine::hand_out_conversion(std::size_t rule, history::Decision decision) {
  ++counts_[rule][static_cast<std::size_t>(history::Outcome::converted)];
  if (options_.keep == Keep::Acted) return;
  Made made;
  made.decision = std::move(decision);
  made.rule = rule;
  out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(conversions_++), std::move(made));
}

}  // namespace polku::engine
