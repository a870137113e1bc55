// How far quantization moves the means of a layer's channels: what bias correction would take back
// (quantize/correct_bias.h), relative to the spread of the layer's output.
#pragma once

#include <vector>

#include "base/task.h"
#include "quantize/calibrate.h"

namespace lowbit {

struct MeanShift {
  double relative = 0;   // root mean square over the channels, divided by `deviation`
  double deviation = 0;  // the standard deviation of the output
};

// One for each node of `fp32`; zeros for one without integer weights. `fp32` optimize()d,
// `calibration` its own, `quantized` made from it. What is passed by reference must outlive the
// task. Errors: as layer_statistics().
Task<std::vector<MeanShift>> measure_mean_shifts(const Graph& fp32, const Calibration& calibration,
                                                 const Graph& quantized,
                                                 std::span<const Tensor> samples);

// From the histogram's middles.
double standard_deviation(const Observation& observation);

}  // namespace lowbit
