#include <algorithm>

#include "base/text.h"
#include "graph/window_axis.h"

namespace lowbit {

namespace {

// The distance from a window's first tap to its last, plus one.
int64_t reach_of(const WindowAxis& axis) { return (axis.kernel - 1) * axis.dilation + 1; }

bool is_same(AutoPad auto_pad) {
  return auto_pad == AutoPad::kSameUpper || auto_pad == AutoPad::kSameLower;
}

Status check_range(const char* what, int64_t value, int64_t minimum) {
  if (value < minimum) {
    return make_error(ErrorCode::kInvalidModel,
                      format_text("{} of {} is below {}", what, value, minimum));
  }
  if (value > kMaxElements) {
    return make_error(ErrorCode::kLimitExceeded,
                      format_text("{} of {} is above {}", what, value, kMaxElements));
  }
  return success();
}

}  // namespace

WindowAxis WindowAxis::vertical(const WindowAttributes& window, bool ceil_mode) {
  return {window.kernel.h,       window.stride.h, window.dilation.h, window.padding.top,
          window.padding.bottom, window.auto_pad, ceil_mode};
}

WindowAxis WindowAxis::horizontal(const WindowAttributes& window, bool ceil_mode) {
  return {window.kernel.w,      window.stride.w, window.dilation.w, window.padding.left,
          window.padding.right, window.auto_pad, ceil_mode};
}

Status check_window(const WindowAttributes& window) {
  LOWBIT_TRY(check_range("a kernel height", window.kernel.h, 1));
  LOWBIT_TRY(check_range("a kernel width", window.kernel.w, 1));
  LOWBIT_TRY(check_range("a stride", std::min(window.stride.h, window.stride.w), 1));
  LOWBIT_TRY(check_range("a stride", std::max(window.stride.h, window.stride.w), 1));
  LOWBIT_TRY(check_range("a dilation", std::min(window.dilation.h, window.dilation.w), 1));
  LOWBIT_TRY(check_range("a dilation", std::max(window.dilation.h, window.dilation.w), 1));
  const Padding& p = window.padding;
  for (const int64_t padding : {p.top, p.left, p.bottom, p.right}) {
    LOWBIT_TRY(check_range("a padding", padding, 0));
  }
  return success();
}

Result<ResolvedAxis> resolve_axis(const WindowAxis& axis, int64_t extent) {
  if (extent < 1 || extent > kMaxElements) {
    return make_error(extent < 1 ? ErrorCode::kShapeMismatch : ErrorCode::kLimitExceeded,
                      format_text("a window cannot move over an extent of {}", extent));
  }
  const int64_t reach = reach_of(axis);
  ResolvedAxis resolved;
  if (is_same(axis.auto_pad)) {
    resolved.output = (extent + axis.stride - 1) / axis.stride;
    const int64_t total =
        std::max<int64_t>((resolved.output - 1) * axis.stride + reach - extent, 0);
    const int64_t smaller = total / 2;
    const bool is_upper = axis.auto_pad == AutoPad::kSameUpper;
    resolved.pad_begin = is_upper ? smaller : total - smaller;
    resolved.pad_end = total - resolved.pad_begin;
    return resolved;
  }
  if (axis.auto_pad == AutoPad::kNotSet) {
    resolved.pad_begin = axis.pad_begin;
    resolved.pad_end = axis.pad_end;
  }
  const int64_t padded = extent + resolved.pad_begin + resolved.pad_end;
  if (reach > padded) {
    return make_error(
        ErrorCode::kShapeMismatch,
        format_text("its window reaches over {} elements, the padded input has {}", reach, padded));
  }
  const int64_t steps = padded - reach;
  resolved.output = steps / axis.stride + 1;
  if (axis.ceil_mode) {
    if (steps % axis.stride != 0) ++resolved.output;
    // ONNX: a window that would start in the padding at the end is left out.
    if ((resolved.output - 1) * axis.stride >= extent + resolved.pad_begin) --resolved.output;
  }
  return resolved;
}

bool keeps_extent(const WindowAxis& axis) {
  if (axis.stride != 1) return false;
  if (is_same(axis.auto_pad)) return true;
  const int64_t padding = axis.auto_pad == AutoPad::kNotSet ? axis.pad_begin + axis.pad_end : 0;
  return padding == reach_of(axis) - 1;
}

Result<ResolvedWindow> resolve_window(const WindowAttributes& window, int64_t height, int64_t width,
                                      bool ceil_mode) {
  LOWBIT_TRY(check_window(window));
  LOWBIT_ASSIGN(const ResolvedAxis vertical,
                resolve_axis(WindowAxis::vertical(window, ceil_mode), height));
  LOWBIT_ASSIGN(const ResolvedAxis horizontal,
                resolve_axis(WindowAxis::horizontal(window, ceil_mode), width));
  return ResolvedWindow{.padding = {.top = vertical.pad_begin,
                                    .left = horizontal.pad_begin,
                                    .bottom = vertical.pad_end,
                                    .right = horizontal.pad_end},
                        .output_h = vertical.output,
                        .output_w = horizontal.output};
}

}  // namespace lowbit
