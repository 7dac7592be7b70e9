#include "runtime/engine/dispatch.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace polku::engine {

namespace {

// A firing that fails the rule's conditions leaves nothing behind.
bool is_plain(const plan::Plan& plan, std::size_t rule) {
  return plan.rules[rule].gate >= 0 && plan.layout.waiting[rule] < 0 && plan.layout.offer[rule] < 0;
}

// What starts it is one record, whatever stands before or behind that: a `where` sees the record alone. Offers may come again with a request.
bool is_direct(const plan::Plan& plan, std::size_t rule) {
  const plan::Trigger& t = plan.rules[rule].trigger;
  if (t.then != plan::DelayKind::None || plan.layout.offer[rule] >= 0) return false;
  const auto recorded = [&](const plan::Match& m) { return static_cast<std::size_t>(m.what) < plan.catalog.events.size(); };
  return t.start == plan::StartKind::Asked || (t.start == plan::StartKind::Event && std::all_of(t.on.begin(), t.on.end(), recorded));
}

Dispatch::Brief brief_of(const plan::Plan& plan, std::size_t i) {
  const plan::Rule& r = plan.rules[i];
  return {r.captures, r.trigger.delay, r.gate, r.trigger.then, is_plain(plan, i), is_direct(plan, i)};
}

// The rows of its table, if they are so many that looking at one after the other takes longer.
std::unique_ptr<const match::Screen> table_of(const plan::Plan& plan, std::size_t i, const match::Kernel& kernel) {
  constexpr std::size_t kMany = 16;
  const plan::Rule& rule = plan.rules[i];
  if (!rule.table || rule.rows.size() < kMany) return nullptr;
  std::vector<plan::Capture> fields;  // a row knows what the rule captured by its number
  for (std::size_t f = 0; f < rule.captures.size(); ++f) fields.push_back({0, static_cast<std::int32_t>(f)});
  std::vector<match::Asked> rows;
  for (std::size_t r = 0; r < rule.rows.size(); ++r) rows.push_back({static_cast<std::uint32_t>(r), rule.rows[r].code, &fields, 0});
  return std::make_unique<const match::Screen>(plan, plan::SharedTests(), rows, kernel);
}

match::Screen screen_of(const plan::Plan& plan, const plan::SharedTests& shared, const std::vector<std::size_t>& rules, const match::Kernel& kernel) {
  std::vector<match::Asked> gates;
  for (const std::size_t r : rules) {
    const plan::Rule& rule = plan.rules[r];
    gates.push_back({static_cast<std::uint32_t>(r), is_plain(plan, r) ? rule.gate : -1, &rule.captures, rule.trigger.on.empty() ? -1 : rule.trigger.on[0].what,
                     !rule.dates.empty() || !rule.once.empty()});  // what fails by these does not come to what is unknown
  }
  return match::Screen(plan, shared, gates, kernel);
}

class Maker {
 public:
  Maker(const plan::Plan& plan, Dispatch* from, const match::Kernel& kernel) : plan_(plan), from_(from), kernel_(kernel), shared_(plan) {
    d_.by_occurrence.resize(static_cast<std::size_t>(plan.occurrences()));
  }

  Dispatch run() {
    for (std::size_t i = 0; i < plan_.marks.size(); ++i) at(plan_.marks[i].what).marks.push_back(static_cast<std::int32_t>(i));
    for (std::size_t i = 0; i < plan_.features.size(); ++i) feature(i);
    d_.members.resize(plan_.memberships.size());
    d_.journeys.resize(plan_.journeys.size());
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) rule(i);
    sequences();
    rank();
    for (std::size_t i = 0; i < plan_.journeys.size(); ++i)
      for (const plan::Match& m : plan_.journeys[i].stops) at(m.what).journey_stops.push_back(concern(m, i));
    for (std::size_t i = 0; i < plan_.goals.size(); ++i) at(plan_.goals[i].match.what).goals.push_back(concern(plan_.goals[i].match, i));
    for (std::size_t c = 0; c < plan_.layout.answer_list.size(); ++c)
      if (const auto& answer = plan_.catalog.channels[c].answer; answer && plan_.layout.answer_list[c] >= 0)
        at(answer->event).answers.push_back(static_cast<std::int32_t>(c));
    for (std::size_t what = 0; what < d_.by_occurrence.size(); ++what) arrange(what);
    return std::move(d_);
  }

 private:
  Reaction& at(plan::OccurrenceId what) { return d_.by_occurrence[static_cast<std::size_t>(what)]; }

