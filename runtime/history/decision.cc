#include "runtime/history/decision.h"

#include <fmt/format.h>

#include <cstring>

#include "runtime/base/time.h"

namespace polku::history {

using catalog::TypeKind;

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
#define POLKU_OUTCOME(name, recorded, words) \
  case Outcome::name: return #name;
#include "runtime/history/outcomes.def"
#undef POLKU_OUTCOME
  }
  return "";
}

std::string_view outcome_words(Outcome outcome) {
  switch (outcome) {
#define POLKU_OUTCOME(name, recorded, words) \
  case Outcome::name: return words;
#include "runtime/history/outcomes.def"
#undef POLKU_OUTCOME
  }
  return "";
}

bool outcome_recorded(Outcome outcome) {
  switch (outcome) {
#define POLKU_OUTCOME(name, recorded, words) \
  case Outcome::name: return recorded;
#include "runtime/history/outcomes.def"
#undef POLKU_OUTCOME
  }
  return false;
}

std::optional<Outcome> outcome_of(std::string_view name) {
#define POLKU_OUTCOME(outcome, recorded, words) \
  if (name == #outcome) return Outcome::outcome;
#include "runtime/history/outcomes.def"
#undef POLKU_OUTCOME
  return std::nullopt;
}

Datum datum(const catalog::Type& type, Value value, const base::Texts& texts) {
  Datum d{type.kind, value, {}, false};
  if (value == kUnknown) return d;
  if (type.kind == TypeKind::Text) d.texts.emplace_back(texts.text(value));
  if (type.kind == TypeKind::OneOf) d.texts.push_back(type.values[static_cast<std::size_t>(value)]);
  if (type.kind == TypeKind::TextList)
    for (Value t : texts.list(value)) d.texts.emplace_back(texts.text(t));
  return d;
}

namespace {

// millionths as a decimal without trailing zeros: "3.5", "-0.000001", "7".
std::string decimal(std::int64_t millionths) {
  const bool negative = millionths < 0;
  const std::uint64_t n = negative ? 0 - static_cast<std::uint64_t>(millionths) : static_cast<std::uint64_t>(millionths);
  std::string s = fmt::format("{}{}", negative ? "-" : "", n / kMillion);
  if (n % kMillion == 0) return s;
  s += fmt::format(".{:06}", n % kMillion);
  s.erase(s.find_last_not_of('0') + 1);
  return s;
}

std::string money(std::int64_t minor, std::string_view currency) {
  const bool negative = minor < 0;
  const std::uint64_t n = negative ? 0 - static_cast<std::uint64_t>(minor) : static_cast<std::uint64_t>(minor);
  return fmt::format("{}{}.{:02} {}", negative ? "-" : "", n / 100, n % 100, currency);
}

// ratio in millionths as a percentage: 100,000 is "10%".
std::string percent(std::int64_t millionths) {
  const bool negative = millionths < 0;
  const std::uint64_t n = negative ? 0 - static_cast<std::uint64_t>(millionths) : static_cast<std::uint64_t>(millionths);
  std::string s = fmt::format("{}{}", negative ? "-" : "", n / 10'000);
  if (n % 10'000 != 0) {
    s += fmt::format(".{:04}", n % 10'000);
    s.erase(s.find_last_not_of('0') + 1);
  }
  return s + "%";
}

std::string yes_no(Value v) { return v == kYes ? "yes" : "no"; }

// Of 8 bytes: is there a control character, a quote or a backslash? (Zero bytes by subtraction: Mycroft 1987; it may say yes too often, never too seldom.)
bool special(const char* p) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101, kHigh = 0x8080'8080'8080'8080;
  std::uint64_t x = 0;
  std::memcpy(&x, p, sizeof x);
  const auto has = [&](std::uint64_t byte) { return ((x ^ kOnes * byte) - kOnes) & ~(x ^ kOnes * byte); };
  return ((has('"') | has('\\') | has(0x7f) | ((x - kOnes * 0x20) & ~x)) & kHigh) != 0;
}

void quoted(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // from here on nothing has been special
  for (std::size_t i = 0; i < text.size(); ++i) {
    while (i + 8 <= text.size() && !special(text.data() + i)) i += 8;
    if (i == text.size()) break;
    const auto u = static_cast<unsigned char>(text[i]);
    if (u >= 0x20 && u != 0x7f && u != '"' && u != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (u) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      default: out += fmt::format("\\u{:04x}", u);
    }
  }
  out.append(text, plain);
  out += '"';
}

void json_value(std::string& out, const Datum& d, std::string_view currency) {
  if (!d.known()) {
    out += "null";
    return;
  }
  if (d.or_more) return quoted(out, words(d, currency));
  switch (d.kind) {
    case TypeKind::YesNo: out += d.value == kYes ? "true" : "false"; return;
    case TypeKind::Whole: out += std::to_string(d.value); return;
    case TypeKind::Number: out += decimal(d.value); return;
    case TypeKind::TextList:
      out += '[';
      for (std::size_t i = 0; i < d.texts.size(); ++i) {
        if (i > 0) out += ',';
        quoted(out, d.texts[i]);
      }
      out += ']';
      return;
    case TypeKind::Money: case TypeKind::Percent: case TypeKind::Text: case TypeKind::OneOf: case TypeKind::Time: case TypeKind::Date:
    case TypeKind::Duration: case TypeKind::Consent: quoted(out, words(d, currency)); return;
  }
}

void json_object(std::string& out, const std::vector<Seen>& values, std::string_view currency) {
  out += '{';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    quoted(out, values[i].name);
    out += ':';
    json_value(out, values[i].value, currency);
  }
  out += '}';
}

std::string_view tri_name(Tri t) {
  switch (t) {
    case Tri::No: return "no";
    case Tri::Yes: return "yes";
    case Tri::Unknown: return "unknown";
  }
  return "";
}

void key_and_text(std::string& out, std::string_view key, std::string_view text) {
  out += key;
  quoted(out, text);
}

void json_action(std::string& out, const Action& a, std::string_view currency) {
  const auto params = [&] {
    out += R"(,"params":)";
    json_object(out, a.params, currency);
  };
  switch (a.kind) {
    case ActionKind::Send:
      key_and_text(out, R"({"kind":"send","name":)", a.name);
      if (a.channel.empty()) out += R"(,"channel":null)";
      else key_and_text(out, R"(,"channel":)", a.channel);
      params();
      break;
    case ActionKind::Show:
      key_and_text(out, R"({"kind":"show","name":)", a.name);
      key_and_text(out, R"(,"channel":)", a.channel);
      key_and_text(out, R"(,"slot":)", a.slot);
      params();
      break;
    case ActionKind::Task:
      key_and_text(out, R"({"kind":"task","name":)", a.name);
      params();
      break;
    case ActionKind::Suppress:
      key_and_text(out, R"({"kind":"suppress","name":)", a.name);
      key_and_text(out, R"(,"for":)", words(a.length));
      break;
    case ActionKind::Split:
      key_and_text(out, R"({"kind":"split","name":)", a.name);
      key_and_text(out, R"(,"variant":)", a.variant);
      break;
  }
  out += '}';
}

}  // namespace

std::string words(Millis length) {
  for (const auto& [unit, name] : {std::pair{kDay, "day"}, {kHour, "hour"}, {kMinute, "minute"}, {kSecond, "second"}})
    if (length % unit == 0) return fmt::format("{} {}{}", length / unit, name, length == unit || length == -unit ? "" : "s");
  return fmt::format("{} milliseconds", length);
}

std::string clock_words(Millis of_day) {
  std::string s = fmt::format("{:02}:{:02}", of_day / kHour, of_day / kMinute % 60);
  if (of_day % kMinute != 0) s += fmt::format(":{:02}", of_day / kSecond % 60);
  if (of_day % kSecond != 0) s += fmt::format(".{:03}", of_day % kSecond);
  return s;
}

std::string words(const Datum& d, std::string_view currency) {
  if (!d.known()) return "not known";
  switch (d.kind) {
    case TypeKind::YesNo: return yes_no(d.value);
    case TypeKind::Whole: return std::to_string(d.value) + (d.or_more ? " or more" : "");
    case TypeKind::Number: return decimal(d.value);
    case TypeKind::Money: return money(d.value, currency);
    case TypeKind::Percent: return percent(d.value);
    case TypeKind::Time: return base::format_instant(d.value);
    case TypeKind::Date: return base::format_date(d.value);
    case TypeKind::Duration: return words(d.value);
    case TypeKind::Consent: return d.value == kYes ? "given" : "refused";
    case TypeKind::Text:
    case TypeKind::OneOf:
    case TypeKind::TextList: {
      std::string s;
      for (const std::string& t : d.texts) s += (s.empty() ? "" : ", ") + t;
      return s;
    }
  }
  return "";
}

std::string words(const std::vector<Action>& actions, std::string_view currency) {
  std::string out;
  for (const Action& a : actions) {
    if (!out.empty()) out += ", ";
    switch (a.kind) {
      case ActionKind::Send: out += fmt::format("send \"{}\"{}", a.name, a.channel.empty() ? "" : " by " + a.channel); break;
      case ActionKind::Show: out += fmt::format("show \"{}\" in {}.{}", a.name, a.channel, a.slot); break;
      case ActionKind::Task: out += fmt::format("raise task \"{}\"", a.name); break;
      case ActionKind::Suppress: out += fmt::format("suppress \"{}\" for {}", a.name, words(a.length)); break;
      case ActionKind::Split: out += fmt::format("split \"{}\": {}", a.name, a.variant); break;
    }
    for (std::size_t i = 0; i < a.params.size(); ++i) out += fmt::format("{}{} = {}", i == 0 ? " with " : ", ", a.params[i].name, words(a.params[i].value, currency));
  }
  return out.empty() ? "do nothing" : out;
}

void append_json(std::string& out, const Datum& d, std::string_view currency) { json_value(out, d, currency); }
void append_json(std::string& out, std::string_view text) { quoted(out, text); }

void append_json(std::string& out, const Decision& d, std::string_view currency) {
  static_assert(kDecisionSchema == 2);
  out += R"({"schema":2,"id":")";
  out += d.id;
  out += R"(","at":")";
  out += base::format_instant(d.at);
  key_and_text(out, R"(","visitor":)", d.visitor);
  key_and_text(out, R"(,"journey":)", d.journey);
  out += R"(,"version":)";
  out += d.version ? std::to_string(*d.version) : "null";
  key_and_text(out, R"(,"rule":)", d.rule);
  out += R"(,"outcome":")";
  out += outcome_name(d.outcome);
  out += R"(","actions":[)";
  for (std::size_t i = 0; i < d.actions.size(); ++i) {
    if (i > 0) out += ',';
    json_action(out, d.actions[i], currency);
  }
  out += R"(],"because":[)";
  for (std::size_t i = 0; i < d.because.size(); ++i) {
    const Reason& r = d.because[i];
    key_and_text(out, i > 0 ? R"(,{"clause":)" : R"({"clause":)", r.clause);
    out += R"(,"is":")";
    out += tri_name(r.is);
    out += R"(","saw":)";
    json_object(out, r.saw, currency);
    out += '}';
  }
  out += "]}";
}

}  // namespace polku::history
