// Cross-layer equalization and bias absorption (Nagel et al. 2019, sections 4.1 and 4.1.3): an FP32
// graph of the same function, in whose layers the weights of all channels are about equally large,
// so that one scale per tensor fits them all.
//
// For the channels between two layers, with r1 and r2 the largest weight that makes and that reads
// a channel, the paper's factor makes both sqrt(r1 r2), and it is repeated along chains of layers
// until nothing changes:
//
//   factor = sqrt(r1 / r2)
//
// Here it is relative to the mean of the channels' factors, which changes nothing for a scale per
// tensor, and as large as it takes to let no channel's values grow above the tensor's largest: else
// a bias beside weights near zero would.
//
// The constant part of a channel behind a Relu moves into the next layer's bias. The paper takes
// mean minus three standard deviations, which some inputs fall below; here it is at most half of
// the smallest value seen, and what that value exceeds half of the range seen by.
//
// Where an activation has an upper bound (ReLU6), the bound of a channel would have to change with
// its factor, but a tensor has one bound. The paper replaces ReLU6 by ReLU, which is another
// function. Here channels that were seen at half of the bound or above keep their unit, and the
// others take factors relative to theirs, with which twice the largest value seen, and an eighth of
// the bound, stay below it. So on inputs whose values stay below twice the largest seen, and no
// further below the smallest than that, the function is the same.
#pragma once

#include "base/task.h"
#include "graph/graph.h"
#include "tensor/samples.h"

namespace lowbit {

// `graph` optimize()d, FP32. `samples`: one tensor per graph input, or none: then pairs with an
// upper bound between them stay as they are, and no bias is absorbed. What is passed by reference
// must outlive the task. Errors: as make_plan and Plan::run; kInvalidArgument for a batch below 1.
Task<Graph> equalize(const Graph& graph, std::span<const Tensor> samples,
                     int64_t batch = kDefaultBatch);

}  // namespace lowbit
