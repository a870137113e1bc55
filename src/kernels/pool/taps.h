// The taps of a moving window that lie inside the image, found once per window instead of tested
// once per tap.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/window.h"

namespace lowbit::kernels {

// Taps begin .. end - 1 along one axis.
struct TapRange {
  int32_t begin;
  int32_t end;
  int32_t count() const { return end - begin; }
};

// The k in [0, kernel) with 0 <= origin + k * dilation < size.
inline TapRange taps_inside(int32_t origin, int32_t dilation, int32_t kernel, int32_t size) {
  const auto taps_before = [&](int32_t bound) {
    const int32_t distance = bound - origin;
    return distance <= 0 ? 0 : std::min(kernel, (distance + dilation - 1) / dilation);
  };
  return {taps_before(0), taps_before(size)};
}

// The taps of one window: `rows` x `columns` pixels from `first` on, steps in elements.
template <class T>
struct Taps {
  const T* first;
  int32_t rows;
  int32_t columns;
  std::ptrdiff_t row_step;
  std::ptrdiff_t column_step;
};

// Calls visit(taps, output_y, output_x, output) for every output pixel in memory order.
template <class T, class Visit>
void for_each_window(const Window& w, const T* input, T* output, Visit visit) {
  const std::ptrdiff_t channels = w.channels;
  const std::ptrdiff_t row_elements = w.input_w * channels;
  for (int32_t n = 0; n < w.batch; ++n) {
    const T* image = input + n * w.input_h * row_elements;
    for (int32_t oy = 0; oy < w.output_h; ++oy) {
      const int32_t y = oy * w.stride_h - w.pad_top;
      const TapRange ky = taps_inside(y, w.dilation_h, w.kernel_h, w.input_h);
      for (int32_t ox = 0; ox < w.output_w; ++ox) {
        const int32_t x = ox * w.stride_w - w.pad_left;
        const TapRange kx = taps_inside(x, w.dilation_w, w.kernel_w, w.input_w);
        const bool any = ky.count() > 0 && kx.count() > 0;
        const std::ptrdiff_t first =
            (y + ky.begin * w.dilation_h) * row_elements + (x + kx.begin * w.dilation_w) * channels;
        visit(Taps<T>{any ? image + first : image, ky.count(), kx.count(),
                      w.dilation_h * row_elements, w.dilation_w * channels},
              oy, ox, output);
        output += w.channels;
      }
    }
  }
}

}  // namespace lowbit::kernels
