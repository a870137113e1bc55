#include <doctest/doctest.h>

#include <limits>

#include "graph/rewrites.h"
#include "support/integer_weights.h"
#include "support/rewrite_check.h"

using namespace lowbit;
using namespace lowbit::test;
using Names = std::vector<std::string>;

TEST_CASE("Folding follows the equation, channel by channel") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 1, 1, 1});
  const ValueId y = b.conv(x, {.channels = 2, .weight = {3, -5}, .bias = {1, 2}});
  const ValueId z = b.batch_norm(y, {.epsilon = 0.75f,
                                     .scale = {2, 10},
                                     .bias = {0.5f, 0},
                                     .mean = {4, -1},
                                     .variance = {0.25f, 24.25f}});
  const Graph result = must(fold_batch_normalization(b.output(z).build()));
  // g = 2 / sqrt(0.25 + 0.75) = 2 and 10 / sqrt(24.25 + 0.75) = 2.
  CHECK(floats_of(result, "conv1.weight") == std::vector<float>{6, -10});
  CHECK(floats_of(result, "conv1.bias") == std::vector<float>{-5.5f, 6});
  CHECK(node_names(result) == Names{"conv1"});
  CHECK(names_of(result, result.outputs) == Names{"batch_norm1"});
  CHECK(result.values.size() == 4);
}

TEST_CASE("Convolutions with groups, without bias and in a row are folded") {
  GraphBuilder b;
  ValueId y = b.input("x", {2, 4, 5, 5});
  y = b.batch_norm(b.conv(
      y,
      {.channels = 6, .kernel = {3, 3}, .padding = {1, 1, 1, 1}, .groups = 2, .has_bias = false}));
  y = b.relu(b.batch_norm(b.batch_norm(b.depthwise_conv(y, {.kernel = {3, 3}}))));
  y = b.batch_norm(b.conv(y, {.channels = 3}));
  const Graph graph = b.output(y).build();
  const Graph result = must(fold_batch_normalization(graph));
  CHECK(node_names(result) == Names{"conv1", "conv2", "relu1", "conv3"});
  CHECK(result.find_value("conv1.bias") != kNoValue);
  check_equivalent(graph, result);
}

TEST_CASE("A Gemm is folded whichever way its weight lies, with its factors and any bias") {
  for (const bool transpose_b : {false, true}) {
    for (const bool transpose_a : {false, true}) {
      for (const Shape& bias :
           {Shape{}, Shape{1}, Shape{5}, Shape{1, 5}, Shape{3, 1}, Shape{3, 5}, Shape{0}}) {
        GraphBuilder b;
        const ValueId x = b.input("x", transpose_a ? Shape{4, 3} : Shape{3, 4});
        const ValueId y = b.gemm(x, {.features = 5,
                                     .has_bias = false,
                                     .alpha = 0.5f,
                                     .beta = -3,
                                     .transpose_a = transpose_a,
                                     .transpose_b = transpose_b});
        if (bias != Shape{0}) {
          b.graph().nodes[0].inputs.push_back(b.random_constant("c", bias, -1, 1));
        }
        const Graph graph = b.output(b.batch_norm(y)).build();
        const Graph result = must(fold_batch_normalization(graph));
        CAPTURE(bias.to_string());
        CHECK(node_names(result) == Names{"gemm1"});
        check_equivalent(graph, result);
      }
    }
  }
}

