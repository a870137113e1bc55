// The geometry of a window that moves over an NHWC image: pooling and depthwise convolution.
#pragma once

#include <cstdint>

namespace lowbit::kernels {

struct Window {
  int32_t batch = 1;
  int32_t input_h = 1;
  int32_t input_w = 1;
  int32_t channels = 1;
  int32_t output_h = 1;
  int32_t output_w = 1;
  int32_t kernel_h = 1;
  int32_t kernel_w = 1;
  int32_t stride_h = 1;
  int32_t stride_w = 1;
  int32_t dilation_h = 1;
  int32_t dilation_w = 1;
  int32_t pad_top = 0;
  int32_t pad_left = 0;
};

}  // namespace lowbit::kernels
