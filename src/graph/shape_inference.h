// Shapes of all values from the shapes of the graph's inputs, one rule per operator (ONNX operator
// specification).
#pragma once

#include <span>

#include "graph/graph.h"

namespace lowbit {

// Fills every value's shape and dtype; symbolic input dimensions stay symbolic where the rule can
// carry them. Errors: kShapeMismatch, kInvalidModel; `where` names the node.
Result<Graph> infer_shapes(const Graph& graph);

// The shape of one node's output, from the shapes of its inputs as they stand in `graph` (ids in
// range, attributes as in ops.inc). A dimension that depends on a symbol in a way that no symbol
// says yet gets a new one, in graph.symbols.
Result<Shape> infer_shape(Graph& graph, const Node& node);

// The same graph with the inputs' shapes replaced by `input_shapes` (one per graph input,
// concrete), so that every shape is concrete. Errors: kShapeMismatch names the input and both
// shapes.
Result<Graph> specialize(const Graph& graph, std::span<const Shape> input_shapes);

// Padding and output extent of a window over an input of `height` x `width`, with auto_pad and
// ceil_mode resolved.
struct ResolvedWindow {
  Padding padding;
  int64_t output_h = 0;
  int64_t output_w = 0;
};
Result<ResolvedWindow> resolve_window(const WindowAttributes& window, int64_t height, int64_t width,
                                      bool ceil_mode);

}  // namespace lowbit
