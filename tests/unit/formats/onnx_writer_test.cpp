#include "formats/onnx_writer.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/random.h"
#include "formats/onnx_proto.h"
#include "formats/onnx_reader.h"
#include "graph/rewrites.h"
#include "graph/validate.h"
#include "support/check_error.h"
#include "support/graph_builder.h"
#include "support/graph_difference.h"
#include "support/integer_weights.h"
#include "support/must.h"
#include "unit/engine/plan_check.h"
#include "unit/formats/written_graphs.h"

using namespace lowbit;
using namespace lowbit::test;

TEST_CASE("FP32 graphs survive a round trip") {
  const Graph graph = float_graph();
  CHECK(graph_difference(graph, written_and_read(graph)) == "");
}

TEST_CASE("quantized graphs survive a round trip") {
  const Graph graph = integer_graph();
  REQUIRE(validate(graph).ok());
  CHECK(graph_difference(graph, written_and_read(graph)) == "");
}

TEST_CASE("weights of every width survive a round trip") {
  Graph graph = activated_conv(-kInfinity, kInfinity, activation_params(0.1f, 8));
  graph.value(graph.nodes[1].inputs[2]).quant->qmin = -kBiasQmax;
  graph.value(graph.nodes[1].inputs[2]).quant->qmax = kBiasQmax;
  Value& weights = graph.value(graph.nodes[1].inputs[1]);
  for (int bits = 2; bits <= 8; ++bits) {
    CAPTURE(bits);
    const int32_t qmax = weight_qmax(bits);
    for (int8_t& q : weights.constant->mutable_data<int8_t>()) q = static_cast<int8_t>(-qmax);
    weights.quant->qmin = -qmax;
    weights.quant->qmax = qmax;
    CHECK(graph_difference(graph, written_and_read(graph)) == "");
  }
}

TEST_CASE(
    "weights in groups, and integer weights on floats, survive a round trip with their bits") {
  for (const bool is_integer : {false, true}) {
    CAPTURE(is_integer);
    Graph graph = graph_of_integer_weights(is_integer);
    const Graph read = written_and_read(graph);
    CHECK(read.opset == 21);  // the first with blocks
    graph.opset = 21;
    CHECK(graph_difference(graph, read) == "");
    const std::vector<Shape> shapes = {{2, 8, 6, 6}};
    const std::vector<Tensor> inputs = random_inputs(graph, shapes, 1);
    Plan before = must(make_plan(graph, shapes, {}));
    Plan after = must(make_plan(read, shapes, {}));
    CHECK(same_bytes(must(before.run(inputs))[0], must(after.run(inputs))[0]));
  }
}

TEST_CASE("integer weights on floats need no newer opset") {
  GraphBuilder b;
  Graph graph = b.output(b.gemm(b.input("x", {1, 9}), {.features = 3})).build();
  graph.name = "gemm";
  set_integer_weights(graph, 0, {});
  CHECK(graph_difference(graph, written_and_read(graph)) == "");
}

TEST_CASE("functions of one value survive a round trip in either precision") {
  const auto chain = [](GraphBuilder& b, ValueId x) {
#define LOWBIT_UNARY(name, opset, first, alpha, second, beta) x = b.unary(Op::k##name, x);
#include "qmath/unary.inc"
#undef LOWBIT_UNARY
    x = b.unary(Op::kSelu, x, UnaryParameters{0.5f, 3});
    x = b.unary(Op::kHardSigmoid, x, UnaryParameters{0.25f, 0.75f});
    return b.unary(Op::kGelu, x, {}, true);
  };
  GraphBuilder reals, integers;
  const ValueId y = chain(reals, reals.input("x", {3}));
  const ValueId q =
      integers.quantize_linear(integers.input("x", {3}), activation_params(0.02f, 128));
  const ValueId p = integers.dequantize_linear(chain(integers, q));
  for (Graph graph : {reals.output(y).build(), integers.output(p).build()}) {
    graph.name = "functions";
    graph.opset = 20;
    CHECK(graph_difference(graph, written_and_read(graph)) == "");
  }
}

TEST_CASE("the file has an opset that has all of its operators") {
  const auto opset_with = [](Op op) {
    GraphBuilder b;
    return written_and_read(b.output(b.unary(op, b.input("x", {3}))).build()).opset;
  };
  CHECK(opset_with(Op::kHardSwish) == 17);
  CHECK(opset_with(Op::kMish) == 18);
  CHECK(opset_with(Op::kGelu) == 20);
}

