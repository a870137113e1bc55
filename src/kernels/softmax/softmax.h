// Softmax over the innermost axis: y[i] = exp(x[i] - max(x)) / sum_j exp(x[j] - max(x)).
// The integer form's arithmetic is in qmath/softmax.h.
#pragma once

#include <cstdint>

#include "qmath/softmax.h"

namespace lowbit::kernels {

// rows x columns. output may be input.
struct SoftmaxF32 {
  const float* input = nullptr;
  float* output = nullptr;
  int64_t rows = 0;
  int32_t columns = 0;
};

struct SoftmaxU8 {
  const uint8_t* input = nullptr;
  uint8_t* output = nullptr;
  int64_t rows = 0;
  int32_t columns = 0;
  SoftmaxParams params;
};

}  // namespace lowbit::kernels
