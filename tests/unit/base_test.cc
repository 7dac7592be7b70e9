#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/name_index.h"
#include "runtime/base/text.h"
#include "runtime/base/time.h"

namespace polku::base {
namespace {

Zone zone(const char* name) {
  auto found = Zone::find(name);
  EXPECT_TRUE(found) << name;
  return found.value_or(Zone::utc());
}

std::string read(std::string_view text, const Zone& in = Zone::utc()) {
  auto at = parse_instant(text, in);
  return at ? format_instant(*at) : "none";
}

TEST(Utf8, AcceptsEveryLengthAndTellsTheFirstBadByte) {
  EXPECT_TRUE(valid_utf8(""));
  EXPECT_TRUE(valid_utf8(std::string_view("a\0b", 3)));
  EXPECT_TRUE(valid_utf8("päivä – 船 – 🚢 – \xEE\x80\x80 \xF4\x8F\xBF\xBF \xED\x9F\xBF"));
  const std::pair<const char*, std::size_t> bad[] = {
      {"\x80", 0}, {"abcdefghij\xC3", 10}, {"a\xC0\x80", 1}, {"\xC1\xBF", 0}, {"\xE0\x9F\xBF", 0}, {"\xED\xA0\x80", 0}, {"\xF0\x8F\xBF\xBF", 0},
      {"\xF4\x90\x80\x80", 0}, {"\xF5\x80\x80\x80", 0}, {"ä\xE2\x82", 2}, {"\xE2\x28\xA1", 0}, {"\xFF", 0}};
  for (auto [text, at] : bad) {
    std::size_t where = 99;
    EXPECT_FALSE(valid_utf8(text, &where)) << text;
    EXPECT_EQ(where, at) << text;
  }
}

TEST(Nfc, ComposesOrdersAndKeeps) {
  EXPECT_EQ(nfc("plain"), "plain");
  EXPECT_EQ(nfc("a\u0308iti"), "\u00E4iti");
  EXPECT_EQ(nfc("\u00E4iti"), "\u00E4iti");
  EXPECT_EQ(nfc("\u212B"), "\u00C5");                               // Ångström sign
  EXPECT_EQ(nfc("\u1112\u1161\u11AB"), "\uD55C");                   // Hangul
  EXPECT_EQ(nfc("\u0958"), "\u0915\u093C");                         // excluded from composition
  EXPECT_EQ(nfc("q\u0307\u0323"), "q\u0323\u0307");                 // marks in canonical order
  EXPECT_EQ(nfc("\uFB01"), "\uFB01");                               // compatibility forms stay
  EXPECT_EQ(nfc("\U0001D15E"), "\U0001D157\U0001D165");
  EXPECT_EQ(nfc(std::string_view("a\0\u212B", 5)), std::string("a\0\u00C5", 4));
  EXPECT_FALSE(nfc("\xC3("));
}

TEST(Nfc, LongRunsOfMarksTakeNoQuadraticTime) {
  std::string marks = "a", sorted = "a";
  for (int i = 0; i < 100'000; ++i) marks += i % 2 ? "\u0323" : "\u0301";
  auto out = nfc(marks);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->substr(0, 3), "\u1EA1");  // the first dot below joins the letter
  EXPECT_EQ(nfc(*out), out);
}

TEST(Texts, EqualTextsShareAnIdAndListsKeepTheirOrder) {
  Texts texts;
  Value a = texts.intern("a"), b = texts.intern("b");
  EXPECT_EQ(texts.intern(std::string("a")), a);
  EXPECT_NE(a, b);
  EXPECT_EQ(texts.text(b), "b");
  Value ab = texts.intern_list(std::vector<Value>{a, b}), ba = texts.intern_list(std::vector<Value>{b, a});
  EXPECT_NE(ab, ba);
  EXPECT_EQ(texts.intern_list(std::vector<Value>{a, b}), ab);
  for (int i = 0; i < 5000; ++i) texts.intern("text " + std::to_string(i));
  EXPECT_EQ(texts.text(a), "a");
  ASSERT_EQ(texts.list(ba).size(), 2u);
  EXPECT_EQ(texts.list(ba)[0], b);
  EXPECT_EQ(texts.size(), 5002u);
}

TEST(NameIndex, FindsWhatItWasTold) {
  base::Names names;
  std::vector<const base::Name*> kept;
  base::NameIndex index;
  std::map<std::string, std::uint32_t> told;
  std::mt19937 random(7);
  const auto find = [&](const std::string& name) {
    return index.find(base::NameIndex::hash(name), [&](std::uint32_t number) { return kept[number]->text() == name; });
  };
  EXPECT_EQ(find(""), base::NameIndex::kNone);
  const auto add = [&](const std::string& name) {
    kept.push_back(names.add(name));
    return static_cast<std::uint32_t>(kept.size() - 1);
  };
  for (int i = 0; i < 60'000; ++i) {
    std::string name = std::to_string(random() % 20'000);
    if (random() % 50 == 0) name.append(random() % 200, 'x');
    if (random() % 500 == 0) name = std::string(70'000 + random() % 3, 'y');  // longer than a chunk
    if (random() % 1000 == 0) name.clear();
    const auto known = told.find(name);
    ASSERT_EQ(find(name), known == told.end() ? base::NameIndex::kNone : known->second) << name;
    if (known == told.end()) {
      index.add(base::NameIndex::hash(name), told[name] = add(name));
    } else if (random() % 8 == 0) {
      const std::uint32_t by = add(name);
      index.replace(base::NameIndex::hash(name), known->second, by);
      known->second = by;
    }
  }
  for (const auto& [name, number] : told) {
    ASSERT_EQ(find(name), number);
    ASSERT_EQ(kept[number]->text(), name) << "it stays where it is";
  }
}

// Different names of one hash are told apart by whoever asks, also behind the end of the table.
TEST(NameIndex, HashesMayBeTheSame) {
  base::NameIndex index;
  const std::uint64_t last = ~std::uint64_t{0};
  for (std::uint32_t n = 0; n < 1000; ++n) index.add(last - n % 4, n);
  for (std::uint32_t n = 0; n < 1000; ++n) {
    ASSERT_EQ(index.find(last - n % 4, [&](std::uint32_t m) { return m == n; }), n);
    ASSERT_EQ(index.find(last - (n + 1) % 4, [&](std::uint32_t m) { return m == n; }), base::NameIndex::kNone);
  }
}

TEST(Instant, ReadsEveryForm) {
  EXPECT_EQ(read("2011-10-01T00:38:44.546+02:00"), "2011-09-30T22:38:44.546Z");
  EXPECT_EQ(read("2010-12-01 08:26:00"), "2010-12-01T08:26:00.000Z");
  EXPECT_EQ(read("2010-12-01T08:26"), "2010-12-01T08:26:00.000Z");
  EXPECT_EQ(read("2010-12-01T08:26Z"), "2010-12-01T08:26:00.000Z");
  EXPECT_EQ(read("2010-12-01T08:26:00.1Z"), "2010-12-01T08:26:00.100Z");
  EXPECT_EQ(read("2010-12-01T08:26:00.123999999-05:30"), "2010-12-01T13:56:00.123Z");
  EXPECT_EQ(read("2024-02-29"), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(read("1969-12-31T23:59:59.999Z"), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(read("0001-01-01"), "0001-01-01T00:00:00.000Z");
  EXPECT_EQ(read("9999-12-31T23:59:59.999Z"), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(read("2010-12-01T08:26:00+18:00"), "2010-11-30T14:26:00.000Z");
  EXPECT_EQ(parse_instant("1970-01-01T00:00:01Z", Zone::utc()), 1000);
}

TEST(Instant, RefusesAllElse) {
  for (auto text : {"", "2011", "2011-13-01", "2011-02-31", "2011-02-29", "1900-02-29", "2011-00-10", "2011-01-00", "0000-01-01", "2011-1-1", "2011-01-01T", "2011-01-01T1:00",
                    "2011-01-01T24:00", "2011-01-01T23:60", "2011-01-01T23:59:60", "2011-01-01T23:59:5", "2011-01-01T23:59:59.", "2011-01-01T23:59:59.1234567890",
                    "2011-01-01T10:00:00+18:01", "2011-01-01T10:00:00+02:60", "2011-01-01T10:00:00+0200", "2011-01-01T10:00:00+02", "2011-01-01T10:00:00Zx", "2011-01-01T10:00:00 ",
                    " 2011-01-01", "2011-01-01Z", "2011/01/01", "01.02.2011", "1317422324", "0001-01-01T00:00:00+18:00", "9999-12-31T23:00:00-18:00", "２０１１-01-01"})
    EXPECT_EQ(read(text), "none") << text;
}

TEST(Instant, EveryPrefixAndOneByteChangeIsSafe) {
  std::string good = "2011-10-01T00:38:44.546+02:00";
  for (std::size_t n = 0; n < good.size(); ++n) {
    read(good.substr(0, n));
    for (int c = 0; c < 256; ++c) {
      std::string changed = good;
      changed[n] = static_cast<char>(c);
      auto at = parse_instant(changed, Zone::utc());
      if (at) { ASSERT_EQ(parse_instant(format_instant(*at), Zone::utc()), at) << changed; }
    }
  }
}

TEST(Instant, PrintsAndReadsBackAnyDay) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    Millis at = std::uniform_int_distribution<Millis>(-62135596800000, 253402300799999)(random);
    ASSERT_EQ(parse_instant(format_instant(at), Zone::utc()), at) << at;
  }
  EXPECT_EQ(format_instant(std::numeric_limits<Millis>::max()), "+292278994-08-17T07:12:55.807Z");
  EXPECT_FALSE(format_instant(kUnknown).empty());
  EXPECT_FALSE(format_date(kUnknown).empty());
}

TEST(Date, ReadsAndPrints) {
  EXPECT_EQ(parse_date("1970-01-01"), 0);
  EXPECT_EQ(parse_date("1969-12-31"), -1);
  EXPECT_EQ(parse_date("2026-12-24"), civil_day(2026, 12, 24));
  EXPECT_EQ(format_date(*parse_date("2000-02-29")), "2000-02-29");
  EXPECT_FALSE(parse_date("2026-12-24T00:00"));
  EXPECT_FALSE(parse_date("2100-02-29"));
  EXPECT_FALSE(civil_day(10000, 1, 1));
  for (std::int64_t day = -800'000; day < 2'900'000; day += 97) {
    if (day < *civil_day(1, 1, 1) || day > *civil_day(9999, 12, 31)) continue;
    ASSERT_EQ(parse_date(format_date(day)), day);
  }
}

TEST(Zone, GapsAreTheFirstInstantAfterAndDoublesTheFirst) {
  Zone helsinki = zone("Europe/Helsinki");
  EXPECT_EQ(read("2026-03-29 02:59:59.999", helsinki), "2026-03-29T00:59:59.999Z");
  EXPECT_EQ(read("2026-03-29 03:00", helsinki), "2026-03-29T01:00:00.000Z");
  EXPECT_EQ(read("2026-03-29 03:59:59", helsinki), "2026-03-29T01:00:00.000Z");
  EXPECT_EQ(read("2026-03-29 04:00", helsinki), "2026-03-29T01:00:00.000Z");
  EXPECT_EQ(read("2026-10-25 03:00", helsinki), "2026-10-25T00:00:00.000Z");
  EXPECT_EQ(read("2026-10-25 03:59:59", helsinki), "2026-10-25T00:59:59.000Z");
  EXPECT_EQ(read("2026-10-25 04:00", helsinki), "2026-10-25T02:00:00.000Z");
  EXPECT_EQ(read("2026-10-25T03:30+02:00", helsinki), "2026-10-25T01:30:00.000Z");
  EXPECT_EQ(read("2011-12-30 12:00", zone("Pacific/Apia")), "2011-12-30T10:00:00.000Z");     // a day that never was
  EXPECT_EQ(read("2018-11-04", zone("America/Sao_Paulo")), "2018-11-04T03:00:00.000Z");      // midnight is skipped
  EXPECT_EQ(read("2026-04-05 01:45", zone("Australia/Lord_Howe")), "2026-04-04T14:45:00.000Z");  // half an hour twice
}

TEST(Zone, LocalTimeLeadsBackToTheInstant) {
  for (auto name : {"Europe/Helsinki", "America/New_York", "Asia/Kathmandu", "Africa/Casablanca", "UTC", "Pacific/Apia"}) {
    Zone in = zone(name);
    EXPECT_EQ(in.name(), name);
    std::mt19937_64 random(3);
    for (int i = 0; i < 5000; ++i) {
      Millis at = std::uniform_int_distribution<Millis>(-2'000'000'000'000, 2'100'000'000'000)(random);
      Millis back = in.to_instant(in.to_local(at));
      ASSERT_EQ(in.to_local(back), in.to_local(at));
      ASSERT_LE(back, at);  // earlier only in an hour that happens twice
      ASSERT_LE(at - back, 3 * kHour);
    }
  }
  EXPECT_EQ(zone("Europe/Helsinki").to_local(*parse_instant("2026-07-01T09:00:00Z", Zone::utc())), *parse_instant("2026-07-01T12:00:00Z", Zone::utc()));
}

TEST(Zone, UnknownNamesAndExtremeTimesAreHarmless) {
  for (auto name : {"", "Europe/Helsinky", "europe/helsinki", "localtime", "../etc/passwd", "right/UTC", "posix/UTC", "tzdata.zi", "Europe"}) EXPECT_FALSE(Zone::find(name)) << name;
  Zone zone = *Zone::find("America/New_York");
  for (Millis at : {std::numeric_limits<Millis>::min(), std::numeric_limits<Millis>::max()}) {
    zone.to_instant(at);
    zone.to_local(at);
  }
  EXPECT_EQ(Zone().to_local(5), 5);
}

TEST(Date, PartsOfADayAndTheSameDayOfOtherYears) {
  for (std::int64_t day = *civil_day(1, 1, 1); day <= *civil_day(9999, 12, 31); day += 13) {
    const CivilDate date = civil_date(day);
    ASSERT_EQ(civil_day(date.year, date.month, date.day), day);
  }
  EXPECT_EQ(civil_date(0).year, 1970);
  EXPECT_EQ(civil_date(-1).day, 31);
  EXPECT_EQ(anniversary({1990, 7, 14}, 2026), parse_date("2026-07-14"));
  EXPECT_EQ(anniversary({2000, 2, 29}, 2024), parse_date("2024-02-29"));
  EXPECT_EQ(anniversary({2000, 2, 29}, 2026), parse_date("2026-02-28"));
  EXPECT_EQ(anniversary({2000, 2, 29}, 2100), parse_date("2100-02-28"));
  EXPECT_EQ(anniversary({2000, 2, 28}, 2024), parse_date("2024-02-28"));
  EXPECT_FALSE(anniversary({2000, 2, 29}, 10000));
  EXPECT_FALSE(anniversary({2000, 2, 30}, 2026));
  civil_date(std::numeric_limits<std::int64_t>::max());
  civil_date(kUnknown);
}

std::string day_of(std::string_view now, const Zone& in) { return format_instant(start_of_day(in, *parse_instant(now, in))); }

TEST(Calendar, DaysBeginAtTheFirstInstantThatTheyHave) {
  const Zone helsinki = zone("Europe/Helsinki");
  EXPECT_EQ(day_of("2026-03-28 12:00", helsinki), "2026-03-27T22:00:00.000Z");
  EXPECT_EQ(day_of("2026-03-29 00:00", helsinki), "2026-03-28T22:00:00.000Z");  // of 23 hours
  EXPECT_EQ(day_of("2026-03-29 23:59:59.999", helsinki), "2026-03-28T22:00:00.000Z");
  EXPECT_EQ(day_of("2026-03-30 00:00", helsinki), "2026-03-29T21:00:00.000Z");
  EXPECT_EQ(day_of("2026-10-25 23:59:59.999", helsinki), "2026-10-24T21:00:00.000Z");  // of 25 hours
  EXPECT_EQ(day_of("2026-10-26 00:00", helsinki), "2026-10-25T22:00:00.000Z");
  const Zone howe = zone("Australia/Lord_Howe");
  EXPECT_EQ(day_of("2026-04-05 23:00", howe), "2026-04-04T13:00:00.000Z");  // of 24 hours and a half
  EXPECT_EQ(day_of("2026-04-06 00:00", howe), "2026-04-05T13:30:00.000Z");
  EXPECT_EQ(day_of("2026-10-04 12:00", howe), "2026-10-03T13:30:00.000Z");
  EXPECT_EQ(day_of("2026-10-05 12:00", howe), "2026-10-04T13:00:00.000Z");
  const Zone apia = zone("Pacific/Apia");
  EXPECT_EQ(day_of("2011-12-29 23:59:59.999", apia), "2011-12-29T10:00:00.000Z");
  EXPECT_EQ(day_of("2011-12-30 12:00", apia), "2011-12-30T10:00:00.000Z");  // never was: the first instant of the 31st
  EXPECT_EQ(local_day(apia, *parse_instant("2011-12-30 12:00", apia)), parse_date("2011-12-31"));
  EXPECT_EQ(day_of("2011-12-31 23:00", apia), "2011-12-30T10:00:00.000Z");
  const Zone sao_paulo = zone("America/Sao_Paulo");
  EXPECT_EQ(day_of("2017-10-15 12:00", sao_paulo), "2017-10-15T03:00:00.000Z");  // begins at 01:00
  EXPECT_EQ(day_of("2017-10-14 23:59", sao_paulo), "2017-10-14T03:00:00.000Z");
  EXPECT_EQ(day_of("2018-02-17 23:30", sao_paulo), "2018-02-17T02:00:00.000Z");  // 23:00 to 24:00 twice, in the same day
  EXPECT_EQ(format_instant(start_of_day(sao_paulo, *parse_instant("2018-02-18T02:30Z", sao_paulo))), "2018-02-17T02:00:00.000Z");
  EXPECT_EQ(day_of("2018-02-18 00:00", sao_paulo), "2018-02-18T03:00:00.000Z");
  const Zone havana = zone("America/Havana");
  EXPECT_EQ(day_of("2020-03-08 12:00", havana), "2020-03-08T05:00:00.000Z");  // begins at 01:00
  EXPECT_EQ(day_of("2020-11-01 12:00", havana), "2020-11-01T04:00:00.000Z");  // 00:00 to 01:00 twice: the first
  EXPECT_EQ(format_instant(start_of_day(havana, *parse_instant("2020-11-01T05:30Z", havana))), "2020-11-01T04:00:00.000Z");
  EXPECT_EQ(day_of("1987-10-25 12:00", zone("America/St_Johns")), "1987-10-25T02:30:00.000Z");  // begins, is the day before again, and goes on
}

TEST(Calendar, WeeksBeginOnMondayAndMonthsOnTheFirst) {
  const Zone helsinki = zone("Europe/Helsinki");
  auto week = [](std::string_view now, const Zone& in) { return format_instant(start_of_week(in, *parse_instant(now, in))); };
  auto month = [](std::string_view now, const Zone& in) { return format_instant(start_of_month(in, *parse_instant(now, in))); };
  EXPECT_EQ(week("2026-11-16 00:00", helsinki), "2026-11-15T22:00:00.000Z");
  EXPECT_EQ(week("2026-11-22 23:59:59.999", helsinki), "2026-11-15T22:00:00.000Z");
  EXPECT_EQ(week("2026-11-15 23:59:59.999", helsinki), "2026-11-08T22:00:00.000Z");
  EXPECT_EQ(week("2026-10-25 23:00", helsinki), "2026-10-18T21:00:00.000Z");  // over a clock change
  EXPECT_EQ(week("1969-12-31", Zone::utc()), "1969-12-29T00:00:00.000Z");
  EXPECT_EQ(week("1970-01-04 23:00", Zone::utc()), "1969-12-29T00:00:00.000Z");
  EXPECT_EQ(month("2026-10-31 23:00", helsinki), "2026-09-30T21:00:00.000Z");
  EXPECT_EQ(month("2024-02-29 12:00", helsinki), "2024-01-31T22:00:00.000Z");
  EXPECT_EQ(month("2026-03-01 00:00", helsinki), "2026-02-28T22:00:00.000Z");
  for (Millis at : {kUnknown, std::numeric_limits<Millis>::min() + 1, std::numeric_limits<Millis>::max()})
    for (const auto& in : {Zone::utc(), helsinki}) start_of_day(in, at), start_of_week(in, at), start_of_month(in, at), local_day(in, at);
}

// Instant after instant: the first one found in a day, week or month lies at most one step behind its start, and all others agree with it.
TEST(Calendar, HoldsInEveryZone) {
  constexpr Millis kStep = 3 * kHour;
  const Millis first = *parse_instant("2020-01-01", Zone::utc()), last = *parse_instant("2027-01-01", Zone::utc());
  const std::filesystem::path folder = "/usr/share/zoneinfo";
  std::size_t zones = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto name = std::filesystem::relative(entry.path(), folder).string();
    if (!entry.is_regular_file() || !std::isupper(static_cast<unsigned char>(name[0]))) continue;
    const auto in = Zone::find(name);
    if (!in) continue;
    ++zones;
    std::int64_t days[3] = {kUnknown, kUnknown, kUnknown};
    Millis starts[3] = {};
    for (Millis now = first; now < last; now += kStep) {
      const Millis local = in->to_local(now);
      const std::int64_t day = local_day(*in, now);
      ASSERT_LE(day * kDay, local) << name;
      ASSERT_LT(local, (day + 1) * kDay) << name;
      const CivilDate date = civil_date(day);
      const std::int64_t since_monday = (day + 3) % 7;
      const std::int64_t of[3] = {day, day - since_monday, *civil_day(date.year, date.month, 1)};
      const Millis start[3] = {start_of_day(*in, now), start_of_week(*in, now), start_of_month(*in, now)};
      for (int i = 0; i < 3; ++i) {
        ASSERT_LE(start[i], now) << name << format_instant(now);
        ASSERT_EQ(local_day(*in, start[i]), of[i]) << name << format_instant(now);  // no day is skipped in these years
        ASSERT_LT(local_day(*in, start[i] - 1), of[i]) << name << format_instant(now);
        if (days[i] == of[i]) {
          ASSERT_EQ(start[i], starts[i]) << name << format_instant(now);
        } else if (days[i] != kUnknown) {
          ASSERT_LT(now - start[i], kStep) << name << format_instant(now);
        }
        days[i] = of[i];
        starts[i] = start[i];
      }
    }
  }
  EXPECT_GT(zones, 300u);
}

TEST(Zone, ManyThreadsFindTheSame) {
  std::vector<std::thread> threads;
  std::vector<Millis> results(8);
  for (std::size_t i = 0; i < results.size(); ++i)
    threads.emplace_back([&results, i] { results[i] = Zone::find("Asia/Tokyo")->to_local(0); });
  for (auto& thread : threads) thread.join();
  for (Millis result : results) EXPECT_EQ(result, 9 * kHour);
}

}  // namespace
}  // namespace polku::base
