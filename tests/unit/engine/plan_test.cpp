#include <doctest/doctest.h>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

Error plan_error(const Graph& graph, const std::vector<Shape>& shapes) {
  const auto plan = make_plan(graph, shapes, {});
  REQUIRE(!plan.ok());
  return plan.error();
}

// Every kind of step that packs constants.
Graph network_with_constants(uint64_t seed, bool integer) {
  GraphBuilder b(seed);
  const Shape shape{b.symbol("N"), 2, 6, 6};
  ValueId x = integer ? b.input_u8("x", shape, activation_params(0.02f, 128)) : b.input("x", shape);
  x = b.conv(x, {.channels = 4, .kernel = {3, 3}, .padding = {1, 1, 1, 1}});
  x = b.depthwise_conv(x, {.kernel = {3, 3}});
  if (!integer) {
    x = b.batch_norm(x);
    x = b.add(x, b.random_constant("shift", {4, 1, 1}, -1, 1));
  }
  x = b.matmul(b.flatten(x), 6);
  x = b.gemm(x, {.features = 5, .transpose_b = false});
  return b.output(x).build();
}

// The network of one seed with the constants' values of another's.
Graph with_constants_of(Graph graph, const Graph& other) {
  for (size_t i = 0; i < graph.values.size(); ++i) {
    graph.values[i].constant = other.values[i].constant;
  }
  return graph;
}

TEST_CASE("A plan is for the shapes that it was given") {
  const Graph graph = network_with_constants(1, false);
  CHECK(plan_error(graph, {}).code == ErrorCode::kInvalidArgument);
  CHECK(plan_error(graph, {Shape{1, 3, 6, 6}}).code == ErrorCode::kShapeMismatch);
  CHECK(plan_error(graph, {Shape{0, 2, 6, 6}}).code == ErrorCode::kShapeMismatch);
  CHECK(plan_error(graph, {Shape{1, 2, 6}}).code == ErrorCode::kShapeMismatch);
  CHECK(plan_error(graph, {Shape{-1, 2, 6, 6}}).code == ErrorCode::kShapeMismatch);

  Plan plan = must(make_plan(graph, input_shapes(graph, 3), {}));
  CHECK(plan.graph().value(plan.graph().outputs[0]).shape == Shape{3, 5});
}

TEST_CASE("A graph that breaks a rule is refused before anything is computed") {
  Graph graph = network_with_constants(1, false);
  graph.nodes[1].inputs[0] = 1000;
  CHECK(plan_error(graph, input_shapes(graph, 1)).code == ErrorCode::kInvalidModel);
}

TEST_CASE("A plan keeps working after it is moved, and runs again and again") {
  const Graph graph = network_with_constants(1, false);
  const std::vector<Tensor> first = random_inputs(graph, input_shapes(graph, 2), 1);
  const std::vector<Tensor> second = random_inputs(graph, input_shapes(graph, 2), 2);
  Plan plan = must(make_plan(graph, input_shapes(graph, 2), {}));
  const Tensor of_first = must(plan.run(first))[0];
  Plan moved = std::move(plan);
  const Tensor of_second = must(moved.run(second))[0];
  CHECK(!same_bytes(of_first, of_second));
  CHECK(same_bytes(must(moved.run(first))[0], of_first));
}

TEST_CASE("New constants give what a new plan gives") {
  for (const bool integer : {false, true}) {
    for (const Tier tier : {Tier::kReference, Tier::kSimd128}) {
      const Graph graph = network_with_constants(1, integer);
      const Graph changed = with_constants_of(graph, network_with_constants(2, integer));
      const std::vector<Shape> shapes = input_shapes(graph, 2);
      const std::vector<Tensor> inputs = random_inputs(graph, shapes, 1);
      Plan plan = must(make_plan(graph, shapes, {.tier = tier}));
      Plan fresh = must(make_plan(changed, shapes, {.tier = tier}));
      const Tensor before = must(plan.run(inputs))[0];
      const Tensor wanted = must(fresh.run(inputs))[0];
      CHECK(!same_bytes(before, wanted));
      must(plan.update_constants(changed));
      CHECK(same_bytes(must(plan.run(inputs))[0], wanted));
      must(plan.update_constants(graph));
      CHECK(same_bytes(must(plan.run(inputs))[0], before));
    }
  }
}

TEST_CASE("Constants that changed in place are packed again") {
  GraphBuilder b;
  const ValueId y = b.gemm(b.input("x", {1, 4}), {.features = 3, .has_bias = false});
  Graph graph = b.output(y).build();
  Plan plan = must(make_plan(graph, input_shapes(graph, 1), {}));
  const std::vector<Tensor> inputs = random_inputs(graph, input_shapes(graph, 1), 1);
  must(plan.run(inputs));
  for (float& weight : graph.value(graph.nodes[0].inputs[1]).constant->mutable_data<float>()) {
    weight = 0;
  }
  must(plan.update_constants(graph));
  const Tensor zeros = must(plan.run(inputs))[0];
  for (const float zero : zeros.data<float>()) CHECK(zero == 0);
}

