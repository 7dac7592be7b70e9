// Instants as text, and the civil time of a zone. The only place that knows the time-zone library.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/value.h"

namespace polku::base {

// A time zone of the IANA database of the system. Cheap to copy; safe from any thread. The database lists clock changes up to
// 2037 (Debian's "fat" files); the offset of the last one holds from then on. A Zone made without find() is UTC.
class Zone {
 public:
  static std::optional<Zone> find(std::string_view name);  // "Europe/Helsinki"; nullopt if there is no such zone
  static Zone utc();
  // Local wall time (as Millis since 1970-01-01T00:00 local) to the instant. A time that a clock change skips is the
  // first instant after the gap; one that happens twice is the first of the two (LANGUAGE.md 5.3).
  Millis to_instant(Millis local) const;
  Millis to_local(Millis instant) const;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  const void* zone_ = nullptr;  // its table of clock changes, which lives as long as the process
};
// Of the zone files of this machine: "2025b"; "unknown" where they do not say.
std::string zone_data_version();

// "2011-10-01T00:38:44.546+02:00", "…Z", also with a blank for the T, seconds and fraction optional (a fraction is cut to
// milliseconds). Without an offset the time is local in `zone`. A bare date is its first instant. nullopt if it is none
// of these, or outside the years 0001–9999.
std::optional<Millis> parse_instant(std::string_view text, const Zone& zone);

// "2026-12-24" → days since 1970-01-01.
std::optional<std::int64_t> parse_date(std::string_view text);

// RFC 3339, UTC, always with milliseconds: "2011-09-30T22:38:44.546Z".
std::string format_instant(Millis at);
std::string format_date(std::int64_t days);

// Days since 1970-01-01 of a civil date; nullopt if there is no such day.
std::optional<std::int64_t> civil_day(int year, int month, int day);
struct CivilDate {
  int year = 1970, month = 1, day = 1;
};
CivilDate civil_date(std::int64_t days);
// The day of `year` that has the month and day of `of`: 29 February is 28 February in a year without one. nullopt outside 0001–9999.
std::optional<std::int64_t> anniversary(const CivilDate& of, int year);

// The visitor's calendar. The local date that an instant is in, as days since 1970-01-01; and the first instant of the local day, week
// (Monday) or month that `now` is in, never later than `now`. Where a clock change skips that midnight, or the whole day, it is the
// first instant after the gap; a midnight that happens twice is the first of the two.
std::int64_t local_day(const Zone& zone, Millis instant);
Millis start_of_day(const Zone& zone, Millis now);
Millis start_of_week(const Zone& zone, Millis now);
Millis start_of_month(const Zone& zone, Millis now);

}  // namespace polku::base
