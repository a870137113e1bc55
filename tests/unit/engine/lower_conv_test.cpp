// Conv that is not depthwise, float32 and integers, in every form that lowering tells apart.
#include <doctest/doctest.h>

#include "support/check_error.h"
#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

struct ConvCase {
  const char* name;
  int64_t channels, height, width;
  ConvOptions options;
};

const ConvCase kCases[] = {
    {"1x1, a product without a table", 5, 6, 7, {.channels = 11}},
    {"1x1, stride 2", 8, 7, 6, {.channels = 9, .stride = {2, 2}}},
    {"1x1, with padding", 3, 4, 4, {.channels = 4, .padding = {1, 1, 1, 1}}},
    {"3x3, padded", 4, 9, 8, {.channels = 6, .kernel = {3, 3}, .padding = {1, 1, 1, 1}}},
    {"3x3, not padded: one piece per kernel row", 3, 8, 8, {.channels = 8, .kernel = {3, 3}}},
    {"3x3, padded above and below only",
     3,
     6,
     9,
     {.channels = 5, .kernel = {3, 3}, .padding = {1, 0, 1, 0}}},
    {"padding on one side", 2, 7, 7, {.channels = 3, .kernel = {2, 4}, .padding = {0, 3, 1, 0}}},
    {"stride wider than the kernel",
     3,
     11,
     10,
     {.channels = 4, .kernel = {2, 2}, .stride = {3, 4}, .padding = {1, 0, 0, 1}}},
    {"dilation",
     4,
     10,
     11,
     {.channels = 7, .kernel = {3, 3}, .dilation = {2, 3}, .padding = {2, 3, 2, 3}}},
    {"dilation without padding", 4, 9, 9, {.channels = 2, .kernel = {2, 2}, .dilation = {1, 3}}},
    {"5x5 over one channel", 1, 12, 12, {.channels = 8, .kernel = {5, 5}}},
    {"5x5 over one channel, padded",
     1,
     9,
     9,
     {.channels = 4, .kernel = {5, 5}, .padding = {2, 2, 2, 2}}},
    {"a kernel as large as the input", 6, 4, 5, {.channels = 10, .kernel = {4, 5}}},
    {"SAME_UPPER, even kernel",
     3,
     7,
     8,
     {.channels = 4, .kernel = {2, 4}, .stride = {2, 1}, .auto_pad = AutoPad::kSameUpper}},
    {"SAME_LOWER, even kernel",
     3,
     7,
     8,
     {.channels = 4, .kernel = {2, 4}, .stride = {2, 1}, .auto_pad = AutoPad::kSameLower}},
    {"VALID", 2, 6, 6, {.channels = 4, .kernel = {3, 2}, .auto_pad = AutoPad::kValid}},
    {"two groups",
     6,
     5,
     5,
     {.channels = 4, .kernel = {3, 3}, .padding = {1, 1, 1, 1}, .groups = 2}},
    {"1x1 in three groups", 9, 4, 3, {.channels = 6, .groups = 3}},
    {"a group per channel, two outputs each",
     4,
     6,
     6,
     {.channels = 8, .kernel = {3, 3}, .padding = {1, 1, 1, 1}, .groups = 4}},
    {"without a bias",
     3,
     5,
     5,
     {.channels = 5, .kernel = {3, 3}, .padding = {1, 1, 1, 1}, .has_bias = false}},
    {"one pixel", 16, 1, 1, {.channels = 24}},
};

TEST_CASE("A float32 convolution is its definition") {
  for (const ConvCase& c : kCases) {
    CAPTURE(c.name);
    GraphBuilder b;
    const ValueId x = b.input("x", {b.symbol("N"), c.channels, c.height, c.width});
    check_plan(b.output(b.conv(x, c.options)).build(), 3);
  }
}

