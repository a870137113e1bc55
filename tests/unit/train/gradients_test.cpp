#include <limits>
#include <set>

#include "gradient_check.h"

namespace lowbit::test {

namespace {

struct ConvCase {
  const char* what;
  Shape input;
  ConvOptions options;
};

void check_conv(const ConvCase& c) {
  INFO(std::string(c.what));
  GraphBuilder b;
  const ValueId x = Trainable(b, c.input).make();
  check_gradients(b.output(b.conv(x, c.options)));
}

}  // namespace

TEST_CASE("conv: gradients of input, weights and bias") {
  check_conv({"1x1", {2, 5, 3, 4}, {.channels = 3}});
  check_conv(
      {"3x3, padded", {2, 3, 5, 4}, {.channels = 6, .kernel = {3, 3}, .padding = {1, 1, 1, 1}}});
  check_conv({"3x2, padding that differs on every side",
              {1, 2, 5, 6},
              {.channels = 3, .kernel = {3, 2}, .padding = {2, 0, 1, 1}}});
  check_conv({"stride 2",
              {2, 3, 6, 7},
              {.channels = 4, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}}});
  check_conv({"stride 3 over a 2x2 kernel leaves pixels that no tap reaches",
              {1, 2, 7, 8},
              {.channels = 3, .kernel = {2, 2}, .stride = {3, 3}}});
  check_conv({"1x1 with stride 2", {1, 3, 5, 5}, {.channels = 2, .stride = {2, 2}}});
  check_conv({"dilation",
              {1, 2, 8, 7},
              {.channels = 3, .kernel = {3, 3}, .dilation = {2, 3}, .padding = {2, 3, 2, 3}}});
  check_conv({"stride and dilation",
              {1, 2, 9, 9},
              {.channels = 2, .kernel = {2, 3}, .stride = {2, 2}, .dilation = {3, 2}}});
  check_conv(
      {"auto_pad",
       {1, 2, 5, 6},
       {.channels = 2, .kernel = {3, 4}, .stride = {2, 2}, .auto_pad = AutoPad::kSameUpper}});
  check_conv({"two groups",
              {2, 6, 4, 4},
              {.channels = 4, .kernel = {3, 3}, .padding = {1, 1, 1, 1}, .groups = 2}});
  check_conv({"1x1 in three groups", {2, 6, 2, 3}, {.channels = 9, .groups = 3}});
  check_conv(
      {"a channel multiplier of 2", {1, 3, 4, 4}, {.channels = 6, .kernel = {3, 3}, .groups = 3}});
  check_conv({"no bias", {1, 2, 4, 4}, {.channels = 3, .kernel = {3, 3}, .has_bias = false}});
}

TEST_CASE("depthwise conv: gradients of input, weights and bias") {
  check_conv({"3x3, padded",
              {2, 5, 5, 4},
              {.channels = 5, .kernel = {3, 3}, .padding = {1, 1, 1, 1}, .groups = 5}});
  check_conv(
      {"stride 2",
       {1, 4, 6, 7},
       {.channels = 4, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}, .groups = 4}});
  check_conv({"dilation wider than the image",
              {1, 3, 4, 3},
              {.channels = 3,
               .kernel = {3, 3},
               .dilation = {2, 4},
               .padding = {2, 4, 2, 4},
               .groups = 3}});
  check_conv({"one channel is an ordinary convolution",
              {1, 1, 4, 4},
              {.channels = 1, .kernel = {3, 3}, .padding = {1, 1, 1, 1}}});
}

TEST_CASE("conv: gradient through the fused activation") {
  GraphBuilder b;
  const ValueId x = Trainable(b, {1, 2, 3, 3}).make();
  const ValueId y = b.conv(x, {.channels = 3, .kernel = {2, 2}});
  b.set_activation(-0.4f, 0.5f);
  check_gradients(b.output(y), {.step = 1.0f / 1024});
}

TEST_CASE("gemm: gradients with factors and both layouts of B") {
  for (const bool transpose_b : {true, false}) {
    GraphBuilder b;
    const ValueId x = Trainable(b, {4, 7}).make();
    check_gradients(b.output(
        b.gemm(x, {.features = 5, .alpha = 0.5f, .beta = 2.0f, .transpose_b = transpose_b})));
  }
}

TEST_CASE("gemm: transpose_a has no gradient, and the error names the node") {
  GraphBuilder b;
  const ValueId x = Trainable(b, {4, 3}).make();
  const Graph graph = b.output(b.gemm(x, {.features = 5, .transpose_a = true})).build();
  std::vector<Parameter> parameters =
      must(find_parameters(graph, graph.outputs[0], OptimizerKind::kSgd));
  const auto tape = Tape::create(graph, parameters, {4, 3}, {.logits = graph.outputs[0]});
  REQUIRE(!tape.ok());
  CHECK(tape.error().code == ErrorCode::kUnsupportedFeature);
  CHECK(tape.error().where == "gemm1");
}