TEST_CASE("Constants of another graph are refused, and the plan stays as it was") {
  const Graph graph = network_with_constants(1, false);
  const std::vector<Shape> shapes = input_shapes(graph, 1);
  const std::vector<Tensor> inputs = random_inputs(graph, shapes, 1);
  Plan plan = must(make_plan(graph, shapes, {}));
  const Tensor before = must(plan.run(inputs))[0];
  const ValueId weight = graph.nodes[0].inputs[1];

  Graph fewer = graph;
  fewer.values.pop_back();
  CHECK(plan.update_constants(fewer).error().code == ErrorCode::kInvalidArgument);
  Graph none = graph;
  none.value(weight).constant.reset();
  CHECK(plan.update_constants(none).error().code == ErrorCode::kInvalidArgument);
  Graph reshaped = graph;
  reshaped.value(weight).constant = must(Tensor::allocate(DType::kF32, {4, 2, 9}));
  CHECK(plan.update_constants(reshaped).error().code == ErrorCode::kShapeMismatch);
  Graph retyped = graph;
  retyped.value(weight).constant = must(Tensor::allocate(DType::kI32, {4, 2, 3, 3}));
  const Status refused = plan.update_constants(retyped);
  CHECK(refused.error().code == ErrorCode::kTypeMismatch);
  CHECK(refused.error().where == graph.value(weight).name);

  CHECK(same_bytes(must(plan.run(inputs))[0], before));
}

TEST_CASE("A tier is planned for where it computes exactly, and refused elsewhere") {
  GraphBuilder b;
  const Graph graph = b.output(b.relu(b.input("x", {1, 4}))).build();
  for (const Tier tier : {Tier::kReference, Tier::kSimd128, Tier::kRelaxed, Tier::kRelaxedU,
                          Tier::kRelaxedS, Tier::kRelaxedP}) {
    CAPTURE(tier_name(tier));
    const auto plan = make_plan(graph, input_shapes(graph, 1), {.tier = tier});
    CHECK(plan.ok() == kernels::computes_exactly(tier));
    if (!plan) CHECK(plan.error().code == ErrorCode::kUnsupportedFeature);
  }
}

TEST_CASE("Values share the arena when their lives do not overlap, unless all are kept") {
  GraphBuilder b;
  ValueId x = b.input("x", {1, 8, 16, 16});
  for (int layer = 0; layer < 12; ++layer) {
    x = b.conv(x, {.channels = 8, .kernel = {3, 3}, .padding = {1, 1, 1, 1}});
  }
  const Graph graph = b.output(x).build();
  const size_t bytes = 8 * 16 * 16 * sizeof(float);
  const Plan plan = must(make_plan(graph, input_shapes(graph, 1), {}));
  const Plan keeping = must(make_plan(graph, input_shapes(graph, 1), {.keep_values = true}));
  const size_t padded_bytes = 8 * 18 * 18 * sizeof(float) + Buffer::kAlignment;  // with its slack
  CHECK(plan.arena_bytes() == 2 * bytes + padded_bytes);  // the input is kept; layers take turns
  CHECK(keeping.arena_bytes() == 14 * bytes + padded_bytes);  // the input in both layouts
  CHECK(plan.packed_bytes() >= 12 * 8 * (8 * 9 + 1) * sizeof(float));
}

TEST_CASE("In-place operators take no place of their own") {
  GraphBuilder b;
  ValueId x = b.conv(b.input("x", {1, 4, 8, 8}), {.channels = 4});
  for (int i = 0; i < 5; ++i) x = b.clip(b.batch_norm(x), -3, 3);
  x = b.softmax(x, 1);
  const Graph graph = b.output(x).build();
  const Plan plan = must(make_plan(graph, input_shapes(graph, 1), {}));
  // Input and output as the caller sees them, and one place for all between.
  CHECK(plan.arena_bytes() == 3 * 4 * 8 * 8 * sizeof(float));
}

TEST_CASE("An image beyond the kernels' limit is refused by name, before memory is asked for") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 1, 32768, 16384});
  const ValueId y = b.name("huge").conv(x, {.kernel = {3, 3}, .padding = {1, 1, 1, 1}});
  const Graph graph = b.output(y).build();
  const Error error = plan_error(graph, input_shapes(graph, 1));
  CHECK(error.code == ErrorCode::kLimitExceeded);
  CHECK(error.where == "huge");
}

TEST_CASE("A plan beyond the limit of memory is refused, before memory is asked for") {
  GraphBuilder b;
  ValueId x = b.input("x", {b.symbol("N"), 1, 1024, 1024});
  x = b.max_pool(x, {.kernel = {2, 2}, .stride = {2, 2}});
  const Graph graph = b.output(x).build();
  // 4 MiB and 1 MiB for each sample.
  const Error error = plan_error(graph, input_shapes(graph, 256));
  CHECK(error.code == ErrorCode::kLimitExceeded);
  CHECK(error.message.find("fewer samples") != std::string::npos);
}

TEST_CASE("Tables beyond the limit of memory are refused by the node's name") {
  GraphBuilder b;
  // A table of an offset for each pixel, four times as large as the image.
  const ValueId x = b.input_u8("x", {1, 1, 1 << 15, 1 << 14}, activation_params(1, 0));
  b.output(b.name("huge").conv(x, {.kernel = {2, 2}}));
  const Error error = plan_error(b.build(), input_shapes(b.build(), 1));
  CHECK(error.code == ErrorCode::kLimitExceeded);
  CHECK(error.where == "huge");
}

TEST_CASE("A graph of many nodes is planned in linear time and memory") {
  GraphBuilder b;
  ValueId x = b.input("x", {1, 4});
  constexpr int kNodes = 50'000;
  for (int i = 0; i < kNodes; ++i) x = b.relu(x);
  const Graph graph = b.output(x).build();
  Plan plan = must(make_plan(graph, input_shapes(graph, 1), {}));
  CHECK(plan.arena_bytes() <= 3 * Buffer::kAlignment);
  CHECK(plan.graph().nodes.size() == kNodes);
  must(plan.run(random_inputs(graph, input_shapes(graph, 1), 1)));
}

}  // namespace
}  // namespace lowbit::test
