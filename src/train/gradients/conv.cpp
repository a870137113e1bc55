// Convolution, by im2col without a copy. With rows A of Y = A * W + b (one row per output pixel):
//
//   dW = A^T * dY          an outer product over the forward pass's offset table
//   db = sum of dY's rows
//   dX                     itself a convolution of dY with the weights, inputs and outputs
//   exchanged: pixel (y, x) is reached
//                          through tap k from output pixel (y + pad - k * dilation) / stride, where
//                          that is whole
//
// (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, chapter 4.)
// With a stride, pixels whose coordinates agree modulo the stride are reached by the same taps:
// each such phase is one dense product.
#include <algorithm>

#include "train/gradients/gradient.h"
#include "train/gradients/product.h"
#include "train/gradients/strided.h"
#include "train/gradients/window.h"

namespace lowbit::gradient {

namespace {

using kernels::kPaddingOffset;
using kernels::Window;

// The coordinate that is read through tap k when `extent` numbers lie there; kPaddingOffset
// outside.
int32_t output_coordinate(int32_t input, int32_t pad, int32_t k, int32_t dilation, int32_t stride,
                          int32_t extent) {
  const int32_t reach = input + pad - k * dilation;
  if (reach < 0 || reach % stride != 0 || reach / stride >= extent) return kPaddingOffset;
  return reach / stride;
}

bool reaches(int32_t input, int32_t pad, int32_t k, int32_t dilation, int32_t stride) {
  return (input + pad - k * dilation) % stride == 0;
}

// Offsets into one image of X for every output pixel and tap, as the forward pass reads it.
std::vector<int32_t> forward_offsets(const Window& w) {
  std::vector<int32_t> offsets;
  offsets.reserve(static_cast<size_t>(w.output_h * w.output_w * w.kernel_h * w.kernel_w));
  for (int32_t oy = 0; oy < w.output_h; ++oy) {
    for (int32_t ox = 0; ox < w.output_w; ++ox) {
      for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
        for (int32_t kx = 0; kx < w.kernel_w; ++kx) {
          const int32_t y = oy * w.stride_h - w.pad_top + ky * w.dilation_h;
          const int32_t x = ox * w.stride_w - w.pad_left + kx * w.dilation_w;
          const bool inside = y >= 0 && y < w.input_h && x >= 0 && x < w.input_w;
          offsets.push_back(inside ? (y * w.input_w + x) * w.channels : kPaddingOffset);
        }
      }
    }
  }
  return offsets;
}

// The input pixels that the same taps reach, and where in one image of dY.
struct Phase {
  std::vector<int32_t> taps;
  std::vector<int32_t> pixels;
  std::vector<int32_t> offsets;    // [pixels][taps]
  std::optional<Product> product;  // none when no tap reaches: the gradient is zero there
};

Phase phase_of(const Window& w, int32_t output_channels, int32_t first_y, int32_t first_x) {
  Phase phase;
  for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
    for (int32_t kx = 0; kx < w.kernel_w; ++kx) {
      if (reaches(first_y, w.pad_top, ky, w.dilation_h, w.stride_h) &&
          reaches(first_x, w.pad_left, kx, w.dilation_w, w.stride_w)) {
        phase.taps.push_back(ky * w.kernel_w + kx);
      }
    }
  }
  for (int32_t y = first_y; y < w.input_h; y += w.stride_h) {
    for (int32_t x = first_x; x < w.input_w; x += w.stride_w) {
      phase.pixels.push_back(y * w.input_w + x);
      for (const int32_t tap : phase.taps) {
        const int32_t oy =
            output_coordinate(y, w.pad_top, tap / w.kernel_w, w.dilation_h, w.stride_h, w.output_h);
        const int32_t ox = output_coordinate(x, w.pad_left, tap % w.kernel_w, w.dilation_w,
                                             w.stride_w, w.output_w);
        const bool inside = oy != kPaddingOffset && ox != kPaddingOffset;
        phase.offsets.push_back(inside ? (oy * w.output_w + ox) * output_channels : kPaddingOffset);
      }
    }
  }
  return phase;
}

Result<std::shared_ptr<Buffer>> allocate_floats(int64_t count) {
  return Buffer::allocate(static_cast<size_t>(count) * sizeof(float));
}

