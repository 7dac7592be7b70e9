// What time alone brings: absences, waits, openings, schedules, memberships that run out.
#include <algorithm>

#include "runtime/engine/visitor.h"

namespace polku::engine {

void Engine::due_at(Visitor& v, Millis due) { v.deadline = std::min(v.deadline, due); }

// When the engine is done with the visitor for now, and the deadline is another.
void Engine::hint(const Visitor& v) {
  if (v.deadline == kNever) return;
  timers_.push(v.deadline, v.number, [&](Millis due, std::uint32_t number) {
    const Visitor* of = visitors_->at(number);
    return of && of->deadline == due;
  });
}

// The earliest instant behind the visitor's clock at which there may be a place of timers.
Millis Engine::next_deadline(Visitor& v) {
  Millis next = kNever;
  dispatch_.armed.each(v.record, [&](std::size_t unit) {
    const auto rule = at(dispatch_.armed_rule[unit]);
    const Value since = record::instant(v.record, plan_.layout.pending[rule]);
    if (since != kUnknown) next = std::min(next, since + plan_.rules[rule].trigger.delay);
  });
  for (std::size_t rule : dispatch_.waits)
    if (const auto& list = record::list(v.record, plan_.layout.pending_list[rule]); !list.empty()) next = std::min(next, list[0] + plan_.rules[rule].trigger.delay);
  for (std::size_t rule : dispatch_.waiting)
    if (const Value due = record::instant(v.record, plan_.layout.waiting[rule]); due != kUnknown) next = std::min(next, due);
  if (v.waits())
    for (const Rare::Waiting& w : v.rare->waiting) next = std::min(next, w.words[0]);
  for (std::size_t rule : dispatch_.scheduled) next = std::min(next, next_scheduled(v, rule, v.clock));
  const record::View seen = view(v);
  for (const plan::Membership& m : plan_.memberships) next = std::min(next, record::next_change(seen, m, v.clock));
  return next;
}

// The first instant behind `after` that may be one of the rule's. A date that is more than an attribute or `last E.f` may become another
// with time alone; then it is looked at every day.
Millis Engine::next_scheduled(Visitor& v, std::size_t rule, Millis after) {
  if (v.clock == kNoClock) return kNever;
  const plan::Trigger& t = plan_.rules[rule].trigger;
  const base::Zone& z = zone(v);
  const std::int64_t today = base::local_day(z, after);
  const auto stays = [](const plan::Code& c) { return c.instrs.size() == 1 && (c.instrs[0].op == plan::Op::Attribute || c.instrs[0].op == plan::Op::LastField); };
  const bool yearly = t.start == plan::StartKind::Yearly && stays(plan_.codes[at(t.date)]);
  if (!yearly) {
    for (std::int64_t day = today - 1;; ++day)
      if (const Millis at_time = z.to_instant(day * kDay + t.of_day); at_time > after) return at_time;
  }
  const std::optional<std::int64_t> date = scheduled_date(v, rule, after);
  if (!date) return kNever;
  const base::CivilDate of = base::civil_date(*date);
  const int year = std::max(base::civil_date(today).year - 1, of.year);
  for (int y = year; y < year + 4; ++y) {
    const std::optional<std::int64_t> day = base::anniversary(of, y);
    if (!day || *day < *date) continue;
    if (const Millis at_time = z.to_instant(*day * kDay + t.of_day); at_time > after) return at_time;
  }
  return kNever;
}

// The date of `on DATE`, as it stands at `now`.
std::optional<std::int64_t> Engine::scheduled_date(Visitor& v, std::size_t rule, Millis now) {
  const plan::Trigger& t = plan_.rules[rule].trigger;
  const record::View seen = view(v);
  const Value date = evaluator_.evaluate(t.date, {now, nullptr, attributes(v), &record::host(), &seen});
  if (date == kUnknown) return std::nullopt;
  return plan_.codes[at(t.date)].type.kind == catalog::TypeKind::Time ? base::local_day(zone(v), date) : date;
}

bool Engine::scheduled_at(Visitor& v, std::size_t rule, Millis instant) {
  const plan::Trigger& t = plan_.rules[rule].trigger;
  if (v.clock == kNoClock) return false;
  const base::Zone& z = zone(v);
  const std::int64_t today = base::local_day(z, instant);
  if (t.start == plan::StartKind::Daily) {
    for (std::int64_t day = today - 1; day <= today; ++day)
      if (z.to_instant(day * kDay + t.of_day) == instant) return true;
    return false;
  }
  const std::optional<std::int64_t> date = scheduled_date(v, rule, instant);
  if (!date) return false;
  const base::CivilDate of = base::civil_date(*date);
  for (std::int64_t day = today - 1; day <= today; ++day)
    if (day >= *date && base::anniversary(of, base::civil_date(day).year) == day && z.to_instant(day * kDay + t.of_day) == instant) return true;
  return false;
}

// A record may have changed the zone, a date, or what a membership rests on.
void Engine::deadlines_after_record(Visitor& v) {
  Millis next = kNever;
  for (std::size_t rule : dispatch_.scheduled) next = std::min(next, next_scheduled(v, rule, v.clock));
  if (!plan_.memberships.empty()) {
    const record::View seen = view(v);
    for (const plan::Membership& m : plan_.memberships) next = std::min(next, record::next_change(seen, m, v.clock));
  }
  if (next != kNever) due_at(v, next);
}

// Everything of the place of timers at `due`.
void Engine::fire_due(Visitor& v, Millis due) {
  v.move_to(due);
  ++place_;
  ++v.record.seq;
  const Happening instant{kByTime, due, nullptr, history::identity_of_moment(v.key(), due)};
  dispatch_.armed.each(v.record, [&](std::size_t unit) {
    const auto rule = at(dispatch_.armed_rule[unit]);
    const Value since = record::instant(v.record, plan_.layout.pending[rule]);
    if (since == kUnknown || since + plan_.rules[rule].trigger.delay != due) return;
    fire_from(rule, Origin::Trigger, v.record, plan_.layout.pending_start[rule]);
    record::clear_start(v.record, plan_.layout.pending_start[rule]);
  });
  for (std::size_t rule : dispatch_.waits) {
    if (record::list(v.record, plan_.layout.pending_list[rule]).empty()) continue;
    std::vector<Value>& list = record::own_list(v.record, plan_.layout.pending_list[rule]);
    const std::size_t stride = plan::kStartWords + plan_.rules[rule].captures.size();
    std::size_t n = 0;
    for (; n < list.size() && list[n] + plan_.rules[rule].trigger.delay == due; n += stride) fire_from(rule, Origin::Trigger, &list[n]);
    list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(n));
  }
  for (std::size_t rule : dispatch_.waiting) {
    if (record::instant(v.record, plan_.layout.waiting[rule]) != due) continue;
    fire_from(rule, Origin::Opening, v.record, plan_.layout.waiting_start[rule], due);
    end_hold(v, plan_.layout.waiting[rule], plan_.layout.waiting_start[rule]);
  }
  if (v.waits()) {
    for (const Rare::Waiting& w : v.rare->waiting)
      if (w.words[0] == due) fire_from(at(w.rule), Origin::Opening, w.words.data() + 1, due);
    std::erase_if(v.rare->waiting, [&](const Rare::Waiting& w) { return w.words[0] == due; });
  }
  for (std::size_t rule : dispatch_.scheduled)
    if (scheduled_at(v, rule, due)) complete(v, rule, 0, instant);
  look_at_memberships(v, instant);
  settle(v, due);
}

}  // namespace polku::engine
