// e^x, and e^x - 1 for x <= 0, in float32, the same bits on every machine and within 2 ulp
// (tests/unit/qmath/exp_f32_test.cpp). There is no branch, so that a loop over them becomes SIMD.
//
//   e^x = 2^k * e^r,   k = rne(x / ln 2),   r = x - k * ln 2,   |r| <= 0.347
//
// ln 2 is split (Cody and Waite 1980, chapter 6), its high part so short that k * kLn2High is
// exact. The Taylor series of e^r - 1 to r^7 leaves less than r^8 / 8! < 5.3e-9.
#pragma once

#include <bit>
#include <cstdint>

namespace lowbit {

// e^x = scale + scale * rest, scale = 2^k, rest = e^r - 1.
struct SplitExp {
  float scale;
  float rest;
};

// Below it, near the smallest normal number, e^x is taken to be 0.
inline constexpr float kLeastExponent = -87.0f;

// x <= 89 or NaN; numbers below kLeastExponent count as that.
constexpr SplitExp split_exp(float x) {
  constexpr float kLog2E = 1.44269504f;
  constexpr float kLn2High = 0x1.63p-1f;
  constexpr float kLn2Low = -0x1.bd0106p-13f;
  // Adding it leaves no fraction bits: the sum is rounded, and its last bits are those of k.
  constexpr float kRoundingShift = 0x1.8p23f;
  constexpr uint32_t kOne = std::bit_cast<uint32_t>(1.0f);
  const float clamped = x < kLeastExponent ? kLeastExponent : x;
  const float shifted = clamped * kLog2E + kRoundingShift;
  const float k = shifted - kRoundingShift;
  const float r = (clamped - k * kLn2High) - k * kLn2Low;
  const float high = 1.0f / 24 + r * (1.0f / 120 + r * (1.0f / 720 + r * (1.0f / 5040)));
  const float series = 1.0f / 2 + r * (1.0f / 6 + r * high);
  return {std::bit_cast<float>((std::bit_cast<uint32_t>(shifted) << 23) + kOne),
          r + r * r * series};
}

constexpr float exp_nonpositive_f32(float x) {
  const SplitExp e = split_exp(x);
  return x < kLeastExponent ? 0.0f : e.scale + e.scale * e.rest;
}

// For any x. Of large ones k may be 128, and 2^k no number: half of it is.
constexpr float exp_f32(float x) {
  constexpr float kGreatest = 89.0f;
  constexpr uint32_t kHalf = 1u << 23;
  const SplitExp e = split_exp(x > kGreatest ? kGreatest : x);
  const bool is_halved = x > 0.0f;
  const float scale =
      std::bit_cast<float>(std::bit_cast<uint32_t>(e.scale) - (is_halved ? kHalf : 0));
  const float y = (scale + scale * e.rest) * (is_halved ? 2.0f : 1.0f);
  return x < kLeastExponent ? 0.0f : y;
}

// scale - 1 is exact, and as large as the product at least, so nothing cancels.
constexpr float expm1_nonpositive_f32(float x) {
  const SplitExp e = split_exp(x);
  return e.scale * e.rest + (e.scale - 1.0f);
}

}  // namespace lowbit
