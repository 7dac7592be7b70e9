// Caps hold: limits of rules, journeys, groups and channels, guarantees of numbers, `once` and `suppress`, as read off the text of random packs and
// counted again over what acted.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "runtime/base/time.h"
#include "tests/property/blocks.h"
#include "tests/property/property.h"
#include "tests/property/runs.h"

namespace polku::property {

namespace {

enum class Unit { Messages, Shows, Tasks };
using RuleId = std::pair<std::string, std::string>;  // journey, rule

struct Cap {
  std::string text;
  long count = 0;
  Unit unit = Unit::Messages;
  Millis within = 0;
  std::set<RuleId> counted, bound;  // whose acts count; who must keep it
  std::string channel;              // not empty: only what goes by it
};
struct Once { std::string text; RuleId rule; std::optional<Millis> within; };

// All that a pack's text and world say about how often something may be done.
class Caps {
 public:
  explicit Caps(const differential::Pack& pack) {
    std::vector<Block> blocks;
    for (const differential::RuleFile& f : pack.files)
      for (Block& b : cut(f.text)) blocks.push_back(std::move(b));
    std::set<RuleId> all;
    for (const Block& b : blocks) {
      if (!b.is_journey()) continue;
      std::set<RuleId> rules;
      for (const RuleText& r : b.rules) rules.insert({b.journey(), r.name()});
      all.insert(rules.begin(), rules.end());
      members_[b.journey()] = rules;
      for (const std::string& c : b.clauses) clause(c, rules);
      for (const RuleText& r : b.rules)
        for (const std::string& c : r.clauses) clause(c, {{b.journey(), r.name()}});
    }
    for (Cap& c : caps_)
      if (const std::size_t across = c.text.find(" across \""); across != std::string::npos) c.counted = members_[unquoted(c.text, across + 8)];
    for (const Block& b : blocks)
      if (const std::size_t most = b.head.find("\n  at most "); b.head.starts_with("guarantee ") && most != std::string::npos)
        add(b.head.substr(most + 11), all, all);
    for (const differential::Channel& c : pack.world.channels)
      if (c.limit > 0) caps_.push_back({"limit of " + c.name, c.limit, Unit::Messages, c.within, all, all, c.name});
    for (const differential::Template& t : pack.world.templates)
      if (t.service) services_.insert(t.name);
  }
  bool empty() const { return caps_.empty() && onces_.empty(); }

  // Of one visitor, in the order in which they were made. Empty if everything is kept.
  std::string broken(const std::vector<const history::Decision*>& made, Tally& tally) const {
    for (std::size_t i = 0; i < made.size(); ++i) {
      const history::Decision& d = *made[i];
      if (d.outcome != history::Outcome::acted) continue;
      const RuleId rule{d.journey, d.rule};
      for (const Cap& c : caps_) {
        if (!c.bound.contains(rule) || acts(d, c) == 0) continue;
        // The file does not tell who was first at one instant; but the last of those who must keep this cap saw what all the others did.
        long n = 0;
        for (const history::Decision* e : made)
          if (e->outcome == history::Outcome::acted && e->at > d.at - c.within && e->at <= d.at)
            if ((e->at < d.at ? c.counted : c.bound).contains({e->journey, e->rule})) n += acts(*e, c);
        ++tally[n == c.count ? "a cap is full" : "a cap has room"];
        if (n > c.count) return "  " + c.text + ": " + std::to_string(n) + " with\n  " + line(d);
      }
      for (const Once& o : onces_)
        for (std::size_t k = 0; o.rule == rule && k < i; ++k) {
          const history::Decision& e = *made[k];
          if (e.rule != d.rule || e.journey != d.journey || (e.outcome != history::Outcome::acted && e.outcome != history::Outcome::held_out)) continue;
          if (!o.within || e.at > d.at - *o.within) return "  " + o.text + ": again\n  " + line(d);
        }
      for (std::size_t k = 0; k < i; ++k) {
        if (made[k]->outcome != history::Outcome::acted || made[k]->at == d.at) continue;
        for (const history::Action& a : made[k]->actions) {
          if (a.kind != history::ActionKind::Suppress || made[k]->at + a.length <= d.at) continue;
          const auto members = members_.find(a.name);
          if (members == members_.end() || members->second.contains(rule)) return "  suppressed by\n  " + line(*made[k]) + "\n  and acted\n  " + line(d);
          ++tally["acted beside a suppression"];
        }
      }
    }
    return {};
  }

