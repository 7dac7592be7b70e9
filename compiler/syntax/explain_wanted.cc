// What would fit where a piece stopped making sense, as a phrase.
#include <algorithm>

#include "compiler/syntax/explainer.h"

namespace polku::syntax {

std::string Explainer::wanted() const {
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

std::string Explainer::named_rule(std::size_t rule) {
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
    case P::RulePromise: return "`never send … unless …` or `at most 3 messages in 7 days`";
    default: return {};
  }
}

std::string Explainer::spelled(const Fault::Expected& e) {
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

}  // namespace polku::syntax
