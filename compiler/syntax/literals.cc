#include "compiler/syntax/literals.h"

#include <array>

namespace polku::syntax {

namespace {

constexpr std::array<std::string_view, 12> kMonths{"January", "February", "March",     "April",   "May",      "June",
                                                   "July",    "August",   "September", "October", "November", "December"};

}  // namespace

Scaled scaled(std::string_view digits, int places) {
  std::int64_t value = 0;
  int decimals = -1;  // -1: still before the point
  for (const char c : digits) {
    if (c == '.') {
      decimals = 0;
      continue;
    }
    if (decimals >= 0 && ++decimals > places) return {0, NumberFault::TooManyDecimals};
    if (__builtin_mul_overflow(value, std::int64_t{10}, &value) || __builtin_add_overflow(value, std::int64_t{c - '0'}, &value))
      return {0, NumberFault::TooLarge};
  }
  for (int i = decimals < 0 ? 0 : decimals; i < places; ++i)
    if (__builtin_mul_overflow(value, std::int64_t{10}, &value)) return {0, NumberFault::TooLarge};
  return {value, NumberFault::None};
}

std::optional<Millis> times(std::int64_t count, Millis unit) {
  Millis all = 0;
  if (__builtin_mul_overflow(count, unit, &all)) return std::nullopt;
  return all;
}

std::optional<Millis> time_of_day(std::string_view text) {
  if ((text.size() != 5 && text.size() != 8) || text[2] != ':' || (text.size() == 8 && text[5] != ':')) return std::nullopt;
  const auto two = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  for (std::size_t i = 0; i < text.size(); ++i)
    if (i != 2 && i != 5 && (text[i] < '0' || text[i] > '9')) return std::nullopt;
  const int hours = two(0), minutes = two(3), seconds = text.size() == 8 ? two(6) : 0;
  if (hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;
  return hours * kHour + minutes * kMinute + seconds * kSecond;
}

std::string padded_time(std::string_view text) {
  std::string padded;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = text.find(':', begin) == std::string_view::npos ? text.size() : text.find(':', begin);
    if (begin > 0) padded += ':';
    if (end - begin < 2) padded += '0';
    padded += text.substr(begin, end - begin);
    begin = end + 1;
  }
  return padded;
}

int month_number(std::string_view name) {
  for (std::size_t i = 0; i < kMonths.size(); ++i)
    if (kMonths[i] == name) return static_cast<int>(i) + 1;
  return 0;
}

std::string_view month_name(int number) { return kMonths[static_cast<std::size_t>(number - 1)]; }

std::string unquoted(std::string_view quoted, std::optional<std::size_t>& bad_at) {
  std::string text;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '\\') {
      ++i;  // the lexer lets no text end in a single backslash
      if (quoted[i] != '"' && quoted[i] != '\\' && !bad_at) bad_at = i - 1;
    }
    text += quoted[i];
  }
  return text;
}

}  // namespace polku::syntax
