// Constants of the catalog: durations and defaults. Whole numbers all the way, no floating point.
#include <algorithm>
#include <array>
#include <charconv>

#include "compiler/catalog/reader.h"
#include "runtime/base/time.h"

namespace polku::catalog {
namespace {

using diag::Code;

bool digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::int64_t> parse_whole(std::string_view text) {
  const std::string_view bare = text.starts_with('-') ? text.substr(1) : text;
  std::int64_t value = 0;
  if (!digits(bare)) return std::nullopt;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size() || value == kUnknown) return std::nullopt;
  return value;
}

struct Unit { std::string_view one, many; Millis length; };
constexpr std::array kUnits{Unit{"second", "seconds", kSecond}, Unit{"minute", "minutes", kMinute}, Unit{"hour", "hours", kHour},
                            Unit{"day", "days", kDay}, Unit{"week", "weeks", 7 * kDay}};

// "40 EUR" → "40" and "EUR"; nullopt without a blank.
std::optional<std::pair<std::string_view, std::string_view>> split(std::string_view text) {
  const std::size_t gap = text.find(' ');
  if (gap == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(gap);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return std::pair{text.substr(0, gap), rest};
}

}  // namespace

std::optional<std::int64_t> parse_decimal(std::string_view text, int places) {
  const std::size_t point = text.find('.');
  std::string all(text.substr(0, point));
  if (all.empty() || all == "-") return std::nullopt;
  std::string_view after = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (point != std::string_view::npos && !digits(after)) return std::nullopt;
  if (after.size() > static_cast<std::size_t>(places)) return std::nullopt;
  all += after;
  all.append(static_cast<std::size_t>(places) - after.size(), '0');
  return parse_whole(all);
}

std::optional<Millis> parse_duration(std::string_view text) {
  const auto parts = split(text);
  if (!parts || !digits(parts->first)) return std::nullopt;
  const auto count = parse_whole(parts->first);
  for (const Unit& unit : kUnits) {
    if (parts->second != unit.one && parts->second != unit.many) continue;
    Millis length = 0;
    if (!count || __builtin_mul_overflow(*count, unit.length, &length)) return std::nullopt;
    return length;
  }
  return std::nullopt;
}

std::optional<Millis> Reader::duration(const Node& node, const std::string& what) {
  if (!expect(node, Shape::Word, what, "30 minutes")) return std::nullopt;
  if (const auto length = parse_duration(node.text)) return length;
  std::string help = "A duration is a whole number and a unit, as in `30 minutes`; units are seconds, minutes, hours, days and weeks.";
  if (const auto parts = split(node.text)) {
    std::vector<std::string> units;
    for (const Unit& unit : kUnits) units.emplace_back(unit.many);
    if (parts->second.starts_with("month") || parts->second.starts_with("year")) {
      help = "Months and years differ in length; say how many days.";
    } else if (const std::string near = did_you_mean(std::string(parts->second), units); digits(parts->first) && !near.empty()) {
      help = near;
    }
  }
  error(Code::CatalogDuration, node.span, what + " must be a duration, and " + quote(node.text) + " is none.", std::move(help));
  return std::nullopt;
}

std::optional<Constant> Reader::constant(const Node& node, const Type& type, const std::string& what) {
  Constant c;
  if (type.kind == TypeKind::TextList) {
    if (!expect(node, Shape::List, what, "[\"a\", \"b\"]")) return std::nullopt;
    for (const Node* item : node.items) {
      if (!expect(*item, Shape::Word, "Each entry of " + what, "[\"a\", \"b\"]")) return std::nullopt;
      c.texts.push_back(nfc(item->text));
    }
    return c;
  }
  if (!expect(node, Shape::Word, what, {})) return std::nullopt;
  const std::string text = nfc(node.text);
  const auto must = [&](std::string kind, std::string help) {
    error(Code::CatalogBadDefault, node.span, what + " must be " + std::move(kind) + ", and " + quote(text) + " is none.", std::move(help));
    return std::optional<Constant>();
  };
  const auto of = [&](std::optional<std::int64_t> value, std::string kind, std::string help) {
    if (!value) return must(std::move(kind), std::move(help));
    c.value = *value;
    return std::optional(c);
  };
  const base::Zone zone = base::Zone::find(out.zone).value_or(base::Zone::utc());
  switch (type.kind) {
    case TypeKind::YesNo: {
      const auto yes = yes_no(node, what);
      if (!yes) return std::nullopt;
      c.value = *yes ? kYes : kNo;
      return c;
    }
    case TypeKind::Whole: return of(parse_whole(text), "a whole number", "Write it as in `3`.");
    case TypeKind::Number: return of(parse_decimal(text, 6), "a number of at most six decimal places", "Write it as in `2.5`.");
    case TypeKind::Money: {
      const std::string help = "Write it as in `40 " + out.currency + "`, with at most two decimal places.";
      const auto parts = split(text);
      if (parts && parts->second != out.currency && parse_decimal(parts->first, 2)) {
        error(Code::CatalogBadDefault, node.span,
              what + " is in " + quote(parts->second) + ", but the currency of the catalog is " + quote(out.currency) + ".", help);
        return std::nullopt;
      }
      return of(parts ? parse_decimal(parts->first, 2) : std::nullopt, "an amount of money", help);
    }
    case TypeKind::Percent:
      return of(text.ends_with('%') ? parse_decimal(std::string_view(text).substr(0, text.size() - 1), 4) : std::nullopt, "a percentage",
                "Write it as in `10%`, with at most four decimal places.");
    case TypeKind::Text:
      if (node.null()) {
        return must("a text", "Put the word in quotes, or make the attribute `optional` instead.");
      }
      c.texts.push_back(text);
      return c;
    case TypeKind::OneOf: {
      const int found = type.values.find(text);
      if (found < 0) {
        std::string help = did_you_mean(text, type.values);
        if (help.empty()) {
          help = "Its list has ";
          constexpr std::size_t kShown = 10;
          for (std::size_t i = 0; i < std::min(type.values.size(), kShown); ++i) help += (i == 0 ? "" : ", ") + quote(type.values[i]);
          help += type.values.size() > kShown ? ", …" : ".";
        }
        error(Code::CatalogBadDefault, node.span, what + " is not in the list of its values: " + quote(text) + ".", std::move(help));
        return std::nullopt;
      }
      c.value = found;
      return c;
    }
    case TypeKind::Time: return of(base::parse_instant(text, zone), "a time", "Write it as in `2026-12-01T10:00:00+02:00`.");
    case TypeKind::Date: return of(base::parse_date(text), "a date", "Write it as in `2026-12-01`.");
    case TypeKind::Duration: {
      const auto length = duration(node, what);
      if (!length) return std::nullopt;
      c.value = *length;
      return c;
    }
    case TypeKind::TextList:
    case TypeKind::Consent: break;  // handled above; a consent has no default
  }
  return std::nullopt;
}

}  // namespace polku::catalog
