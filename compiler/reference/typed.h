// A value that carries its type, and all that the language does with values alone: arithmetic, comparisons, three-valued logic
// (LANGUAGE.md 3; readings 17–19, 39, 42). Internal to the reference interpreter.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "compiler/syntax/ast.h"
#include "runtime/base/text.h"
#include "runtime/base/time.h"
#include "runtime/base/value.h"
#include "runtime/history/decision.h"

namespace polku::reference {

using catalog::TypeKind;
using history::Tri;

// A value is known or not; its kind is known always. `number` is encoded as runtime/base/value.h says; of a known text or list
// it is 0, and the words stand in `texts`.
struct Typed {
  TypeKind kind = TypeKind::Text;
  const std::vector<std::string>* values = nullptr;  // OneOf: the declared list
  std::optional<std::int64_t> number;
  std::vector<std::string> texts;
  bool known() const { return number.has_value(); }
};

Typed unknown(const catalog::Type& type);                       // type must outlive the result
Typed unknown(TypeKind kind);
Typed plain(TypeKind kind, std::optional<std::int64_t> number);  // any kind but Text, TextList and OneOf
Typed yes_no(Tri tri);
Typed from_event(const catalog::Type& type, Value value, const base::Texts& texts);
Typed from_constant(const catalog::Type& type, const catalog::Constant& constant);
Typed from_literal(const syntax::Literal& literal);
std::optional<Typed> one_of_word(const std::string& word, const Typed& beside);  // if `beside` is of a list that has the word
history::Datum to_datum(const Typed& value);

Tri truth(const Typed& value);
Tri tri(bool yes);
Tri tri_not(Tri a);
Tri tri_and(Tri a, Tri b);
Tri tri_or(Tri a, Tri b);

Typed to_number(Typed value);  // a whole number as a number; anything else as it is
Typed negate(const Typed& value);
Typed average(const Typed& like, __int128 sum, std::int64_t count);  // reading 39; count is not 0
Typed list_of(const std::vector<Typed>& texts);
Typed arithmetic(syntax::ArithOp op, Typed left, Typed right);
Tri compare(syntax::CompareOp op, Typed left, Typed right, const base::Zone& zone);  // zone: where a date begins
Tri test_text(syntax::TextOp op, const Typed& subject, const Typed& argument);

}  // namespace polku::reference
