// The product of two quantized tensors (ONNX Runtime's QLinearMul):
//
//   y = clamp(rne((a - Za) * (b - Zb) * r + Zy), qmin, qmax),   r = (Sa * Sb) / Sy
//
// in float32, in that order, with no fused multiply-add; the product of the integers is exact. As
// in qmath/add.h, Zy is added before the rounding.
#pragma once

#include <cstdint>

#include "qmath/quantize.h"

namespace lowbit {

struct MulParams {
  float ratio = 1;  // (Sa * Sb) / Sy
  int32_t a_zero_point = 0;
  int32_t b_zero_point = 0;
  int32_t output_zero_point = 0;
  int32_t qmin = 0;
  int32_t qmax = 255;
};

constexpr int32_t quantized_mul(int32_t a, int32_t b, const MulParams& p) {
  const auto product = static_cast<float>((a - p.a_zero_point) * (b - p.b_zero_point));
  const float scaled = product * p.ratio + static_cast<float>(p.output_zero_point);
  return saturate_to_int(round_half_even(scaled), 0, p.qmin, p.qmax);
}

}  // namespace lowbit
