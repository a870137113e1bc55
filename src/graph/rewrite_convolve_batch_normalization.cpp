#include <utility>

#include "graph/constant_editor.h"
#include "graph/normalization.h"
#include "graph/rewrites.h"

namespace lowbit {

namespace {

Result<Tensor> to_tensor(const Shape& shape, const std::vector<double>& values) {
  const std::vector<float> rounded(values.begin(), values.end());
  return Tensor::from_values<float>(shape, rounded);
}

Status convolve(ConstantEditor& editor, Node& node, const Normalization& normalization) {
  const auto channels = static_cast<int64_t>(normalization.gain.size());
  std::vector<double> bias(normalization.gain.size());
  for (size_t c = 0; c < bias.size(); ++c) bias[c] = normalization.apply(c, 0);
  LOWBIT_ASSIGN(Tensor weight_tensor, to_tensor(Shape{channels, 1, 1, 1}, normalization.gain));
  LOWBIT_ASSIGN(Tensor bias_tensor, to_tensor(Shape{channels}, bias));
  ConvAttributes attributes;
  attributes.groups = channels;
  node.op = Op::kConv;
  node.attributes = attributes;
  node.inputs.resize(1);
  editor.add(node, 1, "weight", std::move(weight_tensor));
  editor.add(node, 2, "bias", std::move(bias_tensor));
  return success();
}

}  // namespace

Result<Graph> convolve_batch_normalization(const Graph& graph) {
  Graph result = graph;
  ConstantEditor editor(result);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (node.op != Op::kBatchNormalization) continue;
    if (graph.value(node.inputs[0]).shape.rank() != 4) continue;
    LOWBIT_ASSIGN(const Normalization normalization, read_normalization(graph, node));
    LOWBIT_TRY(convolve(editor, result.nodes[i], normalization));
  }
  return remove_unused(result);
}

}  // namespace lowbit