  Concern concern(const plan::Match& m, std::size_t what, std::int32_t part = 0) {
    Concern c{static_cast<std::int32_t>(what), -1, part};
    if (m.filter < 0) return c;
    auto& filters = at(m.what).filters;
    auto it = std::find(filters.begin(), filters.end(), m.filter);
    if (it == filters.end()) it = filters.insert(filters.end(), m.filter);
    c.filter = static_cast<std::int32_t>(it - filters.begin());
    return c;
  }

  void arrange(std::size_t what) {
    Reaction& r = d_.by_occurrence[what];
    r.counts.arrange(r.filters.size());
    r.values.arrange(r.filters.size());
    r.groups.arrange(r.filters.size());
    r.starts.arrange(r.filters.size());
    r.last_steps.arrange(r.filters.size());
    r.screened = r.filters.size() >= kScreened && what < plan_.catalog.events.size();
    if (!r.screened) return;
    const auto event = static_cast<plan::OccurrenceId>(what);
    std::vector<plan::Capture> fields;  // a filter knows fields by their number
    for (std::size_t f = 0; f < plan_.catalog.events[what].fields.size(); ++f) fields.push_back({event, static_cast<std::int32_t>(f)});
    std::vector<match::Asked> asked;
    for (std::size_t f = 0; f < r.filters.size(); ++f) asked.push_back({static_cast<std::uint32_t>(f), r.filters[f], &fields, event, true});
    r.screen = match::Screen(plan_, {}, asked, kernel_);
  }

