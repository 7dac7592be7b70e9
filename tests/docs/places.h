// The places of the grammar: each word, sign and part of it, wherever one of its rules asks for it. `,` before `then` in a clause is
// one place, `,` between two parameters another.
#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

class Places {
 public:
  // Notes the places that the pieces beginning in text[from, to) go through. A text with faults notes none and gives false.
  bool note(const std::string& text, std::size_t from, std::size_t to);

  // Those not met yet, as in "rule `share`: `name`". A word that serves as a name is no place of its own.
  std::vector<std::string> missing() const;

  std::size_t met() const { return met_.size(); }

 private:
  std::set<std::pair<std::size_t, std::size_t>> met_;  // a state of the parser, and the token or rule that it goes on with
};
