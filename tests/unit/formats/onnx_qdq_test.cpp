#include "formats/onnx_qdq.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "engine/engine.h"
#include "formats/onnx_reader.h"
#include "formats/onnx_writer.h"
#include "support/check_error.h"
#include "support/graph_difference.h"
#include "support/must.h"
#include "support/onnx_file.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// x [N, 2], quantized with scale 0.5 and zero point 3 to "x_q" and back to "x_d"; weights, a bias
// and a second pair of parameters are at hand.
OnnxFile quantized_input() {
  OnnxFile file;
  file.input("x", {"N", 2}).floats("x_s", {}, {0.5f});
  file.initializer(raw_tensor<uint8_t>("x_z", kOnnxUint8, {}, {3}));
  file.node("QuantizeLinear", {"x", "x_s", "x_z"}, {"x_q"}, {.name = "q"});
  file.node("DequantizeLinear", {"x_q", "x_s", "x_z"}, {"x_d"});
  file.initializer(raw_tensor<int8_t>("w", kOnnxInt8, {3, 2}, {1, -2, 127, -127, 0, 5}));
  file.floats("w_s", {3}, {0.25f, 0.5f, 1.0f});
  file.initializer(raw_tensor<int32_t>("b", kOnnxInt32, {3}, {10, -20, 30}));
  file.floats("b_s", {3}, {0.125f, 0.25f, 0.5f});
  file.floats("y_s", {1}, {2.0f});
  return file.initializer(raw_tensor<uint8_t>("y_z", kOnnxUint8, {1}, {0}));
}

OnnxNodeParts axis(int64_t value) { return {.attributes = {int_attribute("axis", value)}}; }

OnnxFile& dequantize_weights(OnnxFile& file) {
  file.node("DequantizeLinear", {"w", "w_s"}, {"w_d"}, axis(0));
  return file.node("DequantizeLinear", {"b", "b_s"}, {"b_d"}, axis(-1));
}

OnnxFile& gemm(OnnxFile& file, const std::string& output) {
  return file.node("Gemm", {"x_d", "w_d", "b_d"}, {output},
                   {.attributes = {int_attribute("transB", 1)}, .name = "gemm"});
}

OnnxFile& quantize_output(OnnxFile& file, const std::string& real) {
  file.node("QuantizeLinear", {real, "y_s", "y_z"}, {"y"});
  return file.node("DequantizeLinear", {"y", "y_s", "y_z"}, {"out"}, {.name = "dq"}).output("out");
}

Result<Graph> read(const OnnxFile& file) { return read_onnx(file.bytes()); }

std::string ops_of(const Graph& graph) {
  std::string ops;
  for (const Node& node : graph.nodes) ops += std::string(op_info(node.op).name) + " ";
  return ops;
}

const Value& input_of(const Graph& graph, size_t node, size_t input) {
  return graph.value(graph.nodes[node].inputs[input]);
}

Tensor reals(const Shape& shape, const std::vector<float>& values) {
  return must(Tensor::from_values<float>(shape, std::span<const float>(values)));
}

// The elements of the only output.
std::string run(const Graph& graph, const std::vector<Tensor>& inputs) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  const Tensor y = must(must(make_plan(graph, shapes, {})).run(inputs))[0];
  std::string text;
  for (size_t i = 0; i < static_cast<size_t>(y.element_count()); ++i) {
    const int element = y.dtype() == DType::kF32  ? static_cast<int>(y.data<float>()[i])
                        : y.dtype() == DType::kI8 ? y.data<int8_t>()[i]
                                                  : y.data<uint8_t>()[i];
    text += std::to_string(element) + " ";
  }
  return text;
}

// Read back, what is written is the same.
void check_written(const Graph& graph) {
  CHECK(graph_difference(graph, must(read_onnx(must(write_onnx(graph))))) == "");
}

}  // namespace

