// The loops around the simd128 3 x 3 depthwise convolutions with a horizontal stride of 1 or 2: a
// column of three inputs slides along a row of the image, is loaded once, and contributes to every
// output whose window it is in. Each row is walked once per panel of 8 channels, whose weights stay
// out of memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/output_simd128.h"
#include "kernels/packed.h"
#include "kernels/window.h"

namespace lowbit::kernels {

inline bool can_slide(const Window& w) {
  return w.kernel_h == 3 && w.kernel_w == 3 && w.dilation_w == 1 && w.stride_w <= 2;
}

// A Kernel is one precision, 8 channels at a time: the types Source, Column and Weights,
// panel_bytes(taps), and
//   Weights(panel)                       bias and weights of a panel
//   column(top, middle, bottom)          three inputs, from memory
//   add(sum, weights, column, kx)        sum + products of a column that is the window's column kx
//   finish(sum, weights, index, count)   output stage: `count` channels, to output[index]
template <class Kernel>
class SlidingDepthwise {
 public:
  using Source = typename Kernel::Source;

  SlidingDepthwise(const Kernel& kernel, const Window& window, const Source* input,
                   const void* packed, Source padding)
      : kernel_(kernel), w_(window), input_(input), packed_(static_cast<const std::byte*>(packed)) {
    for (Source& value : padding_) value = padding;
  }

  void run() const {
    ptrdiff_t output_row = 0;
    for (int32_t n = 0; n < w_.batch; ++n) {
      for (int32_t y = 0; y < w_.output_h; ++y, ++output_row) {
        for (int32_t channel = 0; channel < w_.channels; channel += kPanelColumns) {
          const typename Kernel::Weights weights(panel(channel));
          const Rows rows = rows_at(n, y * w_.stride_h - w_.pad_top, channel);
          const ptrdiff_t index = output_row * w_.output_w * w_.channels + channel;
          const int32_t count = std::min(kPanelColumns, w_.channels - channel);
          if (w_.stride_w == 1) {
            slide_by_1(rows, weights, index, count);
          } else {
            slide_by_2(rows, weights, index, count);
          }
        }
      }
    }
  }

 private:
  using Column = typename Kernel::Column;
  using Weights = typename Kernel::Weights;

  // The next column to load, in three rows of the input. A row in the padding does not advance.
  struct Rows {
    const Source* at[3];
    ptrdiff_t step[3];
    int32_t x;
  };

  const std::byte* panel(int32_t channel) const {
    constexpr auto kBytes = static_cast<ptrdiff_t>(Kernel::panel_bytes(9));
    return packed_ + channel / kPanelColumns * kBytes;
  }

  Rows rows_at(int32_t n, int32_t y, int32_t channel) const {
    Rows rows;
    rows.x = -w_.pad_left;
    const int32_t first = std::max(0, rows.x);
    for (int32_t ky = 0; ky < 3; ++ky) {
      const int32_t iy = y + ky * w_.dilation_h;
      const bool inside = iy >= 0 && iy < w_.input_h;
      const ptrdiff_t pixel = (ptrdiff_t{n} * w_.input_h + iy) * w_.input_w + first;
      rows.at[ky] = inside ? input_ + pixel * w_.channels + channel : padding_;
      rows.step[ky] = inside ? w_.channels : 0;
    }
    return rows;
  }

  Column next_column(Rows& rows) const {
    const int32_t x = rows.x++;
    if (x < 0 || x >= w_.input_w) return Kernel::column(padding_, padding_, padding_);
    const Column column = Kernel::column(rows.at[0], rows.at[1], rows.at[2]);
    for (int ky = 0; ky < 3; ++ky) rows.at[ky] += rows.step[ky];
    return column;
  }

  void slide_by_1(Rows rows, const Weights weights, ptrdiff_t index, int32_t count) const {
    Column column = next_column(rows);
    Lanes8 current = Kernel::add(weights.bias, weights, column, 0);
    column = next_column(rows);
    current = Kernel::add(current, weights, column, 1);
    Lanes8 next = Kernel::add(weights.bias, weights, column, 0);
    for (int32_t x = 0; x < w_.output_w; ++x) {
      column = next_column(rows);
      const Lanes8 done = Kernel::add(current, weights, column, 2);
      current = Kernel::add(next, weights, column, 1);
      next = Kernel::add(weights.bias, weights, column, 0);
      kernel_.finish(done, weights, index, count);
      index += w_.channels;
    }
  }

  void slide_by_2(Rows rows, const Weights weights, ptrdiff_t index, int32_t count) const {
    Lanes8 current = Kernel::add(weights.bias, weights, next_column(rows), 0);
    for (int32_t x = 0; x < w_.output_w; ++x) {
      current = Kernel::add(current, weights, next_column(rows), 1);
      const Column column = next_column(rows);
      const Lanes8 done = Kernel::add(current, weights, column, 2);
      current = Kernel::add(weights.bias, weights, column, 0);
      kernel_.finish(done, weights, index, count);
      index += w_.channels;
    }
  }

  const Kernel kernel_;
  const Window w_;
  const Source* input_;
  const std::byte* packed_;
  Source padding_[64 / sizeof(Source)];
};

}  // namespace lowbit::kernels
