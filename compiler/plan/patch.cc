#include "compiler/plan/patch.h"

#include <algorithm>
#include <iterator>

namespace polku::plan {

namespace {

template <class Use>
void each_code(const std::vector<Leaf>& leaves, Use use) {
  for (const Leaf& l : leaves) use(l.code);
}

// All that is evaluated when the rule is judged or told of.
template <class Use>
void each_code(const Rule& r, Use use) {
  use(r.gate);
  for (const Clause& c : r.when) each_code(c.leaves, use);
  for (const Condition& c : r.conditions) {
    use(c.clause.code);
    each_code(c.clause.leaves, use);
  }
  each_code(r.columns, use);
  for (const Row& row : r.rows) {
    use(row.code);
    for (const Action& a : row.actions)
      for (const Param& p : a.params) {
        use(p.code);
        each_code(p.leaves, use);
      }
  }
}

template <class T>
void append(std::vector<T>& to, std::vector<T>&& more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

bool same(const std::vector<Match>& x, const std::vector<Match>& y) {
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const Match& a, const Match& b) { return a.what == b.what && a.filter == b.filter; });
}

}  // namespace

bool fits(const Plan& plan, const Patch& patch) {
  const auto of = [](const auto& there, const auto& more, std::int64_t i) -> const auto& {
    const auto n = static_cast<std::size_t>(i);
    return n < there.size() ? there[n] : more[n - there.size()];
  };
  bool good = true;
  for (const auto& [number, rule] : patch.rules) {
    const auto kept = [](const StartCells& s) { return s.at < 0 || s.seq.at >= 0; };
    const bool knows_its_place = kept(plan.layout.pending_start[number]) && kept(plan.layout.waiting_start[number]) && kept(plan.layout.offer_start[number]);
    if (rule.trigger.start == StartKind::Order) {  // their first steps are remembered for all rules that have them (Layout::prefixes)
      std::vector<Match> now = rule.trigger.on, was = plan.rules[number].trigger.on;
      now.pop_back();
      was.pop_back();
      if (!same(now, was) || !same(rule.trigger.without, plan.rules[number].trigger.without)) good = false;
    }
    each_code(rule, [&](CodeId id) {
      if (id < 0) return;
      for (const Instr& i : of(plan.codes, patch.codes, id).instrs) {
        if (!op_reads_feature(i.op) || i.op == Op::LastField) continue;
        const Window& w = of(plan.windows, patch.windows, i.imm);
        const Ring& ring = plan.layout.feature[static_cast<std::size_t>(i.aux)];
        if ((w.since >= 0 || w.before_this) && ring.at >= 0 && !ring.seq) good = false;
        if (w.before_this && !knows_its_place) good = false;
      }
    });
  }
  return good;
}

std::vector<Amended> apply(Plan& plan, Patch patch) {
  append(plan.codes, std::move(patch.codes));
  append(plan.windows, std::move(patch.windows));
  for (const auto& [feature, horizon] : patch.horizons) plan.features[feature].horizon = std::max(plan.features[feature].horizon, horizon);
  std::vector<Amended> out;
  for (auto& [number, rule] : patch.rules) {
    Rule& was = plan.rules[number];
    const auto earlier = [](const Rule& r) { return !r.dates.empty() || !r.once.empty(); };
    out.push_back({.rule = number,
                   .gate = was.gate != rule.gate || earlier(was) != earlier(rule),
                   .any = (was.gate < 0) != (rule.gate < 0),
                   .filter = !same(was.trigger.on, rule.trigger.on),
                   .priority = was.priority != rule.priority,
                   .held = rule.held - was.held});
    was = std::move(rule);
  }
  return out;
}

}  // namespace polku::plan
