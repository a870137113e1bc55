// What every test of a rewrite asks: is the result valid, with the same inputs and outputs, and
// does it compute the same?
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "graph/shape_inference.h"
#include "graph/validate.h"
#include "support/graph_builder.h"
#include "support/naive_evaluator.h"

namespace lowbit::test {

inline std::vector<std::string> names_of(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<std::string> names;
  for (const ValueId id : ids) names.push_back(graph.value(id).name);
  return names;
}

inline std::vector<std::string> node_names(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) names.push_back(node.name);
  return names;
}

// The value's constant data.
inline std::vector<float> floats_of(const Graph& graph, const std::string& name) {
  const ValueId id = graph.find_value(name);
  REQUIRE_MESSAGE(id != kNoValue, name);
  const std::span<const float> data = graph.value(id).constant->data<float>();
  return {data.begin(), data.end()};
}

// `tolerance` is relative to the largest output: folding rounds every weight and bias to float32
// once, 2^-24 each, and an output is a sum of products of them.
inline void check_equivalent(const Graph& before, const Graph& after, uint64_t seed = 3,
                             double tolerance = 4e-6) {
  const Status status = validate(after);
  REQUIRE_MESSAGE(status.ok(), (status.ok() ? std::string() : status.error().message));
  CHECK(names_of(before, before.inputs) == names_of(after, after.inputs));
  CHECK(names_of(before, before.outputs) == names_of(after, after.outputs));

  const Graph first = must(infer_shapes(before));
  const Graph second = must(infer_shapes(after));
  Random random(seed);
  std::vector<std::vector<double>> inputs;
  for (const ValueId id : first.inputs) {
    inputs.emplace_back();
    for (int64_t i = 0; i < first.value(id).shape.element_count().value_or(0); ++i) {
      inputs.back().push_back(static_cast<double>(random.uniform(-2, 2)));
    }
  }
  const auto expected = NaiveEvaluator(first).run(inputs);
  const auto actual = NaiveEvaluator(second).run(inputs);
  REQUIRE(expected.size() == actual.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    REQUIRE(expected[i].size() == actual[i].size());
    double largest = 0;
    double difference = 0;
    for (size_t j = 0; j < expected[i].size(); ++j) {
      largest = std::max(largest, std::abs(expected[i][j]));
      difference = std::max(difference, std::abs(expected[i][j] - actual[i][j]));
    }
    CHECK(largest < 1e6);
    CHECK(difference <= tolerance * std::max(largest, 1.0));
  }
}

}  // namespace lowbit::test
