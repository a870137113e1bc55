// Element types and quantization parameters: which a value may have, and which a node accepts (the
// law of arithmetic, 1 and 3).
#pragma once

#include "graph/graph.h"

namespace lowbit {

// Operators whose output elements are elements of the input: quantized, they keep its parameters.
bool only_moves_values(Op op);

// An input that tells where elements go and is never quantized: the indices of a Gather, and the
// input of an Expand of which only the shape is read.
bool is_placement(Op op, size_t input);

// The value's own dtype and parameters. Its shape is inferred; a dimension that is quantized per
// index must not be a symbol. Errors: kInvalidModel, kTypeMismatch.
Status check_value_type(const Value& value);

// What the node reads and writes, of values that passed check_value_type() in a graph whose shapes
// are inferred. Errors: kTypeMismatch, kInvalidModel, kUnsupportedFeature.
Status check_node_types(const Graph& graph, const Node& node);

}  // namespace lowbit
