// The sum of outer products of two matrices' rows: the gradient of a matrix product, or of a
// convolution, by its weights.
//
//   FP32   C[k, j] += sum_i A[i, k] * B[i, j]
//
// For Y = A * W with rows A found as in matmul/ (an indirect convolution too), dW = C with B = dY
// (chain rule). C is [taps * depth][columns], that is HWIO for a convolution.
#pragma once

#include <cstdint>

#include "kernels/matmul/matmul.h"

namespace lowbit::kernels {

struct OuterProductF32 {
  MatmulRows<float> rows;    // A, as matmul_f32 reads it
  const float* b = nullptr;  // readable with vector slack past its last row
  int32_t b_stride = 0;      // elements between rows of B
  int32_t columns = 0;
  float* c = nullptr;  // dense, added to
};

}  // namespace lowbit::kernels
