// The one machine representation of every value a rule can see.
#pragma once
#include <cstdint>
#include <limits>

namespace polku {

// Milliseconds. As an instant: since 1970-01-01T00:00:00Z. As a duration: a plain length; a day is 24 hours.
using Millis = std::int64_t;

inline constexpr Millis kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

// A typed value in 64 bits; the type (catalog::Type) says how to read it:
//   yes/no    0 or 1                       one of    position in the declared list, from 0
//   whole     the number                   time      Millis since the epoch
//   number    millionths                   date      days since 1970-01-01
//   money     minor units (cents)          duration  Millis
//   percent   millionths of one (10% = 100,000)
//   text      id in base::Texts            list of text   id of a list in base::Texts
//   consent   0 refused, 1 given
// Missing, null, of the wrong type, overflow, division by zero: all are kUnknown. No valid value equals it.
using Value = std::int64_t;
inline constexpr Value kUnknown = std::numeric_limits<std::int64_t>::min();
inline constexpr Value kNo = 0, kYes = 1;
inline constexpr std::int64_t kMillion = 1'000'000;

}  // namespace polku
