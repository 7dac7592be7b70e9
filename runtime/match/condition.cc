#include "runtime/match/condition.h"

#include <algorithm>
#include <utility>

#include "compiler/plan/arith.h"

namespace polku::match {

namespace {

using plan::Code;
using plan::Instr;
using plan::Op;

constexpr std::size_t kClauses = 16, kLiterals = 32;  // of one part of a condition; beyond, the code judges
constexpr std::size_t kEvaluations = 1 << 20;         // of instructions, for one literal
constexpr int kSteps = 4096;                          // of one condition: parts that stand in many places are met again and again

std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

// Ranges in order, those that touch or overlap made one.
void tidy(std::vector<Range>& ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.lo < b.lo; });
  std::size_t n = 0;
  for (const Range& r : ranges) {
    if (n > 0 && (ranges[n - 1].hi == kMost || r.lo <= ranges[n - 1].hi + 1))
      ranges[n - 1].hi = std::max(ranges[n - 1].hi, r.hi);
    else
      ranges[n++] = r;
  }
  ranges.resize(n);
}

std::vector<Range> common(const std::vector<Range>& a, const std::vector<Range>& b) {
  std::vector<Range> out;
  for (std::size_t i = 0, k = 0; i < a.size() && k < b.size();) {
    const Value lo = std::max(a[i].lo, b[k].lo), hi = std::min(a[i].hi, b[k].hi);
    if (lo <= hi) out.push_back({lo, hi});
    (a[i].hi < b[k].hi ? i : k) += 1;
  }
  return out;
}

// Adds a literal to a disjunction; literals of one source become one.
void add(Clause& clause, const Literal& literal) {
  for (Literal& l : clause) {
    if (l.source != literal.source) continue;
    l.yes.insert(l.yes.end(), literal.yes.begin(), literal.yes.end());
    tidy(l.yes);
    l.missing = plan::kleene_or(l.missing, literal.missing);
    return;
  }
  clause.push_back(literal);
}

class Reader {
 public:
  Reader(const Code& code, const std::vector<plan::Capture>* captures, plan::OccurrenceId event, Lookups& lookups)
      : code_(code), captures_(captures), event_(event), lookups_(lookups), nodes_(code.instrs.size()), stamps_(code.instrs.size()), values_(code.instrs.size()) {
    for (std::size_t n = 0; n < nodes_.size(); ++n) nodes_[n] = look(code.instrs[n]);
  }

  using Clauses = std::vector<Clause>;

  // The code's instruction n, or its negation, as clauses.
  std::optional<Clauses> clauses(std::int32_t n, bool negated) {
    if (++steps_ > kSteps) return std::nullopt;
    const Instr& i = code_.instrs[at(n)];
    if (nodes_[at(n)].reads != Reads::Other) {
      std::optional<Literal> l = literal(n, negated);
      if (!l) return std::nullopt;
      return Clauses{{std::move(*l)}};
    }
    if (i.op == Op::Not) return clauses(i.a, !negated);
    if (i.op != Op::And && i.op != Op::Or) return shared(n, negated);
    std::optional<Clauses> a = clauses(i.a, negated), b = a ? clauses(i.b, negated) : std::nullopt;
    if (!b) return std::nullopt;
    if ((i.op == Op::And) != negated) {
      a->insert(a->end(), std::make_move_iterator(b->begin()), std::make_move_iterator(b->end()));
      return a->size() <= kClauses ? std::move(a) : std::nullopt;
    }
    if (a->size() * b->size() > kClauses) return std::nullopt;
    Clauses out;
    for (const Clause& x : *a)
      for (const Clause& y : *b) {
        Clause& both = out.emplace_back(x);
        for (const Literal& l : y) add(both, l);
        if (both.size() > kLiterals) return std::nullopt;
      }
    return out;
  }

 private:
  // None: constants alone, which are as good at any time. Other: several sources, or an operation that no table can hold.
  enum class Reads : std::uint8_t { None, One, Other };
  struct Node {
    Reads reads = Reads::Other;
    Source source;
    bool value = false;      // may be compared; else a yes or no
  };

  static Node one(Source::Kind kind, std::int32_t index, bool value = true) {
    if (index >= kSources) return {};
    return {Reads::One, {kind, static_cast<std::uint16_t>(index)}, value};
  }

