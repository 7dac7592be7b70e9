// YAML text as a tree of words, lists and maps, each with its place. Inside the catalog stage only.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/diag/diag.h"

namespace polku::catalog {

enum class Shape { Empty, Word, List, Map };

struct Node {
  Shape shape = Shape::Empty;
  std::string text;        // Word: its text, escapes resolved
  bool quoted = false;     // Word: in quotes, or a block of lines
  bool verbatim = false;   // Word: the bytes of `inner` are the text, blanks apart
  diag::Span span;         // Word: with quotes. List, Map: its first character. Empty: the key it belongs to
  diag::Span inner;        // Word: without quotes
  std::vector<const Node*> items;                          // List
  std::vector<std::pair<const Node*, const Node*>> pairs;  // Map; keys may stand twice
  bool null() const {      // a word that YAML takes for nothing
    return shape == Shape::Word && !quoted && (text == "null" || text == "~" || text == "Null" || text == "NULL");
  }
  std::size_t weight = 0;  // nodes in it, aliases counted out; 0 while it is being read
};

struct Tree {
  std::deque<Node> nodes;  // owns all; an alias makes a node stand in several places
  const Node* root = nullptr;
};

// The one document of the file; nullopt after an error (one diagnostic, codes PK40xx). What comes back is at most 64 deep
// and has at most a million nodes, aliases counted out.
std::optional<Tree> parse_yaml(const diag::Sources& sources, std::uint32_t file, diag::Diagnostics& d);

}  // namespace polku::catalog
