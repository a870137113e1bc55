// Quantized constants in the forms that nodes of the Graph read.
#include <algorithm>

#include "formats/onnx_qdq.h"

namespace lowbit {

namespace {

// 128 more in every byte turns one type into the other.
constexpr int32_t kSignOffset = 128;
constexpr uint8_t kSignBit = 0x80;

template <class T>
bool stays_within(const Tensor& tensor, int32_t bound) {
  return std::ranges::all_of(tensor.data<T>(), [&](T q) { return q >= -bound && q <= bound; });
}

Status flip_sign(Tensor& integers, QuantParams& quant) {
  const bool becomes_signed = quant.storage == DType::kU8;
  quant.storage = becomes_signed ? DType::kI8 : DType::kU8;
  for (int32_t& zero : quant.zero_point) zero += becomes_signed ? -kSignOffset : kSignOffset;
  const auto range = storage_range(quant.storage);
  quant.qmin = range->min;
  quant.qmax = range->max;
  LOWBIT_ASSIGN(Tensor flipped, Tensor::allocate(quant.storage, integers.shape()));
  for (size_t i = 0; i < integers.byte_count(); ++i) {
    flipped.mutable_raw()[i] = integers.raw()[i] ^ std::byte{kSignBit};
  }
  integers = std::move(flipped);
  return success();
}

}  // namespace

Status to_weight_form(Tensor& integers, QuantParams& quant) {
  if (quant.storage == DType::kU8) LOWBIT_TRY(flip_sign(integers, quant));
  if (std::ranges::any_of(quant.zero_point, [](int32_t zero) { return zero != 0; })) {
    return success();
  }
  for (int bits = 8; bits >= 2 && stays_within<int8_t>(integers, weight_qmax(bits)); --bits) {
    quant.qmin = -weight_qmax(bits);
    quant.qmax = weight_qmax(bits);
  }
  return success();
}

Status to_activation_form(Tensor& integers, QuantParams& quant) {
  return quant.storage == DType::kI8 ? flip_sign(integers, quant) : success();
}

QuantParams bias_form(const Tensor& integers, float input, std::span<const float> weight) {
  const bool is_usual = stays_within<int32_t>(integers, kBiasQmax);
  const auto range = storage_range(DType::kI32);
  QuantParams quant{.storage = DType::kI32,
                    .qmin = is_usual ? -kBiasQmax : range->min,
                    .qmax = is_usual ? kBiasQmax : range->max,
                    .axis = 0,
                    .scale = {},
                    .zero_point = std::vector<int32_t>(weight.size(), 0)};
  for (const float scale : weight) quant.scale.push_back(input * scale);
  return quant;
}

}  // namespace lowbit
