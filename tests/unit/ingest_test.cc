// Inputs of every kind, and the identity of records.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "runtime/ingest/reader.h"
#include "tests/unit/ingest_world.h"

namespace polku::ingest {
namespace {

// ---- Inputs ----

std::string mixed_csv(unsigned seed) {
  std::mt19937 random(seed);
  auto pick = [&](auto... options) {
    const std::string all[] = {options...};
    return all[std::uniform_int_distribution<std::size_t>(0, sizeof...(options) - 1)(random)];
  };
  std::string text(kHead);
  for (int i = 0; i < 300; ++i)
    text += pick("a", "", "\"b\nb\"", "\xC3\xA4") + "," + pick("2026-07-01 10:00", "2026-07-01T10:00:00.5+03:00", "x") + "," + pick("PAID", "ALL", "", "OTHER") + "," + pick("1", "2.50", "", "\"3\"", "x") + "," +
            pick("Turku", "\"a \"\"b\"\"\"", "\"x\r\ny\"", "", "\"open", "\"a\"b") + pick("\n", "\n", "\r\n", "\n\n");
  return text;
}

// Everything that is told about an input, to be compared.
std::string told(const Took& took) {
  std::string out = took.error + "\n" + took.records;
  for (std::size_t r = 0; r < kRejects; ++r) out += std::to_string(took.counts.by_reject[r]) + " " + std::to_string(took.counts.first[r].line) + " " + took.counts.first[r].what + "\n";
  return out + std::to_string(took.counts.records) + " " + std::to_string(took.counts.bytes);
}

Took take_in_chunks(std::string_view text, std::size_t chunk, const catalog::Source* source) {
  auto c = a_catalog();
  base::Texts texts;
  return drain(open_input(Input::of_text(text, chunk), c, source, texts), c, texts);
}

TEST(IngestInput, TheSizeOfReadsDoesNotMatter) {
  auto source = a_source();
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::string text = mixed_csv(seed);
    const std::string whole = told(take(text, &source));
    for (std::size_t chunk : {1u, 2u, 3u, 7u, 64u, 1000u}) ASSERT_EQ(told(take_in_chunks(text, chunk, &source)), whole) << seed << " " << chunk;
  }
  std::string long_quote = std::string(kHead) + "a,2026-07-01,PAID,1,\"" + std::string(kLongest + 100, 'x') + "\"\nb,2026-07-01,PAID,1,\n";
  for (int i = 0; i < 3; ++i) long_quote += long_quote;
  ASSERT_EQ(told(take_in_chunks(long_quote, 100'000, &source)), told(take_in_chunks(long_quote, 10'000'000, &source)));
  source.format = catalog::Format::Ndjson;
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += i % 7 ? "{\"who\":\"a" + std::to_string(i) + "\",\"when\":1,\"what\":\"PAID\",\"amount\":\"" + std::to_string(i) + " EUR\"}\n" : "{bad\r\n\n";
  for (std::size_t chunk : {1u, 5u, 64u, 999u}) ASSERT_EQ(told(take_in_chunks(lines, chunk, &source)), told(take(lines, &source)));
}

TEST(IngestInput, APipeIsReadAsItComes) {
  const std::string text = mixed_csv(99);
  auto source = a_source();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::thread writer([&] {
    for (std::size_t at = 0; at < text.size(); at += 11)
      if (::write(ends[1], text.data() + at, std::min<std::size_t>(11, text.size() - at)) < 0) break;
    ::close(ends[1]);
  });
  auto c = a_catalog();
  base::Texts texts;
  std::uint64_t size = 123;
  auto took = drain(open("/dev/fd/" + std::to_string(ends[0]), c, &source, texts, &size), c, texts);
  writer.join();
  ::close(ends[0]);
  EXPECT_EQ(told(took), told(take(text, &source)));
  EXPECT_EQ(size, 123u);  // a pipe has none
}

TEST(IngestInput, ABatchIsWhatIsThere) {
  auto c = a_catalog();
  base::Texts texts;
  const auto line = [](int i) { return "{\"visitor\":\"a visitor with a long name " + std::to_string(i) + "\",\"at\":" + std::to_string(i) + ",\"event\":\"paid\"}\n"; };
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const auto write = [&](const std::string& text) { ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size())); };
  write(line(0) + line(1) + line(2).substr(0, 20));
  auto opened = open("/dev/fd/" + std::to_string(ends[0]), c, nullptr, texts);
  ASSERT_TRUE(opened.reader);
  auto batch = opened.reader->next_batch();  // and does not wait for the rest of the third
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch[0].visitor, "a visitor with a long name 0");
  EXPECT_EQ(batch[1].visitor, "a visitor with a long name 1");
  EXPECT_EQ(batch[1].event.at, 1);
  std::string rest = line(2).substr(20);
  for (int i = 3; i < 103; ++i) rest += i == 50 ? "bad\n" : line(i);
  write(rest);
  ::close(ends[1]);
  std::size_t next = 2;
  std::vector<std::size_t> sizes;
  for (batch = opened.reader->next_batch(); !batch.empty(); batch = opened.reader->next_batch()) {
    sizes.push_back(batch.size());
    for (const Record& record : batch) {
      if (next == 50) ++next;
      EXPECT_EQ(record.visitor, "a visitor with a long name " + std::to_string(next));
      EXPECT_EQ(record.line, ++next);
    }
  }
  EXPECT_EQ(next, 103u);
  EXPECT_LE(sizes.front(), Reader::kBatch);
  EXPECT_GT(*std::max_element(sizes.begin(), sizes.end()), 30u);
  EXPECT_EQ(opened.reader->counts().by_reject[static_cast<std::size_t>(Reject::bad_json)], 1u);
  ::close(ends[0]);
}

// What is no record is not waited behind either. (If it is, this test does not end.)
TEST(IngestInput, ABatchEndsBehindWhatIsNoRecord) {
  auto c = a_catalog();
  base::Texts texts;
  const auto first_batch = [&](const std::string& text) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    auto opened = open("/dev/fd/" + std::to_string(ends[0]), c, nullptr, texts);
    const std::size_t size = opened.reader->next_batch().size();
    ::close(ends[1]);
    EXPECT_TRUE(opened.reader->next_batch().empty());
    ::close(ends[0]);
    return size;
  };
  const std::string line = "{\"visitor\":\"v\",\"at\":1,\"event\":\"paid\"}\n";
  EXPECT_EQ(first_batch(line + "\n"), 1u);
  EXPECT_EQ(first_batch(line + "bad\n" + line + "\n\nbad\n"), 2u);
  EXPECT_EQ(first_batch("visitor,at,event\nv,2026-03-02T10:00:00Z,paid\nv,2026-03-02T10:00:00Z,paid,more\nv,never,paid\n"), 1u);
}

