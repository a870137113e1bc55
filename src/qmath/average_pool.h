// The average of `count` integers, requantized:
//
//   y = clamp(rne(float32(sum (x - Zx)) * m) + Zy, qmin, qmax),   m = Sx / (float32(count) * Sy)
//
// in float32, in that order.
#pragma once

#include <cstdint>

#include "qmath/requantize.h"

namespace lowbit {

struct AveragePoolParams {
  float input_scale = 1;
  float output_scale = 1;
  int32_t input_zero_point = 0;
  int32_t output_zero_point = 0;
  int32_t qmin = 0;
  int32_t qmax = 255;
};

// The sum holds at most 2^22 elements, so that it fits int32 with room.
constexpr float average_multiplier(const AveragePoolParams& p, int32_t count) {
  return p.input_scale / (static_cast<float>(count) * p.output_scale);
}

// `sum` is the sum of (x - Zx) over the window's taps; padding counts as Zx.
constexpr int32_t quantized_average(int32_t sum, float multiplier, const AveragePoolParams& p) {
  return requantize(sum, multiplier, p.output_zero_point, p.qmin, p.qmax);
}

}  // namespace lowbit
