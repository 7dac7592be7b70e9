#include "compiler/syntax/slips.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "compiler/syntax/literals.h"
#include "compiler/syntax/words.h"

namespace polku::syntax {

namespace {

using L = PolkuLexer;

// A phrase: words and signs as they are written, separated by blanks. `a|b` is either of them, `#` a number, `@` a unit of time, `*` a
// name, `"` a text. What stands in brackets is underlined, else all of it. In the texts, {0} is the first of its words, {1} the second and so on, and {s} the name
// right before it.
struct Slip {
  unsigned where;
  const char* phrase;
  const char* help;
  const char* said = nullptr;
};

constexpr const char* kWindow = "Write `in the last 7 days`.";
constexpr const char* kOnlyIf = "Write the condition as `only if` of a rule of its own.";
constexpr const char* kNoCell = "A cell compares with a value, and cannot say `{0}`.";
constexpr const char* kRowAbove = "Write a row above it that has `one of […]`, and `-` in this one.";

constexpr Slip kSlips[] = {
    // ---- comparisons ----
    {kInCondition | kInCell, "atleast", "Write `at least`, or `>=`."},
    {kInCondition | kInCell, "atmost", "Write `at most`, or `<=`."},
    {kInCondition | kInCell, "more|less then", "Write `{0} than`."},
    {kInCondition | kInCell, "[more|less] #", "Write `{0} than`.", "`than` is missing after `{0}`."},
    {kInCondition | kInCell, "greater|bigger|larger|higher|longer|later than|then", "Write `more than`, or `>`."},
    {kInCondition | kInCell, "fewer|smaller|lower|shorter|earlier than|then", "Write `less than`, or `<`."},
    {kInCondition | kInCell, "more|greater|bigger|larger|higher|later than or equal", "Write `at least`, or `>=`."},
    {kInCondition | kInCell, "more|greater|bigger|larger|higher|later or equal", "Write `at least`, or `>=`."},
    {kInCondition | kInCell, "less|fewer|smaller|lower|earlier than or equal", "Write `at most`, or `<=`."},
    {kInCondition | kInCell, "less|fewer|smaller|lower|earlier or equal", "Write `at most`, or `<=`."},
    {kInCondition | kInCell, "over|above|exceeds|beyond", "Write `more than`, or `>`."},
    {kInCondition | kInCell, "below|under|beneath", "Write `less than`, or `<`."},
    {kInCondition, "after #", "Write `more than`, or `at least`."},
    {kInCondition, "[before] #", "Write `less than`, or `<`."},
    {kInCondition | kInCell, "equals|equal", "Write `is`, or `=`."},
    {kInCondition, "between", "Write both ends: `{s} at least … and {s} at most …`."},
    {kInCondition, "between # and #", "Write both ends: `{s} at least {1} and {s} at most {3}`."},
    {kInCondition, "between # * and # *", "Write both ends: `{s} at least {1} {2} and {s} at most {4} {5}`."},
    {kInCondition, "not at least|most", "Write `is not at {2}`."},
    {kInCondition, "not more|less than", "Write `is not {1} than`."},
    {kInCondition, "not contains|contain", "Write `not` before the comparison: `not {s} contains …`."},
    {kInCondition, "does not contains|contain|include", "Write `not` before the comparison: `not {s} contains …`."},
    {kInCondition, "not starts|start with", "Write `not` before the comparison: `not {s} starts with …`."},
    {kInCondition, "not ends|end with", "Write `not` before the comparison: `not {s} ends with …`."},
    {kInCondition, "does not start|begin with", "Write `not` before the comparison: `not {s} starts with …`."},
    {kInCondition, "includes|include|contain", "Write `contains`."},
    {kInCondition, "begins|begin|start with", "Write `starts with`."},
    {kInCondition, "[in] [", "Write `is one of […]`."},
    {kInCondition, "[is in] [", "Write `is one of […]`."},
    {kInCondition, "[not in] [", "Write `is not one of […]`."},
    {kInCondition, "[is not in] [", "Write `is not one of […]`."},
    {kInCondition, "* [given|missing]", "Write `{s} is {1}`.", "`is` is missing before `{1}`."},
    {kInCondition, "= given|missing|unknown", "Write `{s} is {1}`.", "`{1}` is asked for with `is`."},
    {kInCondition, "!= given|missing|unknown", "Write `{s} is not {1}`.", "`{1}` is asked for with `is`."},
    {kInCondition, "is|= unknown|nothing", "Write `{s} is missing`."},
    {kInCondition, "is not unknown|nothing", "Write `{s} is given`."},
    {kInCondition, "!= unknown|nothing", "Write `{s} is given`."},
    {kInCondition, "if|and|or|not|( [in] *", "Write `visitor in {2}`.", "`visitor` is missing before `in`."},
    {kInCondition | kInWhen, "[the] *", "Leave it out."},
    // ---- what happened, and when ----
    {kInCondition, "not happened", "Write `not` before the event: `not {s} happened …`."},
    {kInCondition, "did|has|have not happen|happened", "Write `not` before the event: `not {s} happened …`."},
    {kInCondition, "happened [where]", "Write it before `happened`: `where … happened ever`.", "`where` stands right after its event."},
    {kInCondition, "never happened", "Write `not {s} happened ever`."},
    {kInCondition, "[has|have|was|did] happened|sent|shown", "Leave it out: `{s} {1} …`."},
    {kInCondition, "happens|happen|occurred|occurs", "Write `happened`."},
    {kInCondition, "[no] *", "Write `not {1} happened`, and in which time: `not {1} happened in the last 7 days`."},
    {kInCondition, "in|over|during|within|for the past|previous", kWindow},
    {kInCondition, "over|during|within|for the last", kWindow},
    {kInCondition, "in|over|during|within|for past|previous", kWindow},
    {kInCondition, "in|over|during|within|for the past|previous # @", "Write `in the last {3} {4}`."},
    {kInCondition, "over|during|within|for the last # @", "Write `in the last {3} {4}`."},
    {kInCondition, "within # @", "Write `in the last {1} {2}`."},
    {kInCondition, "within # *", kWindow},
    {kInCondition, "in # @", "Write `in the last {1} {2}`.", "`the last` is missing after `in`."},
    {kInCondition, "in # *", kWindow, "`the last` is missing after `in`."},
    {kInCondition | kInWhen, "[\"] sent|shown", "Write it as `nudge sent`, or with its journey as `\"Unfinished booking\".nudge sent`.",
     "A rule is named without quotes."},
    // ---- what starts a rule ----
    {kInWhen, "[is|was|were|has|gets] sent|shown", "Leave it out: `{s} {1}`."},
    {kInWhen, "happened|happens|happen|occurs|occurred", "Leave it out: `when {s}`."},
    {kInWhen, "[in|during|inside|for] #", "Write `within`.", "Here `within` is needed, not `{0}`."},
    {kInWhen, "on #", "Write `on` with an attribute that is a date, as in `on birthday at 10:00`. For one day of the calendar write a clause as "
                      "`from 24 December 2026 until 24 December 2026`.", "`on` does not take a date."},
    {kInWhen, "# [any of]", "Name one event.", "Events of several kinds cannot be counted together."},
    {kInWhen, "in [order] :", "Write `in order within 2 days:`.", "`within` is missing after `order`."},
    {kInWhen, "without * [,]", "Keep one of them.", "One event stands behind `without`."},
    {kInWhen, "asked for * . * [,]", "Write another rule for the other slot.", "A rule is asked for one slot."},
    {kInWhen, "visitor time", "Leave it out: this time is always the visitor's own."},
    {kInThen, "[within|in|during|after] #", "Write `for`.", "Here `for` is needed, not `{0}`."},
    {kInThen, "any of", "Leave it out: `then no a, b for 30 minutes`.", "`then no` is followed by the events themselves."},
    {kInThen, "then [not]", "Write `then no`.", "Here `no` or `wait` is needed, not `not`."},
    {kInThen, "then wait [for] #", "Leave it out: `then wait {3} …`."},
    {kInThen, "[then] *", "Write `then wait 2 days`, or `then no order_placed for 30 minutes`. For one event after another write "
                          "`when in order within 2 days: a, b`.", "Behind `then` stands `no` or `wait`, not `{1}`."},
    // ---- how often ----
    {kInClause, "once [a|an|per|every|each] second|minute|hour|day|week", "Write `once in 1 {2}`."},
    {kInClause, "once [a|per|every|each] month", "Write `once in 30 days`."},
    {kInClause, "once [a|per|every|each] year", "Write `once in 365 days`."},
    {kInClause | kInPromise, "[a|an|per|every|each] second|minute|hour|day|week", "Write `in 1 {1}`."},
    {kInClause | kInPromise, "[a|per|every|each] month", "Write `in 30 days`."},
    {kInClause | kInPromise, "[a|per|every|each] year", "Write `in 365 days`."},
    {kInClause | kInPromise, "# [emails|email|mails|mail|sms|texts|pushes|times|sends|contacts]", "Write `messages`.",
     "What is counted are `messages`, `shows` or `tasks`, not `{1}`."},
    {kInClause, "limit [at|up most|to]", "Leave it out: `limit 2 messages in 7 days`."},
    {kInClause, "limit [max|maximum]", "Leave it out: `limit 2 messages in 7 days`."},
    {kInClause, "stop when * [,|or] *", "Write a `stop when` of its own for each event.", "One event stands in a `stop when`."},
    {kInClause, "visitor enters|leaves", "Name an event.", "What happened is an event here, not a segment that is entered or left."},
    {kInClause, "any of", "Write a line of its own for each event."},
    {kInClause | kInPromise, "goal any of", "Name one event. Others can be the goal of another journey.", "A goal is one event."},
    {kInPromise, "no|not more than", "Write `at most`."},
    {kInPromise, "@ [by] *", "Leave it out. A channel has a limit of its own in the catalog.", "What `at most` counts goes by any channel."},
    {kInPromise, "always send|show", "Write it the other way round: `never {1} unless …`."},
    {kInPromise, "never send|show \"", "Leave the name out: `never {1} unless …`.", "A guarantee is not about one template."},
    {kInPromise, "best of", "Name the channels: `by push, email`.", "`best of` has no place in a guarantee."},
    // ---- what a rule does ----
    {kInDo, "by * [,] *", "Write `by best of {1}, {3}`.", "A message goes by one channel, or by the best of several."},
    {kInDo, "by any|one of", "Write `by best of`."},
    {kInDo, "do nothing", "Leave the rule out.", "A rule does something; `nothing` stands in tables."},
    {kInDo, "do wait", "Write `then wait 2 days` as a clause above `do`.", "`wait` is no action."},
    {kInCell, "is not given", "Write `missing`."},
    {kInCell, "not given", "Write `missing`."},
    {kInCell, "is not missing", "Write `given`."},
    {kInCell, "not missing", "Write `given`."},
    {kInCell, "unknown", "Write `missing`."},
    {kInCell, "is not one of", kRowAbove, "A cell cannot say `not one of`."},
    {kInCell, "not one of", kRowAbove, "A cell cannot say `not one of`."},
    {kInCell, "* [,|or] *", "Write `one of [{0}, {2}]`.", "A cell with several values is `one of […]`."},
    {kInCell, "[do] *", "Leave it out.", "The column is headed `do` already."},
    {kInCell, "[do] send|show|raise|suppress|split|nothing", "Leave it out.", "The column is headed `do` already."},
    {kInCell, "and|to", "Put the other bound into a row above it.", "A cell is one comparison."},
    {kInCell, "[contains] \"", kOnlyIf, kNoCell},
    {kInCell, "[starts|ends] with", kOnlyIf, kNoCell},
    {kInCell, "[between] #", "Write a row above it for what is below, as `< 40 EUR`, and here the upper end, as `<= 50 EUR`.", kNoCell},
    // ---- tests ----
    {kInTest, "[we|i|I|you|then|please] expect", "Leave it out."},
    {kInTest, "[expects|expected] send|show|raise|nothing", "Write `expect`."},
    {kInTest, "[,] send|show|raise", "Write a line of its own for the other.", "A line expects one thing."},
    {kInTest, "* sent|shown", "Write `expect send \"…\"`, or `expect show \"…\"`.", "A test tells of events, and expects what rules do."},
    {kInTest, "asked for * . * [,]", "Write a line for each slot.", "A line asks for one slot."},
    {kInTest, "by best of", "Name the channel that it goes by: `by push`.", "A test expects one channel."},
    {kInTest, "* [is] given|missing", "Write `{s} = {2}`."},
    {kInTest, "* [given|missing]", "Write `{s} = {1}`.", "`=` is missing before `{1}`."},
    {kInTest, "* [is]", "Write `=`.", "Here `=` is needed, not `is`."},
};

bool is_one_of(std::string_view alternatives, std::string_view word) {
  for (std::size_t begin = 0; begin <= alternatives.size();) {
    const std::size_t end = std::min(alternatives.find('|', begin), alternatives.size());
    if (alternatives.substr(begin, end - begin) == word) return true;
    begin = end + 1;
  }
  return false;
}

bool names_something(int type) {
  return can_be_name(type) && type != L::IF && type != L::AND && type != L::OR && type != L::IS && type != L::WHERE && type != L::OF && type != L::BY &&
         type != L::NO && type != L::WAIT;
}

struct Element { std::string_view words; bool marked; };

std::vector<Element> elements(std::string_view phrase) {
  std::vector<Element> all;
  bool inside = false, any = false;
  for (std::size_t begin = 0; begin < phrase.size();) {
    const std::size_t end = std::min(phrase.find(' ', begin), phrase.size());
    std::string_view word = phrase.substr(begin, end - begin);
    begin = end + 1;
    const bool opens = word.size() > 1 && word.front() == '[', closes = word.size() > 1 && word.back() == ']';
    if (opens) word.remove_prefix(1);
    if (closes) word.remove_suffix(1);
    inside = inside || opens;
    any = any || opens;
    all.push_back({word, inside});
    if (closes) inside = false;
  }
  if (!any)
    for (Element& each : all) each.marked = true;
  return all;
}

bool fits(const Element& element, const Token& token, std::string_view text) {
  if (element.words == "#") return is_number(token.type);
  if (element.words == "@") return token.type >= L::SECONDS && token.type <= L::WEEKS;
  if (element.words == "\"") return token.type == L::STRING;
  if (element.words == "*") return names_something(token.type) || token.type == L::TICKED;
  return is_one_of(element.words, text);
}

std::string filled(std::string_view form, const Input& input, Piece piece, std::size_t begin, std::size_t marked) {
  std::string text;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] != '{') {
      text += form[i];
      continue;
    }
    const char what = form[i + 1];
    i += 2;
    text += what == 's' ? subject_before(input, piece, marked) : std::string(input.text(begin + static_cast<std::size_t>(what - '0')));
  }
  return text;
}

