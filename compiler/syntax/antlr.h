// The one place where ANTLR and what it generated from grammar/Polku.g4 come in. Inside compiler/syntax only.
#pragma once
#include <typeinfo>

#include "PolkuLexer.h"
#include "PolkuParser.h"

namespace polku::syntax {

using generated::PolkuLexer;
using generated::PolkuParser;
using P = PolkuParser;

// The context as one alternative of its rule, or nullptr. Contexts are never derived further, so their very type is compared:
// a dynamic_cast took a fifth of the time of a parse.
template <class Alternative>
Alternative* as(antlr4::ParserRuleContext* context) {
  return context != nullptr && typeid(*context) == typeid(Alternative) ? static_cast<Alternative*>(context) : nullptr;
}

// The one part that a context consists of, if it has but one: most of the layers of an expression are just passed through.
template <class Part>
Part* only_part(antlr4::ParserRuleContext* context) {
  return context->children.size() == 1 ? static_cast<Part*>(context->children[0]) : nullptr;
}

inline std::size_t first_token(antlr4::ParserRuleContext* context) { return context->getStart()->getTokenIndex(); }
inline std::size_t last_token(antlr4::ParserRuleContext* context) { return context->getStop()->getTokenIndex(); }
inline std::size_t token_index(antlr4::tree::TerminalNode* node) { return node->getSymbol()->getTokenIndex(); }

}  // namespace polku::syntax
