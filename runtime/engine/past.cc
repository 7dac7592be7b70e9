// Histories, and the fold over them (readings 65 to 75).
#include <algorithm>
#include <map>
#include <set>

#include "runtime/engine/visitor.h"
#include "runtime/history/translate.h"

namespace polku::engine {

using history::Deed;

// Its number in the plan as it is now; -1: it has none of that name.
int Engine::rule_named(const std::string& journey, const std::string& name) {
  const auto key = [](const std::string& of, const std::string& n) { return history::firing_key(of, n, 0, 0); };
  const auto is = [&](std::size_t i) { return plan_.rules[i].name == name && plan_.rules[i].journey == journey; };
  if (numbers_.empty())
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) numbers_.emplace(key(plan_.rules[i].journey, plan_.rules[i].name), i);
  const auto number = numbers_.find(key(journey, name));
  if (number == numbers_.end()) return -1;
  std::size_t i = number->second;
  if (!is(i))  // two keys are equal
    for (i = 0; i < plan_.rules.size() && !is(i);) ++i;
  return i < plan_.rules.size() ? static_cast<int>(i) : -1;
}

std::uint64_t Engine::key_of(const Firing& f) const {
  const plan::Rule& r = plan_.rules[at(f.rule)];
  return history::firing_key(r.journey, r.name, f.start.identity, f.of);
}

const history::Event& Engine::remember(Visitor& v, std::string_view name, history::Event event) {
  auto& names = v.past()->names;
  auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) it = names.insert(names.end(), std::string(name));
  const Millis when = event.at;
  event.identity = v.past()->distinct(when, event.identity);
  const std::uint64_t arrival = ++arrivals_ * history::kDeeds;
  v.past()->arrival = std::max(v.past()->arrival, arrival);
  kept_ = std::move(event);
  v.past()->insert(when, arrival, static_cast<std::uint32_t>(it - names.begin()), kept_);
  v.rare->person = visitors_->kept(names[v.past()->entries.front().name]);  // a record stands first: nothing is decided before there is one
  return kept_;
}

void Engine::meet(std::uint64_t identity, std::int64_t seq, plan::OccurrenceId what, const history::Event* event) {
  if (!folding_) return;
  if (const auto s = starts_.find(identity); s != starts_.end()) s->second = {s->second.at, seq, what, event ? event->type : kNoRecord, event ? event->fields : std::vector<Value>{}};
}

// Makes the record anew, up to `until`, and placed_ all firings on the way.
void Engine::fold(Visitor& v, Millis until) {
  ++folds_;
  if (!profile_) return fold_all(v, until);
  Laps lap;
  fold_all(v, until);
  lap.to(profile_->folds);
}

void Engine::fold_all(Visitor& v, Millis until) {
  folding_ = true;
  if (steps_) steps_->push_back({Step::Kind::Anew, until, 0, kByTime, 0});
  begin_place();
  starts_.clear();
  for (const history::Entry& e : v.past()->entries)
    if (const Deed* d = v.past()->deed(e); d && (d->kind == Deed::Kind::Waiting || d->kind == Deed::Kind::Offered))
      starts_[d->start].at = d->start_at;
  std::vector<std::pair<Millis, std::uint64_t>> ahead;
  for (const auto& [identity, start] : starts_) ahead.emplace_back(start.at, identity);
  std::sort(ahead.begin(), ahead.end());
  auto next_start = ahead.begin();
  visitors_->clear(v.record);
  attributes_of_ = nullptr;
  v.rare->waiting.clear();
  v.rare->suppressed.clear();
  v.move_to(kNoClock);
  v.deadline = kNever;
  const std::vector<history::Entry>& entries = v.past()->entries;
  for (std::size_t i = 0; i < entries.size();) {
    const history::Entry& e = entries[i];
    for (; next_start != ahead.end() && next_start->first <= e.at; ++next_start)  // an instant stands before the records of its time
      if (Met& start = starts_.at(next_start->second); start.seq == kNotMet) start.seq = v.record.seq + 1;
    place_timers(v, e.at);
    if (e.deed == 0) {
      v.past()->read(e, folded_);
      take_in(v, folded_, folded_.identity);
      ++i;
    } else {
      i = fold_round(v, i);
    }
    deadlines_after_record(v);
  }
  place_timers(v, until);
  folding_ = false;
  v.move_to(until);
  v.deadline = kNever;
  if (const Millis next = next_deadline(v); next != kNever) due_at(v, next);
  placed_.swap(firings_);
  firings_.clear();
  settled_ = 0;
}

