#include "compiler/sema/builder.h"

#include <algorithm>
#include <set>

namespace polku::sema {

int CodeBuilder::emit(const plan::Instr& in) {
  const Key key{static_cast<int>(in.op), in.a, in.b, in.aux, in.imm};
  auto [it, fresh] = known_.try_emplace(key, static_cast<int>(instrs_.size()));
  if (fresh) instrs_.push_back(in);
  return it->second;
}

plan::Code CodeBuilder::slice(int result, const catalog::Type& type) const {
  std::vector<std::int32_t> needed{result};
  std::set<std::int32_t> met{result};
  for (std::size_t i = 0; i < needed.size(); ++i) {
    const plan::Instr& in = at(needed[i]);
    const int operands = plan::op_operands(in.op);
    if (operands >= 1 && met.insert(in.a).second) needed.push_back(in.a);
    if (operands >= 2 && met.insert(in.b).second) needed.push_back(in.b);
  }
  std::sort(needed.begin(), needed.end());
  const auto moved = [&](std::int32_t reg) {
    return static_cast<std::int32_t>(std::lower_bound(needed.begin(), needed.end(), reg) - needed.begin());
  };
  plan::Code code;
  code.type = type;
  for (std::int32_t reg : needed) {
    plan::Instr in = at(reg);
    const int operands = plan::op_operands(in.op);
    if (operands >= 1) in.a = moved(in.a);
    if (operands >= 2) in.b = moved(in.b);
    code.instrs.push_back(in);
  }
  return code;
}

plan::CodeId PlanBuilder::code(const plan::Code& code) {
  std::string key = catalog::type_name(code.type) + '\n';
  const auto word = [&](std::int64_t v) { key.append(reinterpret_cast<const char*>(&v), sizeof v); };
  for (const plan::Instr& in : code.instrs) {
    word(static_cast<std::int64_t>(in.op));
    word(in.a);
    word(in.b);
    word(in.aux);
    word(in.imm);
  }
  auto [it, fresh] = codes_.try_emplace(std::move(key), static_cast<plan::CodeId>(plan_.codes.size()));
  if (fresh) plan_.codes.push_back(code);
  return it->second;
}

Value PlanBuilder::text(const std::string& nfc) {
  auto [it, fresh] = texts_.try_emplace(nfc, static_cast<Value>(plan_.texts.size()));
  if (fresh) plan_.texts.push_back(nfc);
  return it->second;
}

Value PlanBuilder::list(const std::vector<std::string>& nfc) {
  for (const std::string& t : nfc) text(t);
  auto [it, fresh] = lists_.try_emplace(nfc, static_cast<Value>(plan_.text_lists.size()));
  if (fresh) plan_.text_lists.push_back(nfc);
  return it->second;
}

int PlanBuilder::window(const plan::Window& w) {
  auto [it, fresh] = windows_.try_emplace({w.kind, w.length, w.since, w.before_this}, static_cast<int>(plan_.windows.size()));
  if (fresh) {
    plan_.windows.push_back(w);
    const auto same = [&](const plan::Mark& m) { return m.what == w.since; };
    if (w.since >= 0 && std::none_of(plan_.marks.begin(), plan_.marks.end(), same)) plan_.marks.push_back({w.since});
  }
  return it->second;
}

int PlanBuilder::feature(const FeatureKey& key, plan::Feature fresh_feature) {
  auto [it, fresh] = features_.try_emplace(key, static_cast<int>(plan_.features.size()));
  if (fresh) {
    plan_.features.push_back(std::move(fresh_feature));
  } else {
    plan::Feature& f = plan_.features[static_cast<std::size_t>(it->second)];
    f.horizon = std::max(f.horizon, fresh_feature.horizon);
    f.keep = f.keep == 0 || fresh_feature.keep == 0 ? 0 : std::max(f.keep, fresh_feature.keep);
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
  std::vector<std::int32_t>& columns = plan_.features[static_cast<std::size_t>(feature)].columns;
  const auto it = std::find(columns.begin(), columns.end(), field);
  if (it != columns.end()) return static_cast<int>(it - columns.begin());
  columns.push_back(field);
  return static_cast<int>(columns.size()) - 1;
}

}  // namespace polku::sema
