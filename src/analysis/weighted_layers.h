// The layers of a quantized model that have weights, and how their weights are distributed.
#pragma once

#include <string>
#include <vector>

#include "analysis/sensitivity.h"
#include "quantize/linear_layer.h"
#include "quantize/recipe.h"

namespace lowbit {

struct WeightedLayer {
  LinearLayer layer;
  std::string name;
  WeightRecipe recipe;
  double loss = 0;  // with only its weights quantized

  bool is_depthwise() const {
    return layer.groups > 1 && layer.columns == 1 && layer.channels == 1;
  }
};

// Those whose weights are quantized, in order of execution. `fp32` and `recipe` are what
// `sensitivity` was measured of.
std::vector<WeightedLayer> weighted_layers(const Graph& fp32, const Recipe& recipe,
                                           const Sensitivity& sensitivity);

// How many times as far as its median channel the layer's widest one reaches; 1 where the median
// one is zero.
double range_ratio(const Graph& fp32, const LinearLayer& layer);

// The largest weight over the root mean square of those that share its scale, the mean over the
// scales.
double weight_reach(const Graph& fp32, const WeightedLayer& layer);

}  // namespace lowbit
