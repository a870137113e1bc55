#include "quantize/calibrate.h"

#include <algorithm>

#include "base/text.h"
#include "graph/rewrites.h"
#include "quantize/finite.h"

namespace lowbit {

namespace {

// Widens `range` by `values`; false when one of them is NaN or infinite.
bool widen(Range& range, std::span<const float> values) {
  float low = range.min;
  float high = range.max;
  float poison = 0;  // x * 0 is 0 for a finite x, else NaN, which stays
  for (const float x : values) {
    low = std::min(low, x);
    high = std::max(high, x);
    poison += x * 0.0f;
  }
  range = {low, high};
  return poison == 0.0f;
}

}  // namespace

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
  // A range starts at [0, 0]: the law widens every range to contain 0.
  std::map<std::string, Range> seen = ranges_.by_value;
  Taps taps;
  taps.on_value = [&](const ValueView& view) -> Status {
    if (view.dtype != DType::kF32) return success();
    const std::string& name = graph_.value(view.id).name;
    if (!widen(seen[name], view.as<float>())) {
      return make_error(ErrorCode::kNonFinite,
                        format_text("calibration made a NaN or an infinity in '{}'; check the "
                                    "calibration data and the model's weights",
                                    name),
                        name);
    }
    return success();
  };
  LOWBIT_TRY(plan_->run(inputs, taps));
  ranges_.by_value = std::move(seen);
  ranges_.sample_count +=
      inputs.empty() || inputs[0].shape().rank() == 0 ? 1 : inputs[0].shape()[0];
  return success();
}

Result<Ranges> Calibrator::finish() const {
  if (ranges_.sample_count == 0) {
    return make_error(ErrorCode::kEmptyCalibration,
                      "calibration saw no sample; give it at least one", "calibration");
  }
  return ranges_;
}

}  // namespace lowbit
