// A pack that is compiled again after an edit: as if for the first time, and only what changed is parsed.
#include <gtest/gtest.h>

#include <random>

#include "compiler/driver/driver.h"

namespace polku::driver {
namespace {

constexpr const char* kCatalog = R"(
catalog: shop
events:
  order: { total: money }
  visit: { page: text }
visitor:
  age: whole number
  city: text optional
channels:
  email: {}
templates:
  hello: { by: [email] }
)";

std::string journey(int n, int age) {
  return "journey \"J" + std::to_string(n) + "\"\n  rule r\n    when order\n    only if age at least " + std::to_string(age) +
         " and not city is \"Turku\"\n    do send \"hello\" by email\nend\n";
}

struct World {
  syntax::Cache cache;
  std::vector<File> files;

  std::string said(const Pack& pack) {
    std::string out;
    for (const diag::Diagnostic& d : pack.diagnostics.all()) out += diag::render_text(d, pack.sources, false);
    if (pack.plan) out += plan::print(*pack.plan);
    return out;
  }
  // As the first compilation of the same text says; how many blocks were parsed.
  std::size_t compile() {
    const auto again = driver::compile({"catalog.yaml", kCatalog}, files, true, &cache);
    const std::size_t parsed = cache.parsed();
    EXPECT_EQ(said(*again), said(*driver::compile({"catalog.yaml", kCatalog}, files, true)));
    EXPECT_EQ(again->plan.has_value(), again->diagnostics.ok());
    return parsed;
  }
};

World world(int journeys) {
  World w;
  for (int f = 0; f < 3; ++f) {
    w.files.push_back({std::string(1, static_cast<char>('a' + f)) + ".polku", "# file\n"});
    for (int i = 0; i < journeys; ++i) w.files.back().text += journey(f * journeys + i, 20 + i);
  }
  return w;
}

TEST(Cache, OnlyWhatChangedIsParsed) {
  World w = world(40);
  EXPECT_EQ(w.compile(), 3u * 41u);
  EXPECT_EQ(w.compile(), 0u);
  std::string& text = w.files[1].text;
  text.replace(text.find("at least 30"), 11, "at least 31");
  EXPECT_EQ(w.compile(), 1u);
  text.insert(0, "# a line above, in more\n# than one\n");
  EXPECT_EQ(w.compile(), 1u);  // the stretch above the first journey
  w.files.erase(w.files.begin());
  EXPECT_EQ(w.compile(), 0u);
}

TEST(Cache, PlacesFollowTheText) {
  World w = world(2);
  w.compile();
  w.files[0].text.insert(0, "\n\n\n");
  const auto pack = compile({"catalog.yaml", kCatalog}, w.files, true, &w.cache);
  ASSERT_EQ(pack->diagnostics.warnings(), 6u);  // `not city is`
  EXPECT_EQ(pack->sources.position(pack->diagnostics.all()[0].span.file, pack->diagnostics.all()[0].span.begin).line, 8u);
  EXPECT_EQ(w.compile(), 0u);
}

TEST(Cache, TheSameBlockTwiceHasTwoPlaces) {
  World w = world(2);
  w.files[2].text += journey(0, 20);
  EXPECT_EQ(w.compile(), 9u + 1u);  // a journey that is there already: told where it stands
  w.files[2].text.clear();
  EXPECT_EQ(w.compile(), 1u);       // nothing at all is a block too
}

TEST(Cache, AFaultIsToldAsEver) {
  World w = world(3);
  w.compile();
  const std::string good = w.files[1].text;
  for (const std::string fault : {"end\njourney", "only if age at least", "journey \"x\"\n", "\"", "when order.\n journey", "test \"t\"\n  at 10:00 order\n"}) {
    for (const std::size_t at : {std::size_t{0}, good.find("only"), good.size() / 2, good.size()}) {
      w.files[1].text = std::string(good).insert(at, fault);
      w.compile();
    }
    w.files[1].text = good;
    EXPECT_LE(w.compile(), 1u) << fault;
  }
}

TEST(Cache, ABlockWordMayBeAField) {
  World w = world(1);
  w.files[0].text = "journey \"J\"\n  rule r\n    when order where order.\n  journey is 3\n    do send \"hello\" by email\nend\n";
  w.compile();
}

TEST(Cache, AnyEditsInAnyOrder) {
  World w = world(6);
  std::mt19937 random(7);
  const std::vector<std::string> pieces{"\n", "end\n", "journey \"New\"\n", "# x\n", "  rule s\n", " ", "test \"a\"\nend\n", "segment s is age at least 3 end\n", "€", "\""};
  for (int i = 0; i < 150; ++i) {
    std::string& text = w.files[random() % 3].text;
    const std::size_t at = text.empty() ? 0 : random() % text.size();
    if (random() % 2 == 0) {
      text.insert(at, pieces[random() % pieces.size()]);
    } else {
      text.erase(at, random() % 30);
    }
    w.compile();
    if (i % 10 == 9) w.files = world(6).files;
  }
}

}  // namespace
}  // namespace polku::driver
