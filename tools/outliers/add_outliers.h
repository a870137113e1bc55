// A network with rare, large activations, made from one without: what observers against outliers
// are there for.
//
// In each layer with a Relu that one other layer reads (through pooling and Flatten), one channel
// is chosen, the least active one. Its bias is lowered until only one in kRarity of the layer's
// elements is an activation of this channel, over the given samples; then its weights and bias are
// multiplied by a power of two 2^k, so that these few are kRatio times as large as all others, and
// the weights by which the next layer reads it by 2^-k. The powers of two change no bit of what the
// network computes in float32; the biases change it a little, as the lost channel was needed
// little.
#pragma once

#include "graph/graph.h"

namespace lowbit {

inline constexpr int64_t kRarity = 400'000;
inline constexpr float kRatio = 32.0f;

// `graph`: FP32; optimize()d here. Layers of fewer than kRarity elements over all samples stay as
// they are. Errors: as optimize and Plan::run.
Result<Graph> add_outliers(const Graph& graph, const Tensor& samples);

}  // namespace lowbit
