#include "runtime/engine/engine.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "runtime/engine/visitor.h"

namespace polku::engine {

using plan::TriggerKind;

namespace {
std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }
}  // namespace

Engine::Engine(const plan::Plan& plan, const plan::Evaluator& evaluator, base::Texts& texts, Keep keep)
    : plan_(plan), evaluator_(evaluator), texts_(texts), keep_(keep), dispatch_(make_dispatch(plan)), counts_(plan.rules.size()),
      fired_(plan.rules.size(), 0) {}

Engine::~Engine() = default;

std::vector<history::Decision> Engine::drain() { return std::exchange(out_, {}); }

std::size_t Engine::bytes() const {
  std::size_t n = 0;
  for (const auto& v : visitors_) {
    n += sizeof(Visitor) + static_cast<std::size_t>(plan_.layout.words) * sizeof(Value);
    for (std::int32_t i = 0; i < plan_.layout.lists; ++i)
      n += sizeof(std::vector<Value>) + v->record.lists[at(i)].capacity() * sizeof(Value);
  }
  return n;
}

Engine::Visitor& Engine::find(std::string_view key) {
  const auto it = by_name_.find(key);
  if (it != by_name_.end()) return *visitors_[it->second];
  auto v = std::make_unique<Visitor>();
  v->key = key;
  v->number = static_cast<std::uint32_t>(visitors_.size());
  v->record = record::make(plan_);
  by_name_.emplace(v->key, v->number);
  visitors_.push_back(std::move(v));
  return *visitors_.back();
}

Taken Engine::take(std::string_view key, const history::Event& event) {
  Visitor& v = find(key);
  if (event.at < std::max(v.clock, floor_)) return Taken::OutOfOrder;
  run_timers(v, event.at);
  v.clock = event.at;
  const std::uint64_t identity = v.arrivals.distinct(event.at, event.identity);
  for (const history::AttributeChange& c : event.changes) record::set_attribute(plan_, v.record, c.attribute, c.value);
  ++v.record.seq;
  if (event.type == history::kVisitorUpdated) return Taken::Yes;
  pool_.clear();
  firings_.clear();
  happen(v, event.type, event.at, event.fields, identity);
  if (!firings_.empty()) judge_place(v, event.at);
  return Taken::Yes;
}

void Engine::advance(Millis until) {
  floor_ = std::max(floor_, until);
  Millis due = 0;
  std::uint32_t number = 0;
  while (timers_.pop(until, due, number)) {
    Visitor& v = *visitors_[number];
    if (v.hinted == due) v.hinted = kNever;
    run_timers(v, due);
    v.clock = std::max(v.clock, due);
    if (v.deadline != kNever) due_at(v, v.deadline);
  }
}

// Keeps the visitor's earliest deadline, and a hint of it in the heap.
void Engine::due_at(Visitor& v, Millis due) {
  v.deadline = std::min(v.deadline, due);
  if (v.deadline >= v.hinted) return;
  v.hinted = v.deadline;
  timers_.push(v.deadline, v.number);
}

void Engine::run_timers(Visitor& v, Millis until) {
  while (v.deadline <= until) {
    Millis next = kNever;
    for (std::size_t rule : dispatch_.delayed) next = std::min(next, due(plan_, v.record, rule));
    v.deadline = next;
    if (next > until) return;
    pool_.clear();
    firings_.clear();
    for (std::size_t rule : dispatch_.delayed) {
      if (due(plan_, v.record, rule) != next) continue;
      const plan::Trigger& t = plan_.rules[rule].trigger;
      if (t.kind == TriggerKind::Absence) {
        Value* state = &v.record.words[at(plan_.layout.trigger[rule])];
        fire_captured(rule, state);
        state[0] = kUnknown;
      } else {
        std::vector<Value>& list = v.record.lists[at(plan_.layout.trigger_list[rule])];
        const std::size_t stride = 3 + plan_.rules[rule].captures.size();
        std::size_t n = 0;
        for (; n < list.size() && list[n] + t.delay == next; n += stride) fire_captured(rule, &list[n]);
        list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(n));
      }
    }
    judge_place(v, next);
  }
}

