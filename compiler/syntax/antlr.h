// The one place where ANTLR and what it generated from grammar/Polku.g4 come in. Inside compiler/syntax only.
#pragma once
#include "PolkuLexer.h"
#include "PolkuParser.h"

namespace polku::syntax {

using generated::PolkuLexer;
using generated::PolkuParser;
using P = PolkuParser;

inline std::size_t first_token(antlr4::ParserRuleContext* context) { return context->getStart()->getTokenIndex(); }
inline std::size_t last_token(antlr4::ParserRuleContext* context) { return context->getStop()->getTokenIndex(); }
inline std::size_t token_index(antlr4::tree::TerminalNode* node) { return node->getSymbol()->getTokenIndex(); }

}  // namespace polku::syntax
