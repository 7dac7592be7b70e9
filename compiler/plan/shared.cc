#include "compiler/plan/shared.h"

#include <algorithm>

namespace polku::plan {

namespace {

std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

std::string content(const Code& code) {
  std::string s;
  for (const Instr& i : code.instrs) {
    s.push_back(static_cast<char>(i.op));
    for (const std::int64_t n : {std::int64_t{i.a}, std::int64_t{i.b}, std::int64_t{i.aux}, i.imm}) s.append(reinterpret_cast<const char*>(&n), sizeof n);
  }
  return s;
}

bool reads(Op op) { return op == Op::Attribute || op == Op::Field || op == Op::Now || op_reads_feature(op); }

// What no table holds whatever is compared.
bool computes(Op op) {
  switch (op) {
    case Op::Add: case Op::Sub: case Op::Mul: case Op::Neg: case Op::MulDiv: case Op::DivMul: case Op::TextContains: case Op::TextStarts: case Op::TextEnds:
    case Op::ListContains: return true;
    case Op::Const: case Op::Now: case Op::Attribute: case Op::Field: case Op::LastField: case Op::CountAtLeast: case Op::Count: case Op::CountSeen:
    case Op::Sum: case Op::Highest: case Op::Lowest: case Op::Average: case Op::First: case Op::Eq: case Op::Ne: case Op::Lt: case Op::Le: case Op::Gt:
    case Op::Ge: case Op::And: case Op::Or: case Op::Not: case Op::Given: case Op::Otherwise: return false;
  }
  return false;
}

// The tests of which a condition is made by `and`, `or` and `not`, and that compute something or look at several values.
class Tests {
 public:
  std::vector<std::int32_t> of(const Code& code) {
    const auto size = code.instrs.size();
    source_.assign(size, kNothing);
    for (std::size_t n = 0; n < size; ++n) source_[n] = source(code, n);
    std::vector<std::int32_t> out;
    std::vector<bool> seen(size);
    std::vector<std::int32_t> open{static_cast<std::int32_t>(size) - 1};
    while (!open.empty()) {
      const std::int32_t n = open.back();
      open.pop_back();
      if (source_[at(n)] != kMore || seen[at(n)]) continue;
      seen[at(n)] = true;
      const Instr& i = code.instrs[at(n)];
      if (i.op == Op::And || i.op == Op::Or) open.push_back(i.b);
      if (i.op == Op::And || i.op == Op::Or || i.op == Op::Not) open.push_back(i.a);
      else out.push_back(n);
    }
    return out;
  }

 private:
  static constexpr std::int32_t kNothing = -1, kMore = -2;  // else the instruction that reads all that is read

  std::int32_t source(const Code& code, std::size_t n) const {
    const Instr& i = code.instrs[n];
    if (computes(i.op)) return kMore;
    if (i.op == Op::CountAtLeast && source_[at(i.a)] != kNothing) return kMore;
    if (reads(i.op)) return static_cast<std::int32_t>(n);
    const int operands = op_operands(i.op);
    if (operands == 0) return kNothing;
    const std::int32_t a = source_[at(i.a)], b = operands > 1 ? source_[at(i.b)] : kNothing;
    if (a == kNothing || b == kNothing) return a == kNothing ? b : a;
    if (a == kMore || b == kMore) return kMore;
    const Instr &x = code.instrs[at(a)], &y = code.instrs[at(b)];
    return x.op == y.op && x.a == y.a && x.b == y.b && x.aux == y.aux && x.imm == y.imm ? a : kMore;
  }

  std::vector<std::int32_t> source_;
};

}  // namespace

bool steady(const Plan& plan, const Instr& i) {
  if (!op_reads_feature(i.op)) return true;
  const Feature& f = plan.features[at(i.aux)];
  const auto events = static_cast<OccurrenceId>(plan.catalog.events.size());
  return f.match.what < events && std::all_of(f.resets.begin(), f.resets.end(), [&](OccurrenceId r) { return r < events; });
}

std::optional<Code> alone(const Plan& plan, const Code& code, std::int32_t n, const std::vector<Capture>* captures, OccurrenceId event) {
  Code out{{}, {catalog::TypeKind::YesNo, {}}};
  std::vector<std::int32_t> number(code.instrs.size(), -1), open{n};
  while (!open.empty()) {
    const std::int32_t next = open.back();
    Instr i = code.instrs[at(next)];
    const int operands = op_operands(i.op);
    const std::size_t before = open.size();
    if (operands > 1 && number[at(i.b)] < 0) open.push_back(i.b);
    if (operands > 0 && number[at(i.a)] < 0) open.push_back(i.a);
    if (open.size() != before) continue;
    open.pop_back();
    if (number[at(next)] >= 0) continue;
    if (!steady(plan, i)) return std::nullopt;
    if (operands > 0) i.a = number[at(i.a)];
    if (operands > 1) i.b = number[at(i.b)];
    if (i.op == Op::Field) {
      if (!captures || at(i.aux) >= captures->size()) return std::nullopt;
      const Capture& c = (*captures)[at(i.aux)];
      if (c.event == event) i.aux = c.field;
      else i = {.op = Op::Const, .imm = kUnknown};  // of another start
    }
    number[at(next)] = static_cast<std::int32_t>(out.instrs.size());
    out.instrs.push_back(i);
  }
  return out;
}

void share_tests(Plan& plan) {
  struct Found { Code code; std::size_t rule; bool several; };
  std::unordered_map<std::string, std::size_t> by_content;
  std::vector<Found> found;
  Tests tests;
  for (std::size_t r = 0; r < plan.rules.size(); ++r) {
    const Rule& rule = plan.rules[r];
    const bool at_once = rule.trigger.start == StartKind::Asked || (rule.trigger.start == StartKind::Event && rule.trigger.on.size() == 1);
    if (rule.gate < 0 || !at_once || rule.trigger.then != DelayKind::None) continue;
    const Code& code = plan.codes[at(rule.gate)];
    for (const std::int32_t n : tests.of(code)) {
      std::optional<Code> test = alone(plan, code, n, &rule.captures, rule.trigger.on.empty() ? -1 : rule.trigger.on[0].what);
      if (!test) continue;
      const auto [it, fresh] = by_content.emplace(content(*test), found.size());
      if (fresh) found.push_back({std::move(*test), r, false});
      else if (Found& known = found[it->second]; known.rule != r) known.several = true;
    }
  }
  for (Found& f : found) {
    if (!f.several) continue;
    plan.shared.push_back(static_cast<CodeId>(plan.codes.size()));
    plan.codes.push_back(std::move(f.code));
  }
}

SharedTests::SharedTests(const Plan& plan) {
  for (const CodeId code : plan.shared) by_content_.emplace(content(plan.codes[at(code)]), code);
}

CodeId SharedTests::find(const Code& test) const {
  const auto it = by_content_.find(content(test));
  return it == by_content_.end() ? -1 : it->second;
}

}  // namespace polku::plan
