#include "graph/validate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "graph/shape_inference.h"
#include "support/graph_builder.h"
#include "support/integer_weights.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

template <class Spoil>
Error error_after(Graph graph, Spoil&& spoil) {
  REQUIRE(validate(graph).ok());
  spoil(graph);
  const Status status = validate(graph);
  REQUIRE_FALSE(status.ok());
  return status.error();
}

Graph float_graph() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 2, 6, 6});
  ValueId y = b.batch_norm(b.conv(x, {.channels = 4, .kernel = {3, 3}}));
  y = b.clip(y, 0, 6);
  y = b.average_pool(y, {.kernel = {2, 2}, .stride = {2, 2}});
  y = b.gemm(b.flatten(y), {.features = 3});
  b.set_activation(-1, 1);
  return b.output(b.softmax(y)).build();
}

// Every function of qmath/unary.inc, one after the other.
ValueId unary_chain(GraphBuilder& b, ValueId x) {
#define LOWBIT_UNARY(name, opset, first, alpha, second, beta) x = b.unary(Op::k##name, x);
#include "qmath/unary.inc"
#undef LOWBIT_UNARY
  return x;
}

// Every operator that has an integer form, in the law's types.
Graph integer_graph() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 2, 6, 6});
  const ValueId q = b.quantize_linear(x, activation_params(0.02f, 128));
  ValueId y = b.conv(q, {.channels = 4, .kernel = {3, 3}, .padding = {1, 1, 1, 1}});
  b.set_quant(y, activation_params(0.03f, 0));
  b.set_activation(0, 6);
  const ValueId sum = b.add(y, b.relu(y));
  b.set_quant(sum, activation_params(0.05f, 7));
  y = b.concat({b.clip(sum, -1, 1), b.identity(y)});
  y = b.max_pool(y, {.kernel = {2, 2}, .stride = {2, 2}});
  y = b.dropout(b.average_pool(y, {.kernel = {2, 2}}));
  y = b.flatten(b.global_average_pool(y));
  y = b.reshape(y, {0, 8});
  y = b.gemm(y, {.features = 6});
  y = unary_chain(b, b.matmul(y, 5));
  const ValueId p = b.softmax(y);
  b.set_quant(p, activation_params(1.0f / 256, 0));
  return b.output(b.dequantize_linear(p)).build();
}

Node& node_named(Graph& graph, const std::string& name) {
  for (Node& node : graph.nodes) {
    if (node.name == name) return node;
  }
  FAIL("no such node: " << name);
  return graph.nodes[0];
}

Value& input_of(Graph& graph, const std::string& name, size_t input) {
  return graph.value(node_named(graph, name).inputs[input]);
}

Value& output_of(Graph& graph, const std::string& name) {
  return graph.value(node_named(graph, name).output);
}

}  // namespace

TEST_CASE("Sound graphs of either precision pass, before and after inference") {
  for (const Graph& graph : {float_graph(), integer_graph()}) {
    const Status status = validate(graph);
    CAPTURE((status.ok() ? std::string() : status.error().message));
    CHECK(status.ok());
    CHECK(validate(must(infer_shapes(graph))).ok());
  }
}

TEST_CASE("Every operator of the list is in one of the two graphs, or among ONNX's own tests") {
  std::vector<std::string_view> seen = {
#define LOWBIT_TESTED(name) #name,
#include "onnx/operators.inc"
#undef LOWBIT_TESTED
      // These have the kernel of others there.
      "LessOrEqual", "GreaterOrEqual", "Xor"};
  for (const Graph& graph : {float_graph(), integer_graph()}) {
    for (const Node& node : graph.nodes) seen.push_back(op_info(node.op).name);
  }
#define LOWBIT_OP(name, min_inputs, max_inputs, attributes, integer, gradient) \
  CHECK(std::ranges::find(seen, std::string_view(#name)) != seen.end());
#include "graph/ops.inc"
#undef LOWBIT_OP
}

TEST_CASE("Bounds of activations are in order and no NaN") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const ClipAttributes& bad : {ClipAttributes{.min = 1, .max = 0}, ClipAttributes{.min = nan},
                                    ClipAttributes{.max = nan}}) {
    CHECK(error_after(float_graph(), [&](Graph& g) {
            node_named(g, "clip1").attributes = bad;
          }).where == "clip1");
    CHECK(error_after(float_graph(), [&](Graph& g) {
            node_named(g, "gemm1").activation = bad;
          }).where == "gemm1");
  }
}

TEST_CASE("Activations are fused only where the engine computes them") {
  const Error error = error_after(
      float_graph(), [](Graph& g) { node_named(g, "average_pool1").activation.min = 0; });
  CHECK(error.code == ErrorCode::kInvalidModel);
  CHECK(error.where == "average_pool1");
}

TEST_CASE("The attributes of a function of one value are finite") {
  GraphBuilder b;
  const ValueId x = b.input("x", {3});
  const Graph graph = b.output(b.unary(Op::kHardSigmoid, x)).build();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const UnaryParameters bad : {UnaryParameters{infinity, 0}, UnaryParameters{0, -infinity}}) {
    const Error error = error_after(
        graph, [&](Graph& g) { g.nodes[0].attributes = UnaryAttributes{.parameters = bad}; });
    CHECK(error.code == ErrorCode::kInvalidModel);
    CHECK(error.where == "unary1");
  }
}

