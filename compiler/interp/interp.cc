#include "compiler/interp/interp.h"

#include <algorithm>
#include <cassert>
#include <deque>

#include "compiler/plan/arith.h"

namespace polku::interp {
namespace {

using plan::Code;
using plan::CodeId;
using plan::Context;
using plan::Host;
using plan::Instr;
using plan::Op;

// Nearly every code fits the stack. Longer ones borrow registers of their thread, which stay for the next time: no
// allocation per call. One array per depth, as a Host may evaluate code itself.
constexpr std::size_t kOnStack = 64;

struct Borrowed {
  std::deque<std::vector<Value>> arrays;
  std::size_t depth = 0;
};
thread_local Borrowed borrowed;

class Registers {
 public:
  explicit Registers(std::size_t n) {
    if (borrowed.depth == borrowed.arrays.size()) borrowed.arrays.emplace_back();
    std::vector<Value>& array = borrowed.arrays[borrowed.depth];
    if (array.size() < n) array.resize(n);
    ++borrowed.depth;
    data_ = array.data();
  }
  ~Registers() { --borrowed.depth; }
  Registers(const Registers&) = delete;
  Registers& operator=(const Registers&) = delete;
  Value* data() { return data_; }

 private:
  Value* data_;
};

// Evaluating broken code would read registers that are not set; sema never makes any.
[[maybe_unused]] bool operands_stand_before(const Instr& i, std::ptrdiff_t index) {
  constexpr int operands[] = {
#define POLKU_OP(name, printed, operands, meaning) operands,
#include "compiler/plan/ops.def"
#undef POLKU_OP
  };
  const int n = operands[static_cast<std::size_t>(i.op)];
  return (n < 1 || (i.a >= 0 && i.a < index)) && (n < 2 || (i.b >= 0 && i.b < index));
}

Value host_text(const Context& context, Op op, Value a, Value b) {
  if (!plan::known(a, b)) return kUnknown;
  return context.host->text(&context, static_cast<std::int32_t>(op), a, b);
}

// Instructions from `from` on, before `end`; r holds the result of each of the code's instructions so far.
void run(const Instr* code, std::size_t from, std::size_t end, const Context& context, Value* const r) {
  for (std::size_t n = from; n < end; ++n) {
    const Instr& i = code[n];
    assert(operands_stand_before(i, static_cast<std::ptrdiff_t>(n)));
    Value v = kUnknown;
    switch (i.op) {
      case Op::Const: v = i.imm; break;
      case Op::Now: v = context.now; break;
      case Op::Attribute: v = context.attributes[i.aux]; break;
      case Op::Field: v = context.fields[i.aux]; break;
      case Op::LastField: v = context.host->last(&context, i.aux, i.imm); break;
      case Op::CountAtLeast:
        if (plan::known(r[i.a])) v = context.host->count_at_least(&context, i.aux, i.imm, r[i.a]);
        break;
      case Op::Count: v = context.host->count(&context, i.aux, i.imm); break;
      case Op::CountSeen: v = context.host->count_seen(&context, i.aux, i.imm, i.b); break;
      case Op::Sum: v = context.host->sum(&context, i.aux, i.imm); break;
      case Op::Highest: v = context.host->highest(&context, i.aux, i.imm); break;
      case Op::Lowest: v = context.host->lowest(&context, i.aux, i.imm); break;
      case Op::Average: v = context.host->average(&context, i.aux, i.imm, i.b); break;
      case Op::First: v = context.host->first(&context, i.aux, i.imm); break;
      case Op::Add: v = plan::add(r[i.a], r[i.b]); break;
      case Op::Sub: v = plan::sub(r[i.a], r[i.b]); break;
      case Op::Mul: v = plan::mul(r[i.a], r[i.b]); break;
      case Op::Neg: v = plan::neg(r[i.a]); break;
      case Op::MulDiv: v = plan::mul_div(r[i.a], r[i.b], i.imm); break;
      case Op::DivMul: v = plan::div_mul(r[i.a], r[i.b], i.imm); break;
      case Op::Eq: v = plan::known(r[i.a], r[i.b]) ? r[i.a] == r[i.b] : kUnknown; break;
      case Op::Ne: v = plan::known(r[i.a], r[i.b]) ? r[i.a] != r[i.b] : kUnknown; break;
      case Op::Lt: v = plan::known(r[i.a], r[i.b]) ? r[i.a] < r[i.b] : kUnknown; break;
      case Op::Le: v = plan::known(r[i.a], r[i.b]) ? r[i.a] <= r[i.b] : kUnknown; break;
      case Op::Gt: v = plan::known(r[i.a], r[i.b]) ? r[i.a] > r[i.b] : kUnknown; break;
      case Op::Ge: v = plan::known(r[i.a], r[i.b]) ? r[i.a] >= r[i.b] : kUnknown; break;
      case Op::And: v = plan::kleene_and(r[i.a], r[i.b]); break;
      case Op::Or: v = plan::kleene_or(r[i.a], r[i.b]); break;
      case Op::Not: v = plan::kleene_not(r[i.a]); break;
      case Op::Given: v = plan::known(r[i.a]); break;
      case Op::Otherwise: v = plan::known(r[i.a]) ? r[i.a] : r[i.b]; break;
      case Op::TextContains:
      case Op::TextStarts:
      case Op::TextEnds:
      case Op::ListContains: v = host_text(context, i.op, r[i.a], r[i.b]); break;
    }
    r[n] = v;
  }
}

class Interpreter final : public plan::Evaluator {
 public:
  explicit Interpreter(const plan::Plan& plan) : Evaluator(plan.codes.size(), &evaluate_code), codes_(plan.codes) { look(); }
  const char* tier() const override { return "interpreter"; }
  plan::Tiers tiers() const override { return {}; }
  void extend(const std::function<void()>& change) override {
    change();
    look();
    grow(codes_.size(), &evaluate_code);
  }

