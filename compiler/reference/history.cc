#include "compiler/reference/history.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace polku::reference {

namespace {

// What an event of another era is by this catalog: by names, where the types are the same (reading 74).
std::unique_ptr<Event> translated(const history::Event& from, const catalog::Catalog& own, const catalog::Catalog& catalog) {
  auto event = std::make_unique<Event>();
  event->at = from.at;
  event->type = from.type;
  for (const history::AttributeChange& change : from.changes) {
    const catalog::Attribute& was = own.attributes[static_cast<std::size_t>(change.attribute)];
    const int index = catalog.attribute(was.name);
    if (index < 0) continue;
    const catalog::Attribute& is = catalog.attributes[static_cast<std::size_t>(index)];
    if (is.presence != catalog::Presence::Derived) event->changes.push_back({index, is.type == was.type ? change.value : kUnknown});
  }
  for (const history::Place& place : from.asked) {
    const catalog::Channel& was = own.channels[static_cast<std::size_t>(place.channel)];
    const int channel = catalog.channel(was.name);
    const int slot = channel < 0 ? -1 : catalog.channels[static_cast<std::size_t>(channel)].slot(was.slots[static_cast<std::size_t>(place.slot)]);
    if (slot >= 0) event->asked.push_back({channel, slot});
  }
  if (from.type < 0) return event;
  const catalog::Event& was = own.events[static_cast<std::size_t>(from.type)];
  event->type = catalog.event(was.name);
  if (event->type < 0) {
    event->type = history::kVisitorUpdated;
    return event;
  }
  for (const catalog::Field& field : catalog.events[static_cast<std::size_t>(event->type)].fields) {
    const int index = was.field(field.name);
    const auto i = static_cast<std::size_t>(index);
    event->fields.push_back(index >= 0 && i < from.fields.size() && was.fields[i].type == field.type ? from.fields[i] : kUnknown);
  }
  return event;
}

bool further(Millis from, Millis to, Millis length) { return static_cast<__int128>(to) - from > length; }

}  // namespace

Millis received(const history::Event& event) { return event.received == kUnknown ? event.at : std::max(event.received, event.at); }

Visitor::Visitor(std::string name, const Log& log, const std::vector<Book>& books, const Options& options, Counter& counter)
    : name_(std::move(name)), log_(log), books_(books), options_(options), counter_(counter) {}

const std::string& Visitor::person() const {
  const auto first = std::find_if(entries_.begin(), entries_.end(), [](const Entry& e) { return e.record != nullptr; });
  return first == entries_.end() ? name_ : first->record->visitor;
}

std::unique_ptr<Event> Visitor::read(const Entry& entry) const {
  const Era& own = log_.eras[entry.record->era];
  const history::Event& from = entry.record->event;
  std::unique_ptr<Event> event;
  if (entry.record->era == era_) {
    event = std::make_unique<Event>();
    static_cast<history::Event&>(*event) = from;
  } else {
    event = translated(from, *own.pack.catalog, book().catalog);
  }
  event->texts = own.texts;
  event->identity = entry.identity;
  if (from.type == history::kMerge && !entry.merges) event->type = history::kVisitorUpdated;
  return event;
}

void Visitor::distinct(Entry& entry) {
  while (!identities_.insert(entry.identity).second) entry.identity = history::next_equal(entry.identity);
}

// ---- the clock ----

void Visitor::run(Millis to) {
  to = std::max(to, clock_);
  for (;;) {
    if (down_) {
      if (to <= down_->until) break;
      come_up();
      continue;
    }
    const Era* era = era_ + 1 < log_.eras.size() && log_.eras[era_ + 1].from <= to ? &log_.eras[era_ + 1] : nullptr;
    const Outage* outage = outage_ < log_.outages.size() && log_.outages[outage_].from < to ? &log_.outages[outage_] : nullptr;
    if (era != nullptr && (outage == nullptr || era->from <= outage->from)) {
      change_pack();
    } else if (outage != nullptr) {
      go_down(*outage);
    } else {
      timers(to);
      break;
    }
  }
  clock_ = std::max(clock_, to);
}

void Visitor::finish(Millis until) {
  run(until);
  if (!down_ || down_->until > until) return;
  come_up();
  run(until);
}

void Visitor::timers(Millis until) {
  if (walk_ == nullptr) return;
  for (auto due = walk_->next(); due && *due <= until; due = walk_->next()) {
    if (options_.afresh) fold(*due, *due);
    else walk_->timers(*due);
    judge(*due, fresh(), {}, false);
  }
}

void Visitor::change_pack() {
  const Millis from = log_.eras[era_ + 1].from;
  timers(from - 1);
  ++era_;
  if (entries_.empty()) return;
  for (Entry& e : entries_)
    if (e.record != nullptr) e.event = read(e);
  fold(from - 1, from);  // what it places is used up
  walk_->forget_placed();
  clock_ = std::max(clock_, from);
}

// ---- outages ----

