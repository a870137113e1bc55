// The error of every layer of a quantized model against the FP32 model, on the same samples, in two
// forms:
//
//   accumulated   all layers up to this one are quantized: what the model really computes
//   isolated      this layer alone is quantized: its inputs are the exact ones, rounded to their
//   grid
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compare/metrics.h"
#include "engine/engine.h"

namespace lowbit {

// The activations of one run of the FP32 model, by name.
class Activations {
 public:
  // A tap that keeps every float32 value of `graph`.
  Status keep(const Graph& graph, const ValueView& view);

  // The values of `name` in the order in which `like` lies in memory; empty when there is none of
  // that size.
  Result<std::vector<float>> ordered_like(const std::string& name, const ValueView& like) const;

 private:
  struct Kept {
    std::vector<float> values;
    Shape shape;
    bool channels_last;
  };
  std::map<std::string, Kept> by_name_;
};

struct LayerErrors {
  ErrorAccumulator accumulated;
  ErrorAccumulator isolated;
};

// Runs `plan` (the quantized model's) twice on `inputs` and adds to `errors`, one per node of its
// graph. The second run overwrites every value, once its error is noted, with the exact one on its
// grid, so that each layer starts afresh. Returns the outputs of the first run.
Result<std::vector<Tensor>> add_layer_errors(Plan& plan, std::span<const Tensor> inputs,
                                             const Activations& exact,
                                             std::vector<LayerErrors>& errors);

}  // namespace lowbit
