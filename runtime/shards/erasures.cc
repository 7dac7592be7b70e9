#include "runtime/shards/erasures.h"

#include <algorithm>

#include "runtime/base/bytes.h"
#include "runtime/base/name_index.h"

namespace polku::shards {

std::string erasure_key(const Erasure& e) {
  std::string key(kErasure);
  for (const std::uint64_t n : {e.position, e.chunk, e.index}) base::put_fixed(key, n);
  return key;
}

std::string erasure_bytes(const Erasure& e) {
  std::string out;
  base::put_number(out, e.names.size());
  for (const std::string& name : e.names) base::put_text(out, name);
  return out;
}

bool read_erasure(std::string_view key, std::string_view bytes, Erasure& into) {
  base::Bytes in(key.substr(std::min(kErasure.size(), key.size())));
  into.position = in.fixed();
  into.chunk = in.fixed();
  into.index = in.fixed();
  base::Bytes names(bytes);
  into.names.assign(names.count(), {});
  for (std::string& name : into.names) name = names.text();
  return in.done() && names.done() && !into.names.empty();
}

std::string Erasures::load(const store::Store& store) {
  Erasure erasure;
  store::Store::Scan scan = store.scan(store::Table::Meta);
  for (scan.seek(kErasure); scan.valid() && scan.key().starts_with(kErasure); scan.next()) {
    if (!read_erasure(scan.key(), scan.value(), erasure)) return "What the folder says of visitors who are to be forgotten is damaged. Restore the latest backup (`polku data restore`).";
    add(std::move(erasure));
  }
  return scan.error();
}

void Erasures::add(Erasure e) {
  const std::lock_guard lock(mutex_);
  for (const std::string& name : e.names) {
    names_.emplace(name, Place{e.position, e.chunk, e.index});
    std::uint64_t& latest = latest_[base::NameIndex::hash(name)];
    latest = std::max(latest, e.position);
  }
  std::string key = erasure_key(e);
  pending_[std::move(key)] = std::move(e);
}

void Erasures::done(const std::vector<Erasure>& erasures) {
  const std::lock_guard lock(mutex_);
  for (const Erasure& e : erasures) pending_.erase(erasure_key(e));
  names_.clear();
  for (const auto& [key, e] : pending_)
    for (const std::string& name : e.names) names_.emplace(name, Place{e.position, e.chunk, e.index});
}

std::vector<Erasure> Erasures::pending() const {
  const std::lock_guard lock(mutex_);
  std::vector<Erasure> out;
  for (const auto& [key, e] : pending_) out.push_back(e);
  return out;
}

std::size_t Erasures::count() const {
  const std::lock_guard lock(mutex_);
  return pending_.size();
}

bool Erasures::strip(std::uint64_t position, std::uint64_t chunk, std::vector<Item>& items) const {
  const std::lock_guard lock(mutex_);
  if (names_.empty()) return false;
  std::vector<std::size_t> ends;  // by Forget's number: its place
  for (std::size_t i = 0; i < items.size(); ++i)
    if (items[i].kind == ItemKind::Forget && items[i].order == ends.size()) ends.push_back(i);
  std::size_t place = 0;
  const auto gone = [&](std::string_view name) {
    const auto [from, to] = names_.equal_range(std::string(name));
    return std::any_of(from, to, [&](const auto& of) {
      const Place& p = of.second;
      if (p.position != position) return p.position > position;
      return p.chunk != chunk ? p.chunk > chunk : p.index >= ends.size() || place < ends[p.index];
    });
  };
  const std::size_t before = items.size();
  std::erase_if(items, [&](const Item& item) {
    const bool is = item.kind != ItemKind::Forget && (gone(item.visitor) || (item.kind != ItemKind::Decision && !item.other.empty() && gone(item.other)));
    ++place;
    return is;
  });
  return items.size() < before;
}

bool Erasures::forgotten(std::string_view name, std::uint64_t position) const {
  const std::lock_guard lock(mutex_);
  const auto at = latest_.find(base::NameIndex::hash(name));
  return at != latest_.end() && at->second >= position;
}

}  // namespace polku::shards
