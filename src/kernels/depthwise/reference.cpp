#include <cstddef>

#include "kernels/kernels.h"
#include "kernels/packed.h"
#include "qmath/requantize.h"

namespace lowbit::kernels {
namespace {

// Starts from `sum` and adds term(pixel, tap) for every tap of output (y, x) of image n that lies
// inside the input.
template <class Sum, class Term>
Sum sum_taps(const Window& w, int32_t n, int32_t y, int32_t x, Sum sum, Term&& term) {
  for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
    const int32_t iy = y * w.stride_h - w.pad_top + ky * w.dilation_h;
    if (iy < 0 || iy >= w.input_h) continue;
    for (int32_t kx = 0; kx < w.kernel_w; ++kx) {
      const int32_t ix = x * w.stride_w - w.pad_left + kx * w.dilation_w;
      if (ix < 0 || ix >= w.input_w) continue;
      const ptrdiff_t pixel = (ptrdiff_t{n} * w.input_h + iy) * w.input_w + ix;
      sum += term(pixel * w.channels, ptrdiff_t{ky * w.kernel_w + kx} * w.channels);
    }
  }
  return sum;
}

template <class Output>
void for_each_output(const Window& w, Output&& output) {
  ptrdiff_t index = 0;
  for (int32_t n = 0; n < w.batch; ++n) {
    for (int32_t y = 0; y < w.output_h; ++y) {
      for (int32_t x = 0; x < w.output_w; ++x) {
        for (int32_t c = 0; c < w.channels; ++c) output(n, y, x, c, index++);
      }
    }
  }
}

}  // namespace

void depthwise_f32__reference(const DepthwiseF32& d) {
  const ReferencePackedF32 layout(d.window.channels);
  const float* bias = part<float>(d.packed, layout.bias);
  const float* weights = part<float>(d.packed, layout.weights);
  for_each_output(d.window, [&](int32_t n, int32_t y, int32_t x, int32_t c, ptrdiff_t index) {
    const float sum = sum_taps(d.window, n, y, x, bias[c], [&](ptrdiff_t pixel, ptrdiff_t tap) {
      return d.input[pixel + c] * weights[tap + c];
    });
    const float above = sum < d.min ? d.min : sum;
    d.output[index] = above > d.max ? d.max : above;
  });
}

void depthwise_f32s8__reference(const DepthwiseF32& d) { depthwise_f32__reference(d); }

void depthwise_u8s8__reference(const DepthwiseU8S8& d) {
  const ReferencePackedU8S8 layout(d.window.channels);
  const int32_t* bias = part<int32_t>(d.packed, layout.bias);
  const float* multiplier = part<float>(d.packed, layout.multiplier);
  const int8_t* weights = part<int8_t>(d.packed, layout.weights);
  for_each_output(d.window, [&](int32_t n, int32_t y, int32_t x, int32_t c, ptrdiff_t index) {
    const int32_t sum = sum_taps(d.window, n, y, x, bias[c], [&](ptrdiff_t pixel, ptrdiff_t tap) {
      return (d.input[pixel + c] - d.input_zero_point) * weights[tap + c];
    });
    d.output[index] =
        static_cast<uint8_t>(requantize(sum, multiplier[c], d.output_zero_point, d.qmin, d.qmax));
  });
}

}  // namespace lowbit::kernels
