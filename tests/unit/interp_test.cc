#include "compiler/interp/interp.h"

#include <gtest/gtest.h>

#include <thread>

#include "compiler/plan/arith.h"
#include "tests/unit/code_samples.h"

namespace polku {
namespace {

using namespace samples;

Value evaluate(const Code& c, const Context& x) {
  plan::Plan p;
  p.codes = {c};
  return interp::make(p)->evaluate(0, x);
}

TEST(Arith, RoundsOnceHalfToEven) {
  EXPECT_EQ(plan::mul_div(5, 1, 2), 2);
  EXPECT_EQ(plan::mul_div(7, 1, 2), 4);
  EXPECT_EQ(plan::mul_div(-5, 1, 2), -2);
  EXPECT_EQ(plan::mul_div(-7, 1, 2), -4);
  EXPECT_EQ(plan::mul_div(-7, -1, 2), 4);
  EXPECT_EQ(plan::mul_div(2, 1, 3), 1);
  EXPECT_EQ(plan::mul_div(1, 1, 3), 0);
  EXPECT_EQ(plan::mul_div(-2, 1, 3), -1);
  EXPECT_EQ(plan::div_mul(1, -2, 1), 0);         // -0.5
  EXPECT_EQ(plan::div_mul(3, -2, 1), -2);        // -1.5
  EXPECT_EQ(plan::div_mul(1, 3, kMillion), 333333);
  EXPECT_EQ(plan::div_mul(2, 3, kMillion), 666667);
  EXPECT_EQ(plan::mul_div(1999, 150000, kMillion), 300);  // 15% of 19.99
  EXPECT_EQ(plan::mul_div(kMax, kMax, kMax), kMax);       // the middle does not fit 64 bits
  EXPECT_EQ(plan::mul_div(kMax, -kMax, kMax), -kMax);
  EXPECT_EQ(plan::mul_div(kMax, 1, 2), kMax / 2 + 1);     // …03.5: to even
}

TEST(Arith, WhatDoesNotFitIsUnknown) {
  EXPECT_EQ(plan::add(kMax, 1), kUnknown);
  EXPECT_EQ(plan::add(-kMax, -1), kUnknown);  // would be INT64_MIN
  EXPECT_EQ(plan::add(-kMax, -2), kUnknown);
  EXPECT_EQ(plan::sub(-kMax, 1), kUnknown);
  EXPECT_EQ(plan::sub(0, -kMax), kMax);
  EXPECT_EQ(plan::mul(std::int64_t{1} << 32, -(std::int64_t{1} << 31)), kUnknown);  // exactly INT64_MIN
  EXPECT_EQ(plan::mul_div(std::int64_t{1} << 32, -(std::int64_t{1} << 31), 1), kUnknown);
  EXPECT_EQ(plan::mul_div(std::int64_t{1} << 62, -4, 2), kUnknown);  // likewise, by way of 128 bits
  EXPECT_EQ(plan::mul_div(kMax, 2, 1), kUnknown);
  EXPECT_EQ(plan::div_mul(5, 0, kMillion), kUnknown);
  EXPECT_EQ(plan::div_mul(kMax, 1, 2), kUnknown);
  EXPECT_EQ(plan::div_mul(kMax, -1, 1), -kMax);
  EXPECT_EQ(plan::neg(kUnknown), kUnknown);
  EXPECT_EQ(plan::mul(kUnknown, 0), kUnknown);
}

TEST(Interp, EveryOperationOnTheGrid) {
  for (bool as_constants : {false, true}) {
    plan::Plan p;
    const std::vector<Case> cases = grid(edges(), as_constants);
    for (const Case& c : cases) p.codes.push_back(c.code);
    const auto interpreter = interp::make(p);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const Value fields[] = {cases[i].a, cases[i].b}, attributes[] = {12, cases[i].a};
      const Context x = {77, fields, attributes, &host(), nullptr};
      ASSERT_EQ(interpreter->evaluate(static_cast<plan::CodeId>(i), x), expected(cases[i].code, x))
          << print(cases[i].code) << "a = " << cases[i].a << ", b = " << cases[i].b;
    }
  }
}

TEST(Interp, KleeneTables) {
  const Value n = kNo, y = kYes, u = kUnknown;
  const std::vector<std::tuple<Op, Value, Value, Value>> rows = {
      {Op::And, n, n, n}, {Op::And, n, y, n}, {Op::And, n, u, n}, {Op::And, y, y, y}, {Op::And, y, u, u}, {Op::And, u, u, u},
      {Op::Or, n, n, n},  {Op::Or, n, y, y},  {Op::Or, n, u, u},  {Op::Or, y, y, y},  {Op::Or, y, u, y},  {Op::Or, u, u, u}};
  for (const auto& [o, a, b, result] : rows) {
    EXPECT_EQ(evaluate(code({constant(a), constant(b), op(o, 0, 1)}), {}), result) << a << " " << b;
    EXPECT_EQ(evaluate(code({constant(a), constant(b), op(o, 1, 0)}), {}), result) << b << " " << a;
  }
  EXPECT_EQ(evaluate(code({constant(n), op(Op::Not, 0)}), {}), y);
  EXPECT_EQ(evaluate(code({constant(y), op(Op::Not, 0)}), {}), n);
  EXPECT_EQ(evaluate(code({constant(u), op(Op::Not, 0)}), {}), u);
}

TEST(Interp, RandomCodeMatchesItsDefinition) {
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    std::mt19937_64 random(seed);
    plan::Plan p;
    p.codes = {random_code(random, 40)};
    const auto interpreter = interp::make(p);
    for (int round = 0; round < 10; ++round) {
      const Visitor v(random);
      ASSERT_EQ(interpreter->evaluate(0, v.context()), expected(p.codes[0], v.context()))
          << "seed " << seed << "\n" << print(p.codes[0]);
    }
  }
}

