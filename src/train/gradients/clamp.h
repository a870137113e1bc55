// The gradient through y = min(max(x, min), max): that of Relu, of Clip and of an activation fused
// into a node.
#pragma once

#include "graph/attributes.h"

namespace lowbit::gradient {

// dx[i] = dy[i] where min < y[i] < max, else 0. dx may be dy.
void clamp_gradient(const float* y, const float* dy, int64_t count, const ClipAttributes& bounds,
                    float* dx);

}  // namespace lowbit::gradient
