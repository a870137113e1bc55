// INT8, 3 x 3 and stride 1, two rows of outputs at a time: the four rows of inputs under them are
// one group of taps, interleaved once for both. The weights of the second row are those of the
// first, one tap further down.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/depthwise/sliding_u8s8.h"

namespace lowbit::kernels {

// Dot: as in sliding_u8s8.h, in fours.
template <class Dot>
class RowPairs {
 public:
  // Where the last row is alone, what is computed as the second one is overwritten by the first.
  static void run(const DepthwiseU8S8& d) {
    const Window& w = d.window;
    for (int32_t n = 0; n < w.batch; ++n) {
      for (int32_t y = 0; y < w.output_h; y += 2) run_pair(d, n, y);
    }
  }

 private:
  static constexpr int kSize = 3;
  static constexpr int kInputRows = kSize + 1;
  static_assert(Dot::kGroup == kInputRows);

  struct Weights {
    Lanes8 bias;
    Lanes8 multipliers;
    Lanes8 first[kSize];
    Lanes8 second[kSize];

    explicit Weights(const std::byte* panel)
        : bias(load_lanes8(panel)), multipliers(load_lanes8(panel + kPanelMultiplierOffset)) {
      panel += kPanelHeaderBytesU8S8;
      for (int kx = 0; kx < kSize; ++kx, panel += 32) {
        first[kx] = load_lanes8(panel);
        for (int h = 0; h < 2; ++h) second[kx].half[h] = wasm_i32x4_shl(first[kx].half[h], 8);
      }
    }
  };

  // Two rows of outputs, eight channels wide, and the rows of the image under them.
  struct Rows {
    const uint8_t* inputs[kInputRows] = {};
    const uint8_t* padding;
    uint8_t* output;
    ptrdiff_t second;  // from the first row of outputs to the second
    int32_t channel = 0;
    int32_t input_w;
    int32_t output_w;
    int32_t first_x;  // of the first window, in the image
    int32_t channels;
  };

  static void run_pair(const DepthwiseU8S8& d, int32_t n, int32_t y) {
    const Window& w = d.window;
    const PackedDepthwise<uint8_t> p(d.packed, w);
    const ptrdiff_t row_size = ptrdiff_t{w.output_w} * w.channels;
    Rows rows = {.padding = p.padding,
                 .output = d.output + (ptrdiff_t{n} * w.output_h + y) * row_size,
                 .second = y + 1 < w.output_h ? row_size : 0,
                 .input_w = w.input_w,
                 .output_w = w.output_w,
                 .first_x = -w.pad_left,
                 .channels = w.channels};
    find_rows(w, d.input, p.padding, n, y, rows.inputs);
    const Requantizer requantizer(d.output_zero_point, d.qmin, d.qmax, d.is_bounded);
    const std::byte* panel = p.panels;
    for (; rows.channel < w.channels; rows.channel += kPanelColumns) {
      if (!requantizer.needs_clamp() && rows.channel + kPanelColumns <= w.channels) {
        slide<true>(requantizer, rows, panel);
      } else {
        slide<false>(requantizer, rows, panel);
      }
      for (const uint8_t*& pixel : rows.inputs) pixel += kPanelColumns;
      rows.output += kPanelColumns;
      panel += SlidingU8S8<Dot, kSize>::panel_bytes();
    }
  }

  // The arguments are copies, so that stores to the output cannot alias them. kWhole: eight
  // channels that need no clamp. Few rows are not, so those have the shortest code.
  template <bool kWhole>
  static void slide(const Requantizer requantizer, const Rows rows, const std::byte* panel) {
    const Weights weights(panel);
    uint8_t* output = rows.output;
    int32_t x = rows.first_x;
    ptrdiff_t offset = ptrdiff_t{x} * rows.channels;

    const auto next_column = [&](auto inside) __attribute__((always_inline)) {
      v128_t column[kInputRows];
      const bool is_padding = !inside && (x < 0 || x >= rows.input_w);
      for (int i = 0; i < kInputRows; ++i) {
        column[i] = Dot::load(is_padding ? rows.padding : rows.inputs[i] + offset);
      }
      ++x;
      offset += rows.channels;
      return Dot::interleave(column);
    };
    Lanes8 left = next_column(std::false_type{});
    Lanes8 middle = next_column(std::false_type{});
    const auto next_output = [&](auto inside) __attribute__((always_inline)) {
      const Lanes8 right = next_column(inside);
      const auto sum = [&](const Lanes8(&w)[kSize]) __attribute__((always_inline)) {
        const Lanes8 two = Dot::add(Dot::add(weights.bias, left, w[0]), middle, w[1]);
        return Dot::add(two, right, w[2]);
      };
      // The first row last: it stays.
      if constexpr (kWhole) {
        requantizer.store_all(output + rows.second, output, sum(weights.second), sum(weights.first),
                              weights.multipliers);
      } else {
        const int32_t count = std::min(kPanelColumns, rows.channels - rows.channel);
        requantizer.store(output + rows.second, sum(weights.second), weights.multipliers, count);
        requantizer.store(output, sum(weights.first), weights.multipliers, count);
      }
      output += rows.channels;
      left = middle;
      middle = right;
    };

    if constexpr (kWhole) {
      for_each_output<1>(rows.output_w, x, rows.input_w, next_output);
    } else {
      for (int32_t i = 0; i < rows.output_w; ++i) next_output(std::false_type{});
    }
  }
};

}  // namespace lowbit::kernels
