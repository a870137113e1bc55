// The sum of outer products of two matrices' rows: the gradient of a matrix product, or of a
// convolution, by its weights.
//
//   FP32   C[k, j] += sum_i A[i, k] * B[i, j]
//
// For Y = A * W with rows A found as in matmul/ (an indirect convolution too), dW = C with B = dY
// (chain rule). C is [taps * depth][columns], that is HWIO for a convolution.
#pragma once

#include <cstdint>

namespace lowbit::kernels {

// The offset of a piece that lies in the padding: the kernel reads OuterProductRows::padding.
inline constexpr int32_t kPaddingOffset = -1;

// The rows of A, each `taps` pieces of `depth` contiguous elements. With offsets == nullptr, taps
// is 1 and row i starts at a + i * row_stride; else its piece t starts at a + offsets[i * taps +
// t], or at `padding` for kPaddingOffset. Vectors may be read up to 64 bytes past the end of A and
// of `padding` (Buffer::kSlackBytes); what is there does not matter.
struct OuterProductRows {
  const float* a = nullptr;
  int32_t count = 0;
  int32_t depth = 0;
  int32_t taps = 1;
  int32_t row_stride = 0;
  const int32_t* offsets = nullptr;
  const float* padding = nullptr;  // `depth` zeros
};

struct OuterProductF32 {
  OuterProductRows rows;     // A
  const float* b = nullptr;  // readable with vector slack past its last row
  int32_t b_stride = 0;      // elements between rows of B
  int32_t columns = 0;
  float* c = nullptr;  // dense, added to
};

}  // namespace lowbit::kernels
