#include "add_outliers.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <vector>

#include "engine/engine.h"
#include "graph/constant_editor.h"
#include "graph/rewrites.h"
#include "graph/usage.h"
#include "quantize/linear_layer.h"

namespace lowbit {

namespace {

struct Pair {
  LinearLayer first;
  LinearLayer second;

  // Whether weight k of the second layer reads `channel` of the first: behind a Flatten a channel
  // is several neighbours.
  bool reads(int32_t output_channel, int32_t k, int32_t channel) const {
    const int32_t spread = second.input_channels() / first.output_channels();
    return second.input_channel(output_channel, k) / spread == channel;
  }
};

// The layer that alone reads what `first` makes, if scaling a channel passes through to it.
std::optional<Pair> find_pair(const Graph& graph, size_t first) {
  const auto layer = linear_layer(graph, first);
  const ClipAttributes& activation = graph.nodes[first].activation;
  const bool has_bias = graph.nodes[first].inputs.size() > 2;
  if (!layer || !has_bias || activation.min != 0 || std::isfinite(activation.max)) {
    return std::nullopt;
  }
  const Usage usage(graph);
  ValueId value = graph.nodes[first].output;
  for (size_t i = first + 1; i < graph.nodes.size() && usage.is_private(value); ++i) {
    const Node& node = graph.nodes[i];
    if (node.inputs[0] != value) continue;
    if (const auto second = linear_layer(graph, i)) return Pair{*layer, *second};
    if (node.op != Op::kMaxPool && node.op != Op::kFlatten) break;
    value = node.output;
  }
  return std::nullopt;
}

// The activations of each channel of `value`, in any order.
Result<std::vector<std::vector<float>>> channel_values(const Graph& graph, ValueId value,
                                                       int32_t channels, const Tensor& samples) {
  std::vector<std::vector<float>> values(static_cast<size_t>(channels));
  Taps taps;
  taps.on_value = [&](const ValueView& view) -> Status {
    if (view.id != value) return success();
    const std::span<const float> data = view.as<float>();
    const bool is_planar = view.shape.rank() == 4 && !view.channels_last;
    const auto pixels = static_cast<size_t>(is_planar ? view.shape[2] * view.shape[3] : 1);
    for (size_t i = 0; i < data.size(); ++i) values[i / pixels % values.size()].push_back(data[i]);
    return success();
  };
  LOWBIT_ASSIGN(Plan plan, make_plan(graph, std::vector{samples.shape()}, {}));
  LOWBIT_TRY(plan.run({&samples, 1}, taps));
  return values;
}

float maximum(const std::vector<float>& values) { return *std::ranges::max_element(values); }

double sum(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// Calls change(element, output channel, k) on a copy of the layer's weights, which it then reads.
template <class Change>
Status change_weights(Graph& graph, const LinearLayer& layer, Change change) {
  Node& node = graph.nodes[layer.node];
  LOWBIT_ASSIGN(Tensor weights, graph.value(node.inputs[1]).constant->clone());
  const std::span<float> elements = weights.mutable_data<float>();
  for (int32_t channel = 0; channel < layer.output_channels(); ++channel) {
    for (int32_t k = 0; k < layer.depth(); ++k) {
      change(elements[layer.weight_index(channel, k)], channel, k);
    }
  }
  ConstantEditor(graph).replace(node, 1, std::move(weights));
  return success();
}

// Activations of `channel` above `threshold` become 2^exponent times what they exceed it by, all
// others 0.
Status make_rare(Graph& graph, const Pair& pair, int32_t channel, float threshold, int exponent) {
  Node& node = graph.nodes[pair.first.node];
  LOWBIT_ASSIGN(Tensor bias, graph.value(node.inputs[2]).constant->clone());
  float& element = bias.mutable_data<float>()[static_cast<size_t>(channel)];
  element = std::ldexp(element - threshold, exponent);
  ConstantEditor(graph).replace(node, 2, std::move(bias));
  LOWBIT_TRY(change_weights(graph, pair.first, [&](float& weight, int32_t output, int32_t) {
    if (output == channel) weight = std::ldexp(weight, exponent);
  }));
  return change_weights(graph, pair.second, [&](float& weight, int32_t output, int32_t k) {
    if (pair.reads(output, k, channel)) weight = std::ldexp(weight, -exponent);
  });
}

Status add_outliers_to(Graph& graph, const Pair& pair, const Tensor& samples) {
  LOWBIT_ASSIGN(auto values, channel_values(graph, graph.nodes[pair.first.node].output,
                                            pair.first.output_channels(), samples));
  const auto rare = static_cast<std::ptrdiff_t>(values[0].size() * values.size()) / kRarity;
  const auto least = std::ranges::min_element(values, {}, sum);
  const float largest = maximum(*std::ranges::max_element(values, {}, maximum));
  std::ranges::sort(*least, std::greater());
  const float threshold = (*least)[static_cast<size_t>(rare)];
  const float excess = least->front() - threshold;
  if (rare == 0 || excess <= 0) return success();
  const int exponent = std::ilogb(kRatio * largest / excess) + 1;
  return make_rare(graph, pair, static_cast<int32_t>(least - values.begin()), threshold, exponent);
}

}  // namespace

Result<Graph> add_outliers(const Graph& graph, const Tensor& samples) {
  LOWBIT_ASSIGN(Graph changed, optimize(graph));
  for (size_t node = 0; node < changed.nodes.size(); ++node) {
    if (const auto pair = find_pair(changed, node)) {
      LOWBIT_TRY(add_outliers_to(changed, *pair, samples));
    }
  }
  return changed;
}

}  // namespace lowbit
