#include "runtime/match/match.h"

#include <algorithm>
#include <map>
#include <optional>

namespace polku::match {

namespace {

using plan::Code;
using plan::Instr;
using plan::Op;

std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

// A part of a condition that depends on one attribute only, through comparisons with constants: constant on every interval.
class Part {
 public:
  // None if the part is anything else.
  static std::optional<Part> of(const Code& code, std::int32_t root) {
    Part p(code, root);
    p.logical_ = p.is_value(root);
    if (!p.usable(root) || p.attribute_ < 0) return std::nullopt;
    return p;
  }

  std::int32_t attribute() const { return attribute_; }

  // Behind the first interval, which is "missing" alone: the least value of each.
  std::vector<Value> cuts() const {
    std::vector<Value> out;
    const auto cut = [&](Value v) {
      if (v != kUnknown) out.push_back(v);
      if (v != std::numeric_limits<Value>::max()) out.push_back(v + 1);
    };
    cut(kUnknown);
    if (logical_) {
      cut(kNo);
      cut(kYes);
    }
    for (std::size_t n = 0; n <= at(root_); ++n)
      if (used_[n] && code_.instrs[n].op == Op::Const) cut(code_.instrs[n].imm);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  Value evaluate(Value attribute, std::vector<Value>& r) const {
    r.resize(at(root_) + 1);
    for (std::size_t n = 0; n < r.size(); ++n)
      if (used_[n]) r[n] = result(code_.instrs[n], r, attribute);
    return r.back();
  }

 private:
  Part(const Code& code, std::int32_t root) : code_(code), root_(root), used_(at(root) + 1, 0) {}

  bool is_value(std::int32_t n) const {
    const Op op = code_.instrs[at(n)].op;
    return op == Op::Const || op == Op::Attribute || op == Op::Otherwise;
  }

  bool usable(std::int32_t n) {
    const Instr& i = code_.instrs[at(n)];
    used_[at(n)] = 1;
    switch (i.op) {
      case Op::Const: return true;
      case Op::Attribute:
        if (attribute_ >= 0 && attribute_ != i.aux) return false;
        attribute_ = i.aux;
        return true;
      case Op::Eq: case Op::Ne: case Op::Lt: case Op::Le: case Op::Gt: case Op::Ge: case Op::Otherwise: return is_value(i.a) && is_value(i.b) && usable(i.a) && usable(i.b);
      case Op::Given: return is_value(i.a) && usable(i.a);
      case Op::And: case Op::Or:
        logical_ = logical_ || is_value(i.a) || is_value(i.b);
        return usable(i.a) && usable(i.b);
      case Op::Not:
        logical_ = logical_ || is_value(i.a);
        return usable(i.a);
      case Op::Now: case Op::Field: case Op::LastField: case Op::CountAtLeast: case Op::Count: case Op::CountSeen: case Op::Sum: case Op::Highest:
      case Op::Lowest: case Op::Average: case Op::First: case Op::Add: case Op::Sub: case Op::Mul: case Op::Neg: case Op::MulDiv: case Op::DivMul:
      case Op::TextContains: case Op::TextStarts: case Op::TextEnds: case Op::ListContains: return false;
    }
    return false;
  }

  static Value result(const Instr& i, const std::vector<Value>& r, Value attribute) {
    const auto compare = [&](auto holds) { return r[at(i.a)] == kUnknown || r[at(i.b)] == kUnknown ? kUnknown : holds(r[at(i.a)], r[at(i.b)]) ? kYes : kNo; };
    switch (i.op) {
      case Op::Const: return i.imm;
      case Op::Attribute: return attribute;
      case Op::Eq: return compare([](Value a, Value b) { return a == b; });
      case Op::Ne: return compare([](Value a, Value b) { return a != b; });
      case Op::Lt: return compare([](Value a, Value b) { return a < b; });
      case Op::Le: return compare([](Value a, Value b) { return a <= b; });
      case Op::Gt: return compare([](Value a, Value b) { return a > b; });
      case Op::Ge: return compare([](Value a, Value b) { return a >= b; });
      case Op::Otherwise: return r[at(i.a)] != kUnknown ? r[at(i.a)] : r[at(i.b)];
      case Op::Given: return r[at(i.a)] != kUnknown ? kYes : kNo;
      case Op::And: return r[at(i.a)] == kNo || r[at(i.b)] == kNo ? kNo : r[at(i.a)] == kYes && r[at(i.b)] == kYes ? kYes : kUnknown;
      case Op::Or: return r[at(i.a)] == kYes || r[at(i.b)] == kYes ? kYes : r[at(i.a)] == kNo && r[at(i.b)] == kNo ? kNo : kUnknown;
      case Op::Not: return r[at(i.a)] == kYes ? kNo : r[at(i.a)] == kNo ? kYes : kUnknown;
      case Op::Now: case Op::Field: case Op::LastField: case Op::CountAtLeast: case Op::Count: case Op::CountSeen: case Op::Sum: case Op::Highest:
      case Op::Lowest: case Op::Average: case Op::First: case Op::Add: case Op::Sub: case Op::Mul: case Op::Neg: case Op::MulDiv: case Op::DivMul:
      case Op::TextContains: case Op::TextStarts: case Op::TextEnds: case Op::ListContains: return kUnknown;  // usable() let none pass
    }
    return kUnknown;
  }

  const Code& code_;
  std::int32_t root_;
  std::int32_t attribute_ = -1;
  bool logical_ = false;  // a value is asked whether it is yes or no
  std::vector<char> used_;
};

}  // namespace

Screen::Screen(const plan::Plan& plan, const std::vector<plan::CodeId>& conditions) {
  constexpr std::size_t kBlock = kWords * 64;
  for (std::size_t first = 0; first < conditions.size(); first += kBlock) blocks_.push_back(make(plan, conditions, first, std::min(kBlock, conditions.size() - first)));
}

Screen::Block Screen::make(const plan::Plan& plan, const std::vector<plan::CodeId>& conditions, std::size_t first, std::size_t count) {
  Block block;
  block.first = first;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 64 == 0) block.all.push_back(0);
    block.all.back() |= std::uint64_t{1} << i % 64;
  }
  const std::size_t words = block.all.size();
  struct Of { std::size_t condition; Part part; };
  std::vector<Value> registers;
  std::map<std::int32_t, std::vector<Of>> by_attribute;
  for (std::size_t i = 0; i < count; ++i) {
    const plan::CodeId id = conditions[first + i];
    if (id < 0) continue;
    const Code& code = plan.codes[at(id)];
    for (const std::int32_t root : plan::conjuncts(code))
      if (std::optional<Part> part = Part::of(code, root)) by_attribute[part->attribute()].push_back({i, std::move(*part)});
  }
  for (const auto& [attribute, parts] : by_attribute) {
    Column c;
    c.attribute = attribute;
    for (const Of& of : parts)
      for (const Value v : of.part.cuts()) c.cuts.push_back(v);
    std::sort(c.cuts.begin(), c.cuts.end());
    c.cuts.erase(std::unique(c.cuts.begin(), c.cuts.end()), c.cuts.end());
    const std::size_t intervals = c.cuts.size() + 1;
    c.masks.assign(words, 0);
    for (const Of& of : parts) c.masks[of.condition / 64] |= std::uint64_t{1} << of.condition % 64;
    for (std::size_t i = 0; i < intervals; ++i) c.masks.insert(c.masks.end(), block.all.begin(), block.all.end());
    for (const Of& of : parts) {
      const std::vector<Value> own = of.part.cuts();
      for (std::size_t piece = 0, i = 0; piece <= own.size(); ++piece) {  // the part is the same on all intervals of a piece
        const bool no = of.part.evaluate(piece == 0 ? kUnknown : own[piece - 1], registers) == kNo;
        for (; i < intervals && (piece == own.size() || i == 0 || c.cuts[i - 1] < own[piece]); ++i)
          if (no) c.masks[(i + 1) * words + of.condition / 64] &= ~(std::uint64_t{1} << of.condition % 64);
      }
    }
    if (c.cuts.size() > 2 && c.cuts[1] > -kDirect && c.cuts.back() < kDirect) {
      for (Value v = c.cuts[1], i = 2; v < c.cuts.back(); ++v) {
        while (static_cast<std::size_t>(i) < c.cuts.size() && c.cuts[static_cast<std::size_t>(i)] <= v) ++i;
        c.direct.push_back(static_cast<std::uint16_t>(i));
      }
    }
    block.columns.push_back(std::move(c));
  }
  const auto kept = [&](const Column& c) {  // on the average of the intervals
    std::size_t n = 0;
    for (std::size_t i = words; i < c.masks.size(); ++i) n += static_cast<std::size_t>(__builtin_popcountll(c.masks[i]));
    return static_cast<double>(n) / static_cast<double>(c.cuts.size() + 1);
  };
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < block.columns.size(); ++i) order.emplace_back(kept(block.columns[i]), i);
  std::sort(order.begin(), order.end());
  std::vector<Column> columns;
  for (const auto& [share, i] : order) columns.push_back(std::move(block.columns[i]));
  block.columns = std::move(columns);
  return block;
}

