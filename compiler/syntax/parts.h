// From ANTLR's tree of a piece to the parts of Written. Inside compiler/syntax only.
#pragma once
#include "compiler/syntax/antlr.h"
#include "compiler/syntax/written.h"

namespace polku::syntax {

Part part_of(Shape shape, std::size_t first, std::size_t last, antlr4::ParserRuleContext* tree);

}  // namespace polku::syntax
