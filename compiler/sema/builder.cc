#include "compiler/sema/builder.h"

#include <algorithm>
#include <utility>

namespace polku::sema {

namespace {

constexpr std::size_t kFew = 16;  // instructions that are looked through one by one

bool same(const plan::Instr& x, const plan::Instr& y) { return x.op == y.op && x.a == y.a && x.b == y.b && x.aux == y.aux && x.imm == y.imm; }

std::size_t mixed(std::size_t hash, std::uint64_t word) {
  std::uint64_t h = (hash ^ word) * 0x9E3779B97F4A7C15u;
  return static_cast<std::size_t>(h ^ h >> 32);
}

std::size_t hashed(const plan::Instr& in, std::size_t hash = 0) {
  const auto pair = [](std::int32_t high, std::int32_t low) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(high)) << 32 | static_cast<std::uint32_t>(low);
  };
  hash = mixed(hash, pair(static_cast<std::int32_t>(in.op), in.aux));
  return mixed(mixed(hash, pair(in.a, in.b)), static_cast<std::uint64_t>(in.imm));
}

std::size_t hashed(const plan::Code& code) {
  auto hash = static_cast<std::size_t>(code.type.kind);
  for (const plan::Instr& in : code.instrs) hash = hashed(in, hash);
  return hash;
}

}  // namespace

int CodeBuilder::emit(const plan::Instr& in) {
  if (known_.empty()) {
    for (std::size_t i = 0; i < instrs_.size(); ++i)
      if (same(instrs_[i], in)) return static_cast<int>(i);
  } else {
    for (std::size_t i = hashed(in) % known_.size(); known_[i] >= 0; i = (i + 1) % known_.size())
      if (same(at(known_[i]), in)) return known_[i];
  }
  const auto reg = static_cast<int>(instrs_.size());
  instrs_.push_back(in);
  if (instrs_.size() > std::max(kFew, known_.size() / 2)) {
    known_.assign(8 * instrs_.size(), -1);
    for (int i = 0; i < reg; ++i) index(i);
  }
  if (!known_.empty()) index(reg);
  return reg;
}

void CodeBuilder::index(int reg) {
  std::size_t i = hashed(at(reg)) % known_.size();
  while (known_[i] >= 0) i = (i + 1) % known_.size();
  known_[i] = reg;
}

plan::Code CodeBuilder::slice(int result, const catalog::Type& type) const {
  std::vector<std::int32_t> needed;
  met_.resize(instrs_.size(), 0);
  ++slices_;
  const auto need = [&](std::int32_t reg) {
    if (std::exchange(met_[static_cast<std::size_t>(reg)], slices_) != slices_) needed.push_back(reg);
  };
  need(result);
  for (std::size_t i = 0; i < needed.size(); ++i) {
    const plan::Instr& in = at(needed[i]);
    const int operands = plan::op_operands(in.op);
    if (operands >= 1) need(in.a);
    if (operands >= 2) need(in.b);
  }
  std::sort(needed.begin(), needed.end());
  const auto moved = [&](std::int32_t reg) {
    return static_cast<std::int32_t>(std::lower_bound(needed.begin(), needed.end(), reg) - needed.begin());
  };
  plan::Code code;
  code.type = type;
  code.instrs.reserve(needed.size());
  for (std::int32_t reg : needed) {
    plan::Instr in = at(reg);
    const int operands = plan::op_operands(in.op);
    if (operands >= 1) in.a = moved(in.a);
    if (operands >= 2) in.b = moved(in.b);
    code.instrs.push_back(in);
  }
  return code;
}

plan::CodeId PlanBuilder::code(plan::Code code) {
  const std::size_t hash = hashed(code);
  for (auto [it, end] = codes_.equal_range(hash); it != end; ++it) {
    const plan::Code& known = at(it->second);
    if (known.type == code.type && std::equal(known.instrs.begin(), known.instrs.end(), code.instrs.begin(), code.instrs.end(), same)) return it->second;
  }
  const plan::CodeId id = codes();
  codes_.emplace(hash, id);
  (patch_ ? patch_->codes : plan_->codes).push_back(std::move(code));
  return id;
}

void PlanBuilder::begin(plan::Plan& live, plan::Patch& patch) {
  plan_ = &live;
  patch_ = &patch;
  refused_ = false;
}

void PlanBuilder::end(bool keep) {
  for (std::size_t i = 0; i < patch_->codes.size() && !keep; ++i) {
    const auto id = static_cast<plan::CodeId>(plan_->codes.size() + i);
    auto [it, end] = codes_.equal_range(hashed(patch_->codes[i]));
    it = std::find_if(it, end, [&](const auto& entry) { return entry.second == id; });
    codes_.erase(it);
  }
  for (std::size_t i = 0; i < patch_->windows.size() && !keep; ++i) windows_.erase(key_of(patch_->windows[i]));
  patch_ = nullptr;
}

