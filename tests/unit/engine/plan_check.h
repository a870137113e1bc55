// Runs a graph in every way the engine has and compares: each node against NodeOracle, on the very
// inputs that the engine gave it; runs with and without taps, with every value kept, a second time,
// and sample by sample.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <vector>

#include "base/random.h"
#include "engine/engine.h"
#include "support/must.h"
#include "support/tiers.h"
#include "unit/engine/node_oracle.h"

namespace lowbit::test {

// A copy of the value in the graph's axes.
inline Tensor to_tensor(const ValueView& view) {
  Tensor tensor = must(Tensor::allocate(view.dtype, view.shape));
  const size_t bytes = dtype_bytes(view.dtype);
  const int64_t count = view.element_count();
  const Shape& s = view.shape;
  for (int64_t i = 0; i < count; ++i) {
    int64_t from = i;
    if (view.channels_last) {
      const int64_t x = i % s[3], y = i / s[3] % s[2], c = i / (s[2] * s[3]) % s[1];
      const int64_t n = i / (s[1] * s[2] * s[3]);
      from = ((n * s[2] + y) * s[3] + x) * s[1] + c;
    }
    std::memcpy(tensor.mutable_raw() + static_cast<size_t>(i) * bytes,
                view.data + static_cast<size_t>(from) * bytes, bytes);
  }
  return tensor;
}

inline bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.raw(), b.raw(), a.byte_count()) == 0;
}

inline Tensor random_tensor(Random& random, const Value& value, const Shape& shape) {
  Tensor tensor = must(Tensor::allocate(value.dtype, shape));
  if (value.dtype == DType::kU8) {
    for (uint8_t& q : tensor.mutable_data<uint8_t>()) {
      const auto range = static_cast<uint32_t>(value.quant->qmax - value.quant->qmin + 1);
      q = static_cast<uint8_t>(static_cast<uint32_t>(value.quant->qmin) + random.below(range));
    }
  } else {
    for (float& x : tensor.mutable_data<float>()) x = random.uniform(-2, 2);
  }
  return tensor;
}

// The input shapes of a graph with every symbolic dimension replaced by `batch`.
inline std::vector<Shape> input_shapes(const Graph& graph, int64_t batch) {
  std::vector<Shape> shapes;
  for (const ValueId id : graph.inputs) {
    Shape shape = graph.value(id).shape;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] < 0) shape[axis] = batch;
    }
    shapes.push_back(shape);
  }
  return shapes;
}

inline std::vector<Tensor> random_inputs(const Graph& graph, const std::vector<Shape>& shapes,
                                         uint64_t seed) {
  Random random(seed);
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < shapes.size(); ++i) {
    inputs.push_back(random_tensor(random, graph.value(graph.inputs[i]), shapes[i]));
  }
  return inputs;
}

inline double element(const Tensor& tensor, size_t i) {
  return tensor.dtype() == DType::kU8 ? static_cast<double>(tensor.data<uint8_t>()[i])
                                      : double{tensor.data<float>()[i]};
}

inline void check_node(const Graph& graph, const Node& node,
                       const std::map<ValueId, Tensor>& values) {
  std::vector<Tensor> inputs;
  for (const ValueId id : node.inputs) {
    inputs.push_back(id == kNoValue             ? Tensor()
                     : graph.value(id).constant ? *graph.value(id).constant
                                                : values.at(id));
  }
  const Expected expected = NodeOracle(graph, node, inputs).compute();
  const Tensor& actual = values.at(node.output);
  REQUIRE(expected.values.size() == static_cast<size_t>(actual.element_count()));
  for (size_t i = 0; i < expected.values.size(); ++i) {
    const double y = element(actual, i);
    const double error = std::abs(y - expected.values[i]);
    const bool is_nan = std::isnan(y) && std::isnan(expected.values[i]);
    if (error <= expected.bounds[i] || y == expected.values[i] || is_nan) continue;
    INFO("node ", node.name, ", element ", i, ": ", element(actual, i), " instead of ",
         expected.values[i], ", bound ", expected.bounds[i]);
    FAIL_CHECK("a node's output is wrong");
    return;
  }
}

// Plans and runs in one tier; returns the outputs.
inline std::vector<Tensor> check_tier(const Graph& graph, const std::vector<Tensor>& inputs,
                                      Tier tier) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  Plan plan = must(make_plan(graph, shapes, {.tier = tier}));

  std::map<ValueId, Tensor> values;
  const Taps taps{.on_value = [&](const ValueView& view) {
    values.insert_or_assign(view.id, to_tensor(view));
    return success();
  }};
  const std::vector<Tensor> tapped = must(plan.run(inputs, taps));
  for (const Node& node : plan.graph().nodes) check_node(plan.graph(), node, values);
  for (size_t i = 0; i < tapped.size(); ++i) {
    CHECK(same_bytes(tapped[i], values.at(plan.graph().outputs[i])));
  }

  for (int repeat = 0; repeat < 2; ++repeat) {
    const std::vector<Tensor> plain = must(plan.run(inputs));
    REQUIRE(plain.size() == tapped.size());
    for (size_t i = 0; i < plain.size(); ++i) CHECK(same_bytes(plain[i], tapped[i]));
  }

  Plan keeping = must(make_plan(graph, shapes, {.tier = tier, .keep_values = true}));
  const std::vector<Tensor> kept = must(keeping.run(inputs));
  for (size_t i = 0; i < kept.size(); ++i) CHECK(same_bytes(kept[i], tapped[i]));
  for (const auto& [id, value] : values) CHECK(same_bytes(to_tensor(keeping.view(id)), value));
  CHECK(keeping.arena_bytes() >= plan.arena_bytes());
  return tapped;
}

// True when every tier must give the same bits: all arithmetic is in integers, or on float32 with
// integer weights.
inline bool is_exact(const Graph& graph) {
  return std::ranges::all_of(graph.nodes, [&](const Node& node) {
    return node.op == Op::kDequantizeLinear || graph.value(node.output).dtype == DType::kU8 ||
           (node.inputs.size() > 1 && graph.value(node.inputs[1]).quant);
  });
}

// Every tier, against the oracle and, where all is exact, against each other.
inline void check_plan(const Graph& graph, const std::vector<Tensor>& inputs) {
  const std::vector<Tensor> reference = check_tier(graph, inputs, Tier::kReference);
  for (const Tier tier : simd_tiers()) {
    CAPTURE(tier_name(tier));
    const std::vector<Tensor> simd = check_tier(graph, inputs, tier);
    if (!is_exact(graph)) continue;
    for (size_t i = 0; i < reference.size(); ++i) CHECK(same_bytes(reference[i], simd[i]));
  }
}

inline void check_plan(const Graph& graph, int64_t batch = 2, uint64_t seed = 7) {
  check_plan(graph, random_inputs(graph, input_shapes(graph, batch), seed));
}

}  // namespace lowbit::test
