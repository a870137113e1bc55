#include <doctest/doctest.h>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

TEST_CASE("Gemm with every transposition, factor and bias") {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      for (const bool has_bias : {false, true}) {
        CAPTURE(transpose_a);
        CAPTURE(transpose_b);
        GraphBuilder b;
        const ValueId a = b.input("a", transpose_a ? Shape{19, 5} : Shape{5, 19});
        const ValueId y = b.gemm(a, {.features = 11,
                                     .has_bias = has_bias,
                                     .alpha = 0.75f,
                                     .beta = -2,
                                     .transpose_a = transpose_a,
                                     .transpose_b = transpose_b});
        check_plan(b.output(y).build());

        GraphBuilder q;
        const ValueId u = q.input_u8("u", transpose_a ? Shape{19, 5} : Shape{5, 19},
                                     activation_params(0.03f, 90));
        const ValueId v = q.gemm(u, {.features = 11,
                                     .has_bias = has_bias,
                                     .transpose_a = transpose_a,
                                     .transpose_b = transpose_b});
        check_plan(q.output(v).build());
      }
    }
  }
}

TEST_CASE("Gemm's bias may be a scalar or a row") {
  for (const Shape& shape : {Shape{1}, Shape{}, Shape{1, 6}, Shape{6}}) {
    GraphBuilder b;
    const ValueId a = b.input("a", {3, 4});
    const ValueId y = b.gemm(a, {.features = 6, .has_bias = false});
    b.graph().nodes[0].inputs.push_back(b.random_constant("c", shape, -1, 1));
    check_plan(b.output(y).build());
  }
}

TEST_CASE("A bias that varies over the rows is refused by name") {
  GraphBuilder b;
  const ValueId a = b.input("a", {3, 4});
  const ValueId y = b.name("head").gemm(a, {.features = 6, .has_bias = false});
  b.graph().nodes[0].inputs.push_back(b.random_constant("c", {3, 1}, -1, 1));
  const Graph graph = b.output(y).build();
  const auto plan = make_plan(graph, input_shapes(graph, 1), {});
  REQUIRE(!plan.ok());
  CHECK(plan.error().code == ErrorCode::kUnsupportedFeature);
  CHECK(plan.error().where == "head");
}

TEST_CASE("Integer Gemm refuses factors, which have no place in its arithmetic") {
  GraphBuilder b;
  const ValueId a = b.input_u8("a", {3, 4}, activation_params(0.1f, 0));
  const ValueId y = b.name("head").gemm(a, {.features = 6, .alpha = 2});
  const Graph graph = b.output(y).build();
  const auto plan = make_plan(graph, input_shapes(graph, 1), {});
  REQUIRE(!plan.ok());
  CHECK(plan.error().code == ErrorCode::kUnsupportedFeature);
  CHECK(plan.error().where == "head");
}

}  // namespace
}  // namespace lowbit::test
