#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "compiler/plan/describe.h"
#include "compiler/plan/plan.h"

namespace polku::plan {

namespace {

std::string occurrence_name(const Plan& plan, OccurrenceId what) {
  const auto events = static_cast<OccurrenceId>(plan.catalog.events.size());
  if (what < events) return plan.catalog.events[static_cast<std::size_t>(what)].name;
  return plan.rules[static_cast<std::size_t>(what - events)].name + " sent";
}

// Unknown ones are kept apart, where there can be any.
std::int32_t ring_bytes(const Ring& ring, const Feature& f) { return stride(ring) * f.keep * (f.match.filter >= 0 ? 2 : 1); }

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

std::int32_t cell_bytes(const catalog::Type& type) {
  switch (type.kind) {
    case catalog::TypeKind::YesNo:
    case catalog::TypeKind::Consent: return 1;
    case catalog::TypeKind::OneOf: return type.values.size() < 255 ? 1 : type.values.size() < 65535 ? 2 : 4;
    case catalog::TypeKind::Whole:
    case catalog::TypeKind::Money:
    case catalog::TypeKind::Percent:
    case catalog::TypeKind::Text:
    case catalog::TypeKind::TextList:
    case catalog::TypeKind::Date: return 4;
    case catalog::TypeKind::Number:
    case catalog::TypeKind::Time:
    case catalog::TypeKind::Duration: return 6;
  }
  return 8;
}

namespace {

bool reads_window(const Instr& i) { return op_reads_feature(i.op) && i.op != Op::LastField; }

class Maker {
 public:
  explicit Maker(const Plan& plan) : plan_(plan) {}

  Layout run() {
    look();
    l_.waiting.assign(plan_.rules.size(), -1);
    l_.offer = l_.pending = l_.start = l_.once = l_.waiting;
    l_.pending_list = l_.start_list = l_.prefix = l_.used = l_.waiting;
    sequences();
    l_.pending_start.resize(plan_.rules.size());
    l_.waiting_start = l_.offer_start = l_.pending_start;
    for (std::size_t i = 0; i < plan_.rules.size(); ++i)
      if (plan_.rules[i].offers) l_.offer[i] = take(kInstantBytes);
    for (std::size_t i = 0; i < plan_.rules.size(); ++i)
      if (may_wait(plan_, plan_.rules[i])) l_.waiting[i] = take(kInstantBytes);
    events();
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
      if (l_.waiting[i] >= 0) l_.waiting_start[i] = start(plan_.rules[i], true);
      if (l_.offer[i] >= 0) l_.offer_start[i] = start(plan_.rules[i], true);
    }
    for (std::size_t i = 0; i < plan_.rules.size(); ++i)
      if (!plan_.rules[i].once.empty()) l_.once[i] = take(kInstantBytes);
    for (std::size_t i = 0; i < plan_.rules.size(); ++i)
      if (l_.prefix[i] >= 0) l_.used[i] = take(kSeqBytes);
    for (const Limit& limit : plan_.limits) l_.limit.push_back(take(kInstantBytes * static_cast<std::int32_t>(limit.count)));
    for (std::size_t i = 0; i < plan_.suppressions.size(); ++i) l_.suppression.push_back(take(kInstantBytes));
    for (std::size_t i = 0; i < plan_.hold_outs.size(); ++i) l_.arm.push_back(take(1));
    for (std::size_t i = 0; i < plan_.goals.size(); ++i) l_.goal_list.push_back(l_.lists++);
    for (char c : compared(plan_)) l_.answer_list.push_back(c != 0 ? l_.lists++ : -1);
    l_.units = (sparse_ + kUnitBytes - 1) / kUnitBytes;
    l_.bytes = directory_bytes(l_.units);
    attributes();
    for (std::size_t i = 0; i < plan_.memberships.size(); ++i) l_.membership.push_back(dense(1));
    return std::move(l_);
  }

 private:
  std::int32_t dense(std::int32_t bytes) { return std::exchange(l_.bytes, l_.bytes + bytes); }
  void whole_unit() { sparse_ = (sparse_ + kUnitBytes - 1) / kUnitBytes * kUnitBytes; }
  // One cell of 1, 2, 4 or 8 bytes, which is not in two units; or several of 8.
  std::int32_t take(std::int32_t bytes) {
    const std::int32_t even = std::min(bytes, 8);
    sparse_ = (sparse_ + even - 1) / even * even;
    return kSparse + std::exchange(sparse_, sparse_ + bytes);
  }
  std::int32_t take_units(std::int32_t bytes) {
    whole_unit();
    return take(bytes);
  }
  Cell cell(std::int32_t bytes) {
    const std::int32_t even = bytes == 6 ? 8 : bytes;
    return {take(even), even};
  }

