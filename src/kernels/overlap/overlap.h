// The second half of a transposed convolution: every input pixel has become a window of the output,
// and windows that overlap are added. One tier: memory moves, mostly.
#pragma once

#include <cstdint>

namespace lowbit::kernels {

// Of one image. Tap (ky, kx) of pixel (y, x) goes to (y * stride_h + ky * dilation_h - pad_top, x *
// stride_w + kx * dilation_w - pad_left), if that lies in the output.
struct OverlapAdd {
  const float* windows = nullptr;  // [input_h][input_w][channels][kernel_h][kernel_w]
  const float* bias = nullptr;     // [channels], may be null
  float* output = nullptr;         // [output_h][output_w][channels]
  int64_t input_h = 1, input_w = 1;
  int64_t output_h = 1, output_w = 1;
  int64_t channels = 1;
  int64_t kernel_h = 1, kernel_w = 1;
  int64_t stride_h = 1, stride_w = 1;
  int64_t dilation_h = 1, dilation_w = 1;
  int64_t pad_top = 0, pad_left = 0;
};

void overlap_add(const OverlapAdd& args);

}  // namespace lowbit::kernels
