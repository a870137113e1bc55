#include "quantize/weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/product_weights.h"
#include "qmath/quantize.h"
#include "quantize/clipping.h"

namespace lowbit {

namespace {

// Weights rounded between two pauses, some 5 ms.
constexpr size_t kPauseWork = 250'000;

// The least weight scale with which the bias of a channel fits and the product of the scales stays
// normal.
float least_scale(float bias, float input_scale) {
  const float normal = std::numeric_limits<float>::min();
  const double for_bias =
      std::abs(static_cast<double>(bias)) / (static_cast<double>(input_scale) * kBiasQmax);
  // One part in a million above the quotient, so that its rounding to float32 cannot fall below the
  // bound.
  const double for_product = static_cast<double>(normal) / static_cast<double>(input_scale);
  return static_cast<float>(std::max({for_bias, for_product, static_cast<double>(normal)}) *
                            1.000001);
}

QuantParams unscaled_params(const Node& node, const Shape& shape, const WeightFormat& format) {
  QuantParams params{
      .storage = DType::kI8, .qmin = -weight_qmax(format.bits), .qmax = weight_qmax(format.bits)};
  if (takes_groups(node, shape, format.group_size)) {
    params.axis = reduction_axis(node, shape);
    params.block_size = format.group_size;
  } else if (format.group_size > 0 || format.granularity == Granularity::kPerChannel) {
    params.axis = output_channel_axis(node, shape);
  }
  const auto count = static_cast<size_t>(*scale_shape(params, shape).element_count());
  params.scale.assign(count, 0.0f);
  params.zero_point.assign(count, 0);
  return params;
}

// The channel of a scale, where there is one scale per channel or more.
ScaleIndex channel_of_scale(const QuantParams& params, const Shape& shape, int channel_axis) {
  if (params.per_tensor()) return {{}, {}};
  return {{.axis = params.block_size > 0 ? channel_axis : 0}, scale_shape(params, shape)};
}

// The weights that share a scale, for each of the scales.
std::vector<std::vector<float>> sharing_weights(const QuantParams& params, const Tensor& weights) {
  std::vector<std::vector<float>> sharing(params.scale.size());
  const ScaleIndex index(params, weights.shape());
  const std::span<const float> w = weights.data<float>();
  for (size_t i = 0; i < w.size(); ++i) sharing[index.of(i)].push_back(w[i]);
  return sharing;
}

// Whatever scale a group of zeros has, its integers are 0; it takes the channel's largest, which
// decides how finely the bias counts.
void fill_scales_of_zeros(QuantParams& params, const Shape& shape, int channel_axis) {
  const std::vector<float> largest = channel_scales(params, shape, channel_axis);
  const ScaleIndex channel = channel_of_scale(params, shape, channel_axis);
  for (size_t i = 0; i < params.scale.size(); ++i) {
    float& scale = params.scale[i];
    if (scale == 0.0f && params.block_size > 0) scale = largest[channel.of(i)];
    if (scale == 0.0f) scale = 1.0f;
  }
}

// Raises the scales with which a channel's bias would not fit.
void raise_scales(QuantParams& params, const Shape& shape, int channel_axis, const Tensor* bias,
                  float input_scale) {
  const ScaleIndex channel = channel_of_scale(params, shape, channel_axis);
  const auto channels = static_cast<size_t>(shape[channel_axis]);
  for (size_t i = 0; i < std::max(channels, params.scale.size()); ++i) {
    float& scale = params.scale[params.per_tensor() ? 0 : i];
    const size_t c = params.per_tensor() ? i : channel.of(i);
    scale = std::max(scale, least_scale(bias ? bias->data<float>()[c] : 0.0f, input_scale));
  }
}

Result<QuantizedTensor> quantize_bias(const Tensor& bias, std::vector<float> scale) {
  QuantizedTensor out;
  LOWBIT_ASSIGN(out.values, Tensor::allocate(DType::kI32, bias.shape()));
  for (size_t c = 0; c < scale.size(); ++c) {
    // In double: float32 has fewer bits than the 31 of the result.
    const double q_bias =
        std::nearbyint(static_cast<double>(bias.data<float>()[c]) / static_cast<double>(scale[c]));
    out.values.mutable_data<int32_t>()[c] =
        static_cast<int32_t>(std::clamp<double>(q_bias, -kBiasQmax, kBiasQmax));
  }
  out.params = {.storage = DType::kI32, .qmin = -kBiasQmax, .qmax = kBiasQmax, .axis = 0};
  out.params.zero_point.assign(scale.size(), 0);
  out.params.scale = std::move(scale);
  return out;
}

}  // namespace

bool takes_groups(const Node& node, const Shape& weight, int64_t group_size) {
  if (!takes_blocks(node, weight, group_size)) return false;
  int64_t reduction = weight[reduction_axis(node, weight)];
  for (int axis = 2; axis < weight.rank() && node.op == Op::kConv; ++axis)
    reduction *= weight[axis];
  return reduction > group_size;
}

Task<QuantParams> choose_weight_params(const Node& node, const Tensor& weights,
                                       WeightFormat format) {
  const Shape& shape = weights.shape();
  QuantParams params = unscaled_params(node, shape, format);
  const std::vector<std::vector<float>> sharing = sharing_weights(params, weights);
  size_t work = 0;
  for (size_t i = 0; i < sharing.size(); ++i) {
    float max_abs = 0;
    for (const float w : sharing[i]) max_abs = std::max(max_abs, std::abs(w));
    if (max_abs == 0.0f) continue;
    params.scale[i] = symmetric_params(max_abs, params.qmax).scale;
    if (format.clipping == Clipping::kMax) continue;
    auto clipping = mse_optimal_scale(sharing[i], params.qmax);
    while (!clipping.step()) {
      work += sharing[i].size();
      if (work < kPauseWork) continue;
      work = 0;
      co_yield Progress{"weights", static_cast<double>(i) / static_cast<double>(sharing.size())};
    }
    LOWBIT_CO_ASSIGN(params.scale[i], std::move(clipping).result());
  }
  fill_scales_of_zeros(params, shape, output_channel_axis(node, shape));
  co_return params;
}

Result<QuantizedWeights> quantize_weights(const Node& node, const Tensor& weights,
                                          QuantParams params, const Tensor* bias,
                                          float input_scale) {
  const Shape& shape = weights.shape();
  const int channel_axis = output_channel_axis(node, shape);
  const std::span<const float> w = weights.data<float>();
  const ScaleIndex index(params, shape);
  raise_scales(params, shape, channel_axis, bias, input_scale);

  QuantizedWeights result;
  LOWBIT_ASSIGN(result.weights.values, Tensor::allocate(DType::kI8, shape));
  const std::span<int8_t> q = result.weights.values.mutable_data<int8_t>();
  for (size_t i = 0; i < w.size(); ++i) {
    q[i] =
        static_cast<int8_t>(quantize(w[i], params.scale[index.of(i)], 0, params.qmin, params.qmax));
  }
  if (bias) {
    std::vector<float> steps = channel_scales(params, shape, channel_axis);
    for (float& step : steps) step *= input_scale;
    LOWBIT_ASSIGN(result.bias, quantize_bias(*bias, std::move(steps)));
  }
  result.weights.params = std::move(params);
  return result;
}

}  // namespace lowbit
