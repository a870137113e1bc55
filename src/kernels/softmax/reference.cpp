#include <algorithm>
#include <cmath>

#include "kernels/kernels.h"

namespace lowbit::kernels {

void softmax_f32__reference(const SoftmaxF32& args) {
  for (int64_t row = 0; row < args.rows; ++row) {
    const float* x = args.input + row * args.columns;
    float* y = args.output + row * args.columns;
    const float max = *std::max_element(x, x + args.columns);
    float sum = 0;
    for (int32_t i = 0; i < args.columns; ++i) {
      y[i] = std::exp(x[i] - max);
      sum += y[i];
    }
    for (int32_t i = 0; i < args.columns; ++i) y[i] /= sum;
  }
}

void softmax_u8__reference(const SoftmaxU8& args) {
  for (int64_t n = 0; n < args.rows; ++n) {
    const uint8_t* x = args.input + n * args.columns;
    uint8_t* y = args.output + n * args.columns;
    const SoftmaxRow row = softmax_row({x, static_cast<size_t>(args.columns)}, args.params.table);
    for (int32_t i = 0; i < args.columns; ++i) {
      y[i] = static_cast<uint8_t>(quantized_softmax(x[i], row, args.params));
    }
  }
}

}  // namespace lowbit::kernels
