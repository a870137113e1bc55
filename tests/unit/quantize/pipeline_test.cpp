#include "quantize/pipeline.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "compare/metrics.h"
#include "doctest/doctest.h"
#include "engine/batch.h"
#include "formats/onnx_writer.h"
#include "quantize/calibration_file.h"
#include "quantize/channel_pairs.h"
#include "quantize/quantize.h"
#include "quantize/recipe_json.h"
#include "support/check_error.h"
#include "support/graph_builder.h"
#include "support/graph_difference.h"
#include "support/must.h"
#include "support/quantize.h"
#include "tensor/samples.h"

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

Graph network() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 2, 8, 8});
  const ValueId first = b.relu(b.conv(x, {.channels = 6, .kernel = {3, 3}}));
  const ValueId second = b.relu(b.batch_norm(b.depthwise_conv(first, {.kernel = {3, 3}})));
  const ValueId third = b.relu(b.conv(second, {.channels = 8}));
  return b
      .output(b.gemm(b.flatten(b.max_pool(third, {.kernel = {2, 2}, .stride = {2, 2}})),
                     {.features = 4}))
      .build();
}

Tensor images(int64_t count) { return random_tensor({count, 2, 8, 8}, 5, -1, 1); }

double sqnr_of(const Graph& fp32, const Graph& quantized) {
  ErrorAccumulator error;
  error.add(run_once(fp32, images(64)), run_once(quantized, images(64)));
  return error.sqnr_db();
}

}  // namespace

