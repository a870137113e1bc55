// What algorithms on a layer's weights and bias know of the layer: means and second moments of the
// rows x that its matrix products get in the FP32 model and of the rows x^ that they get in the
// quantized model, at the same output pixels of the same samples. With W the real weights
// (quantize/linear_layer.h), for each group:
//
//   mean x,   mean x^,   H = mean x^' x^,   t = W mean(x' x^)
//
// H and t are those of a rounding problem (quantize/rounding_problem.h). The means give what bias
// correction corrects, mean(W x + b - W^ x^ - b^), for any integers that W^ may get later.
#pragma once

#include "base/task.h"
#include "quantize/linear_layer.h"
#include "tensor/samples.h"

namespace lowbit {

struct GroupStatistics {
  std::vector<double> mean;            // of x: [depth]
  std::vector<double> quantized_mean;  // of x^: [depth]
  Tensor gram;                         // H: [depth, depth]; empty when it was not asked for
  Tensor target;                       // t: [columns, depth]; empty when it was not asked for
};

struct LayerStatistics {
  int64_t rows = 0;
  std::vector<GroupStatistics> groups;
};

struct StatisticsOptions {
  bool second_moments = true;  // else only the means
  uint64_t seed = 0;           // chooses the rows
  int64_t batch = kDefaultBatch;
};

// As many rows as there are, or, where there are more, a random subset of about max(4096, 16 depth)
// of them, as many from each batch. `real` is a layer of `fp32`, `integer` the same layer of
// `quantized`; both graphs run on `samples` (one tensor per graph input) up to the layer, on the
// kernels of simd128 whatever runs the model, so that the result is the same everywhere. What is
// passed by reference must outlive the task; pauses after each run of a batch. Errors: as
// make_plan, Plan::run and count_calibration_samples().
Task<LayerStatistics> layer_statistics(const Graph& fp32, const LinearLayer& real,
                                       const Graph& quantized, const LinearLayer& integer,
                                       std::span<const Tensor> samples, StatisticsOptions options);

}  // namespace lowbit
