// Both tiers in one evaluator: machine code that is made in the background, kept on disk, and takes over while others evaluate.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "compiler/interp/interp.h"
#include "compiler/jit/jit.h"
#include "tests/unit/code_samples.h"

namespace polku {
namespace {

namespace fs = std::filesystem;
using namespace samples;

class Tiers : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/polku-tiers-XXXXXX";
    folder = ::mkdtemp(name);
  }
  void TearDown() override {
    if (!folder.empty()) fs::remove_all(folder);
  }

  static plan::Plan random_plan(std::uint64_t seed, std::size_t codes) {
    plan::Plan p;
    std::mt19937_64 random(seed);
    for (std::size_t i = 0; i < codes; ++i) p.codes.push_back(random_code(random, 20));
    return p;
  }
  // field 0 at least i + from
  static plan::Plan ladder(std::size_t codes, Value from = 0) {
    plan::Plan p;
    for (std::size_t i = 0; i < codes; ++i) p.codes.push_back(code({field(0), constant(from + static_cast<Value>(i)), op(Op::Ge, 0, 1)}));
    return p;
  }
  static bool climbs(const plan::Evaluator& e, std::size_t codes, Value from = 0) {
    for (std::size_t i = 0; i < codes; ++i)
      for (const Value v : {from + static_cast<Value>(i) - 1, from + static_cast<Value>(i)})
        if (e.evaluate(static_cast<plan::CodeId>(i), {0, &v, nullptr, nullptr, nullptr}) != (v >= from + static_cast<Value>(i))) return false;
    return true;
  }

  static std::unique_ptr<plan::Evaluator> background(const plan::Plan& p, const jit::Options& options = {}) { return jit::in_background(p, interp::make(p), options); }
  static plan::Tiers finished(const plan::Evaluator& e) {  // when nothing is left to do
    for (;;) {
      const plan::Tiers t = e.tiers();
      if (!t.fault.empty() || (t.codes > 0 && t.waiting == 0)) return t;
      std::this_thread::yield();
    }
  }
  // Compiled or read from the cache, and forgotten; what it took.
  plan::Tiers once(const plan::Plan& p, std::size_t codes, Value from = 0) const {
    jit::Options options;
    options.cache = folder / "cache";
    const jit::Compiled c = jit::compile(p, options);
    EXPECT_EQ(c.error, "");
    EXPECT_TRUE(c.evaluator && climbs(*c.evaluator, codes, from));
    return c.evaluator ? c.evaluator->tiers() : plan::Tiers{};
  }
  std::vector<fs::path> cached() const {
    std::vector<fs::path> out;
    for (const auto& e : fs::directory_iterator(folder / "cache")) out.push_back(e.path());
    return out;
  }

  fs::path folder;
};

TEST_F(Tiers, CodesThatComeLater) {
  for (const bool count : {false, true})
    for (const char* how : {"background", "compiled", "compiled alone", "turning"}) {
      plan::Plan p = ladder(300);
      jit::Options options;
      options.count = count;
      if (how == std::string("turning")) options.turn_after = 2;
      auto e = how == std::string("compiled")         ? jit::compile(p, options, interp::make(p)).evaluator
               : how == std::string("compiled alone") ? jit::compile(p, options).evaluator
                                                      : background(p, options);
      ASSERT_TRUE(e);
      for (std::size_t codes = 301; codes < 340; ++codes) {  // most of them while the first are being compiled
        e->extend([&] { p.codes.push_back(ladder(codes).codes.back()); });
        EXPECT_TRUE(climbs(*e, codes)) << how;
      }
      const plan::Tiers t = finished(*e);
      EXPECT_EQ(t.fault, "") << how;
      EXPECT_EQ(t.codes, 339u) << how;
      EXPECT_EQ(t.compiled + t.cached, 339u) << how;
      e->extend([&] { p.codes.push_back(ladder(340).codes.back()); });  // when nothing was left to do
      e->extend([] {});
      EXPECT_EQ(finished(*e).compiled + finished(*e).cached, 340u) << how;
      EXPECT_TRUE(climbs(*e, 340)) << how;
    }
}

