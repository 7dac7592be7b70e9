// What stands in the log of those who were forgotten: nobody reads it, and nobody else's goes with it.
#include "runtime/shards/erasures.h"

#include <gtest/gtest.h>

namespace polku::shards {
namespace {

// The items of a chunk that are left, a word each.
std::string left(const Erasures& erasures, std::uint64_t position, std::uint64_t chunk, std::vector<Item> items) {
  const std::size_t before = items.size();
  const bool some = erasures.strip(position, chunk, items);
  EXPECT_EQ(some, items.size() < before);
  std::string out;
  for (const Item& i : items) out += std::string(out.empty() ? "" : " ") + (i.kind == ItemKind::Forget ? "forget" + std::to_string(i.order) : std::string(i.visitor));
  return out;
}

const Item a{.visitor = "a"}, b{.visitor = "b"}, u{.visitor = "u"};
Item forget(std::uint64_t n) { return {.kind = ItemKind::Forget, .order = n}; }

TEST(Erasures, WhatStandsBeforeGoesAndWhatComesBehindStays) {
  Erasures e;
  EXPECT_EQ(left(e, 1, 0, {a, b}), "a b");
  e.add({5, 1, 0, {"a", "u"}});
  EXPECT_EQ(left(e, 4, 0, {a, b, u}), "b");
  EXPECT_EQ(left(e, 4, 1, {b}), "b");
  EXPECT_EQ(left(e, 6, 1, {a, b, u}), "a b u");
  EXPECT_EQ(left(e, 5, 1, {a, b, forget(0), a, u}), "b forget0 a u");
  EXPECT_EQ(left(e, 5, 0, {a, b}), "b");          // of one entry, but before
  EXPECT_EQ(left(e, 5, 2, {a, b, forget(0)}), "a b forget0");  // and behind: of whichever shard
  EXPECT_EQ(left(e, 4, 0, {forget(0), b}), "forget0 b");
}

TEST(Erasures, TwiceInOneChunk) {
  Erasures e;
  e.add({5, 0, 0, {"a"}});
  e.add({5, 0, 1, {"b"}});
  e.add({5, 0, 2, {"a"}});
  EXPECT_EQ(left(e, 5, 0, {a, b, forget(0), a, forget(1), b, forget(2), a, b}), "forget0 forget1 b forget2 a b");
}

TEST(Erasures, TwoChunksOfOneShardInOneEntry) {
  Erasures e;
  e.add({5, 0, 0, {"a"}});
  e.add({5, 1, 0, {"b"}});
  EXPECT_EQ(e.count(), 2u);
  EXPECT_EQ(left(e, 5, 0, {a, b, forget(0), a, b}), "forget0 a");
  EXPECT_EQ(left(e, 5, 1, {a, b, forget(0), a, b}), "a forget0 a b");
}

TEST(Erasures, ByEitherName) {
  Erasures e;
  e.add({5, 0, 0, {"u"}});
  EXPECT_EQ(left(e, 1, 0, {{.kind = ItemKind::Merge, .visitor = "x", .other = "u"}, {.kind = ItemKind::MoveOut, .visitor = "u", .other = "x"}, b}), "b");
  EXPECT_EQ(left(e, 1, 0, {{.kind = ItemKind::Decision, .visitor = "x", .other = "u"}}), "x");  // there it is an id
}

TEST(Erasures, DoneAndWhatIsKnownAfterwards) {
  Erasures e;
  e.add({5, 0, 0, {"a"}});
  e.add({7, 0, 0, {"b"}});
  ASSERT_EQ(e.count(), 2u);
  e.done({e.pending()[0]});
  EXPECT_EQ(e.count(), 1u);
  EXPECT_EQ(left(e, 1, 0, {a, b}), "a");           // its items are gone from the log; a new one's are not
  EXPECT_TRUE(e.forgotten("a", 5));
  EXPECT_FALSE(e.forgotten("a", 6));
  EXPECT_FALSE(e.forgotten("c", 1));
}

TEST(Erasures, AsBytes) {
  const Erasure e{258, 3, 1, {"a", "t\u00E4hti"}};
  Erasure again;
  ASSERT_TRUE(read_erasure(erasure_key(e), erasure_bytes(e), again));
  EXPECT_EQ(std::tie(again.position, again.chunk, again.index, again.names), std::tie(e.position, e.chunk, e.index, e.names));
  EXPECT_FALSE(read_erasure(erasure_key(e).substr(0, 20), erasure_bytes(e), again));
  EXPECT_FALSE(read_erasure(erasure_key(e), erasure_bytes(e).substr(0, 4), again));
  EXPECT_FALSE(read_erasure(erasure_key(e), std::string(1, '\0'), again));
  EXPECT_LT(erasure_key({9, 0, 0, {}}), erasure_key({10, 0, 0, {}}));
}

}  // namespace
}  // namespace polku::shards
