#include "tests/differential/values.h"

#include <array>
#include <cstdlib>
#include <limits>

#include "runtime/base/time.h"

namespace polku::differential {

namespace {

constexpr Value kMost = std::numeric_limits<Value>::max();

// Near-equal texts: one in its two normal forms, one with another case, one inside another.
const std::vector<std::string>& texts() {
  static const std::vector<std::string> all = {"", "a", "A", "ab", "abc", "Cabin 7", "caf\xc3\xa9", "cafe\xcc\x81", "\xc3\xa9", "e\xcc\x81", "\xe2\x9c\x88 Oulu", "a \"b\" \\ c"};
  return all;
}

// The number scaled by 10^places, without needless zeros but with at least `least` places.
std::string decimal(Value value, int places, int least) {
  std::string digits = std::to_string(value);
  const bool negative = digits[0] == '-';
  if (negative) digits.erase(0, 1);
  while (static_cast<int>(digits.size()) <= places) digits.insert(0, "0");
  std::string whole = digits.substr(0, digits.size() - static_cast<std::size_t>(places)), after = digits.substr(whole.size());
  while (static_cast<int>(after.size()) > least && after.back() == '0') after.pop_back();
  return (negative ? "-" : "") + whole + (after.empty() ? "" : "." + after);
}

Value draw_value(const World& world, Random& random, Type type, bool far) {
  if (far && type.kind != TypeKind::YesNo && type.kind != TypeKind::OneOf && type.kind != TypeKind::Time && type.kind != TypeKind::Date &&
      type.kind != TypeKind::Consent) {
    Value v = random.of({kMost, kMost - 1, kMost / 2, kMost / 2 + 1, kMost / 1'000'000, kMost / 1'000'000 + 1, Value{1} << 32});
    if (type.kind == TypeKind::Duration) return v / kDay * kDay;
    return random.percent(50) ? v : -v;
  }
  switch (type.kind) {
    case TypeKind::YesNo: return random.percent(60) ? kYes : kNo;
    case TypeKind::Whole: return random.of({0, 1, 1, 2, 2, 3, 3, 4, 5, 10, -1, -3});
    case TypeKind::Number: return random.of({0, 500'000, 1'000'000, 1'500'000, 2'000'000, 2'250'000, 3'000'000, 333'333, 1, -1, -500'000});
    case TypeKind::Money: return random.of({0, 1, 100, 1000, 1050, 4000, 4001, 9999, 20000, -500});
    case TypeKind::Percent: return random.of({0, 1, 100'000, 100'000, 125'000, 333'333, 500'000, 1'000'000, 2'000'000, -50'000});
    case TypeKind::Text: case TypeKind::TextList: return 0;
    case TypeKind::OneOf: return static_cast<Value>(random.below(world.lists[static_cast<std::size_t>(type.list)].size()));
    case TypeKind::Time: {
      const Value on_lattice = world.origin + world.unit * random.between(-3, 12);
      return on_lattice + random.of({0, 0, 0, 1, -1});
    }
    // The last ones make days of the year that logs meet: 29 February too.
    case TypeKind::Date: return world.day + random.of({0, 0, 1, 1, 2, -1, 5, -200, -365, -364, 18321 - static_cast<int>(world.day)});
    case TypeKind::Duration: return world.unit * random.of({0, 1, 1, 2, 2, 3, 4, 5});
    case TypeKind::Consent: return random.percent(80) ? kYes : kNo;
  }
  return 0;
}

std::string date_words(Value days) {
  static constexpr std::array kMonths{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};
  const std::string iso = base::format_date(days);  // 2026-12-24
  return std::to_string(std::atoi(iso.c_str() + 8)) + " " + kMonths[static_cast<std::size_t>(std::atoi(iso.c_str() + 5)) - 1] + " " + iso.substr(0, 4);
}

struct Unit { Millis length; const char* word; };
constexpr Unit kUnits[] = {{kSecond, "second"}, {kMinute, "minute"}, {kHour, "hour"}, {kDay, "day"}, {7 * kDay, "week"}};

}  // namespace

Drawn draw(const World& world, Random& random, Type type, bool far) {
  Drawn drawn{type, draw_value(world, random, type, far), {}};
  if (type.kind == TypeKind::Text) drawn.texts.push_back(random.of(texts()));
  if (type.kind == TypeKind::TextList)
    for (std::size_t i = 0, n = random.below(4); i < n; ++i) drawn.texts.push_back(random.of(texts()));
  if (type.kind == TypeKind::OneOf) drawn.texts.push_back(world.lists[static_cast<std::size_t>(type.list)][static_cast<std::size_t>(drawn.value)]);
  return drawn;
}

bool has_literal(TypeKind kind) { return kind != TypeKind::Time && kind != TypeKind::Consent; }

std::string length_words(Random& random, Millis length) {
  std::vector<const Unit*> fitting;
  for (const Unit& u : kUnits)
    if (length % u.length == 0) fitting.push_back(&u);
  const Unit& u = *random.of(fitting);
  const Millis n = length / u.length;
  return std::to_string(n) + " " + u.word + (n == 1 && random.percent(80) ? "" : "s");
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string instant(Millis at) { return base::format_instant(at); }

std::string clock_words(Random& random, Millis of_day) {
  const auto two = [](Millis n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  const Millis seconds = of_day / kSecond % 60;
  return two(of_day / kHour) + ":" + two(of_day / kMinute % 60) + (seconds != 0 || random.percent(5) ? ":" + two(seconds) : "");
}

std::string share_words(Value ten_thousandths) { return decimal(ten_thousandths, 2, 0) + "%"; }

std::string rule_literal(const World&, Random& random, const Drawn& d) {
  switch (d.type.kind) {
    case TypeKind::YesNo: return d.value == kYes ? "yes" : "no";
    case TypeKind::Whole: return std::to_string(d.value);
    case TypeKind::Number: return decimal(d.value, 6, 1);
    case TypeKind::Money: return decimal(d.value, 2, d.value % 100 == 0 && random.percent(70) ? 0 : 2) + " EUR";
    case TypeKind::Percent: return decimal(d.value, 4, 0) + "%";
    case TypeKind::Text: return quoted(d.texts[0]);
    case TypeKind::OneOf: return d.texts[0];
    case TypeKind::Date: return date_words(d.value);
    case TypeKind::Duration: return length_words(random, d.value);
    case TypeKind::TextList: {  // none is empty
      std::string out = "[" + quoted(d.texts.empty() ? "a" : d.texts[0]);
      for (std::size_t i = 1; i < d.texts.size(); ++i) out += ", " + quoted(d.texts[i]);
      return out + "]";
    }
    case TypeKind::Time: case TypeKind::Consent: break;
  }
  return {};
}

std::string yaml_value(const World& world, Random& random, const Drawn& d) {
  switch (d.type.kind) {
    case TypeKind::YesNo: return d.value == kYes ? "true" : "false";
    case TypeKind::Text: return json_text(d.texts[0]);
    case TypeKind::TextList: return json_value(world, random, d);
    case TypeKind::Time: return "\"" + instant(d.value) + "\"";
    case TypeKind::Date: return base::format_date(d.value);
    case TypeKind::Whole: case TypeKind::Number: case TypeKind::Money: case TypeKind::Percent: case TypeKind::OneOf: case TypeKind::Duration:
    case TypeKind::Consent: break;
  }
  return rule_literal(world, random, d);
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string json_value(const World&, Random& random, const Drawn& d) {
  switch (d.type.kind) {
    case TypeKind::YesNo: return d.value == kYes ? "true" : "false";
    case TypeKind::Whole: return std::to_string(d.value);
    case TypeKind::Number: return decimal(d.value, 6, random.of({0, 1}));
    case TypeKind::Money: return decimal(d.value, 2, random.of({0, 2}));
    case TypeKind::Percent: return "\"" + decimal(d.value, 4, 0) + "%\"";
    case TypeKind::Text: case TypeKind::OneOf: return json_text(d.texts[0]);
    case TypeKind::Time: return "\"" + instant(d.value) + "\"";
    case TypeKind::Date: return "\"" + base::format_date(d.value) + "\"";
    case TypeKind::Duration: return "\"" + length_words(random, d.value) + "\"";
    case TypeKind::Consent: return d.value == kYes ? "\"given\"" : "\"refused\"";
    case TypeKind::TextList: break;
  }
  std::string out = "[";
  for (std::size_t i = 0; i < d.texts.size(); ++i) out += (i == 0 ? "" : ", ") + json_text(d.texts[i]);
  return out + "]";
}

}  // namespace polku::differential
