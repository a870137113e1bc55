// Recipes of every kind over random graphs and the smallest model of the zoo: one that quantize()
// takes runs, node by node as the oracle says, and in every tier alike where no node computes on
// floats; one that it refuses has a reason.
#include <doctest/doctest.h>

#include <cmath>

#include "formats/onnx_reader.h"
#include "formats/onnx_writer.h"
#include "graph/rewrites.h"
#include "graph/validate.h"
#include "quantize/quantize.h"
#include "quantize/recipe_json.h"
#include "support/zoo.h"
#include "unit/engine/plan_check.h"
#include "unit/engine/random_graph.h"

namespace lowbit::test {

namespace {

// Rounding and what surrounds quantize() are other functions' to follow.
WeightRecipe random_weights(Random& random) {
  return {.bits = 2 + static_cast<int>(random.below(7)),
          .granularity = static_cast<Granularity>(random.below(5)),
          .clipping = static_cast<Clipping>(random.below(2))};
}

ActivationRecipe random_activations(Random& random) {
  const auto bits = 2 + static_cast<int>(random.below(8));
  return {.bits = bits > 8 ? kFloatBits : bits,
          .symmetric = random.below(3) == 0,
          .observer = static_cast<Observer>(random.below(5)),
          .percentile = 99 + static_cast<double>(random.uniform())};
}

Recipe random_recipe(Random& random, const Graph& graph) {
  Recipe recipe;
  recipe.weights = random_weights(random);
  recipe.activations = random_activations(random);
  for (const Node& node : graph.nodes) {
    if (random.below(3) != 0) continue;
    LayerRecipe& layer = recipe.layers[node.name];
    layer.is_float = random.below(4) == 0;
    if (random.below(2) == 0) layer.weights = random_weights(random);
    if (random.below(2) == 0) layer.activations = random_activations(random);
  }
  if (random.below(16) == 0) recipe.layers["no such node"].is_float = true;
  if (random.below(16) == 0) recipe.weights.bits = 9;
  return recipe;
}

bool is_finite(const Tensor& tensor) {
  const auto data = tensor.data<float>();
  return std::ranges::all_of(data, [](float x) { return std::isfinite(x); });
}

std::vector<Tensor> run(const Graph& graph, const std::vector<Tensor>& inputs, Tier tier) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  return must(must(make_plan(graph, shapes, {.tier = tier})).run(inputs));
}

void check_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) CHECK(same_bytes(a[i], b[i]));
}

void check_accepted(const Graph& quantized, const std::vector<Tensor>& inputs) {
  must(validate(quantized));
  check_plan(quantized, inputs);
  const std::vector<Tensor> outputs = run(quantized, inputs, Tier::kReference);
  for (const Tensor& output : outputs) CHECK(is_finite(output));
  const std::vector<std::byte> file = must(write_onnx(quantized));
  CHECK(file == must(write_onnx(quantized)));
  // Fused activations of float nodes are read back as nodes; optimize() fuses them again.
  const Graph read = must(optimize(must(read_onnx(file))));
  const auto quantizers = [](const Graph& graph) {
    return std::ranges::count(graph.nodes, Op::kQuantizeLinear, &Node::op);
  };
  // Where float nodes were not read as integer ones (formats/onnx_writer.h).
  const std::vector<Tensor> read_outputs = run(read, inputs, Tier::kReference);
  if (quantizers(read) == quantizers(quantized)) check_same(read_outputs, outputs);
}

struct Counts {
  int accepted = 0;
  int refused = 0;
};

// Of one recipe; `graph` is optimize()d.
void check_recipe(const Graph& graph, const Calibration& calibration, const Recipe& recipe,
                  const std::vector<Tensor>& inputs, Counts& counts) {
  CAPTURE(write_recipe(recipe));
  const Result<Graph> quantized = quantize(graph, calibration, recipe);
  if (quantized) {
    ++counts.accepted;
    check_accepted(*quantized, inputs);
    return;
  }
  ++counts.refused;
  const Error& error = quantized.error();
  CHECK_FALSE(error.message.empty());
  CHECK(
      (error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kUnsupportedFeature));
}

}  // namespace

TEST_CASE("sweep: recipes over random graphs") {
  Counts counts;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    const Graph graph = must(optimize(RandomGraph(seed, false).build(8)));
    const std::vector<Tensor> inputs = random_inputs(graph, input_shapes(graph, 1), seed);
    Calibrator calibrator = must(Calibrator::create(graph));
    must(calibrator.observe(inputs));
    Random random(seed);
    const Recipe recipe = random_recipe(random, graph);
    check_recipe(graph, must(calibrator.finish()), recipe, inputs, counts);
  }
  CHECK(counts.accepted > 100);
  CHECK(counts.refused > 10);
}

TEST_CASE("sweep: recipes over the smallest model of the zoo") {
  const Graph graph = must(optimize(must(read_onnx(zoo_bytes("digits-mlp")))));
  const std::vector<Tensor> inputs = random_inputs(graph, input_shapes(graph, 2), 1);
  Calibrator calibrator = must(Calibrator::create(graph));
  must(calibrator.observe(inputs));
  const Calibration calibration = must(calibrator.finish());
  Counts counts;
  Random random(2);
  for (int i = 0; i < 16; ++i) {
    check_recipe(graph, calibration, random_recipe(random, graph), inputs, counts);
  }
  CHECK(counts.accepted > 5);
}

}  // namespace lowbit::test
