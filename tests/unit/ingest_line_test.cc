// A record written in Polku's own form is the record again when it is read.
#include <memory>
#include <random>

#include "runtime/history/line.h"
#include "tests/unit/ingest_world.h"

namespace polku::ingest {
namespace {

// What comes back of a record's lines, as the tests of ingest say it; `visitor` is v.
std::string back(const history::Event& event, const catalog::Catalog& c, const base::Texts& texts) {
  std::string text;
  for (const std::string& line : history::lines("v", event, c, texts)) text += line + "\n";
  const Took took = take(text, nullptr, c);
  EXPECT_EQ(took.counts.faults(), 0u) << text;
  return took.records;
}

std::string said(const history::Event& event, const catalog::Catalog& c, const base::Texts& texts, int line = 1) {
  Record record;
  record.visitor = "v";
  record.line = static_cast<std::uint64_t>(line);
  record.event = event;
  return line_of(record, c, texts) + "\n";
}

TEST(IngestLine, EveryTypeAtItsEdges) {
  const catalog::Catalog c = a_catalog();
  base::Texts texts;
  std::mt19937_64 random(7);
  const auto among = [&](std::initializer_list<Value> edges, Value most) {
    const std::size_t which = random() % (edges.size() + 3);
    if (which < edges.size()) return edges.begin()[which];
    const Value v = static_cast<Value>(random() >> 1) % most;
    return random() % 2 == 0 ? v : -v;
  };
  const auto text = [&] {
    static const char* const kSome[] = {"", "plain", "with \"quotes\" and \\", "t\u00E4hti \U0001F30D", "line\nand\ttab", "\x01\x1f\x7f", " blanks "};
    return texts.intern(kSome[random() % std::size(kSome)]);
  };
  constexpr Value kLargest = std::numeric_limits<Value>::max();
  for (int i = 0; i < 3000; ++i) {
    history::Event event;
    event.at = among({0, -1, 951'782'400'000, 253'402'300'799'999}, 4'000'000'000'000);
    if (i % 3 == 0) event.received = event.at + 1 + static_cast<Millis>(random() % kDay);
    if (event.received != kUnknown && event.received > 253'402'300'799'999) event.received = kUnknown;
    event.type = 1;
    event.fields = {among({0, 1}, 2) & 1,
                    among({kLargest, -kLargest, 0}, kLargest),
                    among({kLargest, -kLargest, 1, -1, kMillion}, kLargest),
                    among({kLargest, -kLargest, 1, -1, 100, -100}, kLargest),
                    among({kLargest, -kLargest, 100'000, 1, -1, 10'000}, kLargest),
                    text(),
                    static_cast<Value>(random() % 2),
                    among({0, 1, -1}, 4'000'000'000'000),
                    among({0, -1, 11'016}, 900'000) % 700'000,
                    among({0, 1, -1, kSecond, 90 * kMinute, kDay, -kDay}, kLargest / kMillion),  // none of a record is longer
                    texts.intern_list(random() % 3 == 0 ? std::vector<Value>{} : std::vector<Value>{text(), text()}),
                    static_cast<Value>(random() % 2)};
    for (Value& field : event.fields)
      if (random() % 5 == 0) field = kUnknown;
    ASSERT_EQ(back(event, c, texts), said(event, c, texts)) << history::lines("v", event, c, texts)[0];
  }
}

TEST(IngestLine, ChangesRequestsAndMerges) {
  const catalog::Catalog c = a_catalog();
  base::Texts texts;
  history::Event event;
  event.at = 5;
  event.changes = {{0, kYes}, {1, 1}, {3, texts.intern("Turku")}};
  EXPECT_EQ(back(event, c, texts), said(event, c, texts));
  event.changes = {{0, kNo}, {3, kUnknown}};
  EXPECT_EQ(back(event, c, texts), said(event, c, texts));
  history::Event change = event;  // a source sets attributes with an event: two lines, the change first
  event.type = 0;
  event.fields = {1250};
  history::Event paid = event;
  paid.changes.clear();
  EXPECT_EQ(back(event, c, texts), said(change, c, texts) + said(paid, c, texts, 2));
  history::Event asked;
  asked.at = 7;
  asked.type = history::kAsked;
  asked.asked = {{1, 0}, {1, 1}, {2, 0}};
  EXPECT_EQ(back(asked, c, texts), said(asked, c, texts));
  history::Event merge;
  merge.at = 8;
  merge.received = 9;
  merge.type = history::kMerge;
  merge.merges = "a \"name\"";
  EXPECT_EQ(back(merge, c, texts), said(merge, c, texts));
}

}  // namespace
}  // namespace polku::ingest
