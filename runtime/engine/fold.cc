// What one history record does to a visitor's record, and which triggers it completes. Nothing here judges.
#include <algorithm>

#include "runtime/engine/visitor.h"

namespace polku::engine {

using plan::DelayKind;

// The features that the record concerns, then goals, then the triggers: what it ends before what it starts.
void Engine::happen(Visitor& v, const Happening& h) {
  const Reaction& r = dispatch_.by_occurrence[at(h.what)];
  const record::Place place{h.at, v.record.seq};
  const record::View seen = view(v);
  const plan::Context context{h.at, h.fields, nullptr, &record::host(), &seen};  // a filter sees the event alone
  matches_.clear();
  for (plan::CodeId f : r.filters) matches_.push_back(evaluator_.evaluate(f, context));
  const auto matches = [&](const Concern& c) { return c.filter < 0 ? kYes : matches_[at(c.filter)]; };

  for (std::int32_t m : r.marks) record::mark(plan_, v.record, m, place);
  for (const Concern& c : r.counts)
    if (const Value m = matches(c); m != kNo) record::count(plan_, v.record, c.what, place, m);
  for (const Concern& c : r.values)
    if (const Value m = matches(c); m != kNo)
      record::value(plan_, v.record, c.what, place, m == kYes ? h.fields[at(plan_.features[at(c.what)].columns[0])] : kUnknown);
  for (const Concern& c : r.resets) record::reset_last(plan_, v.record, c.what);
  for (const Concern& c : r.lasts) record::last(plan_, v.record, c.what, place, h.fields);
  for (std::int32_t channel : r.answers) answered(v, channel, h.at);
  for (const Concern& c : r.goals)
    if (matches(c) == kYes) convert(v, at(c.what), h);

  for (const Concern& c : r.journey_stops)
    if (matches(c) != kNo)
      for (std::size_t rule : dispatch_.journeys[at(c.what)]) end_pending(v, rule, h);
  for (const Concern& c : r.stops)
    if (matches(c) != kNo) stop(v, at(c.what), h);
  for (const Concern& c : r.groups)
    if (matches(c) == kYes) start_group(v, at(c.what), [&](std::size_t rule) { complete(v, rule, 0, h); });
  for (std::size_t i = 0; i < r.starts.size(); ++i) {
    const Concern& c = r.starts[i];
    if (matches(c) != kYes) continue;
    complete(v, at(c.what), c.part, h);
    while (i + 1 < r.starts.size() && r.starts[i + 1].what == c.what) ++i;  // one alternative is enough
  }
  for (const Concern& c : r.repeats)
    if (matches(c) == kYes && repeated(v, at(c.what), h)) complete(v, at(c.what), 0, h);
  for (std::size_t i = 0; i < r.orders.size();) {
    std::size_t end = i;
    while (end < r.orders.size() && r.orders[end].what == r.orders[i].what) ++end;
    if (in_order(v, r.orders, i, end, h)) complete(v, at(r.orders[i].what), 0, h);
    i = end;
  }
}

// A stop of `then no …`: what is armed, or waits for its opening, is off.
void Engine::stop(Visitor& v, std::size_t rule, const Happening& h) {
  Value& armed = v.record.words[at(plan_.layout.pending[rule])];
  if (plan_.layout.waiting[rule] >= 0) v.record.words[at(plan_.layout.waiting[rule])] = kUnknown;
  end_waiting(v, static_cast<int>(rule));
  if (armed == kUnknown) return;
  armed = kUnknown;
  if (steps_ && !folding_) steps_->push_back({Step::Kind::Stopped, h.at, rule, h.what, 0});
}

// `stop when`: all that the rule still has before it.
void Engine::end_pending(Visitor& v, std::size_t rule, const Happening& h) {
  bool stopped = false;
  const auto clear = [&](std::int32_t word) {
    if (word < 0) return;
    stopped = stopped || v.record.words[at(word)] != kUnknown;
    v.record.words[at(word)] = kUnknown;
  };
  clear(plan_.layout.pending[rule]);
  clear(plan_.layout.waiting[rule]);
  stopped = end_waiting(v, static_cast<int>(rule)) || stopped;
  clear(plan_.layout.offer[rule]);
  if (const std::int32_t list = plan_.layout.pending_list[rule]; list >= 0) {
    stopped = stopped || !v.record.lists[at(list)].empty();
    v.record.lists[at(list)].clear();
  }
  if (steps_ && !folding_ && stopped) steps_->push_back({Step::Kind::Stopped, h.at, rule, h.what, 0});
}

// `N E within D`: is this match the N-th? Then it starts afresh.
bool Engine::repeated(Visitor& v, std::size_t rule, const Happening& h) {
  const plan::Trigger& t = plan_.rules[rule].trigger;
  const auto before = static_cast<std::size_t>(t.count) - 1;  // how many must stand before this one
  if (t.same < 0) {
    Value* times = &v.record.words[at(plan_.layout.start[rule])];
    if (times[before - 1] != kUnknown && h.at - times[before - 1] < t.within) {
      std::fill_n(times, before, kUnknown);
      return true;
    }
    std::copy_backward(times, times + before - 1, times + before);
    times[0] = h.at;
    return false;
  }
  const Value value = h.fields[at(t.same)];
  if (value == kUnknown) return false;
  std::vector<Value>& list = v.record.lists[at(plan_.layout.start_list[rule])];  // (at, value), in time order
  std::size_t old = 0;
  while (old < list.size() && h.at - list[old] >= t.within) old += 2;
  list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(old));
  std::size_t same = 0;
  for (std::size_t i = 0; i < list.size(); i += 2) same += list[i + 1] == value;
  if (same < before) {
    list.insert(list.end(), {h.at, value});
    return false;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < list.size(); i += 2) {
    if (list[i + 1] == value) continue;
    list[kept] = list[i];
    list[kept + 1] = list[i + 1];
    kept += 2;
  }
  list.resize(kept);
  return true;
}