  // Who asks for positions in the history.
  void look() {
    seq_.resize(plan_.features.size());
    before_.resize(plan_.codes.size());
    for (std::size_t c = 0; c < plan_.codes.size(); ++c)
      for (const Instr& i : plan_.codes[c].instrs) {
        if (!reads_window(i)) continue;
        const Window& w = plan_.windows[static_cast<std::size_t>(i.imm)];
        if (w.since >= 0 || w.before_this) seq_[static_cast<std::size_t>(i.aux)] = 1;
        if (w.before_this) before_[c] = 1;
      }
  }

  bool looks_before(const Rule& r) const {
    const auto is = [&](CodeId c) { return c >= 0 && before_[static_cast<std::size_t>(c)] != 0; };
    const auto any = [&](const std::vector<Leaf>& leaves) { return std::any_of(leaves.begin(), leaves.end(), [&](const Leaf& l) { return is(l.code); }); };
    const auto clause = [&](const Clause& c) { return is(c.code) || any(c.leaves); };
    const auto param = [&](const Param& p) { return is(p.code) || any(p.leaves); };
    const auto action = [&](const Action& a) { return std::any_of(a.params.begin(), a.params.end(), param); };
    return is(r.gate) || any(r.columns) || std::any_of(r.when.begin(), r.when.end(), clause) ||
           std::any_of(r.conditions.begin(), r.conditions.end(), [&](const Condition& c) { return clause(c.clause); }) ||
           std::any_of(r.rows.begin(), r.rows.end(), [&](const Row& row) { return is(row.code) || std::any_of(row.actions.begin(), row.actions.end(), action); });
  }

  void attributes() {
    for (std::size_t i = 0; i < plan_.catalog.attributes.size(); ++i) {
      const catalog::Attribute& a = plan_.catalog.attributes[i];
      std::int32_t bytes = cell_bytes(a.type);
      if (a.presence == catalog::Presence::Derived) bytes = 0;
      const std::optional<Value>& otherwise = plan_.defaults[i];
      if (otherwise && bytes >= 4 && (*otherwise < -(std::int64_t{1} << 30) || *otherwise > std::int64_t{1} << 30)) bytes = 8;
      l_.attribute.push_back(bytes == 0 ? Cell{} : Cell{dense(bytes), bytes});
      if (bytes == 0) continue;
      if (l_.runs.empty() || l_.runs.back().cell.bytes != bytes || l_.runs.back().first + l_.runs.back().count != static_cast<std::int32_t>(i))
        l_.runs.push_back({static_cast<std::int32_t>(i), 0, l_.attribute.back()});
      ++l_.runs.back().count;
    }
  }

  // What each event touches, and each act of a rule; in written order.
  void events() {
    const auto n = static_cast<std::size_t>(plan_.occurrences());
    std::vector<std::vector<std::size_t>> marks(n), features(n), rules(n + 1);  // the last: rules that no event starts
    const auto of = [](OccurrenceId what) { return static_cast<std::size_t>(what); };
    for (std::size_t i = 0; i < plan_.marks.size(); ++i) marks[of(plan_.marks[i].what)].push_back(i);
    for (std::size_t i = 0; i < plan_.features.size(); ++i) features[of(plan_.features[i].match.what)].push_back(i);
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
      const Trigger& t = plan_.rules[i].trigger;
      rules[t.on.empty() ? n : of(t.on[0].what)].push_back(i);
    }
    l_.mark.resize(plan_.marks.size());
    l_.feature.resize(plan_.features.size());
    l_.columns.resize(plan_.features.size());
    l_.feature_list.assign(plan_.features.size(), -1);
    for (std::size_t what = 0; what <= n; ++what) {
      whole_unit();
      const std::int32_t first = sparse_ / kUnitBytes;
      if (what < n) {
        for (std::size_t i : marks[what]) l_.mark[i] = take_units(kUnitBytes);
        for (std::size_t i : features[what]) feature(i);
        for (Layout::Prefix& p : l_.prefixes)
          if (of(p.last.what) == what) p.at = take_units(kInstantBytes + kSeqBytes);
      }
      for (std::size_t i : rules[what]) trigger(i);
      whole_unit();
      if (what < n) l_.event.push_back({first, sparse_ / kUnitBytes - first});
    }
  }

