#include "kernels/linear/linear.h"

#include <algorithm>
#include <limits>

#include "qmath/quant_params.h"
#include "qmath/quantize.h"

namespace lowbit::kernels {

namespace {

// Calls visit(element, scale's number).
template <class Visit>
void for_each_element(const LinearIndex& index, Visit visit) {
  const int64_t blocks = index.block > 0 ? (index.length - 1) / index.block + 1 : 0;
  int64_t element = 0;
  for (int64_t o = 0; o < index.outer; ++o) {
    for (int64_t l = 0; l < index.length; ++l) {
      const int64_t first = index.block > 0 ? (o * blocks + l / index.block) * index.inner : l;
      const int64_t step = index.block > 0 ? 1 : 0;
      for (int64_t i = 0; i < index.inner; ++i) visit(element++, first + i * step);
    }
  }
}

template <class T>
void quantize_as(const QuantizeLinear& args) {
  const auto* const zero_point = reinterpret_cast<const T*>(args.zero_point);
  auto* const output = reinterpret_cast<T*>(args.output);
  for_each_element(args.index, [&](int64_t i, int64_t s) {
    output[i] =
        static_cast<T>(quantize(args.input[i], args.scale[s], zero_point[s],
                                std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  });
}

template <class T>
void dequantize_as(const DequantizeLinear& args) {
  const auto* const zero_point = reinterpret_cast<const T*>(args.zero_point);
  const auto* const input = reinterpret_cast<const T*>(args.input);
  for_each_element(args.index, [&](int64_t i, int64_t s) {
    const int64_t above_zero = int64_t{input[i]} - int64_t{zero_point[s]};
    args.output[i] = static_cast<float>(above_zero) * args.scale[s];
  });
}

}  // namespace

void quantize_linear(const QuantizeLinear& args) {
  args.type == DType::kU8 ? quantize_as<uint8_t>(args) : quantize_as<int8_t>(args);
}

void dequantize_linear(const DequantizeLinear& args) {
  if (args.type == DType::kU8) return dequantize_as<uint8_t>(args);
  if (args.type == DType::kI8) return dequantize_as<int8_t>(args);
  dequantize_as<int32_t>(args);
}

void dynamic_quantize(const DynamicQuantize& args) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  float low = 0;
  float high = 0;
  for (int64_t i = 0; i < args.count; ++i) {
    // NaN fails both comparisons.
    if (args.input[i] < low) low = args.input[i];
    if (args.input[i] > high) high = args.input[i];
  }
  low = std::max(low, -kLargest);
  high = std::min(high, kLargest);
  const auto [scale, zero_point] = asymmetric_params(low, high, 0, activation_qmax(8));
  if (args.scale) *args.scale = scale;
  if (args.zero_point) *args.zero_point = static_cast<uint8_t>(zero_point);
  if (!args.integers) return;
  for (int64_t i = 0; i < args.count; ++i) {
    args.integers[i] =
        static_cast<uint8_t>(quantize(args.input[i], scale, zero_point, 0, activation_qmax(8)));
  }
}

}  // namespace lowbit::kernels
