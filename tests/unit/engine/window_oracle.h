// Where the windows of a convolution or of pooling lie along one axis.
#pragma once

#include <algorithm>

#include "graph/attributes.h"

namespace lowbit::test {

struct WindowOracle {
  int64_t input, kernel, stride, dilation, before, after;
  // Of the window for output position `o`, in the input.
  int64_t first(int64_t o) const { return o * stride - before; }
};

inline WindowOracle window_of(const WindowAttributes& w, bool vertical, int64_t input,
                              int64_t output) {
  WindowOracle a{input,
                 vertical ? w.kernel.h : w.kernel.w,
                 vertical ? w.stride.h : w.stride.w,
                 vertical ? w.dilation.h : w.dilation.w,
                 vertical ? w.padding.top : w.padding.left,
                 vertical ? w.padding.bottom : w.padding.right};
  if (w.auto_pad == AutoPad::kNotSet) return a;
  a.before = a.after = 0;
  if (w.auto_pad == AutoPad::kValid) return a;
  const int64_t total =
      std::max<int64_t>((output - 1) * a.stride + (a.kernel - 1) * a.dilation + 1 - input, 0);
  a.before = w.auto_pad == AutoPad::kSameUpper ? total / 2 : total - total / 2;
  a.after = total - a.before;
  return a;
}

}  // namespace lowbit::test
