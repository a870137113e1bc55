#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

// Two inputs, two outputs, a value that is used twice.
Graph small_network() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 3, 4, 4});
  const ValueId y = b.input("y", {b.symbol("M"), 3, 4, 4});
  const ValueId a = b.conv(x, {.channels = 3, .kernel = {3, 3}, .padding = {1, 1, 1, 1}});
  const ValueId sum = b.add(a, y);
  b.output(b.flatten(b.relu(sum))).output(b.max_pool(sum, {.kernel = {2, 2}}));
  return b.build();
}

struct Fixture {
  Graph graph = small_network();
  std::vector<Shape> shapes = input_shapes(graph, 2);
  std::vector<Tensor> inputs = random_inputs(graph, shapes, 3);
  Plan plan = must(make_plan(graph, shapes, {}));
};

TEST_CASE("Inputs of another count, type or shape are typed errors that name the input") {
  Fixture f;
  CHECK(f.plan.run({}).error().code == ErrorCode::kInvalidArgument);

  std::vector<Tensor> wrong = f.inputs;
  wrong[1] = must(Tensor::allocate(DType::kU8, f.shapes[1]));
  const auto type = f.plan.run(wrong);
  CHECK(type.error().code == ErrorCode::kTypeMismatch);
  CHECK(type.error().where == "y");

  wrong[1] = must(Tensor::allocate(DType::kF32, {3, 3, 4, 4}));
  const auto shape = f.plan.run(wrong);
  CHECK(shape.error().code == ErrorCode::kShapeMismatch);
  CHECK(shape.error().where == "y");

  wrong[1] = Tensor();
  CHECK(f.plan.run(wrong).error().code == ErrorCode::kShapeMismatch);
  CHECK(f.plan.run(f.inputs).ok());
}

TEST_CASE("Results belong to the caller: the next run leaves them alone") {
  Fixture f;
  const std::vector<Tensor> first = must(f.plan.run(f.inputs));
  const Tensor copy = must(first[0].clone());
  must(f.plan.run(random_inputs(f.graph, f.shapes, 4)));
  CHECK(same_bytes(first[0], copy));
}

TEST_CASE("In place, the same results come from the plan's own input and output places") {
  Fixture f;
  const std::vector<Tensor> expected = must(f.plan.run(f.inputs));
  must(f.plan.run(random_inputs(f.graph, f.shapes, 4)));
  for (size_t i = 0; i < f.inputs.size(); ++i) {
    const ValueView& place = f.plan.inputs()[i];
    CHECK(place.shape == f.inputs[i].shape());
    std::memcpy(place.data, f.inputs[i].raw(), f.inputs[i].byte_count());
  }
  for (int run = 0; run < 2; ++run) {  // the inputs outlive a run
    must(f.plan.run_in_place());
    for (size_t i = 0; i < expected.size(); ++i) {
      CHECK(!f.plan.outputs()[i].channels_last);
      CHECK(same_bytes(to_tensor(f.plan.outputs()[i]), expected[i]));
    }
  }
}

TEST_CASE("on_value sees the inputs and then every node's output, in order") {
  Fixture f;
  std::vector<ValueId> seen;
  const Taps taps{.on_value = [&](const ValueView& view) {
    CHECK(view.data != nullptr);
    CHECK((!view.channels_last || view.shape.rank() == 4));
    seen.push_back(view.id);
    return success();
  }};
  must(f.plan.run(f.inputs, taps));
  std::vector<ValueId> expected = f.plan.graph().inputs;
  for (const Node& node : f.plan.graph().nodes) expected.push_back(node.output);
  CHECK(seen == expected);
}

TEST_CASE("An error of on_value stops the run, and the plan can run again") {
  Fixture f;
  const std::vector<Tensor> expected = must(f.plan.run(f.inputs));
  for (int stop_after = 0; stop_after < 6; ++stop_after) {
    int calls = 0;
    const Taps taps{.on_value = [&](const ValueView&) -> Status {
      if (calls++ < stop_after) return success();
      return make_error(ErrorCode::kAborted, "enough");
    }};
    CHECK(f.plan.run(f.inputs, taps).error().code == ErrorCode::kAborted);
    CHECK(calls == stop_after + 1);
  }
  const std::vector<Tensor> again = must(f.plan.run(f.inputs));
  for (size_t i = 0; i < expected.size(); ++i) CHECK(same_bytes(again[i], expected[i]));
}

TEST_CASE("A value written by on_value is what its readers read, and nobody else") {
  // `flat` and `x` could share bytes; `x` has another reader, which comes later.
  GraphBuilder b;
  const ValueId x = b.relu(b.input("input", {1, 4}));
  const ValueId flat = b.flatten(x);
  b.output(b.relu(flat)).output(b.relu(x));
  const Graph graph = b.build();
  Plan plan = must(make_plan(graph, input_shapes(graph, 1), {}));
  const Taps taps{.on_value = [&](const ValueView& view) {
    if (view.id != flat) return success();
    for (float& element : view.as<float>()) element = 9;
    return success();
  }};
  const std::vector<float> ones(4, 1.0f);
  const std::vector<Tensor> inputs = {
      must(Tensor::from_values<float>({1, 4}, std::span<const float>(ones)))};
  const std::vector<Tensor> outputs = must(plan.run(inputs, taps));
  for (size_t i = 0; i < 4; ++i) {
    CHECK(outputs[0].data<float>()[i] == 9);
    CHECK(outputs[1].data<float>()[i] == 1);
  }
}

