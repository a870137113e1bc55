// Resize (ONNX operator specification): how long an axis becomes, and by which factor its
// coordinates are scaled.
#pragma once

#include "graph/attributes.h"
#include "tensor/shape.h"

namespace lowbit {

struct ResizeAxis {
  int64_t input = 1;
  int64_t output = 1;
  float scale = 1;
};

// Whether the axis stays what it is, however long it may be.
bool keeps_axis(const ResizeAttributes& attributes, int axis);

// `input` has known dimensions wherever keeps_axis() is false; scales or sizes fit its rank, scales
// are positive. Errors: kLimitExceeded, kShapeMismatch (nothing is left of the axis).
Result<ResizeAxis> resolve_resize(const ResizeAttributes& attributes, const Shape& input, int axis);

}  // namespace lowbit
