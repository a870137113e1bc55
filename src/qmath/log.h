// The natural logarithm in double precision, the same bits on every machine, for the reasons of
// exp.h; and without libm's table of 4 KB, which a page would download.
//
//   ln x = k * ln 2 + ln m,             x = 2^k * m,   1 / sqrt(2) <= m <= sqrt(2)
//   ln m = 2 (s + s^3/3 + s^5/5 + ...), s = (m - 1) / (m + 1),   |s| < 0.1716
//
// The series goes to s^21. The remainder is below s^23 / 11 < 3e-19 |s|, so the error is that of
// the arithmetic: below 2^-51 relative (tests/unit/qmath/log_test.cpp).
#pragma once

#include <bit>
#include <cstdint>
#include <numbers>

#include "qmath/exp.h"

namespace lowbit {

// x > 0 and not subnormal; infinity and NaN stay what they are.
constexpr double log_positive(double x) {
  constexpr uint64_t kFraction = (uint64_t{1} << 52) - 1;
  const auto bits = std::bit_cast<uint64_t>(x);
  const auto exponent = static_cast<int64_t>(bits >> 52);
  if (exponent == 2047) return x;
  double k = static_cast<double>(exponent - 1023);
  auto m = std::bit_cast<double>((bits & kFraction) | std::bit_cast<uint64_t>(1.0));
  if (m > std::numbers::sqrt2) {
    m /= 2;
    ++k;
  }
  const double s = (m - 1.0) / (m + 1.0);
  double series = 0.0;  // s^2/3 + s^4/5 + ...
  for (int n = 21; n >= 3; n -= 2) series = s * s * (1.0 / n + series);
  return k * kLn2High + (k * kLn2Low + (2.0 * s + 2.0 * s * series));
}

}  // namespace lowbit