TEST(IngestInput, FilesAndWhatCannotBeRead) {
  auto path = std::filesystem::path(testing::TempDir()) / "polku_ingest_test.csv";
  const std::string text = mixed_csv(5);
  std::ofstream(path, std::ios::binary) << text;
  auto c = a_catalog();
  auto source = a_source();
  base::Texts texts;
  std::uint64_t size = 0;
  auto took = drain(open(path.string(), c, &source, texts, &size), c, texts);
  EXPECT_EQ(size, text.size());
  EXPECT_EQ(took.counts.bytes, text.size());
  EXPECT_EQ(told(took), told(take(text, &source)));
  std::filesystem::remove(path);
  EXPECT_NE(open(path.string(), c, &source, texts).error.find("No such file"), std::string::npos);
  EXPECT_NE(open(testing::TempDir(), c, &source, texts).error.find("is a folder"), std::string::npos);
}

TEST(IngestInput, AnInputThatBreaksOffSaysSo) {
  auto c = a_catalog();
  base::Texts texts;
  auto took = drain(open("/proc/self/mem", c, nullptr, texts), c, texts);  // opens, and cannot be read from its begin
  EXPECT_NE(took.counts.stopped, "");
}

TEST(IngestInput, NoBytesCrashIt) {
  std::mt19937 random(1);
  auto source = a_source();
  auto json = a_source();
  json.format = catalog::Format::Ndjson;
  json.fields = {{{0, 0}, "a.b"}};
  const std::string alphabet = "\"\"\"{}[]:,,,\\\n\n\r|ae10.-tfn \xFF\xC3\xA4\xE2" + std::string(1, '\0');
  for (int i = 0; i < 600; ++i) {
    std::string text;
    const bool structured = i % 2;
    const auto length = std::uniform_int_distribution<int>(0, 200)(random);
    for (int k = 0; k < length; ++k)
      text += structured ? alphabet[std::uniform_int_distribution<std::size_t>(0, alphabet.size() - 1)(random)] : static_cast<char>(std::uniform_int_distribution<int>(0, 255)(random));
    const catalog::Source* sources[] = {nullptr, &source, &json};
    for (const auto* s : sources) {
      const std::string input = s == &source ? std::string(kHead) + text : text;
      ASSERT_EQ(told(take(input, s)), told(take_in_chunks(input, 1 + static_cast<std::size_t>(i) % 9, s))) << i;
    }
    take("visitor,at,event,total,text,list\n" + text);
    take("visitor,at,asked_for\n" + text);
  }
  const std::string request = R"({"visitor":"v1","at":1,"asked_for":["web.hero","web.sidebar"]})";
  for (std::size_t at = 0; at < request.size(); ++at)
    for (char c : std::string("\0\"\\{}[],:;.1 \xFF", 14)) {
      std::string changed = request;
      changed[at] = c;
      auto took = take(changed + "\n" + request);
      ASSERT_GE(took.counts.accepted + took.counts.faults() + (took.error.empty() ? 0 : 1), 1u);
    }
  const std::string good = R"({"visitor":"v1","at":"2026-07-01T09:00:00Z","event":"all","id":"e1","fields":{"list":["a"],"money":"55 EUR","number":1.5e3}})";
  for (std::size_t at = 0; at < good.size(); ++at)
    for (char c : std::string("\0\"\\{}[],:x1 \xFF", 14)) {
      std::string changed = good;
      changed[at] = c;
      auto took = take(changed + "\n" + good);
      ASSERT_GE(took.counts.accepted + took.counts.faults() + (took.error.empty() ? 0 : 1), 1u);
    }
}

