#include "runtime/engine/visitors.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "runtime/history/event.h"

namespace polku::engine {

namespace {

// What the C library takes for so many bytes: its own 8, and multiples of 16.
std::size_t allocated(std::size_t bytes) { return bytes == 0 ? 0 : std::max<std::size_t>(32, (bytes + 8 + 15) / 16 * 16); }

constexpr std::size_t kAhead = 512;  // more bytes than this are left to the processor, which sees where the reads go

}  // namespace

std::uint64_t Visitor::distinct(Millis at, std::uint64_t which) {
  const bool again = recorded && at == clock;
  clock = at;
  if (!again) {
    recorded = true;
    identity = which;
    if (rare) rare->same.clear();
    return which;
  }
  Rare& r = own();
  const std::uint64_t asked = which;
  if (!r.same.empty() && which == r.asked) which = r.given;  // all up to there are taken
  const auto place = [&] { return std::lower_bound(r.same.begin(), r.same.end(), which); };
  for (auto at = place(); which == identity || (at != r.same.end() && *at == which); at = place()) which = history::next_equal(which);
  r.same.insert(place(), which);
  r.asked = asked;
  r.given = which;
  return which;
}

Visitors::Visitors(const plan::Plan& plan) : layout_(plan.layout), empty_(plan), slots_(sizeof(Visitor) + empty_.bytes()) {}

Visitors::~Visitors() {
  for (std::uint32_t n = 0; n < slots_.end(); ++n)
    if (Visitor* v = at(n)) v->~Visitor();
}

std::uint32_t Visitors::entry(std::string_view name, std::uint64_t hash) const {
  return index_.find(hash, [&](std::uint32_t n) {
    if (n >= kAlias) return aliases_[n - kAlias].name->text() == name;
    prefetch(n);  // while the name is on its way
    return block(n).name->text() == name;
  });
}

Visitor* Visitors::find(std::string_view name) {
  if (latest_ && latest_->key() == name) return latest_;
  const std::uint32_t n = entry(name, hash(name));
  if (n == base::NameIndex::kNone) return nullptr;
  if (n >= kAlias) return &block(aliases_[n - kAlias].number);
  return latest_ = &block(n);
}

Visitor& Visitors::make(std::string_view name) {
  if (slots_.end() == kAlias - 1) throw std::length_error("2147483647 visitors in one engine are too many");
  const std::uint32_t number = slots_.take();
  auto* v = new (slots_.at(number)) Visitor;
  v->number = number;
  v->name = names_.add(name);
  empty_.put(v->record, memory_);
  index_.add(hash(name), number);
  ++living_;
  name_bytes_ += base::Names::bytes(name.size());
  return *v;
}

Visitor* Visitors::at(std::uint32_t number) { return slots_.taken(number) ? &block(number) : nullptr; }

void Visitors::erase(Visitor& v) {
  const std::uint32_t number = v.number;
  latest_ = nullptr;
  empty_.release(v.record);
  v.~Visitor();
  slots_.put_back(number);
  --living_;
}

std::string_view Visitors::call(std::string_view name, Visitor& v) {
  const std::uint64_t h = hash(name);
  const std::uint32_t n = entry(name, h);
  if (n != base::NameIndex::kNone && n >= kAlias) {
    aliases_[n - kAlias].number = v.number;
    return aliases_[n - kAlias].name->text();
  }
  if (n == v.number) return v.key();
  if (n != base::NameIndex::kNone) {
    latest_ = nullptr;
    const base::Name* const known = block(n).name;
    index_.replace(h, n, alias(known, v.number));
    return known->text();
  }
  const base::Name* const fresh = names_.add(name);
  name_bytes_ += base::Names::bytes(name.size());
  index_.add(h, alias(fresh, v.number));
  return fresh->text();
}

std::uint32_t Visitors::alias(const base::Name* name, std::uint32_t number) {
  if (unused_.empty()) {
    aliases_.push_back({name, number});
    return static_cast<std::uint32_t>(kAlias + aliases_.size() - 1);
  }
  const std::uint32_t n = unused_.back();
  unused_.pop_back();
  aliases_[n] = {name, number};
  return kAlias + n;
}

void Visitors::remove(const base::Name* name, std::uint32_t entry) {
  index_.remove(hash(name->text()), entry);
  if (entry >= kAlias) {
    aliases_[entry - kAlias] = {};
    unused_.push_back(entry - kAlias);
  }
  name_bytes_ -= base::Names::bytes(name->length);
  names_.remove(name);
}

void Visitors::forget(Visitor& v) {
  if (v.rare)
    for (const std::string_view name : v.rare->aliases) {
      const std::uint32_t n = entry(name, hash(name));
      remove(aliases_[n - kAlias].name, n);
    }
  remove(v.name, v.number);
  erase(v);
}

std::string_view Visitors::kept(std::string_view name) const {
  const std::uint32_t n = entry(name, hash(name));
  return (n < kAlias ? block(n).name : aliases_[n - kAlias].name)->text();
}

void Visitors::adopt(Visitors& old) {
  std::vector<std::uint32_t> gone;
  for (std::uint32_t n = 0; n < old.slots_.end(); ++n) {
    if (slots_.take() != n) throw std::logic_error("only an engine without visitors can take those of another");
    Visitor* from = old.at(n);
    if (!from) {
      gone.push_back(n);
      continue;
    }
    auto* v = new (slots_.at(n)) Visitor(std::move(*from));
    v->record = {};  // its units are in the memory of `old`
    empty_.put(v->record, memory_);
    old.erase(*from);
    ++living_;
  }
  for (std::uint32_t n : gone) slots_.put_back(n);
  std::swap(index_, old.index_);
  std::swap(names_, old.names_);
  std::swap(aliases_, old.aliases_);
  std::swap(unused_, old.unused_);
  std::swap(name_bytes_, old.name_bytes_);
}

std::size_t Visitors::bytes() const {
  std::size_t n = living_ * slots_.block() + memory_.bytes() + name_bytes_ + base::NameIndex::bytes(living_ + aliases_.size()) + aliases_.size() * sizeof(Alias);
  for (std::uint32_t i = 0; i < slots_.end(); ++i) {
    if (!slots_.taken(i)) continue;
    const Visitor& v = block(i);
    if (v.rare) n += sizeof(Rare) + v.rare->same.size() * sizeof(std::uint64_t) + v.rare->waiting.size() * sizeof(Rare::Waiting);
    if (!v.record.extra) continue;
    const record::Extra& e = *v.record.extra;
    n += allocated(sizeof e) + allocated(e.wide.capacity() * sizeof(e.wide[0])) + allocated(e.lists.capacity() * sizeof(e.lists[0]));
    for (const record::Extra::List& list : e.lists) n += allocated(list.entries.capacity() * sizeof(Value));
  }
  return n;
}

Cost Visitors::cost(const plan::Plan& plan, std::size_t visitors, std::size_t name_bytes) {
  Cost c;
  c.record = static_cast<double>(base::Slots(sizeof(Visitor) + record::Empty(plan).bytes()).block()) + 1.0 / 8;  // and a bit: it is taken
  c.units = static_cast<double>(base::Pieces::fit(static_cast<std::size_t>(plan.layout.units) * plan::kUnitBytes));
  c.name = static_cast<double>(base::Names::bytes(name_bytes));
  c.index = static_cast<double>(base::NameIndex::bytes(visitors)) / static_cast<double>(visitors);
  return c;
}

// The header, and the dense cells.
void Visitors::prefetch(std::uint32_t number) const {
  const std::byte* p = slots_.at(number);
  const std::size_t end = sizeof(Visitor) + std::min(static_cast<std::size_t>(layout_.bytes), kAhead);
  for (std::size_t line = 0; line < end; line += base::kCacheLine) base::fetch(p + line);
}

void Visitors::prefetch_block(std::uint64_t hash) const {
  const std::uint32_t n = index_.guess(hash);
  if (n < kAlias && slots_.taken(n)) prefetch(n);  // else none is known, or it is an alias, which is rare
}

void Visitors::prefetch_units(std::uint64_t hash, std::int32_t event) const {
  const std::uint32_t n = index_.guess(hash);
  if (n >= kAlias || !slots_.taken(n)) return;
  const Visitor& v = block(n);
  base::fetch(v.name);
  if (event >= 0) record::prefetch(v.record, layout_.event[static_cast<std::size_t>(event)], kAhead);
}

void Visitors::prefetch_past(std::uint64_t hash, int step) const {
  const std::uint32_t n = index_.guess(hash);
  if (n >= kAlias || !slots_.taken(n)) return;
  const Visitor& v = block(n);
  if (!v.rare) return;
  if (step == 0) return base::fetch(v.rare.get());
  const history::Past* past = v.past();
  if (!past) return;
  if (step == 1) {
    base::fetch(past);
    base::fetch(reinterpret_cast<const std::byte*>(past) + base::kCacheLine);
  } else if (!past->entries.empty()) {
    base::fetch(&past->entries.back());
    base::fetch(past->records.data() + past->records.size());
  }
}

void Visitors::prefetch_lists(std::uint64_t hash, int step) const {
  const std::uint32_t n = index_.guess(hash);
  if (n < kAlias && slots_.taken(n)) record::prefetch_lists(block(n).record, step);
}

}  // namespace polku::engine
