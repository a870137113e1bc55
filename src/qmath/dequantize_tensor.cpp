#include "qmath/dequantize_tensor.h"

namespace lowbit {

namespace {

template <class T>
void dequantize_as(const Tensor& integers, const QuantParams& params, std::span<float> reals) {
  const ScaleIndex index(params, integers.shape());
  const auto source = integers.data<T>();
  for (size_t i = 0; i < reals.size(); ++i) {
    const size_t at = index.of(i);
    const int64_t above_zero = int64_t{source[i]} - int64_t{params.zero_point[at]};
    reals[i] = params.scale[at] * static_cast<float>(above_zero);
  }
}

}  // namespace

Result<Tensor> dequantize_tensor(const Tensor& integers, const QuantParams& params) {
  LOWBIT_ASSIGN(Tensor reals, Tensor::allocate(DType::kF32, integers.shape()));
  const std::span<float> elements = reals.mutable_data<float>();
  if (params.storage == DType::kU8) {
    dequantize_as<uint8_t>(integers, params, elements);
  } else if (params.storage == DType::kI8) {
    dequantize_as<int8_t>(integers, params, elements);
  } else {
    dequantize_as<int32_t>(integers, params, elements);
  }
  return reals;
}

}  // namespace lowbit
