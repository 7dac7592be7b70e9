#include "runtime/engine/dispatch.h"

#include <algorithm>
#include <numeric>

namespace polku::engine {

namespace {

class Maker {
 public:
  explicit Maker(const plan::Plan& plan) : plan_(plan) { d_.by_occurrence.resize(static_cast<std::size_t>(plan.occurrences())); }

  Dispatch run() {
    for (std::size_t i = 0; i < plan_.marks.size(); ++i) at(plan_.marks[i].what).marks.push_back(static_cast<std::int32_t>(i));
    for (std::size_t i = 0; i < plan_.features.size(); ++i) feature(i);
    d_.members.resize(plan_.memberships.size());
    d_.journeys.resize(plan_.journeys.size());
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) rule(i);
    rank();
    for (std::size_t i = 0; i < plan_.journeys.size(); ++i)
      for (const plan::Match& m : plan_.journeys[i].stops) at(m.what).journey_stops.push_back(concern(m, i));
    for (std::size_t i = 0; i < plan_.goals.size(); ++i) at(plan_.goals[i].match.what).goals.push_back(concern(plan_.goals[i].match, i));
    for (std::size_t c = 0; c < plan_.layout.answer_list.size(); ++c)
      if (const auto& answer = plan_.catalog.channels[c].answer; answer && plan_.layout.answer_list[c] >= 0)
        at(answer->event).answers.push_back(static_cast<std::int32_t>(c));
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

  void rank() {
    std::vector<std::size_t> order(plan_.rules.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const std::int64_t pa = plan_.rules[a].priority, pb = plan_.rules[b].priority;
      return pa != pb ? pa > pb : a < b;
    });
    d_.rank.resize(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) d_.rank[order[i]] = i;
    for (Dispatch::Group& g : d_.groups) {
      std::sort(g.rules.begin(), g.rules.end(), [&](std::size_t x, std::size_t y) { return d_.rank[x] < d_.rank[y]; });
      std::vector<plan::CodeId> gates;
      for (std::size_t r : g.rules) gates.push_back(d_.plain[r] ? plan_.rules[r].gate : -1);
      g.screen = match::Screen(plan_, gates);
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
    Concern c = concern(m, 0);
    std::vector<Concern>& of = at(m.what).groups;
    auto same = std::find_if(of.begin(), of.end(), [&](const Concern& g) { return g.filter == c.filter; });
    if (same == of.end()) {
      c.what = static_cast<std::int32_t>(new_group());
      same = of.insert(of.end(), c);
    }
    d_.groups[static_cast<std::size_t>(same->what)].rules.push_back(rule);
  }

  bool plain(std::size_t i) const { return plan_.rules[i].gate >= 0 && plan_.layout.waiting[i] < 0 && plan_.layout.offer[i] < 0; }

  void feature(std::size_t i) {
    const plan::Feature& f = plan_.features[i];
    switch (f.kind) {
      case plan::FeatureKind::Count: at(f.match.what).counts.push_back(concern(f.match, i)); break;
      case plan::FeatureKind::Values: at(f.match.what).values.push_back(concern(f.match, i)); break;
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
        if (plain(i) && groups(t)) {
          join(t.on[0], i);
          break;
        }
        for (std::size_t p = 0; p < t.on.size(); ++p) at(t.on[p].what).starts.push_back(concern(t.on[p], i, static_cast<std::int32_t>(p)));
        break;
      case plan::StartKind::Count: at(t.on[0].what).repeats.push_back(concern(t.on[0], i)); break;
      case plan::StartKind::Order:
        for (const plan::Match& m : t.without) at(m.what).orders.push_back(concern(m, i, kBreak));
        for (std::size_t p = t.on.size(); p-- > 0;) at(t.on[p].what).orders.push_back(concern(t.on[p], i, static_cast<std::int32_t>(p)));
        break;
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
    if (t.then != plan::DelayKind::None) d_.delayed.push_back(i);
    if (plan_.layout.waiting[i] >= 0) d_.waiting.push_back(i);
    if (r.offers) d_.offers.push_back(i);
    d_.plain.push_back(plain(i));
  }

  const plan::Plan& plan_;
  Dispatch d_;
};

}  // namespace

Dispatch make_dispatch(const plan::Plan& plan) { return Maker(plan).run(); }

}  // namespace polku::engine
