#include "runtime/engine/engine.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "runtime/engine/visitor.h"

namespace polku::engine {

namespace {

plan::Cell zone_cell(const plan::Plan& plan) {
  const int zone = plan.catalog.visitor_zone();
  return zone < 0 ? plan::Cell{} : plan.layout.attribute[at(zone)];
}

}  // namespace

Engine::Engine(const plan::Plan& plan, const plan::Evaluator& evaluator, base::Texts& texts, const Options& options)
    : plan_(plan), evaluator_(evaluator), texts_(texts), options_(options), dispatch_(make_dispatch(plan)),
      zone_cell_(zone_cell(plan)), pack_zone_(base::Zone::find(plan.catalog.zone).value_or(base::Zone::utc())),
      attributes_(plan.catalog.attributes.size(), kUnknown), visitors_(std::make_unique<Visitors>(plan)), counts_(plan.rules.size()), passed_over_(plan.rules.size(), 0), screened_(dispatch_.groups.size()), effect_(std::make_unique<Effect>()), fired_(plan.rules.size(), 0) {}

Engine::~Engine() = default;

void Engine::begin_profile() {
  profile_ = std::make_unique<Profile>();
  profile_->rules.resize(plan_.rules.size());
  profile_->acted.resize(plan_.rules.size());
  profile_->features.resize(plan_.features.size());
}

std::vector<history::Decision> Engine::drain(Reasons wanted) {
  std::optional<Laps> lap;
  if (profile_) lap.emplace();
  std::vector<history::Decision> decisions;
  decisions.reserve(out_.size());
  for (Made& made : out_) {
    made.decision.because = wanted == Reasons::With ? reasons(made) : std::vector<history::Reason>{};
    decisions.push_back(std::move(made.decision));
  }
  if (lap) lap->to(profile_->reasons, out_.size());
  out_.clear();
  saw_.clear();
  return decisions;
}

void Engine::publish(history::AnswerTable table) { tables_.push_back(std::move(table)); }

std::vector<OutcomeCounts> Engine::counts() const {
  std::vector<OutcomeCounts> counts = counts_;
  const auto of = [&](std::size_t rule, history::Outcome o) -> std::uint64_t& { return counts[rule][static_cast<std::size_t>(o)]; };
  for (std::size_t r = 0; r < counts.size(); ++r) of(r, history::Outcome::no_match) += static_cast<std::uint64_t>(passed_over_[r]);
  for (std::size_t g = 0; g < screened_.size(); ++g) {
    const Dispatch::Group& group = dispatch_.groups[g];
    for (const std::size_t rule : group.rules) of(rule, history::Outcome::no_match) += static_cast<std::uint64_t>(screened_[g].times);
    const auto unknown = [&](const std::vector<std::size_t>& rules, const match::Screen& screen, const match::Tally& tally) {
      for (std::size_t i = 0; i < rules.size(); ++i) {
        const std::uint64_t n = screen.count(tally, i);
        of(rules[i], history::Outcome::unknown) += n;
        of(rules[i], history::Outcome::no_match) -= n;
      }
    };
    unknown(group.rules, group.screen, screened_[g].unknown);
    unknown(group.edited, group.fresh, screened_[g].unknown_edited);
  }
  return counts;
}

std::size_t Engine::visitors() const { return visitors_->size(); }
std::size_t Engine::bytes() const { return visitors_->bytes() + timers_.size() * timers::Timers::kHintBytes; }

Cost cost(const plan::Plan& plan, std::size_t visitors, std::size_t name_bytes) {
  Cost c = Visitors::cost(plan, visitors, name_bytes);
  const bool armed = !plan.memberships.empty() || std::any_of(plan.rules.begin(), plan.rules.end(), [](const plan::Rule& r) {
    return r.trigger.then != plan::DelayKind::None || r.trigger.start == plan::StartKind::Daily || r.trigger.start == plan::StartKind::Yearly;
  }) || std::any_of(plan.layout.waiting.begin(), plan.layout.waiting.end(), [](std::int32_t w) { return w >= 0; });
  if (armed) c.timers = static_cast<double>(timers::Timers::kHintBytes);
  return c;
}

// Step by step, each for all of the batch before the next: what one gives the next one wants.
void Engine::prefetch(std::span<const Coming> batch) const {
  std::array<std::uint64_t, 64> hash;
  for (; !batch.empty(); batch = batch.subspan(std::min(batch.size(), hash.size()))) {
    const std::size_t n = std::min(batch.size(), hash.size());
    for (std::size_t i = 0; i < n; ++i) visitors_->prefetch_place(hash[i] = Visitors::hash(batch[i].visitor));
    for (std::size_t i = 0; i < n; ++i) visitors_->prefetch_block(hash[i]);
    for (std::size_t i = 0; i < n; ++i) visitors_->prefetch_units(hash[i], batch[i].type);
    for (int step = 0; options_.remember == Remember::Histories && step < 3; ++step)
      for (std::size_t i = 0; i < n; ++i) visitors_->prefetch_past(hash[i], step);
    for (int step = 0; plan_.layout.lists > 0 && step < 3; ++step)
      for (std::size_t i = 0; i < n; ++i) visitors_->prefetch_lists(hash[i], step);
  }
}

Visitor& Engine::find(std::string_view key) {
  Visitor* known = visitors_->find(key);
  return known ? *known : make(key);
}

Visitor& Engine::make(std::string_view key) {
  Visitor& v = visitors_->make(key);
  if (options_.remember == Remember::Histories) {
    v.own().past = std::make_unique<history::Past>();
    v.past()->names.emplace_back(key);
  }
  return v;
}

// As compiled code reads them, until another visitor's are asked for or one changes.
const Value* Engine::attributes(const Visitor& v) {
  if (attributes_of_ != &v) record::unpack(plan_, v.record, attributes_.data());
  attributes_of_ = &v;
  return attributes_.data();
}

const base::Zone& Engine::zone(const Visitor& v) {
  const Value name = zone_cell_.at < 0 ? kUnknown : record::get(v.record, zone_cell_);
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
  Visitor* const known = visitors_->find(key);
  if (received < std::max(known ? histories ? known->rare->received : known->clock : kNoClock, histories ? kNoClock : floor_)) return Taken::OutOfOrder;
  Visitor& v = known ? *known : make(key);
  const Millis hinted = v.deadline;
  Millis now = std::max({v.now(), received, floor_});
  run_timers(v, now);
  if (histories) {
    v.rare->received = received;
    v.rare->now = now;
  }
  if (!histories) {
    begin_place();
    take_in(v, event, v.distinct(event.at, event.identity));
  } else if (merges(v, event)) {
    if (Visitor* gone = visitors_->find(event.merges)) {
      run_timers(*gone, now);
      now = v.rare->now = std::max(now, gone->now());
      v.rare->received = std::max(v.rare->received, gone->rare->received);
      run_timers(v, now);
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
  judge_place(v, now, event.at != now);
  deadlines_after_record(v);
  if (v.deadline != hinted) hint(v);
  return Taken::Yes;
}

// What a record brings that stands before what is known already, or is late: only a fold can tell.
void Engine::take_late(Visitor& v, bool late, const history::Event* request) {
  fresh_.clear();
  if (request) fresh_.push_back(request->identity);
  fold(v, v.now());
  std::erase_if(placed_, [&](const Firing& f) { return keyed(f) && v.past()->placed.contains(key_of(f)); });
  use_up(v);
  if (!late) firings_ = placed_;
  asked_.clear();
  if (request) want(*request);
}

// The record itself, at its own time: what it changes, and which firings it places.
void Engine::take_in(Visitor& v, const history::Event& event, std::uint64_t identity) {
  v.move_to(event.at);
  ++place_;
  for (const history::AttributeChange& c : event.changes) record::set_attribute(plan_, v.record, c.attribute, c.value);
  if (!event.changes.empty()) attributes_of_ = nullptr;
  ++v.record.seq;
  meet(identity, v.record.seq, event.type >= 0 ? event.type : kByTime, &event);
  const Happening h{event.type >= 0 ? event.type : kByTime, event.at, event.fields.data(), identity};
  if (event.type >= 0) happen(v, h);
  if (event.type == history::kAsked) ask(v, event, identity);
  look_at_memberships(v, h, event.type != history::kMerge);
  settle(v, event.at);
}

bool Engine::advance(Millis until, std::size_t most, std::vector<std::string_view>* ran) {
  floor_ = std::max(floor_, until);
  Millis due = 0;
  std::uint32_t number = 0;
  while (out_.size() < most) {
    if (!timers_.pop(until, due, number)) return true;
    Visitor* v = visitors_->at(number);
    if (!v || v->deadline != due) continue;  // merged into another, or a stale hint
    run_timers(*v, due);
    if (v->past()) v->rare->now = std::max(v->now(), due);
    if (ran) ran->push_back(v->key());
    hint(*v);
  }
  return false;
}

// Every place of timers until then, judged at its own time.
void Engine::run_timers(Visitor& v, Millis until) {
  while (v.deadline <= until) {
    const Millis due = v.deadline = next_deadline(v);
    if (due > until) break;
    if (options_.afresh && v.past()) {
      v.rare->now = std::max(v.now(), due);
      take_late(v, false, nullptr);
    } else {
      begin_place();
      fire_due(v, due);
    }
    judge_place(v, due, false);
    v.deadline = due;  // what was judged may bring more: look again
  }
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
  started_.clear();
  settled_ = 0;
  asked_.clear();
  conversions_ = out_.size();
}

// What a place has placed, and when. With histories, what happened already does not happen again.
void Engine::settle(Visitor& v, Millis placed) {
  const std::size_t from = settled_;
  for (std::size_t i = from; i < firings_.size(); ++i) firings_[i].placed = placed;
  if (!v.past() || folding_) {
    once_a_rule(v, from);
  } else if (from < firings_.size()) {
    std::unordered_set<std::uint64_t> again;
    for (std::size_t i = from; i < firings_.size(); ++i)
      if (keyed(firings_[i]))
        if (const std::uint64_t key = key_of(firings_[i]); !v.past()->placed.insert(key)) again.insert(key);
    once_a_rule(v, from);
    if (!again.empty())
      firings_.erase(std::remove_if(firings_.begin() + static_cast<std::ptrdiff_t>(from), firings_.end(), [&](const Firing& f) { return keyed(f) && again.contains(key_of(f)); }),
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
    if (a.start.at != b.start.at) return a.start.at < b.start.at;  // records keep seq only if the rule looks `before this`
    return a.start.seq != b.start.seq ? a.start.seq < b.start.seq : a.placed < b.placed;
  };
  if (!std::is_sorted(begin, firings_.end(), before)) std::sort(begin, firings_.end(), before);
  firings_.erase(std::remove_if(begin, firings_.end(),
                                [&](const Firing& f) {
                                  if (std::exchange(fired_[at(f.rule)], place_) != place_) return false;
                                  if (v.past() && keyed(f)) v.past()->placed.insert(key_of(f));
                                  return true;
                                }),
                 firings_.end());
}

bool Engine::ranks_before(const Firing& a, const Firing& b) const { return dispatch_.rank[at(a.rule)] < dispatch_.rank[at(b.rule)]; }

// Most firings fail their conditions, and leave nothing behind: one that surely does, and is not handed out, is not looked at further.
bool Engine::passed_over(const Firing& f, plan::Context& context) const {
  const Dispatch::Brief& rule = dispatch_.brief[at(f.rule)];
  if (!rule.plain || options_.keep == Keep::All || context.now - f.placed > plan_.catalog.patience) return false;
  context.fields = pool_.data() + f.captures;
  context.before = f.start.seq;
  return evaluator_.evaluate(rule.gate, context) == kNo;
}

// Judges firings_ in rounds: what acts may start further rules at the same instant. apart: it is another place than those they were placed at.
void Engine::judge_place(Visitor& v, Millis when, bool apart) {
  if (!started_.empty()) {
    std::optional<Laps> lap;
    if (profile_) lap.emplace();
    for (const Started& s : started_) screen_group(v, s, when);
    if (lap) lap->to(profile_->screens, started_.size());
    settle(v, started_.front().by.at);
    started_.clear();
  }
  if (firings_.empty()) return;
  v.move_to(std::max(v.clock, when));
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
    const auto one = [&](const Firing& f) {
      if (!f.holds && !v.waits() && passed_over(f, context))
        ++passed_over_[at(f.rule)];
      else
        judge(v, f, when);
    };
    if (profile_) {
      Laps lap;
      for (const Firing& f : round_) {
        const std::size_t before = acted_;
        one(f);
        lap.to(profile_->rules[at(f.rule)]);
        profile_->acted[at(f.rule)] += acted_ - before;
      }
    } else {
      for (const Firing& f : round_) one(f);
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
