// Names, texts, literals, windows, bindings: what clauses, conditions and tests have in common.
#include <utility>

#include "compiler/syntax/builder.h"
#include "compiler/syntax/literals.h"
#include "compiler/syntax/words.h"
#include "runtime/base/text.h"
#include "runtime/base/time.h"

namespace polku::syntax {

using diag::Code;

namespace {

Millis unit_length(P::DurationUnitContext* c) {
  if (c->SECONDS() != nullptr) return kSecond;
  if (c->MINUTES() != nullptr) return kMinute;
  if (c->HOURS() != nullptr) return kHour;
  if (c->WEEKS() != nullptr) return 7 * kDay;
  return kDay;
}

std::string nfc(std::string_view text) { return base::nfc(text).value_or(std::string(text)); }  // the file is UTF-8, so it always is

ExprPtr leaf(Literal literal, Span span, std::string text) {
  auto made = std::make_unique<Expr>();
  made->node = std::move(literal);
  made->span = span;
  made->text = std::move(text);
  return made;
}

}  // namespace

// ---- names and texts ----

std::string Builder::name_text(std::size_t token) {
  std::string_view text = in_.text(token);
  if (in_.tokens[token].type == P::TICKED) {
    text = text.substr(1, text.size() - 2);
    if (text.find_first_not_of(" \t") == std::string_view::npos) in_.error(Code::EmptyName, in_.span(token), "There is no name in these backticks.");
  }
  return nfc(text);
}

Name Builder::name(P::NameContext* c) { return {name_text(first_token(c)), span(c)}; }

std::string Builder::string_text(antlr4::tree::TerminalNode* string) {
  std::optional<std::size_t> bad_at;
  std::string plain = unquoted(text(string), bad_at);
  if (bad_at) {
    const auto at = in_.tokens[token_index(string)].begin + static_cast<std::uint32_t>(*bad_at);
    in_.error(Code::BadEscape, in_.place(at, at + 1), "A `\\` in a text stands only before `\"` or another `\\`.", "Write `\\\\` for the sign itself.");
  }
  return nfc(plain);
}

Name Builder::quoted_name(antlr4::tree::TerminalNode* string) { return {string_text(string), span(string)}; }

Path Builder::path(P::PathContext* c) {
  Path path;
  path.span = span(c);
  path.parts.push_back(name_text(first_token(c->name())));
  for (auto* part : c->fieldName()) path.parts.push_back(name_text(first_token(part)));
  return path;
}

// ---- numbers ----

std::optional<std::int64_t> Builder::whole(antlr4::tree::TerminalNode* digits) {
  const Scaled read = scaled(text(digits), 0);
  if (read.fault == NumberFault::None) return read.value;
  in_.error(Code::NumberTooLarge, span(digits), "The number " + ticked(text(digits)) + " is too large.");
  return std::nullopt;
}

std::optional<Duration> Builder::length(P::LengthContext* c) {
  const auto count = whole(c->INT());
  if (!count) return std::nullopt;
  const auto all = times(*count, unit_length(c->durationUnit()));
  if (!all) {
    in_.error(Code::NumberTooLarge, span(c), "The length of time " + ticked(words(c)) + " is too large.");
    return std::nullopt;
  }
  if (*all == 0) {
    const bool once = as<P::OnceClauseContext>(static_cast<antlr4::ParserRuleContext*>(c->parent)) != nullptr;
    in_.error(Code::ZeroLength, span(c), "A length of time must be more than 0 here.",
              once ? "Write `once in 1 day`, or `once per visitor`." : "Write a longer one, as in `1 day`.");
    return std::nullopt;
  }
  return Duration{*all, span(c)};
}

ExprPtr Builder::literal(P::LiteralContext* c) {
  if (c->STRING() != nullptr) return leaf({LiteralKind::Text, 0, string_text(c->STRING()), {}}, span(c), words(c));
  return c->date() != nullptr ? date(c->date()) : number(c->number());
}

ExprPtr Builder::number(P::NumberContext* c) {
  auto* digits = c->INT() != nullptr ? c->INT() : c->DECIMAL();
  Literal literal;
  if (c->durationUnit() != nullptr) {
    literal.kind = LiteralKind::Duration;
    if (c->DECIMAL() != nullptr) {
      in_.error(Code::NumberForm, span(c), "A length of time is a whole number of a unit, not " + ticked(words(c)) + ".",
                "Take a smaller unit: `90 minutes`, not `1.5 hours`.");
      return nullptr;
    }
    const auto count = whole(digits);
    if (!count) return nullptr;
    const auto all = times(*count, unit_length(c->durationUnit()));
    if (!all) {
      in_.error(Code::NumberTooLarge, span(c), "The length of time " + ticked(words(c)) + " is too large.");
      return nullptr;
    }
    literal.value = *all;
    return leaf(std::move(literal), span(c), words(c));
  }
  int places = 0, shown_places = 0;  // decimals kept of the value, and of the number as it is written
  const char* what = "A number";
  if (c->CURRENCY() != nullptr) {
    literal.kind = LiteralKind::Money;
    literal.unit = std::string(text(c->CURRENCY()));
    places = shown_places = 2;
    what = "An amount of money";
  } else if (c->PERCENT() != nullptr) {
    literal.kind = LiteralKind::Percent;
    places = shown_places = 4;  // millionths of one
    what = "A percentage";
  } else if (c->DECIMAL() != nullptr) {
    literal.kind = LiteralKind::Number;
    places = shown_places = 6;
  }
  const Scaled read = scaled(text(digits), places);
  switch (read.fault) {
    case NumberFault::None:
      literal.value = read.value;
      return leaf(std::move(literal), span(c), words(c));
    case NumberFault::TooLarge:
      in_.error(Code::NumberTooLarge, span(digits), "The number " + ticked(text(digits)) + " is too large.");
      break;
    case NumberFault::TooManyDecimals:
      in_.error(Code::NumberForm, span(digits), std::string(what) + " has at most " + std::to_string(shown_places) + " decimals.");
      break;
  }
  return nullptr;
}

std::optional<std::int64_t> Builder::day(P::DateContext* c) {
  const auto day = whole(c->INT(0)), year = whole(c->INT(1));
  if (!day || !year) return std::nullopt;
  std::optional<std::int64_t> days;
  if (*day <= 31 && *year >= 1 && *year <= 9999)
    days = base::civil_day(static_cast<int>(*year), month_number(text(c->MONTH())), static_cast<int>(*day));
  if (!days) in_.error(Code::InvalidDate, span(c), "There is no " + ticked(words(c)) + " in the calendar.");
  return days;
}

ExprPtr Builder::date(P::DateContext* c) {
  const auto days = day(c);
  return days ? leaf({LiteralKind::Date, *days, {}, {}}, span(c), words(c)) : nullptr;
}

std::optional<Millis> Builder::time(antlr4::tree::TerminalNode* time) {
  const auto of_day = time_of_day(text(time));
  if (of_day) return of_day;
  if (std::string padded = padded_time(text(time)); time_of_day(padded))
    in_.error(Code::InvalidTime, span(time), "A time of day has two digits for the hour, and two for the minute.", "Write `" + padded + "`.");
  else
    in_.error(Code::InvalidTime, span(time), "There is no time of day " + ticked(text(time)) + ".",
              "Times go from `00:00` to `23:59`, or to the second: `23:59:59`. Midnight is `00:00` of the next day.");
  return of_day;
}

std::optional<Value> Builder::share(P::NumberContext* c) {
  if (c->PERCENT() != nullptr) {
    const ExprPtr read = number(c);
    return read ? std::optional(std::get<Literal>(read->node).value) : std::nullopt;
  }
  const bool bare = c->INT() != nullptr && c->CURRENCY() == nullptr && c->durationUnit() == nullptr;  // `0.5` may well mean a half
  in_.error(Code::ShareNotPercent, span(c), "A share is a percentage, and " + ticked(words(c)) + " is none.",
            bare ? "Write `" + words(c) + "%`." : std::string("As in `10%`."));
  return std::nullopt;
}

LimitUnit Builder::unit(P::CountedUnitContext* c) {
  if (c->MESSAGES() != nullptr) return LimitUnit::Messages;
  return c->TASK() != nullptr || c->TASKS() != nullptr ? LimitUnit::Tasks : LimitUnit::Shows;
}

// ---- windows and occurrences ----

std::optional<Window> Builder::window(P::WindowContext* c) {
  Window window;
  window.span = span(c);
  P::BeforeThisContext* before = nullptr;
  if (auto* last = as<P::LastWindowContext>(c)) {
    window.kind = WindowKind::Last;
    before = last->beforeThis();
    const auto length = this->length(last->length());
    if (!length) return std::nullopt;
    window.length = length->length;
  } else if (auto* since = as<P::SinceWindowContext>(c)) {
    window.kind = WindowKind::Since;
    before = since->beforeThis();
    window.event = name(since->name());
  } else if (auto* ever = as<P::EverWindowContext>(c)) {
    before = ever->beforeThis();
  } else if (auto* only_before = as<P::BeforeWindowContext>(c)) {
    before = only_before->beforeThis();
  } else {
    auto* calendar = static_cast<P::CalendarWindowContext*>(c);
    window.kind = calendar->TODAY() != nullptr ? WindowKind::Today : calendar->WEEKS() != nullptr ? WindowKind::Week : WindowKind::Month;
    before = calendar->beforeThis();
  }
  window.before_this = before != nullptr;
  return window;
}

std::optional<Occurrence> Builder::occurrence(P::OccurrenceContext* c) {
  Occurrence what;
  what.name = name(c->name());
  what.span = span(c);
  what.text = words(c);
  if (c->SENT() != nullptr) what.verb = Verb::Sent;
  if (c->SHOWN() != nullptr) what.verb = Verb::Shown;
  if (c->STRING() != nullptr) {
    what.journey = quoted_name(c->STRING());
    if (what.verb == Verb::None) {
      in_.error(Code::RuleNeedsVerb, what.span, ticked(what.text) + " names a rule, and does not say what it did.", "Add `sent` or `shown`.");
      return std::nullopt;
    }
  }
  if (c->where() != nullptr) {
    if (what.verb != Verb::None) {
      in_.error(Code::WhereOnRule, in_.span(token_index(c->WHERE()), last_token(c)), "A `where` looks at the fields of an event; what a rule did has none.",
                "Put the condition into `only if`.");
      return std::nullopt;
    }
    what.where = where(c->where());
    if (!what.where) return std::nullopt;
  }
  return what;
}

bool Builder::bindings(P::BindingsContext* c, std::vector<Binding>& out) {
  bool good = true;
  for (auto* each : c->binding()) {
    Binding binding;
    binding.name = path(each->path());
    binding.span = span(each);
    if (each->GIVEN() != nullptr) binding.word = Binding::Word::Given;
    if (each->MISSING() != nullptr) binding.word = Binding::Word::Missing;
    if (each->expr() != nullptr) binding.value = expr(each->expr());
    if (each->expr() == nullptr || binding.value)
      out.push_back(std::move(binding));
    else
      good = false;
  }
  return good;
}

}  // namespace polku::syntax
