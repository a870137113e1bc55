#include "quantize/equalize.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "doctest/doctest.h"
#include "formats/onnx_reader.h"
#include "graph/rewrites.h"
#include "quantize/channel_pairs.h"
#include "support/quantize.h"
#include "support/rewrite_check.h"
#include "support/zoo.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

Graph equalized(const Graph& graph, const Tensor& samples) {
  return must(finish(equalize(graph, std::array{samples})));
}

Graph zoo_model(const std::string& name) {
  return must(optimize(must(read_onnx(zoo_bytes(name)))));
}

// The largest weight of each channel: by the layer that makes it and by the one that reads it.
struct Ranges {
  std::vector<double> made;
  std::vector<double> read;
};
Ranges ranges_of(const Graph& graph, const ChannelPair& pair) {
  const auto channels = static_cast<size_t>(pair.first.output_channels());
  Ranges ranges{std::vector<double>(channels), std::vector<double>(channels)};
  const auto weights = [&](const LinearLayer& layer, auto visit) {
    const auto w = graph.value(graph.nodes[layer.node].inputs[1]).constant->data<float>();
    for (int32_t c = 0; c < layer.output_channels(); ++c) {
      for (int32_t k = 0; k < layer.depth(); ++k) {
        visit(c, layer.input_channel(c, k),
              static_cast<double>(std::abs(w[layer.weight_index(c, k)])));
      }
    }
  };
  weights(pair.first, [&](int32_t c, int32_t, double w) {
    double& range = ranges.made[static_cast<size_t>(c)];
    range = std::max(range, w);
  });
  weights(pair.second, [&](int32_t, int32_t k, double w) {
    double& range = ranges.read[static_cast<size_t>(k / pair.spread)];
    range = std::max(range, w);
  });
  return ranges;
}

double spread(const std::vector<double>& ranges) {
  return std::ranges::max(ranges) / std::ranges::min(ranges);
}

