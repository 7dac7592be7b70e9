// What the instructions of a plan compute, shared by the evaluators and by constant folding. Every function is total: an
// unknown operand, a result outside 64 bits or a division by zero is kUnknown. kUnknown is never a result by accident.
#pragma once
#include <cstdint>

#include "runtime/base/value.h"

namespace polku::plan {

constexpr bool known(Value a) { return a != kUnknown; }
constexpr bool known(Value a, Value b) { return a != kUnknown && b != kUnknown; }

// ---- checked arithmetic; a sum that is exactly INT64_MIN is kUnknown by its bits alone ----

constexpr Value add(Value a, Value b) {
  Value r = 0;
  return !known(a, b) || __builtin_add_overflow(a, b, &r) ? kUnknown : r;
}
constexpr Value sub(Value a, Value b) {
  Value r = 0;
  return !known(a, b) || __builtin_sub_overflow(a, b, &r) ? kUnknown : r;
}
constexpr Value mul(Value a, Value b) {
  Value r = 0;
  return !known(a, b) || __builtin_mul_overflow(a, b, &r) ? kUnknown : r;
}
constexpr Value neg(Value a) { return known(a) ? -a : kUnknown; }

__extension__ typedef __int128 Wide;

// n / d, half to even; d > 0.
template <class Int>
constexpr Int divide_half_even(Int n, Int d) {
  Int q = n / d, r = n % d;  // towards zero
  if (r < 0) r = -r;
  if (r > d - r || (r == d - r && q % 2 != 0)) q += n < 0 ? -1 : 1;
  return q;
}

// a * b / c, exact in 128 bits and rounded once, half to even.
constexpr Value mul_div(Value a, Value b, Value c) {
  if (!known(a, b) || !known(c) || c == 0) return kUnknown;
  if (c < 0) a = -a, c = -c;
  Value narrow = 0;
  if (!__builtin_mul_overflow(a, b, &narrow)) return divide_half_even(narrow, c);  // the usual case: a 64-bit division
  const Wide q = divide_half_even(static_cast<Wide>(a) * b, static_cast<Wide>(c));
  return q > INT64_MAX || q < -INT64_MAX ? kUnknown : static_cast<Value>(q);
}

// a * c / b, likewise.
constexpr Value div_mul(Value a, Value b, Value c) { return mul_div(a, c, b); }

// ---- yes, no, unknown ----

constexpr Value yes_no(bool yes) { return yes ? kYes : kNo; }

// Without branches: a unary map puts the three values, as unsigned numbers, into the order in which they win, so that the
// larger one is the result. x - 1: yes < unknown < no. -x: no < unknown < yes.
constexpr Value kleene_and(Value a, Value b) {
  const std::uint64_t x = static_cast<std::uint64_t>(a) - 1, y = static_cast<std::uint64_t>(b) - 1;
  return static_cast<Value>((x > y ? x : y) + 1);
}
constexpr Value kleene_or(Value a, Value b) {
  const std::uint64_t x = 0 - static_cast<std::uint64_t>(a), y = 0 - static_cast<std::uint64_t>(b);
  return static_cast<Value>(0 - (x > y ? x : y));
}
constexpr Value kleene_not(Value a) { return known(a) ? a ^ 1 : kUnknown; }

}  // namespace polku::plan
