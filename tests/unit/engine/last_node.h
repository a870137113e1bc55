// What the node that makes a graph's first output read and made, in every tier: for operators whose
// answers a test computes itself. Runs that keep or hand out every value give the same bytes as
// those that do not.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <vector>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {

struct NodeRun {
  std::vector<Tensor> inputs;  // one per input of the node, in the graph's axes
  Tensor output;
};

// Calls check(run) in every tier, for random inputs.
template <class Check>
void check_last_node(const Graph& graph, const std::vector<Tensor>& inputs, Check check) {
  std::vector<Tier> tiers{Tier::kReference};
  for (const Tier tier : simd_tiers()) tiers.push_back(tier);
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  for (const Tier tier : tiers) {
    Plan plan = must(make_plan(graph, shapes, {.tier = tier}));
    const std::vector<Tensor> plain = must(plan.run(inputs));
    std::map<ValueId, Tensor> values;
    const Taps taps{.on_value = [&](const ValueView& view) {
      values.insert_or_assign(view.id, to_tensor(view));
      return success();
    }};
    CHECK(same_bytes(must(plan.run(inputs, taps)).front(), plain.front()));
    Plan keeping = must(make_plan(graph, shapes, {.tier = tier, .keep_values = true}));
    CHECK(same_bytes(must(keeping.run(inputs)).front(), plain.front()));
    const Graph& planned = plan.graph();
    for (const Node& node : planned.nodes) {
      if (node.output != planned.outputs.front()) continue;
      NodeRun run{.inputs = {}, .output = plain.front()};
      for (const ValueId id : node.inputs) {
        const auto& constant = planned.value(id).constant;
        run.inputs.push_back(constant ? *constant : values.at(id));
      }
      check(run);
    }
  }
}

template <class Check>
void check_last_node(const Graph& graph, Check check) {
  check_last_node(graph, random_inputs(graph, input_shapes(graph, 2), 7), check);
}

// Of float32 and of any integer type.
inline double number(const Tensor& tensor, int64_t i) {
  const auto at = static_cast<size_t>(i);
  switch (tensor.dtype()) {
#define X(name, type, text, onnx) \
  case DType::k##name:            \
    return static_cast<double>(tensor.data<type>()[at]);
    LOWBIT_DTYPES(X)
#undef X
  }
  return 0;
}

// The coordinates of element `i` of a row-major value.
inline std::vector<int64_t> coordinates(const Shape& shape, int64_t i) {
  std::vector<int64_t> result(static_cast<size_t>(shape.rank()));
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    result[static_cast<size_t>(axis)] = i % shape[axis];
    i /= shape[axis];
  }
  return result;
}

// |a - b| <= bound, or both NaN, element by element.
inline void check_near(const Tensor& actual, const std::vector<double>& expected,
                       const std::vector<double>& bounds) {
  REQUIRE(static_cast<size_t>(actual.element_count()) == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const double ours = number(actual, static_cast<int64_t>(i));
    if (std::abs(ours - expected[i]) <= bounds[i]) continue;
    INFO("element ", i, ": ", ours, " instead of ", expected[i], ", bound ", bounds[i]);
    FAIL_CHECK("an output is wrong");
    return;
  }
}

// A value in NHWC: rank-4 results of a convolution lie so.
inline ValueId channels_last(GraphBuilder& b, int64_t channels, int64_t h, int64_t w) {
  const ValueId x = b.input("x", {b.symbol("N"), 3, h, w});
  return b.conv(x, {.channels = channels, .kernel = {3, 3}, .padding = {1, 1, 1, 1}});
}

}  // namespace lowbit::test
