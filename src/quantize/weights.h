// Weights and biases to integers (the law of arithmetic, 3):
//
//   weights   int8, symmetric:  q = clamp(rne(w / Sw[c])), Sw[c] = max |w in channel c| / qmax
//   bias      int32:            q = rne(b / (Sx * Sw[c]))
#pragma once

#include <optional>

#include "qmath/quant_params.h"
#include "quantize/recipe.h"
#include "tensor/tensor.h"

namespace lowbit {

struct QuantizedTensor {
  Tensor values;
  QuantParams params;
};

struct QuantizedWeights {
  QuantizedTensor weights;
  std::optional<QuantizedTensor> bias;
};

// `weights` float32, finite, with output channels along `axis`; `bias` float32 [channels] or null.
// A channel's scale is raised where its bias would leave (-2^30, 2^30) or Sx * Sw would not be a
// normal float32: such weights are too small to matter beside the bias. Errors: kOutOfMemory.
Result<QuantizedWeights> quantize_weights(const Tensor& weights, int axis, const Tensor* bias,
                                          float input_scale, const WeightRecipe& recipe);

}  // namespace lowbit