TEST_CASE("weights with one scale survive a round trip, their bias with one per channel") {
  Graph graph = activated_conv(-kInfinity, kInfinity, activation_params(0.1f, 8));
  const Node& conv = graph.nodes[1];
  QuantParams& weight = *graph.value(conv.inputs[1]).quant;
  weight = {DType::kI8, -127, 127, -1, {0.01f}, {0}};
  QuantParams& bias = *graph.value(conv.inputs[2]).quant;
  bias = {DType::kI32, -kBiasQmax, kBiasQmax, 0, std::vector<float>(2, 0.5f * 0.01f), {0, 0}};
  REQUIRE(validate(graph).ok());
  CHECK(graph_difference(graph, written_and_read(graph)) == "");
}

TEST_CASE("equal graphs give equal bytes, also after a round trip") {
  for (const Graph& graph : {float_graph(), integer_graph()}) {
    const std::vector<std::byte> bytes = must(write_onnx(graph));
    CHECK(bytes == must(write_onnx(graph)));
    CHECK(bytes == must(write_onnx(must(read_onnx(bytes)))));
  }
}

TEST_CASE("fused activations are written as the operators they were") {
  GraphBuilder b;
  b.graph().name = "fused";
  const ValueId x = b.input("x", {b.symbol("N"), 2, 4, 4});
  const ValueId y = b.clip(b.conv(b.relu(b.conv(x, {.channels = 2})), {.channels = 2}), 0, 6);
  const Graph graph = b.output(y).build();
  const Graph fused = fuse_activations(graph);
  REQUIRE(fused.nodes.size() == 2);
  CHECK(operators_of(fused) == "Conv3 Relu1 Conv3 Clip3");
  CHECK(graph_difference(fused, fuse_activations(written_and_read(fused))) == "");
}

TEST_CASE("an integer node is written between DequantizeLinear and QuantizeLinear") {
  CHECK(operators_of(activated_conv(-kInfinity, kInfinity, activation_params(0.1f, 8))) ==
        "QuantizeLinear3 DequantizeLinear3 DequantizeLinear2 Cast1 Mul2 DequantizeLinear2 Conv3 "
        "QuantizeLinear3 DequantizeLinear3");
}

TEST_CASE("weights have zero points where ONNX Runtime needs them") {
  GraphBuilder b;
  ValueId y = b.gemm(b.quantize_linear(b.input("x", {1, 2}), activation_params(0.5f, 0)), {});
  CHECK(operators_of(b.output(b.dequantize_linear(y)).build())
            .starts_with("QuantizeLinear3 DequantizeLinear3 DequantizeLinear3 Cast1"));
  // A Conv that is not fused, because of its Relu.
  CHECK(operators_of(activated_conv(0, kInfinity, activation_params(0.1f, 8)))
            .starts_with("QuantizeLinear3 DequantizeLinear3 DequantizeLinear3 Cast1"));
}

TEST_CASE("a bias is written in 16 bits where all its integers fit") {
  const auto with_bias = [](std::vector<int32_t> bias) {
    Graph graph = activated_conv(-kInfinity, kInfinity, activation_params(0.1f, 8));
    graph.value(graph.nodes[1].inputs[2]).constant =
        must(Tensor::from_values<int32_t>({2}, std::span<const int32_t>(bias)));
    graph.value(graph.nodes[1].inputs[2]).quant->qmin = -kBiasQmax;
    graph.value(graph.nodes[1].inputs[2]).quant->qmax = kBiasQmax;
    return graph;
  };
  const auto has = [](const Graph& graph, OnnxType type) {
    return std::ranges::count(initializer_types_of(must(write_onnx(graph))), type) == 1;
  };
  const Graph narrow = with_bias({-32768, 32767});
  CHECK(has(narrow, OnnxType::kInt16));
  CHECK_FALSE(has(narrow, OnnxType::kInt32));
  CHECK(graph_difference(narrow, written_and_read(narrow)) == "");
  for (const int32_t beyond : {-32769, 32768}) {
    const Graph wide = with_bias({0, beyond});
    CHECK(has(wide, OnnxType::kInt32));
    CHECK_FALSE(has(wide, OnnxType::kInt16));
    CHECK(graph_difference(wide, written_and_read(wide)) == "");
  }
}

