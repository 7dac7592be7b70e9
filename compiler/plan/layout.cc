#include <fmt/format.h>

#include <algorithm>

#include "compiler/plan/plan.h"

namespace polku::plan {

namespace {

std::string occurrence_name(const Plan& plan, OccurrenceId what) {
  const auto events = static_cast<OccurrenceId>(plan.catalog.events.size());
  if (what < events) return plan.catalog.events[static_cast<std::size_t>(what)].name;
  return plan.rules[static_cast<std::size_t>(what - events)].name + " sent";
}

Millis days(Millis length) { return (length + kDay - 1) / kDay; }

bool may_wait(const Plan& plan, const Rule& rule) {
  if (std::any_of(rule.quiet.begin(), rule.quiet.end(), [](const Quiet& q) { return q.wait; })) return true;
  for (const Row& row : rule.rows)
    for (const Action& a : row.actions)
      for (std::int32_t c : a.channels)
        if (a.kind == ActionKind::Send && !a.service && plan.catalog.channels[static_cast<std::size_t>(c)].quiet) return true;
  return false;
}

// Channels between which some `best of` chooses.
std::vector<char> compared(const Plan& plan) {
  std::vector<char> out(plan.catalog.channels.size(), 0);
  for (const Rule& rule : plan.rules)
    for (const Row& row : rule.rows)
      for (const Action& a : row.actions)
        if (!a.best_of.empty())
          for (std::int32_t c : a.channels) out[static_cast<std::size_t>(c)] = 1;
  return out;
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
  const auto words = [&](std::size_t n) {
    const std::int32_t at = l.words;
    l.words += static_cast<std::int32_t>(n);
    return at;
  };
  const auto words_if = [&](bool wanted, std::size_t n) { return wanted ? words(n) : -1; };
  const auto list_if = [&](bool wanted) { return wanted ? l.lists++ : -1; };
  for (std::size_t i = 0; i < plan.catalog.attributes.size(); ++i) l.attribute.push_back(words(1));
  for (std::size_t i = 0; i < plan.memberships.size(); ++i) l.membership.push_back(words(1));
  for (const Rule& r : plan.rules) l.pending.push_back(words_if(r.trigger.then == DelayKind::Absence, 1));
  for (const Rule& r : plan.rules) l.waiting.push_back(words_if(may_wait(plan, r), 1));
  for (const Rule& r : plan.rules) l.offer.push_back(words_if(r.offers, 1));
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
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    const Rule& r = plan.rules[i];
    const Trigger& t = r.trigger;
    const std::size_t start = kStartWords + r.captures.size();
    const std::size_t partial = t.start == StartKind::Count && t.same < 0 ? static_cast<std::size_t>(t.count) - 1
                                : t.start == StartKind::Order             ? t.on.size() - 1
                                                                          : 0;
    l.start.push_back(words_if(partial > 0, partial));
    l.start_list.push_back(list_if(t.start == StartKind::Count && t.same >= 0));
    l.pending_start.push_back(words_if(l.pending[i] >= 0, start));
    l.pending_list.push_back(list_if(t.then == DelayKind::Wait));
    l.waiting_start.push_back(words_if(l.waiting[i] >= 0, start));
    l.offer_start.push_back(words_if(l.offer[i] >= 0, start));
    l.once.push_back(words_if(!r.once.empty(), 1));
  }
  for (const Limit& limit : plan.limits) l.limit.push_back(words(static_cast<std::size_t>(limit.count)));
  for (std::size_t i = 0; i < plan.suppressions.size(); ++i) l.suppression.push_back(words(1));
  for (std::size_t i = 0; i < plan.hold_outs.size(); ++i) l.arm.push_back(words(1));
  for (std::size_t i = 0; i < plan.goals.size(); ++i) l.goal_list.push_back(l.lists++);
  for (char c : compared(plan)) l.answer_list.push_back(list_if(c != 0));
  return l;
}

Footprint footprint(const Plan& plan) {
  Footprint f;
  const auto lists = static_cast<std::size_t>(plan.layout.lists);
  f.bytes = static_cast<std::size_t>(plan.layout.words) * sizeof(Value) + lists * sizeof(std::vector<Value>);
  for (const Feature& feature : plan.features) {
    if (feature.kind == FeatureKind::Count && feature.keep == 0)
      f.unbounded.push_back(fmt::format("every `{}` of {} days is kept: it is counted without a constant to compare with, or `before this`",
                                        occurrence_name(plan, feature.match.what), days(feature.horizon)));
    if (feature.kind == FeatureKind::Values)
      f.unbounded.push_back(fmt::format("every `{}` of {} days is kept with its `{}`, for a sum, an average, an extreme or the first",
                                        occurrence_name(plan, feature.match.what), days(feature.horizon),
                                        plan.catalog.events[static_cast<std::size_t>(feature.match.what)]
                                            .fields[static_cast<std::size_t>(feature.columns[0])].name));
  }
  for (const Rule& rule : plan.rules) {
    if (rule.trigger.then == DelayKind::Wait) f.unbounded.push_back(fmt::format("rule `{}`: every start is kept until its wait is over", rule.name));
    if (rule.trigger.same >= 0) f.unbounded.push_back(fmt::format("rule `{}`: up to {} times are kept for each value met", rule.name, rule.trigger.count - 1));
  }
  for (const Goal& goal : plan.goals)
    f.unbounded.push_back(fmt::format("journey \"{}\": every exposure is kept for the time of its goal", plan.journeys[static_cast<std::size_t>(goal.journey)].name));
  for (std::size_t c = 0; c < plan.catalog.channels.size(); ++c)
    if (plan.layout.answer_list[c] >= 0)
      f.unbounded.push_back(fmt::format("every message by `{}` of {} days is kept, for `best of`", plan.catalog.channels[c].name, days(plan.catalog.history)));
  return f;
}

}  // namespace polku::plan
