// A plan that was patched under the engine (docs/decisions/0008).
#include <algorithm>

#include "runtime/engine/visitor.h"

namespace polku::engine {

namespace {

constexpr std::size_t kMostEdited = 64;  // rules of a group that are screened apart: one word

}  // namespace

// What the screens of a group counted so far goes to its rules: those of the edited, or (whole) all.
void Engine::settle_counts(std::size_t g, bool whole) {
  const Dispatch::Group& group = dispatch_.groups[g];
  Screened& s = screened_[g];
  const auto settle = [&](const std::vector<std::size_t>& rules, const match::Screen& screen, match::Tally& unknown) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const std::uint64_t n = screen.count(unknown, i);
      counts_[rules[i]][static_cast<std::size_t>(history::Outcome::unknown)] += n;
      passed_over_[rules[i]] -= static_cast<std::int64_t>(n);
    }
    unknown = {};
  };
  settle(group.edited, group.fresh, s.unknown_edited);
  if (!whole) return;
  settle(group.rules, group.screen, s.unknown);
  for (const std::size_t rule : group.rules) passed_over_[rule] += s.times;
  s.times = 0;
}

// Who is looked at when.
void Engine::amend_rules(const std::vector<plan::Amended>& amended) {
  if (std::any_of(amended.begin(), amended.end(), [](const plan::Amended& a) { return a.any || a.filter || a.priority; })) {
    for (std::size_t g = 0; g < screened_.size(); ++g) settle_counts(g, true);
    dispatch_ = make_dispatch(plan_, &dispatch_);
    screened_.assign(dispatch_.groups.size(), {});
  }
  for (const plan::Amended& a : amended) brief_edited(plan_, dispatch_, a.rule);
  std::vector<std::size_t> touched;
  for (const plan::Amended& a : amended) {
    if (!a.gate || dispatch_.group_of[a.rule] < 0) continue;
    const std::size_t g = at(dispatch_.group_of[a.rule]);
    Dispatch::Group& group = dispatch_.groups[g];
    if (std::find(touched.begin(), touched.end(), g) == touched.end()) {
      touched.push_back(g);
      settle_counts(g, false);
    }
    if (std::find(group.edited.begin(), group.edited.end(), a.rule) != group.edited.end()) continue;
    group.screen.leave_out(static_cast<std::size_t>(std::find(group.rules.begin(), group.rules.end(), a.rule) - group.rules.begin()));
    group.edited.push_back(a.rule);
  }
  for (const std::size_t g : touched) {
    Dispatch::Group& group = dispatch_.groups[g];
    if (group.edited.size() <= kMostEdited) {
      screen_edited(plan_, group);
    } else {
      settle_counts(g, true);
      screen_all(plan_, group);
    }
  }
}

std::size_t Engine::amend(const std::vector<plan::Amended>& amended, Millis now) {
  amend_rules(amended);
  const bool held = std::any_of(amended.begin(), amended.end(), [](const plan::Amended& a) { return a.held != 0; });
  const bool starts = std::any_of(amended.begin(), amended.end(), [](const plan::Amended& a) { return a.filter; });
  const bool histories = options_.remember == Remember::Histories;
  if (!held && !(starts && histories)) return 0;
  std::size_t visitors = 0;
  for (std::uint32_t n = 0; n < visitors_->end(); ++n) {
    Visitor* v = visitors_->at(n);
    if (!v) continue;
    ++visitors;
    if (histories) {
      begin_anew(*v, now);
      continue;
    }
    for (const plan::Amended& a : amended)
      if (const std::int32_t offer = plan_.layout.offer[a.rule]; a.held != 0 && offer >= 0)
        if (const Millis until = record::instant(v->record, offer); until != kUnknown) record::set_instant(v->record, offer, until + a.held);
  }
  return visitors;
}

}  // namespace polku::engine