TEST_CASE("a Conv says the shape of its kernel in FP32 only") {
  const auto says = [](const Graph& graph, std::string_view text) {
    const std::vector<std::byte> bytes = must(write_onnx(graph));
    return Slice{bytes}.text().find(text) != std::string_view::npos;
  };
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 4, 4});
  CHECK(says(b.output(b.conv(x, {.channels = 2})).build(), "kernel_shape"));
  CHECK_FALSE(
      says(activated_conv(-kInfinity, kInfinity, activation_params(0.1f, 8)), "kernel_shape"));
}

TEST_CASE("an activation is written only where it cuts into the range of the integers") {
  // Zero point 0: QuantizeLinear itself cuts off what is negative.
  CHECK(written_activation(0, kInfinity, activation_params(0.1f, 0)) == "");
  CHECK(written_activation(0, kInfinity, activation_params(0.1f, 5)) == "Relu1 ");
  // The greatest integer stands for the bound itself, or for less.
  CHECK(written_activation(0, 6, activation_params(6.0f / 255, 0)) == "");
  CHECK(written_activation(0, 6, activation_params(5.0f / 255, 0)) == "");
  CHECK(written_activation(0, 6, activation_params(7.0f / 255, 0)) == "Clip3 ");
  CHECK(written_activation(-1, 1, activation_params(1.99f / 255, 128)) == "");
  CHECK(written_activation(-1, 1, activation_params(0.1f, 128)) == "Clip3 ");
  CHECK(written_activation(-kInfinity, 1, activation_params(0.1f, 128)) == "Clip3 ");
  CHECK(written_activation(-1, kInfinity, activation_params(0.1f, 128)) == "Clip2 ");
}

TEST_CASE("an activation that is written is read again") {
  const Graph relu = activated_conv(0, kInfinity, activation_params(0.1f, 5));
  CHECK(written_and_read(relu).nodes[1].activation == ClipAttributes{0, kInfinity});
  // One that saturation does is not needed.
  const Graph none = activated_conv(0, kInfinity, activation_params(0.1f, 0));
  CHECK(written_and_read(none).nodes[1].activation == ClipAttributes{});
}

TEST_CASE("a narrower range is a Clip of integers, and read back as the range") {
  QuantParams symmetric = activation_params(0.3f, 4);
  symmetric.qmin = 1;
  QuantParams positive = activation_params(0.3f, 128);
  positive.qmin = 128;
  for (const QuantParams& params : {activation_params(0.3f, 4, 4), symmetric, positive}) {
    CHECK(written_activation(-kInfinity, kInfinity, params) ==
          (params.qmin == 128   ? "QuantizeLinear3 DequantizeLinear3 Relu1 "
           : params.qmax == 255 ? "QuantizeLinear3 DequantizeLinear3 Clip2 "
                                : "QuantizeLinear3 DequantizeLinear3 Clip3 "));
    Graph graph = activated_conv(-kInfinity, kInfinity, params);
    graph.value(graph.nodes[1].inputs[2]).quant->qmin = -kBiasQmax;
    graph.value(graph.nodes[1].inputs[2]).quant->qmax = kBiasQmax;
    CHECK(graph_difference(graph, written_and_read(graph)) == "");
  }
}

TEST_CASE("narrower ranges pass through operators that only move values, and end behind others") {
  GraphBuilder b;
  b.graph().name = "narrow";
  const ValueId x = b.input("x", {1, 2, 4, 4});
  const ValueId q = b.quantize_linear(x, activation_params(0.3f, 4, 4));
  const ValueId pooled = b.flatten(b.max_pool(b.relu(q), {.kernel = {2, 2}}));
  const ValueId clipped = b.clip(pooled, -0.5f, 2);
  const ValueId sum = b.add(clipped, pooled);
  b.set_quant(sum, activation_params(0.6f, 3, 3));
  const ValueId rescaled = b.relu(sum);
  b.set_quant(rescaled, activation_params(0.7f, 0, 2));
  const Graph graph = b.output(b.dequantize_linear(rescaled)).build();
  CHECK(operators_of(graph) ==
        "QuantizeLinear3 DequantizeLinear3 Clip3 QuantizeLinear3 DequantizeLinear3 "
        "Relu1 QuantizeLinear3 DequantizeLinear3 MaxPool1 QuantizeLinear3 DequantizeLinear3 "
        "Flatten1 QuantizeLinear3 DequantizeLinear3 "
        "Clip3 QuantizeLinear3 DequantizeLinear3 Clip3 QuantizeLinear3 DequantizeLinear3 "
        "Add2 QuantizeLinear3 DequantizeLinear3 Clip3 QuantizeLinear3 DequantizeLinear3 "
        "Relu1 QuantizeLinear3 DequantizeLinear3 Clip3 QuantizeLinear3 DequantizeLinear3");
  CHECK(graph_difference(graph, written_and_read(graph)) == "");
}