std::size_t Screen::Column::interval(Value value) const {
  if (!direct.empty()) {
    if (value >= cuts.back()) return cuts.size();
    if (value < cuts[1]) return value == kUnknown ? 0 : 1;
    return direct[static_cast<std::size_t>(value - cuts[1])];
  }
  const Value* base = cuts.data();
  for (std::size_t n = cuts.size(); n > 1;) {  // how many cuts are at most `value`, without a branch
    const std::size_t half = n / 2;
    base += base[half - 1] <= value ? half : 0;
    n -= half;
  }
  return static_cast<std::size_t>(base - cuts.data()) + (*base <= value ? 1 : 0);
}

void Screen::narrow(const Block& block, const Value* attributes, std::uint64_t* bits) {
  const std::size_t words = block.all.size();
  std::copy(block.all.begin(), block.all.end(), bits);
  for (const Column& c : block.columns) {
    const std::uint64_t* mask = c.masks.data();
    std::uint64_t asks = 0;
    for (std::size_t w = 0; w < words; ++w) asks |= bits[w] & mask[w];
    if (asks == 0) continue;
    mask += (c.interval(attributes[c.attribute]) + 1) * words;
    for (std::size_t w = 0; w < words; ++w) bits[w] &= mask[w];
  }
}

}  // namespace polku::match
