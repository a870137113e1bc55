// NaN and infinities cannot be quantized, and as weights they make every result one of them; this
// names the constant that holds one.
#pragma once

#include "graph/graph.h"

namespace lowbit {

// Errors: kNonFinite; `where` is the constant's name.
Status check_finite_constants(const Graph& graph);

// Only what Conv, Gemm, MatMul and BatchNormalization read: elsewhere, as the mask of an attention,
// an infinity may be meant. Errors: as above.
Status check_finite_weights(const Graph& graph);

}  // namespace lowbit