TEST_CASE("An integer convolution is its definition, bit for bit") {
  for (const ConvCase& c : kCases) {
    for (const int32_t zero_point : {0, 131, 255}) {
      CAPTURE(c.name);
      CAPTURE(zero_point);
      GraphBuilder b;
      const ValueId x = b.input_u8("x", {b.symbol("N"), c.channels, c.height, c.width},
                                   activation_params(0.02f, zero_point));
      const ValueId y = b.conv(x, c.options);
      b.set_quant(y, activation_params(0.03f, 100));
      check_plan(b.output(y).build(), 3);
    }
  }
}

TEST_CASE("A fused activation bounds the output, also between representable integers") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 3, 6, 6});
  const ValueId y = b.conv(x, {.channels = 4, .kernel = {3, 3}});
  b.set_activation(-0.25f, 0.5f);
  check_plan(b.output(y).build());

  GraphBuilder q;
  const ValueId u = q.input_u8("u", {1, 3, 6, 6}, activation_params(0.02f, 128));
  const ValueId v = q.conv(u, {.channels = 4, .kernel = {3, 3}});
  q.set_quant(v, activation_params(0.03f, 128));
  q.set_activation(-0.25f, 0.5f);
  check_plan(q.output(v).build());
}

TEST_CASE("Fewer activation bits, and weights with one scale for all channels") {
  for (const int bits : {2, 4, 7}) {
    GraphBuilder b;
    const ValueId x = b.input_u8("x", {2, 5, 6, 6}, activation_params(0.5f, 1, bits));
    const ValueId y = b.conv(x, {.channels = 7, .kernel = {3, 3}, .has_bias = false});
    b.set_quant(y, activation_params(0.4f, 2, bits));
    QuantParams& weights = *b.graph().value(b.graph().nodes[0].inputs[1]).quant;
    weights.axis = -1;
    weights.scale = {0.01f};
    weights.zero_point = {0};
    check_plan(b.output(y).build());
  }
}

TEST_CASE("A padding that would fill memory is refused") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 4, 4});
  const int64_t pad = 20000;
  b.output(b.conv(x, {.channels = 1, .stride = {pad, pad}, .padding = {pad, pad, pad, pad}}));
  check_error(make_plan(b.build(), std::vector{Shape{1, 2, 4, 4}}, {}), ErrorCode::kLimitExceeded,
              "padded input");
}

TEST_CASE("A batch gives what its images give one by one") {
  for (const bool integer : {false, true}) {
    GraphBuilder b;
    const Shape shape{b.symbol("N"), 3, 8, 8};
    ValueId x =
        integer ? b.input_u8("x", shape, activation_params(0.02f, 120)) : b.input("x", shape);
    x = b.conv(x, {.channels = 8, .kernel = {3, 3}, .padding = {1, 1, 1, 1}});
    x = b.max_pool(x, {.kernel = {2, 2}, .stride = {2, 2}});
    x = b.gemm(b.flatten(x), {.features = 10});
    const Graph graph = b.output(x).build();

    constexpr int64_t kBatch = 37;
    const std::vector<Tensor> batch = random_inputs(graph, input_shapes(graph, kBatch), 5);
    Plan many = must(make_plan(graph, input_shapes(graph, kBatch), {}));
    Plan one = must(make_plan(graph, input_shapes(graph, 1), {}));
    const Tensor all = must(many.run(batch))[0];
    const size_t image_bytes = batch[0].byte_count() / kBatch;
    const size_t row_bytes = all.byte_count() / kBatch;
    for (size_t i = 0; i < kBatch; ++i) {
      std::vector<Tensor> image = {
          must(Tensor::allocate(batch[0].dtype(), input_shapes(graph, 1)[0]))};
      std::memcpy(image[0].mutable_raw(), batch[0].raw() + i * image_bytes, image_bytes);
      const Tensor row = must(one.run(image))[0];
      if (integer) {
        CHECK(std::memcmp(row.raw(), all.raw() + i * row_bytes, row_bytes) == 0);
        continue;
      }
      for (size_t j = 0; j < 10; ++j) {
        CHECK(row.data<float>()[j] == doctest::Approx(all.data<float>()[i * 10 + j]).epsilon(1e-5));
      }
    }
  }
}

}  // namespace
}  // namespace lowbit::test
