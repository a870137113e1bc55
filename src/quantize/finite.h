// NaN and infinities cannot be quantized; this names the weight that holds one.
#pragma once

#include "graph/graph.h"

namespace lowbit {

// Errors: kNonFinite; `where` is the constant's name.
Status check_finite_constants(const Graph& graph);

}  // namespace lowbit
