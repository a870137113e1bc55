// Depthwise convolution (groups = input channels = output channels), direct, NHWC, with the same output stage as matmul/:
//
//   FP32   Y[y, x, c] = clamp(sum_t X[tap t of (y, x), c] * W[t, c] + bias[c], min, max)
//   INT8   Y[y, x, c] = requantize(sum_t (X[...] - Zx) * W[t, c] + bias[c], multiplier[c], Zy, qmin, qmax)
//
// A tap outside the input contributes nothing (its X is 0.0, that is Zx).
#pragma once

#include <cstdint>

#include "kernels/window.h"

namespace lowbit::kernels {

struct DepthwiseF32 {
  Window window;
  const float* input = nullptr;
  const float* weights = nullptr;  // [kernel_h * kernel_w][channels]
  const float* bias = nullptr;     // [channels], required (zeros when the model has none)
  float* output = nullptr;
  float min = 0;
  float max = 0;
};

// |sum| fits int32 for up to kMaxMatmulU8S8Depth taps.
struct DepthwiseU8S8 {
  Window window;
  const uint8_t* input = nullptr;
  const int8_t* weights = nullptr;    // [kernel_h * kernel_w][channels]
  const int32_t* bias = nullptr;      // [channels], required, zero point NOT folded in
  const float* multiplier = nullptr;  // [channels]
  uint8_t* output = nullptr;
  int32_t input_zero_point = 0;
  int32_t output_zero_point = 0;
  int32_t qmin = 0;
  int32_t qmax = 255;
};

}  // namespace lowbit::kernels
