#include <doctest/doctest.h>

#include "graph/rewrites.h"
#include "support/graph_builder.h"

using namespace lowbit;
using namespace lowbit::test;

TEST_CASE("the ends of a quantized graph become its integers, under the same names") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 4, 4});
  ValueId y = b.quantize_linear(x, activation_params(0.5f, 3));
  y = b.conv(y, {.channels = 3, .kernel = {3, 3}});
  const Graph graph = b.output(b.dequantize_linear(y)).build();
  const Graph taken = take_integers(graph);
  REQUIRE(taken.nodes.size() == 1);
  CHECK(taken.nodes[0].op == Op::kConv);
  CHECK(taken.nodes[0].inputs[0] == taken.inputs[0]);
  CHECK(taken.nodes[0].output == taken.outputs[0]);
  const Value& input = taken.value(taken.inputs[0]);
  CHECK(input.name == "x");
  CHECK(input.dtype == DType::kU8);
  CHECK(input.quant == graph.value(graph.nodes[0].output).quant);
  CHECK(taken.value(taken.outputs[0]).name == graph.value(graph.outputs[0]).name);
}

TEST_CASE("ends that something else reads, or of fewer bits, stay reals") {
  const auto ops_of = [](GraphBuilder& b) {
    std::string ops;
    for (const Node& node : take_integers(b.build()).nodes) {
      ops += std::string(op_info(node.op).name) + " ";
    }
    return ops;
  };
  GraphBuilder narrow;
  const ValueId few = narrow.input("x", {1, 6});
  narrow.output(
      narrow.dequantize_linear(narrow.quantize_linear(few, activation_params(0.5f, 3, 4))));
  CHECK(ops_of(narrow) == "QuantizeLinear ");
  GraphBuilder shared;
  const ValueId x = shared.input("x", {1, 6});
  const ValueId y = shared.dequantize_linear(shared.quantize_linear(x, activation_params(0.5f, 3)));
  shared.output(shared.add(shared.relu(x), y));
  CHECK(ops_of(shared) == "QuantizeLinear DequantizeLinear Relu Add ");
  // Its input is an end already.
  GraphBuilder both;
  both.output(both.dequantize_linear(
      both.quantize_linear(both.input("x", {1, 6}), activation_params(0.5f, 3))));
  CHECK(ops_of(both) == "DequantizeLinear ");
}
