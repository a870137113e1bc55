// The kernels' window of a Conv or pooling node, from its attributes and the shapes of its input
// and output.
#pragma once

#include "graph/shape_inference.h"
#include "kernels/window.h"
#include "train/gradients/gradient.h"

namespace lowbit::gradient {

inline Result<kernels::Window> window_of(const WindowAttributes& attributes, bool ceil_mode,
                                         const Shape& input, const Shape& output) {
  LOWBIT_ASSIGN(const ResolvedWindow resolved,
                resolve_window(attributes, input[2], input[3], ceil_mode));
  const auto narrow = [](int64_t n) { return static_cast<int32_t>(n); };
  return kernels::Window{.batch = narrow(input[0]),
                         .input_h = narrow(input[2]),
                         .input_w = narrow(input[3]),
                         .channels = narrow(input[1]),
                         .output_h = narrow(output[2]),
                         .output_w = narrow(output[3]),
                         .kernel_h = narrow(attributes.kernel.h),
                         .kernel_w = narrow(attributes.kernel.w),
                         .stride_h = narrow(attributes.stride.h),
                         .stride_w = narrow(attributes.stride.w),
                         .dilation_h = narrow(attributes.dilation.h),
                         .dilation_w = narrow(attributes.dilation.w),
                         .pad_top = narrow(resolved.padding.top),
                         .pad_left = narrow(resolved.padding.left)};
}

}  // namespace lowbit::gradient
