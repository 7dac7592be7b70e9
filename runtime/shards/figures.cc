#include "runtime/shards/figures.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "compiler/plan/describe.h"

namespace polku::shards {

namespace {

constexpr engine::Profile::Item engine::Profile::* kShared[] = {&engine::Profile::filters, &engine::Profile::triggers, &engine::Profile::screens, &engine::Profile::segments, &engine::Profile::reasons, &engine::Profile::folds};

// Ticks that reading the clock takes: no part of what lies between two readings.
std::uint64_t reading() {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (int i = 0; i < 64; ++i) {
    const std::uint64_t from = engine::ticks();
    least = std::min(least, engine::ticks() - from);
  }
  return least;
}

}  // namespace

void add_rules(const plan::Plan& plan, const std::vector<engine::OutcomeCounts>& outcomes, const std::vector<std::vector<engine::Unknown>>& unknowns, RuleSums& to) {
  for (std::size_t r = 0; r < plan.rules.size(); ++r) {
    const plan::Rule& rule = plan.rules[r];
    RuleCounts& sum = to[{rule.journey, rule.name}];
    sum.journey = rule.journey;
    sum.rule = rule.name;
    for (std::size_t o = 0; o < sum.outcomes.size(); ++o) sum.outcomes[o] += outcomes[r][o];
    if (r < unknowns.size())
      for (const engine::Unknown& u : unknowns[r]) sum.unknown[u.name] += u.times;
  }
}

engine::Profile operator+(engine::Profile a, const engine::Profile& b) {
  for (std::size_t r = 0; r < a.rules.size(); ++r) {
    a.rules[r] += b.rules[r];
    a.acted[r] += b.acted[r];
  }
  for (std::size_t f = 0; f < a.features.size(); ++f) a.features[f] += b.features[f];
  for (const auto item : kShared) a.*item += b.*item;
  a.busy += b.busy;
  return a;
}

Costs costs_of(const plan::Plan& plan, const engine::Profile& profile, double tick) {
  const std::uint64_t each = reading();
  const auto cost = [&](const engine::Profile::Item& item) { return Costs::Item{item.times, static_cast<double>(item.ticks - std::min(item.ticks, item.times * each)) * tick}; };
  Costs out;
  out.busy = static_cast<double>(profile.busy) * tick;
  for (std::size_t r = 0; r < plan.rules.size(); ++r) out.rules.push_back({plan.rules[r].journey, plan.rules[r].name, cost(profile.rules[r]), profile.acted[r]});
  for (std::size_t f = 0; f < plan.features.size(); ++f) out.features.push_back({plan::describe_feature(plan, f), cost(profile.features[f]), plan::feature_bytes(plan, f)});
  std::sort(out.rules.begin(), out.rules.end(), [](const auto& a, const auto& b) { return std::tie(b.judged.nanoseconds, a.journey, a.rule) < std::tie(a.judged.nanoseconds, b.journey, b.rule); });
  std::sort(out.features.begin(), out.features.end(), [](const auto& a, const auto& b) { return std::tie(b.updated.nanoseconds, a.what) < std::tie(a.updated.nanoseconds, b.what); });
  constexpr Costs::Item Costs::* kTo[] = {&Costs::filters, &Costs::triggers, &Costs::screens, &Costs::segments, &Costs::reasons, &Costs::folds};
  for (std::size_t i = 0; i < std::size(kShared); ++i) out.*kTo[i] = cost(profile.*kShared[i]);
  return out;
}

}  // namespace polku::shards
