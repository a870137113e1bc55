// log x in float32, the same bits on every machine and within 2 ulp
// (tests/unit/qmath/log_f32_test.cpp). There is no branch, so that a loop over it becomes SIMD.
//
//   log x = k ln 2 + log m,   x = 2^k m,   sqrt(1/2) <= m < sqrt(2)
//   log m = 2 artanh(s) = f - s (f - R),   f = m - 1,   s = f / (2 + f),   R = 2 s^2 (1/3 + ...)
//
// |s| <= 0.172, so that the series to s^10 leaves less than 1e-10. ln 2 is split as in exp_f32.h.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace lowbit {

// Of a negative number NaN, of 0 minus infinity.
constexpr float log_f32(float x) {
  constexpr float kLn2High = 0x1.63p-1f;
  constexpr float kLn2Low = -0x1.bd0106p-13f;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kLeastNormal = std::numeric_limits<float>::min();
  constexpr uint32_t kRootOfHalf = std::bit_cast<uint32_t>(0.707106781f);
  const bool is_subnormal = x < kLeastNormal;
  const auto bits = std::bit_cast<uint32_t>(is_subnormal ? x * 0x1p23f : x) - kRootOfHalf;
  const auto k = static_cast<float>(static_cast<int32_t>(bits) >> 23) - (is_subnormal ? 23.0f : 0);
  const float f = std::bit_cast<float>((bits & 0x7fffffu) + kRootOfHalf) - 1.0f;
  const float s = f / (2.0f + f);
  const float s2 = s * s;
  const float high = 1.0f / 7 + s2 * (1.0f / 9 + s2 * (1.0f / 11));
  const float series = 2.0f * s2 * (1.0f / 3 + s2 * (1.0f / 5 + s2 * high));
  const float y = k * kLn2High + (f - (s * (f - series) - k * kLn2Low));
  const float positive = x < kInfinity ? y : x;  // NaN too
  const float negative = x == 0.0f ? -kInfinity : std::numeric_limits<float>::quiet_NaN();
  return x <= 0.0f ? negative : positive;
}

}  // namespace lowbit
