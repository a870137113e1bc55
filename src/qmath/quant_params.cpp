#include "qmath/quant_params.h"

#include <algorithm>
#include <limits>

#include "qmath/quantize.h"

namespace lowbit {

namespace {

// The law asks for a normal scale; a range below it is widened to the smallest normal float32.
float normal_scale(float scale) { return std::max(scale, std::numeric_limits<float>::min()); }

}  // namespace

Shape scale_shape(const QuantParams& params, const Shape& tensor) {
  if (params.per_tensor()) return {};
  if (params.block_size == 0) return {tensor[params.axis]};
  Shape shape = tensor;
  const int64_t length = tensor[params.axis];
  shape[params.axis] = length / params.block_size + (length % params.block_size > 0 ? 1 : 0);
  return shape;
}

ScaleIndex::ScaleIndex(const QuantParams& params, const Shape& tensor) {
  if (params.per_tensor()) return;
  length_ = static_cast<size_t>(tensor[params.axis]);
  for (int i = params.axis + 1; i < tensor.rank(); ++i) inner_ *= static_cast<size_t>(tensor[i]);
  if (params.block_size == 0) return;
  block_size_ = static_cast<size_t>(params.block_size);
  blocks_ = static_cast<size_t>(scale_shape(params, tensor)[params.axis]);
}

std::vector<float> channel_scales(const QuantParams& params, const Shape& tensor,
                                  int channel_axis) {
  const auto channels = static_cast<size_t>(tensor[channel_axis]);
  if (params.per_tensor()) return std::vector<float>(channels, params.scale[0]);
  if (params.block_size == 0) return params.scale;
  const ScaleIndex channel({.axis = channel_axis}, scale_shape(params, tensor));
  std::vector<float> largest(channels, 0.0f);
  for (size_t i = 0; i < params.scale.size(); ++i) {
    float& scale = largest[channel.of(i)];
    scale = std::max(scale, params.scale[i]);
  }
  return largest;
}

ScaleAndZeroPoint asymmetric_params(float low, float high, int32_t qmin, int32_t qmax) {
  low = std::min(low, 0.0f);
  high = std::max(high, 0.0f);
  if (low == high) return {1.0f, std::clamp(0, qmin, qmax)};
  // In double, because high - low may overflow float32.
  const double step = (static_cast<double>(high) - static_cast<double>(low)) / (qmax - qmin);
  const float scale = normal_scale(static_cast<float>(step));
  const float zero = round_half_even(static_cast<float>(qmin) - low / scale);
  return {scale, static_cast<int32_t>(
                     std::clamp(zero, static_cast<float>(qmin), static_cast<float>(qmax)))};
}

ScaleAndZeroPoint symmetric_params(float max_abs, int32_t qmax) {
  if (max_abs == 0.0f) return {1.0f, 0};
  return {normal_scale(max_abs / static_cast<float>(qmax)), 0};
}

std::optional<QuantParams> narrowed(const QuantParams& params, float low, float high) {
  const float scale = params.scale[0];
  const int32_t zero_point = params.zero_point[0];
  QuantParams narrow = params;
  narrow.qmin = quantize(low, scale, zero_point, params.qmin, params.qmax);
  narrow.qmax = quantize(high, scale, zero_point, params.qmin, params.qmax);
  if (narrow.qmin > zero_point || narrow.qmax < zero_point || narrow.qmin == narrow.qmax) return {};
  return narrow;
}

}  // namespace lowbit