TEST_CASE("on_time reports every node once, in order") {
  Fixture f;
  std::vector<size_t> nodes;
  const Taps taps{.on_time = [&](size_t node, double milliseconds) {
    nodes.push_back(node);
    CHECK(milliseconds >= 0);
  }};
  const std::vector<Tensor> timed = must(f.plan.run(f.inputs, taps));
  const std::vector<Tensor> plain = must(f.plan.run(f.inputs));
  CHECK(nodes == std::vector<size_t>{0, 1, 2, 3, 4});
  for (size_t i = 0; i < plain.size(); ++i) CHECK(same_bytes(timed[i], plain[i]));
}

TEST_CASE("An override computes its node, from what the node would read") {
  Fixture f;
  const auto is_add = [](const Node& node) { return node.op == Op::kAdd; };
  const NodeOverride subtract = [&](size_t node, std::span<const ValueView> inputs,
                                    const ValueView& output) {
    CHECK(f.graph.nodes[node].op == Op::kAdd);
    REQUIRE(inputs.size() == 2);
    CHECK(inputs[0].channels_last);
    CHECK(output.channels_last);
    for (size_t i = 0; i < output.as<float>().size(); ++i) {
      output.as<float>()[i] = inputs[0].as<float>()[i] - inputs[1].as<float>()[i];
    }
    return success();
  };
  Plan plan =
      must(make_plan(f.graph, f.shapes, {.is_overridden = is_add, .override_node = subtract}));
  std::vector<Tensor> negated = f.inputs;
  negated[1] = must(f.inputs[1].clone());
  for (float& element : negated[1].mutable_data<float>()) element = -element;
  const std::vector<Tensor> expected = must(f.plan.run(f.inputs));
  const std::vector<Tensor> actual = must(plan.run(negated));
  for (size_t i = 0; i < expected.size(); ++i) CHECK(same_bytes(actual[i], expected[i]));
}

TEST_CASE("An override sees the constants, new ones too, and its error ends the run") {
  GraphBuilder b;
  const ValueId y = b.batch_norm(b.input("x", {2, 3}), {.scale = {1, 2, 3}});
  const Graph graph = b.output(y).build();
  bool fails = false;
  Plan plan = must(make_plan(
      graph, input_shapes(graph, 1),
      {.is_overridden = [](const Node& node) { return node.op == Op::kBatchNormalization; },
       .override_node = [&](size_t, std::span<const ValueView> inputs,
                            const ValueView& output) -> Status {
         if (fails) return make_error(ErrorCode::kNonFinite, "no");
         for (size_t i = 0; i < 6; ++i) output.as<float>()[i] = inputs[1].as<float>()[i % 3];
         return success();
       }}));
  const std::vector<Tensor> inputs = random_inputs(graph, input_shapes(graph, 1), 1);
  CHECK(must(plan.run(inputs))[0].data<float>()[5] == 3);

  Graph changed = graph;
  const std::vector<float> scale = {4, 5, 6};
  changed.value(graph.nodes[0].inputs[1]).constant =
      must(Tensor::from_values<float>({3}, std::span<const float>(scale)));
  must(plan.update_constants(changed));
  CHECK(must(plan.run(inputs))[0].data<float>()[5] == 6);

  fails = true;
  CHECK(plan.run(inputs).error().code == ErrorCode::kNonFinite);
}

TEST_CASE("view() shows inputs, outputs and constants; the rest only when values are kept") {
  Fixture f;
  const std::vector<Tensor> outputs = must(f.plan.run(f.inputs));
  const Graph& graph = f.plan.graph();
  CHECK(same_bytes(to_tensor(f.plan.view(graph.inputs[0])), f.inputs[0]));
  CHECK(same_bytes(to_tensor(f.plan.view(graph.outputs[1])), outputs[1]));
  const ValueId weight = graph.nodes[0].inputs[1];
  CHECK(same_bytes(to_tensor(f.plan.view(weight)), *graph.value(weight).constant));
  CHECK(f.plan.view(graph.nodes[0].output).data == nullptr);

  Plan keeping = must(make_plan(f.graph, f.shapes, {.keep_values = true}));
  must(keeping.run(f.inputs));
  CHECK(keeping.view(graph.nodes[0].output).data != nullptr);
}

TEST_CASE("NaN and infinities pass through without harm, and integers saturate") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float special : {nan, infinity, -infinity}) {
    for (const Tier tier : {Tier::kReference, Tier::kSimd128}) {
      GraphBuilder b;
      ValueId x = b.input("x", {1, 2, 4, 4});
      b.output(b.quantize_linear(x, activation_params(0.1f, 10)));
      x = b.conv(x, {.channels = 4, .kernel = {3, 3}, .padding = {1, 1, 1, 1}});
      x = b.batch_norm(b.max_pool(x, {.kernel = {2, 2}}));
      x = b.softmax(b.global_average_pool(x), 1);
      const Graph graph = b.output(x).build();
      Plan plan = must(make_plan(graph, input_shapes(graph, 1), {.tier = tier}));
      std::vector<Tensor> inputs = {must(Tensor::allocate(DType::kF32, {1, 2, 4, 4}))};
      for (float& element : inputs[0].mutable_data<float>()) element = special;
      const std::vector<Tensor> outputs = must(plan.run(inputs));
      const uint8_t expected = special == infinity ? 255 : 0;
      for (const uint8_t q : outputs[0].data<uint8_t>()) CHECK(q == expected);
    }
  }
}

}  // namespace
}  // namespace lowbit::test
