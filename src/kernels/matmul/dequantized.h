// The F32S8 product as FP32 products: a few panels of B at a time become floats in memory that
// stays in the cache, as far as K lets it, and every row of A meets them there.
//
// A packed panel is float[columns] bias; float[blocks][columns] scales; int8[K][columns], padded to
// a multiple of 4 bytes. The reference tier has panels of one column.
#pragma once

#include "kernels/matmul/matmul.h"

namespace lowbit::kernels {

struct DequantizedPanels {
  int32_t columns = 0;  // of one panel
  // `rows` rows of weights, each times the panel's scales.
  void (*dequantize)(const int8_t* weights, const float* scale, int32_t rows, float* target);
  void (*multiply)(const MatmulF32&);
};

void run_dequantized(const MatmulF32S8& product, const DequantizedPanels& panels);

}  // namespace lowbit::kernels
