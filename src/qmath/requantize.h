// The law of arithmetic, 5: from an int32 accumulator to the next layer's integers.
//
//   requantize(acc) = clamp(rne(float32(acc) * m) + zero_point, qmin, qmax),   m = (Sx * Sw) / Sy
//
// in float32, in that order, with no fused multiply-add: the arithmetic of ONNX Runtime's portable
// path and of XNNPACK's fp32 requantization.
#pragma once

#include <cstdint>

#include "qmath/quantize.h"

namespace lowbit {

constexpr float requantize_multiplier(float input_scale, float weight_scale, float output_scale) {
  return (input_scale * weight_scale) / output_scale;
}

constexpr int32_t requantize(int32_t accumulator, float multiplier, int32_t zero_point,
                             int32_t qmin, int32_t qmax) {
  return saturate_to_int(round_half_even(static_cast<float>(accumulator) * multiplier), zero_point,
                         qmin, qmax);
}

}  // namespace lowbit
