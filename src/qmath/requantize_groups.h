// Requantization where the weights of a channel have a scale per block of the reduction (groups):
//
//   y = clamp(rne(bias * m_bias + acc_0 * m_0 + acc_1 * m_1 + ...) + zero_point, qmin, qmax)
//
// acc_b is the exact sum of block b's products, bias and m_bias stand for float32(bias) * m_bias,
// and so on; the terms are float32, added from left to right, and nothing but the whole is rounded
// to an integer. No fused multiply-add. All m are requantize_multiplier() of the scale that counts:
// m_b has the block's. The bias is one int32 per channel, so it counts in Sx * the largest of the
// channel's scales: it stays within its range wherever it would if that block were the whole
// channel, and loses less to rounding than one weight of that block. With one block and no bias
// this is requantize().
#pragma once

#include "qmath/requantize.h"

namespace lowbit {

// The longest block of an integer product. Its sum fits 2^24 (512 * 255 * 128), so that float32
// holds it exactly.
inline constexpr int32_t kMaxBlockSize = 512;

constexpr float group_term(int32_t accumulator, float multiplier) {
  return static_cast<float>(accumulator) * multiplier;
}

constexpr int32_t requantize_groups(float sum, int32_t zero_point, int32_t qmin, int32_t qmax) {
  return saturate_to_int(round_half_even(sum), zero_point, qmin, qmax);
}

}  // namespace lowbit
