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
    switch (in.op) {
      case Op::LastField: add(in.aux, -1); break;
      case Op::CountAtLeast: case Op::Count: case Op::CountSeen: case Op::Sum: case Op::Highest: case Op::Lowest: case Op::Average:
      case Op::First: add(in.aux, static_cast<std::int32_t>(in.imm)); break;
      case Op::Const: case Op::Now: case Op::Attribute: case Op::Field: case Op::Add: case Op::Sub: case Op::Mul: case Op::Neg:
      case Op::MulDiv: case Op::DivMul: case Op::Eq: case Op::Ne: case Op::Lt: case Op::Le: case Op::Gt: case Op::Ge: case Op::And:
      case Op::Or: case Op::Not: case Op::Given: case Op::Otherwise: case Op::TextContains: case Op::TextStarts: case Op::TextEnds:
      case Op::ListContains: break;
    }
  }
  return out;
}

}  // namespace

std::int32_t Memberships::of(const syntax::Name& segment) {
  const auto [it, fresh] = by_name_.try_emplace(segment.text, -1);
  if (!fresh && it->second >= 0) return it->second;
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
  return it->second = static_cast<std::int32_t>(all.size()) - 1;
}

}  // namespace polku::sema
