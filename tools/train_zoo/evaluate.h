// The accuracy of a model over a whole data set.
#pragma once

#include "graph/graph.h"
#include "train/dataset.h"

namespace lowbit::zoo {

// How many images the model's first output puts into the right class, as it runs for users:
// optimize()d.
Result<int64_t> count_correct(const Graph& graph, const Dataset& dataset);

}  // namespace lowbit::zoo
