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
  const auto columns = static_cast<size_t>(args.columns);
  for (int64_t row = 0; row < args.rows; ++row) {
    quantized_softmax({args.input + row * args.columns, columns},
                      {args.output + row * args.columns, columns}, args.params);
  }
}

}  // namespace lowbit::kernels