  void rank() {
    std::vector<std::size_t> order(plan_.rules.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const std::int64_t pa = plan_.rules[a].priority, pb = plan_.rules[b].priority;
      return pa != pb ? pa > pb : a < b;
    });
    d_.rank.resize(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) d_.rank[order[i]] = i;
    d_.group_of.assign(order.size(), -1);
    for (std::size_t n = 0; n < d_.groups.size(); ++n) {
      Dispatch::Group& g = d_.groups[n];
      std::sort(g.rules.begin(), g.rules.end(), [&](std::size_t x, std::size_t y) { return d_.rank[x] < d_.rank[y]; });
      for (const std::size_t r : g.rules) {
        d_.group_of[r] = static_cast<std::int32_t>(n);
        g.direct = g.direct && d_.brief[r].direct;
      }
      const std::int32_t before = from_ ? from_->group_of[g.rules[0]] : -1;
      if (before >= 0 && from_->groups[static_cast<std::size_t>(before)].rules == g.rules) g = std::move(from_->groups[static_cast<std::size_t>(before)]);
      else g.screen = screen_of(plan_, shared_, g.rules, kernel_);
    }
  }

  std::size_t new_group() {
    d_.groups.emplace_back();
    return d_.groups.size() - 1;
  }

  // A start that happens once at a place at most: what an act starts may come again in the rounds of one place, and is looked at once only.
  bool groups(const plan::Trigger& t) const {
    return t.on.size() == 1 && t.then == plan::DelayKind::None && static_cast<std::size_t>(t.on[0].what) < plan_.catalog.events.size();
  }

  // Those that one event starts under one filter are a group.
  void join(const plan::Match& m, std::size_t rule) {
    const auto [group, fresh] = group_of_.try_emplace({m.what, m.filter}, d_.groups.size());
    if (fresh) at(m.what).groups.add(concern(m, new_group()));
    d_.groups[group->second].rules.push_back(rule);
  }

  // Prefixes have been numbered from the first steps on.
  void sequences() {
    const plan::Layout& l = plan_.layout;
    std::vector<std::vector<std::size_t>> ends(l.prefixes.size());
    for (std::size_t i = 0; i < plan_.rules.size(); ++i)
      if (l.prefix[i] >= 0) ends[static_cast<std::size_t>(l.prefix[i])].push_back(i);
    std::vector<std::size_t> order(l.prefixes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return l.prefixes[a].steps != l.prefixes[b].steps ? l.prefixes[a].steps > l.prefixes[b].steps : a < b; });
    for (std::size_t p : order)
      for (std::size_t i : ends[p]) {
        const plan::Match& m = plan_.rules[i].trigger.on.back();
        at(m.what).last_steps.add({concern(m, i).filter, l.prefixes[p].at, -1, static_cast<std::int32_t>(i)});
      }
    for (std::size_t p : order) {
      const plan::Layout::Prefix& x = l.prefixes[p];
      at(x.last.what).steps.push_back({concern(x.last, p).filter, x.before < 0 ? -1 : l.prefixes[static_cast<std::size_t>(x.before)].at, x.at, -1});
      for (const plan::Match& m : x.without) at(m.what).breaks.push_back(concern(m, p));
    }
  }

  void arm(std::size_t i) {
    d_.armed.add(plan_.layout.pending[i]);
    d_.armed_rule.resize(static_cast<std::size_t>(plan_.layout.units), -1);
    d_.armed_rule[plan::unit_of(plan_.layout.pending[i])] = static_cast<std::int32_t>(i);
  }

  void feature(std::size_t i) {
    const plan::Feature& f = plan_.features[i];
    switch (f.kind) {
      case plan::FeatureKind::Count: at(f.match.what).counts.add(concern(f.match, i)); break;
      case plan::FeatureKind::Values: at(f.match.what).values.add(concern(f.match, i)); break;
      case plan::FeatureKind::Last:
        at(f.match.what).lasts.push_back(concern(f.match, i));
        for (plan::OccurrenceId r : f.resets) at(r).resets.push_back({static_cast<std::int32_t>(i), -1, 0});
        break;
    }
  }

  void rule(std::size_t i) {
    const plan::Rule& r = plan_.rules[i];
    const plan::Trigger& t = r.trigger;
    d_.journeys[static_cast<std::size_t>(r.journey_index)].push_back(i);
    switch (t.start) {
      case plan::StartKind::Event:
        if (is_plain(plan_, i) && groups(t)) {
          join(t.on[0], i);
          break;
        }
        for (std::size_t p = 0; p < t.on.size(); ++p) {
          const Concern c = concern(t.on[p], i, static_cast<std::int32_t>(p));
          if (std::count_if(t.on.begin(), t.on.end(), [&](const plan::Match& m) { return m.what == t.on[p].what; }) > 1) at(t.on[p].what).several.push_back(c);
          else at(t.on[p].what).starts.add(c);
        }
        break;
      case plan::StartKind::Count: at(t.on[0].what).repeats.push_back(concern(t.on[0], i)); break;
      case plan::StartKind::Order: break;  // sequences()
      case plan::StartKind::Member: d_.members[static_cast<std::size_t>(t.membership)].push_back(i); break;
      case plan::StartKind::Asked: {
        const auto same = [&](const Dispatch::Asked& a) { return a.channel == t.channel && a.slot == t.slot; };
        auto slot = std::find_if(d_.asked.begin(), d_.asked.end(), same);
        if (slot == d_.asked.end()) slot = d_.asked.insert(slot, {t.channel, t.slot, new_group()});
        d_.groups[slot->group].rules.push_back(i);
        break;
      }
      case plan::StartKind::Daily:
      case plan::StartKind::Yearly: d_.scheduled.push_back(i); break;
    }
    for (const plan::Match& s : t.stops) at(s.what).stops.push_back(concern(s, i));
    if (t.then == plan::DelayKind::Wait) d_.waits.push_back(i);
    if (t.then == plan::DelayKind::Absence) arm(i);
    if (plan_.layout.waiting[i] >= 0) d_.waiting.push_back(i);
    if (r.offers) d_.offers.push_back(i);
    d_.brief.push_back(brief_of(plan_, i));
    d_.tables.push_back(from_ ? std::move(from_->tables[i]) : table_of(plan_, i, kernel_));  // of what was edited: rule_edited()
  }

  static constexpr std::size_t kScreened = 4;  // filters

  const plan::Plan& plan_;
  Dispatch* const from_;
  const match::Kernel& kernel_;
  const plan::SharedTests shared_;
  Dispatch d_;
  std::map<std::pair<plan::OccurrenceId, plan::CodeId>, std::size_t> group_of_;
};

}  // namespace

Dispatch make_dispatch(const plan::Plan& plan, Dispatch* from, const match::Kernel& kernel) { return Maker(plan, from, kernel).run(); }

void rule_edited(const plan::Plan& plan, Dispatch& dispatch, std::size_t rule) {
  dispatch.brief[rule] = brief_of(plan, rule);
  dispatch.tables[rule] = table_of(plan, rule, *match::kernels().front());
}

// Some rules only, and soon screened with the others again: it is not worth it to look for the tests that they share.
void screen_edited(const plan::Plan& plan, Dispatch::Group& group) { group.fresh = screen_of(plan, {}, group.edited, *match::kernels().front()); }

void screen_all(const plan::Plan& plan, Dispatch::Group& group) {
  group.screen = screen_of(plan, plan::SharedTests(plan), group.rules, *match::kernels().front());
  group.edited.clear();
  group.fresh = match::Screen();
}

}  // namespace polku::engine
