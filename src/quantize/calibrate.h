// Calibration: the range of every activation over sample data, min-max, streaming. Nothing is kept
// but two numbers per value.
//
//   Result<Calibrator> calibrator = Calibrator::create(graph);
//   calibrator->observe(batch);            // any number of batches, of any size
//   Result<Ranges> ranges = calibrator->finish();
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/engine.h"

namespace lowbit {

struct Range {
  float min = 0;
  float max = 0;
};

struct Ranges {
  std::map<std::string, Range> by_value;  // keyed by the value's name in optimize(graph)
  int64_t sample_count = 0;
};

class Calibrator {
 public:
  // `graph` as loaded; it is optimize()d here. It always runs on the simd128 kernels, whatever tier
  // runs the model: floats differ in their last bits between tiers, and neither ranges nor the
  // files made with them may depend on the machine. Errors: as optimize; kNonFinite when a weight
  // is NaN or infinite.
  static Result<Calibrator> create(const Graph& graph);

  // One tensor per graph input; their first dimension counts the samples. Errors: as Plan::run;
  // kNonFinite names the value that is NaN or infinite. After an error the ranges are as before the
  // call.
  Status observe(std::span<const Tensor> inputs);

  // Errors: kEmptyCalibration.
  Result<Ranges> finish() const;

 private:
  explicit Calibrator(Graph graph) : graph_(std::move(graph)) {}

  Graph graph_;
  Ranges ranges_;
  std::optional<Plan> plan_;
  std::vector<Shape> planned_shapes_;
};

}  // namespace lowbit