template <std::size_t N>
std::string looked_up(const std::array<std::array<const char*, 2>, N>& table, std::string_view word) {
  for (const auto& [from, to] : table)
    if (is_one_of(from, word)) return to;
  return {};
}

std::string lower(std::string_view word) {
  std::string all(word);
  for (char& c : all) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return all;
}

using Pair = std::array<const char*, 2>;

}  // namespace

std::optional<Advice> find_slip(const Input& input, Piece piece, std::size_t at, unsigned place) {
  const Slip* best = nullptr;
  std::size_t best_begin = 0, best_size = 0;
  std::vector<Element> best_elements;
  for (const Slip& slip : kSlips) {
    if ((slip.where & place) == 0) continue;
    std::vector<Element> all = elements(slip.phrase);
    if (all.size() <= best_size) continue;
    // A phrase of several words may have been read to its end before the fault was seen; a single word may well have been a name.
    const std::size_t back = all.size() > 1 ? all.size() : 0;
    for (std::size_t begin = std::max(piece.begin, at >= back ? at - back : 0); begin <= at && begin + all.size() <= piece.end; ++begin) {
      bool same = all[0].words == "*" || begin == piece.begin || input.tokens[begin - 1].type != L::DOT;
      for (std::size_t i = 0; i < all.size() && same; ++i)
        same = fits(all[i], input.tokens[begin + i], input.text(begin + i)) && (i == 0 || !input.tokens[begin + i].first_on_line);
      if (!same) continue;
      best = &slip;
      best_begin = begin;
      best_size = all.size();
      best_elements = std::move(all);
      break;
    }
  }
  if (best == nullptr) return std::nullopt;
  Advice advice;
  advice.first = best_begin;
  while (!best_elements[advice.first - best_begin].marked) ++advice.first;
  advice.last = advice.first;
  while (advice.last + 1 < best_begin + best_size && best_elements[advice.last + 1 - best_begin].marked) ++advice.last;
  std::string phrase;
  for (std::size_t i = advice.first; i <= advice.last; ++i) phrase.append(i > advice.first ? " " : "").append(input.text(i));
  advice.said = best->said != nullptr ? filled(best->said, input, piece, best_begin, advice.first) : ticked(phrase).append(" is not understood here.");
  advice.help = filled(best->help, input, piece, best_begin, advice.first);
  return advice;
}

