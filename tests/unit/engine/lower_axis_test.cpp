#include <doctest/doctest.h>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

TEST_CASE("Softmax over every axis of every rank, in float32 and in integers") {
  for (const Shape& shape : {Shape{7}, Shape{3, 10}, Shape{2, 5, 4}, Shape{2, 6, 3, 5},
                             Shape{2, 10, 1, 1}, Shape{1, 2, 2, 3, 4}}) {
    for (int64_t axis = -shape.rank(); axis < shape.rank(); ++axis) {
      CAPTURE(shape.to_string());
      CAPTURE(axis);
      GraphBuilder b;
      check_plan(b.output(b.softmax(b.relu(b.input("x", shape)), axis)).build());

      GraphBuilder q;
      const ValueId u = q.relu(q.input_u8("u", shape, activation_params(0.03f, 128)));
      const ValueId v = q.softmax(u, axis);
      q.set_quant(v, activation_params(1.0f / 256, 0));
      check_plan(q.output(v).build());
    }
  }
}

TEST_CASE("BatchNormalization that could not be folded, for every rank") {
  for (const Shape& shape :
       {Shape{4, 6}, Shape{2, 5, 7}, Shape{2, 5, 3, 4}, Shape{1, 3, 2, 2, 2}}) {
    CAPTURE(shape.to_string());
    GraphBuilder b;
    const ValueId x = b.input("x", shape);
    check_plan(b.output(b.batch_norm(b.relu(b.batch_norm(x)))).build());
  }
}

TEST_CASE("A variance that cannot be divided by is an error that names the node") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 3});
  const ValueId y = b.name("bn").batch_norm(x, {.variance = {1, -0.5f, 1}});
  const Graph graph = b.output(y).build();
  const auto plan = make_plan(graph, input_shapes(graph, 1), {});
  REQUIRE(!plan.ok());
  CHECK(plan.error().code == ErrorCode::kInvalidModel);
  CHECK(plan.error().where == "bn");
}

}  // namespace
}  // namespace lowbit::test
