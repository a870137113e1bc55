#include "qmath/softmax.h"

#include <algorithm>

#include "qmath/exp.h"
#include "qmath/quantize.h"

namespace lowbit {

std::array<float, 256> softmax_table(float input_scale) {
  std::array<float, 256> table{};
  for (int d = 0; d < 256; ++d) {
    table[static_cast<size_t>(255 - d)] =
        static_cast<float>(exp_nonpositive(-d * double{input_scale}));
  }
  return table;
}

void quantized_softmax(std::span<const uint8_t> x, std::span<uint8_t> y,
                       const SoftmaxParams& params) {
  const int max = *std::ranges::max_element(x);
  const float* table = params.table + 255 - max;
  float sum = 0;
  for (const uint8_t q : x) sum += table[q];
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = static_cast<uint8_t>(quantize(table[x[i]] / sum, params.output_scale,
                                         params.output_zero_point, params.qmin, params.qmax));
  }
}

}  // namespace lowbit