TEST(IngestRejects, HaveNamesAndWords) {
  EXPECT_EQ(reject_name(Reject::short_row), "short_row");
  EXPECT_EQ(reject_words(Reject::bad_json), "lines that are not a JSON object");
  EXPECT_TRUE(reject_refuses(Reject::bad_text));
  EXPECT_FALSE(reject_refuses(Reject::unknown_field));
}

// ---- Identity ----

TEST(Identity, IsTheSameOnEveryMachineAndForEverySpelling) {
  // Pinned: these numbers stand in decision logs.
  EXPECT_EQ(history::identity_of_id("shop", "7"), 0x2e80bd1c3db1ba72u);
  EXPECT_EQ(history::next_equal(1), 0x91f35a3916cb3c1cu);
  EXPECT_EQ(history::firing_id(0x0102030405060708u, "j", "r"), "95ec3cac0fe78116d5e32a640586b15a");
  EXPECT_EQ(history::identity_of_decision("95ec3cac0fe78116d5e32a640586b15a"), 0x150130a829fbc4ddu);
  EXPECT_NE(history::identity_of_id("shop", "7"), history::identity_of_id("shop7", ""));
  EXPECT_NE(history::next_equal(1), history::next_equal(2));
  EXPECT_NE(history::firing_id(1, "ab", "c"), history::firing_id(1, "a", "bc"));
  auto one = take("{\"visitor\":\"v\",\"at\":1,\"event\":\"all\",\"fields\":{\"text\":\"a\",\"whole\":5}}");
  auto two = take("{\"fields\":{\"whole\":5.0,\"text\":\"a\"},\"event\":\"all\",\"at\":\"1970-01-01T00:00:00.001Z\",\"visitor\":\"v\"}");
  EXPECT_EQ(one.identities, std::vector<std::uint64_t>{14541658507847461684u});
  EXPECT_EQ(one.identities, two.identities);
}

TEST(Identity, DependsOnWhatIsGivenAndNotOnTheRestOfTheCatalog) {
  const std::string record = "{\"visitor\":\"v\",\"at\":1,\"event\":\"all\",\"fields\":{\"text\":\"a\",\"whole\":5,\"oneof\":\"silver\",\"list\":[\"a\",\"b\"]}}";
  auto plain = take(record).identities;
  auto c = a_catalog();
  std::reverse(c.events.begin(), c.events.end());
  auto& fields = c.events[0].fields;
  std::reverse(fields.begin(), fields.end());
  fields.push_back(field("another", TypeKind::Text));
  for (auto& f : fields)
    if (f.name == "oneof") f.type.values = {"more", "silver"};
    else if (f.name == "text") f.type = {TypeKind::OneOf, {"b", "a"}};
  EXPECT_EQ(take(record, nullptr, c).identities, plain);
  for (auto [from, to] : {std::pair("\"v\"", "\"w\""), {":1,", ":2,"}, {":5", ":6"}, {"\"text\":\"a\",", ""}, {"silver", "g\u00F6ld"}, {"[\"a\",\"b\"]", "[\"ab\"]"}, {"[\"a\",\"b\"]", "[\"b\",\"a\"]"}}) {
    std::string changed = record;
    changed.replace(changed.find(from), std::string(from).size(), to);
    ASSERT_EQ(take(changed).identities.size(), 1u) << to;
    EXPECT_NE(take(changed).identities, plain) << to;
  }
  const std::string update = "{\"visitor\":\"v\",\"at\":1,\"event\":\"visitor updated\",\"fields\":{\"tier\":\"gold\",\"city\":\"a\"}}";
  auto set = take(update).identities;
  std::reverse(c.attributes.begin(), c.attributes.end());
  EXPECT_EQ(take(update, nullptr, c).identities, set);
  std::string unset = update;
  unset.replace(unset.find("\"gold\""), 6, "null");
  EXPECT_NE(take(unset).identities, set);
}

}  // namespace
}  // namespace polku::ingest