TEST_CASE("an operator between DequantizeLinear and QuantizeLinear is one integer node") {
  OnnxFile file = quantized_input();
  const Graph graph = must(read(quantize_output(gemm(dequantize_weights(file), "r"), "r")));
  REQUIRE(graph.nodes.size() == 3);
  CHECK(graph.nodes[0].op == Op::kQuantizeLinear);
  CHECK(graph.nodes[0].name == "q");
  CHECK(graph.nodes[1].op == Op::kGemm);
  CHECK(graph.nodes[1].name == "gemm");
  CHECK(graph.nodes[2].op == Op::kDequantizeLinear);
  CHECK(graph.nodes[2].name == "dq");

  const Value& x = input_of(graph, 1, 0);
  CHECK(x.name == "x_q");
  CHECK(x.dtype == DType::kU8);
  CHECK(*x.quant == QuantParams{DType::kU8, 0, 255, -1, {0.5f}, {3}});
  const Value& w = input_of(graph, 1, 1);
  CHECK(w.name == "w");
  CHECK(*w.quant == QuantParams{DType::kI8, -127, 127, 0, {0.25f, 0.5f, 1.0f}, {0, 0, 0}});
  CHECK(w.constant->data<int8_t>()[3] == -127);
  const Value& b = input_of(graph, 1, 2);
  CHECK(*b.quant ==
        QuantParams{DType::kI32, -kBiasQmax, kBiasQmax, 0, {0.125f, 0.25f, 0.5f}, {0, 0, 0}});
  const Value& y = graph.value(graph.nodes[1].output);
  CHECK(y.name == "y");
  CHECK(*y.quant == QuantParams{DType::kU8, 0, 255, -1, {2.0f}, {0}});
  CHECK(graph.value(graph.outputs[0]).name == "out");
  CHECK(graph.value(graph.outputs[0]).dtype == DType::kF32);
}

TEST_CASE("a bias scale may be the product of the other scales") {
  OnnxFile file = quantized_input();
  file.node("DequantizeLinear", {"w", "w_s"}, {"w_d"}, axis(0)).node("Mul", {"x_s", "w_s"}, {"m"});
  file.node("DequantizeLinear", {"b", "m"}, {"b_d"}, axis(0));
  const Graph graph = must(read(quantize_output(gemm(file, "r"), "r")));
  CHECK(input_of(graph, 1, 2).quant->scale == std::vector<float>{0.125f, 0.25f, 0.5f});
}

TEST_CASE("the integers of a bias may be a Cast of int16") {
  const auto with_cast = [](const WireWriter& stored, int64_t to) {
    OnnxFile file = quantized_input();
    file.initializer(stored).node("Cast", {"stored"}, {"bias"},
                                  {.attributes = {int_attribute("to", to)}, .name = "n"});
    file.node("DequantizeLinear", {"w", "w_s"}, {"w_d"}, axis(0));
    file.node("DequantizeLinear", {"bias", "b_s"}, {"b_d"}, axis(0));
    return read(quantize_output(gemm(file, "r"), "r"));
  };
  const WireWriter narrow = raw_tensor<int16_t>("stored", kOnnxInt16, {3}, {10, -20, 30});
  const Graph graph = must(with_cast(narrow, kOnnxInt32));
  const Value& bias = input_of(graph, 1, 2);
  CHECK(bias.name == "bias");
  CHECK(bias.dtype == DType::kI32);
  CHECK(bias.constant->data<int32_t>()[1] == -20);

  check_error(with_cast(narrow, kOnnxFloat), ErrorCode::kUnsupportedFeature, "float32");
  const WireWriter wide = raw_tensor<int64_t>("stored", kOnnxInt64, {3}, {10, -20, 30});
  CHECK(must(with_cast(wide, kOnnxInt32)).nodes.size() == graph.nodes.size());
}

TEST_CASE("activations of 16 bits are refused") {
  OnnxFile file;
  file.input("x", {"N"}).floats("s", {}, {1});
  file.initializer(raw_tensor<int16_t>("z", kOnnxInt16, {}, {0}));
  file.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
  file.node("DequantizeLinear", {"q", "s", "z"}, {"out"}).output("out");
  check_error(read(file), ErrorCode::kUnsupportedFeature, "int16");
}

