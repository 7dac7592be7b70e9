#include "runtime/match/match.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "compiler/interp/interp.h"
#include "tests/unit/code_samples.h"

namespace polku {
namespace {

using namespace samples;

constexpr int kAttributes = 5;

// Conditions at random. tabled: only parts over one attribute each, so that the screen alone must give the answer.
class Conditions {
 public:
  Conditions(unsigned seed, bool tabled) : random_(seed), tabled_(tabled) {}

  Code next() {
    code_.instrs.clear();
    std::int32_t all = part();
    for (int more = below(4); more > 0; --more) {
      const std::int32_t other = part();
      all = below(2) ? add(op(Op::And, all, other)) : add(op(Op::And, other, all));
    }
    return code_;
  }

  Value value() {
    switch (below(5)) {
      case 0: return pick(edges());
      case 1: return 4090 + below(12);
      case 2: return -4100 + below(12);
      default: return below(8) - 1;
    }
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  template <class List>
  typename List::value_type pick(const List& list) { return list[random_() % list.size()]; }
  std::int32_t add(const Instr& i) {
    code_.instrs.push_back(i);
    return static_cast<std::int32_t>(code_.instrs.size()) - 1;
  }

  std::int32_t operand() {
    const std::int32_t a = add(tabled_ || below(4) ? attribute(attribute_) : constant(value()));
    if (below(5) > 0) return a;
    const std::int32_t b = add(constant(value()));
    return add(op(Op::Otherwise, a, b));
  }

  std::int32_t test(int depth) {
    switch (depth > 0 ? below(6) : below(2)) {
      case 0: case 1: {
        const std::int32_t a = operand(), b = add(constant(value()));
        const Op o = pick(std::vector<Op>{Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge});
        return below(2) ? add(op(o, a, b)) : add(op(o, b, a));
      }
      case 2: return add(op(Op::Given, operand()));
      case 3: return add(op(Op::Not, test(depth - 1)));
      case 4: {
        const std::int32_t a = test(depth - 1), b = test(depth - 1);
        return add(op(Op::Or, a, b));
      }
      default: {
        const std::int32_t a = test(depth - 1), b = add(attribute(attribute_));  // a yes/no attribute as it stands
        const Op o = below(2) ? Op::And : Op::Or;
        return below(2) ? add(op(o, a, b)) : add(op(o, b, a));
      }
    }
  }

  std::int32_t part() {
    attribute_ = below(kAttributes);
    if (tabled_ || below(3) > 0) return test(2);
    switch (below(3)) {
      case 0: {  // two attributes
        const std::int32_t a = add(attribute(0)), b = add(attribute(1));
        return add(op(Op::Lt, a, b));
      }
      case 1: {  // arithmetic
        const std::int32_t a = add(attribute(attribute_)), b = add(constant(value())), sum = add(op(Op::Add, a, b)), c = add(constant(value()));
        return add(op(Op::Gt, sum, c));
      }
      default: {  // the record
        const std::int32_t k = add(constant(2));
        return add({Op::CountAtLeast, k, -1, 3, 4});
      }
    }
  }

  std::mt19937 random_;
  bool tabled_;
  std::int32_t attribute_ = 0;
  Code code_;
};

// What the screen keeps, judged by the interpreter: what is dropped is `no`, and where all parts are tabled, what is `no` is dropped.
void check(unsigned seed, std::size_t count, bool tabled) {
  Conditions conditions(seed, tabled);
  plan::Plan p;
  std::vector<plan::CodeId> ids;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 97 == 96) {
      ids.push_back(-1);
      continue;
    }
    ids.push_back(static_cast<plan::CodeId>(p.codes.size()));
    p.codes.push_back(conditions.next());
  }
  const match::Screen screen(p, ids);
  const auto interpreter = interp::make(p);
  std::size_t dropped = 0;
  for (int visitor = 0; visitor < 60; ++visitor) {
    Value attributes[kAttributes];
    for (Value& a : attributes) a = conditions.value();
    const Context x = {77, nullptr, attributes, &host(), nullptr};
    std::vector<bool> kept(count, false);
    std::optional<std::size_t> last;
    screen.run(attributes, [&](std::size_t i) {
      ASSERT_LT(i, count);
      ASSERT_TRUE(!last || *last < i) << "ascending, each once";
      last = i;
      kept[i] = true;
    });
    for (std::size_t i = 0; i < count; ++i) {
      dropped += !kept[i];
      if (ids[i] < 0) {
        ASSERT_TRUE(kept[i]);
        continue;
      }
      const Code& c = p.codes[static_cast<std::size_t>(ids[i])];
      const Value is = interpreter->evaluate(ids[i], x);
      ASSERT_TRUE(kept[i] || is == kNo) << "dropped, seed " << seed << "\n" << print(c);
      if (tabled) {
        ASSERT_TRUE(!kept[i] || is != kNo) << "kept, seed " << seed << "\n" << print(c);
      }
    }
  }
  if (count > 4) {
    EXPECT_GT(dropped, count) << "it narrows";
  }
}

TEST(Screen, WhatItDropsIsSurelyFalse) {
  for (unsigned seed = 1; seed <= 40; ++seed) check(seed, 1 + seed * 5, false);
}

TEST(Screen, OfPartsOverOneAttributeItDropsAllThatIs) {
  for (unsigned seed = 1; seed <= 40; ++seed) check(1000 + seed, 1 + seed * 5, true);
}

TEST(Screen, BeyondOneBlock) {
  check(7, 1024, true);
  check(8, 1025, true);
  check(9, 2500, false);
}

TEST(Screen, OfNothingKeepsNothing) {
  const plan::Plan p;
  match::Screen(p, {}).run(nullptr, [](std::size_t) { FAIL(); });
  std::size_t kept = 0;
  match::Screen(p, {-1, -1}).run(nullptr, [&](std::size_t i) { EXPECT_EQ(i, kept++); });
  EXPECT_EQ(kept, 2u);
}

}  // namespace
}  // namespace polku
