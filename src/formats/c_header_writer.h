// The integers of a quantized graph as C99, for firmware that computes with them by hand. Of each
// node that makes integers, under the node's name with lowbit_ before it:
//
//   /* lowbit_conv1: Conv, output [?, 8, 28, 28]. */
//   #define LOWBIT_CONV1_INPUT_SCALE 0.00392156886f
//   #define LOWBIT_CONV1_INPUT_ZERO_POINT 0
//   #define LOWBIT_CONV1_OUTPUT_SCALE 0.0123000005f
//   #define LOWBIT_CONV1_OUTPUT_ZERO_POINT 3
//   #define LOWBIT_CONV1_OUTPUT_MIN 0
//   #define LOWBIT_CONV1_OUTPUT_MAX 255
//   /* [8, 1, 3, 3] */
//   static const int8_t lowbit_conv1_weights[72] = {...};        row-major, in ONNX's axes
//   static const float lowbit_conv1_weight_scales[8] = {...};    in the order of scale_shape()
//   static const int32_t lowbit_conv1_biases[8] = {...};
//   static const float lowbit_conv1_multipliers[8] = {...};      qmath/requantize.h, of each scale
//
// A second input is INPUT2, and a constant one also an array. Characters that C does not allow in a
// name become '_', capitals small ones, and a number makes a name unique. The multipliers of
// weights in blocks are those of qmath/requantize_groups.h.
#pragma once

#include <string>

#include "base/result.h"
#include "graph/graph.h"

namespace lowbit {

// `graph` must be valid (it is checked) with shapes inferred. Errors: what validate() returns;
// kInvalidArgument (no node makes integers).
Result<std::string> write_c_header(const Graph& graph);

}  // namespace lowbit
