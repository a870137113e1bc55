// Add: both gradients are dY, summed over the axes that a broadcast repeats. Relu and Clip: dX = dY
// where min < Y < max, else 0.
#include <algorithm>

#include "train/gradients/clamp.h"
#include "train/gradients/gradient.h"
#include "train/gradients/strided.h"

namespace lowbit::gradient {

namespace {

class Add final : public Gradient {
 public:
  void run(const Io& io) override {
    for (size_t i = 0; i < 2; ++i) {
      float* dx = io.input_gradients[i];
      if (dx == nullptr) continue;
      const ValueView& x = io.inputs[i];
      if (x.shape == io.output.shape && x.channels_last == io.output.channels_last) {
        std::copy_n(io.output_gradient, x.element_count(), dx);
      } else {
        std::fill_n(dx, x.element_count(), 0.0f);
        add_strided(io.output.shape, io.output_gradient, strides_of(io.output), dx,
                    broadcast_strides(x, io.output.shape));
      }
    }
  }
};

class Clamp final : public Gradient {
 public:
  explicit Clamp(const ClipAttributes& bounds) : bounds_(bounds) {}

  void run(const Io& io) override {
    clamp_gradient(io.output.as<float>().data(), io.output_gradient, io.output.element_count(),
                   bounds_, io.input_gradients[0]);
  }

 private:
  ClipAttributes bounds_;
};

}  // namespace

void clamp_gradient(const float* y, const float* dy, int64_t count, const ClipAttributes& bounds,
                    float* dx) {
  const float min = bounds.min;
  const float max = bounds.max;
  for (int64_t i = 0; i < count; ++i) {
    // Loaded whatever the bounds say, so that the loop has no branch and becomes vectors.
    const float gradient = dy[i];
    const float below_max = y[i] < max ? gradient : 0.0f;
    dx[i] = y[i] > min ? below_max : 0.0f;
  }
}

GradientResult make_add(const NodeInfo&) { return std::unique_ptr<Gradient>(new Add); }

GradientResult make_clamp(const NodeInfo& info) {
  const auto* clip = std::get_if<ClipAttributes>(&info.node->attributes);
  return std::unique_ptr<Gradient>(new Clamp(clip != nullptr ? *clip : ClipAttributes{.min = 0}));
}

}  // namespace lowbit::gradient