TEST_CASE("matmul: gradients of a stack of rows, and of two activations") {
  {
    GraphBuilder b;
    check_gradients(b.output(b.matmul(Trainable(b, {2, 3, 5}).make(), 4)));
  }
  {
    GraphBuilder b;
    Trainable trainable(b, {3, 3});
    const ValueId a = trainable.make();
    check_gradients(b.output(b.matmul_of(a, trainable.make())));
  }
}

TEST_CASE("add: gradients of equal shapes, of broadcasts and of a value added to itself") {
  for (const Shape& shape :
       {Shape{2, 3, 2, 4}, Shape{3, 1, 1}, Shape{1, 1, 2, 1}, Shape{4}, Shape{}}) {
    INFO(shape.to_string());
    GraphBuilder b;
    const ValueId x = b.relu(Trainable(b, {2, 3, 2, 4}).make());
    check_gradients(b.output(b.add(x, b.random_constant("c", shape, -1, 1))));
  }
  GraphBuilder b;
  const ValueId x = b.relu(Trainable(b, {2, 3, 2, 2}).make());
  check_gradients(b.output(b.add(x, x)));
}

TEST_CASE("relu and clip: no gradient outside the bounds") {
  GraphBuilder b;
  const ValueId x = Trainable(b, {3, 20}).make();
  check_gradients(b.output(b.add(b.relu(x), b.clip(x, -0.5f, 0.8f))));
}

TEST_CASE("max pool: the gradient goes to the maximum, overlapping windows add up") {
  GraphBuilder b;
  const ValueId x = Trainable(b, {2, 3, 6, 5}).make();
  SUBCASE("2x2") { b.output(b.max_pool(x, {.kernel = {2, 2}, .stride = {2, 2}})); }
  SUBCASE("3x3, overlapping, padded") {
    b.output(b.max_pool(x, {.kernel = {3, 3}, .stride = {2, 1}, .padding = {1, 1, 1, 1}}));
  }
  SUBCASE("ceil_mode") {
    b.output(b.max_pool(x, {.kernel = {2, 2}, .stride = {2, 2}, .ceil_mode = true}));
  }
  SUBCASE("dilation") { b.output(b.max_pool(x, {.kernel = {2, 2}, .dilation = {2, 3}})); }
  check_gradients(b);
}

TEST_CASE("max pool: the first of equal maxima takes the whole gradient") {
  GraphBuilder b;
  const ValueId x =
      b.add(b.input("image", {1, 1, 2, 2}), b.constant<float>("x", {1, 1, 2, 2}, {3, 3, 3, 3}));
  const Graph graph = b.output(b.max_pool(x, {.kernel = {2, 2}})).build();
  std::vector<Parameter> parameters =
      must(find_parameters(graph, graph.outputs[0], OptimizerKind::kSgd));
  const auto tape =
      must(Tape::create(graph, parameters, {1, 1, 2, 2}, {.logits = graph.outputs[0]}));
  must(tape->forward(must(Tensor::allocate(DType::kF32, {1, 1, 2, 2})), 0));
  tape->logits_gradient()[0] = 5;
  tape->backward();
  const auto gradient = parameters[0].gradient.data<float>();
  CHECK(std::vector<float>(gradient.begin(), gradient.end()) == std::vector<float>{5, 0, 0, 0});
}

TEST_CASE("average pool: gradients with every way of counting") {
  GraphBuilder b;
  const ValueId x = Trainable(b, {2, 3, 6, 5}).make();
  SUBCASE("2x2") { b.output(b.average_pool(x, {.kernel = {2, 2}, .stride = {2, 2}})); }
  SUBCASE("padding not counted") {
    b.output(b.average_pool(x, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}}));
  }
  SUBCASE("padding counted") {
    b.output(b.average_pool(
        x,
        {.kernel = {3, 3}, .stride = {2, 1}, .padding = {1, 2, 0, 1}, .count_include_pad = true}));
  }
  SUBCASE("ceil_mode, padding counted") {
    b.output(b.average_pool(x, {.kernel = {2, 2},
                                .stride = {2, 2},
                                .padding = {1, 0, 0, 0},
                                .ceil_mode = true,
                                .count_include_pad = true}));
  }
  SUBCASE("global") { b.output(b.global_average_pool(x)); }
  check_gradients(b);
}

