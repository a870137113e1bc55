#include "graph/rewrites.h"
#include "graph/usage.h"

namespace lowbit {

namespace {

bool is_whole_byte(const QuantParams& quant) {
  const IntegerRange range = *storage_range(DType::kU8);
  return quant.storage == DType::kU8 && quant.qmin == range.min && quant.qmax == range.max;
}

}  // namespace

Graph take_integers(const Graph& graph) {
  const Usage usage(graph);
  Graph result = graph;
  std::vector<bool> is_removed(graph.nodes.size(), false);
  std::vector<bool> is_end(graph.values.size(), false);
  for (const auto* ends : {&graph.inputs, &graph.outputs}) {
    for (const ValueId id : *ends) is_end[static_cast<size_t>(id)] = true;
  }
  std::vector<ValueId> integers_of(graph.values.size(), kNoValue);
  const auto take = [&](size_t node, ValueId real, ValueId integers) {
    if (!is_end[static_cast<size_t>(real)] || is_end[static_cast<size_t>(integers)]) return;
    is_removed[node] = true;
    is_end[static_cast<size_t>(integers)] = true;
    integers_of[static_cast<size_t>(real)] = integers;
    std::swap(result.value(real).name, result.value(integers).name);
  };
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (node.inputs.size() != 1) continue;
    const ValueId input = node.inputs[0];
    const bool is_first = usage.producer[static_cast<size_t>(input)] == kNoNode;
    const bool is_last = usage.consumer_count[static_cast<size_t>(node.output)] == 0;
    if (node.op == Op::kQuantizeLinear && is_first && usage.is_private(input) &&
        is_whole_byte(*graph.value(node.output).quant)) {
      take(i, input, node.output);
    } else if (node.op == Op::kDequantizeLinear && is_last) {
      take(i, node.output, input);
    }
  }
  for (auto* ends : {&result.inputs, &result.outputs}) {
    for (ValueId& id : *ends) {
      const ValueId integers = integers_of[static_cast<size_t>(id)];
      if (integers != kNoValue) id = integers;
    }
  }
  erase_nodes(result, is_removed);
  return remove_unused(result);
}

}  // namespace lowbit
