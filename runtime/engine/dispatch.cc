#include "runtime/engine/dispatch.h"

#include <algorithm>

namespace polku::engine {

Dispatch make_dispatch(const plan::Plan& plan) {
  Dispatch d;
  d.by_occurrence.resize(static_cast<std::size_t>(plan.occurrences()));
  const auto at = [&](plan::OccurrenceId what) -> Reaction& { return d.by_occurrence[static_cast<std::size_t>(what)]; };
  const auto concern = [&](const plan::Match& m, std::size_t what) {
    Concern c{static_cast<std::int32_t>(what), -1};
    if (m.filter < 0) return c;
    auto& filters = at(m.what).filters;
    auto it = std::find(filters.begin(), filters.end(), m.filter);
    if (it == filters.end()) it = filters.insert(filters.end(), m.filter);
    c.filter = static_cast<std::int32_t>(it - filters.begin());
    return c;
  };
  for (std::size_t i = 0; i < plan.marks.size(); ++i) at(plan.marks[i].what).marks.push_back(static_cast<std::int32_t>(i));
  for (std::size_t i = 0; i < plan.features.size(); ++i) {
    const plan::Feature& f = plan.features[i];
    switch (f.kind) {
      case plan::FeatureKind::Count: at(f.match.what).counts.push_back(concern(f.match, i)); break;
      case plan::FeatureKind::Values: at(f.match.what).values.push_back(concern(f.match, i)); break;
      case plan::FeatureKind::Last:
        at(f.match.what).lasts.push_back(concern(f.match, i));
        for (plan::OccurrenceId r : f.resets) at(r).resets.push_back({static_cast<std::int32_t>(i), -1});
        break;
    }
  }
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    const plan::Trigger& t = plan.rules[i].trigger;
    at(t.start.what).starts.push_back(concern(t.start, i));
    for (const plan::Match& s : t.stops) at(s.what).stops.push_back(concern(s, i));
    if (t.kind != plan::TriggerKind::At) d.delayed.push_back(i);
  }
  return d;
}

}  // namespace polku::engine
