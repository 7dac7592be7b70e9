// A fault of the parser, said in the author's words. One fault, one sentence; ANTLR's own are never shown.
#include <algorithm>
#include <array>

#include "compiler/syntax/piece.h"
#include "compiler/syntax/words.h"

namespace polku::syntax {

namespace {

using diag::Code;
using L = PolkuLexer;

class Explainer {
 public:
  Explainer(Input& input, Piece piece, const Fault& fault) : in_(input), piece_(piece), fault_(fault), at_(fault.token) {}

  void explain() {
    // From the particular to the general; the first that knows the fault says it.
    (void)(in_tests() || ends_early() || missing_comma() || second_promise() || unknown_start() || clause_word_here() || table() || hard_word_as_name() ||
           unit() || thousands() || forgotten_word() || trigger() || clause_order() || between_actions() || quotes() || bar() || empty_cell() ||
           one_word() || wanted_instead() || nothing_fits());
  }

 private:
  bool at_end() const { return at_ >= piece_.end; }
  int type() const { return at_end() ? kEndOfText : in_.tokens[at_].type; }
  int before(std::size_t steps = 1) const { return at_ >= piece_.begin + steps ? in_.tokens[at_ - steps].type : kEndOfText; }
  std::string word() const { return ticked(in_.text(at_)); }
  std::string word_before() const { return ticked(in_.text(at_ - 1)); }
  bool in_test() const { return in_rule(P::RuleTestPiece); }
  bool in_rule(std::size_t rule) const {
    return std::any_of(fault_.levels.begin(), fault_.levels.end(), [&](const Fault::Level& l) { return l.rule == rule; });
  }
  bool expects(int type) const {
    return std::any_of(fault_.expected.begin(), fault_.expected.end(), [&](const Fault::Expected& e) { return e.type == type; });
  }
  // `said` at the token itself.
  bool say(Code code, std::string said, std::string help = {}) { return say(code, in_.span(std::min(at_, piece_.end - 1)), std::move(said), std::move(help)); }
  bool say(Code code, Span span, std::string said, std::string help) {
    in_.error(code, span, std::move(said), std::move(help));
    return true;
  }

  // ---- what would fit, as a phrase ----

  std::string wanted() const {
    std::string phrase;
    for (const Fault::Level& level : fault_.levels) {  // the widest construct that should have begun here
      if (level.start != at_) break;
      if (const std::string named = named_rule(level.rule); !named.empty()) phrase = named;
    }
    if (!phrase.empty()) return phrase;
    if (expects(L::NAME)) return expects(L::LPAREN) ? "a value" : "a name";
    if (fault_.expected.size() > 6) return {};
    std::vector<std::string> words;
    for (const Fault::Expected& e : fault_.expected) {
      if ((e.type == L::SHOW && expects(L::SHOWS)) || (e.type == L::TASK && expects(L::TASKS))) continue;  // `1 show`
      std::string spelt = spelled(e);
      if (spelt.empty()) return {};
      if (std::find(words.begin(), words.end(), spelt) == words.end()) words.push_back(std::move(spelt));
    }
    for (std::size_t i = 0; i < words.size(); ++i) phrase += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
    return phrase;
  }

  static std::string named_rule(std::size_t rule) {
    switch (rule) {
      case P::RuleName: case P::RulePath: case P::RuleFieldName: return "a name";
      case P::RuleOccurrence: return "an event";
      case P::RuleTrigger: return "an event";
      case P::RuleLength: return "a length of time, as in `30 minutes`,";
      case P::RuleDurationUnit: return "a unit of time (seconds, minutes, hours, days, weeks)";
      case P::RuleExpr: case P::RuleWhere: return "a condition or value";
      case P::RuleAndExpr: case P::RuleNotExpr: case P::RuleComparison: case P::RuleWhereAnd: case P::RuleWhereNot: return "a condition";
      case P::RuleOperand: case P::RuleTerm: case P::RuleFactor: case P::RuleFallback: case P::RuleSignedPrimary: case P::RulePrimary:
      case P::RuleLiteral: return "a value";
      case P::RuleWindow: return "a window, as in `in the last 7 days`,";
      case P::RuleBinding: case P::RuleBindings: return "a name and its value, as in `items = 2`,";
      case P::RuleAct: case P::RuleChoose: return "an action, as in `send \"template\" by email`,";
      case P::RuleList: return "a list in brackets, as in `[\"a\", \"b\"]`,";
      case P::RuleNumber: return "a number";
      case P::RuleShare: return "a share and its name, as in `50% a`,";
      case P::RuleDate: return "a date, as in `1 December 2026`,";
      case P::RuleEventField: return "a field of an event, as in `order_placed.total`,";
      case P::RuleMoment: case P::RuleTestLine: return "a time, as in `at 10:00`,";
      case P::RuleExpected: return "`send`, `show`, `raise task` or `nothing`";
      case P::RuleTest: case P::RuleCompareOp: return "a comparison";
      case P::RuleHead: case P::RuleRow: return "a row of a table, as in `| - | nothing |`,";
      case P::RuleCell: return "a cell (`-` means any)";
      case P::RulePromise: return "`never send ... unless ...` or `at most 3 messages in 7 days`";
      default: return {};
    }
  }