TEST_CASE("a bias that does not count in Sx * Sw makes a node on reals") {
  OnnxFile file = quantized_input();
  file.node("DequantizeLinear", {"w", "w_s"}, {"w_d"}, axis(0));
  file.node("DequantizeLinear", {"b", "w_s"}, {"b_d"}, axis(0));
  const Graph graph = must(read(quantize_output(gemm(file, "r"), "r")));
  CHECK(ops_of(graph) == "QuantizeLinear DequantizeLinear Gemm QuantizeLinear DequantizeLinear ");
  CHECK(input_of(graph, 2, 1).dtype == DType::kI8);
  CHECK(input_of(graph, 2, 2).constant->data<float>()[1] == -10.0f);
}

TEST_CASE("a bias may count in Sx * Sw up to a rounding; it has that scale then") {
  OnnxFile file = quantized_input();
  file.node("DequantizeLinear", {"w", "w_s"}, {"w_d"}, axis(0));
  file.floats("near", {3}, {0.125f, std::nextafter(0.25f, 1.0f), 0.5f});
  file.node("DequantizeLinear", {"b", "near"}, {"b_d"}, axis(0));
  const Graph graph = must(read(quantize_output(gemm(file, "r"), "r")));
  CHECK(input_of(graph, 1, 2).quant->scale == std::vector<float>{0.125f, 0.25f, 0.5f});
}

TEST_CASE("Relu and Clip before QuantizeLinear are the activation of the node") {
  const float infinity = std::numeric_limits<float>::infinity();
  OnnxFile relu = quantized_input();
  gemm(dequantize_weights(relu), "r").node("Relu", {"r"}, {"a"});
  Graph graph = must(read(quantize_output(relu, "a")));
  CHECK(graph.nodes.size() == 3);
  CHECK(graph.nodes[1].activation == ClipAttributes{0, infinity});

  OnnxFile clip = quantized_input();
  gemm(dequantize_weights(clip), "r")
      .floats("high", {}, {6})
      .node("Clip", {"r", "", "high"}, {"a"});
  graph = must(read(quantize_output(clip, "a")));
  CHECK(graph.nodes.size() == 3);
  CHECK(graph.nodes[1].activation == ClipAttributes{-infinity, 6});
}

TEST_CASE("a function of one value between two pairs is an integer node of its own") {
  for (const Op op : {Op::kRelu, Op::kSigmoid, Op::kLeakyRelu}) {
    OnnxFile file = quantized_input();
    file.node(std::string(op_info(op).name), {"x_d"}, {"r"});
    const Graph graph = must(read(quantize_output(file, "r")));
    REQUIRE(graph.nodes.size() == 3);
    CHECK(graph.nodes[1].op == op);
    CHECK(graph.value(graph.nodes[1].output).quant->scale[0] == 2.0f);
  }
}

TEST_CASE("an operator that moves values between other parameters stays a float node") {
  OnnxFile file = quantized_input();
  file.node("Flatten", {"x_d"}, {"f"});
  const Graph graph = must(read(quantize_output(file, "f")));
  CHECK(ops_of(graph) ==
        "QuantizeLinear DequantizeLinear Flatten QuantizeLinear DequantizeLinear ");
}

TEST_CASE("a Clip without a name between equal pairs is the range of the integers before it") {
  const auto clipped = [](float low, float high, const char* name) {
    OnnxFile file = quantized_input();
    file.floats("low", {}, {low}).floats("high", {}, {high});
    file.node("Clip", {"x_d", "low", "high"}, {"c"}, {.name = name});
    file.node("QuantizeLinear", {"c", "x_s", "x_z"}, {"c_q"});
    file.node("DequantizeLinear", {"c_q", "x_s", "x_z"}, {"c_d"}, {.name = "dq"}).output("c_d");
    return must(read(file));
  };
  const Graph graph = clipped(-1, 6, "");
  REQUIRE(graph.nodes.size() == 2);
  const Value& integers = graph.value(graph.nodes[0].output);
  CHECK(integers.name == "c_q");
  CHECK(integers.quant->qmin == 1);
  CHECK(integers.quant->qmax == 15);
  CHECK(clipped(-1, 6, "clip").nodes.size() == 3);
  // A range needs the zero point.
  CHECK(clipped(1, 6, "").nodes.size() == 3);
}

