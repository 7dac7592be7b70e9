#include "compiler/syntax/syntax.h"

#include <exception>

#include "compiler/syntax/input.h"
#include "compiler/syntax/outline.h"
#include "compiler/syntax/written.h"

namespace polku::syntax {

namespace {

// ANTLR throws what it cannot do; nothing of that may leave this folder. Reaching this is a fault of ours, and is said so.
void internal(diag::Diagnostics& d, Span place, const char* what) {
  d.add(diag::Code::ReadingFailed, place, std::string("This text could not be read, by a fault of Polku itself (") + what + ").",
        "Please report it together with the text.");
}

}  // namespace

File parse(const diag::Sources& sources, std::uint32_t file, diag::Diagnostics& d, const Limits& limits) {
  File empty;
  empty.file = file;
  const Span start{file, 0, 0};
  try {
    Input input(sources.text(file), start, true, limits, d);
    if (!readable(input)) return empty;
    tokenise(input);
    PieceParser parser;
    return Outline(input, parser).file(file);
  } catch (const std::exception& e) {
    internal(d, start, e.what());
    return empty;
  }
}

std::optional<Written> written(const diag::Sources& sources, std::uint32_t file, diag::Diagnostics& d, const Limits& limits) {
  const Span start{file, 0, 0};
  try {
    Written all;
    Input input(sources.text(file), start, true, limits, d);
    if (!readable(input)) return std::nullopt;
    tokenise(input);
    PieceParser parser;
    Outline(input, parser, &all.pieces).file(file);
    if (input.faulty()) return std::nullopt;
    for (std::size_t i = 0; i + 1 < input.tokens.size(); ++i) all.words.push_back({input.tokens[i].begin, input.tokens[i].end});
    return all;
  } catch (const std::exception& e) {
    internal(d, start, e.what());
    return std::nullopt;
  }
}

ExprPtr parse_expression(const std::string& text, Span where, diag::Diagnostics& d, const Limits& limits) {
  const std::size_t before = d.errors();
  try {
    Input input(text, where, where.end >= where.begin && where.end - where.begin == text.size(), limits, d);
    if (!readable(input)) return nullptr;
    tokenise(input);
    const Piece piece{0, input.tokens.size() - 1};
    if (piece.end == 0) {
      input.error(diag::Code::EndsEarly, where, "There is no expression here.", "As in `last order_placed.total`.");
      return nullptr;
    }
    PieceParser parser;
    auto* tree = parser.parse(input, piece, P::RuleExprPiece, &PolkuParser::exprPiece);
    if (tree == nullptr) return nullptr;
    ExprPtr built = Builder(input).expr(tree->expr());
    return d.errors() == before ? std::move(built) : nullptr;
  } catch (const std::exception& e) {
    internal(d, where, e.what());
    return nullptr;
  }
}

}  // namespace polku::syntax
