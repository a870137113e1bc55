#include "quantize/pipeline.h"

#include <array>
#include <set>

#include "compare/metrics.h"
#include "doctest/doctest.h"
#include "formats/onnx_writer.h"
#include "support/check_error.h"
#include "support/graph_builder.h"
#include "support/must.h"
#include "support/quantize.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

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
  SqnrAccumulator sqnr;
  sqnr.add(run_once(fp32, images(64)), run_once(quantized, images(64)));
  return sqnr.db();
}

}  // namespace

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
  CHECK(stages == std::set<std::string>{"calibrate"});
  recipe.correct_bias = true;
  CHECK(quality() > nearest);
  recipe.weights.rounding = Rounding::kGptq;
  CHECK(quality() > nearest + 1);
  recipe.weights.rounding = Rounding::kAdaround;
  CHECK(quality() > nearest + 1);
  CHECK(stages == std::set<std::string>{"calibrate", "improve"});
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

TEST_CASE("a calibration of the graph as it was does not serve an equalized one") {
  const Graph fp32 = network();
  Recipe recipe;
  recipe.equalize = true;
  const Calibration calibration = must(finish(calibrate_in_steps(fp32, {images(40)})));
  const auto given = must(finish(quantize_in_steps(fp32, recipe, calibration, {images(40)})));
  const auto made = must(finish(quantize_in_steps(fp32, recipe, {}, {images(40)})));
  CHECK(must(write_onnx(given.graph)) == must(write_onnx(made.graph)));
}

TEST_CASE("few samples are warned of, none is an error") {
  Recipe recipe;
  recipe.weights.rounding = Rounding::kGptq;
  const auto few = must(finish(quantize_in_steps(network(), recipe, {}, {images(2)})));
  REQUIRE(few.warnings.size() == 1);
  CHECK(few.warnings[0].find("gemm1") != std::string::npos);
  check_error(finish(quantize_in_steps(network(), Recipe{}, {}, {images(0)})),
              ErrorCode::kEmptyCalibration, "calibration");
  check_error(finish(quantize_in_steps(network(), Recipe{}, {}, {})), ErrorCode::kShapeMismatch,
              "inputs");
}
