// Segments that rules enter and leave: when to look at them again (reading 29).
#include <algorithm>

#include "compiler/sema/triggers.h"

namespace polku::sema {

using plan::Op;

namespace {

// What the code asks of the record, each once, in order.
std::vector<plan::Membership::Reading> readings(const plan::Code& code) {
  std::vector<plan::Membership::Reading> out;
  const auto add = [&](std::int32_t feature, std::int32_t window) {
    const auto same = [&](const plan::Membership::Reading& r) { return r.feature == feature && r.window == window; };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back({feature, window});
  };
  for (const plan::Instr& in : code.instrs) {
    if (plan::op_reads_feature(in.op)) add(in.aux, in.op == Op::LastField ? -1 : static_cast<std::int32_t>(in.imm));
  }
  return out;
}

}  // namespace

std::int32_t Memberships::of(const syntax::Name& segment) {
  if (const auto known = by_name_.find(segment.text); known != by_name_.end() && known->second >= 0) return known->second;
  if (work_.plan.refuse()) return -1;
  std::int32_t& number = by_name_.try_emplace(segment.text, -1).first->second;
  plan::Membership out;
  CodeBuilder code;
  Typer typer(work_, code, {.instants = &out.instants});
  const Typed member = typer.segment(segment);
  if (!member.ok()) return -1;
  out.segment = segment.text;
  out.code = typer.code(member);
  std::vector<plan::Membership>& all = work_.plan.plan().memberships;
  out.readings = readings(work_.plan.plan().codes[static_cast<std::size_t>(out.code)]);
  std::sort(out.instants.begin(), out.instants.end());
  out.instants.erase(std::unique(out.instants.begin(), out.instants.end()), out.instants.end());
  all.push_back(std::move(out));
  return number = static_cast<std::int32_t>(all.size()) - 1;
}

}  // namespace polku::sema
