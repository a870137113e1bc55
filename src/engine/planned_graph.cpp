#include "engine/planned_graph.h"

namespace lowbit {

Result<std::vector<Tensor>> PlannedGraph::run(std::span<const Tensor> inputs, const Taps& taps) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  if (!plan_ || shapes != shapes_) {
    PlanOptions options;
    options.tier = Tier::kSimd128;
    LOWBIT_ASSIGN(plan_, make_plan(graph_, shapes, options));
    shapes_ = std::move(shapes);
  }
  return plan_->run(inputs, taps);
}

Status PlannedGraph::run_until(ValueId value, std::span<const Tensor> inputs,
                               const std::function<Status(const ValueView&)>& visit) {
  std::optional<Status> visited;
  Taps taps;
  taps.on_value = [&](const ValueView& view) -> Status {
    if (view.id != value) return success();
    visited = visit(view);
    return make_error(ErrorCode::kAborted, "the rest of the run is not wanted");
  };
  auto outputs = run(inputs, taps);
  if (visited) return std::move(*visited);
  if (!outputs) return std::move(outputs).failure();
  return make_error(ErrorCode::kInvalidArgument, "no node makes the value",
                    graph_.value(value).name);
}

}  // namespace lowbit
