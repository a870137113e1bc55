// Rewrites: each maps a valid Graph to a valid one that computes the same, one file per rewrite.
//
// Where a node is merged into the one before it, the merged node keeps the earlier node's name and
// takes over the later node's output, so values keep their names from the loaded graph to the
// optimized one: calibration ranges, reports and graph outputs find them again. A constant that
// only the merged node reads keeps its name; one that others read too is copied as "<name>/<node>",
// and a bias that was not there is called "<node>.bias". Every rewrite drops the values that it
// leaves without use, and renumbers ids. All take linear time.
#pragma once

#include "graph/graph.h"

namespace lowbit {

// Drops Identity and Dropout (inference form). One that stands between a graph input and a graph
// output, or between two graph outputs, stays, because both keep their names. Needs only the
// structure to hold (graph/structure.h), so a reader may clear identities away from weights before
// it calls validate().
Graph remove_identities(const Graph& graph);

// Folds BatchNormalization into the Conv or Gemm that feeds nothing else, per output channel c
// (Krishnamoorthi 2018, section 3.1.1), in double precision:
//
//   w'[c] = w[c] * g[c]
//   b'[c] = (b[c] - mean[c]) * g[c] + bias[c]
//   g[c] = scale[c] / sqrt(variance[c] + epsilon)
//
// A Gemm's alpha and beta are folded as well. A BatchNormalization with no such node before it
// stays. Errors: kInvalidModel naming the BatchNormalization when variance + epsilon is not above
// 0; kOutOfMemory.
Result<Graph> fold_batch_normalization(const Graph& graph);

// Makes of each BatchNormalization that fold_batch_normalization() left a node of the same function
// that has an integer form: over images a depthwise 1x1 Conv, over vectors of up to 1,024 elements
// a Gemm with a diagonal matrix. Others stay. Errors: as there.
Result<Graph> replace_batch_normalization(const Graph& graph);

// Multiplies a float Gemm's alpha and beta into its constants. Errors: kOutOfMemory.
Result<Graph> fold_gemm_factors(const Graph& graph);

// Fuses float Relu and Clip, and chains of them, into the Conv, Gemm, MatMul or Add whose only
// consumer they are. Integer ones stay: between them and their producer lies a rounding.
Graph fuse_activations(const Graph& graph);

// Makes one HardSwish of the nodes that a file older than opset 14 has for it, in floats:
//
//   x * min(max(x + 3, 0), 6) / 6   Add, Clip, Mul and Div, or Add, Clip, Div and Mul
//   x * HardSigmoid(x)              with alpha = 1/6 and beta = 1/2
//
// with the operands of Add and Mul in either order. They stay where a value between them has
// another reader or is a graph output.
Graph fuse_hard_swish(const Graph& graph);

// Drops the values and nodes that no graph output needs. Graph inputs stay.
Graph remove_unused(const Graph& graph);

// The graph of the reals that the integers of `graph` stand for: constants are dequantized, and no
// activation is rounded. Where integers saturate, which is what became of a Relu, reals do: nodes
// that may have an activation get the bounds. QuantizeLinear and DequantizeLinear are gone; where
// an end of the graph needs one's name, it is an Identity. Errors: kOutOfMemory.
Result<Graph> to_float(const Graph& graph);

// The graph takes and gives integers where the one given turns reals into them at once, and back at
// last: inputs that one QuantizeLinear reads, of all 8 bits, and outputs of a DequantizeLinear that
// nothing else reads. They keep their names and have the parameters of the integers; a graph of
// such is only to be written (formats/onnx_writer.h).
Graph take_integers(const Graph& graph);

// All of the above but replace_batch_normalization(), to_float() and take_integers(), in the order
// in which they enable each other: what calibrate, quantize and run work on.
Result<Graph> optimize(const Graph& graph);

}  // namespace lowbit
