#include "graph/shape_inference.h"

#include "base/text.h"
#include "graph/dtype_rules.h"
#include "graph/errors.h"
#include "graph/shape_rules.h"
#include "graph/structure.h"

namespace lowbit {

namespace {

size_t symbol_index(int64_t dim) { return static_cast<size_t>(-1 - dim); }

// Keeps only the symbols that the inputs use, in their order: the others are found anew, under the
// same names.
void keep_symbols_of_inputs(Graph& graph) {
  std::vector<int64_t> renumbered(graph.symbols.size(), 0);  // 0: not used
  for (const ValueId id : graph.inputs) {
    for (const int64_t dim : graph.value(id).shape.dims()) {
      if (dim < 0) renumbered[symbol_index(dim)] = dim;
    }
  }
  std::vector<std::string> kept;
  for (size_t i = 0; i < renumbered.size(); ++i) {
    if (renumbered[i] == 0) continue;
    kept.push_back(std::move(graph.symbols[i]));
    renumbered[i] = -static_cast<int64_t>(kept.size());
  }
  graph.symbols = std::move(kept);
  for (const ValueId id : graph.inputs) {
    Shape& shape = graph.value(id).shape;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] < 0) shape[axis] = renumbered[symbol_index(shape[axis])];
    }
  }
}

// `graph` has passed check_structure().
Status infer_in_place(Graph& graph) {
  keep_symbols_of_inputs(graph);
  ShapeRules rules(graph);
  for (const Node& node : graph.nodes) {
    LOWBIT_ASSIGN(const Shape shape, rules.output_of(node));
    Value& output = graph.value(node.output);
    output.shape = shape;
    LOWBIT_ASSIGN(const DType dtype, output_dtype(graph, node));
    output.dtype = output.quant ? output.quant->storage : dtype;
  }
  return success();
}

// "[N, 3, 8, 8]".
std::string shape_text(const Graph& graph, const Shape& shape) {
  std::string text = "[";
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis > 0) text += ", ";
    const int64_t dim = shape[axis];
    (dim < 0 ? Text(graph.symbols[symbol_index(dim)]) : Text(dim)).append_to(text);
  }
  return text + "]";
}

}  // namespace

Result<Graph> infer_shapes(const Graph& graph) {
  LOWBIT_TRY(check_structure(graph));
  Graph result = graph;
  LOWBIT_TRY(infer_in_place(result));
  return result;
}

Result<Shape> infer_shape(Graph& graph, const Node& node) {
  return ShapeRules(graph).output_of(node);
}

Result<Graph> specialize(const Graph& graph, std::span<const Shape> input_shapes) {
  LOWBIT_TRY(check_structure(graph));
  if (input_shapes.size() != graph.inputs.size()) {
    return make_error(ErrorCode::kInvalidArgument,
                      format_text("the graph has {}, {} were given",
                                  count_of(static_cast<int64_t>(graph.inputs.size()), "input"),
                                  count_of(static_cast<int64_t>(input_shapes.size()), "shape")));
  }
  Graph result = graph;
  std::vector<int64_t> bound(graph.symbols.size(), 0);  // 0: not yet
  for (size_t i = 0; i < input_shapes.size(); ++i) {
    const Shape& given = input_shapes[i];
    Value& input = result.value(graph.inputs[i]);
    const auto mismatch = [&](const Text& reason) {
      return value_error(ErrorCode::kShapeMismatch, input,
                         format_text("the input has shape {}, but {} was given{}",
                                     shape_text(graph, input.shape), given.to_string(), reason));
    };
    if (given.rank() != input.shape.rank() || !given.is_concrete()) return mismatch("");
    for (int axis = 0; axis < given.rank(); ++axis) {
      const int64_t dim = input.shape[axis];
      if (dim >= 0) {
        if (dim != given[axis]) return mismatch("");
        continue;
      }
      int64_t& number = bound[symbol_index(dim)];
      if (number != 0 && number != given[axis]) {
        return mismatch(
            format_text(", and {} is {} already", graph.symbols[symbol_index(dim)], number));
      }
      number = given[axis];
    }
    const Status extent = check_extent(given, format_text("input '{}'", input.name));
    if (!extent) return make_error(extent.error().code, extent.error().message, input.name);
    input.shape = given;
  }
  LOWBIT_TRY(infer_in_place(result));
  return result;
}

}  // namespace lowbit
