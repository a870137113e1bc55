#include <doctest/doctest.h>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

ValueId make_input(GraphBuilder& b, bool integer, const char* name, const Shape& shape,
                   float scale = 0.02f) {
  return integer ? b.input_u8(name, shape, activation_params(scale, 100)) : b.input(name, shape);
}

TEST_CASE("Flatten keeps ONNX's order of elements, whatever the layout, at every axis") {
  for (const bool integer : {false, true}) {
    for (const Shape& shape :
         {Shape{2, 3, 4, 5}, Shape{2, 1, 4, 5}, Shape{2, 7, 1, 1}, Shape{3, 4}, Shape{2, 3, 4}}) {
      for (int64_t axis = 0; axis <= shape.rank(); ++axis) {
        GraphBuilder b;
        const ValueId x = b.relu(make_input(b, integer, "x", shape));
        check_plan(b.output(b.flatten(x, axis)).build());
      }
    }
  }
}

TEST_CASE("Reshape between every pair of ranks") {
  const std::vector<int64_t> shapes[] = {{24},         {4, 6},         {2, 3, 4},
                                         {2, 3, 2, 2}, {1, 4, 3, 2},   {24, 1, 1, 1},
                                         {1, 1, 4, 6}, {2, 2, 2, 1, 3}};
  for (const bool integer : {false, true}) {
    for (const auto& from : shapes) {
      for (const auto& to : shapes) {
        GraphBuilder b;
        const ValueId x = b.relu(make_input(b, integer, "x", must(Shape::from_dims(from))));
        check_plan(b.output(b.relu(b.reshape(x, to))).build());
      }
    }
  }
}

TEST_CASE("Identity and Dropout change nothing, of inputs, of outputs and of values used twice") {
  for (const bool integer : {false, true}) {
    GraphBuilder b;
    const ValueId x = make_input(b, integer, "x", {2, 3, 4, 5});
    const ValueId y = b.relu(b.identity(x));
    const ValueId z = b.dropout(y);
    b.output(b.identity(z)).output(b.add(y, z)).output(y);
    check_plan(b.build());
  }
}

TEST_CASE("Concat along every axis; integers are rescaled to the output's parameters") {
  for (const bool integer : {false, true}) {
    for (const Shape& shape : {Shape{2, 3, 4, 5}, Shape{4, 5}, Shape{3}}) {
      for (int axis = 0; axis < shape.rank(); ++axis) {
        CAPTURE(shape.to_string());
        CAPTURE(axis);
        Shape wider = shape;
        wider[axis] += 2;
        GraphBuilder b;
        const ValueId x = make_input(b, integer, "x", shape);
        const ValueId y = make_input(b, integer, "y", wider, 0.035f);
        check_plan(b.output(b.concat({x, b.relu(y), x}, axis))
                       .output(b.concat({y}, axis - shape.rank()))
                       .build());
      }
    }
  }
}

TEST_CASE("Concat takes a constant part") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 3, 2, 2});
  const ValueId c = b.random_constant("c", {2, 1, 2, 2}, -1, 1);
  check_plan(b.output(b.concat({c, x}, 1)).build());
}

}  // namespace
}  // namespace lowbit::test
