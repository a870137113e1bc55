// The proof, channel by channel, that no input makes an integer layer's accumulator leave int32,
// and how much of int32 it can fill at most (qmath/accumulator_bound.h).
//
// Inputs are all integers of the input's own range: 0 to 15 for an activation of 4 bits. Of weights
// in blocks each block has an accumulator, without the bias (qmath/requantize_groups.h); a
// channel's bounds are those of its blocks together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace lowbit {

struct LayerAccumulators {
  std::string name;          // the node's
  std::string_view op;       // of op_info(), so it lasts
  std::vector<double> low;   // per output channel; whole numbers, and exact
  std::vector<double> high;  // likewise
  int bits = 1;              // of the narrowest signed integer that holds all of them
  double share = 0;          // of int32: the largest of high / (2^31 - 1) and low / -2^31
};

// The layers (quantize/linear_layer.h) of a valid graph that compute in integers, in order of
// execution. One that needs more than 32 bits cannot be planned.
std::vector<LayerAccumulators> accumulators(const Graph& quantized);

}  // namespace lowbit