  static std::string spelled(const Fault::Expected& e) {
    if (!e.literal.empty()) return ticked(e.literal);
    switch (e.type) {
      case L::MESSAGES: return "`messages`";
      case L::SECONDS: case L::MINUTES: case L::HOURS: case L::DAYS: case L::WEEKS: return "a unit of time";
      case L::MONTHS: return "`month`";
      case L::MONTH: return "a month";
      case L::CURRENCY: return "a currency";
      case L::NAME: case L::TICKED: return "a name";
      case L::TIME: return "a time, as in `10:00`,";
      case L::INT: return "a whole number";
      case L::DECIMAL: return "a number";
      case L::STRING: return "a text in quotes";
      case L::ROW_END: return "`|` at the end of the row";
      default: return {};
    }
  }

  // ---- the faults ----

  static constexpr const char* kTriggers =
      "A rule waits for an event (`when order_placed`), or for `any of a, b`, `3 a within 1 hour`, `in order within 2 days: a, b`, "
      "`visitor enters a_segment`, `asked for web.hero`, `every day at 09:00 visitor time`, `on birthday at 10:00`.";

  static constexpr const char* kNever = "Write `never send unless consent.marketing is given`, or `never show unless ...`.";

  // Before the condition of a `never`.
  bool in_never() const { return piece_.begin + 2 < piece_.end && in_piece(L::GUARANTEE) && in_.tokens[piece_.begin + 2].type == L::NEVER && !in_rule(P::RuleExpr); }

  // `asked` and `expect` are read as events where what belongs to them is missing.
  bool in_tests() {
    if (!in_test()) return false;
    for (std::size_t i = piece_.begin + 1; i + 1 < piece_.end && i <= at_; ++i) {
      if (in_.tokens[i - 1].type != L::TIME) continue;
      const int next = in_.tokens[i + 1].type;
      if (in_.tokens[i].type == L::ASKED && is_word(next) && next != L::FOR) {
        at_ = i;
        return say(Code::MissingWord, "`for` is missing after `asked`.", "Write `asked for web.hero`.");
      }
      if (in_.tokens[i].type == L::EXPECT && next == L::TASK) {
        at_ = i + 1;
        return say(Code::MissingWord, "`raise` is missing before `task`.", "Write `expect raise task \"...\"`.");
      }
    }
    return false;
  }

  bool ends_early() {
    if (!at_end()) return false;
    if (before() == L::INT && in_rule(P::RuleLength)) return missing_unit(at_ - 1);
    std::string phrase = wanted();
    if (phrase.empty()) phrase = "something";
    return say(Code::EndsEarly, "This ends too early: " + phrase + " is missing after " + word_before() + ".",
               before() == L::WHEN && in_piece(L::WHEN) ? kTriggers : in_never() ? kNever : "");
  }

  bool missing_unit(std::size_t number) {
    const std::string digits(in_.text(number));
    return say(Code::MissingUnit, in_.span(number), "The length of time " + ticked(digits) + " has no unit.",
               "Write `" + digits + " minutes`, or seconds, hours, days, weeks.");
  }

  bool missing_comma() {
    if (!can_be_name(type()) || !expects(kEndOfText) || (in_.tokens[piece_.begin].type != L::DO && !in_test())) return false;
    std::size_t next = at_ + 1;
    while (next + 1 < piece_.end && in_.tokens[next].type == L::DOT) next += 2;
    if (next >= piece_.end || in_.tokens[next].type != L::EQ || before() == L::TIME) return false;
    return say(Code::MissingWord, "A comma is missing before " + word() + ".", "Write `a = 1, b = 2`.");
  }

