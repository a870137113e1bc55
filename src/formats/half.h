// binary16 to binary32 (IEEE 754-2008, section 3.4): 1 sign bit, 5 exponent bits with bias 15, 10
// fraction bits. Exact for every value: float32 has room for all of them, subnormals included; a
// NaN keeps its sign and payload.
#pragma once

#include <bit>
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

}  // namespace lowbit
