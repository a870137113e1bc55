// Integer accumulators that could leave 32 bits are refused, and narrow weights packed.
#include "engine/product.h"

#include <doctest/doctest.h>

#include <limits>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

constexpr int32_t kMaxBias = std::numeric_limits<int32_t>::max();

Graph wide_product(int64_t depth, int32_t bias) {
  GraphBuilder b;
  const ValueId x = b.input_u8("x", {1, depth}, activation_params(0.1f, 0));
  const ValueId y =
      b.name("wide").gemm(x, {.features = 2,
                              .weight = std::vector<float>(static_cast<size_t>(2 * depth), 127.0f),
                              .bias = {0, static_cast<float>(bias)}});
  return b.output(y).build();
}

TEST_CASE("A reduction that is too long is refused by name, one that is not computes exactly") {
  const Graph long_graph = wide_product(kernels::kMaxMatmulU8S8Depth + 1, 0);
  const auto refused = make_plan(long_graph, input_shapes(long_graph, 1), {});
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::kAccumulatorOverflow);
  CHECK(refused.error().where == "wide");

  check_plan(wide_product(kernels::kMaxMatmulU8S8Depth, 0));
}

TEST_CASE("A channel whose worst sum leaves 32 bits is refused by name") {
  const Graph graph = wide_product(kernels::kMaxMatmulU8S8Depth, 1 << 30);
  check_plan(graph);  // 32,896 * 255 * 127 + 2^30 still fits

  const Graph too_much = wide_product(kernels::kMaxMatmulU8S8Depth, 1'090'000'000);
  const auto refused = make_plan(too_much, input_shapes(too_much, 1), {});
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::kAccumulatorOverflow);
  CHECK(refused.error().where == "wide");
  CHECK(refused.error().message.find("channel 1") != std::string::npos);

  GraphBuilder b;
  const ValueId x = b.input_u8("x", {1, 2, 1, 1}, activation_params(0.1f, 0));
  const ValueId y = b.name("dw").depthwise_conv(
      x, {.weight = {1, 127}, .bias = {0, static_cast<float>(kMaxBias - 127)}});
  const Graph depthwise = b.output(y).build();
  const auto also = make_plan(depthwise, input_shapes(depthwise, 1), {});
  REQUIRE(!also.ok());
  CHECK(also.error().code == ErrorCode::kAccumulatorOverflow);
  CHECK(also.error().where == "dw");
}

// Where the output stage may round by adding 1.5 * 2^23 (kernels/simd_u8.h), these sums are proven
// not to come; done to them, that would give 255.
TEST_CASE("Sums between 2^23 and 2^24 output steps below zero saturate") {
  GraphBuilder b;
  const ValueId x = b.input_u8("x", {1, 8, 5, 5}, activation_params(0.1f, 0));
  const ValueId conv = b.conv(x, {.channels = 9,
                                  .kernel = {3, 3},
                                  .has_bias = false,
                                  .weight = std::vector<float>(9 * 8 * 9, -100)});
  b.set_quant(conv, activation_params(8e-5f, 100));
  const ValueId depthwise = b.depthwise_conv(
      x, {.kernel = {3, 3}, .has_bias = false, .weight = std::vector<float>(8 * 9, -100)});
  b.set_quant(depthwise, activation_params(1e-5f, 100));
  Graph graph = b.output(conv).output(depthwise).build();
  for (const Node& node : graph.nodes) {
    QuantParams& weights = *graph.value(node.inputs[1]).quant;
    weights.axis = -1;
    weights.scale = {0.01f};
    weights.zero_point = {0};
  }
  Tensor input = must(Tensor::allocate(DType::kU8, {1, 8, 5, 5}));
  for (uint8_t& q : input.mutable_data<uint8_t>()) q = 200;
  check_plan(graph, {input});
}

// Weights from -8 to 7, whose parameters allow `qmin` to `qmax`.
Graph narrow_product(int64_t depth, int32_t qmin, int32_t qmax) {
  std::vector<float> weights(static_cast<size_t>(2 * depth));
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 16) - 8;
  GraphBuilder b;
  const ValueId x = b.input_u8("x", {1, depth}, activation_params(0.1f, 100));
  Graph graph =
      b.output(b.name("narrow").gemm(x, {.features = 2, .weight = std::move(weights)})).build();
  QuantParams& params = *graph.value(graph.nodes[0].inputs[1]).quant;
  params.qmin = qmin;
  params.qmax = qmax;
  return graph;
}

TEST_CASE("Weights are packed in four bits where their parameters' range and the depth allow it") {
  constexpr int32_t kMost = kernels::kMaxMatmulU8S4Depth;
  const struct {
    int64_t depth;
    int32_t qmin, qmax;
    bool in_four_bits;
  } cases[] = {{100, -8, 7, true},
               {100, -9, 7, false},
               {100, -8, 8, false},
               {kMost, -8, 7, true},
               {kMost + 1, -8, 7, false}};
  for (const auto& c : cases) {
    CAPTURE(c.depth);
    CAPTURE(c.qmin);
    CAPTURE(c.qmax);
    const Graph graph = narrow_product(c.depth, c.qmin, c.qmax);
    check_plan(graph);
    const auto depth = static_cast<int32_t>(c.depth);
    const size_t bytes = c.in_four_bits
                             ? kernels::packed_matmul_u8s4_bytes(Tier::kSimd128, 2, 1, depth)
                             : kernels::packed_matmul_u8s8_bytes(Tier::kSimd128, 2, 1, depth);
    CHECK(must(make_plan(graph, input_shapes(graph, 1), {.tier = Tier::kSimd128})).packed_bytes() ==
          bytes);
  }
}

}  // namespace
}  // namespace lowbit::test
