#include "quantize/pipeline.h"

#include <algorithm>

#include "compare/metrics.h"
#include "doctest/doctest.h"
#include "quantize/channel_pairs.h"
#include "quantize/quantize.h"
#include "support/check_error.h"
#include "support/graph_difference.h"
#include "support/quantize.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// Channels in units so different that one scale per tensor does not fit them.
Graph uneven_network() {
  GraphBuilder b;
  ValueId x = b.input("x", {b.symbol("N"), 8});
  x = b.relu(b.gemm(x, {.features = 16}));
  x = b.relu(b.gemm(x, {.features = 16}));
  const Graph even = must(prepare(b.output(b.gemm(x, {.features = 4})).build()));
  const std::vector<ChannelPair> pairs = find_channel_pairs(even);
  std::vector<ChannelChange> changes;
  for (const ChannelPair& pair : pairs) {
    changes.push_back(no_change(pair));
    for (size_t c = 0; c < 16; c += 2) changes.back().factor[c] = 100;
  }
  return must(change_channels(even, pairs, changes));
}

Recipe per_tensor() {
  Recipe recipe;
  recipe.weights.granularity = Granularity::kPerTensor;
  return recipe;
}

Graph run(const Graph& graph, const Recipe& recipe, std::optional<Calibration> calibration,
          std::vector<Tensor> samples) {
  return must(finish(quantize_in_steps(graph, recipe, std::move(calibration), std::move(samples))))
      .graph;
}

}  // namespace

TEST_CASE("equalization and bias correction run where the recipe asks for them") {
  const Graph graph = uneven_network();
  const Tensor samples = random_tensor({256, 8}, 1, -1, 1);
  const std::vector<float> expected = run_once(graph, samples);
  const auto db = [&](const Recipe& recipe) {
    SqnrAccumulator sqnr;
    sqnr.add(expected, run_once(run(graph, recipe, {}, {samples}), samples));
    return sqnr.db();
  };
  Recipe recipe = per_tensor();
  const double plain = db(recipe);
  recipe.equalize = true;
  const double equalized = db(recipe);
  CHECK(equalized > plain + 10);
  recipe.correct_bias = true;
  CHECK(db(recipe) > equalized);
}

TEST_CASE("a calibration of the graph as it was does not serve an equalized one") {
  const Graph graph = uneven_network();
  const Tensor samples = random_tensor({64, 8}, 1, -1, 1);
  Recipe recipe = per_tensor();
  const Calibration calibration = calibrate_on(graph, samples);
  CHECK(graph_difference(run(graph, recipe, calibration, {samples}),
                         run(graph, recipe, {}, {samples})) == "");
  recipe.equalize = true;
  CHECK(graph_difference(run(graph, recipe, calibration, {samples}),
                         run(graph, recipe, {}, {samples})) == "");
}

TEST_CASE("recipes that learn from samples are refused without any") {
  const Graph graph = uneven_network();
  const Calibration calibration = calibrate_on(graph, random_tensor({64, 8}, 1, -1, 1));
  Recipe recipe = per_tensor();
  CHECK_FALSE(needs_samples(recipe));
  recipe.layers["gemm2"].weights = WeightRecipe{.rounding = Rounding::kGptq};
  CHECK(needs_samples(recipe));
  check_error(finish(quantize_in_steps(graph, recipe, calibration, {})),
              ErrorCode::kInvalidArgument, "calibration");
}
