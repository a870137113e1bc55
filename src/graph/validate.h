// What every Graph must satisfy before the engine sees it.
#pragma once

#include "graph/graph.h"

namespace lowbit {

// Checks, in time linear in the size of the graph:
//
// - the structure (graph/structure.h): ids, names, topological order, arity, attribute types,
//   constants' dtypes and shapes;
// - the operators' own rules (graph/shape_rules.h): ranks, channel counts, bias lengths, windows;
// - bounds of Clip and of fused activations (min <= max; fused ones only in Conv, Gemm, MatMul and
//   Add), epsilons;
// - Conv's and Gemm's weights and biases, and BatchNormalization's parameters, are constants;
// - element types: float32 without quantization parameters, or integers with them; no operator
//   mixes both but QuantizeLinear and DequantizeLinear;
// - quantization parameters: qmin < qmax within the storage type, one normal positive scale and
//   one zero point in [qmin, qmax] per tensor or per index of the axis;
// - the law's conventions (qmath/quant_params.h): activations uint8 per tensor; weights int8 with
//   zero point 0, per tensor or per output channel; biases int32 with zero point 0 and the scale
//   Sx * Sw[c] in float32; operators that only move values keep their parameters.
//
// Not checked: whether constants are finite (quantize() does), and whether the engine has a kernel
// (make_plan() does). Recorded shapes of values that nodes make are not looked at; infer_shapes()
// and specialize() fill them.
// Errors: kInvalidModel, kShapeMismatch, kTypeMismatch, kUnsupportedFeature, kLimitExceeded;
// `where` names the node or value.
Status validate(const Graph& graph);

// Whether an activation may be fused into nodes of the operator (graph/graph.h).
bool may_have_activation(Op op);

}  // namespace lowbit
