// Journeys, their rules, and the clauses of both.
#include <utility>

#include "compiler/syntax/outline.h"
#include "compiler/syntax/slips.h"
#include "compiler/syntax/words.h"

namespace polku::syntax {

using diag::Code;
using L = PolkuLexer;

void Outline::journey() {
  const std::size_t head = at_;
  Journey journey;
  journey_head(journey);
  bool reopened = false;  // rules came after an `end`, which was said; the `end`s between them are then the same mistake
  for (;;) {
    while (!in_.stopped() && type(at_) != kEndOfText && !block_begins(at_) && type(at_) != L::END) {
      if (type(at_) == L::RULE)
        rule_head(journey);
      else
        clause(journey);
    }
    if (type(at_) != L::END || type(at_ + 1) != L::RULE) break;
    if (!reopened)
      in_.error(Code::EndOfRule, in_.span(at_), "This `end` closes the journey, and another rule follows.",
                "A rule has no `end` of its own; delete this one.");
    reopened = true;
    ++at_;
  }
  if (!reopened || type(at_) == L::END) close(head, "journey", journey.name.text);
  if (reopened && type(at_) == L::END) ++at_;  // of an author who closes the last rule and then the journey
  file_.journeys.push_back(std::move(journey));
}

void Outline::journey_head(Journey& journey) {
  Piece piece{at_, at_ + 1};
  if (type(piece.end) == L::STRING) {
    ++piece.end;
    if (type(piece.end) == L::VERSION) {
      ++piece.end;
      if (type(piece.end) == L::INT)
        ++piece.end;
      else  // what was meant as the version, to be told once
        while (type(piece.end) != kEndOfText && !in_.tokens[piece.end].first_on_line && !clause_begins(piece.end, L::JOURNEY)) ++piece.end;
    }
  } else {
    while (type(piece.end) != kEndOfText && !clause_begins(piece.end, L::JOURNEY) && !in_.tokens[piece.end].first_on_line) ++piece.end;
  }
  at_ = piece.end;
  seen_.clear();
  journey.name = head_name(piece.begin, piece.end);
  journey.span = in_.span(piece.begin, piece.end - 1);
  auto* tree = parsed(Shape::JourneyHead, piece, P::RuleJourneyHead, &PolkuParser::journeyHead);
  if (tree == nullptr) return;
  journey.name = build_.quoted_name(tree->STRING());
  if (tree->INT() != nullptr) journey.version = build_.whole(tree->INT());
}

void Outline::rule_head(Journey& journey) {
  Piece piece{at_, at_ + 1};
  const bool named = can_be_name(type(piece.end));
  if (named) ++piece.end;
  if (!named || (is_word(type(piece.end)) && !is_hard(type(piece.end))))  // a name of several words is one fault
    while (type(piece.end) != kEndOfText && !clause_begins(piece.end, L::RULE) && !in_.tokens[piece.end].first_on_line) ++piece.end;
  at_ = piece.end;
  seen_.clear();
  Rule rule;
  rule.name = head_name(piece.begin, piece.end);
  rule.span = in_.span(piece.begin, piece.end - 1);
  if (auto* tree = parsed(Shape::RuleHead, piece, P::RuleRuleHead, &PolkuParser::ruleHead)) rule.name = build_.name(tree->name());
  journey.rules.push_back(std::move(rule));
}

void Outline::clause(Journey& journey) {
  Piece piece{at_, at_ + 1};
  while (type(piece.end) != kEndOfText && !clause_begins(piece.end, type(piece.begin))) ++piece.end;
  at_ = piece.end;
  if (!fits_here(piece, journey) || !table_whole(piece)) return;
  if (parts_ == nullptr && by_parts(piece, journey)) return;
  if (auto* tree = parsed(Shape::Clause, piece, P::RuleClausePiece, &PolkuParser::clausePiece)) build_clause(tree->clause(), journey);
}

// The parts of `only if a and b and c`, if it is nothing but such a chain. An `and` behind what ends an operand is no name, as nowhere in a
// condition a name follows such a word; a `where` or an `or` beside it could have a part of the chain to itself.
std::vector<Piece> Outline::conjuncts(Piece piece) const {
  std::vector<Piece> out;
  if ((type(piece.begin) != L::ONLY && type(piece.begin) != L::NOT) || piece.end - piece.begin < 3) return out;
  std::size_t open = 0, begin = piece.begin + 2;
  for (std::size_t i = begin; i < piece.end; ++i) {
    const int word = type(i);
    if (word == L::LPAREN || word == L::LBRACKET) ++open;
    if ((word == L::RPAREN || word == L::RBRACKET) && open-- == 0) return {};
    if (open > 0) continue;
    if (word == L::WHERE || word == L::OR) return {};
    if (word != L::AND) continue;
    if (!ends_operand(type(i - 1))) return {};
    out.push_back({begin, i});
    begin = i + 1;
  }
  if (!out.empty()) out.push_back({begin, piece.end});
  return out;
}

// Chains are of all lengths and kinds, their parts are much alike: a tree of each part is there mostly (see PieceParser). false if the clause is no
// chain, or one with a fault that the parser must find; then the whole of it is parsed.
bool Outline::by_parts(Piece piece, Journey& journey) {
  const std::vector<Piece> parts = conjuncts(piece);
  if (parts.empty()) return false;
  if (!PieceParser::fit(in_, piece)) return true;
  const auto tree = [&](Piece part) { return parser_.tree(in_, part, P::RuleConjunctPiece, &PolkuParser::conjunctPiece); };
  for (const Piece part : parts)
    if (part.begin == part.end || tree(part) == nullptr) return false;
  auto built = build_.condition(type(piece.begin) == L::ONLY ? Polarity::OnlyIf : Polarity::NotIf, piece, parts,
                                [&](Piece part) { return tree(part)->notExpr(); });
  if (built) (journey.rules.empty() ? journey.conditions : journey.rules.back().conditions).push_back(std::move(*built));
  return true;
}

// What can be said of a clause by its first word alone: that there is no such clause, not here, or not twice.
bool Outline::fits_here(Piece piece, Journey& journey) {
  const int word = type(piece.begin);
  const std::string text = word == L::STOP ? "`stop when`" : word == L::HOLD ? "`hold out`" : ticked(in_.text(piece.begin));
  const Span place = in_.span(piece.begin);
  if (in_.tokens[piece.begin].bad) return false;
  if (is_action(word)) {
    in_.error(Code::ActionWithoutDo, place, "The action " + text + " stands without `do`.", "Write `do " + std::string(in_.text(piece.begin)) + " …`.");
    return false;
  }
  if (word != L::FROM && !clause_begins(piece.begin, kEndOfText)) {
    std::string help = clause_slip(in_.text(piece.begin));
    if (help.empty() && is_word(word)) help = diag::did_you_mean(in_.text(piece.begin), clause_words());
    if (help.empty()) help = clause_help();
    in_.error(Code::UnknownClause, place, text + " does not begin a clause.", help);
    return false;
  }
  const bool in_journey = journey.rules.empty();
  const bool of_rules = word == L::WHEN || word == L::THEN || word == L::DO;
  const bool of_journeys = word == L::GOAL || word == L::STOP || word == L::HOLD;
  if (in_journey && of_rules) {
    in_.error(Code::MisplacedClause, place, "A " + text + " stands in a rule, not in a journey.", "Begin a rule before it: `rule name`.");
    return false;
  }
  if (!in_journey && of_journeys) {
    in_.error(Code::MisplacedClause, place, "A " + text + " stands in a journey, not in a rule.",
              "Write it above the first rule of the journey; it holds for all of them.");
    return false;
  }
  const bool several = word == L::ONLY || word == L::NOT || word == L::LIMIT || word == L::STOP;
  if (!several && !seen_.insert(word).second) {
    const std::string whose = in_journey ? "The journey " + ticked(journey.name.text) : "The rule " + ticked(journey.rules.back().name.text);
    in_.error(Code::ClauseTwice, place, whose + " has a second " + text + ".",
              word == L::WHEN ? "A rule has one `when`; write another rule." : word == L::DO ? "A rule has one `do`; write another rule." : "Keep one of them.");
    return false;
  }
  return true;
}

// A table stands alone in its `do`, and a row of it is one line between two bars. What breaks that is said here: the parser
// would only see the ruins.
bool Outline::table_whole(Piece piece) {
  if (type(piece.begin) != L::DO) return true;
  const auto say = [&](Code code, std::size_t at, const char* said, const char* help) {
    for (std::size_t i = piece.begin; i < piece.end; ++i)
      if (in_.tokens[i].bad) return false;  // said when it was read
    in_.error(code, in_.span(at), said, help);
    return false;
  };
  const bool in_table = piece.begin + 1 < piece.end && type(piece.begin + 1) == L::CHOOSE;
  bool in_row = false;
  for (std::size_t i = piece.begin + 2; i < piece.end; ++i) {
    const bool action = is_action(type(i)) && type(i - 1) != L::DOT && type(i + 1) != L::EQ;
    if (!in_.tokens[i].first_on_line) {
      if (!action || type(i) != L::CHOOSE) continue;
      return in_row ? say(Code::TableAlone, i, "A row of a table holds no table.", "Add the column to this table, or write another rule.")
                    : say(Code::TableAlone, i, "A table stands alone in its `do`.", "Put the other actions into its rows.");
    }
    if (!in_table) {
      if (!action || type(i) != L::CHOOSE) continue;
      return say(Code::TableAlone, i, "A table stands alone in its `do`.", "Put the other actions into its rows.");
    }
    std::size_t last = i;
    while (last + 1 < piece.end && !in_.tokens[last + 1].first_on_line) ++last;
    in_row = type(i) == L::BAR || type(i) == L::ROW_END;
    const bool ends = type(last) == L::ROW_END;
    if (in_row && ends && last > i) continue;
    if (in_row) return say(Code::TableRow, last, "This row of the table does not end with `|`.", "A row is one line that begins and ends with `|`.");
    if (action && !ends)
      return say(Code::TableAlone, i, "A table stands alone in its `do`.", "What is to be done stands in its rows; write `nothing` where nothing is.");
    return say(Code::TableRow, i, "This line of the table does not begin with `|`.", "A row is one line that begins and ends with `|`.");
  }
  return true;
}

void Outline::build_clause(P::ClauseContext* c, Journey& journey) {
  Rule* rule = journey.rules.empty() ? nullptr : &journey.rules.back();
  auto& conditions = rule != nullptr ? rule->conditions : journey.conditions;
  if (auto* when = as<P::WhenClauseContext>(c)) {
    rule->when = build_.when(when);
  } else if (auto* then_no = as<P::ThenNoClauseContext>(c)) {
    rule->then = build_.then_no(then_no);
  } else if (auto* then_wait = as<P::ThenWaitClauseContext>(c)) {
    rule->then = build_.then_wait(then_wait);
  } else if (auto* only = as<P::OnlyIfClauseContext>(c)) {
    if (auto built = build_.condition(Polarity::OnlyIf, c, only->expr())) conditions.push_back(std::move(*built));
  } else if (auto* not_if = as<P::NotIfClauseContext>(c)) {
    if (auto built = build_.condition(Polarity::NotIf, c, not_if->expr())) conditions.push_back(std::move(*built));
  } else if (auto* limit = as<P::LimitClauseContext>(c)) {
    if (auto built = build_.limit(limit)) (rule != nullptr ? rule->limits : journey.limits).push_back(std::move(*built));
  } else if (auto* quiet = as<P::QuietClauseContext>(c)) {
    (rule != nullptr ? rule->quiet : journey.quiet) = build_.quiet(quiet);
  } else if (auto* once = as<P::OnceClauseContext>(c)) {
    (rule != nullptr ? rule->once : journey.once) = build_.once(once);
  } else if (auto* from = as<P::FromClauseContext>(c)) {
    (rule != nullptr ? rule->dates : journey.dates) = build_.dates(from);
  } else if (auto* goal = as<P::GoalClauseContext>(c)) {
    journey.goal = build_.goal(goal);
  } else if (auto* stop = as<P::StopClauseContext>(c)) {
    if (auto built = build_.stop_when(stop)) journey.stops.push_back(std::move(*built));
  } else if (auto* hold_out = as<P::HoldOutClauseContext>(c)) {
    journey.hold_out = build_.hold_out(hold_out);
  } else if (auto* priority = as<P::PriorityClauseContext>(c)) {
    (rule != nullptr ? rule->priority : journey.priority) = build_.priority(priority);
  } else if (auto* owner = as<P::OwnerClauseContext>(c)) {
    (rule != nullptr ? rule->owner : journey.owner) = build_.owner(owner);
  } else {
    rule->action = build_.action(static_cast<P::DoClauseContext*>(c));
  }
}

}  // namespace polku::syntax
