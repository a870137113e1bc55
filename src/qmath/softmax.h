// Softmax of a row of quantized values, with exponentials from a table (ONNX Runtime's
// QLinearSoftmax has this form):
//
//   e[i] = table[255 + x[i] - max(x)],   table[255 - d] = float32(exp(-d * Sx))
//   y[i] = clamp(rne(e[i] / sum_j e[j] / Sy) + Zy, qmin, qmax)
//
// The sum runs in float32 from the first element to the last, so every tier adds in the same order.
// ONNX Runtime multiplies by floor(1 / Sy) where this divides by Sy: an output that is to have its
// integers takes Sy = 1/256, Zy = 0.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "qmath/quantize.h"

namespace lowbit {

struct SoftmaxParams {
  const float* table = nullptr;  // [256], softmax_table()
  float output_scale = 1.0f / 256;
  int32_t output_zero_point = 0;
  int32_t qmin = 0;
  int32_t qmax = 255;
};

// Made once, by the plan; in double precision (qmath/exp.h), then rounded to float32.
std::array<float, 256> softmax_table(float input_scale);

// What the outputs of one row share.
struct SoftmaxRow {
  const float* exponentials = nullptr;  // e = exponentials[x]
  float sum = 1;
};

// x is not empty; `table` as in SoftmaxParams.
SoftmaxRow softmax_row(std::span<const uint8_t> x, const float* table);

constexpr int32_t quantized_softmax(uint8_t x, const SoftmaxRow& row, const SoftmaxParams& p) {
  return quantize(row.exponentials[x] / row.sum, p.output_scale, p.output_zero_point, p.qmin,
                  p.qmax);
}

}  // namespace lowbit