void Engine::fold_deed(Visitor& v, const Deed& d, Millis when) {
  const int rule = rule_named(d.journey, d.rule);
  v.move_to(std::max(v.clock, when));
  Start start{d.start_at, 0, d.start, 0};
  std::vector<Value> captures(rule < 0 ? 0 : plan_.rules[at(rule)].captures.size(), kUnknown);
  if (const auto s = starts_.find(d.start); s != starts_.end()) {
    start.seq = s->second.seq;
    if (rule >= 0)
      for (std::size_t i = 0; i < captures.size(); ++i)
        if (const plan::Capture& c = plan_.rules[at(rule)].captures[i]; c.event == s->second.type) captures[i] = s->second.fields[at(c.field)];
    if (rule >= 0) start.alternative = alternative(v, at(rule), s->second);
  }
  effect(d, *effect_);
  leave(v, rule, *effect_, when, start, captures.data());
}

// The decisions of one round, from the first of them on; what they leave behind starts rules behind all of them. The entry that follows.
std::size_t Engine::fold_round(Visitor& v, std::size_t first) {
  const std::vector<history::Entry>& entries = v.past()->entries;
  const Millis when = entries[first].at;
  const Deed& begin = *v.past()->deed(entries[first]);
  std::size_t end = first;
  const auto same = [&](const history::Entry& e) {
    const Deed* d = v.past()->deed(e);
    return d && d->round == begin.round;
  };
  if (begin.begins_place || when != v.clock) ++place_;
  for (; end < entries.size() && same(entries[end]); ++end)
    if (const int rule = rule_named(v.past()->deed(entries[end])->journey, v.past()->deed(entries[end])->rule); rule >= 0) fired_[at(rule)] = place_;
  acted_ = 0;
  for (std::size_t i = first; i < end; ++i) fold_deed(v, *v.past()->deed(entries[i]), when);
  if (acted_ > 0) {
    look_at_memberships(v, latest_act_);
    settle(v, when);
  }
  return end;
}

// Which of `any of …` the start is; -1: none of them (another pack has begun meanwhile).
std::int32_t Engine::alternative(Visitor& v, std::size_t rule, const Met& start) {
  const plan::Trigger& t = plan_.rules[rule].trigger;
  if (t.start != plan::StartKind::Event) return start.type != kNoRecord ? 0 : -1;
  const record::View seen = view(v);
  for (std::size_t i = 0; i < t.on.size(); ++i) {
    if (t.on[i].what != start.what) continue;
    const Value* fields = start.type != kNoRecord ? start.fields.data() : nullptr;
    if (t.on[i].filter < 0 || evaluator_.evaluate(t.on[i].filter, {start.at, fields, nullptr, &record::host(), &seen}) == kYes) return static_cast<std::int32_t>(i);
  }
  return -1;
}

// Is it known by its key whether it was placed before? Else it was if its record was.
bool Engine::keyed(const Firing& f) const { return f.origin != Origin::Trigger || !dispatch_.brief[at(f.rule)].direct; }

bool Engine::fresh(std::uint64_t record) const { return std::find(fresh_.begin(), fresh_.end(), record) != fresh_.end(); }

// What the fold placed happens no more.
void Engine::use_up(Visitor& v) {
  for (const Firing& f : placed_)
    if (keyed(f)) v.past()->placed.insert(key_of(f));
}

// What is overdue and still placed, judged now.
void Engine::judge_overdue(Visitor& v, Millis now, const Overdue& overdue) {
  fresh_ = overdue.records;
  fold(v, now);
  for (const std::uint64_t key : overdue.firings) v.past()->placed.insert(key);
  std::erase_if(placed_, [&](const Firing& f) { return keyed(f) && !overdue.firings.contains(key_of(f)); });
  firings_ = placed_;
  asked_ = overdue.asked;
  judge_place(v, now, true);
  deadlines_after_record(v);
}

// Does the record make one visitor of two names? Else it only changes attributes.
bool Engine::merges(const Visitor& into, const history::Event& event) const {
  if (event.type != history::kMerge) return false;
  return visitors_->find(event.merges) != &into;
}

// Two histories become one.
void Engine::unite(Visitor& into, std::string_view name, const history::Event& event) {
  std::vector<std::string_view> names;
  Visitor* gone = visitors_->find(event.merges);
  if (gone) {
    into.past()->absorb(std::move(*gone->past()));
    into.rare->received = std::max(into.rare->received, gone->rare->received);
    names = std::move(gone->rare->aliases);
    names.push_back(gone->key());
  } else {
    names.push_back(event.merges);
  }
  for (const std::string_view each : names) into.rare->aliases.push_back(visitors_->call(each, into));
  if (gone) visitors_->erase(*gone);
  attributes_of_ = nullptr;
  remember(into, name, event);
}