class Conv final : public Gradient {
 public:
  static GradientResult create(const NodeInfo& info) {
    const auto& attributes = std::get<ConvAttributes>(info.node->attributes);
    const Shape& input = info.inputs[0].shape;
    const Shape& output = info.output.shape;
    auto conv = std::unique_ptr<Conv>(new Conv);
    LOWBIT_ASSIGN(conv->window_, window_of(attributes.window, false, input, output));
    const Window& w = conv->window_;
    conv->kernels_ = &kernels::training_kernel_table(info.tier);
    conv->groups_ = attributes.groups;
    conv->outputs_ = output[1];
    conv->group_inputs_ = input[1] / attributes.groups;
    conv->group_outputs_ = output[1] / attributes.groups;
    conv->taps_ = int64_t{w.kernel_h} * w.kernel_w;
    conv->is_dense_ = conv->taps_ == 1 && w.stride_h == 1 && w.stride_w == 1 && w.pad_top == 0 &&
                      w.pad_left == 0 && w.output_h == w.input_h && w.output_w == w.input_w;
    LOWBIT_ASSIGN(conv->zeros_, allocate_floats(conv->group_inputs_));
    if (info.wanted[0] && !conv->is_dense_) {
      const int64_t row = conv->taps_ * conv->group_outputs_;
      LOWBIT_ASSIGN(conv->gathered_, allocate_floats(kGatheredRows * row));
    }
    if (!conv->is_dense_) conv->offsets_ = forward_offsets(w);
    if (info.wanted[0]) LOWBIT_TRY(conv->add_phases(info.tier));
    return std::unique_ptr<Gradient>(std::move(conv));
  }

  size_t scratch_count() const override {
    int64_t count = taps_ * group_inputs_ * group_outputs_;
    for (const Phase& phase : phases_) {
      count = std::max(count, static_cast<int64_t>(phase.pixels.size()) * group_inputs_);
    }
    return static_cast<size_t>(count);
  }

  void run(const Io& io) override {
    for (int64_t g = 0; g < groups_; ++g) {
      if (io.input_gradients[1] != nullptr) weights_gradient(io, g);
      if (io.input_gradients[0] != nullptr) input_gradient(io, g);
    }
    if (io.input_gradients.size() > 2 && io.input_gradients[2] != nullptr) {
      sum_rows(io.output_gradient, window_.batch * output_pixels(), outputs_, outputs_,
               io.input_gradients[2]);
    }
  }

 private:
  int64_t input_pixels() const { return int64_t{window_.input_h} * window_.input_w; }
  // Of the rows of dY's that a phase multiplies.
  int64_t row_length(const Phase& phase) const {
    return static_cast<int64_t>(phase.taps.size()) * group_outputs_;
  }
  int64_t output_pixels() const { return int64_t{window_.output_h} * window_.output_w; }

  Status add_phases(Tier tier) {
    for (int32_t y = 0; y < std::min(window_.stride_h, window_.input_h); ++y) {
      for (int32_t x = 0; x < std::min(window_.stride_w, window_.input_w); ++x) {
        Phase phase = phase_of(window_, static_cast<int32_t>(outputs_), y, x);
        if (!phase.taps.empty()) {
          LOWBIT_ASSIGN(phase.product, Product::create(tier, group_inputs_, row_length(phase)));
        }
        phases_.push_back(std::move(phase));
      }
    }
    return success();
  }

  void weights_gradient(const Io& io, int64_t g) const {
    const float* x = io.inputs[0].as<float>().data() + g * group_inputs_;
    const float* dy = io.output_gradient + g * group_outputs_;
    float* sum = io.scratch;  // [taps][group inputs][group outputs]
    std::fill_n(sum, taps_ * group_inputs_ * group_outputs_, 0.0f);
    kernels::OuterProductF32 product{
        .rows = {.a = x,
                 .count = static_cast<int32_t>(output_pixels()),
                 .depth = static_cast<int32_t>(group_inputs_),
                 .taps = static_cast<int32_t>(taps_),
                 .row_stride = window_.channels,
                 .padding = reinterpret_cast<const float*>(zeros_->data())},
        .b = dy,
        .b_stride = static_cast<int32_t>(outputs_),
        .columns = static_cast<int32_t>(group_outputs_),
        .c = sum};
    if (is_dense_) {
      product.rows.count *= window_.batch;
      kernels_->outer_product_f32(product);
    } else {
      product.rows.offsets = offsets_.data();
      for (int64_t n = 0; n < window_.batch; ++n) {
        product.rows.a = x + n * input_pixels() * window_.channels;
        product.b = dy + n * output_pixels() * outputs_;
        kernels_->outer_product_f32(product);
      }
    }
    float* dw = io.input_gradients[1] + g * group_outputs_ * group_inputs_ * taps_;
    for (int64_t o = 0; o < group_outputs_; ++o) {
      for (int64_t c = 0; c < group_inputs_; ++c) {
        for (int64_t t = 0; t < taps_; ++t) {
          *dw++ = sum[(t * group_inputs_ + c) * group_outputs_ + o];
        }
      }
    }
  }

