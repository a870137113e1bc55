// ONNX bytes to a Graph (ONNX IR 3 and later, operators of opset 7 to 21, the domain ai.onnx).
//
// What the Graph keeps of the file: names of values and nodes, symbolic dimensions, every attribute
// of the operators in graph/ops.inc, and constants (initializers and Constant nodes) that a node
// reads. Differences between opsets are resolved here, so that a Graph means the same whatever file
// it came from:
//
//   Clip's bounds, Reshape's shape and Dropout's ratio leave the inputs and become attributes; they
//   must be constant. Softmax of opset < 13 flattens to two dimensions at `axis`; it is read where
//   that equals Softmax over one axis. float16 is read as float32, so a float16 model is the
//   float32 model of the same values. Nodes without a name get one ("Conv_3": operator and position
//   in the file); repeated names become unique.
//
// Quantized models are read in the form that write_onnx() makes (formats/onnx_writer.h): an
// operator between DequantizeLinear and QuantizeLinear becomes one integer node, a DequantizeLinear
// of a constant the quantization parameters of that constant; Q and DQ where floats and integers
// meet stay nodes. What ONNX cannot say follows the law of arithmetic (3): constants get the
// symmetric range of a weight or a bias if they stay within it, a bias has one scale per channel.
//
// Nothing is guessed: what Lowbit cannot represent is an error, never another model.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "graph/graph.h"

namespace lowbit {

// Limits that keep hostile bytes from taking time or memory out of proportion. The parser never
// recurses, allocates a tensor only once the bytes for it are seen to be there, and takes O(n log
// n) time.
inline constexpr size_t kMaxTensorBytes = size_t{1} << 30;  // all constants of a model together
inline constexpr size_t kMaxModelItems =
    size_t{1} << 20;  // nodes, their inputs, outputs and attributes, initializers

// `bytes` is only read during the call. Errors:
//   kInvalidModel         malformed bytes (`where`: "byte 123"), a rule of ONNX broken (`where`:
//   the node or value) kUnsupportedOperator  one error that lists all operators unknown to Lowbit,
//   each with its nodes kUnsupportedFeature   opset, IR version, element type, external data, an
//   attribute's value kLimitExceeded, kOutOfMemory, and what validate() and infer_shapes() return
Result<Graph> read_onnx(std::span<const std::byte> bytes);

}  // namespace lowbit