TEST_F(Tiers, ABrokenCodeThatComesLaterStaysWithTheInterpreter) {
  plan::Plan p = ladder(3);
  const auto e = background(p);
  finished(*e);
  e->extend([&] { p.codes.push_back(code({field(0), op(Op::Ge, 0, 7)})); });
  EXPECT_NE(finished(*e).fault.find("code_3"), std::string::npos);
  EXPECT_TRUE(climbs(*e, 3));
}

TEST_F(Tiers, EvaluatesWhileItCompiles) {
  const plan::Plan p = random_plan(1, 600);
  jit::Options options;
  options.count = true;
  const auto e = background(p, options);
  EXPECT_STREQ(e->tier(), "jit");
  std::mt19937_64 random(2);
  std::uint64_t evaluations = 0;
  for (bool done = false; !done;) {
    done = e->tiers().waiting == 0 && e->tiers().codes > 0;
    const Visitor v(random);
    for (std::size_t i = 0; i < p.codes.size(); ++i, ++evaluations)
      ASSERT_EQ(e->evaluate(static_cast<plan::CodeId>(i), v.context()), expected(p.codes[i], v.context())) << print(p.codes[i]);
  }
  const plan::Tiers t = e->tiers();
  EXPECT_EQ(t.fault, "");
  EXPECT_EQ(t.interpreted + t.native, evaluations);
  EXPECT_GE(t.native, p.codes.size());  // the last round
  EXPECT_EQ(t.compiled + t.cached, t.codes);
  EXPECT_LE(t.codes, p.codes.size());
}

