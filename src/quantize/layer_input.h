// The rows x of a layer's matrix products (quantize/linear_layer.h), for the output pixels that are
// asked for only: an im2col of all of them would take as many times the input's memory as a window
// has taps. What a window sees of the padding is the real number 0.
#pragma once

#include "engine/engine.h"
#include "quantize/linear_layer.h"

namespace lowbit {

class LayerInput {
 public:
  // Copies the input of `layer`, a layer of `graph`, as it lies while a plan of the graph runs,
  // FP32 or quantized. Errors: as resolve_window.
  static Result<LayerInput> copy(const Graph& graph, const LinearLayer& layer,
                                 const ValueView& input);

  // Over the whole batch.
  int64_t row_count() const;
  // The given rows of one group, each of `depth` floats, one after another.
  void gather(int32_t group, std::span<const int64_t> rows, float* target) const;

 private:
  LayerInput() = default;

  int32_t channels_ = 0;  // of one group
  // A matrix is a batch of images of one pixel.
  int64_t batch_ = 1;
  int64_t height_ = 1;
  int64_t width_ = 1;
  int64_t image_channels_ = 1;
  WindowAttributes window_;
  int64_t output_h_ = 1;
  int64_t output_w_ = 1;
  std::vector<float> values_;  // NHWC
};

}  // namespace lowbit