void Visitor::go_down(const Outage& outage) {
  timers(outage.from);
  ++outage_;
  down_ = Down{outage.to, {}, {}};
  if (walk_ == nullptr) return;
  if (options_.afresh) fold(outage.to, outage.to);
  else walk_->timers(outage.to);
  for (const Firing& f : fresh()) down_->overdue.insert(walk_->key(f));
}

// The overdue that are still placed are judged.
void Visitor::come_up() {
  const Down down = *std::exchange(down_, std::nullopt);
  clock_ = std::max(clock_, down.until);
  if (walk_ == nullptr) return;
  std::vector<Firing> overdue;
  for (const Firing& f : walk_->placed())
    if (down.overdue.contains(walk_->key(f))) overdue.push_back(f);
  judge(down.until, std::move(overdue), down.requests, true);
}

// ---- records ----

void Visitor::take(const Arrival& arrival) { take(arrival, false, false); }

void Visitor::merge(const Arrival& arrival, Visitor* other) {
  if (other != nullptr) {
    std::vector<Entry> all;
    for (Entry& e : other->entries_)
      if (e.record != nullptr) {
        distinct(e);
        e.event->identity = e.identity;
      }
    std::move(entries_.begin(), entries_.end(), std::back_inserter(all));
    std::move(other->entries_.begin(), other->entries_.end(), std::back_inserter(all));
    std::sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) { return a.at != b.at ? a.at < b.at : a.arrival < b.arrival; });
    entries_ = std::move(all);
    ledger_.arrival = std::max(ledger_.arrival, other->ledger_.arrival);
    ledger_.keys.merge(other->ledger_.keys);
    ledger_.converted.merge(other->ledger_.converted);
    if (down_ && other->down_) {
      down_->overdue.merge(other->down_->overdue);
      down_->requests.insert(down_->requests.end(), other->down_->requests.begin(), other->down_->requests.end());
    }
  }
  take(arrival, true, other != nullptr);
}

void Visitor::take(const Arrival& arrival, bool merges, bool others) {
  if (down_ && down_->until > log_.until) return;  // it does not reach the engine any more
  const Millis now = down_ ? down_->until : clock_;
  Entry entry;
  entry.at = arrival.event.at;
  entry.arrival = ledger_.arrival = ++counter_.arrivals << 24;  // decisions stand behind the latest record of their visitor
  entry.record = &arrival;
  entry.identity = arrival.event.identity;
  entry.merges = merges;
  distinct(entry);
  entry.event = read(entry);
  const Event* event = entry.event.get();
  const std::uint64_t number = entry.arrival;
  const bool in_order = !options_.afresh && !down_ && !others && (walk_ == nullptr ? entries_.empty() : entry.at >= walk_->now());
  const bool used_up = merges || further(entry.at, down_ ? received(arrival.event) : now, book().catalog.lateness);
  const auto behind = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.at > entry.at; });
  entries_.insert(behind, std::move(entry));
  if (in_order) {
    if (walk_ == nullptr) walk_ = std::make_unique<Walk>(book(), name_, options_, ledger_, counter_);
    walk_->record(*event, number, now);
    walk_->timers(now);
  } else {
    fold(now, now);
  }
  const bool asked = event->type == history::kAsked;
  if (down_) {
    if (asked) down_->requests.push_back(event);
    if (used_up) return;
    for (const Firing& f : fresh()) down_->overdue.insert(walk_->key(f));
  } else if (used_up) {
    walk_->forget_placed();
  } else {
    std::vector<const Event*> requests;
    if (asked) requests.push_back(event);
    judge(now, fresh(), std::move(requests), arrival.event.at != now);
  }
}

// ---- the fold ----

// All that stands in the history, and the timers in between, up to here. Conversions that show are of `clock`.
void Visitor::fold(Millis until, Millis clock) {
  walk_ = std::make_unique<Walk>(book(), name_, options_, ledger_, counter_);
  std::vector<const Mark*> round;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& e = entries_[i];
    if (e.mark != nullptr) {
      walk_->timers(e.at);
      round.push_back(e.mark.get());
      const Mark* next = i + 1 < entries_.size() ? entries_[i + 1].mark.get() : nullptr;
      if (next != nullptr && next->round == e.mark->round) continue;
      walk_->decided(round);
      round.clear();
    } else {
      walk_->timers(e.at);
      walk_->record(*e.event, e.arrival, clock);
    }
  }
  walk_->timers(until);
}

std::vector<Firing> Visitor::fresh() const {
  std::vector<Firing> fresh;
  if (walk_ == nullptr) return fresh;
  for (const Firing& f : walk_->placed())
    if (f.fresh) fresh.push_back(f);
  return fresh;
}

void Visitor::judge(Millis now, std::vector<Firing> firings, std::vector<const Event*> requests, bool of_clock) {
  walk_->forget_placed();
  if (firings.empty()) return;
  walk_->person(person());
  for (Mark& m : walk_->judge(now, std::move(firings), std::move(requests), of_clock)) {
    Entry& entry = entries_.emplace_back();
    entry.at = m.at;
    entry.arrival = m.arrival;
    entry.mark = std::make_unique<Mark>(std::move(m));
  }
}

}  // namespace polku::reference