  Node lookup(const Lookup& l) const { return one(Source::Kind::Lookup, lookups_.add(l)); }

  // A count compared with a number that is known. The windows of one that keeps its latest times let through all that is young enough.
  Node count(const Instr& i) const {
    const Instr& k = code_.instrs[at(i.a)];
    if (k.op != Op::Const || k.imm == kUnknown) return {};
    const plan::Feature& f = lookups_.plan.features[at(i.aux)];
    const plan::Window& w = window(i);
    if (f.keep == 0 || f.match.filter >= 0 || w.kind != plan::WindowKind::Rolling || w.before_this || k.imm < 1 || k.imm > f.keep)
      return lookup({Lookup::Kind::Read, i.op, i.aux, i.imm, k.imm});
    const std::vector<plan::Mark>& marks = lookups_.plan.marks;
    const auto mark = std::find_if(marks.begin(), marks.end(), [&](const plan::Mark& m) { return m.what == w.since; });
    if (w.since >= 0 && mark == marks.end()) return {};
    return one(Source::Kind::Lookup, lookups_.add({Lookup::Kind::Age, i.op, i.aux, w.since < 0 ? -1 : mark - marks.begin(), k.imm}), false);
  }
  const plan::Window& window(const Instr& i) const { return lookups_.plan.windows[static_cast<std::size_t>(i.imm)]; }

  // The answer of a test that has a code of its own.
  std::optional<Clauses> shared(std::int32_t n, bool negated) const {
    const std::optional<Code> test = plan::alone(lookups_.plan, code_, n, captures_, event_);
    const plan::CodeId code = test ? lookups_.shared.find(*test) : -1;
    const Node is = code < 0 ? Node{} : lookup({Lookup::Kind::Code, Op::Const, code, -1, 0});
    if (is.reads != Reads::One) return std::nullopt;
    const Value yes = negated ? kNo : kYes;
    return Clauses{{{is.source, {{yes, yes}}, kUnknown}}};
  }

  Node look(const Instr& i) const {
    const auto both = [&](bool operands_are_values) {
      Node n = nodes_[at(i.a)];
      if (i.b >= 0) {
        const Node& b = nodes_[at(i.b)];
        if (operands_are_values && !(n.value && b.value)) return Node{};
        if (n.reads == Reads::None) n = b;
        else if (b.reads == Reads::Other || (b.reads == Reads::One && b.source != n.source)) return Node{};
      } else if (operands_are_values && !n.value) {
        return Node{};
      }
      n.value = false;
      return n;
    };
    switch (i.op) {
      case Op::Const: return {Reads::None, {Source::Kind::Now, 0}, true};
      case Op::Now: return one(Source::Kind::Now, 0);
      case Op::Attribute: return one(Source::Kind::Attribute, i.aux);
      case Op::Field: {
        if (!captures_ || at(i.aux) >= captures_->size()) return {};
        const plan::Capture& c = (*captures_)[at(i.aux)];
        if (c.event != event_) return {};
        return one(Source::Kind::Field, c.field);
      }
      case Op::Eq: case Op::Ne: case Op::Lt: case Op::Le: case Op::Gt: case Op::Ge: case Op::Given: return both(true);
      case Op::Otherwise: {
        Node n = both(true);
        n.value = n.reads != Reads::Other;
        return n;
      }
      case Op::And: case Op::Or: case Op::Not: return both(false);
      case Op::CountAtLeast: return plan::steady(lookups_.plan, i) ? count(i) : Node{};
      case Op::LastField: case Op::Count: case Op::CountSeen: case Op::Sum: case Op::Highest: case Op::Lowest: case Op::Average: case Op::First:
        return plan::steady(lookups_.plan, i) ? lookup({Lookup::Kind::Read, i.op, i.aux, i.imm, i.b}) : Node{};
      case Op::Add: case Op::Sub: case Op::Mul: case Op::Neg: case Op::MulDiv: case Op::DivMul: case Op::TextContains: case Op::TextStarts: case Op::TextEnds:
      case Op::ListContains: return {};
    }
    return {};
  }

