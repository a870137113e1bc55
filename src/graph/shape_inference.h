// Shapes of all values from the shapes of the graph's inputs, one rule per operator
// (graph/shape_rules.h).
#pragma once

#include <span>

#include "graph/graph.h"

namespace lowbit {

// Fills the shape and dtype of every value that a node makes; what they were before does not
// matter. Symbolic input dimensions stay symbolic where the rule can carry them; a dimension that
// depends on symbols in another way gets a new symbol, named after the node and the axis.
// graph.symbols then holds the symbols of the inputs and the new ones. Idempotent, in linear time.
// Errors: those of check_structure() (graph/structure.h); kShapeMismatch, kInvalidModel,
// kUnsupportedFeature and kLimitExceeded, where `where` names the node.
Result<Graph> infer_shapes(const Graph& graph);

// The shape of one node's output, from the shapes of its inputs as they stand in `graph`, whose
// other nodes do not matter. New symbols are added to graph.symbols. Needs ids in range and
// attributes of the operator's type. Errors: as infer_shapes.
Result<Shape> infer_shape(Graph& graph, const Node& node);

// The same graph, ids and all, with the inputs' shapes replaced by `input_shapes` (one per graph
// input, concrete), so that every shape is concrete and there are no symbols. Errors:
// kInvalidArgument (another number of shapes than of inputs); kShapeMismatch, which names the input
// and both shapes; those of infer_shapes.
Result<Graph> specialize(const Graph& graph, std::span<const Shape> input_shapes);

// `padding` is what auto_pad comes to, or what was given.
struct ResolvedWindow {
  Padding padding;
  int64_t output_h = 0;
  int64_t output_w = 0;
};

// Padding and output extent of a window over an input of `height` x `width`, with auto_pad and
// ceil_mode resolved (ONNX operator specification, Conv and MaxPool):
//
//   output = floor or ceil ((extent + padding - reach) / stride) + 1
//   reach = (kernel - 1) * dilation + 1
//
// With SAME padding, output = ceil(extent / stride), and the padding follows from it.
//
// With ceil_mode the last window may reach beyond the padding, but never starts in the padding at
// the end. Errors: kInvalidModel (a stride, dilation or kernel below 1, a padding below 0),
// kShapeMismatch (the window does not fit, an extent below 1), kLimitExceeded.
Result<ResolvedWindow> resolve_window(const WindowAttributes& window, int64_t height, int64_t width,
                                      bool ceil_mode);

}  // namespace lowbit
