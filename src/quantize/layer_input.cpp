#include "quantize/layer_input.h"

#include <algorithm>

#include "engine/real_values.h"
#include "graph/shape_inference.h"
#include "kernels/layout/layout.h"

namespace lowbit {

namespace {

// The reals of an input in NHWC for a convolution, whose windows are pieces of channels; else in
// the graph's order, along whose last axis a matrix product sums.
std::vector<float> ordered_values(const ValueView& view, bool for_conv) {
  std::vector<float> values = real_values(view);
  const Shape& shape = view.shape;
  if (shape.rank() != 4 || view.channels_last == for_conv) return values;
  std::vector<float> moved(values.size());
  const auto move = for_conv ? kernels::nchw_to_nhwc : kernels::nhwc_to_nchw;
  move(values.data(), moved.data(), shape[0], shape[1], shape[2], shape[3], sizeof(float));
  return moved;
}

}  // namespace

Result<LayerInput> LayerInput::copy(const Graph& graph, const LinearLayer& layer,
                                    const ValueView& view) {
  LayerInput input;
  input.channels_ = layer.channels;
  input.image_channels_ = layer.input_channels();
  const auto* conv = std::get_if<ConvAttributes>(&graph.nodes[layer.node].attributes);
  input.values_ = ordered_values(view, conv != nullptr);
  if (!conv) {
    input.batch_ = view.element_count() / layer.channels;
    return input;
  }
  input.batch_ = view.shape[0];
  input.height_ = view.shape[2];
  input.width_ = view.shape[3];
  input.window_ = conv->window;
  LOWBIT_ASSIGN(const ResolvedWindow resolved,
                resolve_window(conv->window, input.height_, input.width_, false));
  input.window_.padding = resolved.padding;
  input.output_h_ = resolved.output_h;
  input.output_w_ = resolved.output_w;
  return input;
}

int64_t LayerInput::row_count() const { return batch_ * output_h_ * output_w_; }

void LayerInput::gather(int32_t group, std::span<const int64_t> rows, float* target) const {
  const Spatial& kernel = window_.kernel;
  for (const int64_t row : rows) {
    const int64_t image = row / (output_h_ * output_w_);
    const int64_t top = row / output_w_ % output_h_ * window_.stride.h - window_.padding.top;
    const int64_t left = row % output_w_ * window_.stride.w - window_.padding.left;
    for (int64_t tap = 0; tap < kernel.h * kernel.w; ++tap) {
      const int64_t y = top + tap / kernel.w * window_.dilation.h;
      const int64_t x = left + tap % kernel.w * window_.dilation.w;
      if (y < 0 || y >= height_ || x < 0 || x >= width_) {
        std::fill_n(target, channels_, 0.0f);
      } else {
        const int64_t pixel = (image * height_ + y) * width_ + x;
        std::copy_n(values_.data() + pixel * image_channels_ + group * channels_, channels_,
                    target);
      }
      target += channels_;
    }
  }
}

}  // namespace lowbit
