#include "formats/onnx_reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "support/check_error.h"
#include "support/must.h"
#include "support/onnx_file.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// A convolutional network with every kind of item that a file may hold, in few bytes.
OnnxFile small_network(int64_t opset = 17, int64_t ir_version = 8) {
  OnnxFile file(opset, ir_version);
  file.input("image", {"batch", 1, 4, 4}).ones("conv.w", {2, 1, 3, 3}, 18).ones("conv.b", {2}, 2);
  file.node("Conv", {"image", "conv.w", "conv.b"}, {"c"}, {.name = "conv"});
  file.node("Relu", {"c"}, {"r"})
      .int64s("shape", {0, -1})
      .node("Reshape", {"r", "shape"}, {"flat"});
  file.initializer(raw_tensor<uint16_t>("gemm.w", kOnnxFloat16, {3, 8},
                                        std::vector<uint16_t>(24, uint16_t{0x3800})));
  WireWriter bias = tensor_header("gemm.b", kOnnxFloat, {3});
  for (int i = 0; i < 3; ++i) bias.real(4, 0.25f);
  file.node("Constant", {}, {"gemm.b"}, {.attributes = {tensor_attribute("value", bias)}});
  file.node("Gemm", {"flat", "gemm.w", "gemm.b"}, {"logits"},
            {.attributes = {int_attribute("transB", 1)}, .name = "gemm"});
  return file.output("logits");
}

// x -> Relu -> y, with the input as given.
Result<Graph> read_with_input(OnnxFile file, const std::string& input = "x") {
  return read_onnx(file.node("Relu", {input}, {"y"}).output("y").bytes());
}

}  // namespace

TEST_CASE("a network becomes a graph with its names, shapes, symbols and weights") {
  const Graph graph = must(read_onnx(small_network().bytes()));
  CHECK(graph.name == "test");
  CHECK(graph.opset == 17);
  CHECK(graph.symbols == std::vector<std::string>{"batch"});
  REQUIRE(graph.nodes.size() == 4);
  CHECK(graph.nodes[0].name == "conv");
  CHECK(graph.nodes[3].op == Op::kGemm);

  const Value& input = graph.value(graph.inputs[0]);
  CHECK(input.name == "image");
  CHECK(input.shape == Shape{-1, 1, 4, 4});
  const Value& output = graph.value(graph.outputs[0]);
  CHECK(output.name == "logits");
  CHECK(output.shape == Shape{-1, 3});

  const Value& weight = graph.value(graph.nodes[3].inputs[1]);
  CHECK(weight.name == "gemm.w");
  CHECK(weight.dtype == DType::kF32);
  CHECK(std::ranges::all_of(weight.constant->data<float>(), [](float w) { return w == 0.5f; }));
  const Value& bias = graph.value(graph.nodes[3].inputs[2]);
  CHECK(bias.constant->data<float>()[2] == 0.25f);
}

TEST_CASE("IR 3 lists weights among the inputs; they are not inputs of the graph") {
  OnnxFile file(11, 3);
  file.input("x", {1, 2}).input("w", {1, 2}).floats("w", {1, 2}, {3, 4});
  const Graph graph = must(read_onnx(file.node("Add", {"x", "w"}, {"y"}).output("y").bytes()));
  CHECK(graph.inputs.size() == 1);
  CHECK(graph.value(graph.nodes[0].inputs[1]).constant->data<float>()[1] == 4);
}

TEST_CASE("Constant nodes of every kind become constants") {
  const auto bound = [](const WireWriter& attribute) {
    OnnxFile file;
    file.input("x", {"N"}).node("Constant", {}, {"low"}, {.attributes = {attribute}, .name = "n"});
    return read_onnx(file.node("Clip", {"x", "low"}, {"y"}).output("y").bytes());
  };
  const auto minimum = [&](const WireWriter& attribute) {
    return std::get<ClipAttributes>(must(bound(attribute)).nodes[0].attributes).min;
  };
  CHECK(minimum(float_attribute("value_float", 0.5f)) == 0.5f);
  CHECK(minimum(floats_attribute("value_floats", {0.5f})) == 0.5f);
  CHECK(minimum(tensor_attribute("value", raw_tensor<float>("", kOnnxFloat, {}, {0.5f}))) == 0.5f);
  CHECK(minimum(tensor_attribute("value", raw_tensor<double>("", kOnnxDouble, {}, {0.5}))) == 0.5f);
  check_error(bound(int_attribute("value_int", 1)), ErrorCode::kInvalidModel, "single real");
  check_error(bound(text_attribute("value_string", "a")), ErrorCode::kUnsupportedFeature,
              "value_string");
  check_error(bound(text_attribute("value", "a")), ErrorCode::kInvalidModel, "wrong type");
}

TEST_CASE("constants that nothing reads are left out, whatever they are") {
  OnnxFile file;
  file.input("x", {"N"}).initializer(raw_tensor<uint16_t>("unused", 16, {1}, {0}));
  const Graph graph = must(read_with_input(file));
  CHECK(graph.values.size() == 2);
}

