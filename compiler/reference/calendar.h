// Local times of day as instants: schedules, quiet hours, and when the local date changes (readings 31, 37, 54).
// Internal to the reference interpreter.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/base/time.h"

namespace polku::reference {

// The local days whose `of_day` is this instant. Several only where a clock change skips a whole day.
std::vector<std::int64_t> days_with(const base::Zone& zone, Millis of_day, Millis instant);
// The first instant behind `now` that is some local day's `of_day`.
Millis next_time(const base::Zone& zone, Millis of_day, Millis now);

// In `on DATE`: does `day` have the month and day of the date, and is it not before it?
bool is_anniversary(std::int64_t day, std::int64_t date);

// If `now` is in the quiet hours [from, to): when they end.
std::optional<Millis> opening(const base::Zone& zone, Millis from, Millis to, Millis now);

// The first instant behind `now` from which on the local date is another one.
Millis next_date(const base::Zone& zone, Millis now);

}  // namespace polku::reference
