#include "compiler/jit/jit.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <thread>

#include "compiler/interp/interp.h"
#include "tests/unit/code_samples.h"

namespace polku {
namespace {

using namespace samples;
using jit::Level;

constexpr Level kLevels[] = {Level::O0, Level::O2};

class Jit : public testing::Test {
 protected:
  void SetUp() override {
    if (jit::llvm_version() == "none") GTEST_SKIP() << "built without the JIT";
  }

  static std::unique_ptr<plan::Evaluator> compiled(const plan::Plan& p, Level level) {
    jit::Compiled c = jit::compile(p, level);
    EXPECT_TRUE(c.evaluator) << c.error;
    EXPECT_EQ(c.error, "");
    return std::move(c.evaluator);
  }
};

TEST(JitBuild, TellsWhetherItIsThere) {
  plan::Plan p;
  p.codes = {code({constant(5)})};
  const jit::Compiled c = jit::compile(p);
  if (jit::llvm_version() == "none") {
    EXPECT_EQ(c.evaluator, nullptr);
    EXPECT_EQ(c.error, "built without the JIT");
    EXPECT_EQ(jit::print_ir(p, Level::O2, true), "; built without the JIT\n");
  } else {
    EXPECT_EQ(jit::llvm_version().substr(0, 5), "19.1.");
    ASSERT_NE(c.evaluator, nullptr);
    EXPECT_STREQ(c.evaluator->tier(), "jit");
    EXPECT_EQ(c.evaluator->evaluate(0, {}), 5);
  }
}

TEST_F(Jit, EveryOperationOnTheGrid) {
  // Operands from fields: one code per operation and scale, run on every pair.
  plan::Plan p;
  const std::vector<Case> cases = grid(edges(), false);
  std::vector<plan::CodeId> code_of;
  for (const Case& c : cases) {
    if (p.codes.empty() || print(p.codes.back()) != print(c.code)) p.codes.push_back(c.code);
    code_of.push_back(static_cast<plan::CodeId>(p.codes.size() - 1));
  }
  for (Level level : kLevels) {
    const auto evaluator = compiled(p, level);
    ASSERT_TRUE(evaluator);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const Value fields[] = {cases[i].a, cases[i].b}, attributes[] = {12, cases[i].a};
      const Context x = {77, fields, attributes, &host(), nullptr};
      ASSERT_EQ(evaluator->evaluate(code_of[i], x), expected(cases[i].code, x))
          << print(cases[i].code) << "a = " << cases[i].a << ", b = " << cases[i].b;
    }
  }
}

TEST_F(Jit, EveryOperationOnConstants) {  // which LLVM folds
  const std::vector<Case> cases = grid({kUnknown, -kMax, -1, 0, 1, 1000000, kMax}, true);
  plan::Plan p;
  for (const Case& c : cases) p.codes.push_back(c.code);
  const Value fields[] = {3, 4}, attributes[] = {12, 13};
  const Context x = {77, fields, attributes, &host(), nullptr};
  for (Level level : kLevels) {
    const auto evaluator = compiled(p, level);
    ASSERT_TRUE(evaluator);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      ASSERT_EQ(evaluator->evaluate(static_cast<plan::CodeId>(i), x), expected(cases[i].code, x)) << print(cases[i].code);
    }
  }
}

void compare_random(std::uint64_t first_seed, std::uint64_t codes, std::size_t longest, std::vector<Level> levels) {
  plan::Plan p;
  for (std::uint64_t i = 0; i < codes; ++i) {
    std::mt19937_64 random(first_seed + i);
    p.codes.push_back(random_code(random, longest));
  }
  std::vector<std::unique_ptr<plan::Evaluator>> evaluators;
  evaluators.push_back(interp::make(p));
  for (Level level : levels) {
    jit::Compiled c = jit::compile(p, level);
    ASSERT_TRUE(c.evaluator) << c.error;
    evaluators.push_back(std::move(c.evaluator));
  }
  for (std::uint64_t i = 0; i < codes; ++i) {
    std::mt19937_64 random(first_seed + i);
    for (int round = 0; round < 30; ++round) {
      const Visitor v(random);
      const Value wanted = expected(p.codes[i], v.context());
      for (const auto& e : evaluators) {
        ASSERT_EQ(e->evaluate(static_cast<plan::CodeId>(i), v.context()), wanted)
            << e->tier() << ", seed " << first_seed + i << ", length " << longest << ", round " << round << "\n"
            << print(p.codes[i]);
      }
    }
  }
}