TEST_CASE("equalization and bias correction run where the recipe asks for them") {
  const Graph graph = uneven_network();
  const Tensor samples = random_tensor({256, 8}, 1, -1, 1);
  const std::vector<float> expected = run_once(graph, samples);
  const auto db = [&](const Recipe& recipe) {
    ErrorAccumulator error;
    error.add(expected, run_once(run(graph, recipe, {}, {samples}), samples));
    return error.sqnr_db();
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

TEST_CASE("every algorithm of a recipe runs, and makes few bits better") {
  const Graph fp32 = network();
  Recipe recipe;
  recipe.weights.bits = 3;
  std::set<std::string> stages;
  const Context context{[&](std::string_view stage, double fraction) {
    CHECK(fraction >= 0);
    CHECK(fraction <= 1);
    stages.insert(std::string(stage));
    return true;
  }};
  const auto quality = [&] {
    return sqnr_of(fp32,
                   must(finish(quantize_in_steps(fp32, recipe, {}, {images(128)}), context)).graph);
  };
  const double nearest = quality();
  CHECK(stages == std::set<std::string>{"calibrate", "quantize"});
  recipe.correct_bias = true;
  CHECK(quality() > nearest);
  recipe.weights.rounding = Rounding::kGptq;
  CHECK(quality() > nearest + 1);
  recipe.weights.rounding = Rounding::kAdaround;
  CHECK(quality() > nearest + 1);
  CHECK(stages == std::set<std::string>{"calibrate", "quantize", "improve"});
  recipe.equalize = true;
  recipe.weights.clipping = Clipping::kMse;
  CHECK(quality() > nearest + 1);
  CHECK(stages.contains("equalize"));
}

TEST_CASE("the same recipe and samples give the same bytes") {
  Recipe recipe;
  recipe.weights.bits = 4;
  recipe.weights.rounding = Rounding::kAdaround;
  recipe.correct_bias = true;
  recipe.equalize = true;
  const auto bytes = [&] {
    return must(
        write_onnx(must(finish(quantize_in_steps(network(), recipe, {}, {images(40)}))).graph));
  };
  CHECK(bytes() == bytes());
}

TEST_CASE("a calibration stands in for samples where nothing learns from them") {
  const Graph fp32 = network();
  const Calibration calibration = must(finish(calibrate_in_steps(fp32, {images(40)})));
  CHECK(calibration.sample_count == 40);
  Recipe recipe;
  const auto by_samples = must(finish(quantize_in_steps(fp32, recipe, {}, {images(40)})));
  const auto by_calibration = must(finish(quantize_in_steps(fp32, recipe, calibration, {})));
  CHECK(must(write_onnx(by_samples.graph)) == must(write_onnx(by_calibration.graph)));

  std::array<Recipe, 3> learning;
  learning[0].equalize = true;
  learning[1].correct_bias = true;
  learning[2].weights.rounding = Rounding::kGptq;
  for (const Recipe& one : learning) {
    CHECK(needs_samples(one));
    check_error(finish(quantize_in_steps(fp32, one, calibration, {})), ErrorCode::kInvalidArgument,
                "calibration");
  }
  recipe.layers["conv1"].weights = WeightRecipe{.rounding = Rounding::kAdaround};
  CHECK(needs_samples(recipe));
}

TEST_CASE("chunks of samples that were calibrated apart make the very calibration of all") {
  const Graph fp32 = network();
  const int64_t chunk = kChunkBatches * batch_for(fp32, std::array{images(1)});
  const std::vector<Tensor> samples{images(2 * chunk + 40)};
  std::vector<std::shared_ptr<Buffer>> parts;
  for (const int64_t first : {int64_t{0}, chunk, 2 * chunk}) {
    const int64_t count = std::min(chunk, samples[0].shape()[0] - first);
    const std::vector<std::byte> part = save_calibration(
        must(finish(calibrate_in_steps(fp32, must(slice_samples(samples, first, count))))));
    parts.push_back(must(Buffer::allocate(part.size())));
    std::ranges::copy(part, parts.back()->data());
  }
  const Calibration merged = must(finish(merge_calibrations(parts)));
  const Calibration whole = must(finish(calibrate_in_steps(fp32, samples)));
  CHECK(save_calibration(merged) == save_calibration(whole));
  CHECK(whole.sample_count == 2 * chunk + 40);

  // As what observes all batches in one go, but for the last bits of the moving averages.
  Calibrator calibrator = must(Calibrator::create(must(prepare(fp32))));
  const int64_t batch = chunk / kChunkBatches;
  for (int64_t first = 0; first < whole.sample_count; first += batch) {
    const int64_t count = std::min(batch, whole.sample_count - first);
    must(calibrator.observe(must(slice_samples(samples, first, count))));
  }
  for (const auto& [name, expected] : must(calibrator.finish()).by_value) {
    const Observation& seen = whole.by_value.at(name);
    CHECK(seen.bins == expected.bins);
    CHECK(seen.min == expected.min);
    CHECK(seen.max == expected.max);
    CHECK(seen.average.max_sum == doctest::Approx(expected.average.max_sum).epsilon(1e-14));
  }
}

TEST_CASE("a recipe that does not fit the graph is refused before any sample is read") {
  Tensor unreadable = images(8);
  unreadable.mutable_data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  Recipe recipe;
  recipe.layers["conv9"] = {};
  recipe.correct_bias = true;
  for (const bool equalizes : {false, true}) {
    recipe.equalize = equalizes;
    check_error(finish(quantize_in_steps(network(), recipe, {}, {unreadable})),
                ErrorCode::kInvalidArgument, "layers.conv9");
  }
}

TEST_CASE("few samples are warned of, none is an error") {
  Recipe recipe;
  recipe.weights.rounding = Rounding::kGptq;
  const auto few = must(finish(quantize_in_steps(network(), recipe, {}, {images(2)})));
  REQUIRE(few.warnings.size() == 1);
  CHECK(few.warnings[0].find("gemm1") != std::string::npos);
  check_error(finish(quantize_in_steps(network(), Recipe{}, {}, {images(0)})),
              ErrorCode::kEmptyCalibration, "samples");
  check_error(finish(quantize_in_steps(network(), Recipe{}, {}, {})), ErrorCode::kShapeMismatch,
              "inputs");
}

TEST_CASE("a quantized graph says how it was made, beside what its source said") {
  GraphBuilder b;
  b.graph().metadata.properties = {{"author", "somebody"}};
  const Graph graph = b.output(b.gemm(b.input("x", {b.symbol("N"), 4}), {.features = 2})).build();
  Recipe recipe;
  recipe.weights.bits = 5;
  const Tensor samples = must(Tensor::from_values<float>(
      {2, 4}, std::array{1.0f, 2.0f, 3.0f, 4.0f, -1.0f, 0.0f, 1.0f, 2.0f}));
  const auto& properties = run(graph, recipe, std::nullopt, {samples}).metadata.properties;
  REQUIRE(properties.size() == 4);
  CHECK(properties[0].second == "somebody");
  CHECK(properties[2].first == "lowbit.recipe");
  CHECK(must(read_recipe(properties[2].second)).weights.bits == 5);
  CHECK(properties[3].first == "lowbit.calibration");
  CHECK(properties[3].second == "{\n  \"samples\": 2\n}");
}
