// Depthwise convolution (groups = input channels = output channels), direct, NHWC, with the same
// output stage as matmul/:
//
//   FP32   Y[y, x, c] = clamp(sum_t X[tap t of (y, x), c] * W[t, c] + bias[c], min, max)
//   INT8   Y[y, x, c] = requantize(sum_t (X[...] - Zx) * W[t, c] + bias[c],
//                                  multiplier[c], Zy, qmin, qmax)
//   F32S8  as FP32, with W[t, c] = scale[c] * q[t, c]
//
// F32S8 gives the same bits in every tier: a sum starts at the bias, which must not be -0.0, and
// adds a product, rounded by itself, for each tap in order. It takes the packing of FP32, with real
// weights: a channel has no more than its taps, and keeping those integers saves nothing that
// matters.
//
// A tap outside the input contributes nothing (its X is 0.0, that is Zx). Vectors may be read up to
// 64 bytes past the end of the input (Buffer::kSlackBytes); what is there does not matter.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/tier.h"
#include "kernels/window.h"

namespace lowbit::kernels {

// Packing, once at load, for one window. taps = kernel_h * kernel_w.
struct PackDepthwiseF32 {
  Window window;
  const float* weights = nullptr;  // [taps][channels]
  const float* bias = nullptr;     // [channels] or nullptr
  void* packed = nullptr;          // packed_depthwise_f32_bytes() bytes, 64-byte aligned
};

struct PackDepthwiseU8S8 {
  Window window;
  const int8_t* weights = nullptr;    // [taps][channels]
  const int32_t* bias = nullptr;      // [channels] or nullptr
  const float* multiplier = nullptr;  // [channels]
  int32_t input_zero_point = 0;
  void* packed = nullptr;  // packed_depthwise_u8s8_bytes() bytes, 64-byte aligned
};

size_t packed_depthwise_f32_bytes(Tier tier, const Window& window);
size_t packed_depthwise_u8s8_bytes(Tier tier, const Window& window);

struct DepthwiseF32 {
  Window window;  // the one that was packed for
  const float* input = nullptr;
  const void* packed = nullptr;
  float* output = nullptr;
  float min = 0;  // -inf, +inf for no activation
  float max = 0;
};

// The sums fit int32 for up to kMaxMatmulU8S8Depth taps (matmul/matmul.h).
struct DepthwiseU8S8 {
  Window window;  // the one that was packed for
  const uint8_t* input = nullptr;
  const void* packed = nullptr;
  uint8_t* output = nullptr;
  int32_t input_zero_point = 0;  // the one that was packed
  int32_t output_zero_point = 0;
  int32_t qmin = 0;
  int32_t qmax = 255;
  bool is_bounded = false;  // as in MatmulU8S8
};

}  // namespace lowbit::kernels
