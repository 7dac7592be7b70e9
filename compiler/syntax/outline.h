// The structure of a file: blocks, rules, clauses, lines of tests. Cuts the tokens where the hard words of the language say
// that something new begins, so that a fault never leaves its clause. Inside compiler/syntax only.
#pragma once
#include <set>

#include "compiler/syntax/builder.h"
#include "compiler/syntax/parts.h"
#include "compiler/syntax/piece.h"

namespace polku::syntax {

class Outline {
 public:
  // `parts`, if given, gets every piece of the file, in order.
  Outline(Input& input, PieceParser& parser, std::vector<Part>* parts = nullptr);
  File file(std::uint32_t number);

 private:
  // Where something begins (outline.cc).
  int type(std::size_t at) const { return at < in_.tokens.size() ? in_.tokens[at].type : kEndOfText; }
  bool done() const { return type(at_) == kEndOfText || in_.stopped(); }
  bool boundary(std::size_t at) const;
  bool block_begins(std::size_t at) const;
  bool clause_begins(std::size_t at, int piece_type) const;
  bool from_begins(std::size_t at) const;
  bool line_begins(std::size_t at) const;

  // Blocks (outline.cc).
  void block();
  void unknown_block();
  void stray_end();
  void rule_outside();
  void skip_to_block();
  Piece to_end_of_block() const;
  void close(std::size_t head, const char* what, const std::string& name);
  Name head_name(std::size_t head, std::size_t head_end);

  void segment();
  void guarantee();
  void test();
  bool line_fits(Piece line);

  // Journeys (outline_journey.cc).
  void journey();
  void journey_head(Journey& journey);
  void rule_head(Journey& journey);
  void clause(Journey& journey);
  bool fits_here(Piece piece, Journey& journey);
  bool table_whole(Piece piece);
  std::vector<Piece> conjuncts(Piece piece) const;
  bool by_parts(Piece piece, Journey& journey);
  void build_clause(P::ClauseContext* c, Journey& journey);

  // The piece parsed by one rule of the grammar, as PieceParser::parse() wants it; nullptr after a fault.
  template <class Context>
  Context* parsed(Shape shape, Piece piece, std::size_t number, Context* (PolkuParser::*rule)()) {
    Context* tree = parser_.parse(in_, piece, number, rule);
    if (parts_ != nullptr && tree != nullptr) parts_->push_back(part_of(shape, piece.begin, piece.end - 1, tree));
    return tree;
  }

  Input& in_;
  std::vector<Part>* parts_;
  PieceParser& parser_;
  Builder build_;
  std::vector<bool> open_;         // after this token something must follow, so no clause ends there
  std::size_t at_ = 0;
  std::set<int> seen_;             // the single clauses that the journey or rule at hand already has
  File file_;
};

}  // namespace polku::syntax