TEST_CASE("A batch normalization's epsilon is finite and not negative") {
  for (const float bad :
       {-1e-5f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(
        error_after(float_graph(), [&](Graph& g) {
          std::get<BatchNormalizationAttributes>(node_named(g, "batch_norm1").attributes).epsilon =
              bad;
        }).where == "batch_norm1");
  }
}

TEST_CASE("Computed weights are refused by name") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 4, 4});
  const ValueId w = b.input("w", {3, 2, 1, 1});
  const ValueId y = b.conv(x, {.channels = 3});
  Graph graph = b.output(y).build();
  const Error error = error_after(graph, [&](Graph& g) {
    g.nodes[0].inputs[1] = w;
    g = must(infer_shapes(g));
  });
  CHECK(error.code == ErrorCode::kUnsupportedFeature);
  CHECK(error.message ==
        "node 'conv1' (Conv): input 1 ('w') is computed; weights, biases and parameters must be "
        "constants");
}

TEST_CASE("A float MatMul may multiply two activations, an integer one may not") {
  GraphBuilder b;
  CHECK(validate(b.output(b.matmul_of(b.input("a", {2, 3}), b.input("b", {3, 4}))).build()).ok());
  GraphBuilder q;
  const QuantParams params = activation_params(0.1f, 0);
  q.output(q.matmul_of(q.input_u8("a", {2, 3}, params), q.input_u8("b", {3, 4}, params)));
  CHECK(validate(q.build()).error().code == ErrorCode::kUnsupportedFeature);
}

TEST_CASE("Quantization parameters keep their own rules") {
  const auto where = [](auto&& spoil) {
    const Error error =
        error_after(integer_graph(), [&](Graph& g) { spoil(*output_of(g, "conv1").quant); });
    CHECK(error.where == "conv1");
    return error.code;
  };
  const auto invalid = ErrorCode::kInvalidModel;
  CHECK(where([](QuantParams& q) { q.qmin = 255; }) == invalid);
  CHECK(where([](QuantParams& q) { q.qmin = -1; }) == invalid);
  CHECK(where([](QuantParams& q) { q.qmax = 256; }) == invalid);
  CHECK(where([](QuantParams& q) { q.zero_point[0] = 256; }) == invalid);
  CHECK(where([](QuantParams& q) { q.qmax = 15, q.zero_point[0] = 16; }) == invalid);
  CHECK(where([](QuantParams& q) { q.scale[0] = 0; }) == invalid);
  CHECK(where([](QuantParams& q) { q.scale[0] = -1; }) == invalid);
  CHECK(where([](QuantParams& q) { q.scale[0] = 1e-40f; }) == invalid);
  CHECK(where([](QuantParams& q) { q.scale[0] = std::numeric_limits<float>::infinity(); }) ==
        invalid);
  CHECK(where([](QuantParams& q) { q.scale[0] = std::numeric_limits<float>::quiet_NaN(); }) ==
        invalid);
  CHECK(where([](QuantParams& q) { q.scale.push_back(1); }) == invalid);
  CHECK(where([](QuantParams& q) { q.zero_point.clear(); }) == invalid);
  CHECK(where([](QuantParams& q) { q.axis = 4; }) == invalid);
  CHECK(where([](QuantParams& q) { q.axis = 0; }) == invalid);  // a symbol has no count
  CHECK(where([](QuantParams& q) { q.storage = DType::kI8; }) == ErrorCode::kTypeMismatch);
  CHECK(where([](QuantParams& q) { q.storage = DType::kF32; }) == ErrorCode::kTypeMismatch);
}