TEST(Interp, AsksTheHostWithTheArgumentsOfTheInstruction) {
  Calls calls;
  const Context x = {0, nullptr, nullptr, &host(), &calls};
  const Code c = code({constant(2), {Op::LastField, -1, -1, 3, 1}, {Op::CountAtLeast, 0, -1, 4, 5}, {Op::Count, -1, -1, 6, 7},
                       {Op::CountSeen, -1, 8, 9, 10}, {Op::Sum, -1, -1, 11, 12}, {Op::Highest, -1, -1, 13, 14}, {Op::Lowest, -1, -1, 15, 16},
                       {Op::Average, -1, 1000000, 17, 18}, {Op::First, -1, -1, 19, 20},
                       op(Op::TextStarts, 0, 0)});
  evaluate(c, x);
  const std::vector<Call> wanted = {{"last", 3, 1, 1},        {"count_at_least", 4, 5, 2}, {"count", 6, 7, 3},
                                    {"count_seen", 9, 10, 8}, {"sum", 11, 12, 5},          {"highest", 13, 14, 7},
                                    {"lowest", 15, 16, 9},    {"average", 17, 18, 1000020}, {"first", 19, 20, 11},
                                    {"text", static_cast<int>(Op::TextStarts), 2, 2}};
  EXPECT_EQ(calls.made, wanted);
}

TEST(Interp, DoesNotAskTheHostAboutWhatIsUnknown) {
  Calls calls;
  const Context x = {0, nullptr, nullptr, &host(), &calls};
  for (Op o : {Op::TextContains, Op::TextStarts, Op::TextEnds, Op::ListContains}) {
    EXPECT_EQ(evaluate(code({constant(1), constant(kUnknown), op(o, 0, 1)}), x), kUnknown);
    EXPECT_EQ(evaluate(code({constant(1), constant(kUnknown), op(o, 1, 0)}), x), kUnknown);
  }
  EXPECT_EQ(evaluate(code({constant(kUnknown), {Op::CountAtLeast, 0, -1, 0, 0}}), x), kUnknown);
  EXPECT_TRUE(calls.made.empty());
}

Code long_sum(std::size_t terms) {  // field 0, plus 1 `terms` times
  Code c = code({field(0), constant(1)});
  for (std::int32_t last = 0; c.instrs.size() < terms + 2; last = static_cast<std::int32_t>(c.instrs.size()) - 1) {
    c.instrs.push_back(op(Op::Add, last, 1));
  }
  return c;
}

TEST(Interp, CodeOfAnyLength) {
  const Value fields[] = {5};
  for (std::size_t terms : {1u, 61u, 62u, 63u, 64u, 5000u, 100000u}) {
    EXPECT_EQ(evaluate(long_sum(terms), {0, fields, nullptr, nullptr, nullptr}), static_cast<Value>(5 + terms));
  }
}

// A Host may evaluate code in turn, on the same thread, while the outer code is under way.
TEST(Interp, EvaluatesWithinAnEvaluation) {
  plan::Plan p;
  p.codes = {long_sum(1000), long_sum(2000)};
  p.codes[0].instrs.push_back({Op::Sum, -1, -1, 0, 0});
  p.codes[0].instrs.push_back(op(Op::Add, 1001, 1002));
  const auto interpreter = interp::make(p);
  static const Value fields[] = {5};
  plan::Host h = host();
  h.sum = [](const Context* x, std::int32_t, std::int64_t) {
    return static_cast<const plan::Evaluator*>(x->state)->evaluate(1, {0, fields, nullptr, nullptr, nullptr});
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(interpreter->evaluate(0, {0, fields, nullptr, &h, interpreter.get()}), 1005 + 2005);
}

TEST(Interp, ManyThreads) {
  plan::Plan p;
  p.codes = {long_sum(500), long_sum(20)};
  const auto interpreter = interp::make(p);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (Value i = 0; i < 2000; ++i) {
        const Value fields[] = {i * static_cast<Value>(t)};
        const Context x = {0, fields, nullptr, nullptr, nullptr};
        wrong[t] += interpreter->evaluate(0, x) != fields[0] + 500;
        wrong[t] += interpreter->evaluate(1, x) != fields[0] + 20;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST(Interp, SaysWhatItIs) {
  const plan::Plan p;
  EXPECT_STREQ(interp::make(p)->tier(), "interpreter");
}

}  // namespace
}  // namespace polku
