#include <fmt/format.h>

#include "compiler/plan/plan.h"

namespace polku::plan {

namespace {

std::string occurrence_name(const Plan& plan, OccurrenceId what) {
  const auto events = static_cast<OccurrenceId>(plan.catalog.events.size());
  if (what < events) return plan.catalog.events[static_cast<std::size_t>(what)].name;
  return plan.rules[static_cast<std::size_t>(what - events)].name + " sent";
}

}  // namespace

void preload(base::Texts& texts, const Plan& plan) {
  for (const std::string& t : plan.texts) texts.intern(t);
  for (const auto& list : plan.text_lists) {
    std::vector<Value> ids;
    for (const std::string& t : list) ids.push_back(texts.intern(t));
    texts.intern_list(ids);
  }
}

Layout lay_out(const Plan& plan) {
  Layout l;
  auto words = [&](std::size_t n) {
    const std::int32_t at = l.words;
    l.words += static_cast<std::int32_t>(n);
    return at;
  };
  for (std::size_t i = 0; i < plan.catalog.attributes.size(); ++i) l.attribute.push_back(words(1));
  for (std::size_t i = 0; i < plan.marks.size(); ++i) l.mark.push_back(words(2));
  for (const Feature& f : plan.features) {
    std::int32_t at = -1, list = -1;
    switch (f.kind) {
      case FeatureKind::Count:
        if (f.keep > 0)
          at = words(2 * static_cast<std::size_t>(f.keep) * (f.match.filter >= 0 ? 2 : 1));
        else
          list = l.lists++;
        break;
      case FeatureKind::Values: list = l.lists++; break;
      case FeatureKind::Last: at = words(2 + f.columns.size()); break;
    }
    l.feature.push_back(at);
    l.feature_list.push_back(list);
  }
  for (const Rule& r : plan.rules) {
    std::int32_t at = -1, list = -1;
    switch (r.trigger.kind) {
      case TriggerKind::At: break;
      case TriggerKind::Absence: at = words(3 + r.captures.size()); break;
      case TriggerKind::Wait: list = l.lists++; break;
    }
    l.trigger.push_back(at);
    l.trigger_list.push_back(list);
  }
  for (const Limit& limit : plan.limits) l.limit.push_back(words(static_cast<std::size_t>(limit.count)));
  return l;
}

Footprint footprint(const Plan& plan) {
  Footprint f;
  const auto lists = static_cast<std::size_t>(plan.layout.lists);
  f.bytes = static_cast<std::size_t>(plan.layout.words) * sizeof(Value) + lists * sizeof(std::vector<Value>);
  for (const Feature& feature : plan.features) {
    if (feature.kind == FeatureKind::Count && feature.keep == 0)
      f.unbounded.push_back(fmt::format("every `{}` of {} days is kept: it is counted without a constant to compare with",
                                        occurrence_name(plan, feature.match.what), (feature.horizon + kDay - 1) / kDay));
    if (feature.kind == FeatureKind::Values)
      f.unbounded.push_back(fmt::format("every `{}` of {} days is kept with its `{}`, for a sum or an extreme",
                                        occurrence_name(plan, feature.match.what), (feature.horizon + kDay - 1) / kDay,
                                        plan.catalog.events[static_cast<std::size_t>(feature.match.what)]
                                            .fields[static_cast<std::size_t>(feature.columns[0])].name));
  }
  for (const Rule& rule : plan.rules)
    if (rule.trigger.kind == TriggerKind::Wait)
      f.unbounded.push_back(fmt::format("rule `{}`: every start is kept until its wait is over", rule.name));
  return f;
}

}  // namespace polku::plan
