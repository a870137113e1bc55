#include "formats/c_header_writer.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/check_error.h"
#include "support/graph_builder.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Two nodes whose names are no C identifiers and differ only by what C would not tell apart.
Graph network() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("*/ #error"), 2, 1, 1});
  ValueId y = b.quantize_linear(x, activation_params(0.5f, 3));
  y = b.name("Layer/1").conv(y, {.channels = 2, .weight = {127, -127, 0, 64}, .bias = {3, -4}});
  b.set_quant(y, activation_params(0.25f, 7));
  y = b.add(y, b.name("layer 1").relu(y));
  Graph graph = b.output(b.dequantize_linear(y)).build();
  graph.value(graph.nodes[1].inputs[1]).quant->scale = {0.5f, 0.1f};
  graph.value(graph.nodes[1].inputs[2]).quant->scale = {0.25f, 0.05f};
  return graph;
}

}  // namespace

TEST_CASE("a layer's arrays have its integers and what requantizes them") {
  const Graph graph = network();
  const std::string text = must(write_c_header(graph));
  CAPTURE(text);
  CHECK(has(text, "/* lowbit_layer_1: Conv, output [?, 2, 1, 1]. */\n"));
  CHECK(has(text, "#define LOWBIT_LAYER_1_INPUT_SCALE 0.5f\n"));
  CHECK(has(text, "#define LOWBIT_LAYER_1_INPUT_ZERO_POINT 3\n"));
  CHECK(has(text, "#define LOWBIT_LAYER_1_OUTPUT_SCALE 0.25f\n"));
  CHECK(has(text, "#define LOWBIT_LAYER_1_OUTPUT_ZERO_POINT 7\n"));
  CHECK(has(text, "#define LOWBIT_LAYER_1_OUTPUT_MAX 255\n"));
  CHECK(has(text, "static const int8_t lowbit_layer_1_weights[4] = {\n    127, -127, 0, 64\n};\n"));
  CHECK(has(text, "lowbit_layer_1_weight_scales[2] = {\n    0.5f, 0.100000001f\n};\n"));
  CHECK(has(text, "static const int32_t lowbit_layer_1_biases[2] = {\n    3, -4\n};\n"));
  CHECK(has(text, "lowbit_layer_1_multipliers[2] = {\n    1.0f, 0.200000003f\n};\n"));
}

TEST_CASE("names are unique, and nothing of the model can end a comment") {
  const std::string text = must(write_c_header(network()));
  CHECK(has(text, "/* lowbit_layer_1_2: Relu, "));
  CHECK_FALSE(has(text, "#error"));
  const auto count = [&](std::string_view part) {
    size_t found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++found;
    return found;
  };
  CHECK(count("/*") == count("*/"));
  CHECK(count("LAYER_1_OUTPUT_MIN") == 1);
  CHECK(count("ADD1_INPUT2_SCALE") == 1);
}

TEST_CASE("a graph without integers has no header") {
  GraphBuilder b;
  const Graph graph = b.output(b.relu(b.input("x", {1, 2}))).build();
  check_error(write_c_header(graph), ErrorCode::kInvalidArgument, "quantized");
}
