// What algorithms make of a quantized graph when they see samples: other integers in its constants.
// Layers are improved in order of execution, each on the inputs that it gets from those improved
// before, so that it makes good for their errors too: first its weights are rounded anew
// (quantize/adaround.h, quantize/gptq.h), then its bias is corrected (quantize/correct_bias.h).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/task.h"
#include "graph/graph.h"
#include "quantize/recipe.h"
#include "tensor/tensor.h"

namespace lowbit {

struct QuantizedGraph {
  Graph graph;
  std::vector<std::string> warnings;  // what a reader should know of, in whole sentences
};

// `quantized` is what quantize() made of `fp32`, a graph of prepare(), with `recipe`, which says
// which algorithms run. Layers are matched by the names of their nodes; one of only one of the
// graphs, or without integer weights, stays as it is. The recipe's seed chooses the rows that
// statistics are made of. `samples`: one tensor per graph input. `apart`: each layer learns on the
// inputs that it gets in the FP32 model, as if it alone were quantized. What is passed by reference
// must outlive the task. Errors: as layer_statistics() and the algorithms.
Task<QuantizedGraph> improve(const Graph& fp32, Graph quantized, std::span<const Tensor> samples,
                             const Recipe& recipe, bool apart = false);

}  // namespace lowbit
