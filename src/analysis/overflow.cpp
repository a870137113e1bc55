#include "analysis/overflow.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>

#include "qmath/accumulator_bound.h"
#include "quantize/linear_layer.h"

namespace lowbit {

namespace {

struct IntegerLayer {
  LinearLayer layer;
  const QuantParams& input;
  const Value& weights;
  std::span<const int32_t> bias;  // empty, or one per output channel
};

std::optional<IntegerLayer> integer_layer(const Graph& graph, size_t index) {
  const std::optional<LinearLayer> layer = linear_layer(graph, index);
  if (!layer) return {};
  const Node& node = graph.nodes[index];
  const Value& input = graph.value(node.inputs[0]);
  if (!input.quant) return {};
  std::span<const int32_t> bias;
  if (has_bias(node)) bias = graph.value(node.inputs[2]).constant->data<int32_t>();
  return IntegerLayer{*layer, *input.quant, graph.value(node.inputs[1]), bias};
}

// n bits hold -2^(n-1) to 2^(n-1) - 1.
int signed_bits(double low, double high) {
  int bits = 1;
  for (double reach = 1; low < -reach || high > reach - 1; reach *= 2) ++bits;
  return bits;
}

// Adds one output channel.
void add_channel(const IntegerLayer& integers, int32_t channel, LayerAccumulators& result) {
  const QuantParams& input = integers.input;
  const auto weights = integers.weights.constant->data<int8_t>();
  const std::vector<int32_t>& zero_points = integers.weights.quant->zero_point;
  const int32_t zero_point =
      zero_points[zero_points.size() == 1 ? 0 : static_cast<size_t>(channel)];
  const auto block = static_cast<int32_t>(integers.weights.quant->block_size);
  const int32_t depth = integers.layer.depth();
  const bool adds_bias = block == 0 && !integers.bias.empty();
  const int32_t bias = adds_bias ? integers.bias[static_cast<size_t>(channel)] : 0;
  int64_t low = std::numeric_limits<int64_t>::max();
  int64_t high = std::numeric_limits<int64_t>::min();
  int32_t k = 0;
  do {
    const int32_t end = block > 0 ? std::min(k + block, depth) : depth;
    AccumulatorBound bound(bias, {input.qmin, input.qmax}, input.zero_point[0]);
    for (; k < end; ++k) {
      bound.add(weights[integers.layer.weight_index(channel, k)] - zero_point);
    }
    low = std::min(low, bound.low());
    high = std::max(high, bound.high());
  } while (k < depth);
  result.low.push_back(static_cast<double>(low));
  result.high.push_back(static_cast<double>(high));
  result.bits = std::max(result.bits, signed_bits(result.low.back(), result.high.back()));
  result.share = std::max(
      {result.share, result.high.back() / 0x7fffffffp0, result.low.back() / -0x80000000p0});
}

}  // namespace

std::vector<LayerAccumulators> accumulators(const Graph& quantized) {
  std::vector<LayerAccumulators> layers;
  for (size_t i = 0; i < quantized.nodes.size(); ++i) {
    const std::optional<IntegerLayer> integers = integer_layer(quantized, i);
    if (!integers) continue;
    const Node& node = quantized.nodes[i];
    LayerAccumulators& result = layers.emplace_back();
    result.name = node.name;
    result.op = op_info(node.op).name;
    for (int32_t channel = 0; channel < integers->layer.output_channels(); ++channel) {
      add_channel(*integers, channel, result);
    }
  }
  return layers;
}

}  // namespace lowbit
