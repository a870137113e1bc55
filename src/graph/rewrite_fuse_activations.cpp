#include <algorithm>

#include "graph/rewrites.h"
#include "graph/usage.h"

namespace lowbit {

namespace {

bool can_fuse(Op op) {
  return op == Op::kConv || op == Op::kGemm || op == Op::kMatMul || op == Op::kAdd;
}

std::optional<ClipAttributes> bounds_of(const Node& node) {
  if (node.op == Op::kRelu) return ClipAttributes{.min = 0.0f};
  if (node.op == Op::kClip) return std::get<ClipAttributes>(node.attributes);
  return std::nullopt;
}

// A clamp after a clamp is one: its bounds are the first one's, clamped by the second, also where
// the two ranges are disjoint.
ClipAttributes compose(const ClipAttributes& first, const ClipAttributes& second) {
  return {.min = std::min(std::max(first.min, second.min), second.max),
          .max = std::min(std::max(first.max, second.min), second.max)};
}

}  // namespace

Graph fuse_activations(const Graph& graph) {
  Usage usage(graph);
  Graph result = graph;
  std::vector<bool> is_removed(graph.nodes.size(), false);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& activation = graph.nodes[i];
    const std::optional<ClipAttributes> bounds = bounds_of(activation);
    if (!bounds) continue;
    const ValueId between = activation.inputs[0];
    const int32_t producer = usage.producer[static_cast<size_t>(between)];
    if (producer == kNoNode || !usage.is_private(between) || graph.value(between).quant) continue;
    Node& node = result.nodes[static_cast<size_t>(producer)];
    if (!can_fuse(node.op)) continue;
    node.activation = compose(node.activation, *bounds);
    node.output = activation.output;
    usage.producer[static_cast<size_t>(node.output)] = producer;
    is_removed[i] = true;
  }
  erase_nodes(result, is_removed);
  return remove_unused(result);
}

}  // namespace lowbit
