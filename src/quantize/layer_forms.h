// Which nodes compute in integers: what the recipe wants, where an operator has the form for it.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "quantize/recipe.h"

namespace lowbit {

enum class LayerForm : uint8_t {
  kFloat,        // as in the FP32 graph
  kIntegers,     // activations and weights
  kWeightsOnly,  // Conv, Gemm and MatMul of float32 activations and integer weights
};

// Nodes whose output elements are elements of the input, or the zero and the bounds of it:
// their integers have the parameters of their input.
bool shares_params_with_input(const Node& node);

// One per node of `graph`, an FP32 graph of optimize(). A node stays float where the recipe says
// so, where its operator (or this form of it: Gemm with A transposed or with a bias that is no row,
// MatMul with a weight that is no matrix, a product without a constant weight) has no integers, and
// where it only moves values that are float.
std::vector<LayerForm> layer_forms(const Graph& graph, const Recipe& recipe);

}  // namespace lowbit
