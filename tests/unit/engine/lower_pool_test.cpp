#include <doctest/doctest.h>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

const PoolOptions kOptions[] = {
    {.kernel = {2, 2}, .stride = {2, 2}},
    {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}},
    {.kernel = {3, 2}, .stride = {1, 3}, .padding = {0, 1, 2, 0}},
    {.kernel = {2, 2}, .stride = {2, 2}, .auto_pad = AutoPad::kSameUpper},
    {.kernel = {3, 3}, .stride = {2, 2}, .auto_pad = AutoPad::kSameLower},
    {.kernel = {3, 3}, .stride = {2, 2}, .ceil_mode = true},
    {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}, .ceil_mode = true},
    {.kernel = {2, 2}, .dilation = {2, 3}},
    {.kernel = {7, 9}},
};

TEST_CASE("Pooling is its definition, in float32 and in integers") {
  for (const PoolOptions& given : kOptions) {
    for (const bool count_include_pad : {false, true}) {
      for (const int64_t channels : {1, 5, 16}) {
        CAPTURE(channels);
        PoolOptions options = given;
        options.count_include_pad = count_include_pad;
        GraphBuilder b;
        const ValueId x = b.input("x", {b.symbol("N"), channels, 7, 9});
        b.output(b.max_pool(x, options));
        b.output(b.average_pool(x, options));
        b.output(b.global_average_pool(x));
        check_plan(b.build());

        GraphBuilder q;
        const ValueId u =
            q.input_u8("u", {q.symbol("N"), channels, 7, 9}, activation_params(0.02f, 130));
        q.output(q.max_pool(u, options));
        q.output(q.average_pool(u, options));
        const ValueId average = q.average_pool(u, options);
        q.set_quant(average, activation_params(0.015f, 99));
        q.output(average);
        const ValueId global = q.global_average_pool(u);
        q.set_quant(global, activation_params(0.01f, 120));
        q.output(global);
        check_plan(q.build());
      }
    }
  }
}

}  // namespace
}  // namespace lowbit::test
