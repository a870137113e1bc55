// How the weights of a layer are distributed: the reals, and in a quantized model the integers that
// stand for them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/distribution.h"
#include "quantize/linear_layer.h"

namespace lowbit {

struct LayerWeights {
  std::string name;      // the node's
  std::string_view op;   // of op_info(), so it lasts
  int32_t channels = 0;  // of its output
  int64_t count = 0;     // of weights
};

struct WeightDistribution {
  // From the least to the largest of the weights that are shown. A weight on the edge of two bars
  // is in the upper one. Where all weights are equal, in the last.
  Bars histogram;
  // Of integer weights: how many are qmin, qmin + 1, ... qmax; else empty.
  int32_t qmin = 0;
  std::vector<double> integers;
  // For each output channel, whichever are shown.
  std::vector<float> channel_min;
  std::vector<float> channel_max;
  std::vector<float> channel_scale;  // the largest of its blocks'; empty for real weights
};

// The graph whose layers and weights are shown: a quantized one as it is; FP32 as prepare() makes
// it, with batch normalizations folded, so that the layers are those of its quantized models.
// Errors: as prepare(), kNonFinite.
Result<Graph> graph_of_weights(const Graph& graph);

// In order of execution. `graph`: of graph_of_weights().
std::vector<LayerWeights> layers_with_weights(const Graph& graph);

// Of one output channel, or of all. `bar_count` from 1 up. Errors: kInvalidArgument (no such layer,
// with those that there are, or no such channel).
Result<WeightDistribution> weight_distribution(const Graph& graph, const std::string& layer,
                                               std::optional<int32_t> channel, int bar_count);

}  // namespace lowbit
