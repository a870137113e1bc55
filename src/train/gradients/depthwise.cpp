// Depthwise convolution (groups = input channels = output channels), directly over NHWC. For every
// tap t that output pixel p reads at input pixel q:   dW[t, c] += X[q, c] * dY[p, c]   and   dX[q,
// c] += W[t, c] * dY[p, c];   db = sum of dY's rows.
#include <algorithm>

#include "train/gradients/gradient.h"
#include "train/gradients/strided.h"
#include "train/gradients/window.h"

namespace lowbit::gradient {

namespace {

using kernels::Window;

// The output columns whose tap at `shift` (= kx * dilation - pad) lies inside the input: [begin,
// end).
struct Span {
  int64_t begin;
  int64_t end;
};

Span columns_inside(const Window& w, int64_t shift) {
  const int64_t stride = w.stride_w;
  const int64_t begin = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
  const int64_t reach = w.input_w - shift;
  const int64_t end = reach <= 0 ? 0 : std::min<int64_t>(w.output_w, (reach + stride - 1) / stride);
  return {begin, end};
}

void accumulate_weights(const float* __restrict x, int64_t x_step, const float* __restrict dy,
                        int64_t count, int64_t channels, float* __restrict dw) {
  for (int64_t i = 0; i < count; ++i, x += x_step, dy += channels) {
    for (int64_t c = 0; c < channels; ++c) dw[c] += x[c] * dy[c];
  }
}

void accumulate_input(const float* __restrict w, const float* __restrict dy, int64_t count,
                      int64_t channels, float* __restrict dx, int64_t dx_step) {
  for (int64_t i = 0; i < count; ++i, dx += dx_step, dy += channels) {
    for (int64_t c = 0; c < channels; ++c) dx[c] += w[c] * dy[c];
  }
}

class Depthwise final : public Gradient {
 public:
  explicit Depthwise(const Window& window) : window_(window) {}

  size_t scratch_count() const override { return static_cast<size_t>(2 * weights_count()); }

  void run(const Io& io) override {
    const int64_t channels = window_.channels;
    const float* weights = io.inputs[1].as<float>().data();  // [channels][taps]
    float* w = io.scratch;                                   // [taps][channels]
    float* dw = io.scratch + weights_count();                // [taps][channels]
    for (int64_t t = 0; t < taps(); ++t) {
      for (int64_t c = 0; c < channels; ++c) w[t * channels + c] = weights[c * taps() + t];
    }
    std::fill_n(dw, weights_count(), 0.0f);
    const int64_t pixels = int64_t{window_.batch} * window_.input_h * window_.input_w;
    if (io.input_gradients[0] != nullptr) {
      std::fill_n(io.input_gradients[0], pixels * channels, 0.0f);
    }
    for (int64_t n = 0; n < window_.batch; ++n) {
      for (int64_t oy = 0; oy < window_.output_h; ++oy) output_row(io, n, oy, w, dw);
    }
    if (io.input_gradients[1] != nullptr) {
      for (int64_t t = 0; t < taps(); ++t) {
        for (int64_t c = 0; c < channels; ++c) {
          io.input_gradients[1][c * taps() + t] = dw[t * channels + c];
        }
      }
    }
    if (io.input_gradients.size() > 2 && io.input_gradients[2] != nullptr) {
      sum_rows(io.output_gradient, int64_t{window_.batch} * window_.output_h * window_.output_w,
               channels, channels, io.input_gradients[2]);
    }
  }

 private:
  int64_t taps() const { return int64_t{window_.kernel_h} * window_.kernel_w; }
  int64_t weights_count() const { return taps() * window_.channels; }

  void output_row(const Io& io, int64_t n, int64_t oy, const float* w, float* dw) const {
    const int64_t channels = window_.channels;
    const float* dy_row =
        io.output_gradient + (n * window_.output_h + oy) * window_.output_w * channels;
    for (int64_t ky = 0; ky < window_.kernel_h; ++ky) {
      const int64_t y = oy * window_.stride_h - window_.pad_top + ky * window_.dilation_h;
      if (y < 0 || y >= window_.input_h) continue;
      const int64_t image_row = (n * window_.input_h + y) * window_.input_w;
      for (int64_t kx = 0; kx < window_.kernel_w; ++kx) {
        const int64_t shift = kx * window_.dilation_w - window_.pad_left;
        const Span span = columns_inside(window_, shift);
        if (span.begin >= span.end) continue;
        const int64_t count = span.end - span.begin;
        const int64_t step = window_.stride_w * channels;
        const int64_t first = (image_row + span.begin * window_.stride_w + shift) * channels;
        const float* dy = dy_row + span.begin * channels;
        const int64_t tap = (ky * window_.kernel_w + kx) * channels;
        if (io.input_gradients[1] != nullptr) {
          accumulate_weights(io.inputs[0].as<float>().data() + first, step, dy, count, channels,
                             dw + tap);
        }
        if (io.input_gradients[0] != nullptr) {
          accumulate_input(w + tap, dy, count, channels, io.input_gradients[0] + first, step);
        }
      }
    }
  }

  Window window_;
};

}  // namespace

GradientResult make_depthwise(const NodeInfo& info) {
  const auto& attributes = std::get<ConvAttributes>(info.node->attributes);
  LOWBIT_ASSIGN(const kernels::Window window,
                window_of(attributes.window, false, info.inputs[0].shape, info.output.shape));
  return std::unique_ptr<Gradient>(new Depthwise(window));
}

}  // namespace lowbit::gradient
