// A Graph to ONNX bytes: opset 17 by default, never below 13; the same Graph always gives the same
// bytes.
//
// FP32. One ONNX node per Graph node, under the same names. An activation fused into a node is
// written as the Relu or Clip that it was.
//
// Quantized: QDQ, the form that ONNX Runtime turns into its integer kernels. A quantized value y of
// a node becomes
//
//   ... -> Conv -> QuantizeLinear -> y (uint8) -> DequantizeLinear -> ...
//
// and a quantized constant its integers behind a DequantizeLinear. Three choices save space or keep
// ONNX Runtime exact:
//   A bias has the scale Sx * Sw[c] (law of arithmetic, 3). It is written as that product, a Mul of
//   two constants, which every runtime folds when it loads the model; 4 bytes per channel less than
//   the product's values. A fused activation is written only where it cuts into the range that
//   QuantizeLinear saturates to. A zero point of 0 is left out, and equal scales, zero points and
//   shapes are written once.
// Values that only the file has get short names: r12 is value 12 of the Graph as a real before
// QuantizeLinear, d12 the same after DequantizeLinear, s, z, m, a and c (scale, zero point,
// product, clip bound, shape) are constants.
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "graph/graph.h"

namespace lowbit {

// `graph` must be valid (it is checked) with its outputs' shapes inferred. Errors: what validate()
// returns; kUnsupportedFeature (a quantized graph input or output; a bias whose scale is not Sx *
// Sw); kLimitExceeded (more than kMaxTensorBytes of constants, formats/onnx_reader.h).
Result<std::vector<std::byte>> write_onnx(const Graph& graph);

}  // namespace lowbit
