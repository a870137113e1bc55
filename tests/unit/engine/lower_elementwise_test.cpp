#include <doctest/doctest.h>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

TEST_CASE("Relu and Clip, in place and not, in float32 and in integers") {
  for (const Shape& shape : {Shape{1, 7}, Shape{2, 3, 4, 5}, Shape{3, 2, 2}, Shape{}}) {
    GraphBuilder b;
    const ValueId x = b.input("x", shape);
    const ValueId clipped = b.clip(b.clip(x, -1.5f, 1.5f), -1, 1);
    b.output(b.relu(clipped)).output(b.clip(clipped, 0.25f, 0.5f));
    check_plan(b.build());

    GraphBuilder q;
    const ValueId u = q.input_u8("u", shape, activation_params(0.02f, 100));
    const ValueId v = q.clip(q.clip(u, -1.5f, 1.5f), -1, 1);
    q.output(q.relu(v)).output(q.clip(v, 0.25f, 0.5f));
    check_plan(q.build());
  }
}

TEST_CASE("Every function of one value, in place and not, in float32 and in integers") {
  const auto check = [](Op op, std::optional<UnaryParameters> parameters, bool approximate) {
    CAPTURE(op_info(op).name);
    for (const Shape& shape : {Shape{2, 3, 4, 5}, Shape{131}, Shape{}}) {
      GraphBuilder b;
      const ValueId x = b.input("x", shape);
      const ValueId y = b.unary(op, x, parameters, approximate);
      check_plan(b.output(b.unary(op, y, parameters, approximate)).build());

      GraphBuilder q;
      const ValueId u = q.input_u8("u", shape, activation_params(0.05f, 120));
      const ValueId v = q.unary(op, u, parameters, approximate);
      q.set_quant(v, activation_params(0.02f, 60));
      const ValueId w = q.unary(op, v, parameters, approximate);
      q.set_quant(w, activation_params(0.1f, 3, 4));
      check_plan(q.output(v).output(w).build());
    }
  };
#define LOWBIT_UNARY(name, opset, first, alpha, second, beta) check(Op::k##name, {}, false);
#include "qmath/unary.inc"
#undef LOWBIT_UNARY
  check(Op::kGelu, {}, true);
  check(Op::kLeakyRelu, UnaryParameters{-0.5f, 0}, false);
  check(Op::kElu, UnaryParameters{2, 0}, false);
  check(Op::kSelu, UnaryParameters{0.5f, 3}, false);
  check(Op::kHardSigmoid, UnaryParameters{0.5f, 0.25f}, false);
}

TEST_CASE("Clip without bounds changes nothing") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 9});
  const float infinity = std::numeric_limits<float>::infinity();
  check_plan(b.output(b.clip(x, -infinity, infinity)).build());
}

TEST_CASE("QuantizeLinear and DequantizeLinear, also to fewer bits") {
  for (const int bits : {2, 4, 8}) {
    GraphBuilder b;
    const ValueId x = b.input("x", {b.symbol("N"), 3, 5, 7});
    const ValueId q = b.quantize_linear(x, activation_params(0.31f, 1, bits));
    b.output(q);
    b.output(b.dequantize_linear(q));
    check_plan(b.build());
  }
}

}  // namespace
}  // namespace lowbit::test
