// ONNX bytes to a Graph (ONNX IR 3 to 13, opset 7 to 21, the domain ai.onnx).
//
// The Graph keeps the names of values and nodes, symbolic dimensions, all attributes, and the
// constants (initializers and Constant nodes) that a node reads. Differences between opsets are
// resolved here, so that a Graph means the same whatever file it came from:
//
// - Clip's bounds, Reshape's shape and Dropout's mode leave the inputs; they must be constant.
//
// - Softmax of opset < 13 flattens to two dimensions at `axis`; it is read where that equals
//   Softmax over one axis.
//
// - float16 becomes float32, so a float16 model is the float32 model of the same values.
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

namespace lowbit {

// Limits that keep hostile bytes from taking time or memory out of proportion. The parser never
// recurses, takes O(n log n) time, and allocates a tensor only once it has seen the bytes for it.
inline constexpr size_t kMaxTensorBytes = size_t{1} << 30;  // all constants of a model together
// Nodes with their inputs, outputs and attributes, and initializers, together.
inline constexpr size_t kMaxModelItems = size_t{1} << 20;

// Bytes by the plain names of files, for models whose tensors lie beside them
// (formats/onnx_external.h).
using ExternalFiles = std::map<std::string, std::span<const std::byte>, std::less<>>;

// `bytes` and `files` are only read during the call. Errors:
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
Result<Graph> read_onnx(std::span<const std::byte> bytes, const ExternalFiles& files = {});

}  // namespace lowbit
