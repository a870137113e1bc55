// Post-training quantization: a graph whose activations and weights are integers, from a
// calibration and a recipe (the law of arithmetic, 3; Jacob et al. 2018; per-channel weights:
// Krishnamoorthi 2018, section 2.2).
#pragma once

#include "quantize/calibrate.h"
#include "quantize/observer.h"
#include "quantize/recipe.h"

namespace lowbit {

// `graph` as loaded (FP32); it is optimize()d here, and a BatchNormalization that no Conv or Gemm
// took in becomes one of its own. In the result every activation between the
// QuantizeLinear nodes behind the inputs and the DequantizeLinear nodes before the outputs is
// uint8; weights are int8, biases int32. An input and its quantized form: "x" and "x/quantized";
// integers of constants take the names of the reals.
// Values that only move or select elements (MaxPool, Flatten, Reshape, Relu and Clip that stayed)
// share the parameters of their input. Errors: kInvalidArgument (the recipe; a graph that is
// quantized already; a calibration of another graph), kNonFinite (weights), kUnsupportedOperator
// (no integer form), kUnsupportedFeature (a form of an operator that has none).
Result<Graph> quantize(const Graph& graph, const Calibration& calibration, const Recipe& recipe);

}  // namespace lowbit
