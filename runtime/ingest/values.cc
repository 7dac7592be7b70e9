#include "runtime/ingest/values.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

namespace polku::ingest {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

bool same_word(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) { return lower(a) == b; });
}

Value text_value(std::string_view text, base::Texts& texts) {
  if (base::is_ascii(text)) return texts.intern(text);
  const auto normal = base::nfc(text);
  return normal ? texts.intern(*normal) : kUnknown;
}

Value yes_or_no(std::string_view text) {
  for (auto word : {"true", "yes", "1"})
    if (same_word(text, word)) return kYes;
  for (auto word : {"false", "no", "0"})
    if (same_word(text, word)) return kNo;
  return kUnknown;
}

Value consent(std::string_view text) {
  if (same_word(text, "given") || same_word(text, "true")) return kYes;
  if (same_word(text, "refused") || same_word(text, "false")) return kNo;
  return kUnknown;
}

// `55`, `55.5`, `55.50 EUR`: in cents, and never rounded.
Value money(std::string_view text, const std::string& currency) {
  if (!text.empty() && letter(text.back())) {
    if (!text.ends_with(currency)) return kUnknown;
    text = trimmed(text.substr(0, text.size() - currency.size()));
  }
  return decimal(text, 2, true);
}

Value percent(std::string_view text) {
  if (text.ends_with('%')) text = trimmed(text.substr(0, text.size() - 1));
  return decimal(text, 4, false);
}

// `30 minutes`, `1.5 hours`. A number without its unit says nothing.
Value duration(std::string_view text) {
  struct Unit {
    std::string_view one, many;
    Millis length;
  };
  static constexpr std::array kUnits{Unit{"millisecond", "milliseconds", 1}, Unit{"second", "seconds", kSecond}, Unit{"minute", "minutes", kMinute},
                                     Unit{"hour", "hours", kHour},           Unit{"day", "days", kDay},          Unit{"week", "weeks", 7 * kDay}};
  auto unit_at = std::find_if(text.begin(), text.end(), letter);
  std::string_view unit(unit_at, text.end());
  const Value amount = decimal(trimmed({text.begin(), unit_at}), 6, true);
  if (amount == kUnknown) return kUnknown;
  for (const Unit& known : kUnits) {
    if (unit != known.one && unit != known.many) continue;
    __int128 millis = static_cast<__int128>(amount) * known.length;
    if (millis % kMillion != 0) return kUnknown;
    millis /= kMillion;
    if (millis > std::numeric_limits<Millis>::max() || millis < -std::numeric_limits<Millis>::max()) return kUnknown;
    return static_cast<Millis>(millis);
  }
  return kUnknown;
}

Value text_list(const Cell& cell, const Row& row, const Setting& setting) {
  thread_local std::vector<Value> ids;
  ids.clear();
  const auto add = [&](std::string_view text) { return ids.emplace_back(text_value(text, *setting.texts)) != kUnknown; };
  if (cell.kind == Cell::Kind::List) {
    for (std::uint32_t i = 0; i < cell.count; ++i) {
      const Cell& item = row.items[cell.first + i];
      if (item.kind != Cell::Kind::Text || !add(item.text)) return kUnknown;
    }
  } else if (cell.kind == Cell::Kind::Text && setting.csv) {
    for (std::string_view rest = cell.text;;) {
      const std::size_t bar = rest.find('|');
      if (!add(rest.substr(0, bar))) return kUnknown;
      if (bar == std::string_view::npos) break;
      rest.remove_prefix(bar + 1);
    }
  } else {
    return kUnknown;
  }
  return setting.texts->intern_list(ids);
}

}  // namespace