TEST_CASE("Activations are float32, or uint8 with one scale") {
  const Error plain =
      error_after(float_graph(), [](Graph& g) { output_of(g, "clip1").dtype = DType::kU8; });
  CHECK(plain.code == ErrorCode::kTypeMismatch);
  CHECK(plain.where == "clip1");
  const Error per_channel = error_after(integer_graph(), [](Graph& g) {
    Value& value = output_of(g, "conv1");
    value.quant->axis = 1;
    value.quant->scale.assign(4, 0.03f);
    value.quant->zero_point.assign(4, 0);
  });
  CHECK(per_channel.where == "conv1");
  CHECK(per_channel.code == ErrorCode::kUnsupportedFeature);
}

TEST_CASE("Float and integer meet only in QuantizeLinear and DequantizeLinear") {
  const auto to_float = [](Value& value) {
    value.quant.reset();
    value.dtype = DType::kF32;
  };
  const auto error = [&](const char* node) {
    return error_after(integer_graph(), [&](Graph& g) { to_float(output_of(g, node)); });
  };
  CHECK(error("quantize1").where == "quantize1");
  CHECK(error("conv1").where == "conv1");
  CHECK(error("relu1").where == "relu1");
  CHECK(error("softmax1").where == "softmax1");
  for (const char* node : {"quantize1", "conv1", "relu1", "softmax1"}) {
    CHECK(error(node).code == ErrorCode::kTypeMismatch);
  }
  CHECK(error_after(integer_graph(), [](Graph& g) {
          Value& y = output_of(g, "dequantize1");
          y.quant = activation_params(1, 0);
          y.dtype = DType::kU8;
        }).where == "dequantize1");
}

TEST_CASE("An operator without an integer form is refused among integers") {
  GraphBuilder b;
  const ValueId x = b.input_u8("x", {1, 2, 3, 3}, activation_params(1, 0));
  const Error error = validate(b.output(b.batch_norm(x)).build()).error();
  CHECK(error.code == ErrorCode::kUnsupportedFeature);
  CHECK(error.where == "batch_norm1");
}

TEST_CASE("Integer weights are int8, symmetric, per tensor or per output channel") {
  for (const char* node : {"conv1", "gemm1", "matmul1"}) {
    const auto error = [&](auto&& spoil) {
      const Error e =
          error_after(integer_graph(), [&](Graph& g) { spoil(*input_of(g, node, 1).quant); });
      CHECK(e.where == node);
      return e.code;
    };
    CHECK(error([](QuantParams& q) { q.zero_point[0] = 1; }) == ErrorCode::kUnsupportedFeature);
    const Error missing =
        error_after(integer_graph(), [&](Graph& g) { input_of(g, node, 1).quant.reset(); });
    CHECK(missing.where == node);
    CHECK(missing.code == ErrorCode::kTypeMismatch);
  }
  // The other axis, with as many scales as it has indices.
  for (const char* node : {"conv1", "gemm1", "matmul1"}) {
    const Error error = error_after(integer_graph(), [&](Graph& g) {
      Value& weight = input_of(g, node, 1);
      weight.quant->axis = 1 - weight.quant->axis;
      const auto count = static_cast<size_t>(weight.shape[weight.quant->axis]);
      weight.quant->scale.assign(count, 0.01f);
      weight.quant->zero_point.assign(count, 0);
    });
    CHECK(error.where == node);
    CHECK(error.code == ErrorCode::kUnsupportedFeature);
  }
  Graph per_tensor = integer_graph();
  Value& weight = input_of(per_tensor, "matmul1", 1);
  weight.quant->axis = -1;
  weight.quant->scale = {0.01f};
  weight.quant->zero_point = {0};
  CHECK(validate(per_tensor).ok());
}

