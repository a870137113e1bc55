#include "quantize/linear_layer.h"

#include <algorithm>
#include <cmath>

#include "doctest/doctest.h"
#include "support/integer_weights.h"
#include "support/layer_cases.h"
#include "support/quantize.h"

using namespace lowbit;
using namespace lowbit::test;

// That W, b and the rows give what the engine computes is tested in layer_input_test.cpp.

TEST_CASE("integers are written where they are read") {
  for (const LayerCase& layer_case : layer_cases()) {
    CAPTURE(layer_case.name);
    const Graph& fp32 = layer_case.graph;
    const Tensor samples = random_tensor(layer_case.input, 1, -1, 1);
    const Graph int8 = must(quantize(fp32, calibrate_on(fp32, samples), {}));
    const auto layer = linear_layer(int8, 1);
    REQUIRE(layer);
    std::vector<std::vector<int8_t>> integers;
    for (int32_t group = 0; group < layer->groups; ++group) {
      const std::vector<float> weights = read_weights(int8, *layer, group);
      const std::vector<float> scales = read_scales(int8, *layer, group);
      REQUIRE(scales.size() == static_cast<size_t>(layer->columns));
      std::vector<int8_t>& q = integers.emplace_back();
      for (size_t i = 0; i < weights.size(); ++i) {
        const float scale = scales[i / static_cast<size_t>(layer->depth())];
        q.push_back(static_cast<int8_t>(std::lround(weights[i] / scale)));
      }
    }
    const Tensor written = must(write_integers(int8, *layer, integers));
    const Tensor& original = *int8.value(int8.nodes[1].inputs[1]).constant;
    CHECK(std::ranges::equal(written.data<int8_t>(), original.data<int8_t>()));
  }
}

TEST_CASE("every weight has one place, and meets the channel that it multiplies") {
  for (const LayerCase& layer_case : layer_cases()) {
    CAPTURE(layer_case.name);
    const auto layer = linear_layer(layer_case.graph, 0);
    REQUIRE(layer);
    const Value& weights = layer_case.graph.value(layer_case.graph.nodes[0].inputs[1]);
    std::vector<int> uses(static_cast<size_t>(weights.constant->element_count()), 0);
    std::vector<int> meetings(static_cast<size_t>(layer->input_channels()), 0);
    for (int32_t c = 0; c < layer->output_channels(); ++c) {
      for (int32_t k = 0; k < layer->depth(); ++k) {
        ++uses.at(layer->weight_index(c, k));
        ++meetings.at(static_cast<size_t>(layer->input_channel(c, k)));
      }
    }
    CHECK(std::ranges::all_of(uses, [](int count) { return count == 1; }));
    CHECK(std::ranges::all_of(meetings,
                              [&](int count) { return count == layer->columns * layer->taps; }));
  }
}

TEST_CASE("what is no product of an activation and a constant matrix is no layer") {
  GraphBuilder b;
  const ValueId x = b.input("x", {4, 4});
  const ValueId y = b.relu(x);
  const ValueId sum = b.matmul_of(x, y);
  const ValueId transposed = b.gemm(sum, {.features = 4, .transpose_a = true});
  const ValueId scaled = b.gemm(transposed, {.features = 4, .alpha = 0.5f});
  const ValueId rows = b.gemm(scaled, {.features = 4});
  b.graph().nodes.back().inputs[2] = b.random_constant("rows", {4, 4}, -1, 1);
  const Graph graph = b.output(rows).build();
  for (size_t node = 0; node < graph.nodes.size(); ++node) {
    CAPTURE(graph.nodes[node].name);
    CHECK_FALSE(linear_layer(graph, node));
  }
}

TEST_CASE("weights in blocks have a scale per column and block, in the order of k") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 8, 5, 5});
  const ValueId y = b.conv(x, {.channels = 6, .kernel = {3, 3}, .groups = 2});
  Graph graph = b.output(b.gemm(b.flatten(y), {.features = 3, .transpose_b = false})).build();
  for (const size_t node : {size_t{0}, size_t{2}}) {
    set_integer_weights(graph, node, {.group_size = 4 + static_cast<int64_t>(node) * 3});
    const Value& value = graph.value(graph.nodes[node].inputs[1]);
    const auto layer = linear_layer(graph, node);
    REQUIRE(layer);
    const auto block = static_cast<size_t>(value.quant->block_size);
    const auto depth = static_cast<size_t>(layer->depth());
    const size_t blocks = (depth + block - 1) / block;
    for (int32_t group = 0; group < layer->groups; ++group) {
      const std::vector<float> weights = read_weights(graph, *layer, group);
      const std::vector<float> scales = read_scales(graph, *layer, group);
      REQUIRE(scales.size() == blocks * static_cast<size_t>(layer->columns));
      for (size_t i = 0; i < weights.size(); ++i) {
        const size_t at =
            layer->weight_index(group * layer->columns + static_cast<int32_t>(i / depth),
                                static_cast<int32_t>(i % depth));
        const int8_t q = value.constant->data<int8_t>()[at];
        CHECK(weights[i] == scales[i / depth * blocks + i % depth / block] * static_cast<float>(q));
      }
    }
  }
}