TEST_CASE("dimensions with neither number nor name are symbols of their own") {
  OnnxFile file;
  file.input("x", {"?", 3}).input("z", {"?", "x_dim0"});
  const Graph graph = must(read_onnx(
      file.node("Relu", {"x"}, {"y"}).node("Relu", {"z"}, {"u"}).output("y").output("u").bytes()));
  const auto symbol = [&](size_t input, int axis) {
    return graph.symbols[static_cast<size_t>(-1 - graph.value(graph.inputs[input]).shape[axis])];
  };
  CHECK(symbol(0, 0) == "x_dim0_");
  CHECK(symbol(1, 0) == "z_dim0");
  CHECK(symbol(1, 1) == "x_dim0");
}

TEST_CASE("inputs without a shape, of other types or with empty dimensions are refused by name") {
  check_error(read_with_input(OnnxFile().input_without_shape("x")), ErrorCode::kInvalidModel,
              "input 'x' has no shape");
  check_error(read_with_input(OnnxFile().input("x", {"N"}, kOnnxString)),
              ErrorCode::kUnsupportedFeature, "'x' has the type string");
  check_error(read_with_input(OnnxFile().input("x", {"N"}, kOnnxInt64)), ErrorCode::kTypeMismatch,
              "'x' is int64");
  check_error(read_with_input(OnnxFile().input("x", {0})), ErrorCode::kInvalidModel, "dimension 0");
  check_error(read_with_input(OnnxFile().input("x", {-1})), ErrorCode::kInvalidModel, "'x'");
  check_error(read_with_input(OnnxFile().input("x", {1, 1, 1, 1, 1, 1, 1, 1, 1})),
              ErrorCode::kLimitExceeded, "8 dimensions");
  CHECK(read_with_input(OnnxFile().input("x", {"N"}, kOnnxFloat16)).ok());
}

TEST_CASE("versions outside the documented ones are refused by number") {
  check_error(read_onnx(small_network(-1).bytes()), ErrorCode::kUnsupportedFeature, "opset -1");
  check_error(read_onnx(small_network(24).bytes()), ErrorCode::kUnsupportedFeature, "opset 24");
  check_error(read_onnx(small_network(0).bytes()), ErrorCode::kInvalidModel, "no opset");
  check_error(read_onnx(small_network(17, 2).bytes()), ErrorCode::kUnsupportedFeature, "version 2");
  check_error(read_onnx(small_network(17, 14).bytes()), ErrorCode::kUnsupportedFeature,
              "version 14");
  check_error(read_onnx(small_network(17, 0).bytes()), ErrorCode::kInvalidModel, "IR version");
  for (const int64_t opset : {1, 7, 9, 11, 13, 21})
    CHECK(read_onnx(small_network(opset, 3).bytes()).ok());
  // The same field again, behind the others.
  WireWriter opset;
  opset.integer(2, 13);
  WireWriter second;
  second.message(8, opset);
  std::vector<std::byte> bytes = small_network().bytes();
  bytes.insert(bytes.end(), second.result().begin(), second.result().end());
  check_error(read_onnx(bytes), ErrorCode::kInvalidModel, "two opsets");
}

TEST_CASE("constants that grow out of proportion to the file are refused") {
  OnnxFile file;
  file.input("x", {"N"}).ones("c0", {1024}, 1024);
  // Each as long as eight of the one before: 32 MiB, then 256.
  for (int i = 0; i < 5; ++i) {
    const std::vector<std::string> parts(8, "c" + std::to_string(i));
    file.node("Concat", parts, {"c" + std::to_string(i + 1)},
              {.attributes = {int_attribute("axis", 0)}, .name = "concat" + std::to_string(i)});
  }
  OnnxFile small = file;
  CHECK(read_onnx(small.node("Add", {"x", "c4"}, {"y"}).output("y").bytes()).ok());
  check_error(read_onnx(file.node("Add", {"x", "c5"}, {"y"}).output("y").bytes()),
              ErrorCode::kLimitExceeded, "concat4");
}

TEST_CASE("NaN and infinities in weights are refused by name") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -HUGE_VALF}) {
    OnnxFile file;
    file.input("x", {"N", 2}).floats("fc.w", {2, 1}, {1, bad});
    file.node("MatMul", {"x", "fc.w"}, {"y"}).output("y");
    check_error(read_onnx(file.bytes()), ErrorCode::kNonFinite, "fc.w");
  }
}

TEST_CASE("integers that operators would read as such are refused") {
  OnnxFile file;
  file.input("x", {2}).int64s("w", {1, 2});
  check_error(read_onnx(file.node("Add", {"x", "w"}, {"y"}).output("y").bytes()),
              ErrorCode::kTypeMismatch, "int64");
}

TEST_CASE("an output that is a constant is handed on under its name") {
  OnnxFile file;
  file.floats("w", {1}, {1});
  const Graph graph = must(read_onnx(file.output("w").bytes()));
  REQUIRE(graph.nodes.size() == 1);
  CHECK(graph.nodes[0].op == Op::kIdentity);
  CHECK(graph.value(graph.outputs[0]).name == "w");
  CHECK(graph.value(graph.nodes[0].inputs[0]).constant);
}