// One history record: the features it concerns, then the triggers, stops before starts.
void Engine::happen(Visitor& v, plan::OccurrenceId what, Millis when, const std::vector<Value>& fields, std::uint64_t identity) {
  const Reaction& r = dispatch_.by_occurrence[at(what)];
  const record::Place place{when, v.record.seq};
  const record::View view{&plan_, &v.record, &texts_};
  const plan::Context context{when, fields.data(), nullptr, &record::host(), &view};  // a filter sees the event alone
  std::vector<Value>& matched = matches_;
  matched.clear();
  for (plan::CodeId f : r.filters) matched.push_back(evaluator_.evaluate(f, context));
  const auto matches = [&](const Concern& c) { return c.filter < 0 ? kYes : matched[at(c.filter)]; };

  for (std::int32_t m : r.marks) record::mark(plan_, v.record, m, place);
  for (const Concern& c : r.counts)
    if (const Value m = matches(c); m != kNo) record::count(plan_, v.record, c.what, place, m);
  for (const Concern& c : r.values)
    if (const Value m = matches(c); m != kNo)
      record::value(plan_, v.record, c.what, place, m == kYes ? fields[at(plan_.features[at(c.what)].columns[0])] : kUnknown);
  for (const Concern& c : r.resets) record::reset_last(plan_, v.record, c.what);
  for (const Concern& c : r.lasts) record::last(plan_, v.record, c.what, place, fields);
  for (const Concern& c : r.stops)
    if (matches(c) != kNo) stop(v, at(c.what), when, what);
  for (const Concern& c : r.starts)
    if (matches(c) == kYes) start(v, at(c.what), when, what, fields, identity);
}

void Engine::stop(Visitor& v, std::size_t rule, Millis when, plan::OccurrenceId by) {
  Value& armed = v.record.words[at(plan_.layout.trigger[rule])];
  if (armed == kUnknown) return;
  armed = kUnknown;
  if (steps_) steps_->push_back({Step::Kind::Stopped, when, rule, by, 0});
}

void Engine::start(Visitor& v, std::size_t rule, Millis when, plan::OccurrenceId by, const std::vector<Value>& fields, std::uint64_t identity) {
  const plan::Rule& r = plan_.rules[rule];
  const auto write = [&](Value* state) {
    state[0] = when;
    state[1] = v.record.seq;
    state[2] = static_cast<Value>(identity);
    for (std::size_t i = 0; i < r.captures.size(); ++i) state[3 + i] = fields[at(r.captures[i])];
  };
  switch (r.trigger.kind) {
    case TriggerKind::At:
      firings_.push_back({static_cast<std::int32_t>(rule), v.record.seq, identity, pool_.size()});
      pool_.insert(pool_.end(), fields.begin(), fields.end());
      return;
    case TriggerKind::Absence: {
      Value* state = &v.record.words[at(plan_.layout.trigger[rule])];
      if (steps_) steps_->push_back({state[0] == kUnknown ? Step::Kind::Started : Step::Kind::Restarted, when, rule, by, when + r.trigger.delay});
      write(state);
      break;
    }
    case TriggerKind::Wait: {
      std::vector<Value>& list = v.record.lists[at(plan_.layout.trigger_list[rule])];
      list.resize(list.size() + 3 + r.captures.size());
      write(&list[list.size() - 3 - r.captures.size()]);
      if (steps_) steps_->push_back({Step::Kind::Started, when, rule, by, when + r.trigger.delay});
      break;
    }
  }
  due_at(v, when + r.trigger.delay);
}

void Engine::fire_captured(std::size_t rule, const Value* state) {
  const plan::Rule& r = plan_.rules[rule];
  firings_.push_back({static_cast<std::int32_t>(rule), state[1], static_cast<std::uint64_t>(state[2]), pool_.size()});
  if (r.captures.empty()) return;
  pool_.resize(pool_.size() + at(r.captures.back()) + 1, kUnknown);
  Value* fields = &pool_[firings_.back().fields];
  for (std::size_t i = 0; i < r.captures.size(); ++i) fields[at(r.captures[i])] = state[3 + i];
}

// Judges firings_ in rounds: what acts may start further rules at the same instant. A rule fires once.
void Engine::judge_place(Visitor& v, Millis when) {
  ++place_;
  occupied_.clear();
  while (!firings_.empty()) {
    round_.swap(firings_);
    firings_.clear();
    std::sort(round_.begin(), round_.end(), [&](const Firing& a, const Firing& b) {
      const std::int64_t pa = plan_.rules[at(a.rule)].priority, pb = plan_.rules[at(b.rule)].priority;
      if (pa != pb) return pa > pb;
      return a.rule != b.rule ? a.rule < b.rule : a.seq < b.seq;
    });
    for (const Firing& f : round_) {
      if (fired_[at(f.rule)] == place_) continue;
      fired_[at(f.rule)] = place_;
      judge(v, f, when);
    }
    std::sort(made_.begin(), made_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [rule, d] : made_) out_.push_back(std::move(d));
    made_.clear();
  }
}

}  // namespace polku::engine
