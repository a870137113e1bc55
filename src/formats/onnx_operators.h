// What a node of a file says, in the terms of the Graph: its attributes, with the differences
// between opsets 7 to 21 resolved (formats/onnx_reader.h), and which of its inputs stay inputs.
#pragma once

#include <optional>

#include "formats/onnx_constants.h"
#include "formats/onnx_index.h"
#include "graph/attributes.h"

namespace lowbit {

inline constexpr int64_t kMinOpset = 7;
inline constexpr int64_t kMaxOpset = 21;

// How many of the inputs are data. The others are constants that become attributes: Clip's bounds,
// Reshape's shape, Dropout's ratio and mode, the parameters of QuantizeLinear and DequantizeLinear.
size_t data_input_count(const IndexedNode& node);

// `node` has an op. `weight` is the shape of its second input where that is a constant; Conv takes
// its kernel's size from it. Errors: kInvalidModel (a rule of the operator broken),
// kUnsupportedFeature, and those of OnnxConstants; `where` is the node.
Result<Attributes> read_attributes(const IndexedNode& node, int64_t opset,
                                   const std::optional<Shape>& weight, OnnxConstants& constants);

// Softmax of opset < 13 works on the matrix that Flatten(axis) makes of its input. The one axis
// that means the same for an input of this shape: all other dimensions from `axis` on are 1. None:
// there is no such axis.
std::optional<int64_t> flattened_softmax_axis(const Shape& input, int64_t axis);

}  // namespace lowbit
