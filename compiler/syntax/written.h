// A file as it is written: its words and signs in their order, and how they belong together. For those who write rule text anew
// (compiler/format); what the words mean is in ast.h.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/diag/diag.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/syntax.h"

namespace polku::syntax {

enum class Shape {
  // What a file consists of, one after the other; every word is in one of them.
  JourneyHead, RuleHead, Clause, Segment, Guarantee, TestHead, TestLine, End,
  // What these consist of. Words that are in no inner part belong to the part around it.
  Or, And,        // a chain: Item, `or`, Item, …
  Items, Steps,   // a list: Item, `,`, Item, … (Steps: of `in order`)
  Item,
  Tail,           // what follows a list in its clause: `for D`, `without X`; also `worth V` and `unless C`
  Act, With,      // an action, and the `with …` in it
  Table, Row, Cell,         // the head is a row, too; the action of a row is its last cell
  Operator, CellOperator,   // of a comparison, and of a cell: see Part::op
  Filler,         // a word that a cell does without, the `is` of `is missing`
  Sign,           // a minus directly before a number
};

struct Part {
  Shape shape = Shape::Clause;
  std::size_t first = 0, last = 0;     // in Written::words, last included
  CompareOp op = CompareOp::Eq;        // of an operator
  std::vector<Part> parts;             // in order, apart from each other
};

struct Written {
  struct Word { std::uint32_t begin = 0, end = 0; };  // bytes of the file
  std::vector<Word> words;
  std::vector<Part> pieces;
};

// Nothing if the file has faults, which are then reported as by parse().
std::optional<Written> written(const diag::Sources& sources, std::uint32_t file, diag::Diagnostics& d, const Limits& limits = {});

}  // namespace polku::syntax
