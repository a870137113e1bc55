#include "quantize/improve.h"

#include <array>

#include "compare/metrics.h"
#include "doctest/doctest.h"
#include "graph/validate.h"
#include "support/check_error.h"
#include "support/graph_difference.h"
#include "support/quantize.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// Every form of a layer, one after another.
Graph network() {
  GraphBuilder b;
  ValueId x = b.input("x", {b.symbol("N"), 3, 8, 8});
  x = b.relu(b.conv(x, {.channels = 32, .kernel = {3, 3}, .padding = {1, 1, 1, 1}}));
  x = b.relu(b.depthwise_conv(x, {.kernel = {3, 3}, .padding = {1, 1, 1, 1}}));
  x = b.relu(b.conv(x, {.channels = 32, .groups = 2, .has_bias = false}));
  x = b.relu(b.conv(x, {.channels = 8}));
  x = b.relu(
      b.gemm(b.flatten(b.max_pool(x, {.kernel = {2, 2}, .stride = {2, 2}})), {.features = 40}));
  return must(prepare(b.output(b.matmul(x, 10)).build()));
}

// `count` samples of the same distribution for each seed.
Tensor samples(int64_t count, uint64_t seed) {
  return random_tensor({count, 3, 8, 8}, seed, -1, 1);
}

struct Case {
  Graph fp32 = network();
  Tensor learn = samples(256, 1);
  Calibration calibration = calibrate_on(fp32, learn);

  Graph plain(const Recipe& recipe) const { return must(quantize(fp32, calibration, recipe)); }
  QuantizedGraph improved(const Recipe& recipe) const {
    return must(finish(improve(fp32, plain(recipe), std::array{learn}, recipe)));
  }
  // On samples that nothing has seen.
  double sqnr_db(const Graph& graph) const {
    const Tensor unseen = samples(128, 2);
    ErrorAccumulator error;
    error.add(run_once(fp32, unseen), run_once(graph, unseen));
    return error.sqnr_db();
  }
};

Recipe recipe_of(int bits, Rounding rounding, bool correct_bias = false) {
  Recipe recipe;
  recipe.weights.bits = bits;
  recipe.weights.rounding = rounding;
  recipe.correct_bias = correct_bias;
  return recipe;
}

const Tensor& weights_of(const Graph& graph, const std::string& node) {
  return *graph.value(graph.find_value(node + ".weight")).constant;
}

bool same_weights(const Graph& a, const Graph& b, const std::string& node) {
  return std::ranges::equal(weights_of(a, node).data<int8_t>(), weights_of(b, node).data<int8_t>());
}

}  // namespace

TEST_CASE("each algorithm makes a coarse network more like the exact one, also on unseen samples") {
  const Case c;
  const double plain = c.sqnr_db(c.plain(recipe_of(3, Rounding::kNearest)));
  for (const Rounding rounding : {Rounding::kAdaround, Rounding::kGptq}) {
    const QuantizedGraph improved = c.improved(recipe_of(3, rounding));
    must(validate(improved.graph));
    CHECK(improved.warnings.empty());
    CHECK(c.sqnr_db(improved.graph) > plain + 2);
  }
  const Recipe corrected = recipe_of(3, Rounding::kNearest, true);
  CHECK(c.sqnr_db(c.improved(corrected).graph) > plain + 1);
}

TEST_CASE("only integers change: scales, activations and names stay") {
  const Case c;
  const Recipe recipe = recipe_of(4, Rounding::kGptq);
  const Graph plain = c.plain(recipe);
  const Graph improved = c.improved(recipe).graph;
  REQUIRE(improved.values.size() == plain.values.size());
  for (size_t i = 0; i < plain.values.size(); ++i) {
    CAPTURE(plain.values[i].name);
    CHECK(improved.values[i].name == plain.values[i].name);
    CHECK(improved.values[i].quant == plain.values[i].quant);
    CHECK(improved.values[i].shape == plain.values[i].shape);
  }
  for (const char* node : {"conv1", "conv2", "conv3", "conv4", "gemm1", "matmul1"}) {
    CAPTURE(node);
    CHECK_FALSE(same_weights(plain, improved, node));
    for (const int8_t q : weights_of(improved, node).data<int8_t>()) CHECK(std::abs(q) <= 7);
  }
}

