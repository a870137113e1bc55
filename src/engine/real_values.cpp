#include "engine/real_values.h"

#include "kernels/kernels.h"

namespace lowbit {

std::vector<float> real_values(const ValueView& view) {
  if (!view.quant) {
    const auto values = view.as<float>();
    return {values.begin(), values.end()};
  }
  const auto integers = view.as<uint8_t>();
  std::vector<float> reals(integers.size());
  kernels::kSimd128Table.dequantize_u8({.input = integers.data(),
                                        .output = reals.data(),
                                        .count = view.element_count(),
                                        .scale = view.quant->scale[0],
                                        .zero_point = view.quant->zero_point[0]});
  return reals;
}

}  // namespace lowbit
