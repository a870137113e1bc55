// Between float32 and uint8 activations, per tensor: qmath/quantize.h over an array (NaN becomes
// qmin, infinities saturate).
#pragma once

#include <cstdint>

namespace lowbit::kernels {

struct QuantizeU8 {
  const float* input = nullptr;
  uint8_t* output = nullptr;
  int64_t count = 0;
  float scale = 1;
  int32_t zero_point = 0;
  int32_t qmin = 0;
  int32_t qmax = 255;
};

struct DequantizeU8 {
  const uint8_t* input = nullptr;
  float* output = nullptr;
  int64_t count = 0;
  float scale = 1;
  int32_t zero_point = 0;
};

}  // namespace lowbit::kernels
