#include <doctest/doctest.h>

#include "graph/rewrites.h"
#include "graph/validate.h"
#include "support/graph_builder.h"
#include "support/graph_difference.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

TEST_CASE("the reals of a quantized graph have its names and the values of its integers") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 4, 4});
  ValueId y = b.quantize_linear(x, activation_params(0.5f, 3));
  y = b.conv(y, {.channels = 3, .kernel = {3, 3}});
  b.set_activation(0, 6);
  const Graph graph = b.output(b.dequantize_linear(y)).build();
  const Graph reals = must(to_float(graph));
  REQUIRE(validate(reals).ok());
  CHECK_FALSE(reals.is_quantized());
  REQUIRE(reals.nodes.size() == 1);
  const Node& conv = reals.nodes[0];
  CHECK(conv.name == graph.nodes[1].name);
  // That of the node, within the range of the integers: 0.5 * (0 - 3) to 0.5 * (255 - 3).
  CHECK(conv.activation == ClipAttributes{.min = 0, .max = 6});
  CHECK(reals.value(conv.output).name == graph.value(graph.outputs[0]).name);
  for (const size_t input : {1u, 2u}) {
    const Value& integers = graph.value(graph.nodes[1].inputs[input]);
    const Value& real = reals.value(conv.inputs[input]);
    CHECK(real.name == integers.name);
    const size_t per_channel = static_cast<size_t>(integers.constant->element_count()) / 3;
    for (size_t i = 0; i < per_channel * 3; ++i) {
      const int32_t q =
          input == 1 ? integers.constant->data<int8_t>()[i] : integers.constant->data<int32_t>()[i];
      CHECK(real.constant->data<float>()[i] ==
            integers.quant->scale[i / per_channel] * static_cast<float>(q));
    }
  }
}

TEST_CASE("reals saturate where integers do") {
  GraphBuilder b;
  ValueId y = b.quantize_linear(b.input("x", {1, 2, 4, 4}), activation_params(0.5f, 3));
  y = b.conv(y, {.channels = 3, .kernel = {3, 3}});
  b.set_quant(y, activation_params(0.25f, 0));
  const Graph reals = must(to_float(b.output(b.dequantize_linear(y)).build()));
  CHECK(reals.nodes[0].activation == ClipAttributes{.min = 0, .max = 0.25f * 255});
}

TEST_CASE("an FP32 graph stays as it is") {
  GraphBuilder b;
  const Graph graph = b.output(b.relu(b.conv(b.input("x", {1, 2, 4, 4}), {.channels = 3}))).build();
  CHECK(graph_difference(graph, must(to_float(graph))) == "");
}

TEST_CASE("values at which integers entered and left keep their names at the ends of the graph") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2});
  const Graph graph =
      b.output(b.dequantize_linear(b.quantize_linear(x, activation_params(0.5f, 3)))).build();
  const Graph reals = must(to_float(graph));
  REQUIRE(validate(reals).ok());
  REQUIRE(reals.nodes.size() == 1);
  CHECK(reals.nodes[0].op == Op::kIdentity);
}
