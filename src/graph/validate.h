// What every Graph must satisfy before the engine sees it.
#pragma once

#include "graph/graph.h"

namespace lowbit {

// Checks: ids in range; names unique; nodes in topological order, each value made once; arity and
// attribute type per ops.inc; strides, dilations, kernels, groups >= 1; ranks, channel counts and
// bias lengths that fit; finite positive scales of the right count; constants' dtype and shape
// equal their value's; outputs produced. Errors: kInvalidModel, kShapeMismatch, kTypeMismatch;
// `where` names the node or value.
Status validate(const Graph& graph);

}  // namespace lowbit
