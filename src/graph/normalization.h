// What a BatchNormalization does to each channel.
#pragma once

#include <vector>

#include "base/result.h"
#include "graph/graph.h"

namespace lowbit {

// y[c] = gain[c] * x[c] + (bias[c] - mean[c] * gain[c]), kept apart so that a producer's bias meets
// the mean first. gain[c] = scale[c] / sqrt(variance[c] + epsilon).
struct Normalization {
  std::vector<double> gain;
  std::vector<double> mean;
  std::vector<double> bias;

  double apply(size_t channel, double x) const {
    return (x - mean[channel]) * gain[channel] + bias[channel];
  }
};

// Of a BatchNormalization node. Errors: kInvalidModel naming it when variance + epsilon is not
// above 0.
Result<Normalization> read_normalization(const Graph& graph, const Node& node);

}  // namespace lowbit