 private:
  void clause(const std::string& text, const std::set<RuleId>& rules) {
    if (is_clause(text, "limit")) {
      add(text.substr(text.find_first_of("0123456789")), rules, rules);
      if (const std::size_t across = text.find(" across \""); across != std::string::npos)
        members_[unquoted(text, across + 8)].insert(rules.begin(), rules.end());
    }
    if (!is_clause(text, "once")) return;
    const std::size_t in = text.find("once in ");
    for (const RuleId& r : rules) onces_.push_back({text, r, in == std::string::npos ? std::nullopt : length_at(text, in + 8)});
  }
  // "2 messages in 30 days"
  void add(const std::string& text, const std::set<RuleId>& counted, const std::set<RuleId>& bound) {
    const Unit unit = text.find(" message") != std::string::npos ? Unit::Messages : text.find(" show") != std::string::npos ? Unit::Shows : Unit::Tasks;
    caps_.push_back({text, std::atol(text.c_str()), unit, length_at(text, text.find(" in ") + 4).value_or(0), counted, bound, {}});
  }
  long acts(const history::Decision& d, const Cap& c) const {
    return std::count_if(d.actions.begin(), d.actions.end(), [&](const history::Action& a) {
      if (!c.channel.empty() && a.channel != c.channel) return false;
      switch (a.kind) {
        case history::ActionKind::Send: return c.unit == Unit::Messages && !services_.contains(a.name);
        case history::ActionKind::Show: return c.unit == Unit::Shows;
        case history::ActionKind::Task: return c.unit == Unit::Tasks;
        case history::ActionKind::Suppress: case history::ActionKind::Split: return false;
      }
      return false;
    });
  }

  std::vector<Cap> caps_;
  std::vector<Once> onces_;
  std::map<std::string, std::set<RuleId>> members_;  // of journeys and groups
  std::set<std::string> services_;
};

class CapsHold : public Property {
 public:
  const char* name() const override { return "caps"; }
  const char* says() const override { return "limits, guarantees of numbers, once and suppress hold"; }

  std::string check(std::uint64_t number) override {
    const differential::Pack pack = differential::make_pack(number);
    const Caps caps(pack);
    if (caps.empty()) {
      ++tally["pack without a cap"];
      return {};
    }
    return in_each_log(pack, 5, Random(number ^ 0x63617073u), [&](const Scene& s) {
      if (print) print_case(pack.catalog, pack.files, s.log);
      const Log log = read(s.program, s.log);
      const Decisions all = decide(s.program, log, s.tables, end_of(log));
      std::map<std::string, std::vector<const history::Decision*>> by_visitor;
      for (const history::Decision& d : all) {
        ++tally["outcome " + std::string(history::outcome_name(d.outcome))];
        by_visitor[d.visitor].push_back(&d);
      }
      for (const auto& [visitor, made] : by_visitor)
        if (std::string fault = caps.broken(made, tally); !fault.empty()) return fault;
      return std::string();
    });
  }

  std::string too_little(std::size_t cases) const override {
    if (met("a cap is full") < cases) return "caps are hardly ever full";
    return met("outcome over_limit") + met("outcome guarantee") < cases ? "hardly anything was over a limit" : "";
  }
};

}  // namespace

std::unique_ptr<Property> caps() { return std::make_unique<CapsHold>(); }

}  // namespace polku::property