Value decimal(std::string_view text, int places, bool exact) {
  static constexpr std::int64_t kTen[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000};
  const char *p = text.data(), *const end = p + text.size();
  const bool minus = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) ++p;
  std::uint64_t usual = 0;  // all digits; they may be too many
  const auto digits = [&] {
    const char* const from = p;
    for (; p < end && digit(*p); ++p) usual = usual * 10 + static_cast<std::uint64_t>(*p - '0');
    return p - from;
  };
  const char* const whole = p;
  const auto whole_digits = digits();
  const char* fraction = p;
  std::ptrdiff_t fraction_digits = 0;
  if (p < end && *p == '.') {
    fraction = ++p;
    fraction_digits = digits();
    if (fraction_digits == 0) return kUnknown;
  }
  if (whole_digits + fraction_digits == 0) return kUnknown;
  if (p == end && whole_digits + fraction_digits <= 18 && fraction_digits <= places) {
    std::int64_t value = 0;
    if (__builtin_mul_overflow(static_cast<std::int64_t>(usual), kTen[places - fraction_digits], &value)) return kUnknown;
    return minus ? -value : value;
  }
  std::int64_t exponent = 0;
  if (p < end && (*p == 'e' || *p == 'E')) {
    const bool negative = ++p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) ++p;
    if (p == end) return kUnknown;
    for (; p < end && digit(*p); ++p)
      if (exponent < 1'000'000'000) exponent = exponent * 10 + (*p - '0');
    if (negative) exponent = -exponent;
  }
  if (p != end) return kUnknown;

  // Digit by digit: `kept` more of them belong to the result, the next one decides the rounding, any behind it breaks a tie.
  std::int64_t kept = whole_digits + exponent + places;
  std::int64_t value = 0;
  int next = 0;
  bool behind = false;
  auto take = [&](const char* from, std::ptrdiff_t count) {
    for (; count > 0; ++from, --count, --kept) {
      const int d = *from - '0';
      if (kept > 0) {
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, d, &value)) return false;
      } else if (kept == 0) {
        next = d;
      } else {
        behind |= d != 0;
      }
    }
    return true;
  };
  if (!take(whole, whole_digits) || !take(fraction, fraction_digits)) return kUnknown;
  for (; kept > 0 && value != 0; --kept)
    if (__builtin_mul_overflow(value, 10, &value)) return kUnknown;
  if (exact && (next != 0 || behind)) return kUnknown;
  if (next > 5 || (next == 5 && (behind || value % 2 != 0)))
    if (__builtin_add_overflow(value, 1, &value)) return kUnknown;
  return minus ? -value : value;
}

Millis read_time(const Cell& cell, const base::Zone& zone) {
  if (cell.kind == Cell::Kind::Text) return base::parse_instant(cell.text, zone).value_or(kUnknown);
  if (cell.kind != Cell::Kind::Number) return kUnknown;
  static const Millis first = *base::parse_instant("0001-01-01T00:00Z", base::Zone::utc());
  static const Millis last = *base::parse_instant("9999-12-31T23:59:59.999Z", base::Zone::utc());
  const Millis millis = decimal(cell.text, 0, true);
  return millis < first || millis > last ? kUnknown : millis;
}

ValueReader::ValueReader(const catalog::Type& type, const std::map<std::string, int>* values) : kind_(type.kind) {
  if (values)
    for (const auto& [raw, position] : *values) names_.add(raw, position);
  for (std::size_t i = 0; i < type.values.size(); ++i) names_.add(type.values[i], static_cast<int>(i));
}

Value ValueReader::read(const Cell& cell, const Row& row, const Setting& setting) const {
  using enum catalog::TypeKind;
  if (kind_ == TextList) return text_list(cell, row, setting);
  if (cell.kind == Cell::Kind::List || cell.kind == Cell::Kind::Object) return kUnknown;
  const bool quoted = cell.kind == Cell::Kind::Text;
  const std::string_view text = trimmed(cell.text);  // of a number, true or false: as it was written
  switch (kind_) {
    case YesNo: return yes_or_no(text);
    case Whole: return decimal(text, 0, true);
    case Number: return decimal(text, 6, false);
    case Money: return money(text, setting.catalog->currency);
    case Percent: return percent(text);
    case Text: return quoted ? text_value(cell.text, *setting.texts) : kUnknown;
    case OneOf: {
      const int* position = names_.find(cell.text);
      if (!position) position = names_.find(text);
      return position ? *position : kUnknown;
    }
    case Time: return read_time({cell.kind, text}, setting.zone);
    case Date: return quoted ? base::parse_date(text).value_or(kUnknown) : kUnknown;
    case Duration: return quoted ? duration(text) : kUnknown;
    case TextList: break;
    case Consent: return consent(text);
  }
  return kUnknown;
}

std::string excerpt(std::string_view text) {
  std::string out;
  std::size_t characters = 0;
  bool cut = false;
  text = text.substr(0, 1000);
  while (!text.empty()) {
    if (characters == 60) {
      cut = true;
      break;
    }
    std::size_t length = 1;
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead >= 0xC0) length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    const std::string_view character = text.substr(0, length);
    if (!base::valid_utf8(character)) {
      out += "\uFFFD";
      length = 1;
    } else if (lead < 0x20 || lead == 0x7F) {
      out += ' ';
    } else {
      out += character;
    }
    text.remove_prefix(length);
    ++characters;
  }
  if (cut) out += "…";
  return out;
}

}  // namespace polku::ingest
