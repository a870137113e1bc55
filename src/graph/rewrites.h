// Rewrites: each maps a valid Graph to a valid, equivalent one. One file per rewrite,
// src/graph/rewrite_*.cpp.
#pragma once

#include "graph/graph.h"

namespace lowbit {

// Drops Identity and Dropout (inference form). A graph output keeps its name.
Graph remove_identities(const Graph& graph);

// Folds BatchNormalization into the Conv or Gemm that is its only producer (Krishnamoorthi 2018,
// section 3.1.1: w' = w * gamma / sqrt(var + eps), b' = beta + (b - mean) * gamma / sqrt(var +
// eps)). The fused node's output takes the BatchNormalization's output name. A BatchNormalization
// with no such producer stays.
Result<Graph> fold_batch_normalization(const Graph& graph);

// Fuses Relu and Clip into the Conv, Gemm, MatMul or Add whose only consumer they are. The output
// takes the activation's output name.
Graph fuse_activations(const Graph& graph);

// Values and nodes that no output needs are removed; ids are renumbered.
Graph remove_unused(const Graph& graph);

// All of the above, in the order in which they enable each other: what calibrate, quantize and run
// work on.
Result<Graph> optimize(const Graph& graph);

}  // namespace lowbit
