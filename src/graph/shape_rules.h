// The rule of each operator that gives its output's shape from its inputs' (ONNX operator
// specification, opsets 13 to 23). Symbols are carried where the rule proves what a dimension is; a
// dimension that it cannot express gets a new symbol, and whether dimensions fit is then decided
// when specialize() makes them numbers.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "graph/graph.h"

namespace lowbit {

class ShapeRules {
 public:
  // New symbols are added to graph.symbols. `graph` must outlive the rules.
  explicit ShapeRules(Graph& graph);

  // Reads the shapes of the node's inputs in the graph. Errors: kShapeMismatch, kInvalidModel,
  // kLimitExceeded, kUnsupportedFeature; `where` names the node.
  Result<Shape> output_of(const Node& node);

 private:
  struct Product;

  const Shape& shape(const Node& node, size_t input) const;
  bool has(const Node& node, size_t input) const;
  int64_t new_symbol(const Node& node, int axis);
  int64_t as_dim(const Node& node, int axis, const Product& product);
  Result<Shape> windowed(const Node& node, const WindowAttributes& window, bool ceil_mode,
                         int64_t channels);
  Result<Shape> broadcast(const Node& node, const Shape& a, const Shape& b);

  Result<Shape> conv(const Node& node);
  Result<Shape> gemm(const Node& node);
  Result<Shape> matmul(const Node& node);
  Result<Shape> pool(const Node& node);
  Result<Shape> global_average_pool(const Node& node);
  Result<Shape> batch_normalization(const Node& node);
  Result<Shape> flatten(const Node& node);
  Result<Shape> reshape(const Node& node);
  Result<Shape> softmax(const Node& node);
  Result<Shape> concat(const Node& node);
  Result<Shape> squeeze(const Node& node);
  Result<Shape> unsqueeze(const Node& node);
  Result<Shape> shape_of_shape(const Node& node);
  Result<Shape> transpose(const Node& node);
  Result<Shape> slice(const Node& node);
  Result<Shape> gather(const Node& node);
  Result<Shape> pad(const Node& node);
  Result<Shape> expand(const Node& node);
  Result<Shape> tile(const Node& node);
  Result<Shape> depth_to_space(const Node& node);
  Result<Shape> space_to_depth(const Node& node);
  Result<Shape> resize(const Node& node);
  int64_t times(const Node& node, int axis, int64_t dim, int64_t factor);

  // shape_rules_reduce.cpp
  Result<Shape> reduce(const Node& node);
  Result<Shape> arg(const Node& node);
  Result<Shape> top_k(const Node& node);
  Result<Shape> layer_normalization(const Node& node);
  Result<Shape> channel_normalization(const Node& node);
  Result<Shape> einsum(const Node& node);

  // shape_rules_conv_transpose.cpp
  Result<Shape> conv_transpose(const Node& node);

  Graph& graph_;
  std::set<std::string> symbol_names_;
};

}  // namespace lowbit
