// Maximum and average pooling over NHWC images; the integer averages' arithmetic is in qmath/average_pool.h.
//
//   max       y = max over the taps inside the input        a NaN never wins; no tap inside: -inf, or 0 for uint8
//   average   y = (sum over the taps inside the input) / n  a sum in row-major order; no tap inside: 0.0
//
// n is the number of taps inside the input, or inside input plus padding when count_include_pad is set (taps that ceil_mode
// puts beyond the padding never count). A global pool in FP32 is a window of the image's size; for integers ONNX Runtime
// computes it otherwise, so it is a kernel of its own.
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

// Input and output share their quantization parameters, so the maximum of the integers is the integer of the maximum.
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
