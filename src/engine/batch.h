// How many samples long work runs at once.
#pragma once

#include <span>

#include "graph/graph.h"
#include "tensor/tensor.h"

namespace lowbit {

// As many as the model takes where that is a fixed number; else so few that a run is short, some 10
// ms, which lets a caller stop the work soon: a power of two, at most 32. It follows from shapes
// alone, so results never depend on time. web/lib/src/steps.ts cuts what JavaScript itself runs in
// batches by the same rule. `samples`: one tensor per graph input, the samples along
// the first dimension.
int64_t batch_for(const Graph& graph, std::span<const Tensor> samples);

// Work that several hosts may share is cut into chunks of so many batches, whoever does it; as
// web/lib/src/steps.ts cuts it.
inline constexpr int64_t kChunkBatches = 32;

}  // namespace lowbit
