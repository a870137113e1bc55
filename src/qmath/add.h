// The sum of two quantized tensors (ONNX Runtime's QLinearAdd):
//
//   y = clamp(rne((a - Za) * ra + (b - Zb) * rb) + Zy, qmin, qmax),   ra = Sa / Sy, rb = Sb / Sy
//
// in float32, in that order, with no fused multiply-add.
#pragma once

#include <cstdint>

#include "qmath/quantize.h"

namespace lowbit {

struct AddParams {
  float a_ratio = 1;  // Sa / Sy
  float b_ratio = 1;  // Sb / Sy
  int32_t a_zero_point = 0;
  int32_t b_zero_point = 0;
  int32_t output_zero_point = 0;
  int32_t qmin = 0;
  int32_t qmax = 255;
};

constexpr int32_t quantized_add(int32_t a, int32_t b, const AddParams& p) {
  const float scaled_a = static_cast<float>(a - p.a_zero_point) * p.a_ratio;
  const float scaled_b = static_cast<float>(b - p.b_zero_point) * p.b_ratio;
  return saturate_to_int(round_half_even(scaled_a + scaled_b), p.output_zero_point, p.qmin, p.qmax);
}

}  // namespace lowbit