std::string subject_before(const Input& input, Piece piece, std::size_t at) {
  std::size_t begin = at;
  const auto name_ends = [&](std::size_t i) { return i > piece.begin && (names_something(input.tokens[i - 1].type) || input.tokens[i - 1].type == L::TICKED); };
  if (!name_ends(at)) return "…";
  --begin;
  while (begin > piece.begin && input.tokens[begin - 1].type == L::DOT && name_ends(begin - 1)) begin -= 2;
  return std::string(input.text().substr(input.tokens[begin].begin, input.tokens[at - 1].end - input.tokens[begin].begin));
}

std::string clause_slip(std::string_view word) {
  static constexpr std::array<Pair, 12> kWords{{
      {"not|unless|except|notif|notwhen|never", "Write `not if`."},
      {"if|onlyif|onlywhen|provided|given|where|having", "Write `only if`."},
      {"after|whenever|upon|trigger|as", "Write `when`."},
      {"every", "Write `when every day at 09:00 visitor time`."},
      {"on", "Write `when on visitor.birthday at 10:00`."},
      {"asked", "Write `when asked for web.hero`."},
      {"any", "Write `when any of`."},
      {"wait", "Write `then wait`."},
      {"no", "Write `then no`."},
      {"and|or|also|but", "Clauses need nothing between them. A second condition is an `only if` or `not if` of its own."},
      {"until", "Both dates stand in one clause: `from 1 December 2026 until 24 December 2026`."},
      {"else|otherwise", "Write a rule of its own for the other case, or a table: `do choose`."},
  }};
  return looked_up(kWords, word);
}