TEST_CASE("apart, a layer learns nothing of the others' errors") {
  const Case c;
  const auto apart = [&](const Recipe& recipe) {
    return must(finish(improve(c.fp32, c.plain(recipe), std::array{c.learn}, recipe, true))).graph;
  };
  const Recipe coarse = recipe_of(2, Rounding::kGptq);
  Recipe fine_before = coarse;
  fine_before.layers["conv1"].weights = recipe_of(8, Rounding::kGptq).weights;
  CHECK(same_weights(apart(coarse), apart(fine_before), "conv4"));
  CHECK_FALSE(same_weights(apart(coarse), c.improved(coarse).graph, "conv4"));
}

TEST_CASE("each layer has its own algorithm, or none") {
  const Case c;
  Recipe recipe = recipe_of(4, Rounding::kNearest);
  recipe.layers["conv3"].weights = recipe_of(4, Rounding::kGptq).weights;
  recipe.layers["conv4"].is_float = true;
  const Graph plain = c.plain(recipe);
  const Graph improved = c.improved(recipe).graph;
  CHECK(same_weights(plain, improved, "conv1"));
  CHECK_FALSE(same_weights(plain, improved, "conv3"));
  CHECK(same_weights(plain, improved, "gemm1"));
  // Nothing to do: the graph as it was, without a look at the samples.
  const Recipe nearest = recipe_of(4, Rounding::kNearest);
  const Graph untouched = must(finish(improve(c.fp32, c.plain(nearest), {}, nearest))).graph;
  CHECK(same_weights(c.plain(nearest), untouched, "conv1"));
}

TEST_CASE("weights in groups and weights beside real activations are improved as well") {
  const Case c;
  for (const bool is_weight_only : {false, true}) {
    CAPTURE(is_weight_only);
    Recipe recipe = recipe_of(3, Rounding::kGptq, true);
    recipe.weights.granularity = Granularity::kGroup32;
    if (is_weight_only) recipe.activations.bits = kFloatBits;
    const QuantizedGraph improved = c.improved(recipe);
    must(validate(improved.graph));
    CHECK(c.sqnr_db(improved.graph) > c.sqnr_db(c.plain(recipe)) + 2);
  }
}

TEST_CASE("the same samples and seed give the same integers") {
  const Case c;
  const Recipe recipe = recipe_of(3, Rounding::kAdaround, true);
  CHECK(graph_difference(c.improved(recipe).graph, c.improved(recipe).graph) == "");
}

TEST_CASE("too few rows are a warning that names the layer") {
  Case c;
  c.learn = samples(8, 1);  // gemm1 has 128 weights an output, and 8 rows
  for (const Rounding rounding : {Rounding::kAdaround, Rounding::kGptq}) {
    const QuantizedGraph improved = c.improved(recipe_of(4, rounding));
    REQUIRE(improved.warnings.size() == 2);
    CHECK(improved.warnings[0].find("'gemm1'") != std::string::npos);
    CHECK(improved.warnings[1].find("'matmul1'") != std::string::npos);
  }
}

TEST_CASE("progress is one fraction over all layers, and never goes back") {
  const Case c;
  const Recipe recipe = recipe_of(4, Rounding::kGptq, true);
  const std::array learn = {c.learn};
  auto task = improve(c.fp32, c.plain(recipe), learn, recipe);
  double fraction = 0;
  while (!task.step()) {
    CHECK(task.progress().stage == "improve");
    CHECK(task.progress().fraction >= fraction);
    fraction = task.progress().fraction;
  }
  CHECK(fraction > 0.9);
  CHECK(fraction <= 1);
}

TEST_CASE("samples that the model does not take are an error") {
  const Case c;
  const Recipe recipe = recipe_of(4, Rounding::kGptq);
  const std::array wrong = {random_tensor({4, 2, 8, 8}, 1, -1, 1)};
  check_error(finish(improve(c.fp32, c.plain(recipe), wrong, recipe)), ErrorCode::kShapeMismatch,
              "x");
}
