#include "analysis/sensitivity.h"

#include <algorithm>

#include "doctest/doctest.h"
#include "graph/rewrites.h"
#include "graph/validate.h"
#include "quantize/quantize.h"
#include "support/graph_builder.h"
#include "support/must.h"
#include "support/quantize.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

Graph classifier() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 2, 6, 6});
  const ValueId first = b.relu(b.conv(x, {.channels = 4, .kernel = {3, 3}}));
  const ValueId second = b.conv(first, {.channels = 4, .kernel = {3, 3}, .padding = {1, 1, 1, 1}});
  const ValueId sum = b.relu(b.add(first, second));
  const ValueId pooled = b.max_pool(sum, {.kernel = {2, 2}, .stride = {2, 2}});
  return must(optimize(b.output(b.gemm(b.flatten(pooled), {.features = 3})).build()));
}

Tensor images(int64_t count) { return random_tensor({count, 2, 6, 6}, 1, -1, 1); }

Graph quantized(const Graph& fp32, const Recipe& recipe) {
  return must(quantize(fp32, calibrate_on(fp32, images(40)), recipe));
}

const LayerSensitivity& layer(const Sensitivity& sensitivity, std::string_view name) {
  const auto found = std::ranges::find(sensitivity.layers, name, &LayerSensitivity::name);
  REQUIRE(found != sensitivity.layers.end());
  return *found;
}

}  // namespace

TEST_CASE("each layer is quantized alone, its weights and its output apart") {
  const Graph fp32 = classifier();
  Recipe recipe;
  recipe.weights.bits = 4;
  const Sensitivity s =
      must(finish(measure_sensitivity(fp32, quantized(fp32, recipe), {images(40)}, {}, {})));
  CHECK(s.fp32.samples == 40);
  CHECK(s.fp32.kl == 0);
  std::vector<std::string> names;
  for (const LayerSensitivity& l : s.layers) names.push_back(l.name);
  CHECK(names ==
        std::vector<std::string>{"x", "conv1", "conv2", "add1", "max_pool1", "flatten1", "gemm1"});
  CHECK(layer(s, "x").op == "Input");
  CHECK_FALSE(layer(s, "x").weights);
  REQUIRE(layer(s, "x").output);
  for (const char* name : {"conv1", "conv2", "gemm1"}) {
    CAPTURE(name);
    REQUIRE(layer(s, name).weights);
    REQUIRE(layer(s, name).output);
    // Four bits are about 24 dB, eight about 48.
    CHECK(layer(s, name).weights->sqnr_db < layer(s, name).output->sqnr_db - 6);
    CHECK(layer(s, name).weights->kl > layer(s, name).output->kl);
  }
  CHECK_FALSE(layer(s, "add1").weights);
  CHECK(layer(s, "add1").output);
  CHECK_FALSE(layer(s, "max_pool1").output);  // it has the parameters of its input
  CHECK_FALSE(layer(s, "flatten1").output);
}

TEST_CASE("the fragile layer is found") {
  const Graph fp32 = classifier();
  Recipe recipe;
  recipe.layers["conv2"].weights = WeightRecipe{.bits = 2};
  const Sensitivity s =
      must(finish(measure_sensitivity(fp32, quantized(fp32, recipe), {images(40)}, {}, {})));
  const double worst = layer(s, "conv2").weights->kl;
  for (const LayerSensitivity& l : s.layers) {
    if (l.weights && l.name != "conv2") CHECK(l.weights->kl < worst / 4);
  }
}

TEST_CASE("a variant differs in what its name says") {
  const Graph fp32 = classifier();
  const Graph int8 = quantized(fp32, {});
  const std::optional<Graph> weights = with_quantized_weights(fp32, int8, "conv2");
  REQUIRE(weights);
  CHECK(validate(*weights).ok());
  CHECK_FALSE(with_quantized_weights(fp32, int8, "add1"));
  CHECK_FALSE(with_quantized_weights(fp32, int8, "nobody"));

  const ValueId output = fp32.outputs[0];
  const ValueId integers = int8.find_value(fp32.value(output).name + "/quantized");
  REQUIRE(integers != kNoValue);
  const Graph rounded = with_quantized_value(fp32, output, *int8.value(integers).quant);
  CHECK(validate(rounded).ok());
  CHECK(rounded.nodes.size() == fp32.nodes.size() + 2);
  CHECK(rounded.outputs[0] != output);
  CHECK(rounded.nodes.back().op == Op::kDequantizeLinear);
}
