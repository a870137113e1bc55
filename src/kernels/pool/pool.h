// Maximum and average pooling over NHWC images. A global pool is a window of the image's size.
// Taps outside the input never win a maximum. An average divides by the number of taps inside the input, or inside input plus padding when
// count_include_pad is set. The integer average's arithmetic is in qmath/average_pool.h.
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

}  // namespace lowbit::kernels