  // `at most … at most …`: two promises in one guarantee.
  bool second_promise() {
    if (!in_piece(L::GUARANTEE) || !expects(kEndOfText)) return false;
    std::size_t begin = at_;
    if (before() == L::INT && before(2) == L::MOST && before(3) == L::AT) begin = at_ - 3;  // it was read as a comparison
    if (!in_.tokens[begin].first_on_line || (in_.tokens[begin].type != L::AT && in_.tokens[begin].type != L::NEVER)) return false;
    return say(Code::NotUnderstood, in_.span(begin), "A guarantee promises one thing, and " + ticked(in_.text(begin)) + " begins another.",
               "Close this one with `end` and write another `guarantee`.");
  }

  // A line that should begin a clause begins with a word that begins none.
  bool unknown_start() {
    const bool whole_before = at_ > piece_.begin && expects(kEndOfText);
    if (!whole_before || !in_.tokens[at_].first_on_line || !is_word(type()) || is_hard(type()) || in_test()) return false;
    std::string help = diag::did_you_mean(in_.text(at_), clause_words());
    if (help.empty()) help = clause_help();
    return say(Code::UnknownClause, word() + " does not begin a clause.", help);
  }

  // A clause of a rule in a segment or guarantee, where pieces do not end at it.
  bool clause_word_here() {
    if (!is_hard(type()) || !in_.tokens[at_].first_on_line || !expects(kEndOfText)) return false;
    return say(Code::MisplacedClause, word() + " has no place in a " + std::string(in_rule(P::RuleSegmentBlock) ? "segment" : "guarantee") + ".",
               "Clauses stand in journeys and rules.");
  }

  bool table() {
    if (!in_rule(P::RuleHead) && !in_rule(P::RuleRow)) return false;
    if (type() == L::ROW_END && before() != L::BAR)
      return in_rule(P::RuleHead) ? say(Code::TableRow, "The head of the table does not end with `do`.", "Its last column is headed `do`.")
                                  : say(Code::TableRow, "This row of the table does not say what is to be done.", "Its last cell is an action, or `nothing`.");
    if (type() == L::DO && before() == L::BAR)
      return say(Code::TableRow, "The table has nothing to choose by.", "Before `do` stands at least one column.");
    if (type() == L::NOT && before() == L::BAR) return say(Code::NotUnderstood, "A cell does not begin with `not`.", "Write `is not`, or `!=`.");
    return false;
  }

  bool hard_word_as_name() {
    if (!is_hard(type())) return false;
    const bool assigned = at_ + 1 < piece_.end && in_.tokens[at_ + 1].type == L::EQ;
    if (!expects(L::NAME) && !assigned) return false;
    return say(Code::HardWordAsName, word() + " is a word of the language and cannot be a name by itself.",
               "If a name is meant, write it in backticks: `` " + word() + " ``.");
  }

  bool unit() {
    const std::size_t innermost = fault_.levels.front().rule;
    const bool length = innermost == P::RuleLength || innermost == P::RuleDurationUnit;
    if (length && type() == L::DECIMAL)
      return say(Code::MissingUnit, "A length of time is a whole number of a unit, not " + word() + ".", "Take a smaller unit: `90 minutes`, not `1.5 hours`.");
    if (!is_number(before())) return false;
    const bool counts = expects(L::MESSAGES) || before(2) == L::PRIORITY || before(2) == L::VERSION || before(2) == L::LIMIT || before(2) == L::DAY || before(2) == L::DASH;
    const bool wrong = !in_.tokens[at_].first_on_line && (type() == L::NAME || type() == L::MONTHS || type() == L::CURRENCY || type() == L::MONTH);
    if (!length && (counts || !wrong)) return false;
    if (!wrong) return missing_unit(at_ - 1);
    const std::string text(in_.text(at_));
    if (type() == L::MONTHS || text == "year" || text == "years")
      return say(Code::UnknownUnit, "A " + std::string(type() == L::MONTHS ? "month" : "year") + " has no fixed length.",
                 "Count it in days: it has about " + std::string(type() == L::MONTHS ? "30" : "365") + ".");
    std::string help = diag::did_you_mean(text, unit_words());
    if (help.empty()) help = length ? "Units of time are seconds, minutes, hours, days and weeks."
                                    : "Units are seconds, minutes, hours, days, weeks, `%`, or a currency in three capital letters: `40 EUR`.";
    return say(Code::UnknownUnit, word() + " is no unit" + (length ? " of time." : "."), help);
  }

  bool thousands() {
    if (type() != L::COMMA || !is_number(before()) || at_ + 1 >= piece_.end || !is_number(in_.tokens[at_ + 1].type)) return false;
    if (in_.tokens[at_ - 1].end != in_.tokens[at_].begin || in_.tokens[at_].end != in_.tokens[at_ + 1].begin) return false;
    return say(Code::NumberForm, in_.span(at_ - 1, at_ + 1), "A number has no comma.", "Write `1000` for a thousand, and `2.5` for two and a half.");
  }

