// Element-wise sum of two tensors of the same shape, with a fused activation.
//
//   FP32   Y[i] = clamp(A[i] + B[i], min, max)        NaN stays NaN
//   INT8   qmath/add.h
#pragma once

#include <cstdint>

#include "qmath/add.h"

namespace lowbit::kernels {

// min <= max. output may be a or b.
struct AddF32 {
  const float* a = nullptr;
  const float* b = nullptr;
  float* output = nullptr;
  int64_t count = 0;
  float min = 0;
  float max = 0;
};

// output may be a or b.
struct AddU8 {
  const uint8_t* a = nullptr;
  const uint8_t* b = nullptr;
  uint8_t* output = nullptr;
  int64_t count = 0;
  AddParams params;
};

}  // namespace lowbit::kernels
