#include "quantize/calibrate.h"

#include "base/text.h"
#include "graph/finite.h"
#include "graph/rewrites.h"

namespace lowbit {

namespace {

constexpr auto kMaxSamples = static_cast<int64_t>(Observation::kMaxCount);

Failure another_model(const std::string& value) {
  return make_error(ErrorCode::kInvalidArgument,
                    format_text("the calibrations are of two models: only one has '{}'", value),
                    value);
}

}  // namespace

Status Calibration::merge(const Calibration& later) {
  if (later.sample_count > kMaxSamples - sample_count) {
    return make_error(ErrorCode::kLimitExceeded, "the calibrations have too many samples",
                      "calibration");
  }
  for (const auto& [name, observation] : by_value) {
    if (!later.by_value.contains(name)) return another_model(name);
  }
  std::map<std::string, Observation> merged = by_value;
  for (const auto& [name, observation] : later.by_value) {
    if (sample_count > 0 && !by_value.contains(name)) return another_model(name);
    LOWBIT_TRY(merged[name].merge(observation));
  }
  by_value = std::move(merged);
  sample_count += later.sample_count;
  return success();
}

Result<Calibrator> Calibrator::create(const Graph& graph) {
  LOWBIT_ASSIGN(Graph optimized, optimize(graph));
  LOWBIT_TRY(check_finite_constants(optimized));
  return Calibrator(std::move(optimized));
}

Status Calibrator::observe(std::span<const Tensor> inputs) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  if (!plan_ || shapes != planned_shapes_) {
    PlanOptions options;
    options.tier = Tier::kSimd128;
    LOWBIT_ASSIGN(plan_, make_plan(graph_, shapes, options));
    planned_shapes_ = shapes;
  }
  std::map<std::string, Observation> seen = calibration_.by_value;
  Taps taps;
  taps.on_value = [&](const ValueView& view) -> Status {
    if (view.dtype != DType::kF32) return success();
    const std::string& name = graph_.value(view.id).name;
    if (!seen[name].add(view.as<float>())) {
      return make_error(ErrorCode::kNonFinite,
                        format_text("calibration made a NaN or an infinity in '{}'; check the "
                                    "calibration data and the model's weights",
                                    name),
                        name);
    }
    return success();
  };
  LOWBIT_TRY(plan_->run(inputs, taps));
  calibration_.by_value = std::move(seen);
  calibration_.sample_count +=
      inputs.empty() || inputs[0].shape().rank() == 0 ? 1 : inputs[0].shape()[0];
  return success();
}

Result<Calibration> Calibrator::finish() const {
  if (calibration_.sample_count == 0) {
    return make_error(ErrorCode::kEmptyCalibration,
                      "calibration saw no sample; give it at least one", "calibration");
  }
  return calibration_;
}

}  // namespace lowbit
