// A Graph to ONNX bytes: opset 17 by default, never below 13, 21 for weights in blocks. Equal
// graphs give equal bytes.
//
// FP32: one ONNX node per node of the Graph, under the same names. An activation fused into a node
// is written as the Relu or Clip that it was.
//
// Quantized: QDQ, the form that ONNX Runtime turns into its integer kernels. A quantized value y of
// a node becomes
//
//   ... -> Conv -> QuantizeLinear -> y (uint8) -> DequantizeLinear -> ...
//
// and a quantized constant its integers behind a DequantizeLinear, with these choices:
//
// - A bias has the scale Sx * Sw[c] (law of arithmetic, 3). It is written as that product, a Mul of
//   two constants which every runtime folds when it loads the model: 4 bytes per channel less.
//   ONNX Runtime fuses only an operator whose bias is int32; formats/onnx_storage.h says in how
//   many bits constants are stored.
//
// - Weights in blocks have the scales and the attribute block_size of opset 21, which the file then
//   has; the bias of such a node has its scales written out, in place of the product.
//
// - Integer weights of a node on floats are a DequantizeLinear before an operator of floats.
//
// - A float node that reads integers only, and whose output becomes integers only, looks like an
//   integer node, and is read as one (by ONNX Runtime, too). One with float weights is read as what
//   it is, but the graph optimizations of ONNX Runtime 1.30 make integers of the weights of a Conv,
//   ConvTranspose or Gemm. So its bias, of zeros if it has none, is a DequantizeLinear of its
//   signs, whose scales are its absolute values (0 where they are subnormal): the same reals, but
//   no initializer, which they need.
//
// - Integers of a narrower range than that of uint8 go through a Clip of their own:
//
//     ... -> Conv -> QuantizeLinear -> DequantizeLinear -> Clip -> QuantizeLinear -> y -> ...
//
//   A Clip right behind the Conv would make ONNX Runtime compute in floats. It is not written
//   behind operators whose integers are those of their input.
//
// - A fused activation is written, before QuantizeLinear, only where it cuts into the range of the
//   integers, for the same reason.
//
// - The zero points of weights, all 0, are left out where ONNX Runtime does without; equal scales,
//   zero points of activations, bounds and shapes are written once. The kernel's shape of a
//   quantized Conv is that of its weights, and not written.
//
// Operator form: a node that has one (formats/onnx_qlinear.h) reads and makes the integers itself,
// where ONNX Runtime computes the same; a node with weights in blocks, or with an activation that
// cuts into the range of its integers, stays QDQ, and a narrower range has its Clip between pairs.
//
// Values that only the file has get a letter and a number: r before QuantizeLinear and d after
// DequantizeLinear (reals), q integers before their Clip, s scale, z zero point, m product, b bias
// constant in fewer bits, a bound of an activation, c shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "graph/graph.h"

namespace lowbit {

enum class SaveForm : uint8_t {
  kQdq,        // of a quantized graph; of FP32 the graph as it is
  kOperators,  // likewise
  kFloat,      // FP32: of a quantized graph to_float() (graph/rewrites.h)
};

struct SaveOptions {
  SaveForm form = SaveForm::kQdq;
  bool float16 = false;   // reals that are no scales are stored in 16 bits
  bool int4 = false;      // weights of at most 4 bits are stored in 4
  bool integers = false;  // take_integers() (graph/rewrites.h): inputs and outputs are uint8
};

// `graph` must be valid (it is checked) with shapes inferred. Errors: what validate()
// returns; kUnsupportedFeature (a quantized graph input or output; a bias whose scale is not Sx *
// Sw); kLimitExceeded (more than kMaxTensorBytes of constants, formats/onnx_reader.h).
Result<std::vector<std::byte>> write_onnx(const Graph& graph, const SaveOptions& options = {});

}  // namespace lowbit