TEST_F(Tiers, ManyThreadsEvaluateWhileItCompiles) {
  const std::size_t codes = 2000;
  const plan::Plan p = ladder(codes, 1'000'000);
  jit::Options options;
  options.count = true;
  options.threads = 2;
  const auto e = background(p, options);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  std::atomic<std::uint64_t> rounds = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (bool last = false; !last; ++rounds) {
        last = e->tiers().codes > 0 && e->tiers().waiting == 0;
        wrong += !climbs(*e, codes, 1'000'000);
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(e->tiers().interpreted + e->tiers().native, rounds * codes * 2);
  EXPECT_GE(e->tiers().native, 4 * codes * 2);
}

TEST_F(Tiers, MayBeDestroyedAtAnyTime) {
  const plan::Plan p = ladder(100'000, 7'000'000);
  for (int i = 0; i < 5; ++i) {
    const auto e = background(p);
    while (i > 2 && e->tiers().compiled == 0) std::this_thread::yield();
    EXPECT_LT(e->tiers().compiled + e->tiers().cached, p.codes.size());
  }
}

// By how often a code was evaluated: both tiers meet in one run, the same each time.
TEST_F(Tiers, TurnsAfterSoManyEvaluations) {
  const plan::Plan p = random_plan(3, 100);
  jit::Options options;
  options.turn_after = 3;
  const auto e = background(p, options);
  EXPECT_EQ(e->tiers().waiting, 0u);
  for (int round = 0; round < 5; ++round) {
    std::mt19937_64 random(static_cast<std::uint64_t>(round));
    const Visitor v(random);
    for (std::size_t i = 0; i < p.codes.size(); ++i) ASSERT_EQ(e->evaluate(static_cast<plan::CodeId>(i), v.context()), expected(p.codes[i], v.context()));
    EXPECT_EQ(e->tiers().interpreted, std::min<std::uint64_t>(round + 1, 3) * 100);
    EXPECT_EQ(e->tiers().native, round < 3 ? 0 : static_cast<std::uint64_t>(round - 2) * 100);
  }
}

TEST_F(Tiers, EqualCodesAreCompiledOnce) {
  plan::Plan p = ladder(50);
  for (std::size_t i = 0; i < 150; ++i) p.codes.push_back(Code(p.codes[i]));
  const auto e = background(p);
  const plan::Tiers t = finished(*e);
  EXPECT_EQ(t.fault, "");
  EXPECT_EQ(t.codes, 50u);
  for (std::size_t i = 0; i < p.codes.size(); ++i) EXPECT_EQ(e->function(static_cast<plan::CodeId>(i)), e->function(static_cast<plan::CodeId>(i % 50)));
}

TEST_F(Tiers, ProgramsShareMachineCode) {
  const plan::Plan p = ladder(300), other = ladder(300, 5);  // 295 in common
  const auto first = background(p);
  finished(*first);
  const auto second = background(p);
  EXPECT_EQ(finished(*second).codes, 300u);
  for (plan::CodeId i = 0; i < 300; ++i) EXPECT_EQ(first->function(i), second->function(i));
  const auto third = background(other);
  EXPECT_GT(finished(*third).cached, 150u);  // all but what stands with the five new ones
  EXPECT_TRUE(climbs(*third, 300, 5));
  const jit::Compiled optimized = jit::compile(p, jit::Level::O2);
  EXPECT_EQ(optimized.evaluator->tiers().cached, 0u);
}

TEST_F(Tiers, KeepsMachineCodeOnDisk) {
  const plan::Plan p = ladder(300);
  EXPECT_EQ(once(p, 300).compiled, 300u);
  EXPECT_EQ(once(p, 300).cached, 300u);
  const std::size_t files = cached().size();
  EXPECT_GT(files, 1u);
  // One more in the middle, and one fewer: nearly all is there.
  plan::Plan q = p;
  q.codes.insert(q.codes.begin() + 150, code({field(1)}));
  jit::Options options;
  options.cache = folder / "cache";
  {
    const jit::Compiled c = jit::compile(q, options);
    ASSERT_TRUE(c.evaluator) << c.error;
    const Value fields[] = {150, 33};
    EXPECT_EQ(c.evaluator->evaluate(150, {0, fields, nullptr, nullptr, nullptr}), 33);
    EXPECT_EQ(c.evaluator->evaluate(151, {0, fields, nullptr, nullptr, nullptr}), kYes);
    EXPECT_EQ(c.evaluator->evaluate(152, {0, fields, nullptr, nullptr, nullptr}), kNo);
    EXPECT_GT(c.evaluator->tiers().cached, 100u);
    EXPECT_GT(c.evaluator->tiers().compiled, 0u);
  }
  // Another level is other machine code.
  options.level = jit::Level::O2;
  EXPECT_EQ(jit::compile(p, options).evaluator->tiers().cached, 0u);
}

TEST_F(Tiers, IgnoresCacheFilesThatAreDamaged) {
  const plan::Plan p = ladder(40);
  once(p, 40);
  for (int how = 0; how < 4; ++how) {
    for (const fs::path& file : cached()) {
      const std::uintmax_t size = fs::file_size(file);
      if (how == 0) fs::resize_file(file, 0);
      if (how == 1) fs::resize_file(file, size - 1);
      if (how == 2) fs::resize_file(file, size + 1);
      if (how == 3) {
        std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
        f.seekp(static_cast<std::streamoff>(size / 2));
        f.put('\x5a');
      }
    }
    EXPECT_EQ(once(p, 40).compiled, 40u) << how;  // and writes them anew
    EXPECT_EQ(once(p, 40).cached, 40u) << how;
  }
}

TEST_F(Tiers, WorksWhereNothingCanBeKept) {
  std::ofstream(folder / "cache") << "a file";
  const plan::Tiers t = once(ladder(40), 40);
  EXPECT_EQ(t.compiled, 40u);
  EXPECT_NE(t.fault.find("cache"), std::string::npos) << t.fault;
}

TEST_F(Tiers, WhatCannotBeCompiledIsInterpreted) {
  plan::Plan p = ladder(10);
  p.codes.push_back(code({{Op::Attribute, -1, -1, -3, 0}}));  // which the interpreter never meets here
  const auto e = background(p);
  const plan::Tiers t = finished(*e);
  EXPECT_EQ(t.compiled, 0u);
  EXPECT_NE(t.fault.find("code_10"), std::string::npos) << t.fault;
  EXPECT_TRUE(climbs(*e, 10));
}

TEST_F(Tiers, EmptyPlan) {
  const plan::Plan p;
  const auto e = background(p);
  EXPECT_EQ(e->tiers().codes, 0u);
}

}  // namespace
}  // namespace polku
