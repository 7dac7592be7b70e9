// One piece of a file through ANTLR's parser: SLL first, LL where that fails, at most one fault. Inside compiler/syntax only.
#pragma once
#include <memory>
#include <string>
#include <unordered_map>
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

// What tree a piece has depends on the types of its tokens alone, and clauses are much alike: a tree is made once for each sequence of types, and
// used again with other tokens in it. For one thread at a time.
class PieceParser {
 public:
  PieceParser();
  ~PieceParser();
  PieceParser(const PieceParser&) = delete;
  PieceParser& operator=(const PieceParser&) = delete;

  // No word of the piece is faulty by itself, and the parser can take it. Reports if it is too large or nested too deeply.
  static bool fit(Input& input, Piece piece);

  // The tree of the piece by a rule of the grammar, given by number (P::Rule…) and function; valid until the next call. nullptr after a fault,
  // which is then reported once.
  template <class Context>
  Context* parse(Input& input, Piece piece, std::size_t number, Context* (PolkuParser::*rule)()) {
    Context* made = tree(input, piece, number, rule);
    if (made == nullptr && tokens_ != nullptr) report(input, piece);
    return made;
  }

  // The same, but a fault that only the parser sees is not reported.
  template <class Context>
  Context* tree(Input& input, Piece piece, std::size_t number, Context* (PolkuParser::*rule)()) {
    if (auto* known = same(input, piece, number)) return static_cast<Context*>(known);
    tokens_.reset();
    if (!fit(input, piece)) return nullptr;
    begin(input, piece);
    for (const bool full : {false, true}) {
      restart(full);
      try {
        Context* tree = (parser_.*rule)();
        keep(tree);
        return tree;
      } catch (const antlr4::ParseCancellationException&) {
      }
    }
    return nullptr;
  }

 private:
  using Tokens = std::vector<antlr4::CommonToken>;
  class Stream;
  class FirstFault;
  // ANTLR's, but it starts anew without giving up the trees made so far.
  class Parser : public PolkuParser {
   public:
    using PolkuParser::PolkuParser;
    void again(antlr4::atn::PredictionMode mode);
    void drop_trees() { _tracker.reset(); }
  };
  struct Known { std::unique_ptr<Tokens> tokens; antlr4::ParserRuleContext* tree = nullptr; };

  antlr4::ParserRuleContext* same(const Input& input, Piece piece, std::size_t number);
  void begin(const Input& input, Piece piece);
  void restart(bool full);
  void keep(antlr4::ParserRuleContext* tree);
  void report(Input& input, Piece piece);

  std::unique_ptr<Stream> stream_;
  std::shared_ptr<FirstFault> strategy_;
  Parser parser_;
  std::string key_;                               // of the piece at hand: the rule's number, then the types
  std::unique_ptr<Tokens> tokens_;                // of the piece that the parser could not read, or reads
  std::unordered_map<std::string, Known> known_;
  std::size_t made_ = 0;                          // tokens in all trees that the parser still holds
};

// Says a fault in the author's words.
void explain(Input& input, Piece piece, const Fault& fault);

}  // namespace polku::syntax