  bool forgotten_word() {
    if (before() == L::LAST && before(2) == L::IN && is_number(type()))
      return say(Code::MissingWord, in_.span(at_ - 2, at_ - 1), "`the` is missing in `in last`.", "Write `in the last 7 days`.");
    const bool counts = before() == L::NUMBER || before() == L::SUM || before() == L::AVERAGE || before() == L::HIGHEST || before() == L::LOWEST;
    const bool words = (before() == L::ANY && before(2) == L::WHEN) || (before() == L::BEST && before(2) == L::BY);
    if (words && (is_word(type()) || type() == L::STRING || type() == L::TICKED))
      return say(Code::MissingWord, in_.span(at_ - 1), "`of` is missing after " + word_before() + ".", "Write `" + std::string(in_.text(at_ - 1)) + " of`.");
    if (before() == L::ASKED && (before(2) == L::WHEN || before(2) == L::TIME) && is_word(type()))
      return say(Code::MissingWord, in_.span(at_ - 1), "`for` is missing after `asked`.", "Write `asked for web.hero`.");
    if (type() == L::BEFORE) return say(Code::MissingWord, "`this` is missing after `before`.", "Write `before this`.");
    if ((counts && before(2) != L::DOT && (is_word(type()) || type() == L::STRING)) || (before() == L::ONE && type() == L::LBRACKET))
      return say(Code::MissingWord, in_.span(at_ - 1), "`of` is missing after " + word_before() + ".", "Write `" + std::string(in_.text(at_ - 1)) + " of`.");
    return false;
  }

  bool in_piece(int first) const { return in_.tokens[piece_.begin].type == first; }

  bool trigger() {
    if (!in_piece(L::WHEN) && !in_piece(L::THEN)) return false;
    if (before() == L::EVERY && before(2) == L::WHEN && is_word(type()))
      return say(Code::NotUnderstood, in_.span(at_ - 1, at_), "There is no `every " + std::string(in_.text(at_)) + "`, only `every day`.",
                 "Write `every day at 09:00 visitor time`.");
    if (before() == L::VISITOR && before(2) == L::WHEN && is_word(type())) {
      const std::array<std::string, 2> candidates{"enters", "leaves"};
      std::string help = diag::did_you_mean(in_.text(at_), candidates);
      if (help.empty()) help = "A rule can wait for a visitor to enter a segment, or to leave it; put a condition into `only if`.";
      return say(Code::NotUnderstood, "Here `enters` or `leaves` is needed, not " + word() + ".", help);
    }
    const bool new_event = before(2) == L::OF || before(2) == L::NO || before(2) == L::COLON || before(2) == L::COMMA;
    if (new_event && can_be_name(type()) && can_be_name(before()) && in_list_of_events())
      return say(Code::MissingWord, "A comma is missing before " + word() + ".", "Write `a, b`.");
    return false;
  }
  bool in_list_of_events() const {
    const auto at = [&](std::size_t i) { return piece_.begin + i < piece_.end ? in_.tokens[piece_.begin + i].type : kEndOfText; };
    return (at(1) == L::ANY && at(2) == L::OF) || (at(1) == L::IN && at(2) == L::ORDER) || at(1) == L::NO;
  }

  // Words of a clause that stand in another order, or are joined in another way.
  bool clause_order() {
    if (in_piece(L::QUIET) && type() == L::THEN && expects(kEndOfText))
      return say(Code::MissingWord, "A comma is missing before `then`.", "Write `, then wait` or `, then skip`.");
    if (in_piece(L::FROM) && before(2) == L::MONTH && expects(kEndOfText) && !in_.tokens[at_].first_on_line)
      return say(Code::NotUnderstood, "Here `until` is needed, not " + word() + ".", "Write `from 1 December 2026 until 24 December 2026`.");
    if (in_piece(L::DO) && type() == L::FOR && expects(kEndOfText))
      return say(Code::NotUnderstood, "`for` does not stand here.",
                 "For how long something is shown stands before `with`: `show \"x\" in web.hero for 1 hour with ...`.");
    if (in_piece(L::DO) && is_number(type()) && before(2) == L::PERCENT)
      return say(Code::MissingWord, "A comma is missing before " + word() + ".", "Write `50% a, 50% b`.");
    const std::size_t behind = before() == L::THIS ? at_ : type() == L::THIS ? at_ + 1 : piece_.end;
    if (behind < piece_.end && is_word(in_.tokens[behind].type) && !in_.tokens[behind].first_on_line)
      return say(Code::NotUnderstood, in_.span(behind - 1, behind), "There is no window `this " + std::string(in_.text(behind)) + "`.",
                 "There are `today`, `this week` and `this month`; else write `in the last 365 days`.");
    return false;
  }