// O2 generates code in another way for modules of more than 4096 instructions.
TEST_F(Jit, RandomCodeOnEveryEngine) {
  for (std::uint64_t plan = 0; plan < 4; ++plan) compare_random(1 + 1000 * plan, 200, 25, {Level::O0, Level::O2});
}
TEST_F(Jit, RandomLongCodeOnEveryEngine) { compare_random(100'000, 15, 400, {Level::O0, Level::O2}); }
TEST_F(Jit, RandomCodeInBigPlans) { compare_random(200'000, 2000, 30, {Level::O0, Level::O2}); }
TEST_F(Jit, OneCodeOfThousands) { compare_random(300'000, 2, 8000, {Level::O0, Level::O2}); }

TEST_F(Jit, AsksTheHostWithTheArgumentsOfTheInstruction) {
  Code c = code({constant(2), {Op::LastField, -1, -1, 3, -1}, {Op::CountAtLeast, 0, -1, 4, 5}, {Op::Count, -1, -1, 6, 1LL << 40},
                 {Op::CountSeen, -1, 8, 9, 10}, {Op::Sum, -1, -1, 11, 12}, {Op::Highest, -1, -1, 13, 14}, {Op::Lowest, -1, -1, 15, 16},
                 {Op::Average, -1, 1000000, 17, 18}, {Op::First, -1, -1, 19, 20},
                 op(Op::TextStarts, 0, 0)});
  for (int i = 1; i <= 10; ++i) {  // all are needed for the result
    const auto sum = static_cast<std::int32_t>(c.instrs.size()) - 1;
    c.instrs.push_back(op(Op::Given, i));
    c.instrs.push_back(op(Op::Add, sum, sum + 1));
  }
  plan::Plan p;
  p.codes = {c};
  std::vector<Call> wanted = {{"last", 3, -1, 1},       {"count_at_least", 4, 5, 2}, {"count", 6, 1LL << 40, 3},
                              {"count_seen", 9, 10, 8}, {"sum", 11, 12, 5},          {"highest", 13, 14, 7},
                              {"lowest", 15, 16, 9},    {"average", 17, 18, 1000020}, {"first", 19, 20, 11},
                              {"text", static_cast<int>(Op::TextStarts), 2, 2}};
  Calls calls;
  compiled(p, Level::O0)->evaluate(0, {0, nullptr, nullptr, &host(), &calls});
  EXPECT_EQ(calls.made, wanted);
}

TEST_F(Jit, DoesNotAskTheHostAboutWhatIsUnknown) {
  plan::Plan p;
  for (Op o : {Op::TextContains, Op::TextStarts, Op::TextEnds, Op::ListContains}) {
    p.codes.push_back(code({field(0), field(1), op(o, 0, 1)}));
  }
  p.codes.push_back(code({field(0), field(1), op(Op::Add, 0, 1), {Op::CountAtLeast, 2, -1, 0, 0}}));
  for (Level level : kLevels) {
    const auto evaluator = compiled(p, level);
    Calls calls;
    for (plan::CodeId id = 0; id < 5; ++id) {
      const Value one[] = {kUnknown, 3}, other[] = {3, kUnknown}, known[] = {3, 4};
      EXPECT_EQ(evaluator->evaluate(id, {0, one, nullptr, &host(), &calls}), kUnknown);
      EXPECT_EQ(evaluator->evaluate(id, {0, other, nullptr, &host(), &calls}), kUnknown);
      EXPECT_TRUE(calls.made.empty());
      evaluator->evaluate(id, {0, known, nullptr, &host(), &calls});
      EXPECT_EQ(calls.made.size(), 1u);
      calls.made.clear();
    }
  }
}

TEST_F(Jit, EqualCallsBecomeOne) {
  plan::Plan p;
  p.codes = {code({{Op::Count, -1, -1, 1, 2}, {Op::Count, -1, -1, 1, 2}, op(Op::Eq, 0, 1)})};
  Calls calls;
  compiled(p, Level::O2)->evaluate(0, {0, nullptr, nullptr, &host(), &calls});
  EXPECT_EQ(calls.made.size(), 1u);
}

TEST_F(Jit, ForAnotherProcessor) {
  plan::Plan p;
  p.codes = {code({constant(5)})};
#if defined(__x86_64__)
  for (const Level level : kLevels) {
    const jit::Compiled old = jit::compile(p, {.level = level, .cpu = "x86-64"});
    ASSERT_TRUE(old.evaluator) << old.error;
    EXPECT_EQ(old.evaluator->evaluate(0, {}), 5);
  }
#endif
  p.codes = {code({constant(6)})};  // which no program has yet
  const jit::Compiled none = jit::compile(p, {.cpu = "abacus"});
  EXPECT_FALSE(none.evaluator);
  EXPECT_EQ(none.error, "LLVM knows no processor abacus");
}

TEST_F(Jit, EmptyPlan) {
  const plan::Plan p;
  for (Level level : kLevels) EXPECT_TRUE(compiled(p, level));
  EXPECT_EQ(jit::print_ir(p, Level::O2, true).find("define"), std::string::npos);
}

TEST_F(Jit, BrokenCodeIsAnErrorNotACrash) {
  auto error = [](std::vector<Code> codes) {
    plan::Plan p;
    p.codes = std::move(codes);
    const jit::Compiled c = jit::compile(p);
    EXPECT_FALSE(c.evaluator);
    EXPECT_EQ(jit::print_ir(p, Level::O0, false), "; " + c.error + "\n");
    return c.error;
  };
  EXPECT_EQ(error({code({constant(1)}), code({})}), "code_1 is empty");
  EXPECT_EQ(error({code({constant(1), op(Op::Not, 1)})}), "code_0: instruction 1 reads an operand a that does not stand before it");
  EXPECT_EQ(error({code({constant(1), op(Op::Add, 0)})}), "code_0: instruction 1 reads an operand b that does not stand before it");
  EXPECT_EQ(error({code({attribute(-1)})}), "code_0: instruction 0 has a negative number of an attribute, field or feature");
  EXPECT_EQ(error({code({op(static_cast<Op>(200), 0, 0)})}), "code_0: instruction 0 is no operation");
}

// A number of an attribute, field or feature is never negative; what stands there in other instructions means nothing.
TEST_F(Jit, NegativeNumbersAreRefusedWhereTheyAreRead) {
  const std::set<Op> reads = {Op::Attribute, Op::Field, Op::LastField, Op::CountAtLeast, Op::Count, Op::CountSeen,
                              Op::Sum,       Op::Highest, Op::Lowest,  Op::Average,      Op::First};
  const Value fields[] = {3, 4}, attributes[] = {12, 13};
  const Context x = {77, fields, attributes, &host(), nullptr};
  for (const OpFacts& f : all_ops()) {
    for (std::int32_t aux : {std::numeric_limits<std::int32_t>::min(), -2, -1, 0, 1}) {
      plan::Plan p;
      const std::int32_t a = f.operands > 0 ? 0 : -1, b = f.operands > 1 ? 1 : plain_b(f.op) ? 9 : -1;
      p.codes = {code({constant(0), constant(1), {f.op, a, b, aux, 6}})};
      if (aux < 0 && reads.contains(f.op)) {
        const jit::Compiled c = jit::compile(p);
        EXPECT_FALSE(c.evaluator) << print(p.codes[0]);
        EXPECT_EQ(c.error, "code_0: instruction 2 has a negative number of an attribute, field or feature") << print(p.codes[0]);
        continue;
      }
      for (Level level : kLevels) {
        const auto evaluator = compiled(p, level);
        ASSERT_TRUE(evaluator) << print(p.codes[0]);
        EXPECT_EQ(evaluator->evaluate(0, x), interp::make(p)->evaluate(0, x)) << print(p.codes[0]);
      }
    }
  }
}

TEST_F(Jit, MoreCodesThanOneModuleHolds) {
  plan::Plan p;
  for (Value i = 0; i < 1100; ++i) {
    p.codes.push_back(code({field(0), constant(i), op(Op::MulDiv, 0, 1, 2), op(Op::Sub, 2, 1)}));
  }
  const auto evaluator = compiled(p, Level::O0);
  ASSERT_TRUE(evaluator);
  const Value fields[] = {4};
  for (Value i = 0; i < 1100; ++i) {
    EXPECT_EQ(evaluator->evaluate(static_cast<plan::CodeId>(i), {0, fields, nullptr, nullptr, nullptr}), i);
  }
}

TEST_F(Jit, CompilesAndEvaluatesInManyThreads) {
  plan::Plan shared;
  shared.codes = {code({field(0), constant(10), op(Op::Mul, 0, 1)})};
  const auto evaluator = compiled(shared, Level::O2);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (Value i = 0; i < 12; ++i) {
        plan::Plan own;
        own.codes = {code({field(0), constant(i), op(Op::MulDiv, 0, 1, 3)})};
        const jit::Compiled c = jit::compile(own, kLevels[i % 2]);
        const Value fields[] = {static_cast<Value>(3 * t)};
        const Context x = {0, fields, nullptr, nullptr, nullptr};
        wrong[t] += !c.evaluator || c.evaluator->evaluate(0, x) != static_cast<Value>(t) * i;
        wrong[t] += evaluator->evaluate(0, x) != fields[0] * 10;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

std::size_t executable_mappings() {
  std::ifstream maps("/proc/self/maps");
  std::size_t n = 0;
  for (std::string line; std::getline(maps, line);) n += line.find(" r-xp ") != std::string::npos;
  return n;
}

TEST_F(Jit, MachineCodeGoesWithItsEvaluator) {
  plan::Plan p;
  for (Value i = 0; i < 10; ++i) p.codes.push_back(code({field(0), constant(i), op(Op::Ge, 0, 1)}));
  compiled(p, Level::O2).reset();
  const std::size_t before = executable_mappings();
  ASSERT_GT(before, 0u);
  for (int i = 0; i < 200; ++i) {
    const auto evaluator = compiled(p, i % 8 ? Level::O0 : Level::O2);
    const Value fields[] = {4};
    ASSERT_EQ(evaluator->evaluate(5, {0, fields, nullptr, nullptr, nullptr}), kNo);
    if (i == 0) { EXPECT_GT(executable_mappings(), before); }
  }
  EXPECT_EQ(executable_mappings(), before);
}

TEST_F(Jit, PrintsItsIr) {
  plan::Plan p;
  p.codes = {code({field(0), field(0), op(Op::Add, 0, 1)}), code({constant(3)})};
  const std::string before = jit::print_ir(p, Level::O2, false), after = jit::print_ir(p, Level::O2, true);
  for (const std::string& ir : {before, after}) {
    EXPECT_NE(ir.find("define i64 @code_0(ptr "), std::string::npos) << ir;
    EXPECT_NE(ir.find("define i64 @code_1(ptr "), std::string::npos) << ir;
    EXPECT_NE(ir.find("@llvm.sadd.with.overflow.i64"), std::string::npos) << ir;
    EXPECT_NE(ir.find("ret i64 3"), std::string::npos) << ir;
  }
  auto loads = [](const std::string& ir) {
    std::size_t n = 0;
    for (std::size_t at = ir.find("load i64"); at != std::string::npos; at = ir.find("load i64", at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(loads(before), 2u) << before;
  EXPECT_EQ(loads(after), 1u) << after;
  EXPECT_EQ(jit::print_ir(p, Level::O0, true), before);
  EXPECT_EQ(jit::print_ir(p, Level::O2, true), after);
}

}  // namespace
}  // namespace polku
