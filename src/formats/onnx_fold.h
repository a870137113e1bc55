// Computes a node whose inputs are all constants when the model is loaded.
#pragma once

#include "formats/onnx_constants.h"

namespace lowbit {

// Output number `output` of `node`, an operator that folds (formats/onnx_operators.inc). At most
// `byte_budget` bytes of results are made. Errors: as read_onnx and make_plan.
Result<Tensor> fold_node(const IndexedNode& node, size_t output, int64_t opset,
                         OnnxConstants& constants, uint64_t byte_budget);

}  // namespace lowbit