TEST_CASE("Weights in blocks divide the reduction as the layer allows it") {
  GraphBuilder b;
  ValueId x = b.quantize_linear(b.input("x", {1, 8, 6, 6}), activation_params(0.02f, 128));
  x = b.depthwise_conv(b.conv(x, {.channels = 8, .kernel = {3, 3}}), {});
  Graph graph = b.output(b.dequantize_linear(b.gemm(b.flatten(x), {.features = 3}))).build();
  set_integer_weights(graph, 1, {.group_size = 4});
  set_integer_weights(graph, 4, {.group_size = 100});
  const auto quant = [](Graph& g, size_t node) -> QuantParams& {
    return *g.value(g.nodes[node].inputs[1]).quant;
  };
  const auto resize = [&](Graph& g, size_t node) {
    QuantParams& params = quant(g, node);
    const Shape& shape = g.value(g.nodes[node].inputs[1]).shape;
    const auto count = static_cast<size_t>(scale_shape(params, shape).element_count().value_or(0));
    params.scale.resize(count, 0.1f);
    params.zero_point.resize(count, 0);
  };
  CHECK(quant(graph, 4).scale.size() == 6);  // of 128 elements, in blocks of 100 and 28
  const auto refused = [&](size_t node, auto spoil) {
    return error_after(graph, [&](Graph& g) {
      spoil(quant(g, node));
      resize(g, node);
    });
  };
  CHECK(refused(1, [](QuantParams& q) { q.block_size = 3; }).code ==
        ErrorCode::kUnsupportedFeature);
  CHECK(refused(1, [](QuantParams& q) { q.axis = 0; }).code == ErrorCode::kUnsupportedFeature);
  CHECK(refused(2, [](QuantParams& q) {
          q.axis = 1;
          q.block_size = 1;
        }).code == ErrorCode::kUnsupportedFeature);
  CHECK(refused(4, [](QuantParams& q) { q.block_size = 513; }).code ==
        ErrorCode::kUnsupportedFeature);
  CHECK(refused(4, [](QuantParams& q) { q.block_size = -1; }).code == ErrorCode::kInvalidModel);
  CHECK(refused(4, [](QuantParams& q) {
          q = {.storage = DType::kI8, .qmin = -127, .qmax = 127, .block_size = 2};
        }).code == ErrorCode::kInvalidModel);
  CHECK(error_after(graph, [&](Graph& g) { quant(g, 4).scale.pop_back(); }).code ==
        ErrorCode::kInvalidModel);
  // The bias counts in the largest scale of its channel.
  CHECK(error_after(graph, [&](Graph& g) { quant(g, 4).scale[1] *= 100; }).code ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("Float activations take integer weights as integer ones do, and a float bias") {
  GraphBuilder b;
  Graph graph = b.output(b.gemm(b.input("x", {1, 8}), {.features = 3})).build();
  set_integer_weights(graph, 0, {.group_size = 4});
  Value& weight = graph.value(graph.nodes[0].inputs[1]);
  CHECK(error_after(graph, [&](Graph& g) { g.value(g.nodes[0].inputs[1]).quant->axis = 0; }).code ==
        ErrorCode::kInvalidModel);
  CHECK(error_after(graph, [&](Graph& g) {
          g.value(g.nodes[0].inputs[1]).quant->zero_point[0] = 1;
        }).code == ErrorCode::kUnsupportedFeature);
  CHECK(error_after(graph, [&](Graph& g) {
          std::get<GemmAttributes>(g.nodes[0].attributes).alpha = 2;
        }).code == ErrorCode::kUnsupportedFeature);
  CHECK(error_after(graph, [&](Graph& g) {
          Value& bias = g.value(g.nodes[0].inputs[2]);
          bias.dtype = DType::kI32;
          bias.constant = must(Tensor::allocate(DType::kI32, bias.shape));
        }).code == ErrorCode::kTypeMismatch);
  weight.quant.reset();
  CHECK(validate(graph).error().code == ErrorCode::kTypeMismatch);
}

TEST_CASE("An integer bias counts in input scale times weight scale") {
  const auto error = [](auto&& spoil) {
    const Error e = error_after(integer_graph(), [&](Graph& g) { spoil(input_of(g, "gemm1", 2)); });
    CHECK(e.where == "gemm1");
    return e.code;
  };
  CHECK(error([](Value& v) { v.quant->scale[3] *= 1.01f; }) == ErrorCode::kInvalidModel);
  CHECK(error([](Value& v) { v.quant->zero_point[0] = 1; }) == ErrorCode::kUnsupportedFeature);
  CHECK(error([](Value& v) { v.quant.reset(); }) == ErrorCode::kTypeMismatch);
  CHECK(error([](Value& v) {
          v.constant = must(v.constant->reshaped({1, 6}));
          v.shape = {1, 6};
          v.quant->axis = 1;
        }) == ErrorCode::kUnsupportedFeature);
}

TEST_CASE("An integer Gemm has no factors") {
  CHECK(error_after(integer_graph(), [](Graph& g) {
          std::get<GemmAttributes>(node_named(g, "gemm1").attributes).alpha = 2;
        }).code == ErrorCode::kUnsupportedFeature);
}

TEST_CASE("Integer operators that move values keep their parameters") {
  for (const char* node : {"max_pool1", "flatten1", "reshape1", "identity1", "dropout1"}) {
    const Error error =
        error_after(integer_graph(), [&](Graph& g) { output_of(g, node).quant->scale[0] *= 2; });
    CHECK(error.where == node);
    CHECK(error.code == ErrorCode::kUnsupportedFeature);
  }
}

TEST_CASE("Spoiled at random, a graph is refused or sound, and never crashes") {
  const std::vector<Graph> sound{float_graph(), integer_graph()};
  Random random(7);
  const auto pick = [&](auto& list) -> auto& {
    return list[random.below(static_cast<uint32_t>(list.size()))];
  };
  const int64_t numbers[] = {-2,
                             -1,
                             0,
                             1,
                             2,
                             3,
                             7,
                             1 << 30,
                             std::numeric_limits<int64_t>::max(),
                             std::numeric_limits<int64_t>::min()};
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    Graph graph = pick(sound);
    for (uint32_t change = 0; change <= random.below(2); ++change) {
      Node& node = pick(graph.nodes);
      Value& value = pick(graph.values);
      switch (random.below(10)) {
        case 0:
          pick(node.inputs) = static_cast<ValueId>(random.below(60)) - 2;
          break;
        case 1:
          node.output = static_cast<ValueId>(random.below(60)) - 2;
          break;
        case 2:
          node.op = static_cast<Op>(random.below(20));
          break;
        case 3:
          std::swap(node, pick(graph.nodes));
          break;
        case 4:
          node.attributes = pick(graph.nodes).attributes;
          break;
        case 5:
          if (value.shape.rank() > 0) {
            value.shape[static_cast<int>(random.below(static_cast<uint32_t>(value.shape.rank())))] =
                numbers[random.below(10)];
          }
          break;
        case 6:
          value.dtype = static_cast<DType>(random.below(5));
          break;
        case 7:
          value.quant = pick(graph.values).quant;
          break;
        case 8:
          if (auto* conv = std::get_if<ConvAttributes>(&node.attributes)) {
            conv->groups = numbers[random.below(10)];
            conv->window.padding.left = numbers[random.below(10)];
          } else if (auto* pool = std::get_if<PoolAttributes>(&node.attributes)) {
            pool->window.stride.h = numbers[random.below(10)];
            pool->window.kernel.w = numbers[random.below(10)];
          } else if (auto* axis = std::get_if<AxisAttributes>(&node.attributes)) {
            axis->axis = numbers[random.below(10)];
          } else if (auto* reshape = std::get_if<ReshapeAttributes>(&node.attributes)) {
            reshape->shape.push_back(numbers[random.below(10)]);
          }
          break;
        default:
          value.constant = pick(graph.values).constant;
          break;
      }
    }
    if (const Status status = validate(graph); !status) {
      ++refused;
      CHECK_FALSE(status.error().message.empty());
    } else {
      CHECK(infer_shapes(graph).ok());
    }
  }
  CHECK(refused > 2000);
}

TEST_CASE("A graph of 100,000 nodes is checked without recursion") {
  Graph graph;
  ValueId last = graph.add_value({.name = "x", .shape = {1, 4}});
  graph.inputs = {last};
  for (int i = 0; i < 100'000; ++i) {
    const std::string name = "relu" + std::to_string(i);
    const ValueId output = graph.add_value({.name = name});
    graph.nodes.push_back({.op = Op::kRelu, .name = name, .inputs = {last}, .output = output});
    last = output;
  }
  graph.outputs = {last};
  CHECK(validate(graph).ok());
}
