#include <algorithm>
#include <limits>

#include "kernels/kernels.h"

namespace lowbit::kernels {

namespace {

// A half-open box of pixels.
struct Box {
  int32_t top;
  int32_t left;
  int32_t bottom;
  int32_t right;
};

Box image_of(const Window& w) { return {0, 0, w.input_h, w.input_w}; }

template <class Args>
Box counted_area(const Args& args) {
  const Window& w = args.window;
  if (!args.count_include_pad) return image_of(w);
  return {-w.pad_top, -w.pad_left, w.input_h + args.pad_bottom, w.input_w + args.pad_right};
}

struct OutputPixel {
  int32_t n;
  int32_t y;
  int32_t x;
};

// visit(y, x) for every tap of the window of `at` that lies inside `box`, in row-major order.
template <class Visit>
void for_each_tap(const Window& w, const OutputPixel& at, const Box& box, Visit visit) {
  for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
    for (int32_t kx = 0; kx < w.kernel_w; ++kx) {
      const int32_t y = at.y * w.stride_h - w.pad_top + ky * w.dilation_h;
      const int32_t x = at.x * w.stride_w - w.pad_left + kx * w.dilation_w;
      if (y >= box.top && y < box.bottom && x >= box.left && x < box.right) visit(y, x);
    }
  }
}

// output(pixel, c) = value(pixel, c) for all pixels and channels.
template <class T, class Value>
void for_each_output(const Window& w, T* output, Value value) {
  for (int32_t n = 0; n < w.batch; ++n) {
    for (int32_t y = 0; y < w.output_h; ++y) {
      for (int32_t x = 0; x < w.output_w; ++x) {
        for (int32_t c = 0; c < w.channels; ++c) *output++ = value(OutputPixel{n, y, x}, c);
      }
    }
  }
}

int64_t input_index(const Window& w, int32_t n, int32_t y, int32_t x, int32_t c) {
  return ((int64_t{n} * w.input_h + y) * w.input_w + x) * w.channels + c;
}

template <class T>
void max_pool(const Window& w, const T* input, T* output, T nothing) {
  for_each_output(w, output, [&](const OutputPixel& at, int32_t c) {
    T best = nothing;
    for_each_tap(w, at, image_of(w), [&](int32_t y, int32_t x) {
      best = std::max(best, input[input_index(w, at.n, y, x, c)]);
    });
    return best;
  });
}

int32_t tap_count(const Window& w, const OutputPixel& at, const Box& box) {
  int32_t count = 0;
  for_each_tap(w, at, box, [&](int32_t, int32_t) { ++count; });
  return std::max(count, 1);
}

}  // namespace

void max_pool_f32__reference(const MaxPoolF32& args) {
  max_pool(args.window, args.input, args.output, -std::numeric_limits<float>::infinity());
}

void max_pool_u8__reference(const MaxPoolU8& args) {
  max_pool(args.window, args.input, args.output, uint8_t{0});
}

void average_pool_f32__reference(const AveragePoolF32& args) {
  const Window& w = args.window;
  for_each_output(w, args.output, [&](const OutputPixel& at, int32_t c) {
    float sum = 0;
    for_each_tap(w, at, image_of(w),
                 [&](int32_t y, int32_t x) { sum += args.input[input_index(w, at.n, y, x, c)]; });
    return sum / static_cast<float>(tap_count(w, at, counted_area(args)));
  });
}

void average_pool_u8__reference(const AveragePoolU8& args) {
  const Window& w = args.window;
  const AveragePoolParams& p = args.params;
  for_each_output(w, args.output, [&](const OutputPixel& at, int32_t c) {
    float sum = 0;
    for_each_tap(w, at, image_of(w), [&](int32_t y, int32_t x) {
      sum +=
          dequantize(args.input[input_index(w, at.n, y, x, c)], p.input_scale, p.input_zero_point);
    });
    return static_cast<uint8_t>(quantized_average(sum, tap_count(w, at, counted_area(args)), p));
  });
}

void global_average_pool_u8__reference(const GlobalAveragePoolU8& args) {
  const AveragePoolParams& p = args.params;
  const float multiplier = global_average_multiplier(args.pixels, p);
  for (int32_t n = 0; n < args.batch; ++n) {
    const uint8_t* image = args.input + int64_t{n} * args.pixels * args.channels;
    for (int32_t c = 0; c < args.channels; ++c) {
      int32_t sum = 0;
      for (int32_t i = 0; i < args.pixels; ++i) {
        sum += image[int64_t{i} * args.channels + c] - p.input_zero_point;
      }
      args.output[int64_t{n} * args.channels + c] =
          static_cast<uint8_t>(quantized_global_average(sum, multiplier, p));
    }
  }
}

}  // namespace lowbit::kernels
