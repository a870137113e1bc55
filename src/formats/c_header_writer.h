// The constants of a quantized graph as C99, for firmware that computes with them by hand. For each
// node that makes integers:
//
//   /* conv1: Conv, input [N, 1, 28, 28], output [N, 8, 28, 28]. */
//   #define CONV1_INPUT_SCALE 0.00392156886f
//   #define CONV1_INPUT_ZERO_POINT 0
//   #define CONV1_OUTPUT_SCALE 0.0123f
//   #define CONV1_OUTPUT_ZERO_POINT 3
//   #define CONV1_OUTPUT_MIN 0
//   #define CONV1_OUTPUT_MAX 255
//   static const int8_t conv1_weights[72] = {...};    as ONNX has them, row-major
//   static const float conv1_weight_scales[8] = {...};
//   static const int32_t conv1_biases[8] = {...};
//   static const float conv1_multipliers[8] = {...};  qmath/requantize.h
//
// A product's weights in blocks have scales in the shape of scale_shape() (qmath/quant_params.h),
// and multipliers for each of them (qmath/requantize_groups.h). What a node has not is left out;
// several inputs are numbered. Names are those of the nodes, as far as C allows: other characters
// become '_', and a number makes a name unique.
#pragma once

#include <string>

#include "base/result.h"
#include "graph/graph.h"

namespace lowbit {

// `graph` must be valid (it is checked) with shapes inferred. Errors: what validate() returns;
// kInvalidArgument (no node makes integers).
Result<std::string> write_c_header(const Graph& graph);

}  // namespace lowbit
