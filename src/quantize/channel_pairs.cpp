#include "quantize/channel_pairs.h"

#include <algorithm>
#include <map>

#include "graph/constant_editor.h"
#include "graph/usage.h"

namespace lowbit {

namespace {

// Follows a channel of `first` to the layer that multiplies it.
class PairFinder {
 public:
  explicit PairFinder(const Graph& graph)
      : graph_(graph), usage_(graph), reader_(graph.values.size(), kNoNode) {
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const ValueId id : graph.nodes[i].inputs) {
        if (id != kNoValue) reader_[static_cast<size_t>(id)] = static_cast<int32_t>(i);
      }
    }
  }

  std::optional<ChannelPair> find(size_t node) const {
    const std::optional<LinearLayer> first = linear_layer(graph_, node);
    const Node& start = graph_.nodes[node];
    if (!first || (start.activation.min != 0.0f && start.activation.min > -kInfinity) ||
        start.activation.max <= 0.0f) {
      return std::nullopt;
    }
    ChannelPair pair{.first = *first, .second = {}};
    // Channels lie along axis 1 of images; elsewhere along the last axis, as Gemm and MatMul read
    // them.
    bool are_images = start.op == Op::kConv;
    for (ValueId value = start.output; usage_.is_private(value);) {
      const auto index = static_cast<size_t>(reader_[static_cast<size_t>(value)]);
      const Node& next = graph_.nodes[index];
      if (const std::optional<LinearLayer> second = linear_layer(graph_, index)) {
        if ((next.op == Op::kConv) != are_images) return std::nullopt;
        pair.second = *second;
        pair.spread = second->input_channels() / first->output_channels();
        return pair;
      }
      if (!passes(next, are_images)) return std::nullopt;
      pair.is_direct = false;
      are_images = are_images && next.op != Op::kFlatten;
      value = next.output;
    }
    return std::nullopt;
  }

 private:
  static constexpr float kInfinity = std::numeric_limits<float>::infinity();

  static bool passes(const Node& node, bool are_images) {
    switch (node.op) {
      case Op::kRelu:
        return true;
      case Op::kMaxPool:
      case Op::kAveragePool:
      case Op::kGlobalAveragePool:
        return are_images;
      case Op::kFlatten: {
        const int64_t axis = std::get<AxisAttributes>(node.attributes).axis;
        return are_images && (axis == 1 || axis == -3);
      }
      default:
        return false;
    }
  }

  const Graph& graph_;
  const Usage usage_;
  std::vector<int32_t> reader_;  // by value: a node that reads it
};

// What a layer becomes: W[c, k] * input_factor / output_factor and so on.
struct LayerChange {
  LinearLayer layer;
  std::vector<double> input_factor;
  std::vector<double> absorbed;  // from the input
  std::vector<double> output_factor;
  std::vector<double> given;  // from the output

  explicit LayerChange(const LinearLayer& of)
      : layer(of),
        input_factor(static_cast<size_t>(of.input_channels()), 1.0),
        absorbed(input_factor.size(), 0.0),
        output_factor(static_cast<size_t>(of.output_channels()), 1.0),
        given(output_factor.size(), 0.0) {}
};

Result<Tensor> changed_weights(const Tensor& weights, const LayerChange& change) {
  const LinearLayer& layer = change.layer;
  LOWBIT_ASSIGN(Tensor changed, Tensor::allocate(DType::kF32, weights.shape()));
  const auto source = weights.data<float>();
  const auto target = changed.mutable_data<float>();
  for (int32_t c = 0; c < layer.output_channels(); ++c) {
    for (int32_t k = 0; k < layer.depth(); ++k) {
      const size_t i = layer.weight_index(c, k);
      const auto input = static_cast<size_t>(layer.input_channel(c, k));
      target[i] = static_cast<float>(static_cast<double>(source[i]) * change.input_factor[input] /
                                     change.output_factor[static_cast<size_t>(c)]);
    }
  }
  return changed;
}

