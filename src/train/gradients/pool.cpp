// Pooling over NHWC images.
//   MaxPool       the output's gradient goes to the first element of the window that equals the
//   maximum AveragePool   each of the window's n counted elements gets dY / n; GlobalAveragePool: n
//   is the image
#include <algorithm>

#include "train/gradients/gradient.h"
#include "train/gradients/window.h"

namespace lowbit::gradient {

namespace {

using kernels::Window;

// Calls tap(offset of the input pixel's channels) for every tap of output pixel (oy, ox) that lies
// inside the input.
template <class Tap>
void for_each_tap(const Window& w, int64_t n, int64_t oy, int64_t ox, const Tap& tap) {
  for (int64_t ky = 0; ky < w.kernel_h; ++ky) {
    const int64_t y = oy * w.stride_h - w.pad_top + ky * w.dilation_h;
    if (y < 0 || y >= w.input_h) continue;
    for (int64_t kx = 0; kx < w.kernel_w; ++kx) {
      const int64_t x = ox * w.stride_w - w.pad_left + kx * w.dilation_w;
      if (x < 0 || x >= w.input_w) continue;
      tap(((n * w.input_h + y) * w.input_w + x) * w.channels);
    }
  }
}

// Calls pixel(n, oy, ox, offset of the output pixel's channels) for every output pixel.
template <class Pixel>
void for_each_pixel(const Window& w, const Pixel& pixel) {
  int64_t offset = 0;
  for (int64_t n = 0; n < w.batch; ++n) {
    for (int64_t oy = 0; oy < w.output_h; ++oy) {
      for (int64_t ox = 0; ox < w.output_w; ++ox, offset += w.channels) pixel(n, oy, ox, offset);
    }
  }
}

int64_t input_count(const Window& w) {
  return int64_t{w.batch} * w.input_h * w.input_w * w.channels;
}

class MaxPool final : public Gradient {
 public:
  explicit MaxPool(const Window& window) : window_(window) {}

  // What is left of one pixel's gradient: an element that takes it leaves nothing to later equals.
  size_t scratch_count() const override { return static_cast<size_t>(window_.channels); }

  void run(const Io& io) override {
    const float* x = io.inputs[0].as<float>().data();
    const float* y = io.output.as<float>().data();
    float* dx = io.input_gradients[0];
    const int64_t channels = window_.channels;
    std::fill_n(dx, input_count(window_), 0.0f);
    for_each_pixel(window_, [&](int64_t n, int64_t oy, int64_t ox, int64_t out) {
      std::copy_n(io.output_gradient + out, channels, io.scratch);
      for_each_tap(window_, n, oy, ox, [&](int64_t in) {
        give_to_maximum(x + in, y + out, channels, io.scratch, dx + in);
      });
    });
  }

 private:
  static void give_to_maximum(const float* __restrict x, const float* __restrict y,
                              int64_t channels, float* __restrict rest, float* __restrict dx) {
    for (int64_t c = 0; c < channels; ++c) {
      const float available = rest[c];
      const float taken = x[c] == y[c] ? available : 0.0f;
      dx[c] += taken;
      rest[c] = available - taken;
    }
  }

  Window window_;
};

class AveragePool final : public Gradient {
 public:
  AveragePool(const Window& window, const Padding& counted_padding)
      : window_(window), counted_padding_(counted_padding) {}

  void run(const Io& io) override {
    float* dx = io.input_gradients[0];
    std::fill_n(dx, input_count(window_), 0.0f);
    for_each_pixel(window_, [&](int64_t n, int64_t oy, int64_t ox, int64_t out) {
      const float share = 1.0f / static_cast<float>(counted_taps(oy, ox));
      for_each_tap(window_, n, oy, ox, [&](int64_t in) {
        add_share(io.output_gradient + out, share, window_.channels, dx + in);
      });
    });
  }

 private:
  static void add_share(const float* __restrict dy, float share, int64_t channels,
                        float* __restrict dx) {
    for (int64_t c = 0; c < channels; ++c) dx[c] += dy[c] * share;
  }

  int64_t counted_taps(int64_t oy, int64_t ox) const {
    const auto along = [](int64_t start, int64_t kernel, int64_t dilation, int64_t before,
                          int64_t end) {
      int64_t count = 0;
      for (int64_t k = 0; k < kernel; ++k) {
        const int64_t at = start + k * dilation;
        if (at >= -before && at < end) ++count;
      }
      return count;
    };
    const int64_t rows =
        along(oy * window_.stride_h - window_.pad_top, window_.kernel_h, window_.dilation_h,
              counted_padding_.top, window_.input_h + counted_padding_.bottom);
    const int64_t columns =
        along(ox * window_.stride_w - window_.pad_left, window_.kernel_w, window_.dilation_w,
              counted_padding_.left, window_.input_w + counted_padding_.right);
    return rows * columns;
  }

  Window window_;
  Padding counted_padding_;  // elements of the padding that an average counts
};

kernels::Window global_window(const Shape& input) {
  kernels::Window window;
  window.batch = static_cast<int32_t>(input[0]);
  window.channels = static_cast<int32_t>(input[1]);
  window.input_h = window.kernel_h = static_cast<int32_t>(input[2]);
  window.input_w = window.kernel_w = static_cast<int32_t>(input[3]);
  return window;
}

}  // namespace

GradientResult make_max_pool(const NodeInfo& info) {
  const auto& attributes = std::get<PoolAttributes>(info.node->attributes);
  LOWBIT_ASSIGN(const Window window, window_of(attributes.window, attributes.ceil_mode,
                                               info.inputs[0].shape, info.output.shape));
  return std::unique_ptr<Gradient>(new MaxPool(window));
}

GradientResult make_average_pool(const NodeInfo& info) {
  const Shape& input = info.inputs[0].shape;
  if (info.node->op == Op::kGlobalAveragePool) {
    return std::unique_ptr<Gradient>(new AveragePool(global_window(input), {}));
  }
  const auto& attributes = std::get<PoolAttributes>(info.node->attributes);
  LOWBIT_ASSIGN(const ResolvedWindow resolved,
                resolve_window(attributes.window, input[2], input[3], attributes.ceil_mode));
  LOWBIT_ASSIGN(const Window window,
                window_of(attributes.window, attributes.ceil_mode, input, info.output.shape));
  return std::unique_ptr<Gradient>(
      new AveragePool(window, attributes.count_include_pad ? resolved.padding : Padding{}));
}

}  // namespace lowbit::gradient
