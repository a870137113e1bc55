// Which layer hurts: the FP32 model with one thing quantized at a time, first the weights of one
// layer alone, then its output alone.
//
//   Task<Sensitivity> task = measure_sensitivity(fp32, int8, {images}, labels, {});
//
// Everything else stays FP32, so that the effects of layers do not mix; what is quantized has the
// integers and parameters that it has in the quantized model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare/evaluator.h"

namespace lowbit {

struct LayerSensitivity {
  std::string name;              // the node's, or the graph input's
  std::string op;                // "Input" for a graph input
  std::optional<Score> weights;  // nothing for a layer without
  // Nothing for a layer that has the parameters of its input, as MaxPool has: its rounding is that
  // one's.
  std::optional<Score> output;
};

struct Sensitivity {
  Score fp32;                            // the model against itself: its accuracy
  std::vector<LayerSensitivity> layers;  // graph inputs, then nodes in order of execution
};

// `fp32`: optimize()d; `quantized`: made from it. `inputs`: one tensor per graph input, with the
// samples along the first dimension; `labels`: empty, or one per sample. Scores are of the first
// output, float32 [samples, classes]. Errors: as IncrementalRunner::run and score.
Task<Sensitivity> measure_sensitivity(Graph fp32, Graph quantized, std::vector<Tensor> inputs,
                                      std::vector<int32_t> labels, IncrementalOptions options);

// `fp32` with the weights of the node `name` as `quantized` has them; its activations stay FP32.
// Nothing where that node has no quantized weights.
std::optional<Graph> with_quantized_weights(const Graph& fp32, const Graph& quantized,
                                            const std::string& name);

// `fp32` with the value `id` brought to the integers of `quant` and back behind its maker.
Graph with_quantized_value(const Graph& fp32, ValueId id, const QuantParams& quant);

}  // namespace lowbit