  // `is one of [ … ]`: a chain of `or` of comparisons of the source with a constant each. Nothing: it is something else.
  std::optional<Literal> one_of(std::int32_t root, bool negated) {
    cuts_.clear();
    ++stamp_;
    open_.assign(1, root);
    while (!open_.empty()) {
      const std::int32_t n = open_.back();
      open_.pop_back();
      if (std::exchange(stamps_[at(n)], stamp_) == stamp_) continue;
      const Instr& i = code_.instrs[at(n)];
      if (i.op == Op::Or) {
        open_.insert(open_.end(), {i.a, i.b});
        continue;
      }
      if (i.op != Op::Eq) return std::nullopt;
      const bool swapped = code_.instrs[at(i.a)].op == Op::Const;
      const Instr &source = code_.instrs[at(swapped ? i.b : i.a)], &constant = code_.instrs[at(swapped ? i.a : i.b)];
      if (constant.op != Op::Const || constant.imm == kUnknown || plan::op_operands(source.op) != 0 || source.op == Op::Const) return std::nullopt;
      cuts_.push_back(constant.imm);
    }
    std::sort(cuts_.begin(), cuts_.end());
    cuts_.erase(std::unique(cuts_.begin(), cuts_.end()), cuts_.end());
    Literal l{nodes_[at(root)].source, {}, kUnknown};
    Value next = kLeast;
    for (const Value v : cuts_) {
      if (negated && v > next) l.yes.push_back({next, v - 1});
      if (!negated && !l.yes.empty() && l.yes.back().hi == v - 1) l.yes.back().hi = v;
      else if (!negated) l.yes.push_back({v, v});
      if (v == kMost) return l;
      next = v + 1;
    }
    if (negated) l.yes.push_back({next, kMost});
    return l;
  }

  // What reads one source through comparisons with constants is constant between them: it is evaluated once on each piece.
  std::optional<Literal> literal(std::int32_t root, bool negated) {
    if (std::optional<Literal> l = one_of(root, negated)) return l;
    bool logical = false;  // the value is asked whether it is yes or no, so it is nothing else
    const auto asks = [&](std::int32_t n) { logical = logical || (nodes_[at(n)].value && nodes_[at(n)].reads == Reads::One); };
    cuts_.assign(1, kLeast);
    const auto cut = [&](Value v) {
      if (v != kUnknown) cuts_.push_back(v);
      if (v != kMost) cuts_.push_back(v + 1);
    };
    asks(root);
    ++stamp_;
    open_.assign(1, root);
    needed_.clear();
    while (!open_.empty()) {
      const std::int32_t n = open_.back();
      open_.pop_back();
      if (std::exchange(stamps_[at(n)], stamp_) == stamp_) continue;
      needed_.push_back(n);
      const Instr& i = code_.instrs[at(n)];
      if (i.op == Op::CountAtLeast) {  // its number is known, and part of the source
        if (!nodes_[at(n)].value) cut(window(i).length - 1);
        continue;
      }
      const int operands = plan::op_operands(i.op);
      if (operands > 0) open_.push_back(i.a);
      if (operands > 1) open_.push_back(i.b);
      if (i.op == Op::Const) cut(i.imm);
      if (i.op != Op::And && i.op != Op::Or && i.op != Op::Not) continue;
      asks(i.a);
      if (operands > 1) asks(i.b);
    }
    if (cuts_.size() * needed_.size() > kEvaluations) return std::nullopt;  // left to the code
    std::sort(needed_.begin(), needed_.end());
    if (logical) cuts_ = {kLeast, kYes};
    std::sort(cuts_.begin(), cuts_.end());
    cuts_.erase(std::unique(cuts_.begin(), cuts_.end()), cuts_.end());
    Literal l{nodes_[at(root)].source, {}, evaluate(root, kUnknown, negated)};
    for (std::size_t p = 0; p < cuts_.size(); ++p) {
      const Value is = evaluate(root, logical && p == 0 ? kNo : cuts_[p], negated);
      if (is == kUnknown) return std::nullopt;
      if (is != kYes) continue;
      const Value hi = p + 1 < cuts_.size() ? cuts_[p + 1] - 1 : kMost;
      if (!l.yes.empty() && l.yes.back().hi == cuts_[p] - 1) l.yes.back().hi = hi;
      else l.yes.push_back({cuts_[p], hi});
    }
    return l;
  }

