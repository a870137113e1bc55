#include "kernels/integer_product/integer_product.h"

#include <algorithm>

#include "qmath/requantize.h"

namespace lowbit::kernels {

namespace {

int16_t difference(uint8_t byte, uint8_t zero_point, uint8_t flip) {
  return static_cast<int16_t>((byte ^ flip) - (zero_point ^ flip));
}

}  // namespace

void widen_matrix(const WidenMatrix& args) {
  int16_t* target = args.target;
  for (int64_t r = 0; r < args.rows; ++r) {
    const uint8_t* const row = args.source + r * args.row_stride;
    const uint8_t* const zeros = args.zero_points + r * args.zero_row_step;
    for (int64_t c = 0; c < args.columns; ++c) {
      *target++ =
          difference(row[c * args.column_stride], zeros[c * args.zero_column_step], args.flip);
    }
  }
}

void widen_windows(const WidenWindows& args) {
  const Window& w = args.window;
  int16_t* target = args.target;
  for (int32_t c = 0; c < w.channels; ++c) {
    const uint8_t* const plane = args.source + int64_t{c} * w.input_h * w.input_w;
    for (int32_t tap = 0; tap < w.kernel_h * w.kernel_w; ++tap) {
      const int32_t tap_y = tap / w.kernel_w * w.dilation_h - w.pad_top;
      const int32_t tap_x = tap % w.kernel_w * w.dilation_w - w.pad_left;
      for (int32_t y = 0; y < w.output_h; ++y) {
        const int32_t input_y = y * w.stride_h + tap_y;
        const bool is_row = input_y >= 0 && input_y < w.input_h;
        for (int32_t x = 0; x < w.output_w; ++x) {
          const int32_t input_x = x * w.stride_w + tap_x;
          const bool is_inside = is_row && input_x >= 0 && input_x < w.input_w;
          *target++ = is_inside ? difference(plane[int64_t{input_y} * w.input_w + input_x],
                                             *args.zero_point, args.flip)
                                : int16_t{0};
        }
      }
    }
  }
}

void multiply_int16(const MultiplyInt16& args) {
  for (int64_t r = 0; r < args.rows; ++r) {
    int32_t* const c = args.c + r * args.columns;
    std::fill_n(c, args.columns, 0);
    for (int64_t k = 0; k < args.depth; ++k) {
      const int32_t factor = args.a[r * args.depth + k];
      const int16_t* const b = args.b + k * args.columns;
      for (int64_t n = 0; n < args.columns; ++n) c[n] += factor * b[n];
    }
  }
}

void requantize_sums(const RequantizeSums& args) {
  for (int64_t r = 0; r < args.rows; ++r) {
    for (int64_t n = 0; n < args.columns; ++n) {
      const int64_t at = r * args.row_step + n * args.column_step;
      const int64_t sum =
          int64_t{args.sums[r * args.columns + n]} + (args.bias ? args.bias[at] : 0);
      const float scaled = static_cast<float>(sum) * args.multipliers[at];
      args.output[r * args.columns + n] = static_cast<uint8_t>(
          saturate_to_int(round_half_even(scaled), args.zero_point, args.qmin, args.qmax));
    }
  }
}

}  // namespace lowbit::kernels
