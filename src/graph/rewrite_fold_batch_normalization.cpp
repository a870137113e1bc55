#include <utility>

#include "graph/constant_editor.h"
#include "graph/normalization.h"
#include "graph/rewrites.h"
#include "graph/usage.h"

namespace lowbit {

namespace {

// A bias broadcast over [rows, channels], scaled; or zeros.
struct BiasSource {
  std::span<const float> data;
  size_t rows = 1;
  size_t row_stride = 0;
  size_t channel_stride = 0;
  double factor = 1;

  double at(size_t row, size_t channel) const {
    if (data.empty()) return 0;
    return factor * static_cast<double>(data[row * row_stride + channel * channel_stride]);
  }
};

BiasSource read_bias(const Graph& graph, const Node& node) {
  if (node.inputs.size() < 3 || node.inputs[2] == kNoValue) return {};
  const Tensor& bias = *graph.value(node.inputs[2]).constant;
  const Shape& shape = bias.shape();
  BiasSource source{.data = bias.data<float>()};
  const int64_t width = shape.rank() > 0 ? shape[shape.rank() - 1] : 1;
  if (width > 1) source.channel_stride = 1;
  if (shape.rank() == 2 && shape[0] > 1) {
    source.rows = static_cast<size_t>(shape[0]);
    source.row_stride = static_cast<size_t>(width);
  }
  if (const auto* gemm = std::get_if<GemmAttributes>(&node.attributes)) {
    source.factor = static_cast<double>(gemm->beta);
  }
  return source;
}

// Conv's bias is [channels]; so is a Gemm's, unless it differs from row to row.
Result<Tensor> fold_bias(const BiasSource& source, const Normalization& normalization) {
  const size_t channels = normalization.gain.size();
  const auto width = static_cast<int64_t>(channels);
  const Shape shape =
      source.rows > 1 ? Shape{static_cast<int64_t>(source.rows), width} : Shape{width};
  LOWBIT_ASSIGN(Tensor folded, Tensor::allocate(DType::kF32, shape));
  const std::span<float> target = folded.mutable_data<float>();
  for (size_t row = 0; row < source.rows; ++row) {
    for (size_t c = 0; c < channels; ++c) {
      target[row * channels + c] = static_cast<float>(normalization.apply(c, source.at(row, c)));
    }
  }
  return folded;
}

// Folds into `producer`, a Conv or Gemm of `graph`.
Status fold_into(Graph& graph, ConstantEditor& editor, Node& producer,
                 const Normalization& normalization) {
  int axis = 0;
  std::vector<double> factors = normalization.gain;
  auto* gemm = std::get_if<GemmAttributes>(&producer.attributes);
  if (gemm) {
    axis = gemm->transpose_b ? 0 : 1;
    for (double& factor : factors) factor *= static_cast<double>(gemm->alpha);
  }
  const Tensor& weight = *graph.value(producer.inputs[1]).constant;
  LOWBIT_ASSIGN(Tensor folded_weight, scale_channels(weight, axis, factors));
  const BiasSource bias = read_bias(graph, producer);
  LOWBIT_ASSIGN(Tensor folded_bias, fold_bias(bias, normalization));
  if (gemm) gemm->alpha = gemm->beta = 1.0f;

  const bool had_bias = !bias.data.empty();
  editor.replace(producer, 1, std::move(folded_weight));
  if (had_bias) {
    editor.replace(producer, 2, std::move(folded_bias));
  } else {
    editor.add(producer, 2, "bias", std::move(folded_bias));
  }
  return success();
}

}  // namespace

Result<Graph> fold_batch_normalization(const Graph& graph) {
  Usage usage(graph);
  Graph result = graph;
  ConstantEditor editor(result);
  std::vector<bool> is_removed(graph.nodes.size(), false);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (node.op != Op::kBatchNormalization) continue;
    const ValueId between = node.inputs[0];
    const int32_t index = usage.producer[static_cast<size_t>(between)];
    if (index == kNoNode || !usage.is_private(between)) continue;
    Node& producer = result.nodes[static_cast<size_t>(index)];
    const bool can_fold = (producer.op == Op::kConv || producer.op == Op::kGemm) &&
                          producer.activation == ClipAttributes{} &&
                          !result.value(producer.inputs[1]).quant;
    if (!can_fold) continue;
    LOWBIT_ASSIGN(const Normalization normalization, read_normalization(graph, node));
    LOWBIT_TRY(fold_into(result, editor, producer, normalization));
    producer.output = node.output;
    usage.producer[static_cast<size_t>(node.output)] = index;
    is_removed[i] = true;
  }
  erase_nodes(result, is_removed);
  return remove_unused(result);
}

}  // namespace lowbit
