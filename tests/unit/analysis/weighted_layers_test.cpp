#include "analysis/weighted_layers.h"

#include <cmath>

#include "doctest/doctest.h"
#include "support/quantize.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

Graph product(const std::vector<float>& weight, int64_t features) {
  GraphBuilder b;
  const int64_t depth = std::ssize(weight) / features;
  const ValueId x = b.input("x", {b.symbol("N"), depth});
  return b.output(b.gemm(x, {.features = features, .weight = weight})).build();
}

}  // namespace

TEST_CASE("the range ratio is that of the widest channel and the median one") {
  const auto ratio = [](const std::vector<float>& weight, int64_t features) {
    const Graph graph = product(weight, features);
    return range_ratio(graph, *linear_layer(graph, 0));
  };
  CHECK(ratio({1, -2, 0, 4, -16, 3}, 3) == 4);
  CHECK(ratio({5, 1, -5, 2}, 2) == 1);
  CHECK(ratio({0, 0, 0, 0, 1, 1}, 3) == 1);  // channels of zeros have no range
}

TEST_CASE("the reach of weights is relative to those that share their scale") {
  std::vector<float> weight(2 * 64, 1.0f);
  weight[0] = 8;
  weight[64] = 4;
  const Graph graph = product(weight, 2);
  const auto reach = [&](Granularity granularity) {
    return weight_reach(graph, {.layer = *linear_layer(graph, 0),
                                .name = "gemm1",
                                .recipe = {.granularity = granularity}});
  };
  const auto of_one = [](double largest, double others) {
    return largest / std::sqrt((largest * largest + others) / (others + 1));
  };
  CHECK(reach(Granularity::kPerTensor) ==
        doctest::Approx(8 / std::sqrt((64.0 + 16.0 + 126.0) / 128)).epsilon(1e-12));
  CHECK(reach(Granularity::kPerChannel) ==
        doctest::Approx((of_one(8, 63) + of_one(4, 63)) / 2).epsilon(1e-12));
  CHECK(reach(Granularity::kGroup32) ==
        doctest::Approx((of_one(8, 31) + of_one(4, 31) + 2) / 4).epsilon(1e-12));
}

TEST_CASE("layers that stay float are none of the quantized ones") {
  GraphBuilder b;
  ValueId x = b.input("x", {b.symbol("N"), 3, 8, 8});
  x = b.relu(b.depthwise_conv(b.conv(x, {.channels = 4}), {.kernel = {3, 3}}));
  const Graph fp32 = must(prepare(b.output(b.gemm(b.flatten(x), {.features = 2})).build()));
  const Tensor samples = random_tensor({8, 3, 8, 8}, 1, -1, 1);
  Recipe recipe;
  recipe.layers["gemm1"].is_float = true;
  recipe.layers["conv1"].weights = WeightRecipe{.bits = 4};
  const Graph quantized = must(quantize(fp32, calibrate_on(fp32, samples), recipe));
  const Sensitivity sensitivity =
      must(finish(measure_sensitivity(fp32, quantized, {samples}, {}, {})));
  const std::vector<WeightedLayer> layers = weighted_layers(fp32, recipe, sensitivity);
  REQUIRE(layers.size() == 2);
  CHECK(layers[0].name == "conv1");
  CHECK(layers[0].recipe.bits == 4);
  CHECK(layers[0].loss > layers[1].loss);
  CHECK_FALSE(layers[0].is_depthwise());
  CHECK(layers[1].name == "conv2");
  CHECK(layers[1].is_depthwise());
}
