// A plan that was patched under the engine (docs/decisions/0008).
#include <algorithm>

#include "runtime/engine/visitor.h"

namespace polku::engine {

namespace {

constexpr std::size_t kMostEdited = 64;  // rules of a group that are screened apart: one word

}  // namespace

// What a group's screen of its edited rules counted so far goes to those rules. As many as it was made of: not yet what is being added.
void Engine::settle_edited(std::size_t g) {
  Dispatch::Group& group = dispatch_.groups[g];
  settle(group.edited, group.fresh, screened_[g].unknown_edited);
}

// So does what all of its screens counted.
void Engine::settle_all(std::size_t g) {
  settle_edited(g);
  const Dispatch::Group& group = dispatch_.groups[g];
  Screened& s = screened_[g];
  settle(group.rules, group.screen, s.unknown);
  for (const std::size_t rule : group.rules) passed_over_[rule] += s.times;
  s.times = 0;
}

void Engine::settle(const std::vector<std::size_t>& rules, const match::Screen& screen, match::Tally& unknown) {
  for (std::size_t i = 0; i < screen.conditions(); ++i) {
    const std::uint64_t n = screen.count(unknown, i);
    counts_[rules[i]][static_cast<std::size_t>(history::Outcome::unknown)] += n;
    passed_over_[rules[i]] -= static_cast<std::int64_t>(n);
  }
  unknown = {};
}

// Who is looked at when.
void Engine::amend_rules(const std::vector<plan::Amended>& amended) {
  if (std::any_of(amended.begin(), amended.end(), [](const plan::Amended& a) { return a.any || a.filter || a.priority; })) {
    for (std::size_t g = 0; g < screened_.size(); ++g) settle_all(g);
    dispatch_ = make_dispatch(plan_, &dispatch_);
    screened_.assign(dispatch_.groups.size(), {});
  }
  for (const plan::Amended& a : amended) rule_edited(plan_, dispatch_, a.rule);
  std::vector<std::size_t> touched;
  for (const plan::Amended& a : amended) {
    if (!a.gate || dispatch_.group_of[a.rule] < 0) continue;
    const std::size_t g = at(dispatch_.group_of[a.rule]);
    Dispatch::Group& group = dispatch_.groups[g];
    if (std::find(touched.begin(), touched.end(), g) == touched.end()) {
      touched.push_back(g);
      settle_edited(g);
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
      settle_all(g);
      screen_all(plan_, group);
    }
  }
}

std::size_t Engine::amend(const std::vector<plan::Amended>& amended, Millis now) {
  numbers_.clear();
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
