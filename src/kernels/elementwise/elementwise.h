// Kernels that map each element on its own.
//
//   clamp_f32         y = min(max(x, min), max)    Relu and Clip that could not be fused
//   scale_shift_f32   y = x * scale[c] + shift[c]  BatchNormalization that could not be folded
//   lookup_u8         y = table[x]                 any function of one integer: Concat's inputs,
//                                                  Relu, Clip and the functions of qmath/unary.inc
//
// NaN stays NaN.
#pragma once

#include <cstdint>

namespace lowbit::kernels {

// min <= max. output may be input.
struct ClampF32 {
  const float* input = nullptr;
  float* output = nullptr;
  int64_t count = 0;
  float min = 0;
  float max = 0;
};

// rows x channels, channels innermost. output may be input.
struct ScaleShiftF32 {
  const float* input = nullptr;
  const float* scale = nullptr;
  const float* shift = nullptr;
  float* output = nullptr;
  int64_t rows = 0;
  int32_t channels = 0;
};

// rows of `columns` bytes, each row `output_stride` bytes apart in the output (a Concat along
// channels writes slices). output may be input when output_stride is columns.
struct LookupU8 {
  const uint8_t* input = nullptr;
  const uint8_t* table = nullptr;  // [256], see qmath/rescale.h and qmath/unary.h
  uint8_t* output = nullptr;
  int64_t rows = 0;
  int32_t columns = 0;
  int64_t output_stride = 0;
};

}  // namespace lowbit::kernels
