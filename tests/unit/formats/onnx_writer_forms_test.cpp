// The choices of SaveOptions, and what a file keeps beside the graph.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "graph/rewrites.h"
#include "support/graph_difference.h"
#include "unit/formats/written_graphs.h"

using namespace lowbit;
using namespace lowbit::test;

TEST_CASE("quantized graphs survive a round trip in operator form") {
  Graph graph = integer_graph();
  Graph read = written_and_read(graph, {.form = SaveForm::kOperators});
  CHECK(std::exchange(read.metadata.opsets, {}) ==
        std::vector<std::pair<std::string, int64_t>>{{"com.microsoft", 1}});
  CHECK(graph_difference(graph, read) == "");
}

TEST_CASE("in operator form nodes read and make integers") {
  CHECK(operators_of(integer_graph(), {.form = SaveForm::kOperators}) ==
        "QuantizeLinear3 Cast1 QLinearConv9 QLinearConv8 MaxPool1 QLinearAveragePool5 QLinearAdd8 "
        "QLinearConcat8 DequantizeLinear3 Relu1 QuantizeLinear3 QLinearGlobalAveragePool5 "
        "Flatten1 Cast1 QGemm9 Reshape2 QLinearMatMul8 DequantizeLinear3 QLinearSoftmax5 "
        "DequantizeLinear3");
  const SaveOptions operators{.form = SaveForm::kOperators};
  // Weights in groups have no such form.
  CHECK(operators_of(graph_of_integer_weights(true), operators).find("QGemm") == std::string::npos);
  // A bound within the range of the integers, and one of a narrower range.
  const auto activated = [&](float max, const QuantParams& params) {
    return operators_of(activated_conv(0, max, params), operators);
  };
  CHECK(activated(kInfinity, activation_params(0.1f, 0)) ==
        "QuantizeLinear3 Cast1 QLinearConv9 DequantizeLinear3");
  CHECK(activated(2, activation_params(0.1f, 0)).find("QLinear") == std::string::npos);
  const Graph narrow = activated_conv(-kInfinity, kInfinity, activation_params(0.1f, 8, 4));
  CHECK(operators_of(narrow, operators) ==
        "QuantizeLinear3 Cast1 QLinearConv9 DequantizeLinear3 Clip3 QuantizeLinear3 "
        "DequantizeLinear3");
  CHECK(operators_of(written_and_read(narrow, operators), operators) ==
        operators_of(narrow, operators));
}

TEST_CASE("a file may take and give integers") {
  GraphBuilder b;
  ValueId y = b.quantize_linear(b.input("x", {1, 2, 4, 4}), activation_params(0.5f, 3));
  y = b.conv(y, {.channels = 3, .kernel = {3, 3}});
  const Graph graph = b.output(b.dequantize_linear(y)).build();
  const SaveOptions integers{.integers = true};
  CHECK(operators_of(graph, integers).starts_with("DequantizeLinear3 "));
  CHECK(operators_of(graph, {.form = SaveForm::kOperators, .integers = true}) ==
        "Cast1 QLinearConv9");
  const Graph read = written_and_read(graph, integers);
  CHECK(read.value(read.inputs[0]).dtype == DType::kU8);
  CHECK(read.value(read.outputs[0]).dtype == DType::kU8);
  CHECK(read.value(read.inputs[0]).name == "x");
}

TEST_CASE("float weights between integers keep their bits: their bias is no initializer") {
  const auto between_integers = [](const ConvOptions& options) {
    GraphBuilder b;
    const QuantParams params = activation_params(0.1f, 8);
    const ValueId x = b.dequantize_linear(b.quantize_linear(b.input("x", {1, 2, 3, 3}), params));
    const ValueId y = b.quantize_linear(b.conv(x, options), params);
    Graph graph = b.output(b.dequantize_linear(y)).build();
    graph.name = "between";
    return graph;
  };
  const std::string nodes =
      "QuantizeLinear3 DequantizeLinear3 DequantizeLinear2 Conv3 QuantizeLinear3 DequantizeLinear3";
  const Graph with_bias = between_integers({.channels = 4, .bias = {-1.5f, 0, 0.1f, 1e-3f}});
  const Graph without = between_integers({.channels = 4, .has_bias = false});
  for (const SaveForm form : {SaveForm::kQdq, SaveForm::kOperators}) {
    CHECK(operators_of(with_bias, {.form = form}) == nodes);
    CHECK(operators_of(without, {.form = form}) == nodes);
  }
  CHECK(graph_difference(with_bias, written_and_read(with_bias)) == "");
  const Graph read = written_and_read(without);
  const auto zeros = read.value(read.nodes[2].inputs[2]).constant->data<float>();
  CHECK(std::ranges::equal(zeros, std::vector<float>(4)));
}

TEST_CASE("weights of 4 bits are stored in half a byte, and the file has the opset for it") {
  Graph graph = graph_of_integer_weights(true);
  const SaveOptions options{.int4 = true};
  const std::vector<std::byte> bytes = must(write_onnx(graph, options));
  CHECK(std::ranges::count(initializer_types_of(bytes), OnnxType::kInt4) == 3);
  graph.opset = 21;
  CHECK(graph_difference(graph, written_and_read(graph, options)) == "");
}

TEST_CASE("halves are read back as the reals nearest to what was there") {
  const Graph graph = float_graph();
  const Graph read = written_and_read(graph, {.float16 = true});
  REQUIRE(read.nodes.size() == graph.nodes.size());
  for (const Value& value : graph.values) {
    if (!value.constant) continue;
    const Tensor& halves = *read.value(read.find_value(value.name)).constant;
    for (int64_t i = 0; i < halves.element_count(); ++i) {
      const float x = value.constant->data<float>()[static_cast<size_t>(i)];
      const float half = halves.data<float>()[static_cast<size_t>(i)];
      CHECK(std::abs(half - x) <= std::max(std::abs(x) * 0x1p-11f, 0x1p-25f));
    }
  }
  CHECK(graph_difference(read, written_and_read(read, {.float16 = true})) == "");
}

TEST_CASE("the reals of a quantized graph can be saved") {
  const Graph graph = integer_graph();
  const Graph read = written_and_read(graph, {.form = SaveForm::kFloat});
  CHECK_FALSE(read.is_quantized());
  CHECK(graph_difference(must(to_float(graph)), fuse_activations(read)) == "");
}

TEST_CASE("what a file says of its model stays with it") {
  Graph graph = float_graph();
  graph.metadata = {.producer = "pytorch",
                    .producer_version = "2.9",
                    .domain = "org.example",
                    .model_version = 3,
                    .doc_string = "what it is",
                    .graph_doc_string = "how it works",
                    .opsets = {{"ai.onnx.ml", 3}},
                    .properties = {{"author", "somebody"}, {"licence", "MIT"}}};
  const Graph read = written_and_read(graph);
  CHECK(read.metadata == graph.metadata);
  CHECK(must(optimize(read)).metadata == graph.metadata);
  graph.metadata.set_property("author", "another");
  graph.metadata.set_property("date", "today");
  CHECK(graph.metadata.properties == decltype(graph.metadata.properties){{"author", "another"},
                                                                         {"licence", "MIT"},
                                                                         {"date", "today"}});
}
