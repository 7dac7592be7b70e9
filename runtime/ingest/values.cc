#include "runtime/ingest/values.h"

#include <algorithm>
#include <array>
#include <limits>

namespace polku::ingest {
namespace {

bool blank(char c) { return c == ' ' || c == '\t'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

bool same_word(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) { return lower(a) == b; });
}

// The scalar as a text: what a number, yes or no looks like, so that lists of values may have them as names.
std::optional<std::string_view> scalar(const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::Text:
    case Cell::Kind::Number: return cell.text;
    case Cell::Kind::True: return "true";
    case Cell::Kind::False: return "false";
    case Cell::Kind::Absent:
    case Cell::Kind::Null:
    case Cell::Kind::List:
    case Cell::Kind::Object: return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string_view> number_text(const Cell& cell) {
  if (cell.kind != Cell::Kind::Text && cell.kind != Cell::Kind::Number) return std::nullopt;
  return trimmed(cell.text);
}

std::optional<Value> text_value(std::string_view text, base::Texts& texts) {
  if (base::is_ascii(text)) return texts.intern(text);
  auto normal = base::nfc(text);
  if (!normal) return std::nullopt;
  return texts.intern(*normal);
}

std::optional<Value> yes_or_no(const Cell& cell) {
  auto text = scalar(cell);
  if (!text) return std::nullopt;
  *text = trimmed(*text);
  for (auto word : {"true", "yes", "1"})
    if (same_word(*text, word)) return kYes;
  for (auto word : {"false", "no", "0"})
    if (same_word(*text, word)) return kNo;
  return std::nullopt;
}

std::optional<Value> consent(const Cell& cell) {
  auto text = scalar(cell);
  if (!text) return std::nullopt;
  *text = trimmed(*text);
  if (same_word(*text, "given") || same_word(*text, "true")) return kYes;
  if (same_word(*text, "refused") || same_word(*text, "false")) return kNo;
  return std::nullopt;
}

// `55`, `55.5`, `55.50 EUR`: in cents, and never rounded.
std::optional<Value> money(const Cell& cell, const std::string& currency) {
  auto text = number_text(cell);
  if (!text) return std::nullopt;
  if (!text->empty() && letter(text->back())) {
    if (!text->ends_with(currency)) return std::nullopt;
    text->remove_suffix(currency.size());
    *text = trimmed(*text);
  }
  return decimal(*text, 2, true);
}

std::optional<Value> percent(const Cell& cell) {
  auto text = number_text(cell);
  if (!text) return std::nullopt;
  if (text->ends_with('%')) *text = trimmed(text->substr(0, text->size() - 1));
  return decimal(*text, 4, false);
}

// `30 minutes`, `1.5 hours`. A number without its unit says nothing.
std::optional<Value> duration(const Cell& cell) {
  struct Unit {
    std::string_view one, many;
    Millis length;
  };
  static constexpr std::array kUnits{Unit{"millisecond", "milliseconds", 1}, Unit{"second", "seconds", kSecond}, Unit{"minute", "minutes", kMinute},
                                     Unit{"hour", "hours", kHour},           Unit{"day", "days", kDay},          Unit{"week", "weeks", 7 * kDay}};
  if (cell.kind != Cell::Kind::Text) return std::nullopt;
  std::string_view text = trimmed(cell.text);
  auto unit_at = std::find_if(text.begin(), text.end(), letter);
  std::string_view unit(unit_at, text.end());
  auto amount = decimal(trimmed({text.begin(), unit_at}), 6, true);
  if (!amount) return std::nullopt;
  for (const Unit& known : kUnits) {
    if (unit != known.one && unit != known.many) continue;
    __int128 millis = static_cast<__int128>(*amount) * known.length;
    if (millis % kMillion != 0) return std::nullopt;
    millis /= kMillion;
    if (millis > std::numeric_limits<Millis>::max() || millis < -std::numeric_limits<Millis>::max()) return std::nullopt;
    return static_cast<Millis>(millis);
  }
  return std::nullopt;
}

std::optional<Value> text_list(const Cell& cell, const Row& row, const Setting& setting) {
  std::vector<Value> ids;
  if (cell.kind == Cell::Kind::List) {
    for (std::uint32_t i = 0; i < cell.count; ++i) {
      const Cell& item = row.items[cell.first + i];
      auto id = item.kind == Cell::Kind::Text ? text_value(item.text, *setting.texts) : std::nullopt;
      if (!id) return std::nullopt;
      ids.push_back(*id);
    }
  } else if (cell.kind == Cell::Kind::Text && setting.csv) {
    for (std::string_view rest = cell.text;;) {
      const std::size_t bar = rest.find('|');
      auto id = text_value(rest.substr(0, bar), *setting.texts);
      if (!id) return std::nullopt;
      ids.push_back(*id);
      if (bar == std::string_view::npos) break;
      rest.remove_prefix(bar + 1);
    }
  } else {
    return std::nullopt;
  }
  return setting.texts->intern_list(ids);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

void Names::add(const std::string& name, int number) {
  for (const std::string& spelling : {name, base::nfc(name).value_or(name)})
    if (numbers_.try_emplace(spelling, number).second && numbers_.size() <= kFew) few_.emplace_back(spelling, number);
}

std::optional<int> Names::exactly(std::string_view name) const {
  if (numbers_.size() <= kFew) {
    for (const auto& [known, number] : few_)
      if (known == name) return number;
    return std::nullopt;
  }
  auto found = numbers_.find(name);
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int> Names::find(std::string_view name) const {
  auto number = exactly(name);
  if (!number && !base::is_ascii(name))
    if (auto normal = base::nfc(name)) number = exactly(*normal);
  return number;
}

std::optional<std::int64_t> decimal(std::string_view text, int places, bool exact) {
  const char *p = text.data(), *const end = p + text.size();
  const bool minus = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) ++p;
  const char* const whole = p;
  while (p < end && digit(*p)) ++p;
  const char* const whole_end = p;
  const char *fraction = p, *fraction_end = p;
  if (p < end && *p == '.') {
    fraction = ++p;
    while (p < end && digit(*p)) ++p;
    fraction_end = p;
    if (fraction == fraction_end) return std::nullopt;
  }
  if (whole == whole_end && fraction == fraction_end) return std::nullopt;
  std::int64_t exponent = 0;
  if (p < end && (*p == 'e' || *p == 'E')) {
    const bool negative = ++p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) ++p;
    if (p == end) return std::nullopt;
    for (; p < end && digit(*p); ++p)
      if (exponent < 1'000'000'000) exponent = exponent * 10 + (*p - '0');
    if (negative) exponent = -exponent;
  }
  if (p != end) return std::nullopt;

  // Digit by digit: `kept` more of them belong to the result, the next one decides the rounding, any behind it breaks a tie.
  std::int64_t kept = (whole_end - whole) + exponent + places;
  std::int64_t value = 0;
  int next = 0;
  bool behind = false;
  auto take = [&](const char* from, const char* to) {
    for (; from < to; ++from, --kept) {
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
  if (!take(whole, whole_end) || !take(fraction, fraction_end)) return std::nullopt;
  for (; kept > 0 && value != 0; --kept)
    if (__builtin_mul_overflow(value, 10, &value)) return std::nullopt;
  if (exact && (next != 0 || behind)) return std::nullopt;
  if (next > 5 || (next == 5 && (behind || value % 2 != 0)))
    if (__builtin_add_overflow(value, 1, &value)) return std::nullopt;
  return minus ? -value : value;
}

std::optional<Millis> read_time(const Cell& cell, const base::Zone& zone) {
  if (cell.kind == Cell::Kind::Text) return base::parse_instant(cell.text, zone);
  if (cell.kind != Cell::Kind::Number) return std::nullopt;
  static const Millis first = *base::parse_instant("0001-01-01T00:00Z", base::Zone::utc());
  static const Millis last = *base::parse_instant("9999-12-31T23:59:59.999Z", base::Zone::utc());
  auto millis = decimal(cell.text, 0, true);
  if (!millis || *millis < first || *millis > last) return std::nullopt;
  return millis;
}

ValueReader::ValueReader(const catalog::Type& type, const std::map<std::string, int>* values) : kind_(type.kind) {
  if (values)
    for (const auto& [raw, position] : *values) names_.add(raw, position);
  for (std::size_t i = 0; i < type.values.size(); ++i) names_.add(type.values[i], static_cast<int>(i));
}

std::optional<Value> ValueReader::value(const Cell& cell, const Row& row, const Setting& setting) const {
  using enum catalog::TypeKind;
  switch (kind_) {
    case YesNo: return yes_or_no(cell);
    case Whole:
    case Number: {
      auto text = number_text(cell);
      return text ? kind_ == Whole ? decimal(*text, 0, true) : decimal(*text, 6, false) : std::nullopt;
    }
    case Money: return money(cell, setting.catalog->currency);
    case Percent: return percent(cell);
    case Text: return cell.kind == Cell::Kind::Text ? text_value(cell.text, *setting.texts) : std::nullopt;
    case OneOf: {
      auto text = scalar(cell);
      auto position = text ? names_.find(*text) : std::nullopt;
      if (text && !position) position = names_.find(trimmed(*text));
      return position ? std::optional<Value>(*position) : std::nullopt;
    }
    case Time: return read_time(cell.kind == Cell::Kind::Text ? Cell{cell.kind, trimmed(cell.text)} : cell, setting.zone);
    case Date: return cell.kind == Cell::Kind::Text ? base::parse_date(trimmed(cell.text)) : std::nullopt;
    case Duration: return duration(cell);
    case TextList: return text_list(cell, row, setting);
    case Consent: return consent(cell);
  }
  return std::nullopt;
}

ValueReader::Got ValueReader::read(const Cell& cell, const Row& row, const Setting& setting, Value& out) const {
  if (cell.kind == Cell::Kind::Absent || cell.kind == Cell::Kind::Null) return Got::Missing;
  auto read = value(cell, row, setting);
  if (!read) return Got::Bad;
  out = *read;
  return Got::Given;
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
