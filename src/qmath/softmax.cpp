#include "qmath/softmax.h"

#include <algorithm>

#include "qmath/exp.h"

namespace lowbit {

std::array<float, 256> softmax_table(float input_scale) {
  std::array<float, 256> table{};
  for (int d = 0; d < 256; ++d) {
    table[static_cast<size_t>(255 - d)] =
        static_cast<float>(exp_nonpositive(-d * double{input_scale}));
  }
  return table;
}

SoftmaxRow softmax_row(std::span<const uint8_t> x, const float* table) {
  const int max = *std::ranges::max_element(x);
  SoftmaxRow row = {table + 255 - max, 0.0f};
  for (const uint8_t q : x) row.sum += row.exponentials[q];
  return row;
}

}  // namespace lowbit
