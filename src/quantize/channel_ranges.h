// What samples make of each channel between a pair of layers.
#pragma once

#include "base/task.h"
#include "quantize/channel_pairs.h"
#include "tensor/samples.h"

namespace lowbit {

// The smallest and the largest value of each output channel of a pair's first layer, behind its own
// activation.
struct ChannelRanges {
  std::vector<float> low;
  std::vector<float> high;
};

// One for each pair of `graph`, over `samples` (one tensor per graph input), on the kernels of
// simd128. What is passed by reference must outlive the task; pauses after each batch. Errors: as
// make_plan, Plan::run and count_calibration_samples().
Task<std::vector<ChannelRanges>> observe_channels(const Graph& graph,
                                                  std::span<const ChannelPair> pairs,
                                                  std::span<const Tensor> samples, int64_t batch);

}  // namespace lowbit
