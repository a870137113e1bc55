// The law of arithmetic, 1 and 2: between real numbers and integers.
//
//   quantize(x)   = clamp(rne(x / scale) + zero_point, qmin, qmax)      (ONNX QuantizeLinear)
//   dequantize(q) = scale * (q - zero_point)                            (ONNX DequantizeLinear)
#pragma once

#include <cstdint>

#include "qmath/rounding.h"

namespace lowbit {

// The clamp comes first, in float32, where it is exact and keeps the conversion to int defined for
// every x; NaN becomes qmin. |zero_point|, |qmin|, |qmax| < 2^22.
constexpr int32_t saturate_to_int(float rounded, int32_t zero_point, int32_t qmin, int32_t qmax) {
  const float low = static_cast<float>(qmin - zero_point);
  const float high = static_cast<float>(qmax - zero_point);
  const float above = rounded > low ? rounded : low;
  const float inside = above < high ? above : high;
  return static_cast<int32_t>(inside) + zero_point;
}

constexpr int32_t quantize(float x, float scale, int32_t zero_point, int32_t qmin, int32_t qmax) {
  return saturate_to_int(round_half_even(x / scale), zero_point, qmin, qmax);
}

constexpr float dequantize(int32_t q, float scale, int32_t zero_point) {
  return scale * static_cast<float>(q - zero_point);
}

}  // namespace lowbit
