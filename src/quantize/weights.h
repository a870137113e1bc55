// Weights and biases to integers (the law of arithmetic, 3):
//
//   weights   int8, symmetric:  q = clamp(rne(w / Sw))
//   bias      int32:            q = rne(b / (Sx * Sw[c]))
//
// Sw = max |w| / qmax over what shares the scale, or the scale of least error (clipping.h). What
// shares a scale: the tensor, an output channel, or a group: `group_size` neighbours along the
// reduction in one channel (and one tap). Then Sw[c] is the largest of the channel's scales, see
// qmath/requantize_groups.h.
#pragma once

#include <optional>

#include "base/task.h"
#include "graph/graph.h"
#include "quantize/recipe.h"

namespace lowbit {

struct QuantizedTensor {
  Tensor values;
  QuantParams params;
};

struct QuantizedWeights {
  QuantizedTensor weights;
  std::optional<QuantizedTensor> bias;
};

struct WeightFormat {
  int bits = 8;
  Granularity granularity = Granularity::kPerChannel;
  int64_t group_size = 0;  // 0: none; else `granularity` does not matter
  Clipping clipping = Clipping::kMax;
};

// Whether groups of that size make more than one scale per channel of the node's weights: Gemm and
// MatMul longer than a group, and Conv whose input channels per group are a multiple of it, but
// never a depthwise one (takes_blocks() of graph/product_weights.h). The others fall back to a
// scale per channel.
bool takes_groups(const Node& node, const Shape& weight, int64_t group_size);

// The scales that `weights` (float32, finite, those of `node`: Conv, Gemm, MatMul) ask for; those
// of quantize_weights() may be larger. A group size that the node does not take is ignored. What it
// is given must outlive the task.
Task<QuantParams> choose_weight_params(const Node& node, const Tensor& weights,
                                       WeightFormat format);

// `params`: as choose_weight_params() made them. `bias`: float32 [channels], or null also where it
// stays float32, in a node on float activations, whose `input_scale` is 1. A scale is raised where
// the bias would leave (-2^30, 2^30) or Sx * Sw would not be a normal float32: such weights are too
// small to matter beside the bias. Errors: kOutOfMemory.
Result<QuantizedWeights> quantize_weights(const Node& node, const Tensor& weights,
                                          QuantParams params, const Tensor* bias,
                                          float input_scale);

}  // namespace lowbit
