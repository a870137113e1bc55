#include <doctest/doctest.h>

#include "kernels/integer_product/integer_product.h"
#include "support/check_error.h"
#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

// Every weight gets zero points: one per output channel where it has one scale per channel.
Graph with_zero_points(Graph graph) {
  Random random(3);
  for (Value& value : graph.values) {
    if (value.dtype != DType::kI8 || !value.quant) continue;
    value.quant->qmin = -128;
    value.quant->qmax = 127;
    for (int32_t& zero : value.quant->zero_point) {
      zero = static_cast<int32_t>(random.below(256)) - 128;
    }
  }
  return graph;
}

TEST_CASE("Convolutions whose weights have zero points, between others") {
  const ConvOptions cases[] = {
      {.channels = 6, .kernel = {3, 3}, .padding = {1, 1, 1, 1}},
      {.channels = 4, .kernel = {2, 3}, .stride = {2, 1}, .dilation = {1, 2}, .groups = 2},
      {.channels = 4, .kernel = {3, 3}, .padding = {0, 2, 1, 0}, .groups = 4, .has_bias = false},
      {.channels = 5, .kernel = {1, 1}, .has_bias = true},
  };
  for (const ConvOptions& options : cases) {
    GraphBuilder b;
    const ValueId x = b.input_u8("x", {2, 4, 7, 6}, activation_params(0.03f, 100));
    const ValueId y = b.conv(x, options);
    b.set_activation(-1, 2);
    check_plan(with_zero_points(b.output(b.relu(y)).build()));
  }
}

TEST_CASE("Matrix products whose weights have zero points") {
  for (const bool transposes : {false, true}) {
    GraphBuilder b;
    const ValueId x = b.input_u8("x", {7, 5}, activation_params(0.03f, 100));
    const ValueId y =
        b.gemm(x, {.features = 9, .transpose_a = transposes, .transpose_b = transposes});
    check_plan(with_zero_points(b.output(b.matmul(y, 3)).build()));
  }
}

template <class T>
Tensor tensor_of(const Shape& shape, const std::vector<T>& values) {
  return must(Tensor::from_values<T>(shape, std::span<const T>(values)));
}

TEST_CASE("MatMulInteger takes signed and unsigned operands, and zero points per row and column") {
  GraphBuilder b;
  Graph& graph = b.graph();
  const ValueId x = graph.add_value({.name = "x", .dtype = DType::kI8, .shape = Shape{2, 2}});
  graph.inputs.push_back(x);
  const ValueId w = b.constant<uint8_t>("w", {2, 2}, {255, 0, 3, 4});
  const ValueId x_zero = b.constant<int8_t>("x_zero", {2}, {-128, 1});
  const ValueId w_zero = b.constant<uint8_t>("w_zero", {2}, {255, 2});
  const ValueId y = b.add_node(Op::kMatMulInteger, "y", {x, w, x_zero, w_zero}, NoAttributes{});
  graph.value(y).dtype = DType::kI32;
  const Graph built = b.output(y).build();
  Plan plan = must(make_plan(built, std::vector{Shape{2, 2}}, {}));
  const Tensor sums = must(plan.run(std::vector{tensor_of<int8_t>({2, 2}, {-128, 127, 1, 3})}))[0];
  // [0 255; 0 2] times [0 -2; -252 2].
  const auto data = sums.data<int32_t>();
  CHECK(std::vector<int32_t>(data.begin(), data.end()) ==
        std::vector<int32_t>{-64260, 510, -504, 4});
}

TEST_CASE("Sums that may leave int32 are refused") {
  GraphBuilder b;
  const int64_t depth = kernels::kMaxIntegerProductDepth + 1;
  const ValueId x = b.input_u8("x", {1, depth}, activation_params(0.1f, 0));
  const Graph graph = with_zero_points(b.output(b.matmul(x, 1)).build());
  check_error(make_plan(graph, std::vector{Shape{1, depth}}, {}), ErrorCode::kAccumulatorOverflow,
              "32 bits");
}

}  // namespace
}  // namespace lowbit::test