  // A start is used up by the rule that fires, the others go on with it: so the steps themselves are remembered once for all rules.
  void sequences() {
    std::map<std::tuple<std::int32_t, std::pair<OccurrenceId, CodeId>, std::vector<std::pair<OccurrenceId, CodeId>>>, std::int32_t> known;
    const auto key = [](const Match& m) { return std::pair(m.what, m.filter); };
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
      const Trigger& t = plan_.rules[i].trigger;
      if (t.start != StartKind::Order) continue;
      std::vector<std::pair<OccurrenceId, CodeId>> without;
      for (const Match& m : t.without) without.push_back(key(m));
      std::sort(without.begin(), without.end());
      for (std::size_t step = 0; step + 1 < t.on.size(); ++step) {
        const auto [place, fresh] = known.try_emplace({l_.prefix[i], key(t.on[step]), without}, static_cast<std::int32_t>(l_.prefixes.size()));
        if (fresh) l_.prefixes.push_back({-1, l_.prefix[i], t.on[step], t.without, static_cast<std::int32_t>(step + 1)});
        l_.prefix[i] = place->second;
      }
    }
  }

  void feature(std::size_t i) {
    const Feature& f = plan_.features[i];
    switch (f.kind) {
      case FeatureKind::Count:
        if (f.keep == 0) break;
        l_.feature[i].seq = seq_[i] != 0;
        l_.feature[i].at = take_units(ring_bytes(l_.feature[i], f));
        return;
      case FeatureKind::Values: break;
      case FeatureKind::Last:
        l_.feature[i].at = take_units(kInstantBytes);
        for (std::int32_t c : f.columns)
          l_.columns[i].push_back(cell(cell_bytes(plan_.catalog.events[static_cast<std::size_t>(f.match.what)].fields[static_cast<std::size_t>(c)].type)));
        return;
    }
    l_.feature_list[i] = l_.lists++;
  }

  void trigger(std::size_t i) {
    const Rule& r = plan_.rules[i];
    const Trigger& t = r.trigger;
    if (t.start == StartKind::Count && t.same < 0 && t.count > 1) l_.start[i] = take_units(kInstantBytes * static_cast<std::int32_t>(t.count - 1));
    if (t.start == StartKind::Count && t.same >= 0) l_.start_list[i] = l_.lists++;
    if (t.then == DelayKind::Wait) l_.pending_list[i] = l_.lists++;
    if (t.then != DelayKind::Absence) return;
    l_.pending_start[i] = start(r, t.on.size() > 1);
    l_.pending[i] = l_.pending_start[i].at;
  }

  StartCells start(const Rule& r, bool alternative) {
    StartCells s;
    s.at = take_units(kInstantBytes);
    s.identity = cell(kIdentityBytes);
    if (looks_before(r)) s.seq = cell(kSeqBytes);
    if (alternative) s.alternative = cell(r.trigger.on.size() < 250 ? 1 : 4);
    for (const Capture& c : r.captures)
      s.captures.push_back(cell(cell_bytes(plan_.catalog.events[static_cast<std::size_t>(c.event)].fields[static_cast<std::size_t>(c.field)].type)));
    return s;
  }

  const Plan& plan_;
  Layout l_;
  std::int32_t sparse_ = 0;         // bytes of units so far
  std::vector<char> seq_, before_;  // of each feature, of each code
};

}  // namespace

Layout lay_out(const Plan& plan) { return Maker(plan).run(); }

std::optional<std::size_t> feature_bytes(const Plan& plan, std::size_t feature) {
  if (plan.layout.feature_list[feature] >= 0) return std::nullopt;
  const Feature& f = plan.features[feature];
  if (f.kind == FeatureKind::Count) return static_cast<std::size_t>(ring_bytes(plan.layout.feature[feature], f));
  std::size_t bytes = kInstantBytes;
  for (const Cell& cell : plan.layout.columns[feature]) bytes += static_cast<std::size_t>(cell.bytes);
  return bytes;
}

Footprint footprint(const Plan& plan) {
  Footprint f;
  f.bytes = static_cast<std::size_t>(plan.layout.bytes);
  f.units = static_cast<std::size_t>(plan.layout.units) * kUnitBytes;
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