// Convolutions, depthwise ones and a Gemm, each channel in a unit of its own.
Graph uneven_network(float bound) {
  GraphBuilder b(5);
  ValueId x = b.input("x", {b.symbol("N"), 2, 6, 6});
  x = b.clip(b.conv(x, {.channels = 8, .kernel = {3, 3}, .padding = {1, 1, 1, 1}}), 0, bound);
  x = b.clip(b.depthwise_conv(x, {.kernel = {3, 3}, .padding = {1, 1, 1, 1}}), 0, bound);
  x = b.clip(b.conv(x, {.channels = 6}), 0, bound);
  x = b.gemm(b.flatten(b.global_average_pool(x)), {.features = 4});
  const Graph even = must(optimize(b.output(x).build()));
  const std::vector<ChannelPair> pairs = find_channel_pairs(even);
  std::vector<ChannelChange> changes;
  Random random(3);
  for (const ChannelPair& pair : pairs) {
    changes.push_back(no_change(pair));
    for (double& factor : changes.back().factor) {
      factor = std::pow(10.0, static_cast<double>(random.uniform(-1, 1)));
    }
  }
  return must(change_channels(even, pairs, changes));
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("the weights that make a channel become as large as those that read it") {
  const Graph graph = uneven_network(kInfinity);
  const Graph even = must(finish(equalize(graph, {})));
  check_equivalent(must(specialize(graph, std::array{Shape{2, 2, 6, 6}})),
                   must(specialize(even, std::array{Shape{2, 2, 6, 6}})));
  const std::vector<ChannelPair> pairs = find_channel_pairs(graph);
  REQUIRE(pairs.size() == 3);
  for (const ChannelPair& pair : pairs) {
    const Ranges before = ranges_of(graph, pair);
    const Ranges after = ranges_of(even, pair);
    // One number for all channels: sqrt(r1 / r2) of each is the unit that they share.
    for (size_t c = 0; c < after.made.size(); ++c) {
      CHECK(after.made[c] / after.read[c] ==
            doctest::Approx(after.made[0] / after.read[0]).epsilon(0.01));
    }
    CHECK(spread(after.made) < 0.2 * spread(before.made));
    CHECK(spread(after.read) < 0.2 * spread(before.read));
  }
}

TEST_CASE("a bound between layers is heeded: the function stays, and ranges come closer") {
  const Tensor samples = random_tensor({64, 2, 6, 6}, 9, -1, 1);
  const Graph graph = uneven_network(kInfinity);
  const std::vector<float> exact = run_once(graph, samples);
  // Half of the largest value: some channels reach it.
  const std::vector<ChannelPair> pairs = find_channel_pairs(graph);
  Graph bounded = graph;
  bounded.nodes[pairs[0].first.node].activation.max = 1.0f;
  const std::vector<float> expected = run_once(bounded, samples);
  REQUIRE(expected != exact);
  const Graph even = equalized(bounded, samples);
  CHECK(even.nodes[pairs[0].first.node].activation ==
        bounded.nodes[pairs[0].first.node].activation);
  const std::vector<float> actual = run_once(even, samples);
  for (size_t i = 0; i < actual.size(); ++i) {
    CHECK(actual[i] == doctest::Approx(expected[i]).epsilon(1e-5));
  }
  CHECK(spread(ranges_of(even, pairs[0]).made) < spread(ranges_of(bounded, pairs[0]).made));

  // Without samples nobody knows which channels may change.
  const Graph blind = must(finish(equalize(bounded, {})));
  CHECK(floats_of(blind, "conv1.weight") == floats_of(bounded, "conv1.weight"));
}

TEST_CASE("a constant part that a channel stays well above moves into the next bias") {
  GraphBuilder b;
  ValueId x = b.input("x", {b.symbol("N"), 1});
  x = b.relu(b.gemm(x, {.features = 2, .weight = {1, 1}, .bias = {5, -5}}));
  const Graph graph =
      must(optimize(b.output(b.gemm(x, {.features = 1, .weight = {1, 1}, .bias = {0}})).build()));
  const Tensor samples = must(Tensor::from_values<float>({3, 1}, std::vector<float>{-1, 0, 3}));
  const Graph even = equalized(graph, samples);
  // Values from 4 to 8: half of 4, and 4 less half of 8 - 4.
  CHECK(floats_of(even, "gemm2.bias") == std::vector<float>{2});
  CHECK(floats_of(even, "gemm1.bias") == std::vector<float>{3, -5});
  CHECK(run_once(even, samples) == run_once(graph, samples));
}

TEST_CASE("values of a channel with weights near zero do not grow above the others'") {
  GraphBuilder b;
  ValueId x = b.input("x", {b.symbol("N"), 2});
  x = b.relu(b.gemm(x, {.features = 3, .weight = {1, 2, 2, -1, 1e-9f, 0}, .bias = {0, 0, 0.5f}}));
  const Graph graph = must(
      optimize(b.output(b.gemm(x, {.features = 1, .weight = {1, 1, 1}, .bias = {0}})).build()));
  const Tensor samples = random_tensor({32, 2}, 2, -1, 1);
  const auto largest = [&](const Graph& g) {
    const Calibration seen = calibrate_on(g, samples);
    return choose_range(seen.by_value.at("relu1"), Observer::kMinMax, 8).max;
  };
  const Graph even = equalized(graph, samples);
  CHECK(largest(even) <= 1.001f * largest(graph));
  // Without the samples it is the paper's factor.
  CHECK(largest(must(finish(equalize(graph, {})))) > 100 * largest(graph));
}

TEST_CASE("equalization leaves the zoo's functions as they are, on images that it has not seen") {
  for (const char* name : {"fashion-mobilenet", "fashion-resnet", "digits-lenet"}) {
    CAPTURE(name);
    const Graph graph = zoo_model(name);
    const Graph even = equalized(graph, random_tensor({256, 1, 28, 28}, 1, 0, 1));
    const Tensor images = random_tensor({64, 1, 28, 28}, 2, 0, 1);
    const std::vector<float> expected = run_once(graph, images, Tier::kSimd128);
    const std::vector<float> actual = run_once(even, images, Tier::kSimd128);
    float largest = 0;
    float difference = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      largest = std::max(largest, std::abs(expected[i]));
      difference = std::max(difference, std::abs(expected[i] - actual[i]));
    }
    CHECK(difference < 1e-4f * largest);
    // Not because it did nothing: it brought the first layer's channels closer together.
    const ChannelPair first = find_channel_pairs(graph)[0];
    CHECK(spread(ranges_of(even, first).made) < 0.8 * spread(ranges_of(graph, first).made));
  }
}

TEST_CASE("a channel without weights, and a network without pairs, stay") {
  GraphBuilder b;
  ValueId x = b.input("x", {b.symbol("N"), 1});
  x = b.relu(b.gemm(x, {.features = 2, .weight = {0, 8}, .bias = {1, 0}}));
  const Graph graph =
      must(optimize(b.output(b.gemm(x, {.features = 1, .weight = {1, 0}, .bias = {0}})).build()));
  const Graph even = must(finish(equalize(graph, {})));
  CHECK(floats_of(even, "gemm1.weight") == floats_of(graph, "gemm1.weight"));
  CHECK(floats_of(even, "gemm2.weight") == floats_of(graph, "gemm2.weight"));

  GraphBuilder single;
  const Graph alone = single.output(single.gemm(single.input("x", {1, 2}))).build();
  CHECK(floats_of(must(finish(equalize(alone, {}))), "gemm1.weight") ==
        floats_of(alone, "gemm1.weight"));
}