TEST_CASE("batch normalization: gradients of input, scale and bias with the batch's statistics") {
  SUBCASE("images") {
    GraphBuilder b;
    check_gradients(b.output(b.batch_norm(Trainable(b, {3, 4, 2, 3}).make())), {.tolerance = 2e-3});
  }
  SUBCASE("rows") {
    GraphBuilder b;
    check_gradients(b.output(b.batch_norm(Trainable(b, {7, 3}).make())), {.tolerance = 2e-3});
  }
  SUBCASE("sequences, whose channels are not innermost") {
    GraphBuilder b;
    check_gradients(b.output(b.batch_norm(Trainable(b, {3, 4, 5}).make())), {.tolerance = 2e-3});
  }
}

TEST_CASE("softmax: gradients along the last axis") {
  GraphBuilder b;
  check_gradients(b.output(b.softmax(Trainable(b, {3, 5}).make())), {.tolerance = 2e-3});
}

TEST_CASE("flatten and reshape: gradients find their way back from ONNX's order to NHWC") {
  GraphBuilder b;
  const ValueId x = b.relu(Trainable(b, {2, 3, 2, 4}).make());
  SUBCASE("flatten") { b.output(b.flatten(x)); }
  SUBCASE("flatten at axis 2") { b.output(b.flatten(x, 2)); }
  SUBCASE("reshape to rank 3") { b.output(b.reshape(x, {0, -1, 2})); }
  SUBCASE("reshape to another image") { b.output(b.reshape(x, {2, 4, 3, 2})); }
  SUBCASE("reshape from rows to images") { b.output(b.reshape(b.flatten(x), {2, 6, 2, 2})); }
  SUBCASE("identity") { b.output(b.identity(x)); }
  check_gradients(b);
}

TEST_CASE("concat: each input gets its slice, along every axis") {
  for (const int64_t axis : {0, 1, 2, 3, -1}) {
    INFO(axis);
    GraphBuilder b;
    Trainable trainable(b, {2, 3, 2, 4});
    const ValueId x = trainable.make();
    const ValueId y = trainable.make();
    check_gradients(b.output(b.concat({b.relu(x), y, x}, axis)));
  }
}

TEST_CASE("concat: images of one channel") {
  GraphBuilder b;
  Trainable trainable(b, {2, 1, 3, 2});
  const ValueId x = trainable.make();
  check_gradients(b.output(b.concat({x, trainable.make(), x}, 1)));
}

TEST_CASE("dropout: the backward pass has the forward pass's mask") {
  GraphBuilder b;
  check_gradients(b.output(b.dropout(Trainable(b, {5, 20}).make())), {.dropout_rate = 0.4f});
}

TEST_CASE("dropout: keeps the mean, and a rate of 0 is the identity") {
  GraphBuilder b;
  const ValueId x = b.add(b.input("image", {100, 100}),
                          b.constant("x", {100, 100}, std::vector<float>(10000, 1.0f)));
  const Graph graph = b.output(b.dropout(x)).build();
  const Tensor image = must(Tensor::allocate(DType::kF32, {100, 100}));
  std::vector<Parameter> parameters =
      must(find_parameters(graph, graph.outputs[0], OptimizerKind::kSgd));
  for (const float rate : {0.0f, 0.25f, 0.75f}) {
    const auto tape = must(Tape::create(graph, parameters, {100, 100},
                                        {.logits = graph.outputs[0], .dropout_rate = rate}));
    const auto y = must(tape->forward(image, 3));
    const std::set<float> levels(y.begin(), y.end());
    double sum = 0;
    for (const float value : y) sum += double{value};
    if (rate == 0.0f) {
      CHECK(levels == std::set<float>{1.0f});
    } else {
      CHECK(levels == std::set<float>{0.0f, 1.0f / (1.0f - rate)});
    }
    // Four standard deviations of the mean of 10,000 masks.
    const double deviation = std::sqrt(double{rate} / (1.0 - double{rate}) / 10000.0);
    CHECK(std::abs(sum / 10000.0 - 1.0) <= 4.0 * deviation);
  }
}

TEST_CASE("a chain with residual branches and a constant used twice") {
  GraphBuilder b;
  const ValueId x = Trainable(b, {2, 3, 4, 4}).make();
  const ValueId y = b.relu(b.conv(x, {.channels = 3, .kernel = {3, 3}, .padding = {1, 1, 1, 1}}));
  const ValueId shared = b.random_constant("shared", {3, 1, 1}, -1, 1);
  const ValueId z = b.add(b.add(b.add(x, shared), y), shared);
  b.output(b.gemm(b.flatten(b.add(z, y)), {.features = 3}));
  check_gradients(b, {.step = 1.0f / 1024, .tolerance = 2e-3});
}

}  // namespace lowbit::test
