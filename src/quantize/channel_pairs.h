// Pairs of layers between which each channel may be measured in another unit, with the same
// function of the graph (Nagel et al. 2019, section 4.1): where the channel was x it becomes
//
//   x' = (x - absorbed) / factor,   factor > 0
//
// when the first layer's weights and bias of the channel become W / factor and
// (b - absorbed) / factor, and the second layer's W factor and b + W absorbed. That holds behind a
// Relu as long as x is not below `absorbed`.
#pragma once

#include "quantize/linear_layer.h"

namespace lowbit {

struct ChannelPair {
  LinearLayer first;
  LinearLayer second;
  // Neighbouring input channels of `second` that hold one output channel of `first`: its pixels,
  // behind a Flatten.
  int32_t spread = 1;
  bool is_direct = true;  // nothing lies between but the first's own activation
};

// In order of execution, of an optimize()d FP32 graph. Between the two lie only operators that act
// on each channel alone and for which f(x / factor) = f(x) / factor: Relu, pooling, Flatten; and
// nobody else reads what lies between. The first's own activation is none, or has the lower bound
// 0; its upper bound, as of a ReLU6, is the caller's to heed. A layer is the first of one pair and
// the second of one at most, so that pairs are chains, also through depthwise layers.
std::vector<ChannelPair> find_channel_pairs(const Graph& graph);

// Per output channel of a pair's first layer.
struct ChannelChange {
  std::vector<double> factor;    // all positive
  std::vector<double> absorbed;  // only for a pair that can_absorb()
};

// The change that leaves all as it is.
ChannelChange no_change(const ChannelPair& pair);

// False where a constant part of a channel cannot move into the second layer's bias: its padding
// would have to become another constant than 0, or a MatMul has no bias.
bool can_absorb(const Graph& graph, const ChannelPair& pair);

// `graph` with all changes at once, one for each pair; each weight is rounded once. Errors:
// kOutOfMemory.
Result<Graph> change_channels(const Graph& graph, std::span<const ChannelPair> pairs,
                              std::span<const ChannelChange> changes);

}  // namespace lowbit
