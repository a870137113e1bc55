// e^x for x <= 0 in double precision, the same bits on every machine: libm's exp differs between C
// libraries, and the law asks that every backend gives the same integers.
//
//   e^x = 2^k * e^r,   k = rne(x / ln 2),   r = x - k * ln 2,   |r| <= 0.347
//
// e^r is its Taylor series to r^13. The remainder is below r^14 / 14! < 5e-18, so the error is that
// of the arithmetic: below 2^-51 relative (tests/unit/qmath/exp_test.cpp).
#pragma once

#include <bit>
#include <cstdint>

namespace lowbit {

// ln 2 in two parts; the high one has 21 trailing zero bits, so that its product with an exponent
// is exact.
inline constexpr double kLn2High = 0x1.62e42fee00000p-1;
inline constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

// x <= 0, or NaN, which stays it. Below -700 (far under the smallest float32) the answer is 0.
constexpr double exp_nonpositive(double x) {
  constexpr double kLog2E = 1.4426950408889634;
  // Adding it leaves no fraction bits: the sum is rounded.
  constexpr double kRoundingShift = 0x1.8p52;
  if (x < -700.0) return 0.0;
  if (x != x) return x;
  const double k = (x * kLog2E + kRoundingShift) - kRoundingShift;
  const double r = (x - k * kLn2High) - k * kLn2Low;
  double series = 1.0;  // 1 + r (1 + r/2 (1 + r/3 (...)))
  for (int n = 13; n >= 1; --n) series = 1.0 + r * series / n;
  const auto exponent = static_cast<uint64_t>(static_cast<int64_t>(k) + 1023);
  return series * std::bit_cast<double>(exponent << 52);
}

}  // namespace lowbit