// `in order within D`: a record breaks first; then, from the last step down, it takes the latest start of the steps before.
bool Engine::in_order(Visitor& v, const std::vector<Concern>& parts, std::size_t from, std::size_t to, const Happening& h) {
  const std::size_t rule = at(parts[from].what);
  const plan::Trigger& t = plan_.rules[rule].trigger;
  Value* starts = &v.record.words[at(plan_.layout.start[rule])];
  const std::size_t prefixes = t.on.size() - 1;
  for (std::size_t i = from; i < to; ++i) {
    const Value match = parts[i].filter < 0 ? kYes : matches_[at(parts[i].filter)];
    if (parts[i].part == kBreak) {
      if (match != kNo) std::fill_n(starts, prefixes, kUnknown);
      continue;
    }
    if (match != kYes) continue;
    const std::size_t step = at(parts[i].part);
    if (step == 0) {
      starts[0] = h.at;
      continue;
    }
    const Value start = starts[step - 1];
    if (start == kUnknown || h.at - start >= t.within) continue;
    if (step == prefixes) {
      std::fill_n(starts, prefixes, kUnknown);
      return true;
    }
    starts[step] = start;
  }
  return false;
}

void Engine::write_start(Value* to, std::size_t rule, const Start& start, const Value* captures) const {
  to[0] = start.at;
  to[1] = start.seq;
  to[2] = static_cast<Value>(start.identity);
  to[3] = start.alternative;
  std::copy_n(captures, plan_.rules[rule].captures.size(), to + plan::kStartWords);
}

