// Matrix products of 8-bit integers with any zero points, in parts: operands become int16 around
// zero, their product is an exact int32, and what needs it is requantized.
//
//   C[r][n] = sum_k (A[r][k] - za[r]) * (B[k][n] - zb[n])
//
// One tier: these run where the packed kernels (kernels/matmul) cannot, which want weights that are
// constant, int8, with a zero point of 0. Signed bytes are read as unsigned ones, `flip` = 0x80
// xor-ed into them and their zero points: both move by 128, so the difference stays.
#pragma once

#include <cstdint>

#include "kernels/window.h"

namespace lowbit::kernels {

// No sum of fewer products of two numbers in -255..255 leaves int32.
inline constexpr int64_t kMaxIntegerProductDepth = 2147483647 / (255 * 255);

// target[r][c] = source[r * row_stride + c * column_stride] - zero, dense. The zero point is number
// r * zero_row_step + c * zero_column_step.
struct WidenMatrix {
  const uint8_t* source = nullptr;
  const uint8_t* zero_points = nullptr;
  int16_t* target = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t row_stride = 0;
  int64_t column_stride = 0;
  int64_t zero_row_step = 0;
  int64_t zero_column_step = 0;
  uint8_t flip = 0;
};
void widen_matrix(const WidenMatrix& args);

// The windows over one image of [channels][height][width] as the columns of a matrix, in which the
// padding is 0: target[(c * kernel_h + y) * kernel_w + x][output pixel]. `window.batch` is not
// looked at, and `window.channels` are those to be read.
struct WidenWindows {
  const uint8_t* source = nullptr;
  const uint8_t* zero_point = nullptr;
  int16_t* target = nullptr;
  Window window;
  uint8_t flip = 0;
};
void widen_windows(const WidenWindows& args);

// c[r][n] = sum_k a[r][k] * b[k][n], all dense. depth <= kMaxIntegerProductDepth.
struct MultiplyInt16 {
  const int16_t* a = nullptr;
  const int16_t* b = nullptr;
  int32_t* c = nullptr;
  int64_t rows = 0;
  int64_t depth = 0;
  int64_t columns = 0;
};
void multiply_int16(const MultiplyInt16& args);

// output[r][n] = requantize(sums[r][n] + bias) (qmath/requantize.h); bias (may be null) and
// multiplier are number r * row_step + n * column_step.
struct RequantizeSums {
  const int32_t* sums = nullptr;
  const int32_t* bias = nullptr;
  const float* multipliers = nullptr;
  uint8_t* output = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t row_step = 0;
  int64_t column_step = 0;
  int32_t zero_point = 0;
  int32_t qmin = 0;
  int32_t qmax = 255;
};
void requantize_sums(const RequantizeSums& args);

}  // namespace lowbit::kernels
