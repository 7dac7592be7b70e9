// Where visitors are kept, and when they are looked at.
#include "runtime/engine/visitors.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "runtime/timers/timers.h"

namespace polku::engine {
namespace {

plan::Plan with_limits(std::int64_t n) {
  plan::Plan plan;
  plan.limits = {{"", n, kDay, plan::LimitUnit::Messages}};
  plan.layout = plan::lay_out(plan);
  return plan;
}

std::string name(std::uint32_t n) { return "visitor " + std::to_string(n); }

TEST(Visitors, AreFoundByName) {
  const plan::Plan plan = with_limits(3);
  Visitors visitors(plan);
  std::map<std::string, std::uint32_t> told;
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::string who = name(random() % 5000);
    Visitor* v = visitors.find(who);
    ASSERT_EQ(v != nullptr, told.contains(who));
    if (!v) {
      v = &visitors.make(who);
      told[who] = v->number;
      ASSERT_EQ(record::instant(v->record, 0), kUnknown);
      record::set_instant(v->record, 0, v->number);
    }
    ASSERT_EQ(v->number, told[who]);
    ASSERT_EQ(v->key(), who);
    ASSERT_EQ(visitors.at(v->number), v);
    ASSERT_EQ(record::instant(v->record, 0), v->number);
  }
  EXPECT_EQ(visitors.size(), told.size());
  EXPECT_EQ(visitors.at(visitors.end()), nullptr);
}

// Names come to stand for other visitors; blocks are used again; another plan takes all over.
TEST(Visitors, BecomeOneAndMove) {
  const plan::Plan small = with_limits(1), large = with_limits(40);
  auto visitors = std::make_unique<Visitors>(small);
  std::map<std::string, std::string> key;  // of each name
  std::mt19937 random(2);
  const auto some = [&] { return name(random() % 800); };
  for (int i = 0; i < 6000; ++i) {
    const std::string a = some(), b = some();
    if (!visitors->find(a)) {
      visitors->make(a).clock = i;
      key[a] = a;
    }
    if (random() % 3 == 0 && key[a] != key[b]) {
      Visitor& into = *visitors->find(a);
      Visitor* gone = visitors->find(b);
      const std::string was = gone ? key[b] : b;
      if (!gone) key[b] = b;
      std::vector<std::string> names;
      for (const auto& [n, k] : key)
        if (k == was) names.push_back(n);
      for (const std::string& n : names) {
        const std::string_view kept = visitors->call(n, into);
        ASSERT_EQ(kept, n);
        ASSERT_EQ(kept.data(), visitors->kept(n).data());
        key[n] = key[a];
      }
      if (gone) visitors->erase(*gone);
    }
    if (i % 1500 == 1499) {
      auto next = std::make_unique<Visitors>(i % 2 == 0 ? small : large);
      const std::size_t all = visitors->size();
      next->adopt(*visitors);
      EXPECT_EQ(visitors->size(), 0u);
      EXPECT_EQ(visitors->find(a), nullptr);
      EXPECT_EQ(next->size(), all);
      visitors = std::move(next);
    }
  }
  std::set<std::string> living;
  for (const auto& [n, k] : key) {
    ASSERT_NE(visitors->find(n), nullptr) << n;
    ASSERT_EQ(visitors->find(n)->key(), k);
    living.insert(k);
  }
  EXPECT_EQ(visitors->size(), living.size());
  EXPECT_LT(visitors->end(), 800u + 1);
}

// Visitors leave with all their names, and come back; whoever stays is found all the while.
TEST(Visitors, AreForgotten) {
  const plan::Plan plan = with_limits(1);
  Visitors visitors(plan);
  std::map<std::string, std::string> key;  // of each name
  std::mt19937 random(5);
  for (int i = 0; i < 30'000; ++i) {
    const std::string who = name(random() % 3000);
    Visitor* v = visitors.find(who);
    ASSERT_EQ(v != nullptr, key.contains(who)) << i;
    if (!v) {
      visitors.make(who);
      key[who] = who;
      continue;
    }
    ASSERT_EQ(v->key(), key[who]);
    if (random() % 3 == 0) {  // one more name
      const std::string other = name(random() % 3000);
      if (key.contains(other)) continue;
      v->own().aliases.push_back(visitors.call(other, *v));
      key[other] = key[who];
    } else {
      const std::string gone = key[who];
      visitors.forget(*v);
      std::erase_if(key, [&](const auto& k) { return k.second == gone; });
    }
  }
  std::set<std::string> living;
  for (std::uint32_t n = 0; n < 3000; ++n) {
    const auto k = key.find(name(n));
    const Visitor* v = visitors.find(name(n));
    ASSERT_EQ(v != nullptr, k != key.end());
    if (v) living.insert(k->second);
  }
  EXPECT_EQ(visitors.size(), living.size());
  EXPECT_LE(visitors.end(), 3000u);
}

TEST(Visitors, EqualRecordsHaveDistinctIdentities) {
  const plan::Plan plan = with_limits(1);
  Visitors visitors(plan);
  Visitor& v = visitors.make("a");
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 4; ++i) seen.insert(v.distinct(5, 77));
  EXPECT_EQ(seen.size(), 4u);
  EXPECT_TRUE(seen.contains(77));
  v.move_to(5);  // a timer of the same instant
  EXPECT_FALSE(seen.contains(v.distinct(5, 77)));
  v.move_to(6);  // one of a later
  EXPECT_EQ(v.distinct(6, 77), 77u);
  EXPECT_NE(v.distinct(6, 77), 77u);
  EXPECT_EQ(v.distinct(7, 77), 77u);
}

// Hints pop in order; stale ones do not pile up, however often a deadline moves.
TEST(Timers, KeepNoMoreThanTwiceWhatIsArmed) {
  timers::Timers timers;
  std::mt19937 random(3);
  std::vector<Millis> deadline(5000, kNever);
  const auto holds = [&](Millis due, std::uint32_t visitor) { return deadline[visitor] == due; };
  Millis now = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto v = static_cast<std::uint32_t>(random() % deadline.size());
    deadline[v] = now + 1 + random() % 100'000;
    timers.push(deadline[v], v, holds);
    ASSERT_LE(timers.size(), 2 * deadline.size() + 1024);
    ASSERT_GE(timers.size(), 1u);
  }
  std::map<std::pair<Millis, std::uint32_t>, int> popped;
  std::pair<Millis, std::uint32_t> last{0, 0}, next;
  while (timers.pop(kNever - 1, next.first, next.second)) {
    ASSERT_LE(last, next);
    last = next;
    if (holds(next.first, next.second)) ++popped[next];
  }
  std::size_t armed = 0;
  for (std::uint32_t v = 0; v < deadline.size(); ++v) armed += deadline[v] != kNever;
  EXPECT_EQ(popped.size(), armed);
}

}  // namespace
}  // namespace polku::engine