void Engine::fire_from(std::size_t rule, Origin origin, const Value* start, Value of) {
  firings_.push_back({static_cast<std::int32_t>(rule), origin,
                      {start[0], start[1], static_cast<std::uint64_t>(start[2]), static_cast<std::int32_t>(start[3])}, pool_.size(), of});
  pool_.insert(pool_.end(), start + plan::kStartWords, start + plan::kStartWords + plan_.rules[rule].captures.size());
}

void Engine::want(const history::Event& request) {
  for (const history::Place& p : request.asked) asked_.push_back({p, request.at});
}

// The trigger's start is complete: the rule fires, or is armed.
void Engine::complete(Visitor& v, std::size_t rule, std::int32_t alternative, const Happening& h) {
  const plan::Rule& r = plan_.rules[rule];
  const Start start{h.at, v.record.seq, h.identity, alternative};
  const std::size_t captures = pool_.size();
  for (const plan::Capture& c : r.captures) pool_.push_back(c.event == h.what && h.fields ? h.fields[at(c.field)] : kUnknown);
  const auto armed = [&](Step::Kind kind) {
    if (steps_ && !folding_) steps_->push_back({kind, h.at, rule, h.what, h.at + r.trigger.delay});
    pool_.resize(captures);
    due_at(v, h.at + r.trigger.delay);
  };
  switch (r.trigger.then) {
    case DelayKind::None: firings_.push_back({static_cast<std::int32_t>(rule), Origin::Trigger, start, captures}); return;
    case DelayKind::Absence: {
      Value& since = v.record.words[at(plan_.layout.pending[rule])];
      const bool again = std::exchange(since, start.at) != kUnknown;
      write_start(&v.record.words[at(plan_.layout.pending_start[rule])], rule, start, pool_.data() + captures);
      armed(again ? Step::Kind::Restarted : Step::Kind::Started);
      return;
    }
    case DelayKind::Wait: {
      std::vector<Value>& list = v.record.lists[at(plan_.layout.pending_list[rule])];
      list.resize(list.size() + plan::kStartWords + r.captures.size());
      write_start(&list[list.size() - plan::kStartWords - r.captures.size()], rule, start, pool_.data() + captures);
      armed(Step::Kind::Started);
      return;
    }
  }
}

// Memberships as they stand now; what becomes known and is new completes the triggers that wait for it.
void Engine::look_at_memberships(Visitor& v, const Happening& h, bool completes) {
  if (plan_.memberships.empty()) return;
  const record::View seen = view(v);
  const plan::Context context{h.at, nullptr, attributes(v), &record::host(), &seen};
  for (std::size_t m = 0; m < plan_.memberships.size(); ++m) {
    const Value is = evaluator_.evaluate(plan_.memberships[m].code, context);
    Value& known = v.record.words[at(plan_.layout.membership[m])];
    if (is == kUnknown || is == known) continue;
    known = is;
    if (!completes) continue;
    for (std::size_t rule : dispatch_.members[m])
      if (plan_.rules[rule].trigger.enters == (is == kYes)) complete(v, rule, 0, h);
  }
}

// Rules that start together: all but those whose conditions fail by the visitor's attributes alone. Histories know every firing, though, and
// `All` hands out every judgement.
template <class Begin>
void Engine::start_group(const Visitor& v, std::size_t group, Begin start) {
  const Dispatch::Group& g = dispatch_.groups[group];
  if (v.past || options_.keep == Keep::All) {
    for (std::size_t rule : g.rules) start(rule);
    return;
  }
  ++screened_[group];
  g.screen.run(attributes(v), [&](std::size_t kept) {
    --passed_over_[g.rules[kept]];
    start(g.rules[kept]);
  });
}

