// A graph with the plan of the input shapes that it ran last.
#pragma once

#include <optional>

#include "engine/engine.h"

namespace lowbit {

class PlannedGraph {
 public:
  // `graph` must outlive it. It runs on the simd128 kernels, in every tier of the model: what is
  // measured on floats must not depend on the machine.
  explicit PlannedGraph(const Graph& graph) : graph_(graph) {}

  // As Plan::run. Errors: as make_plan and Plan::run.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs, const Taps& taps = {});

  // Runs the graph until `value` is there, and shows it to `visit`. Errors: as run() and
  // `visit`; kInvalidArgument when the value is neither an input nor made by a node.
  Status run_until(ValueId value, std::span<const Tensor> inputs,
                   const std::function<Status(const ValueView&)>& visit);

 private:
  const Graph& graph_;
  std::optional<Plan> plan_;
  std::vector<Shape> shapes_;
};

}  // namespace lowbit