TEST_CASE("a value read as integers and as reals has both") {
  OnnxFile file = quantized_input();
  file.node("Relu", {"x_d"}, {"r"});
  quantize_output(file, "r").node("Softmax", {"x_d"}, {"p"}).output("p");
  const Graph graph = must(read(file));
  REQUIRE(graph.nodes.size() == 5);
  CHECK(graph.nodes[1].op == Op::kDequantizeLinear);
  CHECK(graph.value(graph.nodes[1].output).name == "x_d");
  CHECK(input_of(graph, 2, 0).name == "x_q");  // Relu, on integers
  CHECK(input_of(graph, 4, 0).name == "x_d");  // Softmax, on reals
}

TEST_CASE("one scale for all channels of a weight is one scale per channel of the bias") {
  OnnxFile file = quantized_input();
  file.floats("w_1", {}, {0.25f}).node("DequantizeLinear", {"w", "w_1"}, {"w_d"});
  file.node("Mul", {"x_s", "w_1"}, {"m"}).node("DequantizeLinear", {"b", "m"}, {"b_d"});
  const Graph graph = must(read(quantize_output(gemm(file, "r"), "r")));
  CHECK(input_of(graph, 1, 1).quant->per_tensor());
  CHECK(input_of(graph, 1, 2).quant->axis == 0);
  CHECK(input_of(graph, 1, 2).quant->scale == std::vector<float>(3, 0.125f));
}

TEST_CASE("a weight that holds -128 has the whole range of int8") {
  OnnxFile file = quantized_input();
  file.initializer(raw_tensor<int8_t>("v", kOnnxInt8, {1, 2}, {-128, 1})).floats("v_s", {}, {1});
  file.node("DequantizeLinear", {"v", "v_s"}, {"v_d"});
  file.node("Gemm", {"x_d", "v_d"}, {"r"}, {.attributes = {int_attribute("transB", 1)}});
  const Graph graph = must(read(quantize_output(file, "r")));
  CHECK(input_of(graph, 1, 1).quant->qmin == -128);
}

TEST_CASE("a DequantizeLinear of other parameters than the QuantizeLinear reads its integers") {
  OnnxFile file = quantized_input();
  file.node("DequantizeLinear", {"x_q", "y_s", "x_z"}, {"out"}, {.name = "n"}).output("out");
  const Graph graph = must(read(file));
  REQUIRE(ops_of(graph) == "QuantizeLinear DequantizeLinear ");
  CHECK(graph.nodes[1].inputs.size() == 3);
  CHECK_FALSE(input_of(graph, 1, 0).quant);
  CHECK(run(graph, {reals({1, 2}, {1, -0.5f})}) == "4 -2 ");
}

TEST_CASE("integers are read, and leave the graph, without DequantizeLinear") {
  const Graph flat = must(read(quantized_input().node("Flatten", {"x_q"}, {"f"}).output("f")));
  CHECK(run(flat, {reals({1, 2}, {1, -0.5f})}) == "5 2 ");
  OnnxFile again = quantized_input();
  again.node("QuantizeLinear", {"x_q", "x_s", "x_z"}, {"f"}).output("f");
  CHECK(run(must(read(again)), {reals({1, 2}, {1, -0.5f})}) == "13 7 ");
  OnnxFile weight = quantized_input();
  check_error(read(weight.node("Add", {"x", "w"}, {"f"}, {.name = "n"}).output("f")),
              ErrorCode::kTypeMismatch, "int8");
}

