// Softmax over the innermost axis:
//
//   FP32   y[i] = exp(x[i] - max(x)) / sum_j exp(x[j] - max(x))
//   INT8   qmath/softmax.h
//
// A row with NaN or +inf, or of -inf alone, becomes NaN. The simd128 tier's exp has a relative
// error below 2^-22 and gives 0 where exp would be subnormal (below 2^-126); its sum runs in four
// lanes.
#pragma once

#include <cstdint>

#include "qmath/softmax.h"

namespace lowbit::kernels {

// rows x columns, columns >= 1. output may be input.
struct SoftmaxF32 {
  const float* input = nullptr;
  float* output = nullptr;
  int64_t rows = 0;
  int32_t columns = 0;
};

// rows x columns, columns >= 1. output may be input.
struct SoftmaxU8 {
  const uint8_t* input = nullptr;
  uint8_t* output = nullptr;
  int64_t rows = 0;
  int32_t columns = 0;
  SoftmaxParams params;
};

}  // namespace lowbit::kernels
