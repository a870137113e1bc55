#include <utility>

#include "graph/rewrites.h"

namespace lowbit {

Graph remove_unused(const Graph& graph) {
  std::vector<bool> is_needed(graph.values.size(), false);
  const auto need = [&](ValueId id) { is_needed[static_cast<size_t>(id)] = true; };
  for (const ValueId id : graph.inputs) need(id);
  for (const ValueId id : graph.outputs) need(id);
  // Against the topological order every consumer is seen before the producer.
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    if (!is_needed[static_cast<size_t>(node.output)]) continue;
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) need(id);
    }
  }

  Graph result;
  result.name = graph.name;
  result.opset = graph.opset;
  result.symbols = graph.symbols;
  result.metadata = graph.metadata;
  std::vector<ValueId> renumbered(graph.values.size(), kNoValue);
  for (size_t i = 0; i < graph.values.size(); ++i) {
    if (is_needed[i]) renumbered[i] = result.add_value(graph.values[i]);
  }
  const auto renumber = [&](std::vector<ValueId> ids) {
    for (ValueId& id : ids) {
      if (id != kNoValue) id = renumbered[static_cast<size_t>(id)];
    }
    return ids;
  };
  for (const Node& node : graph.nodes) {
    if (!is_needed[static_cast<size_t>(node.output)]) continue;
    Node kept = node;
    kept.inputs = renumber(node.inputs);
    kept.output = renumbered[static_cast<size_t>(node.output)];
    result.nodes.push_back(std::move(kept));
  }
  result.inputs = renumber(graph.inputs);
  result.outputs = renumber(graph.outputs);
  return result;
}

}  // namespace lowbit
