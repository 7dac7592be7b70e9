#include "compiler/syntax/explainer.h"

#include <algorithm>
#include <array>

namespace polku::syntax {

namespace {

constexpr const char* kTriggers =
    "A rule waits for an event (`when order_placed`), or for `any of a, b`, `3 a within 1 hour`, `in order within 2 days: a, b`, "
    "`visitor enters a_segment`, `asked for web.hero`, `every day at 09:00 visitor time`, `on birthday at 10:00`.";
constexpr const char* kNever = "Write `never send unless consent.marketing is given`, or `never show unless …`.";

// Small words that are taken for each other.
bool joins(std::string_view word) {
  static constexpr std::array<std::string_view, 26> kWords{"to", "via", "through", "in", "on", "at", "by", "for", "with", "per", "using", "within", "during",
                                                           "inside", "from", "until", "since", "as", "into", "of", "if", "when", "where", "unless", "till", "than"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

}  // namespace

// From the particular to the general; the first that knows the fault says it.
void Explainer::explain() {
  (void)(in_tests() || window() || date() || ends_early() || missing_comma() || second_promise() || unknown_start() || clause_word_here() || table() ||
         unit() || two_units() || number() || forgotten_word() || slip() || hard_word_as_name() || trigger() || clause_order() || between_actions() ||
         quotes() || bar() || empty_cell() || one_word() || wanted_instead() || nothing_fits());
}

bool Explainer::in_rule(std::size_t rule) const {
  return std::any_of(fault_.levels.begin(), fault_.levels.end(), [&](const Fault::Level& l) { return l.rule == rule; });
}

bool Explainer::expects(int type) const {
  return std::any_of(fault_.expected.begin(), fault_.expected.end(), [&](const Fault::Expected& e) { return e.type == type; });
}

bool Explainer::has_before(int type, std::size_t end) const {
  for (std::size_t i = piece_.begin; i < end && i < piece_.end; ++i)
    if (in_.tokens[i].type == type && (i == piece_.begin || in_.tokens[i - 1].type != L::DOT)) return true;
  return false;
}

unsigned Explainer::place() const {
  if (in_test()) return kInTest;
  const bool where = has_before(L::WHERE, at_);
  switch (in_.tokens[piece_.begin].type) {
    case L::WHEN: return where ? kInCondition : kInWhen;
    case L::THEN: return where ? kInCondition | kInThen : kInThen;
    case L::GUARANTEE: return has_before(L::UNLESS, at_) ? kInCondition : kInPromise;
    case L::DO: {
      if (!in_rule(P::RuleRow)) return in_rule(P::RuleHead) ? 0u : unsigned{kInDo};
      std::size_t cell = at_;
      while (cell > piece_.begin && in_.tokens[cell - 1].type != L::BAR && !is_action(in_.tokens[cell - 1].type)) --cell;
      return cell > piece_.begin && is_action(in_.tokens[cell - 1].type) ? kInDo : kInCell;
    }
    case L::LIMIT: case L::ONCE: case L::QUIET: case L::FROM: case L::HOLD: case L::PRIORITY: case L::OWNER: case L::STOP: case L::GOAL:
      return where ? kInCondition : kInClause;
    case L::JOURNEY: case L::RULE: case L::TEST: return 0;
    default: return kInCondition;
  }
}

// ---- the faults ----

// Before the condition of a `never`.
bool Explainer::in_never() const {
  return piece_.begin + 2 < piece_.end && in_piece(L::GUARANTEE) && in_.tokens[piece_.begin + 2].type == L::NEVER && !in_rule(P::RuleExpr);
}

// `asked` and `expect` are read as events where what belongs to them is missing.
bool Explainer::in_tests() {
  if (!in_test()) return false;
  for (std::size_t i = piece_.begin + 1; i + 1 < piece_.end && i <= at_; ++i) {
    if (in_.tokens[i - 1].type != L::TIME) continue;
    const int next = in_.tokens[i + 1].type;
    if (in_.tokens[i].type == L::ASKED && is_word(next) && next != L::FOR) {
      at_ = i;
      return say(Code::MissingWord, "`for` is missing after `asked`.", "Write `asked for web.hero`.");
    }
    if (type() == L::COMMA && at_ == i + 1 && can_be_name(behind())) return say(Code::NotUnderstood, "A line tells of one event.", "Write a line for each.");
    if (in_.tokens[i].type == L::EXPECT) return behind_expect(i);
  }
  return false;
}

bool Explainer::behind_expect(std::size_t expect) {
  const int next = type_at(expect + 1), after = type_at(expect + 2);
  if (has_before(L::BECAUSE, at_) && is_word(type()) && !in_.tokens[at_].first_on_line && is_word(before()) && before() != L::BECAUSE)
    return say(Code::NotUnderstood, in_.span(at_ - 1, at_), "An outcome is one word.", "Write `" + text_at(at_ - 1) + '_' + text_at(at_) + "`, if that is meant.");
  if (next == L::SEND || next == L::SHOW || next == L::RAISE || next == L::NOTHING || after == L::EQ || after == L::DOT) return false;
  at_ = expect + 1;
  if (next == L::TASK) return say(Code::MissingWord, "`raise` is missing before `task`.", "Write `expect raise task \"…\"`.");
  if (next == L::SUPPRESS || next == L::SPLIT)
    return say(Code::NotUnderstood, "A test does not expect " + word() + ".",
               "Expect what is sent, shown or raised beside it, or what comes of it later.");
  std::string help;
  if (next == L::STRING) help = "Write `expect send " + text_at(at_) + "`.";
  if (next == L::NO || in_.text(at_) == "none" || in_.text(at_) == "not") help = "Write `expect nothing`.";
  return say(Code::NotUnderstood, "Behind `expect` stands `send`, `show`, `raise task` or `nothing`, not " + word() + ".", help);
}

bool Explainer::ends_early() {
  if (!at_end()) return false;
  if (before() == L::INT && in_rule(P::RuleLength)) return missing_unit(at_ - 1);
  if (slip()) return true;
  std::string phrase = wanted();
  if (phrase.empty()) phrase = "something";
  std::string help;
  if (expects(L::BY) && in_piece(L::DO)) help = "Say by which channel: `by email`.";
  if (expects(L::FOR) && fault_.expected.size() < 4) help = "Say for how long: `for 14 days`.";
  const bool counted = before() == L::MESSAGES || before() == L::SHOW || before() == L::SHOWS || before() == L::TASK || before() == L::TASKS;
  if (expects(L::IN) && counted) help = "Say in which time: `in 7 days`.";
  if (expects(L::EQ) && in_test() && is_word(before())) help = "Say its value: `" + text_at(at_ - 1) + " = …`.";
  if (before() == L::WHEN && in_piece(L::WHEN)) help = kTriggers;
  if (in_never()) help = kNever;
  if (expects(L::WITHIN) && fault_.expected.size() < 4) help = "Say in which time: `within 2 days`.";
  if (before() == L::TIME && expects(L::VISITOR)) help = "Times are the visitor's own: write `" + text_at(at_ - 1) + " visitor time`.";
  return say(Code::EndsEarly, "This ends too early: " + phrase + " is missing after " + word_before() + ".", help);
}

bool Explainer::missing_comma() {
  if (!can_be_name(type()) || !expects(kEndOfText) || (in_.tokens[piece_.begin].type != L::DO && !in_test())) return false;
  std::size_t next = at_ + 1;
  while (next + 1 < piece_.end && in_.tokens[next].type == L::DOT) next += 2;
  if (next >= piece_.end || in_.tokens[next].type != L::EQ || before() == L::TIME) return false;
  std::size_t with = at_;  // of this action
  while (with > piece_.begin && in_.tokens[with].type != L::WITH && !is_action(in_.tokens[with].type)) --with;
  if (in_piece(L::DO) && in_.tokens[with].type != L::WITH)
    return say(Code::MissingWord, "`with` is missing before " + word() + ".", "Write `with " + in_.words(at_, next) + " …`.");
  return say(Code::MissingWord, "A comma is missing before " + word() + ".", "Write `a = 1, b = 2`.");
}

// `at most … at most …`: two promises in one guarantee.
bool Explainer::second_promise() {
  if (!in_piece(L::GUARANTEE) || !expects(kEndOfText)) return false;
  std::size_t begin = at_;
  if (before() == L::INT && before(2) == L::MOST && before(3) == L::AT) begin = at_ - 3;  // it was read as a comparison
  if (!in_.tokens[begin].first_on_line || (in_.tokens[begin].type != L::AT && in_.tokens[begin].type != L::NEVER)) return false;
  return say(Code::NotUnderstood, in_.span(begin), "A guarantee promises one thing, and " + ticked(in_.text(begin)) + " begins another.",
             "Close this one with `end` and write another `guarantee`.");
}

// A line that should begin a clause begins with a word that begins none.
bool Explainer::unknown_start() {
  const bool whole_before = at_ > piece_.begin && expects(kEndOfText);
  if (!whole_before || !in_.tokens[at_].first_on_line || !is_word(type()) || is_hard(type()) || in_test()) return false;
  std::string help = clause_slip(in_.text(at_));
  if ((type() == L::AND || type() == L::OR) && is_hard(behind())) help = "Leave it out: clauses need nothing between them.";
  if (help.empty()) help = diag::did_you_mean(in_.text(at_), clause_words());
  if (help.empty()) help = clause_help();
  return say(Code::UnknownClause, word() + " does not begin a clause.", help);
}

// A clause of a rule in a segment or guarantee, where pieces do not end at it; and in a journey a `not` without `if`, which was read as a part
// of the clause before it.
bool Explainer::clause_word_here() {
  if (before() == L::NOT && in_.tokens[at_ - 1].first_on_line && expects(L::IN) && !in_piece(L::SEGMENT) && !in_piece(L::GUARANTEE)) --at_;
  else if (!is_hard(type()) || !in_.tokens[at_].first_on_line || !expects(kEndOfText)) return false;
  if (in_piece(L::SEGMENT) || in_piece(L::GUARANTEE))
    return say(Code::MisplacedClause, word() + " has no place in a " + text_at(piece_.begin) + ".", "Clauses stand in journeys and rules.");
  std::string help = clause_slip(in_.text(at_));
  if (help.empty()) help = clause_help();
  return say(Code::UnknownClause, word() + " does not begin a clause.", help);
}

bool Explainer::table() {
  if (!in_table()) return false;
  if (type() == L::ROW_END && before() != L::BAR && before() != L::DASH)
    return in_rule(P::RuleHead) ? say(Code::TableRow, "The head of the table does not end with `do`.", "Its last column is headed `do`.")
                                : say(Code::TableRow, "This row of the table does not say what is to be done.", "Its last cell is an action, or `nothing`.");
  if (before() == L::DASH && before(2) == L::DASH)
    return say(Code::TableRow, in_.span(at_ - 2, at_ - 1), "A table has no line under its head.", "Leave the line out.");
  if (type() == L::ROW_END && before() == L::DASH)
    return say(Code::TableRow, "This row of the table does not say what is to be done.", "Its last cell is an action, or `nothing`.");
  if (in_rule(P::RuleHead)) {
    if (type() == L::DO && before() == L::BAR) return say(Code::TableRow, "The table has nothing to choose by.", "Before `do` stands at least one column.");
    const bool test = type() == L::IS || type() == L::IN || type() == L::NOT || type() == L::AT || type() == L::LESS || type() == L::GREATER ||
                      type() == L::CONTAINS || type() == L::STARTS || type() == L::ENDS || (type() >= L::EQ && type() <= L::GREATER_SIGN);
    if (test || type() == L::HAPPENED || type() == L::SENT || type() == L::SHOWN)
      return say(Code::TableRow, "A column is a value, and " + word() + " begins a condition.",
                 test ? "Head the column with the value; what it is compared with stands in the cells: `> 2`."
                      : "Count it: `number of order_placed ever` heads a column, and the cells say how many.");
    return false;
  }
  if (type() == L::STAR && before() == L::BAR) return say(Code::NotUnderstood, "Any value is `-`, not `*`.", "Write `-`.");
  if (type() == L::NOT && before() == L::BAR && place() == kInCell && !find_slip(in_, piece_, at_, kInCell))
    return say(Code::NotUnderstood, "A cell does not begin with `not`.", "Write `is not`, or `!=`.");
  return false;
}

bool Explainer::slip() {
  const auto found = find_slip(in_, piece_, at_, place());
  if (!found) return false;
  const bool missing = found->said.find("` is missing ") != std::string::npos;
  return say(missing ? Code::MissingWord : Code::NotUnderstood, in_.span(found->first, found->last), found->said, found->help);
}

bool Explainer::hard_word_as_name() {
  if (!is_hard(type())) return false;
  const bool assigned = at_ + 1 < piece_.end && in_.tokens[at_ + 1].type == L::EQ;
  if (!expects(L::NAME) && !assigned) return false;
  return say(Code::HardWordAsName, word() + " is a word of the language and cannot be a name by itself.",
             "If a name is meant, write it in backticks: `` " + word() + " ``.");
}

bool Explainer::forgotten_word() {
  if (before() == L::LAST && before(2) == L::IN && is_number(type()))
    return say(Code::MissingWord, in_.span(at_ - 2, at_ - 1), "`the` is missing in `in last`.", "Write `in the last 7 days`.");
  const bool counts = before() == L::NUMBER || before() == L::SUM || before() == L::AVERAGE || before() == L::HIGHEST || before() == L::LOWEST;
  const bool words = (before() == L::ANY && before(2) == L::WHEN) || (before() == L::BEST && before(2) == L::BY);
  if (words && type() != L::OF && (is_word(type()) || type() == L::STRING || type() == L::TICKED))
    return say(Code::MissingWord, in_.span(at_ - 1), "`of` is missing after " + word_before() + ".", "Write `" + std::string(in_.text(at_ - 1)) + " of`.");
  if (before() == L::ASKED && (before(2) == L::WHEN || before(2) == L::TIME) && is_word(type()))
    return say(Code::MissingWord, in_.span(at_ - 1), "`for` is missing after `asked`.", "Write `asked for web.hero`.");
  if (type() == L::BEFORE && !is_number(behind())) return say(Code::MissingWord, "`this` is missing after `before`.", "Write `before this`.");
  if ((counts && before(2) != L::DOT && (is_word(type()) || type() == L::STRING)) || (before() == L::ONE && type() == L::LBRACKET))
    return say(Code::MissingWord, in_.span(at_ - 1), "`of` is missing after " + word_before() + ".", "Write `" + std::string(in_.text(at_ - 1)) + " of`.");
  return false;
}

bool Explainer::trigger() {
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
  if (type() == L::WHERE && has_before(L::SAME, at_))
    return say(Code::NotUnderstood, "`where` stands right after its event.", "Write `where` before `with the same`.");
  if (before() == L::WITHOUT && before(2) == L::COMMA)
    return say(Code::NotUnderstood, in_.span(at_ - 2), "No comma stands before `without`.", "Leave it out: `a, b without c`.");
  const bool joined = type() == L::COMMA || type() == L::OR || type() == L::AND;
  const int after = behind(2);
  if (joined && can_be_name(before()) && (can_be_name(behind()) || behind() == L::STRING)) {
    if (in_list_of_events() && type() != L::COMMA)
      return say(Code::NotUnderstood, "Several events are separated by commas, not by " + word() + ".",
                 "Write `" + text_at(at_ - 1) + ", " + text_at(at_ + 1) + "`.");
    const bool alone = after == kEndOfText || after == L::COMMA || after == L::OR || after == L::AND || after == L::WHERE || after == L::SENT;
    if (in_piece(L::WHEN) && alone && expects(kEndOfText) && (at_ == piece_.begin + 2 || before() == L::SENT))
      return say(Code::NotUnderstood, "A rule waits for one event, or for one of several.",
                 (type() == L::AND ? "For one after another write `when in order within 2 days: " : "Write `when any of ") + in_.words(piece_.begin + 1, at_ - 1) +
                     ", " + text_at(at_ + 1) + "`.");
  }
  const bool new_event = before(2) == L::OF || before(2) == L::NO || before(2) == L::COLON || before(2) == L::COMMA;
  if (new_event && can_be_name(type()) && can_be_name(before()) && in_list_of_events())
    return say(Code::MissingWord, "A comma is missing before " + word() + ".", "Write `a, b`.");
  return false;
}

bool Explainer::in_list_of_events() const {
  const auto at = [&](std::size_t i) { return piece_.begin + i < piece_.end ? in_.tokens[piece_.begin + i].type : kEndOfText; };
  return (at(1) == L::ANY && at(2) == L::OF) || (at(1) == L::IN && at(2) == L::ORDER) || at(1) == L::NO;
}

// Words of a clause that stand in another order, or are joined in another way.
bool Explainer::clause_order() {
  if (in_piece(L::QUIET) && type() == L::THEN && expects(kEndOfText))
    return say(Code::MissingWord, "A comma is missing before `then`.", "Write `, then wait` or `, then skip`.");
  if (in_piece(L::FROM) && before(2) == L::MONTH && expects(kEndOfText) && !in_.tokens[at_].first_on_line)
    return say(Code::NotUnderstood, "Here `until` is needed, not " + word() + ".", "Write `from 1 December 2026 until 24 December 2026`.");
  if (in_piece(L::DO) && type() == L::FOR && expects(kEndOfText))
    return say(Code::NotUnderstood, "`for` does not stand here.",
               "For how long something is shown stands before `with`: `show \"x\" in web.hero for 1 hour with …`.");
  if (in_piece(L::DO) && is_number(type()) && before(2) == L::PERCENT)
    return say(Code::MissingWord, "A comma is missing before " + word() + ".", "Write `50% a, 50% b`.");
  if (in_piece(L::RULE) && expects(kEndOfText) && is_word(type()))
    return say(Code::NotUnderstood, in_.span(piece_.begin + 1, piece_.end - 1), "The name of a rule is one word.",
               "Join its words, as in `" + text_at(at_ - 1) + '_' + text_at(at_) + "`.");
  if (in_piece(L::SEGMENT) && at_ == piece_.begin + 2 && is_word(type()) && behind() == L::IS)
    return say(Code::NotUnderstood, in_.span(at_ - 1, at_), "The name of a segment is one word.",
               "Join its words, as in `" + text_at(at_ - 1) + '_' + text_at(at_) + "`.");
  return false;
}

bool Explainer::between_actions() {
  if (!in_piece(L::DO) || (type() != L::COMMA && type() != L::AND) || at_ + 1 >= piece_.end || !is_action(in_.tokens[at_ + 1].type)) return false;
  return say(Code::NotUnderstood, "Nothing stands between two actions, so " + word() + " is too much.", "Write them one below the other.");
}

bool Explainer::quotes() {
  if (type() == L::STRING && expects(L::NAME) && !expects(L::STRING))
    return say(Code::NotUnderstood, "A name is needed here, not a text in quotes.", "Write it without quotes: a single word, or in backticks.");
  if (expects(L::STRING) && !expects(L::NAME) && (is_word(type()) || type() == L::TICKED)) {
    std::string name(in_.text(at_));
    if (type() == L::TICKED) name = name.substr(1, name.size() - 2);
    return say(Code::NotUnderstood, "A text in quotes is needed here, not " + word() + ".", "Write \"" + name + "\".");
  }
  return false;
}

bool Explainer::bar() {
  if ((type() != L::BAR && type() != L::ROW_END) || in_rule(P::RuleHead) || in_rule(P::RuleRow)) return false;
  return say(Code::NotUnderstood, "`|` stands only in the rows of a table.", "Tables begin with `do choose`; for conditions write `or`.");
}

bool Explainer::empty_cell() {
  if ((type() != L::BAR && type() != L::ROW_END) || before() != L::BAR) return false;
  return say(Code::TableRow, "A cell of the table is empty.", "Write `-` if any value will do, and `nothing` if nothing is to be done.");
}

// Exactly one word or sign fits.
bool Explainer::one_word() {
  if (fault_.expected.size() != 1 || fault_.expected[0].literal.empty()) return false;
  const std::string& literal = fault_.expected[0].literal;
  const std::array<std::string, 1> candidate{literal};
  std::string help = is_word(type()) ? diag::did_you_mean(in_.text(at_), candidate) : std::string();
  if (help.empty() && in_never()) help = kNever;
  const bool word_for_word = is_word(type()) && literal.size() > 1;
  const bool instead = (type() == L::COLON && literal == "=") || (joins(literal) && joins(in_.text(at_)));
  const std::string first = before() == L::ONLY || before() == L::STOP ? text_at(at_ - 1) + ' ' : std::string();
  if (help.empty() && instead && word_for_word) help = "Write `" + first + literal + "`.";
  if (help.empty() && literal == "[") help = "Values stand in brackets: `one of […]`.";
  if (help.empty() && literal == "=" && is_word(before())) help = "Write `" + text_at(at_ - 1) + " = …`.";
  const bool plain = is_word(before()) && (is_hard(before()) || literal == "the" || (joins(literal) && is_number(type())));
  if (help.empty() && plain && literal.size() > 1) help = "Write `" + text_at(at_ - 1) + ' ' + literal + ' ' + text_at(at_) + "`.";
  if (instead) return say(Code::NotUnderstood, "Here " + ticked(literal) + " is needed, not " + word() + ".", help);
  return say(Code::MissingWord, ticked(literal) + " is missing before " + word() + ".", help);
}

bool Explainer::wanted_instead() {
  const std::string phrase = wanted();
  if (phrase.empty()) return false;
  if (type() == L::SLASH && before() == L::SLASH)
    return say(Code::NotUnderstood, in_.span(at_ - 1, at_), "`//` is no sign of the language.", "A comment begins with `#`.");
  if (type() == L::COLON && at_ <= piece_.begin + 2) return say(Code::NotUnderstood, "No colon stands after " + word_before() + ".", "Leave it out.");
  if (type() == L::GREATER_SIGN && before() == L::LESS_SIGN)
    return say(Code::NotUnderstood, in_.span(at_ - 1, at_), "`<>` is no sign of the language.", "Write `is not`, or `!=`.");
  std::vector<std::string> candidates;
  for (const Fault::Expected& e : fault_.expected)
    if (e.type != L::SHOW && e.type != L::TASK && (e.type == L::MESSAGES || e.literal.size() > 1)) candidates.push_back(e.type == L::MESSAGES ? "messages" : e.literal);
  std::string help = type() == L::NAME && !expects(L::NAME) ? diag::did_you_mean(in_.text(at_), candidates) : std::string();
  if (help.empty() && in_never()) help = kNever;
  if (help.empty() && before() == L::VERSION) help = "A version is a whole number: `version 3`.";
  if (help.empty() && in_test() && before(2) == L::DAY) help = "Write `day " + text_at(at_ - 1) + " at " + (type() == L::TIME ? text_at(at_) : "10:00") + "`.";
  return say(Code::NotUnderstood, "Here " + phrase + " is needed, not " + word() + ".", help);
}

// What the name that does not fit may be a slip of the pen for.
std::string Explainer::misspelt() const {
  static const std::array<std::string, 16> kOfConditions{"is", "not", "and", "or", "least", "most", "more", "less",
                                                         "than", "contains", "starts", "ends", "happened", "since", "otherwise", "where"};
  static const std::array<std::string, 10> kOfTriggers{"where", "within", "without", "with", "sent", "shown", "enters", "leaves", "for", "order"};
  std::string help = (place() & kInCondition) != 0 ? diag::did_you_mean(in_.text(at_), kOfConditions) : diag::did_you_mean(in_.text(at_), kOfTriggers);
  if (help.empty() && before() == L::NAME && before(2) != L::DOT && !in_.tokens[at_].first_on_line && (place() & kInCondition) != 0)
    help = "If both are one name, join them, as in `" + text_at(at_ - 1) + '.' + text_at(at_) + "`.";
  return help;
}

bool Explainer::nothing_fits() {
  std::string help;
  if (type() == L::EQ || type() == L::IS || type() == L::AT || type() == L::LESS || type() == L::GREATER)
    help = "A comparison has two sides; join several with `and`.";
  if (type() == L::COMMA) help = "A comma separates events, channels, parameters or values in brackets; join conditions with `and`.";
  if (type() == L::DOT && (behind() == kEndOfText || in_.tokens[at_ + 1].first_on_line)) help = "Clauses need nothing between them; leave it out.";
  const bool in_trigger = in_piece(L::WHEN) || in_piece(L::THEN);
  if (in_trigger && (type() == L::NOT || type() == L::IF || type() == L::UNLESS)) help = clause_slip(in_.text(at_));
  if (type() == L::HAPPENED && in_trigger) help = "A `where` looks only at the fields of its event; put what happened before into `only if`.";
  else if (type() == L::HAPPENED) help = "`happened` follows the name of an event: `order_placed happened in the last 7 days`.";
  else if (type() == L::SENT || type() == L::SHOWN) help = "`sent` and `shown` follow the name of a rule: `nudge sent in the last 7 days`.";
  if (type() == L::NAME) help = misspelt();
  return say(Code::NotUnderstood, word() + " is not understood here.", help);
}

void explain(Input& input, Piece piece, const Fault& fault) { Explainer(input, piece, fault).explain(); }

}  // namespace polku::syntax
