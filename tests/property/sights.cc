#include "tests/property/sights.h"

#include <utility>

namespace polku::property {

std::vector<catalog::Type> types_of(const plan::Plan& p, plan::OccurrenceId what) {
  std::vector<catalog::Type> out;
  if (what >= 0 && static_cast<std::size_t>(what) < p.catalog.events.size())
    for (const catalog::Field& f : p.catalog.events[static_cast<std::size_t>(what)].fields) out.push_back(f.type);
  return out;
}

namespace {

class Sights {
 public:
  explicit Sights(const plan::Plan& p) : p_(p) {
    for (const plan::Feature& f : p.features) filter(f.match, "where of a count, sum or last");
    for (const plan::Journey& j : p.journeys)
      for (const plan::Match& m : j.stops) filter(m, "stop when of " + j.name);
    for (const plan::Goal& g : p.goals) {
      filter(g.match, g.text);
      add(g.worth, g.text, types_of(g.captures));
    }
    for (const plan::Guarantee& g : p.guarantees) {
      add(g.code, "guarantee " + g.name, {});
      leaves(g.leaves, {});
    }
    for (const plan::Membership& m : p.memberships) add(m.code, "segment " + m.segment, {});
    for (const plan::Rule& r : p.rules) rule(r);
  }
  std::vector<Sight> all() { return std::move(all_); }

 private:
  using Types = std::vector<catalog::Type>;
  void add(plan::CodeId code, const std::string& where, const Types& fields) {
    if (code >= 0) all_.push_back({code, where, fields});
  }
  void filter(const plan::Match& m, const std::string& where) { add(m.filter, where, property::types_of(p_, m.what)); }
  void leaves(const std::vector<plan::Leaf>& all, const Types& fields) {
    for (const plan::Leaf& l : all) add(l.code, l.name, fields);
  }
  Types types_of(const std::vector<plan::Capture>& captures) const {
    Types out;
    for (const plan::Capture& c : captures) out.push_back(property::types_of(p_, c.event)[static_cast<std::size_t>(c.field)]);
    return out;
  }

  void rule(const plan::Rule& r) {
    const Types captures = types_of(r.captures);
    for (const auto* matches : {&r.trigger.on, &r.trigger.without, &r.trigger.stops})
      for (const plan::Match& m : *matches) filter(m, "trigger of " + r.name);
    add(r.trigger.date, "date of " + r.name, {});
    add(r.gate, "conditions of " + r.name, captures);
    for (const plan::Condition& c : r.conditions) {
      add(c.clause.code, c.clause.text, captures);
      leaves(c.clause.leaves, captures);
    }
    leaves(r.columns, captures);
    for (const plan::Row& row : r.rows) {
      add(row.code, "a row of " + r.name, captures);
      for (const plan::Action& a : row.actions)
        for (const plan::Param& q : a.params) {
          add(q.code, q.clause, captures);
          leaves(q.leaves, captures);
        }
    }
  }

  const plan::Plan& p_;
  std::vector<Sight> all_;
};

}  // namespace

std::vector<Sight> sights_of(const plan::Plan& plan) { return Sights(plan).all(); }

}  // namespace polku::property
