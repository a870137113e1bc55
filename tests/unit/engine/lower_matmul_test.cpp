#include <doctest/doctest.h>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

TEST_CASE("A constant second operand: rows are the product of the leading dimensions") {
  for (const Shape& shape :
       {Shape{7}, Shape{1, 7}, Shape{5, 7}, Shape{2, 3, 7}, Shape{2, 3, 4, 7}, Shape{1, 1, 4, 7}}) {
    CAPTURE(shape.to_string());
    GraphBuilder b;
    check_plan(b.output(b.matmul(b.input("a", shape), 9)).build());

    GraphBuilder q;
    check_plan(
        q.output(q.matmul(q.input_u8("a", shape, activation_params(0.03f, 128)), 9)).build());
  }
}

TEST_CASE("Two activations, with numpy's broadcasting of the leading dimensions") {
  const struct {
    Shape a, b;
  } cases[] = {
      {{4, 6}, {6, 5}},
      {{6}, {6, 5}},
      {{4, 6}, {6}},
      {{6}, {6}},
      {{3, 4, 6}, {3, 6, 5}},
      {{3, 4, 6}, {6, 5}},
      {{4, 6}, {3, 6, 5}},
      {{2, 3, 4, 6}, {2, 3, 6, 5}},
      {{2, 1, 4, 6}, {3, 6, 5}},
      {{2, 3, 4, 6}, {2, 1, 6, 5}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.a.to_string());
    CAPTURE(c.b.to_string());
    GraphBuilder b;
    const ValueId left = b.input("a", c.a);
    const ValueId right = b.input("b", c.b);
    const ValueId y = b.matmul_of(left, right);
    b.set_activation(-1, 2);
    check_plan(b.output(y).build());
  }
}

TEST_CASE("A constant on the left, and a stack of constants on the right") {
  GraphBuilder b;
  const ValueId x = b.input("x", {3, 6, 5});
  const ValueId y = b.matmul_of(b.random_constant("left", {3, 4, 6}, -1, 1), x);
  const ValueId z = b.matmul_of(y, b.random_constant("right", {3, 5, 2}, -1, 1));
  check_plan(b.output(z).build());
}

TEST_CASE("An integer product of two activations, and of stacks of integer constants") {
  for (const Shape& shape : {Shape{3, 2}, Shape{4, 3, 2}, Shape{3}}) {
    CAPTURE(shape.to_string());
    GraphBuilder b;
    const ValueId left = b.input_u8("a", {4, 5, 3}, activation_params(0.1f, 7));
    const ValueId right = b.input_u8("b", shape, activation_params(0.1f, 200));
    const ValueId y = b.matmul_of(left, right);
    b.set_quant(y, activation_params(0.5f, 100));
    check_plan(b.output(y).build());
  }
}

}  // namespace
}  // namespace lowbit::test
