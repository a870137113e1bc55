// The operators that a file may have (formats/onnx_operators.inc), found by domain and name.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "formats/onnx_read.h"

namespace lowbit {

inline constexpr int64_t kMinOpset = 1;
inline constexpr int64_t kMaxOpset = 23;

struct OnnxOperator {
  std::string_view domain;  // "" is ai.onnx
  std::string_view name;
  size_t data_inputs;  // see onnx_operators.inc
  int max_inputs;      // -1: any number
  bool folds;
  Result<Expansion> (*read)(const NodeSource&);
};

// Null: Lowbit does not have it. "ai.onnx" is the domain "".
const OnnxOperator* find_onnx_operator(std::string_view domain, std::string_view name);

// How many of the node's inputs are data.
size_t data_input_count(const IndexedNode& node);

// The node in the terms of the Graph, with the differences between opsets 1 to 23 resolved
// (formats/onnx_reader.h). `inputs`: the values of its data inputs, null where one is not given.
// Errors: kInvalidModel (a rule of the operator broken), kUnsupportedFeature, and those of
// OnnxConstants; `where` is the node.
Result<Expansion> read_onnx_node(const IndexedNode& node, int64_t opset,
                                 std::vector<const Value*> inputs, Parameters& parameters);

// The bounds of a Clip of reals, or of a Relu. Errors: likewise.
Result<ClipAttributes> read_onnx_bounds(const IndexedNode& node, int64_t opset,
                                        Parameters& parameters);

}  // namespace lowbit
