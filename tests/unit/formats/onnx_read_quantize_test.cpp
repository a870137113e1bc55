#include <doctest/doctest.h>

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

Graph read_and_write(const OnnxFile& file) {
  const Graph graph = must(read_onnx(file.bytes()));
  CHECK(graph_difference(graph, must(read_onnx(must(write_onnx(graph))))) == "");
  return graph;
}

OnnxNodeParts microsoft(std::vector<WireWriter> attributes) {
  return {.attributes = std::move(attributes), .domain = "com.microsoft"};
}

}  // namespace

TEST_CASE("of DynamicQuantizeLinear only the outputs that are read become nodes") {
  OnnxFile file;
  file.input("x", {"N", 3}).node("DynamicQuantizeLinear", {"x"}, {"y", "s", "z"}, {.name = "n"});
  const Graph scale = read_and_write(OnnxFile(file).output("s"));
  REQUIRE(scale.nodes.size() == 1);
  CHECK(scale.nodes[0].name == "n");
  CHECK(scale.value(scale.outputs[0]).shape == Shape{});
  file.node("DequantizeLinear", {"y", "s", "z"}, {"d"});
  const Graph graph = read_and_write(file.output("d"));
  REQUIRE(graph.nodes.size() == 4);
  const std::vector<float> input{-1, 0, 4.1f};
  Plan plan = must(make_plan(graph, std::vector{Shape{1, 3}}, {}));
  const Tensor result = must(plan.run(std::vector{
      must(Tensor::from_values<float>(Shape{1, 3}, std::span<const float>(input)))}))[0];
  // 5.1 / 255 is the scale.
  for (size_t i = 0; i < 3; ++i) CHECK(std::abs(result.data<float>()[i] - input[i]) < 1e-6f);
}

TEST_CASE("ConvInteger over one dimension") {
  OnnxFile file;
  file.input("x", {1, 1, 4}, kOnnxUint8);
  file.initializer(raw_tensor<int8_t>("w", kOnnxInt8, {2, 1, 2}, {1, -1, 2, 3}));
  file.initializer(raw_tensor<uint8_t>("z", kOnnxUint8, {}, {5}));
  file.node("ConvInteger", {"x", "w", "z"}, {"y"}).output("y");
  const Graph graph = must(read_onnx(file.bytes()));
  Plan plan = must(make_plan(graph, std::vector{Shape{1, 1, 4}}, {}));
  const std::vector<uint8_t> input{5, 6, 8, 0};
  const Tensor result = must(plan.run(std::vector{
      must(Tensor::from_values<uint8_t>(Shape{1, 1, 4}, std::span<const uint8_t>(input)))}))[0];
  const auto sums = result.data<int32_t>();
  CHECK(std::vector<int32_t>(sums.begin(), sums.end()) ==
        std::vector<int32_t>{-1, -2, 8, 3, 11, -9});
}

TEST_CASE("FusedConv is a Conv with an activation, of its own or as a node") {
  const auto fused = [](const std::vector<std::string>& inputs,
                        std::vector<WireWriter> attributes) {
    OnnxFile file;
    file.input("x", {1, 1, 4, 4}).input("z", {1, 2, 4, 4}).ones("w", {2, 1, 1, 1}, 2);
    file.ones("b", {2}, 2).node("FusedConv", inputs, {"y"}, microsoft(std::move(attributes)));
    return read_onnx(file.output("y").bytes());
  };
  const std::vector<std::string> plain{"x", "w", "b"};
  Graph graph = must(fused(plain, {text_attribute("activation", "Relu")}));
  REQUIRE(graph.nodes.size() == 1);
  CHECK(graph.nodes[0].activation == ClipAttributes{.min = 0});

  graph = must(fused({"x", "w", "b", "z"}, {text_attribute("activation", "Clip"),
                                            floats_attribute("activation_params", {-1, 6})}));
  REQUIRE(graph.nodes.size() == 2);
  CHECK(graph.nodes[1].op == Op::kAdd);
  CHECK(graph.nodes[1].activation == ClipAttributes{-1, 6});

  graph = must(fused(plain, {text_attribute("activation", "LeakyRelu"),
                             floats_attribute("activation_params", {0.25f})}));
  REQUIRE(graph.nodes.size() == 2);
  CHECK(std::get<UnaryAttributes>(graph.nodes[1].attributes).parameters.alpha == 0.25f);
  CHECK(graph.value(graph.outputs[0]).name == "y");
  check_error(fused(plain, {text_attribute("activation", "Softmax")}),
              ErrorCode::kUnsupportedFeature, "Softmax");
}

TEST_CASE("QLinearConv with unsigned weights off the middle, and signed activations") {
  OnnxFile file;
  file.input("x", {1, 1, 2, 2}, kOnnxInt8).floats("s", {}, {0.5f}).floats("y_s", {}, {1});
  file.initializer(raw_tensor<int8_t>("z", kOnnxInt8, {}, {-3}));
  file.initializer(raw_tensor<int8_t>("w", kOnnxInt8, {1, 1, 1, 1}, {7}));
  file.initializer(raw_tensor<int8_t>("w_z", kOnnxInt8, {}, {4}));
  file.node("QLinearConv", {"x", "s", "z", "w", "s", "w_z", "y_s", "z"}, {"y"}).output("y");
  const Graph graph = read_and_write(file);
  Plan plan = must(make_plan(graph, std::vector{Shape{1, 1, 2, 2}}, {}));
  const std::vector<int8_t> input{-3, 5, -7, 127};
  const Tensor result = must(plan.run(std::vector{
      must(Tensor::from_values<int8_t>(Shape{1, 1, 2, 2}, std::span<const int8_t>(input)))}))[0];
  // (x + 3) * 3 / 4, to even, from -3 on.
  const auto integers = result.data<int8_t>();
  CHECK(std::vector<int8_t>(integers.begin(), integers.end()) ==
        std::vector<int8_t>{-3, 3, -6, 95});
}