TEST_CASE("Constants that others read too are copied") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 3, 3});
  const ValueId first = b.conv(x, {.channels = 2});
  const ValueId second = b.conv(x, {.channels = 2});
  const ValueId third = b.conv(x, {.channels = 2});
  Graph& g = b.graph();
  for (const size_t node : {1u, 2u}) {
    g.nodes[node].inputs[1] = g.nodes[0].inputs[1];
    g.nodes[node].inputs[2] = g.nodes[0].inputs[2];
  }
  b.output(b.batch_norm(first)).output(b.batch_norm(second)).output(third);
  const Graph graph = remove_unused(b.build());
  const std::vector<float> weight = floats_of(graph, "conv1.weight");
  const Graph result = must(fold_batch_normalization(graph));
  CHECK(node_names(result) == Names{"conv1", "conv2", "conv3"});
  CHECK(floats_of(result, "conv1.weight") == weight);
  CHECK(result.find_value("conv1.weight/conv1") != kNoValue);
  CHECK(result.find_value("conv1.bias/conv2") != kNoValue);
  check_equivalent(graph, result);
  // The graph that was given shares its buffers with the copies, and is as it was.
  CHECK(floats_of(graph, "conv1.weight") == weight);
}

TEST_CASE("The last reader of a shared constant keeps its name") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 3, 3});
  const ValueId first = b.conv(x, {.channels = 2});
  const ValueId second = b.conv(x, {.channels = 2});
  b.graph().nodes[1].inputs[1] = b.graph().nodes[0].inputs[1];
  b.output(b.batch_norm(first)).output(b.batch_norm(second));
  const Graph graph = remove_unused(b.build());
  const Graph result = must(fold_batch_normalization(graph));
  CHECK(names_of(result, {result.nodes[0].inputs[1], result.nodes[1].inputs[1]}) ==
        Names{"conv1.weight/conv1", "conv1.weight"});
  check_equivalent(graph, result);
}

TEST_CASE("A new constant's name never meets one that is taken") {
  GraphBuilder b;
  const ValueId x = b.input("conv1.bias", {1, 2, 3, 3});
  const Graph graph = b.output(b.batch_norm(b.conv(x, {.channels = 2, .has_bias = false}))).build();
  const Graph result = must(fold_batch_normalization(graph));
  CHECK(result.find_value("conv1.bias'") != kNoValue);
  check_equivalent(graph, result);
}

TEST_CASE("A batch normalization stays where folding would change another value") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 3, 3});
  const ValueId shared = b.conv(x, {.channels = 2});
  const ValueId shown = b.conv(x, {.channels = 2});
  const ValueId clamped = b.conv(x, {.channels = 2});
  b.set_activation(0, 6);
  const ValueId first = b.add(b.batch_norm(shared), shared);
  b.output(shown).output(b.batch_norm(shown)).output(b.batch_norm(clamped)).output(first);
  b.output(b.batch_norm(x)).output(b.batch_norm(b.relu(b.conv(x, {.channels = 2}))));
  const Graph graph = b.build();
  const Graph result = must(fold_batch_normalization(graph));
  CHECK(node_names(result) == node_names(graph));
  check_equivalent(graph, result, 3, 0);
}

TEST_CASE("A variance that is not above -epsilon is an error that names the node") {
  for (const float variance : {-1.0f, -0.5f}) {
    GraphBuilder b;
    const ValueId y = b.conv(b.input("x", {1, 1, 2, 2}), {.channels = 2});
    const Graph graph =
        b.output(b.batch_norm(y, {.epsilon = 0.5f, .variance = {1, variance}})).build();
    const Error error = fold_batch_normalization(graph).error();
    CHECK(error.code == ErrorCode::kInvalidModel);
    CHECK(error.where == "batch_norm1");
    CHECK(optimize(graph).error().where == "batch_norm1");
  }
}

TEST_CASE("NaN ends up in the folded weights, for quantization to find") {
  GraphBuilder b;
  const ValueId y = b.conv(b.input("x", {1, 1, 2, 2}), {.channels = 1});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Graph graph = b.output(b.batch_norm(y, {.variance = {nan}})).build();
  const Graph result = must(fold_batch_normalization(graph));
  CHECK(std::isnan(floats_of(result, "conv1.weight")[0]));
}

TEST_CASE("Nothing is folded into integer weights") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 3, 5, 5});
  Graph graph = b.output(b.batch_norm(b.conv(x, {.channels = 4}))).build();
  set_integer_weights(graph, 0, {});
  CHECK(must(fold_batch_normalization(graph)).nodes.size() == 2);
}
