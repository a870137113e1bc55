// Weights in groups, and float activations with integer weights, in every operator that takes them.
#include <doctest/doctest.h>

#include "kernels/matmul/matmul.h"
#include "support/graph_builder.h"
#include "support/integer_weights.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

const ConvOptions kConvs[] = {
    {.channels = 11},
    {.channels = 9, .kernel = {3, 3}, .padding = {1, 1, 1, 1}},
    {.channels = 4, .kernel = {2, 3}, .stride = {2, 1}, .dilation = {1, 2}, .has_bias = false},
    {.channels = 6, .kernel = {3, 3}, .padding = {1, 1, 1, 1}, .groups = 2},
    {.channels = 6, .groups = 2},
};

// Every product over `x`, image and matrix; each alone in a graph.
template <class Check>
void for_each_product(bool is_integer, Check check) {
  const auto input = [&](GraphBuilder& b, const Shape& shape) {
    return is_integer ? b.input_u8("x", shape, activation_params(0.02f, 131)) : b.input("x", shape);
  };
  const auto finish = [&](GraphBuilder& b, ValueId y, const char* name) {
    CAPTURE(name);
    if (is_integer) b.set_quant(y, activation_params(0.05f, 100));
    b.set_activation(-4, 5);
    check(b.output(y).build());
  };
  for (const ConvOptions& options : kConvs) {
    GraphBuilder b;
    finish(b, b.conv(input(b, {b.symbol("N"), 8, 7, 6}), options), "conv");
  }
  for (const bool transpose_b : {false, true}) {
    GraphBuilder b;
    finish(b, b.gemm(input(b, {b.symbol("N"), 70}), {.features = 13, .transpose_b = transpose_b}),
           "gemm");
  }
  GraphBuilder transposed;
  finish(transposed,
         transposed.gemm(input(transposed, {21, 5}),
                         {.features = 9, .has_bias = false, .transpose_a = true}),
         "gemm with a transposed A");
  GraphBuilder matmul;
  finish(matmul, matmul.matmul(input(matmul, {matmul.symbol("N"), 3, 45}), 10), "matmul");
}

TEST_CASE("An integer product in groups is its definition, bit for bit") {
  for (const int64_t group_size : {2, 4, 32}) {
    for (const int bits : {2, 4, 8}) {
      CAPTURE(group_size);
      CAPTURE(bits);
      for_each_product(true, [&](Graph graph) {
        set_integer_weights(graph, 0, {.bits = bits, .group_size = group_size});
        const Value& weight = graph.value(graph.nodes[0].inputs[1]);
        const bool has_groups = takes_groups(graph.nodes[0], weight.shape, group_size);
        CHECK(weight.quant->block_size == (has_groups ? group_size : 0));
        check_plan(graph);
      });
    }
  }
}

TEST_CASE(
    "A float product of integer weights is its definition, with the same bits in every tier") {
  for (const WeightFormat& format :
       {WeightFormat{}, WeightFormat{.bits = 3, .granularity = Granularity::kPerTensor},
        WeightFormat{.bits = 4, .group_size = 4}, WeightFormat{.group_size = 32}}) {
    CAPTURE(format.group_size);
    for_each_product(false, [&](Graph graph) {
      set_integer_weights(graph, 0, format);
      check_plan(graph);
    });
  }
}

TEST_CASE("A float depthwise convolution of integer weights has the same bits in every tier") {
  for (const ConvOptions& options : {ConvOptions{.kernel = {3, 3}, .padding = {1, 1, 1, 1}},
                                     ConvOptions{.kernel = {5, 5}, .padding = {2, 2, 2, 2}},
                                     ConvOptions{.kernel = {2, 3}, .has_bias = false}}) {
    for (const Granularity granularity : {Granularity::kPerTensor, Granularity::kPerChannel}) {
      GraphBuilder b;
      const ValueId x = b.input("x", {b.symbol("N"), 19, 8, 9});
      Graph graph = b.output(b.depthwise_conv(x, options)).build();
      set_integer_weights(graph, 0, {.granularity = granularity, .group_size = 0});
      check_plan(graph);
    }
  }
}

TEST_CASE(
    "A bias of -0.0 is 0.0 at the border of a depthwise convolution of integer weights, too") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 1, 1});
  Graph graph =
      b.output(
           b.depthwise_conv(x, {.kernel = {3, 3}, .padding = {2, 2, 2, 2}, .bias = {-0.0f, -0.0f}}))
          .build();
  set_integer_weights(graph, 0, {});
  check_plan(graph);
}

TEST_CASE("In groups, a sum has no longest length") {
  GraphBuilder b;
  const ValueId x =
      b.input_u8("x", {1, kernels::kMaxMatmulU8S8Depth + 9}, activation_params(0.02f, 0));
  Graph graph = b.output(b.gemm(x, {.features = 3})).build();
  set_integer_weights(graph, 0, {.group_size = 128});
  check_plan(graph, 1);
}

}  // namespace
}  // namespace lowbit::test
