#include "compiler/jit/groups.h"

#include <map>
#include <string>
#include <utility>

namespace polku::jit {
namespace {

using plan::CodeId;

// A module costs 0.5 ms beside its codes (0.1 ms each, of a usual length), 0.1 ms where it comes from the cache. Borders stand behind one code in kUsual.
constexpr std::uint64_t kUsual = 32;
constexpr std::size_t kMost = 128, kMostInstrs = 4096;

// All codes, each once: filters, segments, conditions, rows, parameters, guarantees and worths as the plan lists them, then what only reasons ask for.
std::vector<CodeId> in_order(const plan::Plan& plan) {
  std::vector<CodeId> order;
  order.reserve(plan.codes.size());
  std::vector<bool> there(plan.codes.size());
  const auto add = [&](CodeId id) {
    if (id < 0 || there[static_cast<std::size_t>(id)]) return;
    there[static_cast<std::size_t>(id)] = true;
    order.push_back(id);
  };
  const auto filters = [&](const std::vector<plan::Match>& matches) {
    for (const plan::Match& m : matches) add(m.filter);
  };
  for (const plan::Feature& f : plan.features) add(f.match.filter);
  for (const plan::Journey& j : plan.journeys) filters(j.stops);
  for (const plan::Goal& g : plan.goals) add(g.match.filter);
  for (const plan::Rule& r : plan.rules) {
    filters(r.trigger.on);
    filters(r.trigger.without);
    filters(r.trigger.stops);
    add(r.trigger.date);
  }
  for (const plan::Membership& m : plan.memberships) add(m.code);
  for (const plan::Rule& r : plan.rules) add(r.gate);
  for (const plan::Rule& r : plan.rules) {
    for (const plan::Row& row : r.rows) {
      add(row.code);
      for (const plan::Action& a : row.actions)
        for (const plan::Param& p : a.params) add(p.code);
    }
  }
  for (const plan::Guarantee& g : plan.guarantees) add(g.code);
  for (const plan::Goal& g : plan.goals) add(g.worth);
  for (std::size_t id = 0; id < plan.codes.size(); ++id) add(static_cast<CodeId>(id));
  return order;
}

void put(std::string& out, std::uint64_t v) { out.append(reinterpret_cast<const char*>(&v), sizeof v); }

base::CacheKey content(const plan::Code& code, std::string& scratch) {
  scratch.clear();
  for (const plan::Instr& i : code.instrs) {
    put(scratch, static_cast<std::uint64_t>(i.op));
    put(scratch, static_cast<std::uint64_t>(i.a));
    put(scratch, static_cast<std::uint64_t>(i.b));
    put(scratch, static_cast<std::uint64_t>(i.aux));
    put(scratch, static_cast<std::uint64_t>(i.imm));
  }
  return base::cache_key(scratch);
}

// Puts codes into groups, in order.
class Maker {
 public:
  Maker(Groups& out, const plan::Plan& plan, std::string_view target) : out_(out), plan_(plan), target_(target) {
    out.same.resize(plan.codes.size(), -1);
    out.of.resize(plan.codes.size(), -1);
  }
  void add(CodeId id) {
    const plan::Code& code = plan_.codes[static_cast<std::size_t>(id)];
    const base::CacheKey key = content(code, scratch_);
    const auto [it, fresh] = known_.emplace(key, static_cast<std::int32_t>(out_.first.size()));
    if (!fresh) {
      CodeId& head = out_.first[static_cast<std::size_t>(it->second)];
      out_.of[static_cast<std::size_t>(id)] = out_.of[static_cast<std::size_t>(head)];
      out_.same[static_cast<std::size_t>(id)] = std::exchange(out_.same[static_cast<std::size_t>(head)], id);
      return;
    }
    out_.first.push_back(id);
    if (!keys_.empty() && instrs_ + code.instrs.size() > kMostInstrs) close();
    if (keys_.empty()) {
      const std::size_t number = out_.groups.size();
      out_.groups.emplace_back().number = number;
    }
    Group& group = out_.groups.back();
    group.codes.push_back(it->second);
    out_.of[static_cast<std::size_t>(id)] = static_cast<std::int32_t>(group.number);
    instrs_ += code.instrs.size();
    put(keys_, key.high);
    put(keys_, key.low);
    if (key.low % kUsual == 0 || group.codes.size() == kMost) close();
  }

  // What is added next begins a group.
  void close() {
    if (keys_.empty()) return;
    out_.groups.back().key = base::cache_key(keys_.append(target_));
    keys_.clear();
    instrs_ = 0;
  }

 private:
  Groups& out_;
  const plan::Plan& plan_;
  const std::string_view target_;
  std::map<base::CacheKey, std::int32_t> known_;
  std::string scratch_, keys_;
  std::size_t instrs_ = 0;
};

}  // namespace

Groups make_groups(const plan::Plan& plan, std::string_view target) {
  Groups out;
  Maker maker(out, plan, target);
  for (const CodeId id : in_order(plan)) maker.add(id);
  maker.close();
  return out;
}

void add_groups(Groups& groups, const plan::Plan& plan, std::string_view target) {
  auto id = static_cast<CodeId>(groups.of.size());  // before the maker makes room
  Maker maker(groups, plan, target);
  for (; static_cast<std::size_t>(id) < plan.codes.size(); ++id) maker.add(id);
  maker.close();
}

}  // namespace polku::jit