std::vector<double> changed_bias(const Graph& graph, const LayerChange& change) {
  const LinearLayer& layer = change.layer;
  const auto weights = graph.value(graph.nodes[layer.node].inputs[1]).constant->data<float>();
  std::vector<double> bias = read_bias(graph, layer);
  for (int32_t c = 0; c < layer.output_channels(); ++c) {
    double& b = bias[static_cast<size_t>(c)];
    for (int32_t k = 0; k < layer.depth(); ++k) {
      b += static_cast<double>(weights[layer.weight_index(c, k)]) *
           change.absorbed[static_cast<size_t>(layer.input_channel(c, k))];
    }
    b = (b - change.given[static_cast<size_t>(c)]) / change.output_factor[static_cast<size_t>(c)];
  }
  return bias;
}

Status apply(const Graph& graph, const LayerChange& change, Graph& result, ConstantEditor& editor) {
  Node& node = result.nodes[change.layer.node];
  const Tensor& weights = *graph.value(graph.nodes[change.layer.node].inputs[1]).constant;
  LOWBIT_ASSIGN(Tensor new_weights, changed_weights(weights, change));
  const std::vector<double> bias = changed_bias(graph, change);
  editor.replace(node, 1, std::move(new_weights));
  const bool has_one = has_bias(node);
  if (!has_one && std::ranges::count(bias, 0.0) == std::ssize(bias)) return success();
  LOWBIT_ASSIGN(Tensor new_bias, Tensor::allocate(DType::kF32, {std::ssize(bias)}));
  std::ranges::transform(bias, new_bias.mutable_data<float>().begin(),
                         [](double b) { return static_cast<float>(b); });
  if (has_one) {
    editor.replace(node, 2, std::move(new_bias));
  } else {
    editor.add(node, 2, "bias", std::move(new_bias));
  }
  return success();
}

}  // namespace

std::vector<ChannelPair> find_channel_pairs(const Graph& graph) {
  const PairFinder finder(graph);
  std::vector<ChannelPair> pairs;
  for (size_t node = 0; node < graph.nodes.size(); ++node) {
    if (const std::optional<ChannelPair> pair = finder.find(node)) pairs.push_back(*pair);
  }
  return pairs;
}

ChannelChange no_change(const ChannelPair& pair) {
  const auto channels = static_cast<size_t>(pair.first.output_channels());
  return {std::vector<double>(channels, 1.0), std::vector<double>(channels, 0.0)};
}

bool can_absorb(const Graph& graph, const ChannelPair& pair) {
  const Node& first = graph.nodes[pair.first.node];
  const Node& second = graph.nodes[pair.second.node];
  if (!pair.is_direct || first.op == Op::kMatMul || second.op == Op::kMatMul) return false;
  const auto* conv = std::get_if<ConvAttributes>(&second.attributes);
  if (!conv) return true;
  const WindowAttributes& window = conv->window;
  if (window.auto_pad == AutoPad::kValid) return true;
  return window.auto_pad == AutoPad::kNotSet && window.padding == Padding{};
}

Result<Graph> change_channels(const Graph& graph, std::span<const ChannelPair> pairs,
                              std::span<const ChannelChange> changes) {
  std::map<size_t, LayerChange> layers;
  const auto change_of = [&](const LinearLayer& layer) -> LayerChange& {
    return layers.try_emplace(layer.node, layer).first->second;
  };
  for (size_t i = 0; i < pairs.size(); ++i) {
    const ChannelPair& pair = pairs[i];
    LayerChange& first = change_of(pair.first);
    first.output_factor = changes[i].factor;
    first.given = changes[i].absorbed;
    LayerChange& second = change_of(pair.second);
    for (size_t input = 0; input < second.input_factor.size(); ++input) {
      const size_t c = input / static_cast<size_t>(pair.spread);
      second.input_factor[input] = changes[i].factor[c];
      second.absorbed[input] = changes[i].absorbed[c];
    }
  }
  Graph result = graph;
  ConstantEditor editor(result);
  for (const auto& [node, change] : layers) LOWBIT_TRY(apply(graph, change, result, editor));
  return result;
}

}  // namespace lowbit
