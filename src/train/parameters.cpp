#include "train/parameters.h"

#include <algorithm>

namespace lowbit {

namespace {

constexpr size_t kFirstBatchStatistic =
    3;  // BatchNormalization's inputs: x, scale, bias, mean, variance

bool is_trained(const Graph& graph, const Node& node, size_t input) {
  const ValueId id = node.inputs[input];
  if (id == kNoValue) return false;
  const Value& value = graph.value(id);
  if (!value.constant || value.dtype != DType::kF32) return false;
  return node.op != Op::kBatchNormalization || input < kFirstBatchStatistic;
}

bool is_weight(Op op, size_t input) {
  return input <= 1 && (op == Op::kConv || op == Op::kGemm || op == Op::kMatMul);
}

}  // namespace

ValueId logits_of(const Graph& graph) {
  const ValueId output = graph.outputs.front();
  const auto maker = std::ranges::find(graph.nodes, output, &Node::output);
  return maker != graph.nodes.end() && maker->op == Op::kSoftmax ? maker->inputs.front() : output;
}

std::vector<bool> nodes_behind(const Graph& graph, ValueId value) {
  std::vector<bool> wanted(graph.values.size(), false);
  std::vector<bool> behind(graph.nodes.size(), false);
  wanted[static_cast<size_t>(value)] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    if (!wanted[static_cast<size_t>(node.output)]) continue;
    behind[i] = true;
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) wanted[static_cast<size_t>(id)] = true;
    }
  }
  return behind;
}

Result<std::vector<Parameter>> find_parameters(const Graph& graph, ValueId logits,
                                               OptimizerKind optimizer) {
  std::vector<Parameter> parameters;
  std::vector<bool> is_found(graph.values.size(), false);
  const std::vector<bool> behind = nodes_behind(graph, logits);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    for (size_t i = 0; behind[n] && i < node.inputs.size(); ++i) {
      if (!is_trained(graph, node, i) || is_found[static_cast<size_t>(node.inputs[i])]) continue;
      is_found[static_cast<size_t>(node.inputs[i])] = true;
      Parameter parameter;
      parameter.value = node.inputs[i];
      parameter.decays = is_weight(node.op, i);
      const Shape& shape = graph.value(parameter.value).shape;
      LOWBIT_ASSIGN(parameter.gradient, Tensor::allocate(DType::kF32, shape));
      LOWBIT_ASSIGN(parameter.first_moment, Tensor::allocate(DType::kF32, shape));
      if (optimizer == OptimizerKind::kAdamW) {
        LOWBIT_ASSIGN(parameter.second_moment, Tensor::allocate(DType::kF32, shape));
      }
      parameters.push_back(std::move(parameter));
    }
  }
  if (parameters.empty()) {
    return make_error(ErrorCode::kInvalidModel,
                      "the model has no float32 constants that its logits depend on", graph.name);
  }
  return parameters;
}

Result<Graph> clone_constants(const Graph& graph) {
  Graph copy = graph;
  for (Value& value : copy.values) {
    if (!value.constant || value.dtype != DType::kF32) continue;
    LOWBIT_ASSIGN(value.constant, value.constant->clone());
  }
  return copy;
}

}  // namespace lowbit