TEST_CASE("inputs may be made constants, and symbolic dimensions numbers") {
  OnnxFile file;
  file.input("x", {"N", 6}).input("s", {2}, kOnnxInt64);
  file.node("Reshape", {"x", "s"}, {"y"}).output("y");
  const std::vector<int64_t> shape = {4, 3};
  ReadOptions options;
  options.constants.emplace("s", must(Tensor::from_values<int64_t>({2}, shape)));
  options.dimensions.emplace("N", 2);
  const Graph graph = must(read_onnx(file.bytes(), options));
  CHECK(graph.inputs.size() == 1);
  CHECK(graph.value(graph.inputs[0]).shape == Shape{2, 6});
  CHECK(graph.value(graph.outputs[0]).shape == Shape{4, 3});
  check_error(read_onnx(file.bytes()), ErrorCode::kUnsupportedFeature, "depends on data");
  options.dimensions.emplace("M", 2);
  check_error(read_onnx(file.bytes(), options), ErrorCode::kInvalidArgument, "'M'");
  options.dimensions = {{"N", 0}};
  check_error(read_onnx(file.bytes(), options), ErrorCode::kInvalidArgument, "'N'");
  options = {};
  options.constants.emplace("t", must(Tensor::from_values<int64_t>({2}, shape)));
  check_error(read_onnx(file.bytes(), options), ErrorCode::kInvalidArgument, "'t'");
}

TEST_CASE("operators beyond the common ones may be refused, in a file and in what a node becomes") {
  ReadOptions options;
  options.common_ops_only = true;
  CHECK(must(read_onnx(small_network().bytes(), options)).nodes.size() == 4);

  OnnxFile file;
  file.input("x", {1, 2, 4}).node("Exp", {"x"}, {"y"}, {.name = "n"}).output("y");
  check_error(read_onnx(file.bytes(), options), ErrorCode::kUnsupportedOperator, "Exp (node 'n')");
  must(read_onnx(file.bytes()));

  // A window over one dimension becomes one over two, with nodes around it.
  OnnxFile pool;
  pool.input("x", {1, 2, 4})
      .node("MaxPool", {"x"}, {"y"},
            {.attributes = {ints_attribute("kernel_shape", {2})}, .name = "n"});
  pool.output("y");
  check_error(read_onnx(pool.bytes(), options), ErrorCode::kUnsupportedOperator, "'n' (MaxPool)");
  must(read_onnx(pool.bytes()));
}

TEST_CASE("shapes that do not fit are the graph's errors") {
  OnnxFile file;
  file.input("x", {"N", 3}).ones("w", {4, 5}, 20).node("MatMul", {"x", "w"}, {"y"}, {.name = "n"});
  check_error(read_onnx(file.output("y").bytes()), ErrorCode::kShapeMismatch, "'n'");
}

TEST_CASE("bytes that are no model say so") {
  check_error(read_onnx({}), ErrorCode::kInvalidModel, "no graph");
  const std::string text = "<!DOCTYPE html><html>";
  check_error(read_onnx(std::as_bytes(std::span(text))), ErrorCode::kInvalidModel, "byte");
  WireWriter two;
  two.text(7, "");
  two.text(7, "");
  check_error(read_onnx(two.result()), ErrorCode::kInvalidModel, "two graphs");
}

TEST_CASE("a model cut at any byte is an error or another valid model") {
  const std::vector<std::byte> whole = small_network().bytes();
  REQUIRE(read_onnx(whole).ok());
  size_t errors = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    const Result<Graph> result = read_onnx(std::span(whole).first(size));
    if (!result.ok()) ++errors;
  }
  CHECK(errors == whole.size());
}

TEST_CASE("2,000 flipped bits give typed errors or valid models") {
  const std::vector<std::byte> whole = small_network().bytes();
  Random random(11);
  size_t errors = 0;
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::byte> spoiled = whole;
    const uint32_t bit = random.below(static_cast<uint32_t>(spoiled.size() * 8));
    spoiled[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    const Result<Graph> result = read_onnx(spoiled);
    if (result.ok()) continue;
    ++errors;
    CHECK_FALSE(result.error().message.empty());
  }
  // Flips in weights change numbers only; most others are noticed.
  CHECK(errors > 500);
}

TEST_CASE("many dead nodes are dropped in time, and too many items are refused") {
  OnnxFile file;
  file.input("x", {"N"});
  for (int i = 0; i < 100'000; ++i) file.node("Relu", {"x"}, {"v" + std::to_string(i)});
  CHECK(must(read_onnx(file.output("v7").bytes())).nodes.size() == 1);
  OnnxFile wide;
  wide.node("Concat", std::vector<std::string>(kMaxModelItems), {"y"}).output("y");
  check_error(read_onnx(wide.bytes()), ErrorCode::kLimitExceeded, "1048576");
}
