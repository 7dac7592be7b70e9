#include "runtime/engine/engine.h"

#include <algorithm>
#include <utility>

#include "runtime/engine/visitor.h"

namespace polku::engine {

Engine::Engine(const plan::Plan& plan, const plan::Evaluator& evaluator, base::Texts& texts, const Options& options)
    : plan_(plan), evaluator_(evaluator), texts_(texts), options_(options), dispatch_(make_dispatch(plan)),
      zone_attribute_(plan.catalog.visitor_zone()), pack_zone_(base::Zone::find(plan.catalog.zone).value_or(base::Zone::utc())),
      records_(plan), pool_of_visitors_(std::make_unique<base::Pool>(sizeof(Visitor))), counts_(plan.rules.size()), passed_over_(plan.rules.size(), 0), screened_(dispatch_.groups.size(), 0), effect_(std::make_unique<Effect>()), fired_(plan.rules.size(), 0) {}

Engine::~Engine() = default;

void Engine::Drop::operator()(Visitor* v) const {
  v->~Visitor();
  pool->put_back(v);
}

std::vector<history::Decision> Engine::drain(Reasons wanted) {
  std::vector<history::Decision> decisions;
  decisions.reserve(out_.size());
  for (Made& made : out_) {
    made.decision.because = wanted == Reasons::With ? reasons(made) : std::vector<history::Reason>{};
    decisions.push_back(std::move(made.decision));
  }
  out_.clear();
  saw_.clear();
  return decisions;
}

void Engine::publish(history::AnswerTable table) { tables_.push_back(std::move(table)); }

std::vector<OutcomeCounts> Engine::counts() const {
  std::vector<OutcomeCounts> counts = counts_;
  const auto add = [&](std::size_t rule, std::int64_t n) { counts[rule][static_cast<std::size_t>(history::Outcome::no_match)] += static_cast<std::uint64_t>(n); };
  for (std::size_t r = 0; r < counts.size(); ++r) add(r, passed_over_[r]);
  for (std::size_t i = 0; i < screened_.size(); ++i)
    for (std::size_t r : dispatch_.groups[i].rules) add(r, screened_[i]);
  return counts;
}

std::size_t Engine::bytes() const {
  std::size_t n = 0;
  for (const auto& v : visitors_) {
    if (!v) continue;
    n += sizeof(Visitor) + static_cast<std::size_t>(plan_.layout.words) * sizeof(Value);
    for (std::int32_t i = 0; i < plan_.layout.lists; ++i)
      n += sizeof(std::vector<Value>) + v->record.lists[at(i)].capacity() * sizeof(Value);
  }
  return n;
}

Engine::Visitor& Engine::find(std::string_view key) {
  if (const auto known = by_name_.find(key)) {
    Visitor& v = *visitors_[known->number];
    for (std::int32_t word = 0; word < std::min(plan_.layout.words, 64); word += 8) __builtin_prefetch(&v.record.words[at(word)]);  // all at once, not one by one
    return v;
  }
  VisitorPtr v(new (pool_of_visitors_->take()) Visitor, Drop{pool_of_visitors_.get()});
  if (options_.remember == Remember::Histories) {
    v->past = std::make_unique<history::Past>();
    v->past->names.emplace_back(key);
  }
  v->number = static_cast<std::uint32_t>(visitors_.size());
  v->key = v->person = by_name_.set(key, v->number).name;
  v->record = records_.make();
  visitors_.push_back(std::move(v));
  return *visitors_.back();
}

const Value* Engine::attributes(const Visitor& v) const {
  return v.record.words.get() + (plan_.layout.attribute.empty() ? 0 : plan_.layout.attribute[0]);
}

const base::Zone& Engine::zone(const Visitor& v) {
  const Value name = zone_attribute_ < 0 ? kUnknown : attributes(v)[zone_attribute_];
  if (name == kUnknown) return pack_zone_;
  const auto it = zones_.find(name);
  if (it != zones_.end()) return it->second;
  return zones_.emplace(name, base::Zone::find(texts_.text(name)).value_or(pack_zone_)).first->second;
}

record::View Engine::view(const Visitor& v) { return {&plan_, &v.record, &texts_, &zone(v)}; }

Taken Engine::take(std::string_view key, const history::Event& event) {
  const bool histories = options_.remember == Remember::Histories;
  const Millis received = event.received == kUnknown ? event.at : std::max(event.at, event.received);
  if (!histories && (received > event.at || event.type == history::kMerge)) return Taken::NeedsHistories;
  Visitor& v = find(key);
  if (received < (histories ? v.received : std::max(v.clock, floor_))) return Taken::OutOfOrder;
  v.received = received;
  const Millis now = std::max({v.now, received, floor_});
  run_timers(v, now);
  v.now = now;
  if (!histories) {
    begin_place();
    take_in(v, event, v.arrivals.distinct(event.at, event.identity));
  } else if (merges(v, event)) {
    if (const auto other = by_name_.find(event.merges)) {
      Visitor& gone = *visitors_[other->number];
      run_timers(gone, now);
      v.now = std::max(v.now, gone.now);
      v.received = std::max(v.received, gone.received);
      run_timers(v, v.now);
    }
    unite(v, key, event);
    take_late(v, true, nullptr);
  } else {
    history::Event record = event;
    if (record.type == history::kMerge) record.type = history::kVisitorUpdated;  // they are one already
    const history::Event& kept = remember(v, key, std::move(record));
    const bool late = now - kept.at > plan_.catalog.lateness;
    if (kept.at < v.clock || late || options_.afresh) {
      take_late(v, late, &kept);
    } else {
      begin_place();
      take_in(v, kept, kept.identity);
      if (now > kept.at) {  // what this record brings may be due already
        deadlines_after_record(v);
        place_timers(v, now);
      }
    }
  }
  judge_place(v, v.now, event.at != v.now);
  deadlines_after_record(v);
  return Taken::Yes;
}

// What a record brings that stands before what is known already, or is late: only a fold can tell.
void Engine::take_late(Visitor& v, bool late, const history::Event* request) {
  fold(v, v.now);
  std::erase_if(placed_, [&](const Firing& f) { return v.past->placed.contains(key_of(f)); });
  use_up(v);
  if (!late) firings_ = placed_;
  asked_.clear();
  if (request) want(*request);
}

// The record itself, at its own time: what it changes, and which firings it places.
void Engine::take_in(Visitor& v, const history::Event& event, std::uint64_t identity) {
  v.clock = event.at;
  ++place_;
  for (const history::AttributeChange& c : event.changes) record::set_attribute(plan_, v.record, c.attribute, c.value);
  ++v.record.seq;
  meet(identity, v.record.seq, event.type >= 0 ? event.type : kByTime, &event);
  const Happening h{event.type >= 0 ? event.type : kByTime, event.at, event.fields.data(), identity};
  if (event.type >= 0) happen(v, h);
  if (event.type == history::kAsked) ask(v, event, identity);
  look_at_memberships(v, h, event.type != history::kMerge);
  settle(v, event.at);
}

void Engine::advance(Millis until) {
  floor_ = std::max(floor_, until);
  Millis due = 0;
  std::uint32_t number = 0;
  while (timers_.pop(until, due, number)) {
    if (!visitors_[number]) continue;  // merged into another
    Visitor& v = *visitors_[number];
    if (v.hinted == due) v.hinted = kNever;
    run_timers(v, due);
    v.now = std::max(v.now, due);
    if (v.deadline != kNever) due_at(v, v.deadline);
  }
}

// Every place of timers until then, judged at its own time.
void Engine::run_timers(Visitor& v, Millis until) {
  bool ran = false;
  while (v.deadline <= until) {
    ran = true;
    const Millis due = v.deadline = next_deadline(v);
    if (due > until) break;
    if (options_.afresh && v.past) {
      v.now = std::max(v.now, due);
      take_late(v, false, nullptr);
    } else {
      begin_place();
      fire_due(v, due);
    }
    judge_place(v, due, false);
    v.deadline = due;  // what was judged may bring more: look again
  }
  if (ran && v.deadline != kNever) due_at(v, v.deadline);
}

// Every place of timers until then, placed but not judged: firings_ gains what they fire.
void Engine::place_timers(Visitor& v, Millis until) {
  while (v.deadline <= until) {
    const Millis due = v.deadline = next_deadline(v);
    if (due > until) return;
    fire_due(v, due);
  }
}

void Engine::begin_place() {
  pool_.clear();
  firings_.clear();
  settled_ = 0;
  asked_.clear();
  conversions_ = out_.size();
}

// What a place has placed, and when. With histories, what happened already does not happen again.
void Engine::settle(Visitor& v, Millis placed) {
  const std::size_t from = settled_;
  for (std::size_t i = from; i < firings_.size(); ++i) firings_[i].placed = placed;
  if (!v.past || folding_) {
    once_a_rule(v, from);
  } else if (from < firings_.size()) {
    std::unordered_set<std::uint64_t> again;
    for (std::size_t i = from; i < firings_.size(); ++i)
      if (const std::uint64_t key = key_of(firings_[i]); !v.past->placed.insert(key).second) again.insert(key);
    once_a_rule(v, from);
    if (!again.empty())
      firings_.erase(std::remove_if(firings_.begin() + static_cast<std::ptrdiff_t>(from), firings_.end(), [&](const Firing& f) { return again.contains(key_of(f)); }),
                     firings_.end());
  }
  settled_ = firings_.size();
}

// A rule fires once at a place: of firings_ from there on, the earliest start stands. The others are used up.
void Engine::once_a_rule(Visitor& v, std::size_t from) {
  const auto begin = firings_.begin() + static_cast<std::ptrdiff_t>(from);
  const auto before = [&](const Firing& a, const Firing& b) {
    if (a.rule != b.rule) return ranks_before(a, b);
    if (a.origin != b.origin) return a.origin < b.origin;
    return a.start.seq != b.start.seq ? a.start.seq < b.start.seq : a.placed < b.placed;
  };
  if (!std::is_sorted(begin, firings_.end(), before)) std::sort(begin, firings_.end(), before);
  firings_.erase(std::remove_if(begin, firings_.end(),
                                [&](const Firing& f) {
                                  if (std::exchange(fired_[at(f.rule)], place_) != place_) return false;
                                  if (v.past) v.past->placed.insert(key_of(f));
                                  return true;
                                }),
                 firings_.end());
}

bool Engine::ranks_before(const Firing& a, const Firing& b) const { return dispatch_.rank[at(a.rule)] < dispatch_.rank[at(b.rule)]; }

// Most firings fail their conditions, and leave nothing behind: one that surely does, and is not handed out, is not looked at further.
bool Engine::passed_over(const Firing& f, plan::Context& context) const {
  if (!dispatch_.plain[at(f.rule)] || options_.keep == Keep::All || context.now - f.placed > plan_.catalog.patience) return false;
  context.fields = pool_.data() + f.captures;
  context.before = f.start.seq;
  return evaluator_.evaluate(plan_.rules[at(f.rule)].gate, context) == kNo;
}

// Judges firings_ in rounds: what acts may start further rules at the same instant. apart: it is another place than those they were placed at.
void Engine::judge_place(Visitor& v, Millis when, bool apart) {
  if (firings_.empty()) return;
  v.clock = std::max(v.clock, when);
  occupied_.clear();
  if (apart) {
    ++place_;
    once_a_rule(v, 0);
  }
  for (begins_place_ = apart; !firings_.empty(); begins_place_ = false) {
    round_.swap(firings_);
    firings_.clear();
    settled_ = 0;
    acted_ = 0;
    ++rounds_;
    const auto before = [&](const Firing& a, const Firing& b) { return ranks_before(a, b); };
    if (!std::is_sorted(round_.begin(), round_.end(), before)) std::sort(round_.begin(), round_.end(), before);
    const record::View seen = view(v);
    plan::Context context{when, nullptr, attributes(v), &record::host(), &seen};
    for (const Firing& f : round_) {
      if (v.waiting.empty() && passed_over(f, context))
        ++passed_over_[at(f.rule)];
      else
        judge(v, f, when);
    }
    std::sort(made_.begin(), made_.end(), [](const Made& a, const Made& b) { return a.rule < b.rule; });
    for (Made& made : made_) out_.push_back(std::move(made));
    made_.clear();
    if (acted_ == 0) continue;
    look_at_memberships(v, latest_act_);
    settle(v, when);
  }
}

}  // namespace polku::engine
