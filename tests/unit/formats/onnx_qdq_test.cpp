#include "formats/onnx_qdq.h"

#include <doctest/doctest.h>

#include <limits>

#include "formats/onnx_reader.h"
#include "support/check_error.h"
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

const Value& input_of(const Graph& graph, size_t node, size_t input) {
  return graph.value(graph.nodes[node].inputs[input]);
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
  check_error(read(file), ErrorCode::kTypeMismatch, "q");
}

TEST_CASE("a bias that does not count in Sx * Sw is refused") {
  OnnxFile file = quantized_input();
  file.node("DequantizeLinear", {"w", "w_s"}, {"w_d"}, axis(0));
  file.node("DequantizeLinear", {"b", "w_s"}, {"b_d"}, axis(0));
  check_error(read(quantize_output(gemm(file, "r"), "r")), ErrorCode::kInvalidModel, "'b'");
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
  std::string ops;
  for (const Node& node : graph.nodes) ops += std::string(op_info(node.op).name) + " ";
  CHECK(ops == "QuantizeLinear DequantizeLinear Flatten QuantizeLinear DequantizeLinear ");
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

TEST_CASE("QuantizeLinear and DequantizeLinear must agree") {
  OnnxFile file = quantized_input();
  file.node("DequantizeLinear", {"x_q", "y_s", "x_z"}, {"out"}, {.name = "n"}).output("out");
  check_error(read(file), ErrorCode::kUnsupportedFeature, "node 'n'");
}

TEST_CASE("integers may not be read, or leave the graph, without DequantizeLinear") {
  OnnxFile tanh = quantized_input();
  tanh.node("Tanh", {"x_q"}, {"f"}, {.name = "n"}).output("f");
  check_error(read(tanh), ErrorCode::kUnsupportedFeature, "node 'n'");
  OnnxFile again = quantized_input();
  again.node("QuantizeLinear", {"x_q", "x_s", "x_z"}, {"f"}, {.name = "n"}).output("x_d");
  check_error(read(again), ErrorCode::kUnsupportedFeature, "node 'n'");
  check_error(read(quantized_input().output("x_q")), ErrorCode::kUnsupportedFeature, "float32");
  OnnxFile weight = quantized_input();
  check_error(read(weight.node("Add", {"x", "w"}, {"f"}, {.name = "n"}).output("f")),
              ErrorCode::kTypeMismatch, "int8");
}

TEST_CASE("a bias of integers on float activations is refused") {
  OnnxFile file = quantized_input();
  dequantize_weights(file);
  file.node("Gemm", {"x", "w_d", "b_d"}, {"out"},
            {.attributes = {int_attribute("transB", 1)}, .name = "n"});
  check_error(read(file.output("out")), ErrorCode::kTypeMismatch, "'n'");
}

TEST_CASE(
    "parameters that are computed, per channel of an activation or of other types are refused") {
  const auto quantize = [](OnnxFile file, const std::vector<std::string>& inputs,
                           const OnnxNodeParts& parts) {
    file.input("x", {"N", 2}).floats("s", {}, {1}).floats("s2", {2}, {1, 1});
    file.initializer(raw_tensor<int8_t>("z2", kOnnxInt8, {2}, {0, 0})).int64s("z64", {0});
    file.node("Relu", {"x"}, {"computed"}).node("QuantizeLinear", inputs, {"q"}, parts);
    return read(file.output("computed"));
  };
  const OnnxNodeParts plain{.name = "n"};
  check_error(quantize(OnnxFile(), {"x", "computed"}, plain), ErrorCode::kUnsupportedFeature,
              "constants");
  check_error(quantize(OnnxFile(), {"x", "s2"}, plain), ErrorCode::kUnsupportedFeature,
              "one scale, not 2");
  check_error(quantize(OnnxFile(), {"x", "s", "z2"}, plain), ErrorCode::kInvalidModel,
              "zero point");
  check_error(quantize(OnnxFile(), {"x", "s", "z64"}, plain), ErrorCode::kInvalidModel,
              "zero point");
  check_error(quantize(OnnxFile(), {"x", "z64"}, plain), ErrorCode::kUnsupportedFeature, "scale");
  check_error(quantize(OnnxFile(), {"x"}, plain), ErrorCode::kInvalidModel, "two or three");
  check_error(quantize(OnnxFile(21), {"x", "s"},
                       {.attributes = {int_attribute("block_size", 2)}, .name = "n"}),
              ErrorCode::kUnsupportedFeature, "block");
  check_error(quantize(OnnxFile(21), {"x", "s"},
                       {.attributes = {int_attribute("output_dtype", 3)}, .name = "n"}),
              ErrorCode::kUnsupportedFeature, "output_dtype");
}

TEST_CASE("a constant whose scales do not fit it, or that has two sets of them, is refused") {
  const auto dequantize = [](const std::string& scale, int64_t along) {
    OnnxFile file = quantized_input();
    return file.node("DequantizeLinear", {"w", scale}, {"w_d"}, axis(along)).output("x_d");
  };
  check_error(read(dequantize("w_s", 1)), ErrorCode::kInvalidModel, "3 scales along axis 1");
  check_error(read(dequantize("w_s", 5)), ErrorCode::kInvalidModel, "axis 5");
  OnnxFile two = dequantize("w_s", 0);
  two.node("DequantizeLinear", {"w", "x_s"}, {"other"});
  check_error(read(two), ErrorCode::kUnsupportedFeature, "two ways");
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
  check_error(dequantize({3, 1}, 1, -1), ErrorCode::kInvalidModel, "negative");
  check_error(dequantize({2, 2}, 0, 2), ErrorCode::kUnsupportedFeature, "blocks lie along 1");
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
                                  raw_tensor("z", kOnnxUint8, {3}, zeros),
                                  raw_tensor("z", kOnnxInt64, {3}, std::vector<int64_t>(3))}) {
    check_error(dequantize(wrong), ErrorCode::kInvalidModel, "zero point");
  }
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
