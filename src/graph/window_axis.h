// One axis of a window that moves over an image: resolve_window() does both, shape inference may
// know only one extent.
#pragma once

#include "graph/attributes.h"
#include "graph/shape_inference.h"

namespace lowbit {

struct WindowAxis {
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t pad_begin = 0;
  int64_t pad_end = 0;
  AutoPad auto_pad = AutoPad::kNotSet;
  bool ceil_mode = false;

  static WindowAxis vertical(const WindowAttributes& window, bool ceil_mode);
  static WindowAxis horizontal(const WindowAttributes& window, bool ceil_mode);
};

// Strides, dilations and kernels in 1..kMaxElements, paddings in 0..kMaxElements: what the
// functions below need. Errors: kInvalidModel, kLimitExceeded.
Status check_window(const WindowAttributes& window);

struct ResolvedAxis {
  int64_t pad_begin = 0;
  int64_t pad_end = 0;
  int64_t output = 0;
};
// Errors: kShapeMismatch (the window does not fit), kLimitExceeded.
Result<ResolvedAxis> resolve_axis(const WindowAxis& axis, int64_t extent);

// True when the output is as long as the input, whatever its length.
bool keeps_extent(const WindowAxis& axis);

}  // namespace lowbit
