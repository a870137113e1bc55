#include "formats/onnx_qlinear.h"

#include <doctest/doctest.h>

#include "formats/onnx_reader.h"
#include "support/check_error.h"
#include "support/graph_difference.h"
#include "support/must.h"
#include "support/onnx_file.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// x [N, 2, 4, 4], quantized to "q"; parameters "y_s", "y_z" of outputs; weights "w" of a 1x1
// convolution to 3 channels, or of a matrix [3, 2] "m", with a bias "b".
OnnxFile quantized_input() {
  OnnxFile file;
  file.input("x", {"N", 2, 4, 4}).floats("x_s", {}, {0.5f}).floats("y_s", {}, {2.0f});
  file.initializer(raw_tensor<uint8_t>("x_z", kOnnxUint8, {}, {3}));
  file.initializer(raw_tensor<uint8_t>("y_z", kOnnxUint8, {}, {7}));
  file.initializer(raw_tensor<int8_t>("w", kOnnxInt8, {3, 2, 1, 1}, {1, -2, 127, -127, 0, 5}));
  file.initializer(raw_tensor<int8_t>("m", kOnnxInt8, {3, 2}, {1, -2, 127, -127, 0, 5}));
  file.floats("w_s", {3}, {0.25f, 0.5f, 1.0f});
  file.initializer(raw_tensor<int8_t>("w_z", kOnnxInt8, {3}, {0, 0, 0}));
  file.initializer(raw_tensor<int32_t>("b", kOnnxInt32, {3}, {10, -20, 30}));
  return file.node("QuantizeLinear", {"x", "x_s", "x_z"}, {"q"}, {.name = "quantize"});
}

OnnxFile& dequantize_output(OnnxFile& file) {
  return file.node("DequantizeLinear", {"y", "y_s", "y_z"}, {"out"}, {.name = "dq"}).output("out");
}

OnnxNodeParts microsoft(const std::string& name, std::vector<WireWriter> attributes = {}) {
  return {.attributes = std::move(attributes), .name = name, .domain = "com.microsoft"};
}

OnnxFile with_conv() {
  OnnxFile file = quantized_input();
  file.node("QLinearConv", {"q", "x_s", "x_z", "w", "w_s", "w_z", "y_s", "y_z", "b"}, {"y"},
            {.attributes = {ints_attribute("pads", {1, 1, 1, 1})}, .name = "conv"});
  return file;
}

Graph read(const OnnxFile& file) { return must(read_onnx(file.bytes())); }

const Value& output_of(const Graph& graph, size_t node) {
  return graph.value(graph.nodes[node].output);
}

}  // namespace

TEST_CASE("a QLinearConv is the Conv between two pairs") {
  OnnxFile file = with_conv();
  const Graph graph = read(dequantize_output(file));
  REQUIRE(graph.nodes.size() == 3);
  CHECK(graph.nodes[1].op == Op::kConv);
  CHECK(graph.nodes[1].name == "conv");
  CHECK(std::get<ConvAttributes>(graph.nodes[1].attributes).window.padding.left == 1);

  OnnxFile qdq = quantized_input();
  qdq.node("DequantizeLinear", {"q", "x_s", "x_z"}, {"q_d"});
  qdq.node("DequantizeLinear", {"w", "w_s", "w_z"}, {"w_d"},
           {.attributes = {int_attribute("axis", 0)}});
  qdq.node("Mul", {"x_s", "w_s"}, {"b_s"});
  qdq.node("DequantizeLinear", {"b", "b_s"}, {"b_d"}, {.attributes = {int_attribute("axis", 0)}});
  qdq.node("Conv", {"q_d", "w_d", "b_d"}, {"r"},
           {.attributes = {ints_attribute("pads", {1, 1, 1, 1})}, .name = "conv"});
  qdq.node("QuantizeLinear", {"r", "y_s", "y_z"}, {"y"});
  CHECK(graph_difference(graph, read(dequantize_output(qdq))) == "");
}

