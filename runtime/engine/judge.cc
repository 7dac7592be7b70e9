// The gates that a firing passes, in their order (LANGUAGE.md 5), and the reasons of the decision.
#include <algorithm>

#include "runtime/engine/engine.h"
#include "runtime/engine/visitor.h"

namespace polku::engine {

using history::Decision;
using history::Outcome;
using history::Tri;

namespace {

std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

Tri tri(Value v) { return v == kYes ? Tri::Yes : v == kNo ? Tri::No : Tri::Unknown; }

history::Datum whole(std::int64_t n) { return {catalog::TypeKind::Whole, n, {}, false}; }

}  // namespace

std::vector<history::Seen> Engine::seen(const std::vector<plan::Leaf>& leaves, const plan::Context& context) const {
  std::vector<history::Seen> out;
  for (const plan::Leaf& l : leaves) {
    history::Datum d = history::datum(plan_.codes[at(l.code)].type, evaluator_.evaluate(l.code, context), texts_);
    d.or_more = l.or_more > 0 && d.value == l.or_more;
    out.push_back({l.name, std::move(d)});
  }
  return out;
}

history::Reason Engine::reason(const plan::Clause& clause, Tri is, const plan::Context& context) const {
  return {clause.text, is, seen(clause.leaves, context)};
}

// The decision but for its outcome, with the reasons up to the clauses.
Decision Engine::decision(const Visitor& v, const plan::Rule& rule, const plan::Context& context) const {
  const plan::Action& a = rule.action;
  const catalog::Channel& channel = plan_.catalog.channels[at(a.channel)];
  Decision d;
  d.at = context.now;
  d.visitor = v.key;
  d.journey = rule.journey;
  d.rule = rule.name;
  d.action.kind = a.kind == plan::ActionKind::Send ? history::ActionKind::Send : history::ActionKind::Show;
  d.action.name = a.name;
  d.action.channel = channel.name;
  if (a.slot >= 0) d.action.slot = channel.slots[at(a.slot)];
  d.because.push_back(reason(rule.when, Tri::Yes, context));
  if (!rule.then.empty()) d.because.push_back({rule.then, Tri::Yes, {}});
  for (const plan::Condition& c : rule.conditions) d.because.push_back(reason(c.clause, tri(evaluator_.evaluate(c.clause.code, context)), context));
  return d;
}

void Engine::judge(Visitor& v, const Firing& firing, Millis when) {
  const std::size_t index = at(firing.rule);
  const plan::Rule& rule = plan_.rules[index];
  const plan::Action& a = rule.action;
  const catalog::Channel& channel = plan_.catalog.channels[at(a.channel)];
  const record::View view{&plan_, &v.record, &texts_};
  const Value* attributes = v.record.words.get() + (plan_.layout.attribute.empty() ? 0 : plan_.layout.attribute[0]);
  const plan::Context context{when, pool_.data() + firing.fields, attributes, &record::host(), &view};

  Outcome outcome = Outcome::acted;
  history::Reason refused;
  std::vector<history::Seen> params;

  const auto gates = [&] {
    if (rule.gate >= 0) {
      const Value pass = evaluator_.evaluate(rule.gate, context);
      if (pass == kNo) return Outcome::no_match;
      if (pass != kYes) return Outcome::unknown;
    }
    for (const plan::Param& p : a.params) {
      if (p.code < 0) continue;
      const Value value = evaluator_.evaluate(p.code, context);
      if (value != kUnknown) {
        params.push_back({p.name, history::datum(p.type, value, texts_)});
      } else if (!p.optional) {
        params.clear();
        refused = {p.clause, Tri::Unknown, seen(p.leaves, context)};
        return Outcome::unknown;
      }
    }
    for (const Occupied& o : occupied_) {
      if (o.channel != a.channel || o.slot != a.slot) continue;
      const plan::Rule& other = plan_.rules[o.rule];
      refused = {a.slot < 0 ? "one message by " + channel.name + " at a time" : "one show in " + channel.name + "." + channel.slots[at(a.slot)] + " at a time",
                 Tri::No,
                 {{"taken by", {catalog::TypeKind::Text, 0, {other.journey + " / " + other.name}, false}}}};
      return Outcome::outranked;
    }
    const auto need = [&](int attribute, Outcome no) {
      const catalog::Attribute& n = plan_.catalog.attributes[at(attribute)];
      const Value value = attributes[attribute];
      const bool met = no == Outcome::no_consent ? value == kYes : value != kUnknown;
      if (!met) refused = {channel.name + " needs " + n.name, value == kNo ? Tri::No : Tri::Unknown, {{n.name, history::datum(n.type, value, texts_)}}};
      return met;
    };
    if (channel.needs >= 0 && !need(channel.needs, Outcome::no_consent)) return Outcome::no_consent;
    if (channel.reach >= 0 && !need(channel.reach, Outcome::no_reach)) return Outcome::no_reach;
    for (std::int32_t l : rule.limits) {
      const plan::Limit& limit = plan_.limits[at(l)];
      if ((limit.unit == plan::LimitUnit::Messages) != (a.kind == plan::ActionKind::Send)) continue;
      const std::int64_t used = record::used(plan_, v.record, l, when);
      if (used < limit.count) continue;
      refused = {limit.text, Tri::No, {{limit.unit == plan::LimitUnit::Messages ? "messages" : "shows", whole(used)}}};
      return Outcome::over_limit;
    }
    return Outcome::acted;
  };
  outcome = gates();

  ++counts_[index][static_cast<std::size_t>(outcome)];
  const bool acted = outcome == Outcome::acted;
  const bool wanted = acted || keep_ == Keep::All || (keep_ == Keep::Recorded && history::outcome_recorded(outcome));
  if (!wanted) return;
  Decision d = decision(v, rule, context);
  d.id = history::firing_id(firing.identity, rule.journey, rule.name);
  d.outcome = outcome;
  if (outcome != Outcome::no_match) d.action.params = std::move(params);
  if (!refused.clause.empty()) d.because.push_back(std::move(refused));
  if (acted) {
    occupied_.push_back({a.channel, a.slot, index});
    for (std::int32_t l : rule.limits)
      if ((plan_.limits[at(l)].unit == plan::LimitUnit::Messages) == (a.kind == plan::ActionKind::Send)) record::count_limit(plan_, v.record, l, when);
    ++v.record.seq;
    static const std::vector<Value> kNoFields;
    happen(v, plan_.decision_of(index), when, kNoFields, history::identity_of_decision(d.id));
  }
  made_.emplace_back(index, std::move(d));
}

}  // namespace polku::engine
