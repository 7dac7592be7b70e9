// Rules that start each other at once, round and round (reading 35).
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "compiler/sema/triggers.h"

namespace polku::sema {

namespace {

using Nodes = std::vector<std::int32_t>;

// Rules, then memberships; of each, what it comes about by at once: a rule by what another did or by a membership, a membership
// by what a rule did that its segment looks at.
std::vector<Nodes> sources(const plan::Plan& plan) {
  const auto events = static_cast<plan::OccurrenceId>(plan.catalog.events.size());
  const auto rules = static_cast<std::int32_t>(plan.rules.size());
  std::vector<Nodes> from(plan.rules.size() + plan.memberships.size());
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    const plan::Rule& r = plan.rules[i];
    if (r.trigger.then != plan::DelayKind::None || r.offers) continue;
    const auto by = [&](const plan::Match& m) {
      if (m.what >= events) from[i].push_back(m.what - events);
    };
    switch (r.trigger.start) {
      case plan::StartKind::Event: case plan::StartKind::Count: std::for_each(r.trigger.on.begin(), r.trigger.on.end(), by); break;
      case plan::StartKind::Order:  // the last step completes it
        if (!r.trigger.on.empty()) by(r.trigger.on.back());
        break;
      case plan::StartKind::Member:
        if (r.trigger.membership >= 0) from[i].push_back(rules + r.trigger.membership);
        break;
      case plan::StartKind::Asked: case plan::StartKind::Daily: case plan::StartKind::Yearly: break;
    }
  }
  for (std::size_t m = 0; m < plan.memberships.size(); ++m)
    for (const plan::Membership::Reading& r : plan.memberships[m].readings)
      if (const plan::OccurrenceId what = plan.features[static_cast<std::size_t>(r.feature)].match.what; what >= events)
        from[plan.rules.size() + m].push_back(what - events);
  return from;
}

// The strongly connected part of each node (Tarjan), without recursion: thousands of rules may stand in one chain.
std::vector<std::int32_t> parts(const std::vector<Nodes>& from) {
  const std::size_t n = from.size();
  std::vector<std::int32_t> part(n, -1), order(n, -1), low(n, 0);
  Nodes open;
  struct Step { std::int32_t node; std::size_t next; };
  std::vector<Step> steps;
  std::int32_t met = 0;
  for (std::size_t root = 0; root < n; ++root) {
    if (order[root] >= 0) continue;
    steps.push_back({static_cast<std::int32_t>(root), 0});
    while (!steps.empty()) {
      const auto at = static_cast<std::size_t>(steps.back().node);
      if (steps.back().next == 0 && order[at] < 0) {
        order[at] = low[at] = met++;
        open.push_back(steps.back().node);
      }
      if (steps.back().next < from[at].size()) {
        const auto to = static_cast<std::size_t>(from[at][steps.back().next++]);
        if (order[to] < 0)
          steps.push_back({static_cast<std::int32_t>(to), 0});
        else if (part[to] < 0)
          low[at] = std::min(low[at], order[to]);
        continue;
      }
      steps.pop_back();
      if (!steps.empty()) {
        auto& above = low[static_cast<std::size_t>(steps.back().node)];
        above = std::min(above, low[at]);
      }
      if (low[at] != order[at]) continue;
      for (std::size_t node = n; node != at;) {
        node = static_cast<std::size_t>(open.back());
        open.pop_back();
        part[node] = static_cast<std::int32_t>(at);
      }
    }
  }
  return part;
}

// The shortest way from a node back to itself, within its part; empty if there is none.
Nodes round(const std::vector<Nodes>& from, const std::vector<std::int32_t>& part, std::int32_t start) {
  std::map<std::int32_t, std::int32_t> came;  // by which node it was reached
  Nodes queue{start};
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const std::int32_t at = queue[i];
    for (std::int32_t to : from[static_cast<std::size_t>(at)]) {
      if (part[static_cast<std::size_t>(to)] != part[static_cast<std::size_t>(start)] || !came.emplace(to, at).second) continue;
      if (to != start) {
        queue.push_back(to);
        continue;
      }
      Nodes way{start};
      for (std::int32_t back = at; back != start; back = came.at(back)) way.push_back(back);
      std::reverse(way.begin() + 1, way.end());
      return way;
    }
  }
  return {};
}

}  // namespace

void immediate_cycles(const Names& names, const plan::Plan& plan, diag::Diagnostics& d) {
  const std::vector<Nodes> from = sources(plan);
  const std::vector<std::int32_t> part = parts(from);
  std::set<std::int32_t> told;
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    if (told.contains(part[i])) continue;
    const Nodes way = round(from, part, static_cast<std::int32_t>(i));
    if (way.empty()) continue;
    told.insert(part[i]);
    std::string words = "`" + plan.rules[i].name + "`";
    for (std::size_t k = 1; k <= way.size(); ++k) {
      const auto node = static_cast<std::size_t>(way[k % way.size()]);
      if (node < plan.rules.size())
        words += " after `" + plan.rules[node].name + "`";
      else
        words += " (by the segment `" + plan.memberships[node - plan.rules.size()].segment + "`)";
    }
    d.add(diag::Code::ImmediateCycle, names.rules[i].rule->when->span, fmt::format("These rules start each other without end: {}.", words),
          "Put a delay in between, for example `then wait 1 day`.");
  }
}

}  // namespace polku::sema