void Engine::resume(Millis now, const std::vector<std::pair<std::string, history::Event>>& waiting, std::vector<std::string_view>* ran) {
  std::map<std::uint32_t, Overdue> overdue;  // by visitor
  std::set<std::uint32_t> looked_at;
  const auto add_new = [&](Visitor& v, bool late) {
    Overdue& mine = overdue[v.number];
    looked_at.insert(v.number);
    for (const Firing& f : placed_) {
      if (!keyed(f)) continue;
      const std::uint64_t key = key_of(f);
      if (v.past()->placed.contains(key) || mine.firings.contains(key)) continue;
      if (late)
        v.past()->placed.insert(key);
      else
        mine.firings.insert(key);
    }
  };
  floor_ = std::max(floor_, now);
  Millis due = 0;
  std::uint32_t number = 0;
  while (timers_.pop(now, due, number)) {
    Visitor* v = visitors_->at(number);
    if (!v || v->deadline != due) continue;
    v->rare->now = now;
    fresh_.clear();
    fold(*v, now);
    add_new(*v, false);
  }
  for (const auto& [name, event] : waiting) {
    Visitor& v = find(name);
    v.rare->now = std::max(v.now(), now);
    v.rare->received = std::max(v.rare->received, event.received == kUnknown ? event.at : std::max(event.at, event.received));
    bool late = true;
    if (merges(v, event)) {
      const Visitor* other = visitors_->find(event.merges);
      const std::uint32_t from = other ? other->number : v.number;
      unite(v, name, event);
      if (from != v.number) {
        Overdue& mine = overdue[v.number];
        Overdue& theirs = overdue[from];
        mine.firings.merge(theirs.firings);
        mine.records.insert(mine.records.end(), theirs.records.begin(), theirs.records.end());
        mine.asked.insert(mine.asked.end(), theirs.asked.begin(), theirs.asked.end());
        overdue.erase(from);
      }
    } else {
      history::Event record = event;
      if (record.type == history::kMerge) record.type = history::kVisitorUpdated;
      const std::uint64_t identity = remember(v, name, std::move(record)).identity;
      late = event.received != kUnknown && event.received - event.at > plan_.catalog.lateness;
      if (!late) overdue[v.number].records.push_back(identity);
      for (const history::Place& p : event.asked) overdue[v.number].asked.push_back({p, event.at});
    }
    fresh_.clear();
    fold(v, now);
    add_new(v, late);
  }
  for (const auto& [n, firings] : overdue) judge_overdue(*visitors_->at(n), now, firings);
  for (const std::uint32_t n : looked_at)
    if (const Visitor* v = visitors_->at(n)) {
      hint(*v);
      if (ran) ran->push_back(v->key());
    }
}

// The fold by the plan as it is now; what it places before `now` is used up, and what is due then is still to come.
void Engine::begin_anew(Visitor& v, Millis now) {
  const Millis seen = std::max(v.now(), now - 1);
  v.rare->now = std::max(v.now(), now);  // what the fold finds out is found out now
  fresh_.clear();
  fold(v, now - 1);
  use_up(v);
  v.rare->now = seen;
  hint(v);
}

// A history that an engine of another plan kept, in this one's words. What placed its firings with its record there, and does not here, is known by keys from now on.
void Engine::adopt(Visitor& v, Engine& old) {
  if (std::exchange(older_, &old) != &old) {
    no_more_direct_.clear();
    for (std::size_t r = 0; r < old.plan_.rules.size(); ++r) {
      const int here = rule_named(old.plan_.rules[r].journey, old.plan_.rules[r].name);
      if (old.dispatch_.brief[r].direct && (here < 0 || !dispatch_.brief[at(here)].direct)) no_more_direct_.push_back(r);
    }
  }
  v.past()->rewrite([&](history::Event& event) {
    const record::View seen{&old.plan_, &v.record, &old.texts_, &old.pack_zone_};
    const plan::Context context{event.at, event.fields.data(), nullptr, &record::host(), &seen};  // a filter sees the event alone
    for (const std::size_t r : no_more_direct_) {
      const plan::Rule& rule = old.plan_.rules[r];
      const plan::Trigger& t = rule.trigger;
      const bool started = t.start == plan::StartKind::Asked
                               ? std::any_of(event.asked.begin(), event.asked.end(), [&](const history::Place& p) { return p.channel == t.channel && p.slot == t.slot; })
                               : std::any_of(t.on.begin(), t.on.end(), [&](const plan::Match& m) { return m.what == event.type && (m.filter < 0 || old.evaluator_.evaluate(m.filter, context) == kYes); });
      if (started) v.past()->placed.insert(history::firing_key(rule.journey, rule.name, event.identity, kUnknown));
    }
    history::translate(event, old.plan_.catalog, old.texts_, plan_.catalog, texts_);
  });
}

// The visitors of another engine, from now on here.
void Engine::succeed(Engine& old, Millis now) {
  visitors_->adopt(*old.visitors_);
  for (std::uint32_t n = 0; n < visitors_->end(); ++n) {
    Visitor* v = visitors_->at(n);
    if (!v) continue;
    adopt(*v, old);
    begin_anew(*v, now);
  }
  arrivals_ = old.arrivals_;
  rounds_ = old.rounds_;
  floor_ = std::max(old.floor_, now - 1);
  tables_ = std::move(old.tables_);
}

}  // namespace polku::engine