  void input_gradient(const Io& io, int64_t g) const {
    const float* weights =
        io.inputs[1].as<float>().data() + g * group_outputs_ * group_inputs_ * taps_;
    const float* dy = io.output_gradient + g * group_outputs_;
    float* dx = io.input_gradients[0] + g * group_inputs_;
    for (const Phase& phase : phases_) {
      if (phase.product) pack(phase, weights, io.scratch);
      if (is_dense_) {
        phase.product->run(dy, window_.batch * output_pixels(), outputs_, dx, window_.channels);
        continue;
      }
      for (int64_t n = 0; n < window_.batch; ++n) {
        phase_gradient(phase, dy + n * output_pixels() * outputs_,
                       dx + n * input_pixels() * window_.channels, io.scratch);
      }
    }
  }

  // Packs the phase's taps of OIHW weights with inputs and outputs exchanged: [group
  // inputs][taps][group outputs].
  void pack(const Phase& phase, const float* weights, float* scratch) const {
    float* target = scratch;
    for (int64_t c = 0; c < group_inputs_; ++c) {
      for (const int32_t tap : phase.taps) {
        for (int64_t o = 0; o < group_outputs_; ++o) {
          *target++ = weights[(o * group_inputs_ + c) * taps_ + tap];
        }
      }
    }
    phase.product->pack(scratch);
  }

  void phase_gradient(const Phase& phase, const float* dy, float* dx, float* scratch) const {
    const bool is_whole_image = phases_.size() == 1;
    const int64_t stride = is_whole_image ? window_.channels : group_inputs_;
    float* target = is_whole_image ? dx : scratch;
    if (phase.product) {
      multiply_rows(phase, dy, target, stride);
    } else {
      std::fill_n(target, static_cast<int64_t>(phase.pixels.size()) * group_inputs_, 0.0f);
    }
    if (is_whole_image) return;
    for (const int32_t pixel : phase.pixels) {
      std::copy_n(target, group_inputs_, dx + int64_t{pixel} * window_.channels);
      target += group_inputs_;
    }
  }

  // Some rows at a time are gathered from where their pieces lie in one image of dY.
  void multiply_rows(const Phase& phase, const float* dy, float* dx, int64_t dx_stride) const {
    const int64_t length = row_length(phase);
    const auto pixels = static_cast<int64_t>(phase.pixels.size());
    auto* rows = reinterpret_cast<float*>(gathered_->data());
    const int32_t* offset = phase.offsets.data();
    for (int64_t first = 0; first < pixels; first += kGatheredRows) {
      const int64_t count = std::min(kGatheredRows, pixels - first);
      float* target = rows;
      for (const float* end = rows + count * length; target < end; target += group_outputs_) {
        if (*offset == kPaddingOffset) {
          std::fill_n(target, group_outputs_, 0.0f);
        } else {
          std::copy_n(dy + *offset, group_outputs_, target);
        }
        ++offset;
      }
      phase.product->run(rows, count, length, dx + first * dx_stride, dx_stride);
    }
  }

  static constexpr int64_t kGatheredRows = 48;  // whole tiles of 4, 6 and 8

  const kernels::TrainingKernelTable* kernels_ = nullptr;
  Window window_;
  int64_t groups_ = 1;
  int64_t outputs_ = 0;
  int64_t group_inputs_ = 0;
  int64_t group_outputs_ = 0;
  int64_t taps_ = 1;
  bool is_dense_ = false;
  std::vector<int32_t> offsets_;
  std::vector<Phase> phases_;
  std::shared_ptr<Buffer> zeros_;
  std::shared_ptr<Buffer> gathered_;
};

}  // namespace

GradientResult make_conv(const NodeInfo& info) {
  const auto& attributes = std::get<ConvAttributes>(info.node->attributes);
  const int64_t channels = info.inputs[0].shape[1];
  if (attributes.groups > 1 && attributes.groups == channels && info.output.shape[1] == channels) {
    return make_depthwise(info);
  }
  return Conv::create(info);
}

}  // namespace lowbit::gradient
