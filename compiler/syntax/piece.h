// One piece of a file through ANTLR's parser: SLL first, LL where that fails, at most one fault. Inside compiler/syntax only.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "compiler/syntax/antlr.h"
#include "compiler/syntax/input.h"

namespace polku::syntax {

// Where a piece stopped making sense.
struct Fault {
  struct Level { std::size_t rule; std::size_t start; };  // a rule being parsed, and its first token
  std::size_t token = 0;                 // the one that does not fit; piece.end if the piece ends too early
  struct Expected { int type; std::string literal; };  // the word or sign as written, if it is just one
  std::vector<Expected> expected;        // what would fit there
  std::vector<Level> levels;             // innermost first
};

class PieceParser {
 public:
  explicit PieceParser(Input& input);
  ~PieceParser();
  PieceParser(const PieceParser&) = delete;
  PieceParser& operator=(const PieceParser&) = delete;

  // The tree of the piece, valid until the next call; nullptr after a fault, which is then reported once.
  template <class Context>
  Context* parse(Piece piece, Context* (PolkuParser::*rule)()) {
    if (!begin(piece)) return nullptr;
    for (const bool full : {false, true}) {
      restart(full);
      try {
        return ((*parser_).*rule)();
      } catch (const antlr4::ParseCancellationException&) {
      }
    }
    report(piece);
    return nullptr;
  }

 private:
  class Stream;
  class FirstFault;

  bool begin(Piece piece);
  void restart(bool full);
  void report(Piece piece);

  Input& input_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<PolkuParser> parser_;
  std::shared_ptr<FirstFault> strategy_;
};

// Says a fault in the author's words.
void explain(Input& input, Piece piece, const Fault& fault);

}  // namespace polku::syntax
