#include "analysis/overflow.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/engine.h"
#include "support/graph_builder.h"

namespace lowbit::test {
namespace {

using Doubles = std::vector<double>;

TEST_CASE("Bounds worked out by hand: the input's range, its zero point and the bias count") {
  GraphBuilder b;
  const ValueId x = b.input_u8("x", {1, 3}, activation_params(0.1f, 5, 4));  // 0..15, less 5
  const ValueId y =
      b.name("fc").gemm(x, {.features = 2, .weight = {1, -2, 3, 0, 0, -1}, .bias = {100, -7}});
  const auto layers = accumulators(b.output(y).build());
  REQUIRE(layers.size() == 1);
  CHECK(layers[0].name == "fc");
  CHECK(layers[0].op == "Gemm");
  CHECK(layers[0].low == Doubles{100 - 5 * 4 - 10 * 2, -7 - 10});
  CHECK(layers[0].high == Doubles{100 + 10 * 4 + 5 * 2, -7 + 5});
  CHECK(layers[0].bits == 9);  // 150
  CHECK(layers[0].share == doctest::Approx(150 / 2147483647.0));
}

TEST_CASE("Bounds of a convolution are those over all inputs, group by group") {
  GraphBuilder b;
  const QuantParams narrow = activation_params(0.1f, 2, 2);  // 0..3
  const ValueId x = b.input_u8("x", {1, 4, 2, 1}, narrow);
  const ValueId y = b.conv(x, {.channels = 2,
                               .kernel = {2, 1},
                               .groups = 2,
                               .weight = {3, -1, 2, 2, -5, 0, 0, 4},
                               .bias = {10, -20}});
  const Graph graph = b.output(y).build();
  const auto weights = graph.value(graph.nodes[0].inputs[1]).constant->data<int8_t>();
  const int32_t bias[] = {10, -20};
  const auto layers = accumulators(graph);
  REQUIRE(layers.size() == 1);
  for (size_t c = 0; c < 2; ++c) {
    double low = 1e9;
    double high = -1e9;
    for (int input = 0; input < 256; ++input) {
      double sum = bias[c];
      for (size_t k = 0; k < 4; ++k) sum += ((input >> 2 * k & 3) - 2) * weights[4 * c + k];
      low = std::min(low, sum);
      high = std::max(high, sum);
    }
    CHECK(layers[0].low[c] == low);
    CHECK(layers[0].high[c] == high);
  }
}

TEST_CASE("Weights in blocks have an accumulator for each, without the bias") {
  GraphBuilder b;
  const ValueId x = b.input_u8("x", {1, 5}, activation_params(0.1f, 0));
  const ValueId y = b.gemm(x, {.features = 1, .weight = {1, 2, -3, 4, -7}, .bias = {1000}});
  Graph graph = b.output(y).build();
  QuantParams& quant = *graph.value(graph.nodes[0].inputs[1]).quant;
  quant.axis = 1;
  quant.block_size = 2;
  quant.scale.assign(3, quant.scale[0]);
  quant.zero_point.assign(3, 0);
  const auto layers = accumulators(graph);
  REQUIRE(layers.size() == 1);
  CHECK(layers[0].low == Doubles{-7 * 255});  // the last block, of one weight
  CHECK(layers[0].high == Doubles{4 * 255});  // the second; the first has 3 * 255
}

TEST_CASE("A model is planned if and only if no layer needs more than 32 bits") {
  const auto wide = [](float bias) {
    GraphBuilder b;
    const ValueId x = b.input_u8("x", {1, 2}, activation_params(0.1f, 255));
    return b.output(b.gemm(x, {.features = 1, .weight = {-127, 127}, .bias = {bias}})).build();
  };
  // 2^31 - 128 as float32; -127 * -255 above it.
  for (const float bias : {2147450880.0f, 2147483520.0f}) {
    const Graph graph = wide(bias);
    const auto layers = accumulators(graph);
    REQUIRE(layers.size() == 1);
    const bool is_planned = make_plan(graph, std::array{Shape{1, 2}}, {}).ok();
    CHECK(is_planned == (layers[0].bits <= 32));
    CHECK(is_planned == (layers[0].share <= 1));
    CHECK(is_planned == (bias < 2147483520.0f));
  }
}

TEST_CASE("Layers that compute on floats have no accumulator to prove anything of") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 4});
  CHECK(accumulators(b.output(b.gemm(x, {.features = 2})).build()).empty());
}

}  // namespace
}  // namespace lowbit::test
