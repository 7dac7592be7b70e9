// Faults in what is measured: windows, lengths of time, units, numbers, dates.
#include <algorithm>
#include <charconv>

#include "compiler/syntax/explainer.h"
#include "compiler/syntax/literals.h"

namespace polku::syntax {

namespace {

using L = PolkuLexer;

// In seconds; 0 if it is no unit of time.
std::int64_t seconds_of(int unit) {
  switch (unit) {
    case L::SECONDS: return 1;
    case L::MINUTES: return 60;
    case L::HOURS: return 3600;
    case L::DAY: case L::DAYS: return 86'400;
    case L::WEEKS: return 604'800;
    default: return 0;
  }
}

// At most nine digits, so that it can be reckoned with.
std::optional<std::int64_t> small_number(std::string_view digits) {
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return digits.size() <= 9 && read.ptr == digits.data() + digits.size() ? std::optional(value) : std::nullopt;
}

std::string no_fixed_length(bool month) { return std::string("A ") + (month ? "month" : "year") + " has no fixed length."; }
bool is_year(std::string_view text) { return text == "year" || text == "years"; }

}  // namespace

// `in the last …` and `this …`. Where what follows is no length of time, or no window can stand, the parser has read `the` as the name of a
// segment and stumbles over `last`.
bool Explainer::window() {
  std::size_t in = piece_.end;
  if (type() == L::LAST && before() == L::THE && before(2) == L::IN) in = at_ - 2;
  if (type() == L::IN && behind() == L::THE && behind(2) == L::LAST && expects(kEndOfText)) in = at_;
  if (type() != L::IN && before() == L::LAST && before(2) == L::IN && is_word(type())) {  // `in last year`
    const bool odd = type() == L::MONTHS || is_year(in_.text(at_));
    if (odd)
      return say(Code::UnknownUnit, no_fixed_length(type() == L::MONTHS), type() == L::MONTHS ? "Write `in the last 30 days`." : "Write `in the last 365 days`.");
    if (seconds_of(type()) > 0) return say(Code::MissingWord, in_.span(at_ - 2, at_), "It does not say of how long.", "Write `in the last 1 " + text_at(at_) + "`.");
  }
  if (in < piece_.end) {
    const std::size_t number = in + 3;
    if (is_number(type_at(number)) && seconds_of(type_at(number + 1)) > 0) {
      const std::string window = in_.words(in, number + 1);
      const std::string subject = subject_before(in_, piece_, in);
      if ((in_piece(L::WHEN) || in_piece(L::THEN)) && has_before(L::WHERE, in))
        return say(Code::NotUnderstood, in_.span(in, number + 1), "A window does not stand here.",
                   "A `where` looks only at the fields of its event; put what happened before into `only if`.");
      const bool event = subject != "…" && subject.find('.') == std::string::npos;
      return say(Code::NotUnderstood, in_.span(in, number + 1), "A window does not stand here.",
                 event ? "If `" + subject + "` is an event, write `" + subject + " happened " + window + "`."
                       : "It stands behind `happened`, `sent` or `shown`, behind a count, and behind a sum, average, highest or lowest.");
    }
    const bool counted = is_number(type_at(number));
    at_ = counted ? number + 1 : number;
    if (counted && at_end()) return missing_unit(number);
    if (!at_end() && length_at(number, true)) return true;
    return say(Code::MissingUnit, in_.span(in, number - 1), "The window does not say how long it is.", "Write `in the last 7 days`.");
  }
  const std::size_t behind = before() == L::THIS ? at_ : type() == L::THIS ? at_ + 1 : piece_.end;
  if (behind >= piece_.end || !is_word(in_.tokens[behind].type) || in_.tokens[behind].first_on_line) return false;
  if (text_at(behind) == "week" || text_at(behind) == "month")
    return say(Code::NotUnderstood, in_.span(behind - 1, behind), "A window does not stand here.",
               "It follows what is counted, or what happened: `order_placed happened this " + text_at(behind) + "`.");
  return say(Code::NotUnderstood, in_.span(behind - 1, behind), "There is no window `this " + text_at(behind) + "`.",
             "There are `today`, `this week` and `this month`; else write `in the last 365 days`.");
}

bool Explainer::missing_unit(std::size_t number) {
  const std::string digits(in_.text(number));
  return say(Code::MissingUnit, in_.span(number), "The length of time " + ticked(digits) + " has no unit.",
             "Write `" + digits + " minutes`, or seconds, hours, days, weeks.");
}

// What stands where a unit should; `length`: it is one of time. `number` is the token before it, unless that is no number.
bool Explainer::length_at(std::size_t number, bool length) {
  const std::string text(in_.text(at_));
  const bool counted = is_number(type_at(number)) && number < at_;
  const std::string digits = counted ? text_at(number) : "1";
  if (type() == L::MONTHS || is_year(text)) {
    const bool month = type() == L::MONTHS;
    return say(Code::UnknownUnit, no_fixed_length(month), "Count it in days: it has about " + std::string(month ? "30" : "365") + ".");
  }
  if (!counted) {
    if (seconds_of(type()) == 0) return false;
    return say(Code::MissingUnit, "The length of time does not say how many: " + word() + ".", "Write `1 " + text + "`.");
  }
  if (in_.tokens[at_].first_on_line || (type() != L::NAME && type() != L::CURRENCY && type() != L::MONTH)) return length && missing_unit(number);
  std::string help = diag::did_you_mean(text, unit_words());
  if (const std::string unit = unit_of(text); !unit.empty()) help = "Write `" + digits + ' ' + unit + "`.";
  const std::string currency = currency_of(text);
  if (help.empty() && !length && !currency.empty()) help = "A currency is three capital letters: `" + digits + ' ' + currency + "`.";
  if (help.empty()) help = length ? "Units of time are seconds, minutes, hours, days and weeks."
                                  : "Units are seconds, minutes, hours, days, weeks, `%`, or a currency in three capital letters: `40 EUR`.";
  return say(Code::UnknownUnit, word() + " is no unit" + (length ? " of time." : "."), help);
}

bool Explainer::unit() {
  if (at_end()) return false;
  const std::size_t innermost = fault_.levels.front().rule;
  const bool length = innermost == P::RuleLength || innermost == P::RuleDurationUnit;
  if (length && type() == L::DECIMAL)
    return say(Code::MissingUnit, "A length of time is a whole number of a unit, not " + word() + ".", "Take a smaller unit: `90 minutes`, not `1.5 hours`.");
  if (length && in_.text(at_) == "half") return say(Code::MissingUnit, "A length of time is a whole number of a unit.", "Take a smaller unit: `30 minutes`.");
  if (length && (in_.text(at_) == "a" || in_.text(at_) == "an") && seconds_of(behind()) > 0)
    return say(Code::MissingUnit, "A length of time begins with a number.", "Write `1 " + text_at(at_ + 1) + "`.");
  if (!is_number(before())) return length && length_at(at_, true);
  const bool counts = expects(L::MESSAGES) || before(2) == L::PRIORITY || before(2) == L::VERSION ||
                      before(2) == L::LIMIT || before(2) == L::DAY || before(2) == L::DASH;
  const bool wrong = !in_.tokens[at_].first_on_line && (type() == L::NAME || type() == L::MONTHS || type() == L::CURRENCY || type() == L::MONTH);
  if (!length && (counts || !wrong)) return false;
  return length_at(at_ - 1, length);
}

// `1 hour 30 minutes`.
bool Explainer::two_units() {
  const std::size_t second = type() == L::AND ? at_ + 1 : at_;
  if (type_at(second) != L::INT || seconds_of(before()) == 0 || before(2) != L::INT || seconds_of(type_at(second + 1)) == 0) return false;
  const auto first_count = small_number(in_.text(at_ - 2)), second_count = small_number(in_.text(second));
  if (!first_count || !second_count) return false;
  const std::int64_t unit = std::min(seconds_of(before()), seconds_of(type_at(second + 1)));
  const std::int64_t all = *first_count * seconds_of(before()) + *second_count * seconds_of(type_at(second + 1));
  const char* name = unit == 1 ? "seconds" : unit == 60 ? "minutes" : unit == 3600 ? "hours" : unit == 86'400 ? "days" : "weeks";
  return say(Code::NumberForm, in_.span(at_ - 2, second + 1), "A length of time has one unit.", "Write `" + std::to_string(all / unit) + ' ' + name + "`.");
}

bool Explainer::number() {
  if (at_end()) return false;
  const auto joined = [&](std::size_t i) { return in_.tokens[i].end == in_.tokens[i + 1].begin; };
  if (type() == L::COMMA && is_number(before()) && is_number(behind()) && joined(at_ - 1) && joined(at_))
    return say(Code::NumberForm, in_.span(at_ - 1, at_ + 1), "A number has no comma.", "Write `1000` for a thousand, and `2.5` for two and a half.");
  if (type() == L::INT && before() == L::INT && in_.text(at_).size() == 3 && !in_.tokens[at_].first_on_line)
    return say(Code::NumberForm, in_.span(at_ - 1, at_), "A number has no blanks.", "Write `" + text_at(at_ - 1) + text_at(at_) + "`.");
  if (is_number(type()) && before() == L::CURRENCY)
    return say(Code::NumberForm, in_.span(at_ - 1, at_), "The currency stands behind the amount.", "Write `" + text_at(at_) + ' ' + text_at(at_ - 1) + "`.");
  if (is_number(type()) && expects(L::TIME)) {
    const std::string text = text_at(at_);
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::string hours = std::string(point < 2 ? 2 - point : 0, '0') + text.substr(0, point);
    const std::string minutes = point == text.size() ? "00" : text.substr(point + 1);
    const auto hour = small_number(hours), minute = small_number(minutes);
    const bool exists = hour && minute && hours.size() == 2 && minutes.size() == 2 && *hour < 24 && *minute < 60;
    return say(Code::NotUnderstood, "Here a time, as in `10:00`, is needed, not " + word() + ".", exists ? "Write `" + hours + ':' + minutes + "`." : "");
  }
  // `forty EUR`, `three order_placed`: a word that was read as a name, or stands where only digits can.
  const bool here = expects(L::INT) && !expects(L::NAME);
  const std::size_t words = here ? at_ : at_ - 1;
  if (!here && (at_ == piece_.begin || before(2) == L::DOT || !is_word(type()) || is_hard(type()) || in_.tokens[at_].first_on_line)) return false;
  const std::string digits = digits_of(in_.text(words));
  if (digits.empty() || (!here && in_.tokens[words].type == L::ONE)) return false;
  return say(Code::NumberForm, in_.span(words), "A number is written in digits.", "Write `" + digits + "`.");
}

// `1 Dec 2026`, `2026-12-01`, `December 1 2026`, `1 December`.
bool Explainer::date() {
  const bool needed = in_rule(P::RuleDate) || (in_piece(L::FROM) && !at_end() && !expects(kEndOfText));
  const bool named = !at_end() && type() == L::NAME && is_number(before()) &&
                     !in_.tokens[at_].first_on_line && !in_rule(P::RuleLength) && !month_of(in_.text(at_)).empty();
  if (!needed && !named) return false;
  const auto wrong = [&](std::size_t first, std::size_t last, const std::string& day, const std::string& month, const std::string& year) {
    const bool plain = day.size() <= 2 && year.size() == 4;
    return say(Code::NotUnderstood, in_.span(first, std::min(last, piece_.end - 1)), "A date is a day, the name of its month, and a year.",
               "Write `" + (plain ? day + ' ' + month + ' ' + year : std::string("1 December 2026")) + "`.");
  };
  if (named) {
    const bool year = behind() == L::INT;
    return wrong(at_ - 1, year ? at_ + 1 : at_, text_at(at_ - 1), month_of(in_.text(at_)), year ? text_at(at_ + 1) : "2026");
  }
  if (before() == L::MONTH && before(2) == L::INT && (at_end() || type() != L::INT))
    return say(Code::NotUnderstood, in_.span(at_ - 2, at_ - 1), "The date has no year.", "Write `" + in_.words(at_ - 2, at_ - 1) + " 2026`, or another year.");
  if (at_end()) return false;
  if (type() == L::MONTH && behind() == L::INT && behind(2) != L::INT && behind(2) != L::COMMA && in_.text(at_ + 1).size() == 4)
    return say(Code::NotUnderstood, in_.span(at_, at_ + 1), "The date has no day.", "Write `1 " + in_.words(at_, at_ + 1) + "`, or another day.");
  if (type() == L::MONTH && behind() == L::INT) {
    const std::size_t year = type_at(at_ + 2) == L::COMMA ? at_ + 3 : at_ + 2;
    return wrong(at_, year, text_at(at_ + 1), text_at(at_), type_at(year) == L::INT ? text_at(year) : std::string());
  }
  if (type() == L::DASH && before() == L::INT && behind() == L::INT && behind(2) == L::DASH && behind(3) == L::INT) {
    const auto month = small_number(in_.text(at_ + 1)), day = small_number(in_.text(at_ + 3));
    const bool iso = month && day && *month >= 1 && *month <= 12;
    if (!iso) return wrong(at_ - 1, at_ + 3, "…", "", "");
    return wrong(at_ - 1, at_ + 3, std::to_string(*day), std::string(month_name(static_cast<int>(*month))), text_at(at_ - 1));
  }
  if (is_number(before())) return wrong(at_ - 1, at_, "…", "", "");
  return false;
}

}  // namespace polku::syntax
