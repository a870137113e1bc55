#include "analysis/weight_distribution.h"

#include <algorithm>
#include <span>

#include "analysis/names.h"
#include "graph/finite.h"
#include "graph/product_weights.h"
#include "quantize/quantize.h"

namespace lowbit {

namespace {

const Value& weights_of(const Graph& graph, const LinearLayer& layer) {
  return graph.value(graph.nodes[layer.node].inputs[1]);
}

Result<LinearLayer> find_layer(const Graph& graph, const std::string& name) {
  std::vector<std::string> names;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const std::optional<LinearLayer> layer = linear_layer(graph, i);
    if (!layer) continue;
    if (graph.nodes[i].name == name) return *layer;
    names.push_back(graph.nodes[i].name);
  }
  return unknown_name("layer with weights", name, names);
}

// Channel after channel.
std::vector<float> all_weights(const Graph& graph, const LinearLayer& layer) {
  std::vector<float> weights;
  for (int32_t group = 0; group < layer.groups; ++group) {
    const std::vector<float> own = read_weights(graph, layer, group);
    weights.insert(weights.end(), own.begin(), own.end());
  }
  return weights;
}

// [0, 0] of none.
Range extremes(std::span<const float> weights) {
  if (weights.empty()) return {};
  const auto [least, largest] = std::ranges::minmax(weights);
  return {least, largest};
}

Bars histogram(std::span<const float> weights, int bar_count) {
  const auto [least, largest] = extremes(weights);
  Bars bars{static_cast<double>(least), static_cast<double>(largest),
            std::vector<double>(static_cast<size_t>(bar_count), 0.0)};
  const double bars_per_unit = bar_count / (bars.high - bars.low);
  for (const float w : weights) {
    // Not a number where all weights are equal, or an integer stands for more than float32 holds.
    const double at = (static_cast<double>(w) - bars.low) * bars_per_unit;
    ++(at < bar_count ? bars.counts[static_cast<size_t>(at)] : bars.counts.back());
  }
  return bars;
}

// Of the output channels [first, last).
void count_integers(const Graph& graph, const LinearLayer& layer, int32_t first, int32_t last,
                    WeightDistribution& result) {
  const Value& value = weights_of(graph, layer);
  const QuantParams& quant = *value.quant;
  const auto integers = value.constant->data<int8_t>();
  result.qmin = quant.qmin;
  result.integers.assign(static_cast<size_t>(quant.qmax - quant.qmin) + 1, 0.0);
  for (int32_t channel = first; channel < last; ++channel) {
    for (int32_t k = 0; k < layer.depth(); ++k) {
      const int32_t q = integers[layer.weight_index(channel, k)];
      ++result.integers[static_cast<size_t>(std::clamp(q, quant.qmin, quant.qmax) - quant.qmin)];
    }
  }
}

}  // namespace

Result<Graph> graph_of_weights(const Graph& graph) {
  if (!graph.is_quantized()) return prepare(graph);
  LOWBIT_TRY(check_finite_constants(graph));
  return graph;
}

std::vector<LayerWeights> layers_with_weights(const Graph& graph) {
  std::vector<LayerWeights> layers;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const std::optional<LinearLayer> layer = linear_layer(graph, i);
    if (!layer) continue;
    const Node& node = graph.nodes[i];
    layers.push_back({node.name, op_info(node.op).name, layer->output_channels(),
                      int64_t{layer->output_channels()} * layer->depth()});
  }
  return layers;
}

Result<WeightDistribution> weight_distribution(const Graph& graph, const std::string& name,
                                               std::optional<int32_t> channel, int bar_count) {
  LOWBIT_ASSIGN(const LinearLayer layer, find_layer(graph, name));
  const int32_t channels = layer.output_channels();
  if (channel && (*channel < 0 || *channel >= channels)) {
    return make_error(ErrorCode::kInvalidArgument,
                      format_text("layer '{}' has the output channels 0 to {}, and none {}", name,
                                  channels - 1, *channel),
                      name);
  }
  const std::vector<float> weights = all_weights(graph, layer);
  const auto depth = static_cast<size_t>(layer.depth());
  const auto of_channel = [&](int32_t c) {
    return std::span(weights).subspan(static_cast<size_t>(c) * depth, depth);
  };
  WeightDistribution result;
  result.histogram = histogram(channel ? of_channel(*channel) : weights, bar_count);
  for (int32_t c = 0; c < channels; ++c) {
    const auto [least, largest] = extremes(of_channel(c));
    result.channel_min.push_back(least);
    result.channel_max.push_back(largest);
  }
  const Value& value = weights_of(graph, layer);
  if (value.quant) {
    count_integers(graph, layer, channel.value_or(0), channel ? *channel + 1 : channels, result);
    result.channel_scale = channel_scales(
        *value.quant, value.shape, output_channel_axis(graph.nodes[layer.node], value.shape));
  }
  return result;
}

}  // namespace lowbit