std::string line_slip(std::string_view word) {
  static constexpr std::array<Pair, 3> kWords{{
      {"and|then|when|given|but", "A line of a test begins with its time: `at 10:00`."},
      {"expect|expects", "Say when: `at 10:00 expect`, or `until 12:00 expect nothing`."},
      {"on|from|by", "Write `at 10:00`, or `day 2 at 10:00`."},
  }};
  return looked_up(kWords, word);
}

bool is_comparative(std::string_view word) {
  return is_one_of("more|less|greater|bigger|larger|higher|longer|later|fewer|smaller|lower|shorter|earlier", word);
}

std::string digits_of(std::string_view word) {
  static constexpr std::array<Pair, 24> kWords{{
      {"zero", "0"}, {"one", "1"}, {"two|twice", "2"}, {"three", "3"}, {"four", "4"}, {"five", "5"}, {"six", "6"}, {"seven", "7"},
      {"eight", "8"}, {"nine", "9"}, {"ten", "10"}, {"eleven", "11"}, {"twelve", "12"}, {"fifteen", "15"}, {"twenty", "20"},
      {"thirty", "30"}, {"forty|fourty", "40"}, {"fifty", "50"}, {"sixty", "60"}, {"seventy", "70"}, {"eighty", "80"}, {"ninety", "90"},
      {"hundred", "100"}, {"thousand", "1000"},
  }};
  return looked_up(kWords, word);
}

