#include "graph/resize_axis.h"

#include <algorithm>

#include "base/text.h"

namespace lowbit {

namespace {

// The one factor of all resized axes that keeps the aspect.
double common_scale(const ResizeAttributes& attributes, const Shape& input) {
  double scale = 0;
  for (int axis = 0; axis < input.rank(); ++axis) {
    const int64_t size = attributes.sizes[static_cast<size_t>(axis)];
    if (size == 0) continue;
    const double own = static_cast<double>(size) / static_cast<double>(input[axis]);
    if (scale == 0) scale = own;
    scale =
        attributes.aspect == ResizeAspect::kNotLarger ? std::min(scale, own) : std::max(scale, own);
  }
  return scale;
}

}  // namespace

bool keeps_axis(const ResizeAttributes& attributes, int axis) {
  const auto i = static_cast<size_t>(axis);
  return attributes.scales.empty() ? attributes.sizes[i] == 0 : attributes.scales[i] == 1.0f;
}

Result<ResizeAxis> resolve_resize(const ResizeAttributes& attributes, const Shape& input,
                                  int axis) {
  const int64_t dim = input[axis];
  if (keeps_axis(attributes, axis)) return ResizeAxis{dim, dim, 1};
  const auto i = static_cast<size_t>(axis);
  const auto length = static_cast<float>(dim);
  double output = 0;
  float scale = 1;
  if (!attributes.scales.empty()) {
    scale = attributes.scales[i];
    // In float32, as ONNX Runtime has it: 0.7 of 10 is 7.
    output = double{scale * length};
  } else if (attributes.aspect == ResizeAspect::kStretch) {
    output = static_cast<double>(attributes.sizes[i]);
    scale = static_cast<float>(attributes.sizes[i]) / length;
  } else {
    const double common = common_scale(attributes, input);
    output = common * static_cast<double>(dim) + 0.5;
    scale = static_cast<float>(common);
  }
  // Written so that NaN fails.
  if (!(output < static_cast<double>(kMaxElements) + 1)) {
    return make_error(ErrorCode::kLimitExceeded, "its output has too many elements");
  }
  if (output < 1) {
    return make_error(ErrorCode::kShapeMismatch,
                      format_text("nothing is left of axis {}, of length {}", axis, dim));
  }
  return ResizeAxis{dim, static_cast<int64_t>(output), scale};
}

}  // namespace lowbit
