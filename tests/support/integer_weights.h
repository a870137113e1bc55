// Weights as quantize() makes them, for a node on its own; and gives a node of a test's graph those
// of random reals.
#pragma once

#include "graph/product_weights.h"
#include "quantize/weights.h"
#include "support/graph_builder.h"

namespace lowbit::test {

inline Result<QuantizedWeights> round_weights(const Node& node, const Tensor& reals,
                                              const Tensor* bias, float input_scale,
                                              const WeightFormat& format) {
  LOWBIT_ASSIGN(QuantParams params, finish(choose_weight_params(node, reals, format)));
  return quantize_weights(node, reals, std::move(params), bias, input_scale);
}

// A node on uint8 gets a new int32 bias, too, if it has one; a node on float32 keeps its own.
// Groups differ in their magnitude.
inline void set_integer_weights(Graph& graph, size_t node_index, const WeightFormat& format,
                                uint64_t seed = 3) {
  const Node node = graph.nodes[node_index];
  Random random(seed);
  Value& weight = graph.value(node.inputs[1]);
  Tensor reals = must(Tensor::allocate(DType::kF32, weight.shape));
  const float reach = 1.0f / static_cast<float>(reals.element_count());
  for (float& x : reals.mutable_data<float>()) {
    x = random.uniform(-reach, reach) * static_cast<float>(1 + random.below(64));
  }
  const bool is_integer = graph.value(node.output).quant.has_value();
  const bool has_bias = is_integer && node.inputs.size() > 2;
  const float input_scale = is_integer ? graph.value(node.inputs[0]).quant->scale[0] : 1.0f;
  std::optional<Tensor> bias;
  if (has_bias) {
    bias = must(Tensor::allocate(DType::kF32, graph.value(node.inputs[2]).shape));
    for (float& x : bias->mutable_data<float>()) x = random.uniform(-1, 1);
  }
  QuantizedWeights q =
      must(round_weights(node, reals, bias ? &*bias : nullptr, input_scale, format));
  const auto set = [&](ValueId id, QuantizedTensor& integers) {
    graph.value(id).dtype = integers.values.dtype();
    graph.value(id).constant = std::move(integers.values);
    graph.value(id).quant = std::move(integers.params);
  };
  set(node.inputs[1], q.weights);
  if (q.bias) set(node.inputs[2], *q.bias);
}

}  // namespace lowbit::test
