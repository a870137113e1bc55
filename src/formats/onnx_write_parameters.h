// Parameters that are attributes in a Graph and inputs in a file: shapes, axes, pads and their
// kind.
#pragma once

#include "formats/onnx_model_writer.h"

namespace lowbit {

// Adds them behind the node's own inputs, which `text` has; writes what computes them, if they are
// no constants. Those of a Clip are the caller's.
void add_parameter_inputs(const Graph& graph, const Node& node, ModelWriter& model, NodeText& text);

}  // namespace lowbit