// A request: the rules that ask for its slots, and what is offered for them.
void Engine::ask(Visitor& v, const history::Event& request, std::uint64_t identity) {
  const auto wanted = [&](std::int32_t channel, std::int32_t slot) {
    return std::any_of(request.asked.begin(), request.asked.end(), [&](const history::Place& p) { return p.channel == channel && p.slot == slot; });
  };
  asked_.clear();
  want(request);
  const Start start{request.at, v.record.seq, identity, 0};  // a request has no delay, and no fields to capture
  const auto fire = [&](std::size_t rule) { firings_.push_back({static_cast<std::int32_t>(rule), Origin::Trigger, start, pool_.size()}); };
  for (const Dispatch::Asked& a : dispatch_.asked)
    if (wanted(a.channel, a.slot)) start_group(v, a.group, fire);
  for (std::size_t rule : dispatch_.offers) {
    const Value until = v.record.words[at(plan_.layout.offer[rule])];
    if (until == kUnknown || until <= request.at) continue;  // one whose time is over stays: another pack may hold it longer
    bool shows = false;
    for (const plan::Row& row : plan_.rules[rule].rows)
      for (const plan::Action& a : row.actions) shows = shows || (a.kind == plan::ActionKind::Show && wanted(a.channels[0], a.slot));
    if (!shows) continue;
    fire_from(rule, Origin::Offer, &v.record.words[at(plan_.layout.offer_start[rule])], static_cast<Value>(identity));
    firings_.back().until = until;
  }
}

// An answer belongs to the latest message by the channel.
void Engine::answered(Visitor& v, std::int32_t channel, Millis when) {
  std::vector<Value>& sends = v.record.lists[at(plan_.layout.answer_list[at(channel)])];
  if (!sends.empty() && when - sends[sends.size() - 2] < plan_.catalog.channels[at(channel)].answer->within) sends.back() = kYes;
}

// The goal is credited to the earliest exposure in its time, once.
void Engine::convert(Visitor& v, std::size_t g, const Happening& h) {
  const plan::Goal& goal = plan_.goals[g];
  std::vector<Value>& exposures = v.record.lists[at(plan_.layout.goal_list[g])];  // at, id, id, rule * 4 + held out * 2 + converted
  std::size_t i = 0;
  while (i < exposures.size() && h.at - exposures[i] >= goal.within) i += 4;
  exposures.erase(exposures.begin(), exposures.begin() + static_cast<std::ptrdiff_t>(i));
  if (exposures.empty() || exposures[3] % 2 != 0) return;
  exposures[3] += 1;
  const plan::Rule& rule = plan_.rules[static_cast<std::size_t>(exposures[3] / 4)];
  const bool mixed = rule.hold_out >= 0 && v.record.words[at(plan_.layout.arm[at(rule.hold_out)])] == kMixed;
  history::Decision d;
  if (v.past && !v.past->converted.insert(static_cast<std::uint64_t>(exposures[1])).second) return;
  const auto id = history::digits({static_cast<std::uint64_t>(exposures[1]), static_cast<std::uint64_t>(exposures[2])});
  d.id.assign(id.data(), id.size());
  d.at = std::max(h.at, v.now);
  d.visitor = v.key;
  d.journey = rule.journey;
  d.version = plan_.journeys[at(goal.journey)].version;
  d.rule = rule.name;
  d.outcome = history::Outcome::converted;
  history::Reason why{goal.text, history::Tri::Yes, {}};
  why.saw.push_back({"exposure", {catalog::TypeKind::Text, 0, {mixed ? "mixed" : exposures[3] / 2 % 2 ? "held_out" : "acted"}, false}});
  if (goal.worth >= 0) {
    fields_.clear();
    for (const plan::Capture& c : goal.captures) fields_.push_back(h.fields[at(c.field)]);
    const record::View seen = view(v);
    const plan::Context context{h.at, fields_.data(), attributes(v), &record::host(), &seen};
    why.saw.push_back({"worth", history::datum(plan_.codes[at(goal.worth)].type, evaluator_.evaluate(goal.worth, context), texts_)});
  }
  d.because.push_back(std::move(why));
  hand_out_conversion(static_cast<std::size_t>(exposures[3] / 4), std::move(d));
}

}  // namespace polku::engine
