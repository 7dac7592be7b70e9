#include "compiler/reference/typed.h"

#include <algorithm>
#include <limits>

namespace polku::reference {

using syntax::ArithOp;
using syntax::CompareOp;
using syntax::LiteralKind;
using syntax::TextOp;

namespace {

using Wide = __int128;

// What does not fit is unknown; so is the one number that stands for unknown.
std::optional<std::int64_t> fit(Wide x) {
  if (x <= Wide{kUnknown} || x > Wide{std::numeric_limits<std::int64_t>::max()}) return std::nullopt;
  return static_cast<std::int64_t>(x);
}

// n / d, rounded once, half to even. d is not 0.
Wide half_even(Wide n, Wide d) {
  if (d < 0) n = -n, d = -d;
  Wide quotient = n / d, rest = n % d;
  if (rest < 0) quotient -= 1, rest += d;  // now quotient is the floor and 0 <= rest < d
  const bool up = 2 * rest > d || (2 * rest == d && quotient % 2 != 0);
  return quotient + (up ? 1 : 0);
}

// Reading 19, row by row. Times: left × right × up / down. Divided: left × up / right.
struct Row { ArithOp op; TypeKind left, right, result; std::int64_t up, down; };
constexpr std::int64_t M = kMillion;
constexpr Row kRows[] = {
    {ArithOp::Add, TypeKind::Whole, TypeKind::Whole, TypeKind::Whole, 1, 1},
    {ArithOp::Add, TypeKind::Number, TypeKind::Number, TypeKind::Number, 1, 1},
    {ArithOp::Add, TypeKind::Money, TypeKind::Money, TypeKind::Money, 1, 1},
    {ArithOp::Add, TypeKind::Percent, TypeKind::Percent, TypeKind::Percent, 1, 1},
    {ArithOp::Add, TypeKind::Duration, TypeKind::Duration, TypeKind::Duration, 1, 1},
    {ArithOp::Add, TypeKind::Time, TypeKind::Duration, TypeKind::Time, 1, 1},
    {ArithOp::Sub, TypeKind::Whole, TypeKind::Whole, TypeKind::Whole, 1, 1},
    {ArithOp::Sub, TypeKind::Number, TypeKind::Number, TypeKind::Number, 1, 1},
    {ArithOp::Sub, TypeKind::Money, TypeKind::Money, TypeKind::Money, 1, 1},
    {ArithOp::Sub, TypeKind::Percent, TypeKind::Percent, TypeKind::Percent, 1, 1},
    {ArithOp::Sub, TypeKind::Duration, TypeKind::Duration, TypeKind::Duration, 1, 1},
    {ArithOp::Sub, TypeKind::Time, TypeKind::Duration, TypeKind::Time, 1, 1},
    {ArithOp::Sub, TypeKind::Time, TypeKind::Time, TypeKind::Duration, 1, 1},
    {ArithOp::Sub, TypeKind::Date, TypeKind::Date, TypeKind::Duration, kDay, 1},
    {ArithOp::Mul, TypeKind::Whole, TypeKind::Whole, TypeKind::Whole, 1, 1},
    {ArithOp::Mul, TypeKind::Number, TypeKind::Number, TypeKind::Number, 1, M},
    {ArithOp::Mul, TypeKind::Money, TypeKind::Whole, TypeKind::Money, 1, 1},
    {ArithOp::Mul, TypeKind::Money, TypeKind::Number, TypeKind::Money, 1, M},
    {ArithOp::Mul, TypeKind::Money, TypeKind::Percent, TypeKind::Money, 1, M},
    {ArithOp::Mul, TypeKind::Whole, TypeKind::Percent, TypeKind::Number, 1, 1},
    {ArithOp::Mul, TypeKind::Number, TypeKind::Percent, TypeKind::Number, 1, M},
    {ArithOp::Mul, TypeKind::Percent, TypeKind::Whole, TypeKind::Percent, 1, 1},
    {ArithOp::Mul, TypeKind::Percent, TypeKind::Number, TypeKind::Percent, 1, M},
    {ArithOp::Mul, TypeKind::Duration, TypeKind::Whole, TypeKind::Duration, 1, 1},
    {ArithOp::Div, TypeKind::Whole, TypeKind::Whole, TypeKind::Number, M, 1},
    {ArithOp::Div, TypeKind::Number, TypeKind::Number, TypeKind::Number, M, 1},
    {ArithOp::Div, TypeKind::Money, TypeKind::Whole, TypeKind::Money, 1, 1},
    {ArithOp::Div, TypeKind::Money, TypeKind::Number, TypeKind::Money, M, 1},
    {ArithOp::Div, TypeKind::Money, TypeKind::Money, TypeKind::Number, M, 1},
    {ArithOp::Div, TypeKind::Duration, TypeKind::Duration, TypeKind::Number, M, 1},
};

const Row* row(ArithOp op, TypeKind left, TypeKind right) {
  for (const Row& r : kRows)
    if (r.op == op && r.left == left && r.right == right) return &r;
  return nullptr;
}

std::optional<std::int64_t> calculate(const Row& r, Wide left, Wide right) {
  switch (r.op) {
    case ArithOp::Add: return fit((left + right) * r.up);
    case ArithOp::Sub: return fit((left - right) * r.up);
    case ArithOp::Mul: return fit(half_even(left * right * r.up, r.down));
    case ArithOp::Div: return right == 0 ? std::nullopt : fit(half_even(left * r.up, right));
  }
  return std::nullopt;
}

bool whole_beside_number(const Typed& a, const Typed& b) {
  return (a.kind == TypeKind::Whole && b.kind == TypeKind::Number) || (a.kind == TypeKind::Number && b.kind == TypeKind::Whole);
}

// A date as its first instant.
Typed to_time(const Typed& date, const base::Zone& zone) {
  Typed t = unknown(TypeKind::Time);
  if (!date.known()) return t;
  if (const auto local = fit(Wide{*date.number} * kDay)) t.number = zone.to_instant(*local);
  return t;
}

bool ordered(TypeKind kind) {
  switch (kind) {
    case TypeKind::Whole: case TypeKind::Number: case TypeKind::Money: case TypeKind::Percent:
    case TypeKind::OneOf: case TypeKind::Time: case TypeKind::Date: case TypeKind::Duration:
      return true;
    case TypeKind::YesNo: case TypeKind::Text: case TypeKind::TextList: case TypeKind::Consent:
      return false;
  }
  return false;
}

bool has_texts(TypeKind kind) { return kind == TypeKind::Text || kind == TypeKind::TextList || kind == TypeKind::OneOf; }

}  // namespace

Typed unknown(TypeKind kind) {
  Typed t;
  t.kind = kind;
  return t;
}

Typed unknown(const catalog::Type& type) {
  Typed t = unknown(type.kind);
  if (type.kind == TypeKind::OneOf) t.values = &type.values.all();
  return t;
}

Typed plain(TypeKind kind, std::optional<std::int64_t> number) {
  Typed t = unknown(kind);
  t.number = number;
  return t;
}

Typed yes_no(Tri value) {
  Typed t = unknown(TypeKind::YesNo);
  if (value != Tri::Unknown) t.number = value == Tri::Yes ? kYes : kNo;
  return t;
}

Typed from_event(const catalog::Type& type, Value value, const base::Texts& texts) {
  Typed t = unknown(type);
  if (value == kUnknown) return t;
  if (type.kind == TypeKind::Text) {
    t.texts.emplace_back(texts.text(value));
    t.number = 0;
  } else if (type.kind == TypeKind::TextList) {
    for (const Value id : texts.list(value)) t.texts.emplace_back(texts.text(id));
    t.number = 0;
  } else if (type.kind == TypeKind::OneOf) {
    if (value < 0 || static_cast<std::size_t>(value) >= type.values.size()) return t;
    t.texts.push_back(type.values[static_cast<std::size_t>(value)]);
    t.number = value;
  } else {
    t.number = value;
  }
  return t;
}

Typed from_constant(const catalog::Type& type, const catalog::Constant& constant) {
  if (type.kind != TypeKind::Text && type.kind != TypeKind::TextList) return from_event(type, constant.value, base::Texts{});
  Typed t = unknown(type);
  t.texts = constant.texts;
  t.number = 0;
  if (type.kind == TypeKind::Text && t.texts.size() != 1) t = unknown(type);
  return t;
}

Typed from_literal(const syntax::Literal& literal) {
  TypeKind kind = TypeKind::Text;
  switch (literal.kind) {
    case LiteralKind::YesNo: kind = TypeKind::YesNo; break;
    case LiteralKind::Whole: kind = TypeKind::Whole; break;
    case LiteralKind::Number: kind = TypeKind::Number; break;
    case LiteralKind::Money: kind = TypeKind::Money; break;
    case LiteralKind::Percent: kind = TypeKind::Percent; break;
    case LiteralKind::Duration: kind = TypeKind::Duration; break;
    case LiteralKind::Date: kind = TypeKind::Date; break;
    case LiteralKind::Text: {
      Typed t = plain(TypeKind::Text, 0);
      t.texts = {literal.text};
      return t;
    }
  }
  return literal.value == kUnknown ? unknown(kind) : plain(kind, literal.value);
}

std::optional<Typed> one_of_word(const std::string& word, const Typed& beside) {
  if (beside.kind != TypeKind::OneOf || beside.values == nullptr) return std::nullopt;
  const auto at = std::find(beside.values->begin(), beside.values->end(), word);
  if (at == beside.values->end()) return std::nullopt;
  Typed t = unknown(TypeKind::OneOf);
  t.values = beside.values;
  t.number = at - beside.values->begin();
  t.texts = {word};
  return t;
}

history::Datum to_datum(const Typed& value) {
  history::Datum d;
  d.kind = value.kind;
  d.value = value.known() ? *value.number : kUnknown;
  if (value.known()) d.texts = value.texts;
  return d;
}

Tri truth(const Typed& value) {
  if (value.kind != TypeKind::YesNo || !value.known()) return Tri::Unknown;
  return tri(*value.number == kYes);
}

Tri tri(bool yes) { return yes ? Tri::Yes : Tri::No; }

Tri tri_not(Tri a) { return a == Tri::Unknown ? Tri::Unknown : tri(a == Tri::No); }

Tri tri_and(Tri a, Tri b) {
  if (a == Tri::No || b == Tri::No) return Tri::No;
  return a == Tri::Yes && b == Tri::Yes ? Tri::Yes : Tri::Unknown;
}

Tri tri_or(Tri a, Tri b) {
  if (a == Tri::Yes || b == Tri::Yes) return Tri::Yes;
  return a == Tri::No && b == Tri::No ? Tri::No : Tri::Unknown;
}

Typed to_number(Typed value) {
  if (value.kind != TypeKind::Whole) return value;
  return plain(TypeKind::Number, value.known() ? fit(Wide{*value.number} * kMillion) : std::nullopt);
}

Typed negate(const Typed& value) {
  return plain(value.kind, value.known() ? fit(-Wide{*value.number}) : std::nullopt);
}

Typed average(const Typed& like, __int128 sum, std::int64_t count) {
  const bool whole = like.kind == TypeKind::Whole;
  return plain(whole ? TypeKind::Number : like.kind, fit(half_even(whole ? sum * kMillion : sum, count)));
}

Typed list_of(const std::vector<Typed>& texts) {
  Typed list = plain(TypeKind::TextList, 0);
  for (const Typed& t : texts) {
    if (!t.known() || t.kind != TypeKind::Text) return unknown(TypeKind::TextList);
    list.texts.push_back(t.texts.front());
  }
  return list;
}

Typed arithmetic(ArithOp op, Typed left, Typed right) {
  if (whole_beside_number(left, right)) left = to_number(left), right = to_number(right);
  const Row* r = row(op, left.kind, right.kind);
  if (r == nullptr && (op == ArithOp::Add || op == ArithOp::Mul)) r = row(op, right.kind, left.kind);  // 2 × money
  if (r == nullptr) return unknown(left.kind);
  if (!left.known() || !right.known()) return unknown(r->result);
  return plain(r->result, calculate(*r, *left.number, *right.number));
}

Tri compare(CompareOp op, Typed left, Typed right, const base::Zone& zone) {
  if (whole_beside_number(left, right)) left = to_number(left), right = to_number(right);
  if (left.kind == TypeKind::Time && right.kind == TypeKind::Date) right = to_time(right, zone);
  if (left.kind == TypeKind::Date && right.kind == TypeKind::Time) left = to_time(left, zone);
  if (!left.known() || !right.known() || left.kind != right.kind) return Tri::Unknown;
  if (op == CompareOp::Eq || op == CompareOp::Ne) {
    const bool equal = has_texts(left.kind) ? left.texts == right.texts : left.number == right.number;
    return tri(equal == (op == CompareOp::Eq));
  }
  if (!ordered(left.kind)) return Tri::Unknown;
  const std::int64_t a = *left.number, b = *right.number;
  switch (op) {
    case CompareOp::Lt: return tri(a < b);
    case CompareOp::Le: return tri(a <= b);
    case CompareOp::Gt: return tri(a > b);
    case CompareOp::Ge: return tri(a >= b);
    case CompareOp::Eq: case CompareOp::Ne: break;
  }
  return Tri::Unknown;
}

Tri test_text(TextOp op, const Typed& subject, const Typed& argument) {
  if (!subject.known() || !argument.known() || argument.kind != TypeKind::Text) return Tri::Unknown;
  const std::string& part = argument.texts.front();
  if (subject.kind == TypeKind::TextList) {
    if (op != TextOp::Contains) return Tri::Unknown;
    return tri(std::find(subject.texts.begin(), subject.texts.end(), part) != subject.texts.end());
  }
  if (subject.kind != TypeKind::Text) return Tri::Unknown;
  const std::string& whole = subject.texts.front();
  switch (op) {
    case TextOp::Contains: return tri(whole.find(part) != std::string::npos);
    case TextOp::StartsWith: return tri(whole.starts_with(part));
    case TextOp::EndsWith: return tri(whole.ends_with(part));
  }
  return Tri::Unknown;
}

}  // namespace polku::reference
