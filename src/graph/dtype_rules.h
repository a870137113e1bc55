// The rule of each operator that gives its output's element type from its inputs', where nothing is
// quantized (ONNX operator specification). What is quantized: graph/type_rules.h.
#pragma once

#include "graph/graph.h"

namespace lowbit {

// Quantized inputs, and integer weights of float activations, count as float32. Errors:
// kTypeMismatch, where `where` names the node.
Result<DType> output_dtype(const Graph& graph, const Node& node);

}  // namespace lowbit
