#include "kernels/overlap/overlap.h"

#include <algorithm>

namespace lowbit::kernels {

namespace {

void fill_with_bias(const OverlapAdd& args) {
  const int64_t pixels = args.output_h * args.output_w;
  if (args.bias == nullptr) {
    std::fill_n(args.output, pixels * args.channels, 0.0f);
    return;
  }
  for (int64_t p = 0; p < pixels; ++p) {
    std::copy_n(args.bias, args.channels, args.output + p * args.channels);
  }
}

}  // namespace

void overlap_add(const OverlapAdd& args) {
  fill_with_bias(args);
  const int64_t taps = args.kernel_h * args.kernel_w;
  const float* window = args.windows;
  for (int64_t y = 0; y < args.input_h; ++y) {
    for (int64_t x = 0; x < args.input_w; ++x, window += args.channels * taps) {
      for (int64_t ky = 0; ky < args.kernel_h; ++ky) {
        const int64_t to_y = y * args.stride_h + ky * args.dilation_h - args.pad_top;
        if (to_y < 0 || to_y >= args.output_h) continue;
        for (int64_t kx = 0; kx < args.kernel_w; ++kx) {
          const int64_t to_x = x * args.stride_w + kx * args.dilation_w - args.pad_left;
          if (to_x < 0 || to_x >= args.output_w) continue;
          const float* const from = window + ky * args.kernel_w + kx;
          float* const to = args.output + (to_y * args.output_w + to_x) * args.channels;
          for (int64_t c = 0; c < args.channels; ++c) to[c] += from[c * taps];
        }
      }
    }
  }
}

}  // namespace lowbit::kernels
