#include "compiler/reference/calendar.h"

namespace polku::reference {

namespace {

// The local days around an instant: one more to either side than any clock change reaches.
constexpr std::int64_t kAround = 2;

Millis instant_of(const base::Zone& zone, std::int64_t day, Millis of_day) { return zone.to_instant(day * kDay + of_day); }

bool leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

}  // namespace

std::vector<std::int64_t> days_with(const base::Zone& zone, Millis of_day, Millis instant) {
  std::vector<std::int64_t> days;
  const std::int64_t today = base::local_day(zone, instant);
  for (std::int64_t day = today - kAround; day <= today + kAround; ++day)
    if (instant_of(zone, day, of_day) == instant) days.push_back(day);
  return days;
}

Millis next_time(const base::Zone& zone, Millis of_day, Millis now) {
  std::int64_t day = base::local_day(zone, now) - kAround;
  while (instant_of(zone, day, of_day) <= now) ++day;
  return instant_of(zone, day, of_day);
}

bool is_anniversary(std::int64_t day, std::int64_t date) {
  const base::CivilDate is = base::civil_date(day);
  base::CivilDate wanted = base::civil_date(date);
  if (wanted.month == 2 && wanted.day == 29 && !leap(is.year)) wanted.day = 28;
  return day >= date && is.month == wanted.month && is.day == wanted.day;
}

std::optional<Millis> opening(const base::Zone& zone, Millis from, Millis to, Millis now) {
  const std::int64_t today = base::local_day(zone, now);
  for (std::int64_t day = today - kAround; day <= today + kAround; ++day) {
    const Millis end = instant_of(zone, from < to ? day : day + 1, to);
    if (instant_of(zone, day, from) <= now && now < end) return end;
  }
  return std::nullopt;
}

Millis next_date(const base::Zone& zone, Millis now) {
  // Where the clock is turned about midnight, the date can go back and come again; it is turned at whole minutes.
  constexpr Millis kTurned = 3 * kHour;
  const std::int64_t today = base::local_day(zone, now);
  if (zone.to_local(now + kTurned) - zone.to_local(now - kTurned) != 2 * kTurned) {
    const Millis minute = now - ((now % kMinute) + kMinute) % kMinute;
    for (Millis at = minute + kMinute; at <= now + kTurned; at += kMinute)
      if (base::local_day(zone, at) != today) return at;
  }
  std::int64_t day = today + 1;
  while (instant_of(zone, day, 0) <= now) ++day;
  return instant_of(zone, day, 0);
}

}  // namespace polku::reference
