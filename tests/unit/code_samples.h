// For the tests of the evaluators: hand-made code, a Host that remembers its calls, and each instruction's value worked out
// apart from compiler/plan/arith.h.
#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>
#include <mutex>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "compiler/plan/plan.h"

namespace polku::samples {

using plan::Code;
using plan::Context;
using plan::Instr;
using plan::Op;

inline constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

struct OpFacts { Op op; const char* name; int operands; };
inline const std::vector<OpFacts>& all_ops() {
  static const std::vector<OpFacts> ops = {
#define POLKU_OP(name, printed, operands, meaning) {Op::name, printed, operands},
#include "compiler/plan/ops.def"
#undef POLKU_OP
  };
  return ops;
}

inline const std::vector<Value>& edges() {
  static const std::vector<Value> values = {
      kUnknown, -kMax, -kMax + 1, -kMax / 2, -(1LL << 32), -1000001,   -7,       -2,           -1,       0,   1, 2,
      3,        5,     500000,    999999,    1000000,      1000001,    1LL << 32, kMax / 2, kMax / 2 + 1, kMax - 1, kMax};
  return values;
}

inline Instr constant(Value v) { return {Op::Const, -1, -1, -1, v}; }
inline Instr attribute(std::int32_t n) { return {Op::Attribute, -1, -1, n, 0}; }
inline Instr field(std::int32_t n) { return {Op::Field, -1, -1, n, 0}; }
inline Instr op(Op o, std::int32_t a, std::int32_t b = -1, std::int64_t imm = 0) { return {o, a, b, -1, imm}; }
inline Code code(std::vector<Instr> instrs) { return {std::move(instrs), {}}; }

inline std::string print(const Code& c) {
  std::string out;
  for (std::size_t i = 0; i < c.instrs.size(); ++i) {
    const Instr& x = c.instrs[i];
    out += "  " + std::to_string(i) + ": " + all_ops()[static_cast<std::size_t>(x.op)].name + " a=" + std::to_string(x.a) + " b=" +
           std::to_string(x.b) + " aux=" + std::to_string(x.aux) + " imm=" + std::to_string(x.imm) + "\n";
  }
  return out;
}

// ---- a Host whose answers depend on every argument, and can be unknown ----

using Call = std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>;
struct Calls {
  std::mutex mutex;
  std::vector<Call> made;
};

inline Value answer(std::int64_t a, std::int64_t b, std::int64_t c) {
  std::uint64_t h = static_cast<std::uint64_t>(a) * 0x9e3779b97f4a7c15u ^ static_cast<std::uint64_t>(b) * 0xc2b2ae3d27d4eb4fu ^
                    static_cast<std::uint64_t>(c) * 0x165667b19e3779f9u;
  h ^= h >> 29;
  return h % 5 == 0 ? kUnknown : static_cast<Value>(h % 1000);
}
inline Value truth(Value v) { return v == kUnknown ? v : v & 1; }

inline Value note(const Context* context, const char* what, std::int64_t a, std::int64_t b, std::int64_t c) {
  if (context->state) {
    auto* calls = static_cast<Calls*>(const_cast<void*>(context->state));
    std::lock_guard lock(calls->mutex);
    calls->made.emplace_back(what, a, b, c);
  }
  return answer(a, b, c);
}

inline const plan::Host& host() {
  static const plan::Host h = {
      [](const Context* x, std::int32_t f, std::int64_t column) { return note(x, "last", f, column, 1); },
      [](const Context* x, std::int32_t f, std::int64_t w, Value k) { return truth(note(x, "count_at_least", f, w, k)); },
      [](const Context* x, std::int32_t f, std::int64_t w) { return note(x, "count", f, w, 3); },
      [](const Context* x, std::int32_t f, std::int64_t w, std::int64_t up_to) { return note(x, "count_seen", f, w, up_to); },
      [](const Context* x, std::int32_t f, std::int64_t w) { return note(x, "sum", f, w, 5); },
      [](const Context* x, std::int32_t f, std::int64_t w) { return note(x, "highest", f, w, 7); },
      [](const Context* x, std::int32_t f, std::int64_t w) { return note(x, "lowest", f, w, 9); },
      [](const Context* x, std::int32_t f, std::int64_t w, std::int64_t scale) { return note(x, "average", f, w, scale + 20); },
      [](const Context* x, std::int32_t f, std::int64_t w) { return note(x, "first", f, w, 11); },
      [](const Context* x, std::int32_t o, Value a, Value b) { return truth(note(x, "text", o, a, b)); },
  };
  return h;
}

// ---- the value of one instruction, by other means ----

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Unsigned128;

inline Value fit(Int128 v) { return v > kMax || v < -static_cast<Int128>(kMax) ? kUnknown : static_cast<Value>(v); }

// x * y / d by sign and magnitude.
inline Value scaled(Int128 x, Int128 y, Int128 d) {
  if (d == 0) return kUnknown;
  const bool negative = (x < 0) != (y < 0) ? d > 0 : d < 0;
  auto magnitude = [](Int128 v) { return static_cast<Unsigned128>(v < 0 ? -v : v); };
  const Unsigned128 n = magnitude(x) * magnitude(y), m = magnitude(d);
  Unsigned128 q = n / m;
  const Unsigned128 twice = (n - q * m) * 2;
  if (twice > m || (twice == m && (q & 1) == 1)) ++q;
  return negative ? fit(-static_cast<Int128>(q)) : fit(static_cast<Int128>(q));
}

inline Value expected(const Instr& i, Value a, Value b, const Context& x) {
  const bool both = a != kUnknown && b != kUnknown;
  auto kleene = [&](Value wins) {  // of and: no; of or: yes
    return a == wins || b == wins ? wins : both ? 1 - wins : kUnknown;
  };
  switch (i.op) {
    case Op::Const: return i.imm;
    case Op::Now: return x.now;
    case Op::Attribute: return x.attributes[i.aux];
    case Op::Field: return x.fields[i.aux];
    case Op::LastField: return answer(i.aux, i.imm, 1);
    case Op::CountAtLeast: return a == kUnknown ? kUnknown : truth(answer(i.aux, i.imm, a));
    case Op::Count: return answer(i.aux, i.imm, 3);
    case Op::CountSeen: return answer(i.aux, i.imm, i.b);
    case Op::Sum: return answer(i.aux, i.imm, 5);
    case Op::Highest: return answer(i.aux, i.imm, 7);
    case Op::Lowest: return answer(i.aux, i.imm, 9);
    case Op::Average: return answer(i.aux, i.imm, i.b + 20);
    case Op::First: return answer(i.aux, i.imm, 11);
    case Op::Add: return both ? fit(static_cast<Int128>(a) + b) : kUnknown;
    case Op::Sub: return both ? fit(static_cast<Int128>(a) - b) : kUnknown;
    case Op::Mul: return both ? fit(static_cast<Int128>(a) * b) : kUnknown;
    case Op::Neg: return a == kUnknown ? kUnknown : fit(-static_cast<Int128>(a));
    case Op::MulDiv: return both ? scaled(a, b, i.imm) : kUnknown;
    case Op::DivMul: return both ? scaled(a, i.imm, b) : kUnknown;
    case Op::Eq: return both ? a == b : kUnknown;
    case Op::Ne: return both ? a != b : kUnknown;
    case Op::Lt: return both ? a < b : kUnknown;
    case Op::Le: return both ? a <= b : kUnknown;
    case Op::Gt: return both ? a > b : kUnknown;
    case Op::Ge: return both ? a >= b : kUnknown;
    case Op::And: return kleene(kNo);
    case Op::Or: return kleene(kYes);
    case Op::Not: return a == kUnknown ? kUnknown : a == kYes ? kNo : kYes;
    case Op::Given: return a == kUnknown ? kNo : kYes;
    case Op::Otherwise: return a == kUnknown ? b : a;
    case Op::TextContains:
    case Op::TextStarts:
    case Op::TextEnds:
    case Op::ListContains: return both ? truth(answer(static_cast<std::int64_t>(i.op), a, b)) : kUnknown;
  }
  return kUnknown;
}

inline Value expected(const Code& c, const Context& x) {
  std::vector<Value> values;
  for (const Instr& i : c.instrs) {
    const int n = all_ops()[static_cast<std::size_t>(i.op)].operands;
    const Value a = n > 0 ? values[static_cast<std::size_t>(i.a)] : 0, b = n > 1 ? values[static_cast<std::size_t>(i.b)] : 0;
    values.push_back(expected(i, a, b, x));
  }
  return values.back();
}

inline bool gives_truth(Op o) {
  return (o >= Op::Eq && o <= Op::Given) || o >= Op::TextContains || o == Op::CountAtLeast;
}
inline bool plain_b(Op o) { return o == Op::CountSeen || o == Op::Average; }  // b is a plain number
inline bool takes_truth(Op o) { return o == Op::And || o == Op::Or || o == Op::Not; }

// ---- every operation on a grid: operands are fields 0 and 1, or constants ----

struct Case { Code code; Value a, b; };  // to be run with a and b as fields 0 and 1

inline std::vector<Case> grid(const std::vector<Value>& values, bool as_constants) {
  std::vector<Case> cases;
  const std::vector<Value> truths = {kUnknown, kNo, kYes}, scales = {1, 2, 3, 7, kMillion, kMax};
  for (const OpFacts& f : all_ops()) {
    const auto& domain = takes_truth(f.op) ? truths : values;
    const bool scaled_op = f.op == Op::MulDiv || f.op == Op::DivMul;
    for (Value imm : scaled_op ? scales : std::vector<Value>{6}) {
      for (Value a : domain) {
        for (Value b : f.operands == 2 ? domain : std::vector<Value>{4}) {
          std::vector<Instr> instrs = {as_constants ? constant(a) : field(0), as_constants ? constant(b) : field(1)};
          const std::int32_t left = f.operands > 0 ? 0 : -1, right = f.operands > 1 ? 1 : plain_b(f.op) ? 9 : -1;
          instrs.push_back({f.op, left, right, f.op == Op::Field ? 0 : 1, f.op == Op::Const ? a : imm});
          cases.push_back({code(std::move(instrs)), a, b});
        }
      }
    }
  }
  return cases;
}

// ---- random code: well formed, and yes/no operations see yes/no operands only ----

inline constexpr std::int32_t kNumbers = 6, kTruths = 4;  // attributes and fields 0 … 5 are numbers, 6 … 9 yes/no

inline Code random_code(std::mt19937_64& random, std::size_t longest) {
  auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n)); };
  Code c;
  std::vector<std::int32_t> truths, any;
  const std::size_t n = 1 + static_cast<std::size_t>(below(static_cast<std::int64_t>(longest)));
  auto pick = [&](const std::vector<std::int32_t>& from) {
    // Mostly a late one, so that few results go unused.
    const auto size = static_cast<std::int64_t>(from.size());
    return from[static_cast<std::size_t>(below(3) ? size - 1 - below(std::min<std::int64_t>(size, 4)) : below(size))];
  };
  while (c.instrs.size() < n) {
    Instr i;
    i.op = static_cast<Op>(below(static_cast<std::int64_t>(all_ops().size())));
    const int operands = all_ops()[static_cast<std::size_t>(i.op)].operands;
    const auto& from = takes_truth(i.op) ? truths : any;
    if (operands > 0 && from.empty()) continue;
    if (operands > 0) i.a = pick(from);
    if (operands > 1) i.b = pick(from);
    bool truth_value = gives_truth(i.op);
    i.imm = i.op == Op::MulDiv || i.op == Op::DivMul ? 1 + below(below(2) ? 10 : kMax) : below(4);
    i.aux = static_cast<std::int32_t>(below(4));
    if (plain_b(i.op)) i.b = static_cast<std::int32_t>(below(5));
    if (i.op == Op::Const) {
      truth_value = below(3) == 0;
      i.imm = truth_value ? std::vector<Value>{kUnknown, kNo, kYes}[static_cast<std::size_t>(below(3))]
                          : edges()[static_cast<std::size_t>(below(static_cast<std::int64_t>(edges().size())))];
    }
    if (i.op == Op::Attribute || i.op == Op::Field) {
      truth_value = below(2) == 0;
      i.aux = static_cast<std::int32_t>(truth_value ? kNumbers + below(kTruths) : below(kNumbers));
    }
    if (i.op == Op::Otherwise) {  // yes/no if both are
      auto is_truth = [&](std::int32_t v) { return std::find(truths.begin(), truths.end(), v) != truths.end(); };
      truth_value = is_truth(i.a) && is_truth(i.b);
    }
    const auto number = static_cast<std::int32_t>(c.instrs.size());
    c.instrs.push_back(i);
    any.push_back(number);
    if (truth_value) truths.push_back(number);
  }
  return c;
}

struct Visitor {  // what a random code can read
  std::vector<Value> attributes, fields;
  Millis now = 0;
  explicit Visitor(std::mt19937_64& random) : now(static_cast<Millis>(random() % 2'000'000'000'000u)) {
    for (auto* values : {&attributes, &fields}) {
      for (int i = 0; i < kNumbers; ++i) {
        values->push_back(random() % 2 ? edges()[random() % edges().size()] : static_cast<Value>(random() % 4));
      }
      for (int i = 0; i < kTruths; ++i) values->push_back(std::vector<Value>{kUnknown, kNo, kYes}[random() % 3]);
    }
  }
  Context context() const { return {now, fields.data(), attributes.data(), &host(), nullptr}; }
};

}  // namespace polku::samples