TEST_CASE("the opset is never below 13, and as high as an operator needs") {
  const auto opset_of = [](int64_t opset, Spatial dilation) {
    GraphBuilder b;
    const ValueId x = b.input("x", {1, 1, 8, 8});
    b.output(b.average_pool(x, {.kernel = {2, 2}, .dilation = dilation}));
    b.graph().opset = opset;
    return written_and_read(b.build()).opset;
  };
  CHECK(opset_of(7, {1, 1}) == 13);
  CHECK(opset_of(18, {1, 1}) == 18);
  CHECK(opset_of(17, {2, 2}) == 19);
}

TEST_CASE("names that only the file has never meet those of the graph") {
  Graph graph = integer_graph();
  const char* const tempting[] = {"r0", "d0", "d1", "s0", "z0", "m0", "b0"};
  size_t next = 0;
  for (Value& value : graph.values) {
    if (value.quant && next < std::size(tempting)) value.name = tempting[next++];
  }
  REQUIRE(validate(graph).ok());
  CHECK(graph_difference(graph, written_and_read(graph)) == "");
}

TEST_CASE("a graph without a name gets one, as ONNX asks") {
  GraphBuilder b;
  const Graph graph = b.output(b.relu(b.input("x", {1}))).build();
  CHECK(graph.name.empty());
  CHECK(written_and_read(graph).name == "lowbit");
}

TEST_CASE("what cannot be saved is refused") {
  GraphBuilder input;
  input.output(input.dequantize_linear(input.input_u8("x", {1}, activation_params(1, 0))));
  check_error(write_onnx(input.build()), ErrorCode::kUnsupportedFeature, "'x'");
  GraphBuilder output;
  output.output(output.quantize_linear(output.input("x", {1}), activation_params(1, 0)));
  check_error(write_onnx(output.build()), ErrorCode::kUnsupportedFeature, "quantize");
  Graph broken = float_graph();
  broken.nodes[0].inputs[1] = 1000;
  CHECK_FALSE(write_onnx(broken).ok());
}

TEST_CASE("a quantized network of 28 layers is at least 3.6 times smaller than its source") {
  // MobileNetV1 0.25; the source has batch normalization, which quantization folds into biases.
  const auto network = [](bool is_integer) {
    GraphBuilder b;
    ValueId y = b.input("image", {b.symbol("batch"), 3, 96, 96});
    if (is_integer) y = b.quantize_linear(y, activation_params(0.02f, 128));
    int layer = 0;
    const auto finished = [&](ValueId v) {
      if (!is_integer) return b.relu(b.batch_norm(v));
      b.set_quant(v, activation_params(0.01f * static_cast<float>(++layer), 0));
      return v;
    };
    ConvOptions o{.channels = 8, .kernel = {3, 3}, .padding = {1, 1, 1, 1}};
    o.has_bias = is_integer;
    y = finished(b.conv(y, o));
    for (const int64_t channels : {16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256}) {
      y = finished(b.depthwise_conv(y, o));
      ConvOptions pointwise{.channels = channels};
      pointwise.has_bias = is_integer;
      y = finished(b.conv(y, pointwise));
    }
    y = b.gemm(b.flatten(b.global_average_pool(y)), {.features = 2});
    b.output(is_integer ? b.dequantize_linear(y) : y);
    return must(write_onnx(b.build())).size();
  };
  const auto float_bytes = static_cast<double>(network(false));
  const auto integer_bytes = static_cast<double>(network(true));
  CHECK(float_bytes > 800'000);
  CHECK(float_bytes / integer_bytes >= 3.6);
}

TEST_CASE("a quantized file cut or with flipped bits gives typed errors or valid models") {
  const std::vector<std::byte> whole =
      must(write_onnx(activated_conv(0, 3, activation_params(0.1f, 5))));
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(read_onnx(std::span(whole).first(size)).ok());
  }
  Random random(13);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::byte> spoiled = whole;
    const uint32_t bit = random.below(static_cast<uint32_t>(spoiled.size() * 8));
    spoiled[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    const Result<Graph> result = read_onnx(spoiled);
    if (result.ok()) CHECK(write_onnx(*result).ok());
  }
}
