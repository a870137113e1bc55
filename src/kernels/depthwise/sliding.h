// The loops around the depthwise convolutions with a kernel of 3 x 3 or 5 x 5 and a horizontal
// stride of 1 or 2: a column of inputs slides along a row of the image, is loaded once, and is
// added to every output whose window it is in. Of the outputs that have begun only the sums are
// kept, few enough for the registers; the weights of a row's panel are read once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/depthwise/packing.h"
#include "kernels/output_simd128.h"
#include "kernels/packed.h"
#include "kernels/unroll.h"

namespace lowbit::kernels {

// The rows of inputs under row y of image n's outputs, from its first one on.
template <class Source, int kRows>
void find_rows(const Window& w, const Source* input, const Source* padding, int32_t n, int32_t y,
               const Source* (&rows)[kRows]) {
  const ptrdiff_t row_size = ptrdiff_t{w.input_w} * w.channels;
  const Source* image = input + n * w.input_h * row_size;
  for (int i = 0; i < kRows; ++i) {
    const int32_t iy = y * w.stride_h - w.pad_top + i * w.dilation_h;
    rows[i] = iy >= 0 && iy < w.input_h ? image + iy * row_size : padding;
  }
}

// Calls next_output(inside) for each output of a row; it advances x, the next column of inputs, by
// kStride. inside: std::true_type where these columns are all in the image.
template <int kStride, class NextOutput>
[[gnu::always_inline]] inline void for_each_output(int32_t count, const int32_t& x, int32_t input_w,
                                                   NextOutput&& next_output) {
  while (count > 0) {
    const int32_t run = x < 0 ? 0 : std::min(count, (input_w - x) / kStride);
    if (run > 0) {
      for (int32_t i = 0; i < run; ++i) next_output(std::true_type{});
      count -= run;
    } else {
      next_output(std::false_type{});
      --count;
    }
  }
}

// A Kernel is one precision and one size, some channels at a time: the types Source, Sum, Weights
// and Column, kSize, kChannels, panel_bytes(), and
//   Weights(panel, lane)             bias and weights of kChannels channels of a panel
//   Column::advance(rows)            the next column of the image, from kSize pointers
//   add<kx>(sum, weights, column)    adds the products of a column that is the window's column kx
//   finish(sum, weights, index, count)      output stage: `count` channels, to output[index]
template <class Kernel, int kStride>
class SlidingDepthwise {
 public:
  using Source = typename Kernel::Source;

  static void run(const Kernel& kernel, const Window& w, const Source* input, const void* packed) {
    const PackedDepthwise<Source> p(packed, w);
    Row row = {.padding = p.padding,
               .input_w = w.input_w,
               .output_w = w.output_w,
               .first_x = -w.pad_left,
               .channels = w.channels};
    for (int32_t n = 0; n < w.batch; ++n) {
      for (int32_t y = 0; y < w.output_h; ++y) {
        find_rows(w, input, p.padding, n, y, row.inputs);
        for (row.channel = 0; row.channel < w.channels; row.channel += Kernel::kChannels) {
          constexpr auto kBytes = static_cast<ptrdiff_t>(Kernel::panel_bytes());
          const std::byte* panel = p.panels + row.channel / kPanelColumns * kBytes;
          slide(kernel, row, panel);
          for (const Source*& pixel : row.inputs) pixel += Kernel::kChannels;
          row.output += Kernel::kChannels;
        }
        row.output += ptrdiff_t{w.output_w} * w.channels - row.channel;
      }
    }
  }

 private:
  using Sum = typename Kernel::Sum;
  using Weights = typename Kernel::Weights;
  using Column = typename Kernel::Column;
  static constexpr int kSize = Kernel::kSize;

  // A row of outputs, kChannels wide, and the rows of the image under it.
  struct Row {
    const Source* inputs[kSize] = {};
    const Source* padding;
    ptrdiff_t output = 0;
    int32_t channel = 0;
    int32_t input_w;
    int32_t output_w;
    int32_t first_x;  // of the first window, in the image
    int32_t channels;
  };

  // The sums of output x and of those after it whose windows the columns so far have reached.
  struct Sums {
    Sum of[(kSize - 1) / kStride + 1];

    template <int kColumn>  // of the window of the first
    [[gnu::always_inline]] void add(const Weights& weights, const Column& column) {
      unroll<(kSize - 1) / kStride + 1>([&](auto i) __attribute__((always_inline)) {
        constexpr int kx = kColumn - i * kStride;
        if constexpr (kx >= 0) Kernel::template add<kx>(of[i], weights, column);
      });
    }

    [[gnu::always_inline]] void shift(const Sum& bias) {
      constexpr int kLast = (kSize - 1) / kStride;
      unroll<kLast>([&](auto i) __attribute__((always_inline)) { of[i] = of[i + 1]; });
      of[kLast] = bias;
    }
  };

  // The kernel, the row and the weights are copies, so that stores to the output cannot alias them.
  static void slide(const Kernel kernel, const Row row, const std::byte* panel) {
    const Weights weights(panel, row.channel % kPanelColumns);
    Sums sums;
    for (auto& sum : sums.of) sum = weights.bias;
    Column column;
    const int32_t count = std::min(Kernel::kChannels, row.channels - row.channel);
    ptrdiff_t output = row.output;
    int32_t x = row.first_x;
    ptrdiff_t offset = ptrdiff_t{x} * row.channels;

    const auto next_column = [&](auto inside) __attribute__((always_inline)) {
      const Source* inputs[kSize];
      const bool is_padding = !inside && (x < 0 || x >= row.input_w);
      unroll<kSize>([&](auto ky) __attribute__((always_inline)) {
        inputs[ky] = is_padding ? row.padding : row.inputs[ky] + offset;
      });
      column.advance(inputs);
      ++x;
      offset += row.channels;
    };
    // Advances by one output. inside: whether all its new columns are known to be in the image.
    const auto next_output = [&](auto inside) __attribute__((always_inline)) {
      unroll<kStride>([&](auto i) __attribute__((always_inline)) {
        next_column(inside);
        sums.template add<kSize - kStride + i>(weights, column);
      });
      kernel.finish(sums.of[0], weights, output, count);
      sums.shift(weights.bias);
      output += row.channels;
    };

    unroll<kSize - kStride>([&](auto kx) __attribute__((always_inline)) {
      next_column(std::false_type{});
      sums.template add<kx>(weights, column);
    });
    for_each_output<kStride>(row.output_w, x, row.input_w, next_output);
  }
};

// The Kernel is constructed from the call.
template <class Kernel, int kStride, class Call>
void slide_depthwise(const Call& call) {
  SlidingDepthwise<Kernel, kStride>::run(Kernel(call), call.window, call.input, call.packed);
}

// Kernel<kSize>, of a window that can slide.
template <template <int> class Kernel, class Call>
void slide_depthwise(const Call& call) {
  const Window& w = call.window;
  if (w.kernel_w == 3) {
    w.stride_w == 1 ? slide_depthwise<Kernel<3>, 1>(call) : slide_depthwise<Kernel<3>, 2>(call);
  } else {
    w.stride_w == 1 ? slide_depthwise<Kernel<5>, 1>(call) : slide_depthwise<Kernel<5>, 2>(call);
  }
}

}  // namespace lowbit::kernels
