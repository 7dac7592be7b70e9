// What authors write where the language has other words for it, and what to write instead. Inside compiler/syntax only.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "compiler/syntax/input.h"

namespace polku::syntax {

// Where a fault stands; a slip counts in one of these places, or in several.
enum Place : unsigned {
  kInCondition = 1,   // also behind `where`
  kInWhen = 2,        // before a `where`
  kInThen = 4,
  kInClause = 8,      // any other clause
  kInDo = 16,
  kInCell = 32,
  kInTest = 64,
  kInPromise = 128,   // of a guarantee, before `unless`
};

struct Advice {
  std::size_t first = 0, last = 0;  // tokens to underline, last included
  std::string said, help;
};

// The slip at the token that did not fit, or right before it: the one that covers most words.
std::optional<Advice> find_slip(const Input& input, Piece piece, std::size_t at, unsigned place);

// What to write for a word that should begin a clause, or a line of a test; empty if nothing is known of it.
std::string clause_slip(std::string_view word);
std::string line_slip(std::string_view word);

// "more", "greater": a `then` behind it is a slip for `than`.
bool is_comparative(std::string_view word);

// "forty" → "40"; empty if it is no number in words.
std::string digits_of(std::string_view word);

// "Dec", "december" → "December"; empty if it is no month, written so or so.
std::string month_of(std::string_view word);

// "eur", "euros" → "EUR"; empty if it is no currency in other letters.
std::string currency_of(std::string_view word);

// "min" → "minutes"; empty if it is no shortened unit of time.
std::string unit_of(std::string_view word);

// The name, with dots or without, that ends right before the token; "…" if there is none.
std::string subject_before(const Input& input, Piece piece, std::size_t at);

}  // namespace polku::syntax