TEST_CASE("integers may enter and leave the graph around an integer node") {
  for (const bool is_signed : {false, true}) {
    CAPTURE(is_signed);
    const int64_t type = is_signed ? kOnnxInt8 : kOnnxUint8;
    OnnxFile file;
    file.input("x", {2, 2}, type).floats("x_s", {}, {0.5f}).floats("y_s", {}, {2.0f});
    const auto zero = static_cast<uint8_t>(is_signed ? 3 - 128 : 3);
    file.initializer(raw_tensor<uint8_t>("z", type, {}, {zero}));
    file.initializer(raw_tensor<uint8_t>("w", kOnnxUint8, {2, 2}, {129, 126, 131, 128}));
    file.initializer(raw_tensor<uint8_t>("w_z", kOnnxUint8, {}, {128})).floats("w_s", {}, {1});
    file.node("DequantizeLinear", {"x", "x_s", "z"}, {"x_d"});
    file.node("DequantizeLinear", {"w", "w_s", "w_z"}, {"w_d"});
    file.node("MatMul", {"x_d", "w_d"}, {"r"});
    file.node("QuantizeLinear", {"r", "y_s", "z"}, {"y"}).output("y");
    const Graph graph = must(read(file));
    CHECK(ops_of(graph) ==
          "DequantizeLinear QuantizeLinear MatMul DequantizeLinear QuantizeLinear ");
    CHECK(*input_of(graph, 2, 0).quant == QuantParams{DType::kU8, 0, 255, -1, {0.5f}, {3}});
    CHECK(*input_of(graph, 2, 1).quant == QuantParams{DType::kI8, -3, 3, -1, {1}, {0}});
    const int offset = is_signed ? -128 : 0;
    Tensor x = must(Tensor::allocate(is_signed ? DType::kI8 : DType::kU8, Shape{2, 2}));
    const int integers[] = {3 + 8, 3 + 2, 3 - 2, 3};  // the reals 4, 1, -1, 0
    for (size_t i = 0; i < 4; ++i) {
      x.mutable_raw()[i] = static_cast<std::byte>(integers[i] + offset);
    }
    // Times [1 -2; 3 0]: 7, -8; -1, 2; halved, to even, from the zero point on.
    std::string expected;
    for (const int y : {3 + 4, 3 - 4, 3 + 0, 3 + 1}) {
      expected += std::to_string(std::max(y, 0) + offset) + " ";
    }
    CHECK(run(graph, {x}) == expected);
    check_written(graph);
  }
}

TEST_CASE("a bias of integers on float activations becomes reals") {
  OnnxFile file = quantized_input();
  dequantize_weights(file);
  file.node("Gemm", {"x", "w_d", "b_d"}, {"out"},
            {.attributes = {int_attribute("transB", 1)}, .name = "n"});
  const Graph graph = must(read(file.output("out")));
  CHECK(input_of(graph, 0, 1).dtype == DType::kI8);
  CHECK(input_of(graph, 0, 2).constant->data<float>()[2] == 15.0f);
}

TEST_CASE("weights with zero points stay integers") {
  OnnxFile file = quantized_input();
  file.initializer(raw_tensor<uint8_t>("u", kOnnxUint8, {3, 2}, {0, 255, 130, 7, 128, 127}));
  file.initializer(raw_tensor<uint8_t>("u_z", kOnnxUint8, {3}, {130, 128, 0}));
  file.node("DequantizeLinear", {"u", "w_s", "u_z"}, {"w_d"}, axis(0));
  file.node("DequantizeLinear", {"b", "b_s"}, {"b_d"}, axis(-1));
  const Graph graph = must(read(quantize_output(gemm(file, "r"), "r")));
  REQUIRE(graph.nodes.size() == 3);
  const Value& w = input_of(graph, 1, 1);
  CHECK(*w.quant == QuantParams{DType::kI8, -128, 127, 0, {0.25f, 0.5f, 1.0f}, {2, 0, -128}});
  CHECK(w.constant->data<int8_t>()[0] == -128);
  check_written(graph);
}

TEST_CASE("weights that a QuantizeLinear makes of constants are constants") {
  OnnxFile file = quantized_input();
  file.floats("reals", {3, 2}, {0.25f, -0.5f, 1, -2, 100, 5}).floats("p_s", {}, {0.5f});
  file.initializer(raw_tensor<int8_t>("p_z", kOnnxInt8, {}, {0}));
  file.node("QuantizeLinear", {"reals", "p_s", "p_z"}, {"p"});
  file.node("DequantizeLinear", {"p", "p_s", "p_z"}, {"p_d"});
  file.node("Gemm", {"x_d", "p_d"}, {"r"}, {.attributes = {int_attribute("transB", 1)}});
  const Graph graph = must(read(quantize_output(file, "r")));
  REQUIRE(graph.nodes.size() == 3);
  CHECK(input_of(graph, 1, 1).constant->data<int8_t>()[4] == 127);
}

