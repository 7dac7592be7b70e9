// The places are the steps in the tables of ANTLR's parser: a parse tells by which of them it went.
#include "tests/docs/places.h"

#include <fmt/format.h>

#include "compiler/syntax/antlr.h"
#include "compiler/syntax/written.h"

namespace {

using namespace polku;
using syntax::P;
using syntax::PolkuLexer;
using Place = std::pair<std::size_t, std::size_t>;  // rules are counted on from kRules

constexpr std::size_t kRules = 1'000'000;

class Listener : public antlr4::tree::ParseTreeListener {
 public:
  Listener(P& parser, std::set<Place>& met) : parser_(parser), met_(met) {}
  void visitTerminal(antlr4::tree::TerminalNode* node) override { met_.insert({parser_.getState(), node->getSymbol()->getType()}); }
  void visitErrorNode(antlr4::tree::ErrorNode*) override {}
  void enterEveryRule(antlr4::ParserRuleContext* c) override { met_.insert({c->invokingState, kRules + c->getRuleIndex()}); }
  void exitEveryRule(antlr4::ParserRuleContext*) override {}

 private:
  P& parser_;
  std::set<Place>& met_;
};

bool parse(const std::string& text, syntax::Shape shape, std::set<Place>& met) {
  antlr4::ANTLRInputStream characters(text);
  PolkuLexer lexer(&characters);
  antlr4::CommonTokenStream tokens(&lexer);
  P parser(&tokens);
  parser.removeErrorListeners();
  Listener listener(parser, met);
  parser.addParseListener(&listener);
  switch (shape) {
    case syntax::Shape::JourneyHead: parser.journeyHead(); break;
    case syntax::Shape::RuleHead: parser.ruleHead(); break;
    case syntax::Shape::Clause: parser.clausePiece(); break;
    case syntax::Shape::Segment: parser.segmentBlock(); break;
    case syntax::Shape::Guarantee: parser.guaranteeBlock(); break;
    case syntax::Shape::TestHead: parser.testHead(); break;
    case syntax::Shape::TestLine: parser.testPiece(); break;
    case syntax::Shape::End: break;
    case syntax::Shape::Or: case syntax::Shape::And: case syntax::Shape::Items: case syntax::Shape::Steps: case syntax::Shape::Item:
    case syntax::Shape::Tail: case syntax::Shape::Act: case syntax::Shape::With: case syntax::Shape::Table: case syntax::Shape::Row:
    case syntax::Shape::Cell: case syntax::Shape::Operator: case syntax::Shape::CellOperator: case syntax::Shape::Filler: case syntax::Shape::Sign:
      return false;  // never a whole piece
  }
  return parser.getNumberOfSyntaxErrors() == 0;
}

// `"Journey".rule` as a value is read so that it can be said what it lacks: it never compiles (the alternative rulePrimary).
bool only_for_a_message(const antlr4::atn::ATNState& s, const antlr4::atn::Transition& t) {
  if (s.ruleIndex != P::RulePrimary) return false;
  if (t.getSerializationType() == antlr4::atn::Transition::RULE) return t.target->ruleIndex == P::RuleName;
  return !t.isEpsilon() && (t.label().contains(ssize_t{P::STRING}) || t.label().contains(ssize_t{P::DOT}));
}

std::string token_name(const P& parser, std::size_t type) {
  const std::string word(parser.getVocabulary().getLiteralName(type));
  return word.empty() ? std::string(parser.getVocabulary().getSymbolicName(type)) : word.substr(1, word.size() - 2);
}

}  // namespace

bool Places::note(const std::string& text, std::size_t from, std::size_t to) {
  diag::Sources sources;
  diag::Diagnostics faults;
  const auto written = syntax::written(sources, sources.add("example", text), faults);
  if (!written) return false;
  bool fine = true;
  for (const syntax::Part& piece : written->pieces) {
    const std::size_t begin = written->words[piece.first].begin, end = written->words[piece.last].end;
    if (begin >= from && begin < to) fine &= parse(text.substr(begin, end - begin), piece.shape, met_);
  }
  return fine;
}

std::vector<std::string> Places::missing() const {
  antlr4::ANTLRInputStream nothing("");
  PolkuLexer lexer(&nothing);
  antlr4::CommonTokenStream tokens(&lexer);
  P parser(&tokens);
  const antlr4::atn::ATN& tables = parser.getATN();
  std::vector<std::string> out;
  const auto want = [&](const antlr4::atn::ATNState& s, const antlr4::atn::ATNState& next, std::size_t what, const std::string& name) {
    if (met_.contains({s.stateNumber, what})) return;
    std::string said = fmt::format("rule `{}`: `{}`", parser.getRuleNames()[s.ruleIndex], name);
    const auto behind = tables.nextTokens(const_cast<antlr4::atn::ATNState*>(&next)).toList();
    if (behind.size() == 1 && behind[0] > 0) said += fmt::format(" before `{}`", token_name(parser, static_cast<std::size_t>(behind[0])));
    out.push_back(std::move(said));
  };
  for (const antlr4::atn::ATNState* s : tables.states) {
    // A word as a name is as good as any other name, an expression by itself stands in catalogs, and a conjunct by itself is how a condition is read.
    if (s == nullptr || s->ruleIndex == P::RuleHardWord || s->ruleIndex == P::RuleSoftWord) continue;
    if (s->ruleIndex == P::RuleExprPiece || s->ruleIndex == P::RuleConjunctPiece) continue;
    for (const antlr4::atn::Transition* t : s->transitions) {
      if (only_for_a_message(*s, *t)) continue;
      if (t->getSerializationType() == antlr4::atn::Transition::RULE) {
        const auto* rule = static_cast<const antlr4::atn::RuleTransition*>(t);
        want(*s, *rule->followState, kRules + t->target->ruleIndex, parser.getRuleNames()[t->target->ruleIndex]);
      } else if (!t->isEpsilon()) {
        for (const ssize_t type : t->label().toList())
          if (type > 0) want(*s, *t->target, static_cast<std::size_t>(type), token_name(parser, static_cast<std::size_t>(type)));
      }
    }
  }
  return out;
}