bool PlanBuilder::refuse() {
  refused_ = refused_ || patch_ != nullptr;
  return patch_ != nullptr;
}

std::int32_t PlanBuilder::suppression(const std::string& name) {
  if (!suppressions_.contains(name) && refuse()) return 0;
  auto [it, fresh] = suppressions_.try_emplace(name, static_cast<std::int32_t>(plan_->suppressions.size()));
  if (fresh) plan_->suppressions.push_back(name);
  return it->second;
}

Value PlanBuilder::text(const std::string& nfc) {
  if (!texts_.contains(nfc) && refuse()) return 0;
  auto [it, fresh] = texts_.try_emplace(nfc, static_cast<Value>(plan_->texts.size()));
  if (fresh) plan_->texts.push_back(nfc);
  return it->second;
}

Value PlanBuilder::list(const std::vector<std::string>& nfc) {
  if (!lists_.contains(nfc) && refuse()) return 0;
  for (const std::string& t : nfc) text(t);
  auto [it, fresh] = lists_.try_emplace(nfc, static_cast<Value>(plan_->text_lists.size()));
  if (fresh) plan_->text_lists.push_back(nfc);
  return it->second;
}

int PlanBuilder::window(const plan::Window& w) {
  const WindowKey key = key_of(w);
  if (const auto known = windows_.find(key); known != windows_.end()) return known->second;
  const auto same = [&](const plan::Mark& m) { return m.what == w.since; };
  if (w.since >= 0 && std::none_of(plan_->marks.begin(), plan_->marks.end(), same)) {
    if (refuse()) return -1;
    plan_->marks.push_back({w.since});
  }
  const auto number = static_cast<int>(plan_->windows.size() + (patch_ ? patch_->windows.size() : 0));
  (patch_ ? patch_->windows : plan_->windows).push_back(w);
  return windows_[key] = number;
}

int PlanBuilder::feature(const FeatureKey& key, plan::Feature fresh_feature) {
  if (!features_.contains(key) && refuse()) return -1;
  auto [it, fresh] = features_.try_emplace(key, static_cast<int>(plan_->features.size()));
  if (fresh) {
    plan_->features.push_back(std::move(fresh_feature));
  } else {
    plan::Feature& f = plan_->features[static_cast<std::size_t>(it->second)];
    const Millis horizon = std::max(f.horizon, fresh_feature.horizon);
    const std::int32_t keep = f.keep == 0 || fresh_feature.keep == 0 ? 0 : std::max(f.keep, fresh_feature.keep);
    const bool ring = f.kind == plan::FeatureKind::Count && keep > 0;  // which keeps its times however old they are
    if ((keep != f.keep || (horizon != f.horizon && !ring)) && refuse()) return it->second;
    f.keep = keep;
    if (!patch_) f.horizon = horizon;
    else if (horizon != f.horizon) patch_->horizons.emplace_back(it->second, horizon);
  }
  return it->second;
}

int PlanBuilder::count(const plan::Match& match, int keep, Millis horizon) {
  plan::Feature f{.kind = plan::FeatureKind::Count, .match = match, .keep = keep, .horizon = horizon, .columns = {}, .resets = {}};
  return feature({static_cast<int>(f.kind), match.what, match.filter, 0, {}}, std::move(f));
}

int PlanBuilder::values(const plan::Match& match, int column, Millis horizon) {
  plan::Feature f{.kind = plan::FeatureKind::Values, .match = match, .keep = 0, .horizon = horizon, .columns = {column}, .resets = {}};
  return feature({static_cast<int>(f.kind), match.what, match.filter, column, {}}, std::move(f));
}

int PlanBuilder::last(plan::OccurrenceId event, const std::vector<plan::OccurrenceId>& resets, Millis horizon) {
  std::vector<plan::OccurrenceId> sorted = resets;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  plan::Feature f{.kind = plan::FeatureKind::Last, .match = {event, -1}, .keep = 1, .horizon = horizon, .columns = {}, .resets = sorted};
  return feature({static_cast<int>(f.kind), event, -1, 0, sorted}, std::move(f));
}

int PlanBuilder::last_column(int feature, int field) {
  if (feature < 0) return 0;
  std::vector<std::int32_t>& columns = plan_->features[static_cast<std::size_t>(feature)].columns;
  const auto it = std::find(columns.begin(), columns.end(), field);
  if (it != columns.end()) return static_cast<int>(it - columns.begin());
  if (refuse()) return 0;
  columns.push_back(field);
  return static_cast<int>(columns.size()) - 1;
}

}  // namespace polku::sema
