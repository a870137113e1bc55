// ONNX bytes to a Graph (ONNX IR 3 to 13, opset 1 to 23, the domain ai.onnx).
//
// The Graph keeps the names of values and nodes, symbolic dimensions, all attributes, and the
// constants (initializers and Constant nodes) that a node reads. Differences between opsets are
// resolved here, so that a Graph means the same whatever file it came from:
//
// - Parameters leave the inputs: bounds of Clip, shapes, axes, modes. They must be known when the
//   model is loaded: constants, or computed from shapes (graph/shape_values.h).
//
// - What nodes compute of constants alone is a constant (formats/onnx_fold.h).
//
// - An operator with several outputs becomes one node per output, a window over one dimension one
//   over two, a sum or maximum of many one of two after the other (formats/onnx_read.h).
//
// - Softmax of opset < 13 flattens to two dimensions at `axis`; it is read where that equals
//   Softmax over one axis.
//
// - float16 and float64 become float32, so a float16 model is the float32 model of the same values;
//   of integers see formats/onnx_tensor.h.
//
// - Nodes without a name get one ("Conv_3": operator and position in the file), and repeated names
//   of nodes become unique.
//
// Quantized models are read in the form that write_onnx() makes (formats/onnx_writer.h): an
// operator between DequantizeLinear and QuantizeLinear becomes one integer node, a DequantizeLinear
// of a constant the quantization parameters of that constant; Q and DQ where floats and integers
// meet stay nodes. What ONNX cannot say follows the law of arithmetic (3): constants get the
// symmetric range of a weight or a bias if they stay within it, a bias has one scale per channel.
// Activations are uint8 in 0..255; a narrower range is found again as the bounds of an activation.
//
// Nothing is guessed: what Lowbit cannot represent is an error, never another model.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "base/result.h"
#include "graph/graph.h"
#include "tensor/tensor.h"

namespace lowbit {

// Limits that keep hostile bytes from taking time or memory out of proportion. The parser never
// recurses, takes O(n log n) time, and allocates a tensor only once it has seen the bytes for it.
inline constexpr size_t kMaxTensorBytes = size_t{1} << 30;  // all constants of a model together
// What constants may take all the same where they are computed from few bytes.
inline constexpr size_t kFreeTensorBytes = size_t{64} << 20;
inline constexpr size_t kMaxTensorBytesPerFileByte = 8;
// Nodes with their inputs, outputs and attributes, and initializers, together.
inline constexpr size_t kMaxModelItems = size_t{1} << 20;

// Bytes by the plain names of files (formats/onnx_external.h).
using ExternalFiles = std::map<std::string, std::span<const std::byte>, std::less<>>;

struct ReadOptions {
  // Inputs of the graph that are constants, by name.
  std::map<std::string, Tensor> constants{};
  // Numbers for symbolic dimensions of the inputs, by name.
  std::map<std::string, int64_t> dimensions{};
  // For a model whose tensors lie in files beside it.
  ExternalFiles files{};
  // As if Lowbit had no others (graph/common_ops.h).
  bool common_ops_only = false;
};

// `bytes` is only read during the call, as are the files. Errors:
//
// - kInvalidModel: malformed bytes (`where`: "byte 123"); a rule of ONNX broken (the node, value).
//
// - kUnsupportedOperator: one error for all operators that Lowbit does not have, with their nodes.
//
// - kUnsupportedFeature: an opset, IR version, element type, a file that is not among
//   `files`, an attribute's value.
//
// - kNonFinite: NaN or an infinity in a weight, which `where` names.
//
// - kLimitExceeded, kOutOfMemory, and what infer_shapes() and validate() return.
// - kInvalidArgument: a name in `options` that the model does not have.
Result<Graph> read_onnx(std::span<const std::byte> bytes, const ReadOptions& options = {});

}  // namespace lowbit