TEST_CASE("parameters may be computed, per axis, in blocks or left out") {
  const auto quantize = [](OnnxFile file, const std::vector<std::string>& inputs,
                           const OnnxNodeParts& parts) {
    file.input("x", {2, 2}).floats("s", {}, {1}).floats("s2", {2}, {1, 0.5f}).int64s("z64", {0});
    file.initializer(raw_tensor<int8_t>("z2", kOnnxInt8, {2}, {0, -1}));
    file.floats("blocks", {2, 1}, {1, 0.25f});
    file.node("Relu", {"s"}, {"computed"}).node("QuantizeLinear", inputs, {"q"}, parts);
    return read(file.output("q"));
  };
  const auto quantized = [&](OnnxFile file, const std::vector<std::string>& inputs,
                             const OnnxNodeParts& parts) {
    const Graph graph = must(quantize(std::move(file), inputs, parts));
    check_written(graph);
    return run(graph, {reals({2, 2}, {1, 2, 3, -4})});
  };
  const OnnxNodeParts plain{.name = "n"};
  CHECK(quantized(OnnxFile(), {"x", "computed"}, plain) == "1 2 3 0 ");
  CHECK(quantized(OnnxFile(), {"x", "s2"}, plain) == "1 4 3 0 ");
  CHECK(quantized(OnnxFile(), {"x", "s2", "z2"}, plain) == "1 3 3 -9 ");
  CHECK(quantized(OnnxFile(), {"x", "s2", "z2"}, axis(-2)) == "1 2 5 -9 ");
  CHECK(quantized(OnnxFile(21), {"x", "blocks"},
                  {.attributes = {int_attribute("block_size", 2)}, .name = "n"}) == "1 2 12 0 ");
  CHECK(quantized(OnnxFile(21), {"x", "s"},
                  {.attributes = {int_attribute("output_dtype", 3)}, .name = "n"}) == "1 2 3 -4 ");

  check_error(quantize(OnnxFile(), {"x", "s", "z2"}, plain), ErrorCode::kInvalidModel,
              "zero point");
  check_error(quantize(OnnxFile(), {"x", "s2"}, axis(2)), ErrorCode::kShapeMismatch, "scale");
  check_error(quantize(OnnxFile(), {"x", "s", "z64"}, plain), ErrorCode::kUnsupportedFeature,
              "int64");
  check_error(quantize(OnnxFile(), {"x", "z64"}, plain), ErrorCode::kTypeMismatch, "z64");
  check_error(quantize(OnnxFile(), {"x"}, plain), ErrorCode::kInvalidModel, "two or three");
  check_error(quantize(OnnxFile(21), {"x", "s"},
                       {.attributes = {int_attribute("block_size", -1)}, .name = "n"}),
              ErrorCode::kInvalidModel, "negative");
  check_error(quantize(OnnxFile(21), {"x", "s"},
                       {.attributes = {int_attribute("output_dtype", 5)}, .name = "n"}),
              ErrorCode::kUnsupportedFeature, "int16");
}

TEST_CASE("a constant whose scales do not fit it is refused; it may have two sets of them") {
  const auto dequantize = [](const std::string& scale, int64_t along) {
    OnnxFile file = quantized_input();
    return file.node("DequantizeLinear", {"w", scale}, {"w_d"}, axis(along)).output("x_d");
  };
  check_error(read(dequantize("w_s", 1)), ErrorCode::kInvalidModel, "3 scales along axis 1");
  check_error(read(dequantize("w_s", 5)), ErrorCode::kInvalidModel, "axis 5");
  OnnxFile two = dequantize("w_s", 0);
  two.node("DequantizeLinear", {"w", "x_s"}, {"other"}).node("Add", {"w_d", "other"}, {"sum"});
  const Graph graph = must(read(two.output("sum")));
  CHECK(input_of(graph, 2, 0).constant->data<float>()[5] == 5.0f);
  CHECK(input_of(graph, 2, 1).constant->data<float>()[5] == 2.5f);
}

