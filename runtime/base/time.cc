#include "runtime/base/time.h"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <vector>

namespace polku::base {
namespace {

using namespace std::chrono_literals;

// All clock changes of a zone. Built once from the library, whose own look-up copies strings.
struct Changes {
  struct Change {
    Millis at;            // the instant of the change
    Millis local;         // the wall time before it: earlier local times belong to the offset before
    Millis offset;        // local minus UTC, from here on
  };
  Millis first_offset = 0;
  std::vector<Change> list;
};

Millis add(Millis a, Millis b) {
  Millis sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? std::numeric_limits<Millis>::min() + 1 : std::numeric_limits<Millis>::max();
}

Changes changes_of(const date::time_zone& zone) {
  constexpr date::sys_seconds kFirst = date::sys_days(date::year{1} / 1 / 1), kLast = date::sys_days(date::year{9999} / 12 / 31);
  auto millis = [](auto t) { return std::chrono::duration_cast<std::chrono::milliseconds>(t).count(); };
  Changes changes;
  date::sys_info info = zone.get_info(kFirst);
  changes.first_offset = millis(info.offset);
  Millis offset = changes.first_offset;
  while (info.end > info.begin && info.end < kLast) {
    date::sys_info next = zone.get_info(info.end);
    if (next.end <= info.end) break;  // no progress: never loop on a broken zone file
    Millis at = millis(info.end.time_since_epoch()), now = millis(next.offset);
    if (now != offset) {
      Millis local = at + offset;
      if (!changes.list.empty()) local = std::max(local, changes.list.back().local);
      changes.list.push_back({at, local, now});
      offset = now;
    }
    info = std::move(next);
  }
  return changes;
}

// Zones asked for before. Never freed: a Zone may outlive every static object.
struct Known {
  std::mutex mutex;
  std::map<std::string, const Changes*, std::less<>> zones;
};
Known& known() {
  static Known* all = new Known;
  return *all;
}

// Numbers of a fixed count of digits; `good` stays only if all are digits, so that one look at the end is enough.
unsigned digit(char c, bool& good) {
  const unsigned value = static_cast<unsigned char>(c) - unsigned{'0'};
  good &= value <= 9;
  return value;
}
int two_digits(const char* p, bool& good) { return static_cast<int>(digit(p[0], good) * 10 + digit(p[1], good)); }

// Days since 1970-01-01 in the proleptic Gregorian calendar; years counted from March, so that the leap day is the last.
constexpr std::int64_t days_of(int year, int month, int day) {
  std::int64_t y = month <= 2 ? year - 1 : year;
  std::int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
  std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}
constexpr Millis kFirstInstant = days_of(1, 1, 1) * kDay, kLastInstant = (days_of(9999, 12, 31) + 1) * kDay - 1;

void append_number(std::string& out, std::int64_t value, int width) {
  char text[24];
  int at = 24;
  for (; value > 0 || width > 0; value /= 10, --width) text[--at] = static_cast<char>('0' + value % 10);
  out.append(text + at, text + 24);
}

void append_date(std::string& out, std::int64_t days) {
  const CivilDate date = civil_date(days);
  if (date.year < 0) out += '-';
  if (date.year > 9999) out += '+';
  append_number(out, date.year < 0 ? -std::int64_t{date.year} : date.year, 4);
  out += '-';
  append_number(out, date.month, 2);
  out += '-';
  append_number(out, date.day, 2);
}

// The first instant of a local day. A day before all Millis begins with the first day that does not.
Millis first_instant(const Zone& zone, std::int64_t day) {
  return zone.to_instant(std::max(day, std::numeric_limits<Millis>::min() / kDay) * kDay);
}

// What stands behind the date: reads HH:MM[:SS[.fraction]] and moves `p` behind it.
Millis clock_time(const char*& p, const char* end, bool& good) {
  if (end - p < 5) return good = false;
  const int hour = two_digits(p, good), minute = two_digits(p + 3, good);
  good &= (p[2] == ':') & (hour <= 23) & (minute <= 59);
  Millis at = hour * kHour + minute * kMinute;
  p += 5;
  if (p == end || *p != ':') return at;
  if (end - p < 3) return good = false;
  const int second = two_digits(p + 1, good);
  good &= second <= 59;
  at += second * kSecond;
  p += 3;
  if (p == end || *p != '.') return at;
  const char* const from = ++p;
  bool more = true;
  for (Millis unit = 100; p < end && (digit(*p, more), more); ++p, unit /= 10) at += unit * (*p - '0');
  good &= p - from >= 1 && p - from <= 9;
  return at;
}

}  // namespace

std::optional<Zone> Zone::find(std::string_view name) {
  // The folders "posix" and "right" repeat every zone, the latter with leap seconds; "localtime" is whatever this machine is set to.
  if (name.empty() || name.size() > 64 || name == "localtime" || name.starts_with("right/") || name.starts_with("posix/")) return std::nullopt;
  const Changes* changes = nullptr;
  Known& all = known();
  std::lock_guard lock(all.mutex);
  auto found = all.zones.find(name);
  if (found != all.zones.end()) {
    changes = found->second;
  } else {
    try {
      changes = new Changes(changes_of(*date::locate_zone(name)));
    } catch (const std::exception&) {  // no such zone, or no zone database
      return std::nullopt;
    }
    all.zones.emplace(name, changes);
  }
  Zone zone;
  zone.name_ = name;
  zone.zone_ = changes;
  return zone;
}

// The library finds the same folder; its own word for the version is empty where the system's files are used.
std::string zone_data_version() {
  const std::string folder = "/usr/share/zoneinfo/";
  std::string line;
  constexpr std::string_view kFirst = "# version ";
  if (std::ifstream in(folder + "tzdata.zi"); std::getline(in, line) && line.starts_with(kFirst)) return line.substr(kFirst.size());
  if (std::ifstream in(folder + "+VERSION"); std::getline(in, line) && !line.empty()) return line;
  return "unknown";
}

Zone Zone::utc() {
  Zone zone;
  zone.name_ = "UTC";
  return zone;
}

Millis Zone::to_instant(Millis local) const {
  const auto* changes = static_cast<const Changes*>(zone_);
  if (!changes) return local;
  const auto& list = changes->list;
  auto after = std::upper_bound(list.begin(), list.end(), local, [](Millis t, const Changes::Change& c) { return t < c.local; });
  if (after == list.begin()) return add(local, -changes->first_offset);
  const auto& change = *--after;
  return std::max(add(local, -change.offset), change.at);  // before `at` only if the change skipped this time
}

Millis Zone::to_local(Millis instant) const {
  const auto* changes = static_cast<const Changes*>(zone_);
  if (!changes) return instant;
  const auto& list = changes->list;
  auto after = std::upper_bound(list.begin(), list.end(), instant, [](Millis t, const Changes::Change& c) { return t < c.at; });
  return add(instant, after == list.begin() ? changes->first_offset : (after - 1)->offset);
}

std::optional<std::int64_t> civil_day(int year, int month, int day) {
  constexpr std::array<int, 13> kLength{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > kLength[static_cast<std::size_t>(month)]) return std::nullopt;
  if (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0))) return std::nullopt;
  return days_of(year, month, day);
}

