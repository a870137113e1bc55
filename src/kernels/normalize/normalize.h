// Rows brought to mean 0 and variance 1, then scaled and shifted (Ba, Kiros and Hinton 2016;
// Ulyanov et al. 2016; Wu and He 2018; without the mean, Zhang and Sennrich 2019):
//
//   y = (x - mean) / sqrt(variance + epsilon) * scale + bias
//
// One tier, of which the compiler makes SIMD.
#pragma once

#include <cstdint>

namespace lowbit::kernels {

// A row is [blocks][inner] elements; block b of row r has scale[r % period * blocks + b], and its
// bias likewise.
struct NormalizeRows {
  const float* input = nullptr;
  const float* scale = nullptr;
  const float* bias = nullptr;  // may be null
  float* output = nullptr;      // not the input
  int64_t rows = 1;
  int64_t blocks = 1;
  int64_t inner = 1;
  int64_t period = 1;
  float epsilon = 0;
  bool is_centred = true;  // false: mean is 0
};

void normalize_rows(const NormalizeRows& args);

}  // namespace lowbit::kernels
