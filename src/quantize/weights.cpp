#include "quantize/weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "qmath/quantize.h"

namespace lowbit {

namespace {

constexpr int32_t kMaxBias = (1 << 30) - 1;

// A tensor seen as [outer][channels][inner] around its channel axis.
struct ChannelView {
  int64_t outer = 1;
  int64_t channels = 1;
  int64_t inner = 1;

  ChannelView(const Shape& shape, int axis) : channels(shape[axis]) {
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }

  // Calls visit(channel, element index) for every element, in memory order.
  template <class Visit>
  void for_each(Visit visit) const {
    size_t index = 0;
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t i = 0; i < inner; ++i) visit(static_cast<size_t>(c), index++);
      }
    }
  }
};

// The least weight scale with which the bias of a channel fits and the product of the scales stays
// normal.
float least_scale(float bias, float input_scale) {
  const float normal = std::numeric_limits<float>::min();
  const double for_bias =
      std::abs(static_cast<double>(bias)) / (static_cast<double>(input_scale) * kMaxBias);
  // One part in a million above the quotient, so that its rounding to float32 cannot fall below the
  // bound.
  const double for_product = static_cast<double>(normal) / static_cast<double>(input_scale);
  return static_cast<float>(std::max({for_bias, for_product, static_cast<double>(normal)}) *
                            1.000001);
}

}  // namespace

Result<QuantizedWeights> quantize_weights(const Tensor& weights, int axis, const Tensor* bias,
                                          float input_scale, const WeightRecipe& recipe) {
  const ChannelView view(weights.shape(), axis);
  const auto channels = static_cast<size_t>(view.channels);
  const int32_t qmax = weight_qmax(recipe.bits);
  const std::span<const float> w = weights.data<float>();

  std::vector<float> max_abs(channels, 0.0f);
  view.for_each([&](size_t c, size_t i) { max_abs[c] = std::max(max_abs[c], std::abs(w[i])); });
  if (recipe.granularity == Granularity::kPerTensor && channels > 0) {
    std::ranges::fill(max_abs, *std::ranges::max_element(max_abs));
  }
  std::vector<float> scale(channels);
  for (size_t c = 0; c < channels; ++c) {
    const float least = least_scale(bias ? bias->data<float>()[c] : 0.0f, input_scale);
    scale[c] = std::max(symmetric_params(max_abs[c], qmax).scale, least);
  }
  if (recipe.granularity == Granularity::kPerTensor && channels > 0) {
    std::ranges::fill(scale, *std::ranges::max_element(scale));
  }

  QuantizedWeights result;
  LOWBIT_ASSIGN(result.weights.values, Tensor::allocate(DType::kI8, weights.shape()));
  const std::span<int8_t> q = result.weights.values.mutable_data<int8_t>();
  view.for_each([&](size_t c, size_t i) {
    q[i] = static_cast<int8_t>(quantize(w[i], scale[c], 0, -qmax, qmax));
  });

  if (bias) {
    QuantizedTensor& out = result.bias.emplace();
    LOWBIT_ASSIGN(out.values, Tensor::allocate(DType::kI32, bias->shape()));
    out.params = {DType::kI32,
                  -kMaxBias,
                  kMaxBias,
                  0,
                  std::vector<float>(channels),
                  std::vector<int32_t>(channels, 0)};
    for (size_t c = 0; c < channels; ++c) {
      const float step = input_scale * scale[c];
      out.params.scale[c] = step;
      // In double: float32 has fewer bits than the 31 of the result.
      const double q_bias =
          std::nearbyint(static_cast<double>(bias->data<float>()[c]) / static_cast<double>(step));
      out.values.mutable_data<int32_t>()[c] =
          static_cast<int32_t>(std::clamp<double>(q_bias, -kMaxBias, kMaxBias));
    }
  }

  result.weights.params = {
      DType::kI8, -qmax, qmax, axis, std::move(scale), std::vector<int32_t>(channels, 0)};
  if (recipe.granularity == Granularity::kPerTensor) {
    QuantParams& params = result.weights.params;
    params.axis = -1;
    params.scale.resize(1);
    params.zero_point.resize(1);
  }
  return result;
}

}  // namespace lowbit