TEST_CASE("scales per block must have the constant's shape, divided along the axis") {
  // "w" is [3, 2].
  const auto dequantize = [](const std::vector<int64_t>& dims, int64_t along, int64_t block_size) {
    OnnxFile file = quantized_input();
    int64_t count = 1;
    for (const int64_t dim : dims) count *= dim;
    file.floats("blocks", dims, std::vector<float>(static_cast<size_t>(count), 0.5f));
    file.node(
        "DequantizeLinear", {"w", "blocks"}, {"w_d"},
        {.attributes = {int_attribute("axis", along), int_attribute("block_size", block_size)},
         .name = "n"});
    file.node("Gemm", {"x", "w_d"}, {"out"}, {.attributes = {int_attribute("transB", 1)}});
    return read(file.output("out"));
  };
  const Graph graph = must(dequantize({3, 1}, -1, 2));
  const QuantParams& params = *graph.value(graph.nodes.back().inputs[1]).quant;
  CHECK(params.axis == 1);
  CHECK(params.block_size == 2);
  CHECK(params.scale == std::vector<float>(3, 0.5f));
  CHECK(must(dequantize({3, 2}, 1, 1)).nodes.back().op == Op::kGemm);
  check_error(dequantize({3, 2}, 1, 2), ErrorCode::kInvalidModel, "blocks of 2");
  check_error(dequantize({3}, 1, 2), ErrorCode::kInvalidModel, "blocks of 2");
  check_error(dequantize({3, 1}, 2, 2), ErrorCode::kInvalidModel, "axis 2");
  check_error(dequantize({3, 1}, 1, -1), ErrorCode::kInvalidModel, "blocks of -1");
  // Blocks along the output channels are no weights that a product of integers takes.
  CHECK(input_of(must(dequantize({2, 2}, 0, 2)), 0, 1).dtype == DType::kF32);
}

TEST_CASE("zero points have the shape and the type that scales and integers say") {
  const auto dequantize = [](const WireWriter& zero_points) {
    OnnxFile file = quantized_input();
    file.initializer(zero_points);
    file.node("DequantizeLinear", {"w", "w_s", "z"}, {"w_d"}, axis(0)).output("x_d");
    return read(file);
  };
  const std::vector<int8_t> zeros(3, 0);
  CHECK(dequantize(raw_tensor("z", kOnnxInt8, {3}, zeros)).ok());
  for (const WireWriter& wrong : {raw_tensor("z", kOnnxInt8, {3, 1}, zeros),
                                  raw_tensor("z", kOnnxInt8, {2}, std::vector<int8_t>(2)),
                                  raw_tensor("z", kOnnxUint8, {3}, zeros)}) {
    check_error(dequantize(wrong), ErrorCode::kInvalidModel, "zero point");
  }
  check_error(dequantize(raw_tensor("z", kOnnxInt64, {3}, std::vector<int64_t>(3))),
              ErrorCode::kTypeMismatch, "'z' is int64");
}

TEST_CASE("a scale that is no positive normal number is refused") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float scale :
       {0.0f, -1.0f, infinity, std::numeric_limits<float>::quiet_NaN(), 1e-40f}) {
    OnnxFile file;
    file.input("x", {"N"}).floats("s", {}, {scale}).node("QuantizeLinear", {"x", "s"}, {"q"});
    file.node("DequantizeLinear", {"q", "s"}, {"out"}).output("out");
    CHECK_FALSE(read(file).ok());
  }
}

TEST_CASE("a bias beside a second activation counts in the unit of both") {
  OnnxFile file;
  file.input("x", {2, 3}).input("v", {3, 3}).floats("x_s", {}, {0.5f}).floats("b_s", {}, {0.25f});
  file.floats("y_s", {1}, {2.0f}).initializer(raw_tensor<uint8_t>("y_z", kOnnxUint8, {1}, {0}));
  file.initializer(raw_tensor<int32_t>("b", kOnnxInt32, {3}, {10, -20, 30}));
  file.node("QuantizeLinear", {"x", "x_s"}, {"x_q"}).node("QuantizeLinear", {"v", "x_s"}, {"v_q"});
  file.node("DequantizeLinear", {"x_q", "x_s"}, {"x_d"});
  file.node("DequantizeLinear", {"v_q", "x_s"}, {"w_d"});
  file.node("DequantizeLinear", {"b", "b_s"}, {"b_d"});
  const Graph graph = must(read(quantize_output(gemm(file, "r"), "r")));
  CHECK(ops_of(graph) == "QuantizeLinear QuantizeLinear Gemm DequantizeLinear ");
  CHECK(graph.value(graph.nodes[2].inputs[2]).quant->scale == std::vector<float>(3, 0.25f));
}
