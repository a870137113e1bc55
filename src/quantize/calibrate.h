// Calibration: an Observation of every activation over sample data, streaming. Any observer, any
// number of bits can be chosen from it afterwards without another pass over the data.
//
//   Result<Calibrator> calibrator = Calibrator::create(graph);
//   calibrator->observe(batch);            // any number of batches, of any size
//   Result<Calibration> calibration = calibrator->finish();
//
// Workers make parts, each of samples of its own, which are merged in their order.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "quantize/observation.h"

namespace lowbit {

struct Calibration {
  std::map<std::string, Observation> by_value;  // keyed by the value's name in optimize(graph)
  int64_t sample_count = 0;

  // Appends what was made of later samples of the same graph; anything goes to an empty one.
  // Errors: kInvalidArgument (of another model; names the value), kLimitExceeded as
  // Observation::merge. After an error everything is as before the call.
  Status merge(const Calibration& later);
};

class Calibrator {
 public:
  // `graph` as loaded; it is optimize()d here. It always runs on the simd128 kernels, whatever tier
  // runs the model: floats differ in their last bits between tiers, and neither ranges nor the
  // files made with them may depend on the machine. Errors: as optimize; kNonFinite when a weight
  // is NaN or infinite.
  static Result<Calibrator> create(const Graph& graph);

  // One tensor per graph input; their first dimension counts the samples. Errors: as Plan::run;
  // kNonFinite names the value that is NaN or infinite. After an error everything is as before the
  // call.
  Status observe(std::span<const Tensor> inputs);

  // Errors: kEmptyCalibration.
  Result<Calibration> finish() const;

 private:
  explicit Calibrator(Graph graph) : graph_(std::move(graph)) {}

  Graph graph_;
  Calibration calibration_;
  std::optional<Plan> plan_;
  std::vector<Shape> planned_shapes_;
};

}  // namespace lowbit
