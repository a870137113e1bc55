#include "analysis/weight_distribution.h"

#include <doctest/doctest.h>

#include <limits>
#include <numeric>

#include "support/check_error.h"
#include "support/quantize.h"

namespace lowbit::test {
namespace {

using Doubles = std::vector<double>;
using Floats = std::vector<float>;

double total(const Doubles& counts) { return std::accumulate(counts.begin(), counts.end(), 0.0); }

// Two channels of four weights.
Graph matrix(Floats weights, int64_t features = 2) {
  GraphBuilder b;
  const auto depth = static_cast<int64_t>(weights.size()) / features;
  const ValueId x = b.input("x", {b.symbol("N"), depth});
  return b.output(b.name("fc").gemm(x, {.features = features, .weight = std::move(weights)}))
      .build();
}

TEST_CASE("Real weights: bars from the least to the largest, and the range of each channel") {
  const Graph graph = matrix({-1, 0, 0.5f, 1, 3, 2.5f, 0, -0.5f});
  const auto all = must(weight_distribution(graph, "fc", {}, 4));
  CHECK(all.histogram.low == -1);
  CHECK(all.histogram.high == 3);
  CHECK(all.histogram.counts == Doubles{2, 3, 1, 2});
  CHECK(all.integers.empty());
  CHECK(all.channel_min == Floats{-1, -0.5f});
  CHECK(all.channel_max == Floats{1, 3});
  CHECK(all.channel_scale.empty());

  const auto second = must(weight_distribution(graph, "fc", 1, 2));
  CHECK(second.histogram.low == -0.5f);
  CHECK(second.histogram.counts == Doubles{2, 2});
  CHECK(second.channel_min == all.channel_min);
}

TEST_CASE("Integer weights: the reals that they stand for, and how often each occurs") {
  const Graph fp32 = matrix({-1, 0, 0.5f, 1, 3, 2.5f, 0, -0.5f});
  Recipe recipe;
  recipe.weights.bits = 3;
  const Graph quantized =
      must(quantize(fp32, calibrate_on(fp32, random_tensor({8, 4}, 1, -1, 1)), recipe));
  // Scales of 1 / 3 and 1: -3, 0, 2 (1.5 to even), 3 and 3, 2 (2.5 to even), 0, 0 (-0.5 to even).
  const auto all = must(weight_distribution(quantized, "fc", {}, 1));
  CHECK(all.qmin == -3);
  CHECK(all.integers == Doubles{1, 0, 0, 3, 0, 2, 2});
  CHECK(all.channel_scale[0] == doctest::Approx(1.0 / 3));
  CHECK(all.channel_scale[1] == 1);
  CHECK(all.channel_min[0] == doctest::Approx(-1));
  CHECK(all.channel_max == Floats{3 * all.channel_scale[0], 3});
  CHECK(all.histogram.counts == Doubles{8});
  const auto first = must(weight_distribution(quantized, "fc", 0, 1));
  CHECK(first.integers == Doubles{1, 0, 0, 1, 0, 1, 1});
  CHECK(first.histogram.high == static_cast<double>(all.channel_max[0]));
}

TEST_CASE(
    "The layers are those of quantized models, batch normalization folded, and hold all weights") {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 4, 6, 6});
  const ValueId y = b.relu(b.batch_norm(b.conv(x, {.channels = 8, .kernel = {3, 3}})));
  const ValueId z = b.depthwise_conv(y, {.kernel = {3, 3}});
  const Graph loaded = b.output(b.gemm(b.flatten(z), {.features = 3})).build();
  const Graph fp32 = must(graph_of_weights(loaded));
  const Graph quantized = must(graph_of_weights(
      must(quantize(loaded, calibrate_on(loaded, random_tensor({4, 4, 6, 6}, 1, -1, 1)), {}))));
  const auto layers = layers_with_weights(fp32);
  REQUIRE(layers.size() == 3);
  CHECK(layers_with_weights(quantized).size() == 3);
  CHECK(layers[0].op == "Conv");
  CHECK(layers[0].count == 8 * 4 * 9);
  CHECK(layers[1].channels == 8);
  CHECK(layers[1].count == 8 * 9);
  CHECK(layers[2].count == 3 * 8 * 4);
  for (const LayerWeights& layer : layers) {
    const auto before = must(weight_distribution(fp32, layer.name, {}, 50));
    const auto after = must(weight_distribution(quantized, layer.name, {}, 50));
    const auto count = static_cast<double>(layer.count);
    CHECK(total(before.histogram.counts) == count);
    CHECK(total(after.histogram.counts) == count);
    CHECK(total(after.integers) == count);
    REQUIRE(before.channel_max.size() == static_cast<size_t>(layer.channels));
    for (size_t c = 0; c < before.channel_max.size(); ++c) {
      const float most = std::max(-before.channel_min[c], before.channel_max[c]);
      CHECK(after.channel_scale[c] == doctest::Approx(most / 127));
      CHECK(std::abs(after.channel_max[c] - before.channel_max[c]) <=
            0.501f * after.channel_scale[c]);
    }
  }
}

TEST_CASE("Weights that are all equal are in the last bar; no weights in none") {
  const auto equal = must(weight_distribution(matrix({2, 2, 2, 2}), "fc", {}, 3));
  CHECK(equal.histogram.low == equal.histogram.high);
  CHECK(equal.histogram.counts == Doubles{0, 0, 4});
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 0});
  const Graph none = b.output(b.name("empty").matmul(x, 3)).build();
  CHECK(must(weight_distribution(none, "empty", {}, 2)).histogram.counts == Doubles{0, 0});
}

TEST_CASE("Names and channels that are not there are refused, and weights that are no numbers") {
  const Graph graph = matrix({1, 2, 3, 4});
  check_error(weight_distribution(graph, "conv", {}, 4), ErrorCode::kInvalidArgument,
              "there are fc");
  check_error(weight_distribution(graph, "fc", 2, 4), ErrorCode::kInvalidArgument, "0 to 1");
  check_error(weight_distribution(graph, "fc", -1, 4), ErrorCode::kInvalidArgument, "none -1");
  const Graph broken = matrix({1, std::numeric_limits<float>::quiet_NaN(), 3, 4});
  check_error(graph_of_weights(broken), ErrorCode::kNonFinite, "fc.weight");
}

}  // namespace
}  // namespace lowbit::test