std::string month_of(std::string_view word) {
  const std::string written = lower(word);
  if (written == "sept") return "September";
  for (int i = 1; i <= 12; ++i) {
    const std::string month(month_name(i)), known = lower(month);
    if (written == known || written == known.substr(0, 3)) return month;
  }
  return {};
}

std::string currency_of(std::string_view word) {
  static constexpr std::array<Pair, 22> kWords{{
      {"eur|euro|euros", "EUR"}, {"usd|dollar|dollars", "USD"}, {"gbp|pound|pounds", "GBP"}, {"chf|franken", "CHF"}, {"sek", "SEK"}, {"nok", "NOK"},
      {"dkk", "DKK"}, {"isk", "ISK"}, {"pln|zloty", "PLN"}, {"czk", "CZK"}, {"huf", "HUF"}, {"ron", "RON"}, {"bgn", "BGN"}, {"try", "TRY"},
      {"jpy|yen", "JPY"}, {"cny|yuan", "CNY"}, {"inr", "INR"}, {"cad", "CAD"}, {"aud", "AUD"}, {"nzd", "NZD"}, {"brl", "BRL"}, {"krw", "KRW"}}};
  return looked_up(kWords, lower(word));
}

std::string unit_of(std::string_view word) {
  static constexpr std::array<Pair, 5> kWords{{
      {"s|sec|secs", "seconds"}, {"m|min|mins|minute's", "minutes"}, {"h|hr|hrs|std", "hours"}, {"d", "days"}, {"w|wk|wks", "weeks"}}};
  return looked_up(kWords, lower(word));
}

}  // namespace polku::syntax
