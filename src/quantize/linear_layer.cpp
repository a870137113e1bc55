#include "quantize/linear_layer.h"

#include "graph/product_weights.h"
#include "qmath/quantize.h"

namespace lowbit {

namespace {

LinearLayer conv_layer(const ConvAttributes& conv, const Shape& weights) {
  const auto groups = static_cast<int32_t>(conv.groups);
  const auto taps = static_cast<int32_t>(weights[2] * weights[3]);
  // The constant is [output channels][channels][taps] (OIHW).
  return {.groups = groups,
          .columns = static_cast<int32_t>(weights[0]) / groups,
          .taps = taps,
          .channels = static_cast<int32_t>(weights[1]),
          .column_stride = weights[1] * taps,
          .tap_stride = 1,
          .channel_stride = taps};
}

LinearLayer matrix_layer(const Shape& weights, bool is_transposed) {
  const int column_axis = is_transposed ? 0 : 1;
  return {.columns = static_cast<int32_t>(weights[column_axis]),
          .channels = static_cast<int32_t>(weights[1 - column_axis]),
          .column_stride = is_transposed ? weights[1] : 1,
          .channel_stride = is_transposed ? 1 : weights[1]};
}

const Value& weights_of(const Graph& graph, const LinearLayer& layer) {
  return graph.value(graph.nodes[layer.node].inputs[1]);
}

float channel_scale(const QuantParams& params, int32_t channel) {
  return params.scale[params.per_tensor() ? 0 : static_cast<size_t>(channel)];
}

// Calls visit(output channel, index in the constant) for every weight of a group, in the order
// [columns][depth].
template <class Visit>
void for_each_weight(const LinearLayer& layer, int32_t group, Visit visit) {
  for (int32_t c = 0; c < layer.columns; ++c) {
    const int32_t channel = group * layer.columns + c;
    for (int32_t k = 0; k < layer.depth(); ++k) visit(channel, layer.weight_index(channel, k));
  }
}

}  // namespace

bool has_bias(const Node& node) { return node.inputs.size() > 2 && node.inputs[2] != kNoValue; }

std::optional<LinearLayer> linear_layer(const Graph& graph, size_t index) {
  const Node& node = graph.nodes[index];
  if (!is_product(node.op)) return std::nullopt;
  const Value& weights = graph.value(node.inputs[1]);
  if (!weights.constant || graph.value(node.inputs[0]).constant) return std::nullopt;
  LinearLayer layer;
  if (const auto* conv = std::get_if<ConvAttributes>(&node.attributes)) {
    layer = conv_layer(*conv, weights.shape);
  } else {
    const auto* gemm = std::get_if<GemmAttributes>(&node.attributes);
    const GemmAttributes plain{.transpose_b = gemm && gemm->transpose_b};
    if (weights.shape.rank() != 2 || (gemm && *gemm != plain)) return std::nullopt;
    layer = matrix_layer(weights.shape, plain.transpose_b);
  }
  layer.node = index;
  if (has_bias(node)) {
    const std::optional<Tensor>& bias = graph.value(node.inputs[2]).constant;
    const int64_t count = bias ? bias->element_count() : 0;
    if (count != 1 && count != layer.output_channels()) return std::nullopt;
  }
  return layer;
}

std::vector<float> read_weights(const Graph& graph, const LinearLayer& layer, int32_t group) {
  const Value& value = weights_of(graph, layer);
  std::vector<float> weights;
  weights.reserve(static_cast<size_t>(layer.columns) * static_cast<size_t>(layer.depth()));
  if (!value.quant) {
    const auto reals = value.constant->data<float>();
    for_each_weight(layer, group, [&](int32_t, size_t i) { weights.push_back(reals[i]); });
    return weights;
  }
  const auto integers = value.constant->data<int8_t>();
  const ScaleIndex scale(*value.quant, value.shape);
  for_each_weight(layer, group, [&](int32_t, size_t i) {
    const size_t at = scale.of(i);
    weights.push_back(dequantize(integers[i], value.quant->scale[at], value.quant->zero_point[at]));
  });
  return weights;
}

std::vector<float> read_scales(const Graph& graph, const LinearLayer& layer, int32_t group) {
  const Value& value = weights_of(graph, layer);
  const QuantParams& params = *value.quant;
  const ScaleIndex scale(params, value.shape);
  const auto block =
      params.block_size > 0 ? static_cast<int32_t>(params.block_size) : layer.depth();
  std::vector<float> scales;
  for (int32_t c = 0; c < layer.columns; ++c) {
    for (int32_t k = 0; k < layer.depth(); k += block) {
      const size_t weight = layer.weight_index(group * layer.columns + c, k);
      scales.push_back(params.scale[scale.of(weight)]);
    }
  }
  return scales;
}

Result<Tensor> write_integers(const Graph& graph, const LinearLayer& layer,
                              std::span<const std::vector<int8_t>> integers) {
  LOWBIT_ASSIGN(Tensor tensor,
                Tensor::allocate(DType::kI8, weights_of(graph, layer).constant->shape()));
  const std::span<int8_t> target = tensor.mutable_data<int8_t>();
  for (int32_t group = 0; group < layer.groups; ++group) {
    const int8_t* next = integers[static_cast<size_t>(group)].data();
    for_each_weight(layer, group, [&](int32_t, size_t i) { target[i] = *next++; });
  }
  return tensor;
}

std::vector<double> read_bias(const Graph& graph, const LinearLayer& layer) {
  std::vector<double> bias(static_cast<size_t>(layer.output_channels()), 0.0);
  const Node& node = graph.nodes[layer.node];
  if (!has_bias(node)) return bias;
  const Value& value = graph.value(node.inputs[2]);
  // A Gemm's may be one number for all.
  const auto count = static_cast<size_t>(value.constant->element_count());
  for (size_t c = 0; c < bias.size(); ++c) {
    const size_t i = count == 1 ? 0 : c;
    bias[c] = value.quant
                  ? static_cast<double>(channel_scale(*value.quant, static_cast<int32_t>(c))) *
                        value.constant->data<int32_t>()[i]
                  : static_cast<double>(value.constant->data<float>()[i]);
  }
  return bias;
}

}  // namespace lowbit
