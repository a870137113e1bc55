// Maximum and average pooling over NHWC images.
//
//   max       y = max over the taps inside the input
//   average   y = (sum over the taps inside the input, in row-major order) / n
//
// n is the number of taps inside the input, or inside input plus padding when count_include_pad is
// set; taps that ceil_mode puts beyond the padding never count. A NaN never wins a maximum. A
// window without a tap inside gives -inf (max_pool_f32), 0 (max_pool_u8) or the integer of 0.0
// (averages).
//
// The integer averages' arithmetic is in qmath/average_pool.h. There a global average differs from
// the average of one large window, so it is a kernel of its own; in FP32 it is that window.
// An input may be read, never written, up to Buffer::kSlackBytes past its end (tensor/tensor.h).
#pragma once

#include <cstdint>

#include "kernels/window.h"
#include "qmath/average_pool.h"

namespace lowbit::kernels {

struct MaxPoolF32 {
  Window window;
  const float* input = nullptr;
  float* output = nullptr;
};

// Input and output share their quantization parameters, so the maximum of the integers is the
// integer of the maximum.
struct MaxPoolU8 {
  Window window;
  const uint8_t* input = nullptr;
  uint8_t* output = nullptr;
};

struct AveragePoolF32 {
  Window window;
  const float* input = nullptr;
  float* output = nullptr;
  bool count_include_pad = false;
  int32_t pad_bottom = 0;
  int32_t pad_right = 0;
};

struct AveragePoolU8 {
  Window window;
  const uint8_t* input = nullptr;
  uint8_t* output = nullptr;
  bool count_include_pad = false;
  int32_t pad_bottom = 0;
  int32_t pad_right = 0;
  AveragePoolParams params;
};

// batch images of `pixels` x channels to batch x channels; 1 <= pixels <= kMaxGlobalAverageCount.
struct GlobalAveragePoolU8 {
  const uint8_t* input = nullptr;
  uint8_t* output = nullptr;
  int32_t batch = 1;
  int32_t pixels = 1;
  int32_t channels = 1;
  AveragePoolParams params;
};

}  // namespace lowbit::kernels
