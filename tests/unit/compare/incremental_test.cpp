#include "compare/incremental.h"

#include "doctest/doctest.h"
#include "graph/rewrites.h"
#include "quantize/quantize.h"
#include "support/check_error.h"
#include "support/graph_builder.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// A branch, a depthwise layer, and shapes of every rank.
Graph residual(bool has_fixed_batch = false) {
  GraphBuilder b;
  const ValueId x = b.input("x", {has_fixed_batch ? 5 : b.symbol("N"), 2, 6, 6});
  const ValueId first =
      b.relu(b.conv(x, {.channels = 4, .kernel = {3, 3}, .padding = {1, 1, 1, 1}}));
  const ValueId second = b.conv(first, {.channels = 4, .kernel = {3, 3}, .padding = {1, 1, 1, 1}});
  const ValueId sum = b.relu(b.add(first, second));
  const ValueId pooled = b.max_pool(sum, {.kernel = {2, 2}, .stride = {2, 2}});
  return must(optimize(b.output(b.gemm(b.flatten(pooled), {.features = 3})).build()));
}

Tensor images(int64_t count, uint64_t seed = 1) {
  Tensor tensor = must(Tensor::allocate(DType::kF32, {count, 2, 6, 6}));
  Random random(seed);
  for (float& x : tensor.mutable_data<float>()) x = random.uniform(-1, 1);
  return tensor;
}

Graph quantized(const Graph& fp32, int bits) {
  Calibrator calibrator = must(Calibrator::create(fp32));
  must(calibrator.observe(std::vector<Tensor>{images(8)}));
  Recipe recipe;
  recipe.weights.bits = bits;
  return must(quantize(fp32, must(calibrator.finish()), recipe));
}

// `graph` with the weights of node `name` taken from `other`, which has the same nodes.
Graph with_layer_of(Graph graph, const Graph& other, std::string_view name) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].name != name) continue;
    for (const size_t input : {size_t{1}, size_t{2}}) {
      graph.value(graph.nodes[i].inputs[input]) = other.value(other.nodes[i].inputs[input]);
    }
  }
  return graph;
}

std::vector<float> direct(const Graph& graph, const Tensor& inputs) {
  Plan plan = must(make_plan(graph, std::vector<Shape>{inputs.shape()}, {}));
  const std::vector<Tensor> outputs = must(plan.run(std::vector<Tensor>{inputs}));
  const auto values = outputs[0].data<float>();
  return {values.begin(), values.end()};
}

std::vector<float> run(IncrementalRunner& runner, const Graph& graph, bool remember) {
  const std::vector<Tensor> outputs = must(finish(runner.run(graph, remember)));
  const auto values = outputs[0].data<float>();
  return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("a variant runs from the layer that differs, and gives what it gives alone") {
  const Graph eight = quantized(residual(), 8);
  const Graph two = quantized(residual(), 2);
  const Tensor inputs = images(70);
  IncrementalRunner runner({inputs}, {});
  CHECK(run(runner, eight, true) == direct(eight, inputs));
  CHECK(runner.nodes_run() == eight.nodes.size());
  CHECK(run(runner, eight, true) == direct(eight, inputs));
  CHECK(runner.nodes_run() == 0);

  const Graph last = with_layer_of(eight, two, "gemm1");
  REQUIRE(direct(last, inputs) != direct(eight, inputs));
  CHECK(run(runner, last, false) == direct(last, inputs));
  CHECK(runner.nodes_run() == 2);  // and the DequantizeLinear

  const Graph branch = with_layer_of(eight, two, "conv2");
  CHECK(run(runner, branch, true) == direct(branch, inputs));
  CHECK(runner.nodes_run() == eight.nodes.size() - 2);  // not the QuantizeLinear and conv1
  CHECK(run(runner, eight, false) == direct(eight, inputs));
  CHECK(runner.nodes_run() == eight.nodes.size() - 2);
}

TEST_CASE("what was remembered stays where a variant is not to be") {
  const Graph eight = quantized(residual(), 8);
  const Graph two = quantized(residual(), 2);
  IncrementalRunner runner({images(9)}, {});
  run(runner, eight, true);
  run(runner, two, false);
  run(runner, eight, true);
  CHECK(runner.nodes_run() == 0);
  {
    Task<std::vector<Tensor>> dropped = runner.run(two, true);
    dropped.step();
  }
  run(runner, eight, false);
  CHECK(runner.nodes_run() == 0);
}

TEST_CASE("FP32 and quantized variants share what they have in common") {
  const Graph fp32 = residual();
  const Tensor inputs = images(6);
  IncrementalRunner runner({inputs}, {});
  CHECK(run(runner, fp32, true) == direct(fp32, inputs));
  Graph changed = fp32;
  for (const Node& node : fp32.nodes) {
    if (node.name != "gemm1") continue;
    Value& weights = changed.value(node.inputs[1]);
    weights.constant = must(weights.constant->clone());
    weights.constant->mutable_data<float>()[0] += 1;
  }
  CHECK(run(runner, changed, false) == direct(changed, inputs));
  CHECK(runner.nodes_run() == 1);
  const Graph int8 = quantized(fp32, 8);
  CHECK(run(runner, int8, false) == direct(int8, inputs));
  CHECK(runner.nodes_run() == int8.nodes.size());
}

TEST_CASE("with little memory more is run again, and the answers stay") {
  const Graph eight = quantized(residual(), 8);
  const Graph last = with_layer_of(eight, quantized(residual(), 2), "gemm1");
  const Tensor inputs = images(10);
  size_t most = 0;
  for (const size_t bytes : {size_t{0}, size_t{10 * (12 + 3 + 36)}, size_t{1} << 20}) {
    IncrementalRunner runner({inputs}, {.cache_bytes = bytes});
    run(runner, eight, true);
    CHECK(run(runner, last, true) == direct(last, inputs));
    if (bytes == 0) CHECK(runner.nodes_run() == eight.nodes.size());
    if (most > 0) CHECK(runner.nodes_run() < most);
    most = runner.nodes_run();
  }
}

TEST_CASE("a model of a fixed number of samples runs so many at once") {
  const Graph fp32 = residual(true);
  const Tensor inputs = images(10);
  IncrementalRunner runner({inputs}, {});
  const std::vector<float> all = run(runner, fp32, true);
  CHECK(all.size() == 30);
  check_error(finish(IncrementalRunner({images(7)}, {}).run(fp32, true)), ErrorCode::kShapeMismatch,
              "x");
}

TEST_CASE("inputs and outputs without samples are refused") {
  const Graph fp32 = residual();
  check_error(finish(IncrementalRunner({}, {}).run(fp32, true)), ErrorCode::kInvalidArgument,
              "inputs");
  check_error(finish(IncrementalRunner({images(0)}, {}).run(fp32, true)), ErrorCode::kShapeMismatch,
              "inputs");
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 4});
  const Graph flat = b.output(b.reshape(x, {-1, 2})).build();
  check_error(
      finish(IncrementalRunner({must(Tensor::allocate(DType::kF32, {3, 4}))}, {}).run(flat, false)),
      ErrorCode::kShapeMismatch, "reshape1");
}