  Value evaluate(std::int32_t root, Value source, bool negated) {
    for (const std::int32_t n : needed_) values_[at(n)] = result(n, source);
    const Value is = values_[at(root)];
    return !negated ? is : is == kYes ? kNo : is == kNo ? kYes : kUnknown;
  }

  Value result(std::int32_t n, Value source) const {
    const Instr& i = code_.instrs[at(n)];
    const auto a = [&] { return values_[at(i.a)]; };
    const auto b = [&] { return values_[at(i.b)]; };
    const auto compare = [&](auto holds) { return plan::known(a(), b()) ? plan::yes_no(holds(a(), b())) : kUnknown; };
    switch (i.op) {
      case Op::Const: return i.imm;
      case Op::CountAtLeast:
        if (!nodes_[at(n)].value) return source == kUnknown ? kUnknown : plan::yes_no(source < window(i).length);
        return source;
      case Op::Attribute: case Op::Field: case Op::Now: case Op::LastField: case Op::Count: case Op::CountSeen: case Op::Sum: case Op::Highest: case Op::Lowest:
      case Op::Average: case Op::First: return source;
      case Op::Eq: return compare([](Value x, Value y) { return x == y; });
      case Op::Ne: return compare([](Value x, Value y) { return x != y; });
      case Op::Lt: return compare([](Value x, Value y) { return x < y; });
      case Op::Le: return compare([](Value x, Value y) { return x <= y; });
      case Op::Gt: return compare([](Value x, Value y) { return x > y; });
      case Op::Ge: return compare([](Value x, Value y) { return x >= y; });
      case Op::Otherwise: return a() != kUnknown ? a() : b();
      case Op::Given: return plan::yes_no(a() != kUnknown);
      case Op::And: return a() == kNo || b() == kNo ? kNo : a() == kYes && b() == kYes ? kYes : kUnknown;
      case Op::Or: return a() == kYes || b() == kYes ? kYes : a() == kNo && b() == kNo ? kNo : kUnknown;
      case Op::Not: return a() == kYes ? kNo : a() == kNo ? kYes : kUnknown;
      case Op::Add: case Op::Sub: case Op::Mul: case Op::Neg: case Op::MulDiv: case Op::DivMul: case Op::TextContains: case Op::TextStarts: case Op::TextEnds:
      case Op::ListContains: return kUnknown;  // look() let none pass
    }
    return kUnknown;
  }

  const Code& code_;
  const std::vector<plan::Capture>* captures_;
  const plan::OccurrenceId event_;
  Lookups& lookups_;
  std::vector<Node> nodes_;
  std::vector<std::int32_t> stamps_, open_, needed_;
  std::int32_t stamp_ = 0;
  int steps_ = 0;
  std::vector<Value> cuts_, values_;
};

}  // namespace

void intersect(std::vector<Literal>& all, const Literal& literal) {
  const auto same = std::find_if(all.begin(), all.end(), [&](const Literal& l) { return l.source == literal.source; });
  if (same == all.end()) {
    all.push_back(literal);
    return;
  }
  same->yes = common(same->yes, literal.yes);
  same->missing = plan::kleene_and(same->missing, literal.missing);
}

std::int32_t Lookups::add(const Lookup& lookup) {
  const auto [it, fresh] = numbers_.emplace(lookup, static_cast<std::int32_t>(all.size()));
  if (fresh) all.push_back(lookup);
  return it->second;
}

Condition normal_form(const Code& code, const std::vector<plan::Capture>* captures, plan::OccurrenceId event, Lookups& lookups) {
  Condition c;
  Reader reader(code, captures, event, lookups);
  std::vector<Literal> alone;
  std::vector<Clause> several;
  for (const std::int32_t part : plan::conjuncts(code)) {
    auto clauses = reader.clauses(part, false);
    c.whole = c.whole && clauses.has_value();
    if (!clauses) continue;
    for (Clause& clause : *clauses) {
      if (clause.size() > 1) several.push_back(std::move(clause));
      else intersect(alone, clause[0]);
    }
  }
  for (Literal& l : alone) c.all.push_back({std::move(l)});
  c.all.insert(c.all.end(), std::make_move_iterator(several.begin()), std::make_move_iterator(several.end()));
  return c;
}

}  // namespace polku::match