 private:
  // At the codes that are new.
  void look() {
    if (ends_.empty()) ends_.reserve(codes_.size());
    std::vector<bool> asked;  // as parts, by an `and` behind
    for (std::size_t id = ends_.size(); id < codes_.size(); ++id) {
      const Code& code = codes_[id];
      const auto first = static_cast<std::ptrdiff_t>(parts_.size());
      if (!code.instrs.empty() && code.instrs.back().op == Op::And) {
        asked.assign(code.instrs.size(), false);
        asked.back() = true;
        for (std::size_t n = code.instrs.size(); n-- > 0;) {
          if (!asked[n]) continue;
          if (code.instrs[n].op != Op::And) parts_.push_back(static_cast<std::uint32_t>(n));
          else asked[static_cast<std::size_t>(code.instrs[n].a)] = asked[static_cast<std::size_t>(code.instrs[n].b)] = true;
        }
        std::reverse(parts_.begin() + first, parts_.end());
      }
      ends_.push_back(static_cast<std::uint32_t>(parts_.size()));
    }
  }

  static Value evaluate_code(const Context* context, const plan::Evaluator* self, CodeId id) {
    const auto& interpreter = static_cast<const Interpreter&>(*self);
    const std::size_t length = interpreter.codes_[static_cast<std::size_t>(id)].instrs.size();
    if (length > kOnStack) return interpreter.run_parts(id, *context, Registers(length).data());
    Value registers[kOnStack];
    return interpreter.run_parts(id, *context, registers);
  }

  // An `and` of parts is no as soon as one of them is.
  Value run_parts(CodeId id, const Context& context, Value* r) const {
    const std::vector<Instr>& instrs = codes_[static_cast<std::size_t>(id)].instrs;
    const std::uint32_t *part = parts_.data() + (id == 0 ? 0 : ends_[static_cast<std::size_t>(id) - 1]), *last = parts_.data() + ends_[static_cast<std::size_t>(id)];
    for (std::size_t done = 0;; ++part) {
      const std::size_t end = part == last ? instrs.size() : *part + 1;
      run(instrs.data(), done, end, context, r);
      if (part == last || r[end - 1] == kNo) return r[end - 1];
      done = end;
    }
  }

  const std::vector<Code>& codes_;
  std::vector<std::uint32_t> parts_, ends_;  // the parts of each code that is an `and`, as instruction numbers, ascending; where each code's end
};

}  // namespace

std::unique_ptr<plan::Evaluator> make(const plan::Plan& plan) { return std::make_unique<Interpreter>(plan); }

}  // namespace polku::interp
