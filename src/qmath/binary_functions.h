// The formulas of qmath/binary.inc (ONNX operator specification), on float32 and on integers, which
// are widened to 64 bits and wrap around as those of C do for unsigned numbers.
//
// Where a quotient or power of integers does not exist (division by 0) the result is 0: it must be
// something, and nothing may trap.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "qmath/binary.h"

namespace lowbit {

template <BinaryFunction function>
float binary(float a, float b) {
  using enum BinaryFunction;
  if constexpr (function == kSub) return a - b;
  if constexpr (function == kMul) return a * b;
  if constexpr (function == kDiv) return a / b;
  if constexpr (function == kPow) return b == 2.0f ? a * a : std::pow(a, b);
  // NaN if either is: a comparison with NaN is false.
  if constexpr (function == kMin) return a < b || a != a ? a : b;
  if constexpr (function == kMax) return a > b || a != a ? a : b;
  if constexpr (function == kPRelu) return a < 0.0f ? a * b : a;
  return a + b;
}

template <BinaryFunction function, class T>
bool compare(T a, T b) {
  using enum BinaryFunction;
  if constexpr (function == kEqual) return a == b;
  if constexpr (function == kLess) return a < b;
  if constexpr (function == kLessOrEqual) return a <= b;
  if constexpr (function == kGreater) return a > b;
  if constexpr (function == kGreaterOrEqual) return a >= b;
  if constexpr (function == kAnd) return a != T{} && b != T{};
  if constexpr (function == kOr) return a != T{} || b != T{};
  return (a != T{}) != (b != T{});  // kXor
}

// By squaring; a negative exponent gives what is left of the fraction as an integer.
inline int64_t integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  uint64_t result = 1;
  for (auto factor = static_cast<uint64_t>(base); exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result *= factor;
    factor *= factor;
  }
  return static_cast<int64_t>(result);
}

// The quotient towards zero.
inline int64_t integer_quotient(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return static_cast<int64_t>(-static_cast<uint64_t>(a));
  return a / b;
}

inline int64_t evaluate(BinaryFunction function, int64_t a, int64_t b) {
  using enum BinaryFunction;
  const auto ua = static_cast<uint64_t>(a);
  const auto ub = static_cast<uint64_t>(b);
  switch (function) {
    case kAdd:
      return static_cast<int64_t>(ua + ub);
    case kSub:
      return static_cast<int64_t>(ua - ub);
    case kMul:
      return static_cast<int64_t>(ua * ub);
    case kPRelu:
      return a < 0 ? static_cast<int64_t>(ua * ub) : a;
    case kDiv:
      return integer_quotient(a, b);
    case kPow:
      return integer_power(a, b);
    case kMin:
      return a < b ? a : b;
    case kMax:
      return a > b ? a : b;
    case kEqual:
      return compare<kEqual>(a, b);
    case kLess:
      return compare<kLess>(a, b);
    case kLessOrEqual:
      return compare<kLessOrEqual>(a, b);
    case kGreater:
      return compare<kGreater>(a, b);
    case kGreaterOrEqual:
      return compare<kGreaterOrEqual>(a, b);
    case kAnd:
      return compare<kAnd>(a, b);
    case kOr:
      return compare<kOr>(a, b);
    case kXor:
      return compare<kXor>(a, b);
  }
  return 0;
}

}  // namespace lowbit