  bool between_actions() {
    if (!in_piece(L::DO) || (type() != L::COMMA && type() != L::AND) || at_ + 1 >= piece_.end || !is_action(in_.tokens[at_ + 1].type)) return false;
    return say(Code::NotUnderstood, "Nothing stands between two actions, so " + word() + " is too much.", "Write them one below the other.");
  }

  bool quotes() {
    if (type() == L::STRING && expects(L::NAME) && !expects(L::STRING))
      return say(Code::NotUnderstood, "A name is needed here, not a text in quotes.", "Write it without quotes: a single word, or in backticks.");
    if (expects(L::STRING) && !expects(L::NAME) && (is_word(type()) || type() == L::TICKED)) {
      std::string name(in_.text(at_));
      if (type() == L::TICKED) name = name.substr(1, name.size() - 2);
      return say(Code::NotUnderstood, "A text in quotes is needed here, not " + word() + ".", "Write \"" + name + "\".");
    }
    return false;
  }

  bool bar() {
    if ((type() != L::BAR && type() != L::ROW_END) || in_rule(P::RuleHead) || in_rule(P::RuleRow)) return false;
    return say(Code::NotUnderstood, "`|` stands only in the rows of a table.", "Tables begin with `do choose`; for conditions write `or`.");
  }

  bool empty_cell() {
    if ((type() != L::BAR && type() != L::ROW_END) || before() != L::BAR) return false;
    return say(Code::TableRow, "A cell of the table is empty.", "Write `-` if any value will do, and `nothing` if nothing is to be done.");
  }

  // Exactly one word or sign fits.
  bool one_word() {
    if (fault_.expected.size() != 1 || fault_.expected[0].literal.empty()) return false;
    const std::string& literal = fault_.expected[0].literal;
    const std::array<std::string, 1> candidate{literal};
    std::string help = is_word(type()) ? diag::did_you_mean(in_.text(at_), candidate) : std::string();
    if (help.empty() && in_never()) help = kNever;
    return say(Code::MissingWord, ticked(literal) + " is missing before " + word() + ".", help);
  }

  bool wanted_instead() {
    const std::string phrase = wanted();
    if (phrase.empty()) return false;
    if (type() == L::GREATER_SIGN && before() == L::LESS_SIGN)
      return say(Code::NotUnderstood, in_.span(at_ - 1, at_), "`<>` is no sign of the language.", "Write `is not`, or `!=`.");
    std::vector<std::string> candidates;
    for (const Fault::Expected& e : fault_.expected)
      if (e.type != L::SHOW && e.type != L::TASK && (e.type == L::MESSAGES || e.literal.size() > 1)) candidates.push_back(e.type == L::MESSAGES ? "messages" : e.literal);
    std::string help = type() == L::NAME && !expects(L::NAME) ? diag::did_you_mean(in_.text(at_), candidates) : std::string();
    if (help.empty() && in_never()) help = kNever;
    return say(Code::NotUnderstood, "Here " + phrase + " is needed, not " + word() + ".", help);
  }

  bool nothing_fits() {
    std::string help;
    if (type() == L::EQ || type() == L::IS || type() == L::AT) help = "A comparison has two sides; join several with `and`.";
    if (type() == L::COMMA) help = "A comma separates events, channels, parameters or values in brackets; join conditions with `and`.";
    const bool in_trigger = in_.tokens[piece_.begin].type == L::WHEN || in_.tokens[piece_.begin].type == L::THEN;
    if (type() == L::HAPPENED && in_trigger) help = "A `where` looks only at the fields of its event; put what happened before into `only if`.";
    else if (type() == L::HAPPENED) help = "`happened` follows the name of an event: `order_placed happened in the last 7 days`.";
    else if (type() == L::SENT || type() == L::SHOWN) help = "`sent` and `shown` follow the name of a rule: `nudge sent in the last 7 days`.";
    return say(Code::NotUnderstood, word() + " is not understood here.", help);
  }

  Input& in_;
  Piece piece_;
  const Fault& fault_;
  std::size_t at_;
};

}  // namespace

void explain(Input& input, Piece piece, const Fault& fault) { Explainer(input, piece, fault).explain(); }

}  // namespace polku::syntax
