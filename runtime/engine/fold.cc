// What one history record does to a visitor's record, and which triggers it completes. Nothing here judges.
#include <algorithm>
#include <type_traits>

#include "runtime/engine/visitor.h"

namespace polku::engine {

using plan::DelayKind;

// The features that the record concerns, then goals, then the triggers: what it ends before what it starts.
template <bool timed>
void Engine::happen_as(Visitor& v, const Happening& h) {
  const Reaction& r = dispatch_.by_occurrence[at(h.what)];
  const record::Place place{h.at, v.record.seq};
  const record::View seen = view(v);
  const plan::Context context{h.at, h.fields, nullptr, &record::host(), &seen};  // a filter sees the event alone
  [[maybe_unused]] std::conditional_t<timed, Laps, char> laps{};
  const auto lap = [&]([[maybe_unused]] auto of, [[maybe_unused]] std::uint64_t times = 1) {
    if constexpr (timed) laps.to(of(), times);
  };
  const auto update = [&](const Concern& c) {
    lap([&]() -> Profile::Item& { return profile_->features[at(c.what)]; });
  };
  held_.clear();
  held_.push_back({-1, kYes});
  matches_.assign(r.filters.size(), kNo);
  const auto hold = [&](std::uint32_t f, Value m) {
    if (m == kNo) return;
    matches_[f] = m;
    held_.push_back({static_cast<std::int32_t>(f), m});
  };
  if (r.screened)
    r.screen.run({&v.record, h.fields, h.at}, scratch_, nullptr, [&](std::uint32_t f, bool holds) { hold(f, holds ? kYes : evaluator_.evaluate(r.filters[f], context)); });
  else
    for (std::uint32_t f = 0; f < r.filters.size(); ++f) hold(f, evaluator_.evaluate(r.filters[f], context));
  const auto matches = [&](const Concern& c) { return c.filter < 0 ? kYes : matches_[at(c.filter)]; };
  const auto each = [&](const auto& of, auto meet) {      // meet(concern, match), of those that are not surely left out
    if (of.empty()) return;
    for (const Held& f : held_)
      for (const auto& c : of.of(f.filter)) meet(c, f.match);
  };

  lap([&]() -> Profile::Item& { return profile_->filters; });
  for (std::int32_t m : r.marks) record::mark(plan_, v.record, m, place);
  lap([&]() -> Profile::Item& { return profile_->triggers; }, 0);
  each(r.counts, [&](const Concern& c, Value m) {
    record::count(plan_, v.record, c.what, place, m);
    update(c);
  });
  each(r.values, [&](const Concern& c, Value m) {
    record::value(plan_, v.record, c.what, place, m == kYes ? h.fields[at(plan_.features[at(c.what)].columns[0])] : kUnknown);
    update(c);
  });
  for (const Concern& c : r.resets) {
    record::reset_last(plan_, v.record, c.what);
    update(c);
  }
  for (const Concern& c : r.lasts) {
    record::last(plan_, v.record, c.what, place, h.fields);
    update(c);
  }
  for (std::int32_t channel : r.answers) answered(v, channel, h.at);
  for (const Concern& c : r.goals)
    if (matches(c) == kYes) convert(v, at(c.what), h);

  for (const Concern& c : r.journey_stops)
    if (matches(c) != kNo)
      for (std::size_t rule : dispatch_.journeys[at(c.what)]) end_pending(v, rule, h);
  for (const Concern& c : r.stops)
    if (matches(c) != kNo) stop(v, at(c.what), h);
  each(r.groups, [&](const Concern& c, Value m) {
    if (m == kYes) start_group(v, at(c.what), h);
  });
  each(r.starts, [&](const Concern& c, Value m) {
    if (m == kYes) complete(v, at(c.what), c.part, h);
  });
  for (std::size_t i = 0; i < r.several.size(); ++i) {
    const Concern& c = r.several[i];
    if (matches(c) != kYes) continue;
    complete(v, at(c.what), c.part, h);
    while (i + 1 < r.several.size() && r.several[i + 1].what == c.what) ++i;  // one alternative is enough
  }
  for (const Concern& c : r.repeats)
    if (matches(c) == kYes && repeated(v, at(c.what), h)) complete(v, at(c.what), 0, h);
  for (const Concern& c : r.breaks)
    if (matches(c) != kNo) record::clear_place(v.record, plan_.layout.prefixes[at(c.what)].at);
  each(r.last_steps, [&](const Advance& step, Value m) {
    if (m == kYes && last_step(v, step, h.at)) complete(v, at(step.rule), 0, h);
  });
  for (const Advance& step : r.steps) {
    if (step.filter >= 0 && matches_[at(step.filter)] != kYes) continue;
    if (step.from < 0) record::set_place(v.record, step.to, place);
    else record::copy_place(v.record, step.from, step.to);
  }
  lap([&]() -> Profile::Item& { return profile_->triggers; });
}

template void Engine::happen_as<true>(Visitor& v, const Happening& h);
template void Engine::happen_as<false>(Visitor& v, const Happening& h);

// A stop of `then no …`: what is armed, or waits for its opening, is off.
void Engine::stop(Visitor& v, std::size_t rule, const Happening& h) {
  const std::int32_t armed = plan_.layout.pending[rule];
  if (plan_.layout.waiting[rule] >= 0) end_hold(v, plan_.layout.waiting[rule], plan_.layout.waiting_start[rule]);
  end_waiting(v, static_cast<int>(rule));
  if (record::instant(v.record, armed) == kUnknown) return;
  record::clear_start(v.record, plan_.layout.pending_start[rule]);
  if (steps_) steps_->push_back({Step::Kind::Stopped, h.at, rule, h.what, 0});
}

// `stop when`: all that the rule still has before it.
void Engine::end_pending(Visitor& v, std::size_t rule, const Happening& h) {
  bool stopped = false;
  const auto clear = [&](std::int32_t until, const plan::StartCells& start) { stopped = (until >= 0 && end_hold(v, until, start)) || stopped; };
  clear(plan_.layout.pending[rule], plan_.layout.pending_start[rule]);
  clear(plan_.layout.waiting[rule], plan_.layout.waiting_start[rule]);
  stopped = end_waiting(v, static_cast<int>(rule)) || stopped;
  clear(plan_.layout.offer[rule], plan_.layout.offer_start[rule]);
  if (const std::int32_t list = plan_.layout.pending_list[rule]; list >= 0 && !record::list(v.record, list).empty()) {
    stopped = true;
    record::own_list(v.record, list).clear();
  }
  if (steps_ && stopped) steps_->push_back({Step::Kind::Stopped, h.at, rule, h.what, 0});
}

// `N E within D`: is this match the N-th? Then it starts afresh.
bool Engine::repeated(Visitor& v, std::size_t rule, const Happening& h) {
  const plan::Trigger& t = plan_.rules[rule].trigger;
  const auto before = static_cast<std::size_t>(t.count) - 1;  // how many must stand before this one
  if (t.same < 0) {
    const std::int32_t times = plan_.layout.start[rule];
    const Value first = record::instant(v.record, times + static_cast<std::int32_t>(before - 1) * plan::kInstantBytes);
    if (first != kUnknown && h.at - first < t.within) {
      record::clear_instants(v.record, times, before);
      return true;
    }
    record::push_front(v.record, {times, false}, static_cast<std::int64_t>(before), h.at);
    return false;
  }
  const Value value = h.fields[at(t.same)];
  if (value == kUnknown) return false;
  std::vector<Value>& list = record::own_list(v.record, plan_.layout.start_list[rule]);  // (at, value), in time order
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

// `in order within D`: is the latest start of the steps before near enough, and not used up by this rule? Then it is now.
bool Engine::last_step(Visitor& v, const Advance& step, Millis now) {
  const Value start = record::instant(v.record, step.from);
  if (start == kUnknown || now - start >= plan_.rules[at(step.rule)].trigger.within) return false;
  const std::int32_t used = plan_.layout.used[at(step.rule)];
  if (const std::int64_t until = record::seq(v.record, used); until != kUnknown && record::seq(v.record, step.from + plan::kInstantBytes) <= until) return false;
  record::set_seq(v.record, used, v.record.seq);
  return true;
}

void Engine::write_start(record::Record& r, const plan::StartCells& to, const Start& start, const Value* captures) {
  record::set_instant(r, to.at, start.at);
  if (to.seq.at >= 0) record::set(r, to.seq, start.seq);
  record::set(r, to.identity, static_cast<Value>(start.identity));
  if (to.alternative.at >= 0) record::set(r, to.alternative, start.alternative + 1);
  for (std::size_t i = 0; i < to.captures.size(); ++i) record::set(r, to.captures[i], captures[i]);
}

// What the rule started with, as it stands in the record.
void Engine::fire_from(std::size_t rule, Origin origin, const record::Record& r, const plan::StartCells& from, Value of) {
  const Start start{record::instant(r, from.at), from.seq.at < 0 ? 0 : record::get(r, from.seq), static_cast<std::uint64_t>(record::get(r, from.identity)),
                    from.alternative.at < 0 ? 0 : static_cast<std::int32_t>(record::get(r, from.alternative)) - 1};
  firings_.push_back({static_cast<std::int32_t>(rule), origin, start, pool_.size(), of});
  for (const plan::Cell& c : from.captures) pool_.push_back(record::get(r, c));
}

// The same as words, which stand where there is no cell for it.
void Engine::fire_from(std::size_t rule, Origin origin, const Value* start, Value of) {
  firings_.push_back({static_cast<std::int32_t>(rule), origin,
                      {start[0], start[1], static_cast<std::uint64_t>(start[2]), static_cast<std::int32_t>(start[3])}, pool_.size(), of});
  pool_.insert(pool_.end(), start + plan::kStartWords, start + plan::kStartWords + plan_.rules[rule].captures.size());
}

void Engine::write_start(std::vector<Value>& to, std::size_t rule, const Start& start, const Value* captures) const {
  to.insert(to.end(), {start.at, start.seq, static_cast<Value>(start.identity), start.alternative});
  to.insert(to.end(), captures, captures + plan_.rules[rule].captures.size());
}

void Engine::want(const history::Event& request) {
  for (const history::Place& p : request.asked) asked_.push_back({p, request.at});
}

// The trigger's start is complete: the rule fires, or is armed.
void Engine::complete(Visitor& v, std::size_t rule, std::int32_t alternative, const Happening& h, bool holds) {
  const Dispatch::Brief& r = dispatch_.brief[rule];
  if (folding_ && r.direct && !fresh(h.identity)) return;
  const Start start{h.at, v.record.seq, h.identity, alternative};
  const std::size_t captures = pool_.size();
  for (const plan::Capture& c : r.captures) pool_.push_back(c.event == h.what && h.fields ? h.fields[at(c.field)] : kUnknown);
  const auto armed = [&](Step::Kind kind) {
    if (steps_) steps_->push_back({kind, h.at, rule, h.what, h.at + r.delay});
    pool_.resize(captures);
    due_at(v, h.at + r.delay);
  };
  switch (r.then) {
    case DelayKind::None:
      firings_.push_back({.rule = static_cast<std::int32_t>(rule), .start = start, .captures = captures, .holds = holds});
      return;
    case DelayKind::Absence: {
      const bool again = record::instant(v.record, plan_.layout.pending[rule]) != kUnknown;
      write_start(v.record, plan_.layout.pending_start[rule], start, pool_.data() + captures);
      armed(again ? Step::Kind::Restarted : Step::Kind::Started);
      return;
    }
    case DelayKind::Wait: {
      write_start(record::own_list(v.record, plan_.layout.pending_list[rule]), rule, start, pool_.data() + captures);
      armed(Step::Kind::Started);
      return;
    }
  }
}

// Memberships as they stand now; what becomes known and is new completes the triggers that wait for it.
void Engine::look_at_memberships(Visitor& v, const Happening& h, bool completes) {
  if (plan_.memberships.empty()) return;
  if (!profile_) return look_at_all(v, h, completes);
  Laps lap;
  look_at_all(v, h, completes);
  lap.to(profile_->segments);
}

void Engine::look_at_all(Visitor& v, const Happening& h, bool completes) {
  const record::View seen = view(v);
  const plan::Context context{h.at, nullptr, attributes(v), &record::host(), &seen};
  for (std::size_t m = 0; m < plan_.memberships.size(); ++m) {
    const Value is = evaluator_.evaluate(plan_.memberships[m].code, context);
    const std::int32_t known = plan_.layout.membership[m];
    if (is == kUnknown || is == record::tiny(v.record, known)) continue;
    record::set_tiny(v.record, known, is);
    if (!completes) continue;
    for (std::size_t rule : dispatch_.members[m])
      if (plan_.rules[rule].trigger.enters == (is == kYes)) complete(v, rule, 0, h);
  }
}

// What the conditions of rules that start together look up.
class Engine::Looks final : public match::Asker {
 public:
  Looks(Engine& engine, const Visitor& v, Millis now, const Value* fields, std::int64_t seq)
      : engine_(engine), v_(v), context_{now, fields, nullptr, &record::host(), nullptr, seq} {}
  const plan::Context& context(bool attributes) override {
    if (!context_.state) {
      view_ = engine_.view(v_);
      context_.state = &view_;
    }
    if (attributes) context_.attributes = engine_.attributes(v_);
    return context_;
  }
  Value evaluate(plan::CodeId code) override { return engine_.evaluator_.evaluate(code, context(true)); }

 private:
  Engine& engine_;
  const Visitor& v_;
  record::View view_;
  plan::Context context_;
};

void Engine::start_group(const Visitor& v, std::size_t group, const Happening& h) {
  const Started started{group, h, v.record.seq};
  if (!folding_) return started_.push_back(started);
  const bool first = fresh(h.identity);
  if (!first && dispatch_.groups[group].direct) return;
  for (std::size_t rule : dispatch_.groups[group].rules)
    if (first || !dispatch_.brief[rule].direct) fire(started, rule, false);
}

// All but those whose conditions surely fail now. `All` hands out every judgement, though, and a firing that comes too late or may end what waits is
// judged; what is unknown is only counted, unless it is handed out, or somebody wants to know what it was.
void Engine::screen_group(const Visitor& v, const Started& started, Millis now) {
  const Dispatch::Group& g = dispatch_.groups[started.group];
  if (options_.keep == Keep::All || v.waits() || now - started.by.at > plan_.catalog.patience) {
    for (std::size_t rule : g.rules) fire(started, rule, false);
    return;
  }
  Screened& s = screened_[started.group];
  ++s.times;
  Looks looks(*this, v, now, started.by.fields, started.seq);
  const auto screen = [&](const match::Screen& rules, match::Tally& unknown) {
    rules.run({&v.record, started.by.fields, now, &looks}, scratch_, options_.keep == Keep::Acted && !options_.unknowns ? &unknown : nullptr, [&](std::size_t rule, bool holds) {
      --passed_over_[rule];
      fire(started, rule, holds);
    });
  };
  screen(g.screen, s.unknown);
  if (!g.edited.empty()) screen(g.fresh, s.unknown_edited);
}

void Engine::fire(const Started& started, std::size_t rule, bool holds) {
  const Happening& h = started.by;
  firings_.push_back({.rule = static_cast<std::int32_t>(rule), .start = {h.at, started.seq, h.identity, 0}, .captures = pool_.size(), .holds = holds});
  for (const plan::Capture& c : dispatch_.brief[rule].captures) pool_.push_back(c.event == h.what && h.fields ? h.fields[at(c.field)] : kUnknown);
}

// A request: the rules that ask for its slots, and what is offered for them.
void Engine::ask(Visitor& v, const history::Event& request, std::uint64_t identity) {
  const auto wanted = [&](std::int32_t channel, std::int32_t slot) {
    return std::any_of(request.asked.begin(), request.asked.end(), [&](const history::Place& p) { return p.channel == channel && p.slot == slot; });
  };
  asked_.clear();
  want(request);
  for (const Dispatch::Asked& a : dispatch_.asked)
    if (wanted(a.channel, a.slot)) start_group(v, a.group, {.at = request.at, .identity = identity});
  for (std::size_t rule : dispatch_.offers) {
    const Value until = record::instant(v.record, plan_.layout.offer[rule]);
    if (until == kUnknown || until <= request.at) continue;  // one whose time is over stays: another pack may hold it longer
    bool shows = false;
    for (const plan::Row& row : plan_.rules[rule].rows)
      for (const plan::Action& a : row.actions) shows = shows || (a.kind == plan::ActionKind::Show && wanted(a.channels[0], a.slot));
    if (!shows) continue;
    fire_from(rule, Origin::Offer, v.record, plan_.layout.offer_start[rule], static_cast<Value>(identity));
    firings_.back().until = until;
  }
}

// An answer belongs to the latest message by the channel.
void Engine::answered(Visitor& v, std::int32_t channel, Millis when) {
  if (record::list(v.record, plan_.layout.answer_list[at(channel)]).empty()) return;
  std::vector<Value>& sends = record::own_list(v.record, plan_.layout.answer_list[at(channel)]);
  if ( when - sends[sends.size() - 2] < plan_.catalog.channels[at(channel)].answer->within) sends.back() = kYes;
}

// The goal is credited to the earliest exposure in its time, once.
void Engine::convert(Visitor& v, std::size_t g, const Happening& h) {
  const plan::Goal& goal = plan_.goals[g];
  if (record::list(v.record, plan_.layout.goal_list[g]).empty()) return;
  std::vector<Value>& exposures = record::own_list(v.record, plan_.layout.goal_list[g]);  // at, id, id, rule * 4 + held out * 2 + converted
  std::size_t i = 0;
  while (i < exposures.size() && h.at - exposures[i] >= goal.within) i += 4;
  exposures.erase(exposures.begin(), exposures.begin() + static_cast<std::ptrdiff_t>(i));
  if (exposures.empty() || exposures[3] % 2 != 0) return;
  exposures[3] += 1;
  const plan::Rule& rule = plan_.rules[static_cast<std::size_t>(exposures[3] / 4)];
  const bool mixed = rule.hold_out >= 0 && record::tiny(v.record, plan_.layout.arm[at(rule.hold_out)]) == kMixed;
  history::Decision d;
  if (v.past() && !v.past()->converted.insert(static_cast<std::uint64_t>(exposures[1]))) return;
  const auto id = history::digits({static_cast<std::uint64_t>(exposures[1]), static_cast<std::uint64_t>(exposures[2])});
  d.id.assign(id.data(), id.size());
  d.at = std::max(h.at, v.now());
  d.visitor = v.key();
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
