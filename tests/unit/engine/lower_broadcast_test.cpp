#include <doctest/doctest.h>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

TEST_CASE("A product of two quantized activations broadcasts, in every layout") {
  const struct {
    Shape a, b;
  } cases[] = {{{7}, {7}},
               {{2, 70}, {70}},
               {{2, 5, 3, 4}, {2, 5, 3, 4}},
               {{2, 5, 3, 4}, {2, 5, 1, 1}},
               {{1, 5, 1, 1}, {2, 5, 3, 4}},
               {{2, 1, 3, 4}, {5, 1, 1}}};
  for (const auto& c : cases) {
    CAPTURE(c.a.to_string());
    CAPTURE(c.b.to_string());
    GraphBuilder b;
    const ValueId left = b.input_u8("a", c.a, activation_params(0.03f, 7));
    const ValueId right = b.input_u8("b", c.b, activation_params(0.11f, 200));
    const ValueId y = b.add_node(Op::kMul, "mul", {left, right}, NoAttributes{});
    b.set_quant(y, activation_params(0.05f, 120));
    check_plan(b.output(y).build());
  }
}

TEST_CASE("A quantized product between convolutions reads them where they lie") {
  GraphBuilder b;
  const ValueId x = b.input_u8("x", {2, 3, 6, 6}, activation_params(0.03f, 128));
  const ValueId features = b.conv(x, {.channels = 5, .kernel = {3, 3}});
  const ValueId y =
      b.add_node(Op::kMul, "mul", {features, b.global_average_pool(features)}, NoAttributes{});
  b.set_quant(y, activation_params(0.02f, 3));
  check_plan(b.output(b.conv(y, {.channels = 4, .kernel = {1, 1}})).build());
}

}  // namespace
}  // namespace lowbit::test
