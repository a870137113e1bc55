// Operators that only move elements, and Softmax:
//   Identity, Flatten, Reshape   dX is dY with X's shape
//   Concat                       each input gets its slice of dY
//   Softmax                      dX[i] = Y[i] * (dY[i] - sum_j dY[j] * Y[j]), along the axis
#include <algorithm>

#include "train/gradients/gradient.h"
#include "train/gradients/strided.h"

namespace lowbit::gradient {

namespace {

class Reorder final : public Gradient {
 public:
  explicit Reorder(bool needs_scratch, size_t count) : scratch_(needs_scratch ? count : 0) {}

  size_t scratch_count() const override { return scratch_; }

  void run(const Io& io) override {
    const ValueView& x = io.inputs[0];
    const float* dy = io.output_gradient;
    float* dx = io.input_gradients[0];
    if (x.shape == io.output.shape && x.channels_last == io.output.channels_last) {
      std::copy_n(dy, x.element_count(), dx);
      return;
    }
    if (!is_row_major(io.output)) {
      float* target = scratch_ > 0 ? io.scratch : dx;
      copy_strided(io.output.shape, dy, strides_of(io.output), target,
                   strides_of(io.output.shape, false));
      dy = target;
    }
    if (dy != dx) copy_strided(x.shape, dy, strides_of(x.shape, false), dx, strides_of(x));
  }

 private:
  size_t scratch_;
};

// A dense array as [outer][extent][inner] around one axis, in the order of memory.
struct AxisView {
  int64_t outer = 1;
  int64_t extent = 1;
  int64_t inner = 1;
};

AxisView around(const ValueView& view, int64_t axis) {
  const int64_t resolved = axis < 0 ? axis + view.shape.rank() : axis;
  AxisView result;
  result.extent = view.shape[static_cast<int>(resolved)];
  result.inner = strides_of(view)[static_cast<size_t>(resolved)];
  const int64_t block = result.extent * result.inner;
  result.outer = block == 0 ? 0 : view.element_count() / block;
  return result;
}

class Concat final : public Gradient {
 public:
  explicit Concat(int64_t axis) : axis_(axis) {}

  void run(const Io& io) override {
    const Strides strides = strides_of(io.output);
    const int64_t axis = axis_ < 0 ? axis_ + io.output.shape.rank() : axis_;
    const float* slice = io.output_gradient;
    for (size_t i = 0; i < io.inputs.size(); ++i) {
      const ValueView& x = io.inputs[i];
      if (io.input_gradients[i] != nullptr) {
        copy_strided(x.shape, slice, strides, io.input_gradients[i], strides_of(x));
      }
      slice += x.shape[static_cast<int>(axis)] * strides[static_cast<size_t>(axis)];
    }
  }

 private:
  int64_t axis_;
};

class Softmax final : public Gradient {
 public:
  explicit Softmax(int64_t axis) : axis_(axis) {}

  void run(const Io& io) override {
    const AxisView a = around(io.output, axis_);
    const float* y = io.output.as<float>().data();
    const float* dy = io.output_gradient;
    float* dx = io.input_gradients[0];
    for (int64_t o = 0; o < a.outer; ++o) {
      for (int64_t i = 0; i < a.inner; ++i) {
        const int64_t first = o * a.extent * a.inner + i;
        float sum = 0;
        for (int64_t e = 0; e < a.extent; ++e) {
          sum += dy[first + e * a.inner] * y[first + e * a.inner];
        }
        for (int64_t e = 0; e < a.extent; ++e) {
          const int64_t at = first + e * a.inner;
          dx[at] = y[at] * (dy[at] - sum);
        }
      }
    }
  }

 private:
  int64_t axis_;
};

}  // namespace

GradientResult make_reorder(const NodeInfo& info) {
  const ValueView& x = info.inputs[0];
  const bool needs_scratch = !is_row_major(x) && !is_row_major(info.output);
  return std::unique_ptr<Gradient>(
      new Reorder(needs_scratch, static_cast<size_t>(x.element_count())));
}

GradientResult make_concat(const NodeInfo& info) {
  return std::unique_ptr<Gradient>(
      new Concat(std::get<AxisAttributes>(info.node->attributes).axis));
}

GradientResult make_softmax(const NodeInfo& info) {
  return std::unique_ptr<Gradient>(
      new Softmax(std::get<AxisAttributes>(info.node->attributes).axis));
}

}  // namespace lowbit::gradient
