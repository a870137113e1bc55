// Post-training quantization: a graph whose activations and weights are integers, from a
// calibration and a recipe (the law of arithmetic, 3; Jacob et al. 2018; per-channel weights:
// Krishnamoorthi 2018, section 2.2). Weights are rounded to nearest; equalization comes before it,
// and the algorithms that choose other integers or biases come behind it.
#pragma once

#include "base/task.h"
#include "quantize/calibrate.h"
#include "quantize/recipe.h"

namespace lowbit {

// The graph whose nodes and constants become integers: `graph` as loaded (FP32) after optimize(),
// with each BatchNormalization that no Conv or Gemm took in as one of its own. Errors: as
// optimize() and validate(); kInvalidArgument (a graph that is quantized already), kNonFinite
// (weights).
Result<Graph> prepare(const Graph& graph);

// `graph`: as loaded, or what prepare() made of it. quantize/layer_forms.h says which nodes compute
// in integers; their activations are uint8, weights int8, biases int32. Between them and float
// nodes, and at inputs and outputs of the graph, are QuantizeLinear and DequantizeLinear.
//
// Activations keep their names, and integers of constants take the names of the reals. Where an
// activation is needed in both forms, the integers made of a real "x" are "x/quantized", the reals
// made of integers "x/dequantized"; an output of the graph is real and keeps its name.
//
// Values that only move or select elements (MaxPool, Flatten, Reshape, Relu and Clip that stayed)
// share the parameters of their input. An activation fused into a node narrows the range of its
// output's integers, and is gone. Reals that a float node makes become integers as that node's
// recipe for activations says, with 8 bits where it says "float".
//
// Errors: as prepare(); kInvalidArgument (the recipe, or a layer of it that the prepared graph has
// not; the calibration of another graph), kUnsupportedFeature.
Result<Graph> quantize(const Graph& graph, const Calibration& calibration, const Recipe& recipe);

// The same, with a pause before each node; what it is given must outlive it.
Task<Graph> quantize_by_node(const Graph& graph, const Calibration& calibration,
                             const Recipe& recipe);

}  // namespace lowbit
