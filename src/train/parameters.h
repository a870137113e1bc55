// What a training changes: the float32 constants that the logits depend on, their gradients and the
// optimizer's state.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "train/optimizer.h"

namespace lowbit {

struct Parameter {
  ValueId value = kNoValue;
  bool decays = false;   // a weight of Conv, Gemm or MatMul: weight decay applies
  Tensor gradient;       // as the constant lies, in ONNX's order
  Tensor first_moment;   // SGD's velocity; AdamW's m
  Tensor second_moment;  // AdamW's v; empty for SGD
};

// The value whose rows are the logits: the graph's first output, or the input of the Softmax that
// makes it, since cross-entropy (train/loss.h) has its own softmax.
ValueId logits_of(const Graph& graph);

// One per node: `value` depends on it.
std::vector<bool> nodes_behind(const Graph& graph, ValueId value);

// The running statistics of BatchNormalization are no parameters. Errors: kInvalidModel (none at
// all), kOutOfMemory.
Result<std::vector<Parameter>> find_parameters(const Graph& graph, ValueId logits,
                                               OptimizerKind optimizer);

// The same graph with float32 constants of its own, that share no bytes with the given one's.
// Errors: kOutOfMemory.
Result<Graph> clone_constants(const Graph& graph);

}  // namespace lowbit
