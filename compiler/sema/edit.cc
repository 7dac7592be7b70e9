// Journeys analysed anew by themselves, where nothing but what is looked at in a judgement becomes different (docs/decisions/0008).
#include <algorithm>
#include <set>
#include <tuple>

#include "compiler/sema/clauses.h"
#include "compiler/sema/impl.h"

namespace polku::sema {

namespace {

template <class T>
bool same_text(const std::optional<T>& x, const std::optional<T>& y) {
  return x.has_value() == y.has_value() && (!x || x->text == y->text);
}

template <class T>
bool same_texts(const std::vector<T>& x, const std::vector<T>& y) {
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const T& a, const T& b) { return a.text == b.text; });
}

bool same(const Does& x, const Does& y) {
  return x.anything == y.anything && x.sends == y.sends && x.messages == y.messages && x.shows == y.shows && x.tasks == y.tasks;
}

bool same(const plan::Match& x, const plan::Match& y) { return x.what == y.what && x.filter == y.filter; }
bool same(const plan::Capture& x, const plan::Capture& y) { return x.event == y.event && x.field == y.field; }

template <class T>
bool same(const std::vector<T>& x, const std::vector<T>& y) {
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const T& a, const T& b) { return same(a, b); });
}

// Nothing of such a rule's trigger is remembered, so that its `where` may change.
bool at_once(const plan::Trigger& t) { return t.start == plan::StartKind::Event && t.then == plan::DelayKind::None; }

bool same_start(const plan::Trigger& x, const plan::Trigger& y) {
  if (at_once(x) && at_once(y))
    return std::equal(x.on.begin(), x.on.end(), y.on.begin(), y.on.end(), [](const plan::Match& a, const plan::Match& b) { return a.what == b.what; });
  return x.start == y.start && same(x.on, y.on) && x.count == y.count && x.same == y.same && x.within == y.within && same(x.without, y.without) &&
         x.membership == y.membership && x.enters == y.enters && x.channel == y.channel && x.slot == y.slot && x.of_day == y.of_day && x.date == y.date &&
         x.then == y.then && same(x.stops, y.stops) && x.delay == y.delay;
}

// What a rule does, as far as records depend on it: by which channels it sends decides whether it may wait, and which answers are kept.
auto ways(const plan::Rule& rule) {
  std::set<std::tuple<plan::ActionKind, bool, std::vector<std::int32_t>, bool, std::int32_t>> out;
  for (const plan::Row& row : rule.rows)
    for (const plan::Action& a : row.actions) out.emplace(a.kind, a.service, a.channels, !a.best_of.empty(), a.suppression);
  return out;
}

bool waits(const plan::Rule& rule) { return std::any_of(rule.quiet.begin(), rule.quiet.end(), [](const plan::Quiet& q) { return q.wait; }); }

bool keeps_record(const plan::Rule& before, const plan::Rule& now) {
  return same_start(before.trigger, now.trigger) && same(before.captures, now.captures) && before.once.empty() == now.once.empty() &&
         waits(before) == waits(now) && before.offers == now.offers && ways(before) == ways(now);
}

}  // namespace

// The same journey in other words: what concerns it as a whole, its names and what its rules do as seen from elsewhere has stayed.
bool Analysis::Impl::alike(const Edit& edit) const {
  const syntax::Journey &x = *edit.before, &y = *edit.now;
  if (x.rules.empty() || x.name.text != y.name.text || x.version != y.version || x.rules.size() != y.rules.size() || !same_texts(x.limits, y.limits) ||
      !same_text(x.goal, y.goal) || !same_texts(x.stops, y.stops) || !same_text(x.hold_out, y.hold_out))
    return false;
  return std::equal(x.rules.begin(), x.rules.end(), y.rules.begin(), [&](const syntax::Rule& a, const syntax::Rule& b) {
    return a.name.text == b.name.text && same_texts(a.limits, b.limits) && same(does(*names_.catalog, a), does(*names_.catalog, b));
  });
}

// Names the rules of one in place of those of the other.
void Analysis::Impl::put(const syntax::Journey& before, const syntax::Journey& now) {
  const int j = names_.journey_by_name.at(before.name.text);
  names_.journeys[static_cast<std::size_t>(j)] = &now;
  for (std::size_t i = 0; i < now.rules.size(); ++i) {
    auto named = names_.rule_by_name.extract({j, before.rules[i].name.text});  // the key is a view of the tree
    named.key().second = now.rules[i].name.text;
    RuleEntry& entry = names_.rules[static_cast<std::size_t>(named.mapped())];
    entry.journey = &now;
    entry.rule = &now.rules[i];
    names_.rule_by_name.insert(std::move(named));
  }
}

std::optional<plan::Patch> Analysis::Impl::edit(plan::Plan& live, const std::vector<Edit>& edits, diag::Diagnostics& d) {
  for (const Edit& e : edits)
    if (!alike(e)) return std::nullopt;
  plan::Patch patch;
  diag::Diagnostics said;
  const Work work{names_, builder_, said};
  bool kept = true;
  for (const Edit& e : edits) put(*e.before, *e.now);
  builder_.begin(live, patch);
  for (const Edit& e : edits) {
    std::vector<const RuleEntry*> rules;
    const int j = names_.journey_by_name.at(e.now->name.text);
    for (const syntax::Rule& r : e.now->rules) rules.push_back(&names_.rules[static_cast<std::size_t>(names_.rule_by_name.at({j, r.name.text}))]);
    check_clauses(work, *e.now, rules);
    for (const RuleEntry* entry : rules) {
      const auto number = static_cast<std::size_t>(entry - names_.rules.data());
      const plan::Rule& before = live.rules[number];
      plan::Rule now = rule(work, *entry);
      now.suppressed_by = before.suppressed_by;
      now.belongs_to = before.belongs_to;
      now.limits = before.limits;
      now.counted_in = before.counted_in;
      now.hold_out = before.hold_out;
      kept = kept && keeps_record(before, now);
      patch.rules.emplace_back(number, std::move(now));
    }
  }
  const bool good = kept && said.ok() && !builder_.refused() && plan::fits(live, patch);
  builder_.end(good);
  if (!good) {
    for (const Edit& e : edits) put(*e.now, *e.before);
    return std::nullopt;
  }
  std::sort(patch.rules.begin(), patch.rules.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  for (const diag::Diagnostic& each : said.all()) d.add(each.code, each.span, each.message, each.help);
  return patch;
}

}  // namespace polku::sema