TEST_CASE("the channels of a matrix are where the operator says") {
  OnnxFile file = quantized_input();
  file.node("Flatten", {"q"}, {"f"}, {.attributes = {int_attribute("axis", 1)}, .name = "flatten"});
  file.initializer(raw_tensor<int8_t>("v", kOnnxInt8, {32, 3}, std::vector<int8_t>(96, 1)));
  file.node("QLinearMatMul", {"f", "x_s", "x_z", "v", "w_s", "w_z", "y_s", "y_z"}, {"p"},
            {.name = "matmul"});
  file.initializer(raw_tensor<int8_t>("u", kOnnxInt8, {3, 3}, std::vector<int8_t>(9, 2)));
  file.node("QGemm", {"p", "y_s", "y_z", "u", "w_s", "w_z", "b", "y_s", "y_z"}, {"y"},
            microsoft("gemm", {int_attribute("transB", 1)}));
  const Graph graph = read(dequantize_output(file));
  REQUIRE(graph.nodes.size() == 5);
  CHECK(graph.nodes[1].op == Op::kFlatten);
  CHECK(output_of(graph, 1).quant->zero_point[0] == 3);  // moved, not requantized
  CHECK(graph.value(graph.nodes[2].inputs[1]).quant->axis == 1);
  CHECK(graph.value(graph.nodes[3].inputs[1]).quant->axis == 0);
  CHECK(graph.value(graph.nodes[3].inputs[2]).quant->scale == std::vector{0.5f, 1.0f, 2.0f});
}

TEST_CASE("operators of ONNX Runtime become those of ONNX") {
  OnnxFile file = with_conv();
  file.node("QLinearAdd", {"y", "y_s", "y_z", "y", "y_s", "y_z", "x_s", "x_z"}, {"sum"},
            microsoft("add"));
  file.node("QLinearConcat", {"y_s", "y_z", "y", "y_s", "y_z", "sum", "x_s", "x_z"}, {"joined"},
            microsoft("concat", {int_attribute("axis", 1)}));
  file.node("QLinearGlobalAveragePool", {"joined", "y_s", "y_z", "x_s", "x_z"}, {"mean"},
            microsoft("mean", {int_attribute("channels_last", 0)}));
  file.floats("s_s", {}, {1.0f / 256});
  file.node("QLinearSoftmax", {"mean", "x_s", "x_z", "s_s", ""}, {"share"},
            microsoft("softmax", {int_attribute("axis", 1), int_attribute("opset", 13)}));
  file.node("DequantizeLinear", {"share", "s_s"}, {"out"}, {.name = "dq"}).output("out");
  const Graph graph = read(file);
  std::string ops;
  for (const Node& node : graph.nodes) ops += std::string(op_info(node.op).name) + " ";
  CHECK(ops == "QuantizeLinear Conv Add Concat GlobalAveragePool Softmax DequantizeLinear ");
  CHECK(output_of(graph, 2).name == "sum");
  CHECK(output_of(graph, 5).quant->scale[0] == 1.0f / 256);
}

TEST_CASE("what such an operator does in another way is refused") {
  const auto pool = [](std::vector<WireWriter> attributes) {
    OnnxFile file = quantized_input();
    file.node("QLinearGlobalAveragePool", {"q", "x_s", "x_z", "y_s", "y_z"}, {"y"},
              microsoft("pool", std::move(attributes)));
    return read_onnx(dequantize_output(file).bytes());
  };
  CHECK(pool({}).ok());
  check_error(pool({int_attribute("channels_last", 1)}), ErrorCode::kUnsupportedFeature,
              "channels_last");
  OnnxFile file = quantized_input();
  file.node("QLinearSoftmax", {"q", "x_s", "x_z", "y_s", "y_z"}, {"y"},
            microsoft("softmax", {int_attribute("opset", 11)}));
  check_error(read_onnx(dequantize_output(file).bytes()), ErrorCode::kUnsupportedFeature, "opset");
}

TEST_CASE("operators with too few inputs are refused by name") {
  for (const size_t count : {0u, 1u, 5u, 7u}) {
    CAPTURE(count);
    std::vector<std::string> inputs{"q", "x_s", "x_z", "w", "w_s", "w_z", "y_s", "y_z"};
    inputs.resize(count);
    OnnxFile file = quantized_input();
    file.node("QLinearConv", inputs, {"y"}, {.name = "conv"});
    check_error(read_onnx(dequantize_output(file).bytes()), ErrorCode::kInvalidModel, "'conv'");
  }
  OnnxFile file = quantized_input();
  file.node("QLinearConcat", {"y_s", "y_z", "q", "x_s"}, {"y"}, microsoft("concat"));
  check_error(read_onnx(dequantize_output(file).bytes()), ErrorCode::kInvalidModel, "'concat'");
}

TEST_CASE("an operator of that name in another domain is unknown") {
  OnnxFile file = quantized_input();
  file.node("QLinearAdd", {"q", "x_s", "x_z", "q", "x_s", "x_z", "y_s", "y_z"}, {"y"});
  check_error(read_onnx(dequantize_output(file).bytes()), ErrorCode::kUnsupportedOperator,
              "QLinearAdd");
}
