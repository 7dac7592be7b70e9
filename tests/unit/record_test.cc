// Records as bytes: every value comes back as it was, those too that do not fit into their cells; and what is kept is only what is asked for.
#include "runtime/record/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <limits>
#include <random>

#include "compiler/plan/plan.h"

namespace polku::record {
namespace {

constexpr Value kMost = std::numeric_limits<Value>::max();

class Cells : public testing::Test {
 protected:
  // A record with room for so many instants of a limit, from base_ on.
  void room(std::int64_t instants) {
    plan_.limits = {{"", instants, kDay, plan::LimitUnit::Messages}};
    plan_.layout = plan::lay_out(plan_);
    base_ = plan_.layout.limit[0];
    alone_ = std::make_unique<Alone>(plan_);
    record_ = &**alone_;
  }
  std::size_t units() const { return cells::count(cells::directory(*record_)); }
  plan::Plan plan_;
  std::unique_ptr<Alone> alone_;
  Record* record_ = nullptr;
  std::int32_t base_ = 0;
};

catalog::Attribute attribute(const char* name, catalog::TypeKind kind, std::size_t values = 0) {
  catalog::Attribute a;
  a.name = name;
  a.type.kind = kind;
  if (values > 0) a.type.values = std::vector<std::string>(values);
  return a;
}

TEST_F(Cells, HoldEveryValueExactly) {
  for (int i = 0; i < 4; ++i) {
    plan_.catalog.attributes.push_back(attribute("a", catalog::TypeKind::Number));
    plan_.defaults.push_back(std::nullopt);
  }
  room(8);
  std::mt19937_64 random(1);
  for (const std::int32_t base : {plan_.layout.attribute[0].at, base_ + plan::kUnitBytes - 8})
    for (const std::int32_t bytes : {1, 2, 4, 6, 8}) {
      const std::int32_t at = base + 8;
      std::vector<Value> values{kUnknown, 0, 1, -1, 253, 254, 255, 256, -255, 65533, 65534, 65535, 65536, kMost, kUnknown + 1};
      for (const int bits : {31, 32, 47, 48}) {
        const Value far = Value{1} << bits;
        for (const Value by : {-3, -2, -1, 0, 1, 2, 3}) values.insert(values.end(), {far + by, -far + by});
      }
      for (int i = 0; i < 1000; ++i) values.push_back(static_cast<Value>(random() >> (random() % 64)) * (random() % 2 == 0 ? 1 : -1));
      for (const Value value : values) {
        set(*record_, {at, bytes}, 7);
        set(*record_, {at + bytes, bytes}, 9);  // its neighbours stay as they are
        set(*record_, {at - bytes, bytes}, 8);
        set(*record_, {at, bytes}, value);
        ASSERT_EQ(get(*record_, {at, bytes}), value) << bytes;
        ASSERT_EQ(get(*record_, {at + bytes, bytes}), 9) << bytes;
        ASSERT_EQ(get(*record_, {at - bytes, bytes}), 8) << bytes;
      }
    }
}

// Whatever is written where and in which order: each cell is what it was set to last, and there are no more units than were written to.
TEST_F(Cells, UnitsComeAndGo) {
  constexpr int kCells = 1000;
  room(kCells);
  std::vector<Value> now(kCells, kUnknown);
  std::mt19937 random(3);
  for (int i = 0; i < 40000; ++i) {
    const std::size_t c = random() % (i / 10000 % 2 == 0 ? kCells : 20);
    now[c] = random() % (i < 20000 ? 4u : 2u) == 0 ? kUnknown : static_cast<Value>(random());
    set_instant(*record_, base_ + static_cast<std::int32_t>(c) * plan::kInstantBytes, now[c]);
    if (i % 97 != 0) continue;
    Units all;
    std::size_t written = 0, there = 0;
    for (std::size_t k = 0; k < kCells; ++k) {
      const std::int32_t at = base_ + static_cast<std::int32_t>(k) * plan::kInstantBytes;
      ASSERT_EQ(instant(*record_, at), now[k]) << i << " " << k;
      if (k % 2 == 0 && (now[k] != kUnknown || now[k + 1] != kUnknown)) {
        ++written;
        ASSERT_TRUE(cells::has_unit(*record_, plan::unit_of(at)));
      }
      if (k % 3 == 0) all.add(at);
    }
    std::size_t last = 0;
    all.each(*record_, [&](std::size_t unit) {
      ASSERT_TRUE(there == 0 || unit > last);
      ASSERT_TRUE(cells::has_unit(*record_, unit));
      last = unit;
      ++there;
    });
    ASSERT_EQ(all.any(*record_), there > 0);
    ASSERT_GE(units(), written);
    ASSERT_LE(units(), static_cast<std::size_t>(kCells / 2));
  }
}

TEST_F(Cells, NothingIsKeptOfNothing) {
  room(4);
  EXPECT_EQ(instant(*record_, base_), kUnknown);
  set_instant(*record_, base_, kUnknown);
  clear_instants(*record_, base_, 4);
  EXPECT_EQ(units(), 0u);
  push_front(*record_, {base_, false}, 4, 5);
  push_front(*record_, {base_, false}, 4, 6);
  EXPECT_EQ(units(), 1u);  // of two instants
  push_front(*record_, {base_, false}, 4, 7);
  EXPECT_EQ(units(), 2u);
}

TEST_F(Cells, UsualOnesTakeNothingBesideTheRecord) {
  room(8);
  set(*record_, {base_, 1}, 253);
  set(*record_, {base_ + 2, 2}, 65533);
  set(*record_, {base_ + 4, 4}, 2'147'483'646);
  set(*record_, {base_ + 4, 4}, -2'147'483'647);
  set(*record_, {base_ + 8, 6}, 126'000'000'000'000);
  set(*record_, {base_ + 8, 6}, -62'135'596'800'000);  // 0001-01-01
  set_instant(*record_, base_ + 16, 253'402'300'799'999);
  EXPECT_EQ(record_->extra, nullptr);
  set(*record_, {base_ + 8, 6}, 253'402'300'799'999);  // 9999-12-31
  EXPECT_NE(record_->extra, nullptr);
  EXPECT_EQ(get(*record_, {base_ + 8, 6}), 253'402'300'799'999);
}

// The latest n instants stay, also those that stand beside the record and must know their new cells.
TEST_F(Cells, RingsMove) {
  for (const bool far : {false, true})
    for (const bool seq : {false, true})
      for (const int n : {1, 2, 5}) {
        room(n * 2);
        std::mt19937 random(2);
        std::deque<std::pair<Value, std::int64_t>> latest;
        for (int i = 0; i < 40; ++i) {
          const Value t = far && random() % 3 == 0 ? 253'402'000'000'000 + i : i;
          const std::int64_t place = far && random() % 3 == 0 ? (std::int64_t{1} << 40) + i : i;
          push_front(*record_, {base_, seq}, n, t, place);
          latest.emplace_front(t, place);
          if (latest.size() > static_cast<std::size_t>(n)) latest.pop_back();
          for (std::size_t k = 0; k < latest.size(); ++k) {
            const std::int32_t at = base_ + static_cast<std::int32_t>(k) * plan::stride({0, seq});
            ASSERT_EQ(instant(*record_, at), latest[k].first) << n << " " << i << " " << k;
            if (seq) { ASSERT_EQ(record::seq(*record_, at + plan::kInstantBytes), latest[k].second) << n << " " << i << " " << k; }
          }
        }
        EXPECT_EQ(record_->extra != nullptr, far && seq);
      }
}

TEST_F(Cells, ListsAreFoundByNumber) {
  room(1);
  EXPECT_TRUE(list(*record_, 3).empty());
  EXPECT_EQ(record_->extra, nullptr);
  own_list(*record_, 3).push_back(30);
  own_list(*record_, 1).push_back(10);
  own_list(*record_, 2).push_back(20);
  own_list(*record_, 1).push_back(11);
  EXPECT_EQ(list(*record_, 1), (std::vector<Value>{10, 11}));
  EXPECT_EQ(list(*record_, 2), (std::vector<Value>{20}));
  EXPECT_EQ(list(*record_, 3), (std::vector<Value>{30}));
  EXPECT_TRUE(list(*record_, 4).empty());
}

TEST_F(Cells, AttributesAreUnpackedByNumber) {
  using Kind = catalog::TypeKind;
  plan_.catalog.attributes = {attribute("a", Kind::YesNo), attribute("b", Kind::OneOf, 254), attribute("c", Kind::OneOf, 300), attribute("d", Kind::Whole),
                              attribute("e", Kind::Money), attribute("f", Kind::Time), attribute("g", Kind::Number), attribute("h", Kind::Whole)};
  plan_.catalog.attributes.push_back(attribute("i", Kind::Text));
  plan_.catalog.attributes.back().presence = catalog::Presence::Derived;
  plan_.catalog.attributes.push_back(attribute("j", Kind::Consent));
  plan_.defaults.resize(plan_.catalog.attributes.size());
  plan_.defaults[4] = 12;
  plan_.defaults[7] = Value{1} << 50;  // does not fit into 4 bytes: every visitor would have it beside the record
  room(1);
  EXPECT_EQ(plan_.layout.attribute[7].bytes, 8);
  EXPECT_EQ(plan_.layout.attribute[8].bytes, 0);
  std::vector<Value> now{kUnknown, kUnknown, kUnknown, kUnknown, 12, kUnknown, kUnknown, Value{1} << 50, kUnknown, kUnknown};
  std::vector<Value> row(now.size(), kUnknown);
  std::mt19937_64 random(4);
  for (int i = 0; i < 2000; ++i) {
    unpack(plan_, *record_, row.data());
    ASSERT_EQ(row, now) << i;
    const std::size_t a = random() % now.size();
    if (a == 8) continue;
    now[a] = a == 0 || a == 9 ? static_cast<Value>(random() % 2) : a == 1 ? static_cast<Value>(random() % 254) : a == 2 ? static_cast<Value>(random() % 300)
                                                                                               : static_cast<Value>(random()) >> (random() % 64);
    if (random() % 5 == 0) now[a] = kUnknown;
    set_attribute(plan_, *record_, static_cast<int>(a), now[a]);
    if (now[a] == kUnknown && plan_.defaults[a]) now[a] = *plan_.defaults[a];
  }
}

TEST(Prune, ForgetsWhatIsOldOnceItIsAQuarter) {
  for (const std::size_t stride : {2, 3, 4}) {
    std::vector<Value> all;
    for (std::size_t i = 0; i < 200; ++i) all.resize(all.size() + stride, 0), all[i * stride] = static_cast<Value>(i / 2);  // pairs of one instant
    for (const Value older_than : {Value{-1}, Value{0}, Value{24}, Value{25}, Value{26}, Value{50}, Value{98}, Value{99}, Value{1000}}) {
      std::vector<Value> list = all;
      prune(list, stride, older_than);
      const auto old = static_cast<std::size_t>(std::clamp<Value>(older_than + 1, 0, 100)) * 2;
      const std::vector<Value> rest(all.begin() + static_cast<std::ptrdiff_t>(old * stride), all.end());
      EXPECT_EQ(list, old > 50 ? rest : all) << stride << " " << older_than;
    }
  }
  std::vector<Value> few(63 * 2, 0);
  prune(few, 2, 5);
  EXPECT_EQ(few.size(), 126u) << "so few are not worth it";
}

}  // namespace
}  // namespace polku::record
