#include "quantize/activations.h"

#include <algorithm>

#include "qmath/quantize.h"

namespace lowbit {

namespace {

// All but the scale; the zero point is that of symmetric activations, or 0.
QuantParams unscaled_params(const ActivationRecipe& recipe) {
  const int32_t zero_point = recipe.symmetric ? 1 << (recipe.bits - 1) : 0;
  const int32_t qmin = recipe.symmetric ? 1 : 0;
  return {DType::kU8, qmin, activation_qmax(recipe.bits), -1, {1.0f}, {zero_point}};
}

}  // namespace

QuantParams activation_params(Range range, const ActivationRecipe& recipe) {
  QuantParams params = unscaled_params(recipe);
  if (recipe.symmetric) {
    params.scale[0] =
        symmetric_params(std::max(-range.min, range.max), weight_qmax(recipe.bits)).scale;
  } else {
    const auto [scale, zero_point] = asymmetric_params(range.min, range.max, 0, params.qmax);
    params.scale[0] = scale;
    params.zero_point[0] = zero_point;
  }
  return params;
}

QuantParams softmax_params(const ActivationRecipe& recipe) {
  QuantParams params = unscaled_params(recipe);
  params.scale[0] = 1.0f / static_cast<float>(params.qmax + 1 - params.zero_point[0]);
  return params;
}

Result<Tensor> quantize_activation(const Tensor& reals, const QuantParams& params) {
  LOWBIT_ASSIGN(Tensor integers, Tensor::allocate(DType::kU8, reals.shape()));
  const auto from = reals.data<float>();
  const auto to = integers.mutable_data<uint8_t>();
  for (size_t i = 0; i < from.size(); ++i) {
    to[i] = static_cast<uint8_t>(
        quantize(from[i], params.scale[0], params.zero_point[0], params.qmin, params.qmax));
  }
  return integers;
}

}  // namespace lowbit