CivilDate civil_date(std::int64_t days) {
  constexpr std::int64_t kFar = 200'000'000'000;  // beyond every Millis, and its year still an int
  days = std::clamp(days, -kFar, kFar);
  std::int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
  std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  std::int64_t march = (5 * of_year + 2) / 153, month = march < 10 ? march + 3 : march - 9;
  std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0), day = of_year - (153 * march + 2) / 5 + 1;
  return {static_cast<int>(year), static_cast<int>(month), static_cast<int>(day)};
}

std::optional<std::int64_t> anniversary(const CivilDate& of, int year) {
  auto day = civil_day(year, of.month, of.day);
  return day || of.month != 2 || of.day != 29 ? day : civil_day(year, 2, 28);
}

std::int64_t local_day(const Zone& zone, Millis instant) {
  const Millis local = zone.to_local(instant);
  return local / kDay - (local % kDay < 0 ? 1 : 0);
}

Millis start_of_day(const Zone& zone, Millis now) { return first_instant(zone, local_day(zone, now)); }

Millis start_of_week(const Zone& zone, Millis now) {
  const std::int64_t day = local_day(zone, now), since_monday = ((day + 3) % 7 + 7) % 7;  // day 0 was a Thursday
  return first_instant(zone, day - since_monday);
}

Millis start_of_month(const Zone& zone, Millis now) {
  const std::int64_t day = local_day(zone, now);
  return first_instant(zone, day - (civil_date(day).day - 1));
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  const char* p = text.data();
  if (text.size() != 10) return std::nullopt;
  bool good = (p[4] == '-') & (p[7] == '-');
  const int year = two_digits(p, good) * 100 + two_digits(p + 2, good), month = two_digits(p + 5, good), day = two_digits(p + 8, good);
  if (!good) return std::nullopt;
  return civil_day(year, month, day);
}

std::optional<Millis> parse_instant(std::string_view text, const Zone& zone) {
  const auto days = parse_date(text.substr(0, 10));
  if (!days) return std::nullopt;
  Millis at = *days * kDay;
  const char *p = text.data() + 10, *const end = text.data() + text.size();
  bool good = true, local = true;
  if (p < end) {
    good &= *p == 'T' || *p == ' ';
    at += clock_time(++p, end, good);
    if (end - p == 1 && *p == 'Z') {
      local = false;
    } else if (p < end) {
      if (end - p != 6 || (*p != '+' && *p != '-')) return std::nullopt;
      const int hours = two_digits(p + 1, good), minutes = two_digits(p + 4, good);
      const Millis offset = hours * kHour + minutes * kMinute;
      good &= p[3] == ':' && minutes <= 59 && offset <= 18 * kHour;
      at += *p == '+' ? -offset : offset;
      local = false;
    }
  }
  if (!good) return std::nullopt;
  if (local) at = zone.to_instant(at);
  if (at < kFirstInstant || at > kLastInstant) return std::nullopt;
  return at;
}

std::string format_date(std::int64_t days) {
  std::string out;
  append_date(out, days);
  return out;
}

std::string format_instant(Millis at) {
  Millis days = at / kDay, rest = at % kDay;
  if (rest < 0) rest += kDay, --days;
  std::string out;
  out.reserve(28);
  append_date(out, days);
  out += 'T';
  append_number(out, rest / kHour, 2);
  out += ':';
  append_number(out, rest / kMinute % 60, 2);
  out += ':';
  append_number(out, rest / kSecond % 60, 2);
  out += '.';
  append_number(out, rest % kSecond, 3);
  out += 'Z';
  return out;
}

}  // namespace polku::base
