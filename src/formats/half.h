// binary16 to binary32 and back (IEEE 754-2008, section 3.4): 1 sign bit, 5 exponent bits with bias
// 15, 10 fraction bits. To binary32 it is exact for every value: float32 has room for all of them,
// subnormals included; a NaN keeps its sign and payload.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace lowbit {

constexpr float half_to_float(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1fu;
  const uint32_t fraction = half & 0x3ffu;
  if (exponent == 0) {
    // Zero and subnormals: fraction * 2^-24, a product that float32 holds exactly.
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
  }
  const uint32_t float_exponent = exponent == 0x1f ? 0xffu : exponent + (127 - 15);
  return std::bit_cast<float>(sign | float_exponent << 23 | fraction << 13);
}

inline constexpr float kLargestHalf = 65504.0f;

// The nearest half, of two as near the even one. |x| is at most kLargestHalf.
inline uint16_t float_to_half(float x) {
  const uint32_t sign = std::bit_cast<uint32_t>(x) >> 16 & 0x8000u;
  const float magnitude = std::fabs(x);
  // The sum has the half's last bit as its own last bit, and so is rounded there.
  const float least = std::max(magnitude, 0x1p-14f);
  const uint32_t exponent = std::bit_cast<uint32_t>(least) & 0x7f800000u;
  const float anchor = std::bit_cast<float>(exponent + (13u << 23));
  const float rounded = magnitude + anchor - anchor;
  // Below the normal numbers a multiple of 2^-24, above them 10 bits of a fraction.
  if (rounded < 0x1p-14f)
    return static_cast<uint16_t>(sign | static_cast<uint32_t>(rounded * 0x1p24f));
  const uint32_t bits = std::bit_cast<uint32_t>(rounded);
  return static_cast<uint16_t>(sign | ((bits >> 23) - (127 - 15)) << 10 | (bits >> 13 & 0x3ffu));
}

}  // namespace lowbit
