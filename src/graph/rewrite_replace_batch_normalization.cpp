#include <utility>

#include "graph/constant_editor.h"
#include "graph/normalization.h"
#include "graph/rewrites.h"

namespace lowbit {

namespace {

constexpr size_t kMaxDiagonal = 1024;

Result<Tensor> to_tensor(const Shape& shape, const std::vector<double>& values) {
  const std::vector<float> rounded(values.begin(), values.end());
  return Tensor::from_values<float>(shape, rounded);
}

// Over images: a depthwise 1x1 convolution.
Result<Tensor> make_conv(Node& node, const std::vector<double>& gain) {
  const auto channels = static_cast<int64_t>(gain.size());
  ConvAttributes attributes;
  attributes.groups = channels;
  node.op = Op::kConv;
  node.attributes = attributes;
  return to_tensor(Shape{channels, 1, 1, 1}, gain);
}

// Over vectors: a product with a diagonal matrix.
Result<Tensor> make_gemm(Node& node, const std::vector<double>& gain) {
  const auto channels = static_cast<int64_t>(gain.size());
  std::vector<double> diagonal(gain.size() * gain.size());
  for (size_t c = 0; c < gain.size(); ++c) diagonal[c * gain.size() + c] = gain[c];
  node.op = Op::kGemm;
  node.attributes = GemmAttributes{};
  return to_tensor(Shape{channels, channels}, diagonal);
}

Status replace(ConstantEditor& editor, Node& node, int rank, const Normalization& normalization) {
  std::vector<double> bias(normalization.gain.size());
  for (size_t c = 0; c < bias.size(); ++c) bias[c] = normalization.apply(c, 0);
  const auto make = rank == 4 ? make_conv : make_gemm;
  LOWBIT_ASSIGN(Tensor weight_tensor, make(node, normalization.gain));
  LOWBIT_ASSIGN(Tensor bias_tensor, to_tensor(Shape{static_cast<int64_t>(bias.size())}, bias));
  node.inputs.resize(1);
  editor.add(node, 1, "weight", std::move(weight_tensor));
  editor.add(node, 2, "bias", std::move(bias_tensor));
  return success();
}

}  // namespace

Result<Graph> replace_batch_normalization(const Graph& graph) {
  Graph result = graph;
  ConstantEditor editor(result);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (node.op != Op::kBatchNormalization) continue;
    const int rank = graph.value(node.inputs[0]).shape.rank();
    LOWBIT_ASSIGN(const Normalization normalization, read_normalization(graph, node));
    const bool fits = rank == 4 || (rank == 2 && normalization.gain.size() <= kMaxDiagonal);
    if (fits) LOWBIT_TRY(replace(editor, result.nodes[i], rank, normalization));
  }
  return remove_unused(result);
}

}  // namespace lowbit
