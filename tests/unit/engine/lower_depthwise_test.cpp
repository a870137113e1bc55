#include <doctest/doctest.h>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

const ConvOptions kOptions[] = {
    {.kernel = {3, 3}, .padding = {1, 1, 1, 1}},
    {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}},
    {.kernel = {3, 3}, .stride = {2, 2}, .auto_pad = AutoPad::kSameUpper},
    {.kernel = {5, 3}, .dilation = {1, 2}, .padding = {3, 0, 1, 2}},
    {.kernel = {2, 2}},
    {.kernel = {3, 3}, .padding = {1, 1, 1, 1}, .has_bias = false},
};

TEST_CASE("A depthwise convolution is its definition, in float32 and in integers") {
  for (const ConvOptions& options : kOptions) {
    for (const int64_t channels : {2, 7, 16, 33}) {
      CAPTURE(channels);
      GraphBuilder b;
      const ValueId x = b.input("x", {b.symbol("N"), channels, 8, 9});
      const ValueId y = b.depthwise_conv(x, options);
      b.set_activation(0, 6);
      check_plan(b.output(y).build());

      GraphBuilder q;
      const ValueId u =
          q.input_u8("u", {q.symbol("N"), channels, 8, 9}, activation_params(0.02f, 77));
      const ValueId v = q.depthwise_conv(u, options);
      q.set_quant(v, activation_params(0.025f, 3));
      check_plan(q.output(v).build());
    }
  }
}

}  // namespace
}  // namespace lowbit::test
