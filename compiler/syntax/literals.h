// Numbers, times and texts as they are spelt, to values. No ANTLR, no diagnostics: the caller knows the place.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/value.h"

namespace polku::syntax {

enum class NumberFault { None, TooLarge, TooManyDecimals };

struct Scaled { std::int64_t value = 0; NumberFault fault = NumberFault::None; };

// "12" or "12.50" times 10^places, exact: decimals beyond `places` are a fault, even if they are zeros.
Scaled scaled(std::string_view digits, int places);

// count times unit, or nullopt on overflow.
std::optional<Millis> times(std::int64_t count, Millis unit);

// "09:00", "23:59:30" → Millis of the day; nullopt if there is no such time of day, or it is not written with two digits each.
std::optional<Millis> time_of_day(std::string_view text);

// "9:5" → "09:05".
std::string padded_time(std::string_view text);

// 1 for January; 0 if it is no month.
int month_number(std::string_view name);
std::string_view month_name(int number);  // 1 to 12

// What stands in the quotes, `\"` and `\\` resolved; `bad_at` is the offset in `quoted` of the first other backslash, if any.
std::string unquoted(std::string_view quoted, std::optional<std::size_t>& bad_at);

}  // namespace polku::syntax
