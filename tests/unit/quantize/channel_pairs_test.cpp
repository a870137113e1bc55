#include "quantize/channel_pairs.h"

#include <utility>

#include "doctest/doctest.h"
#include "graph/rewrites.h"
#include "support/rewrite_check.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

using NamedPair = std::pair<std::string, std::string>;

std::vector<NamedPair> pair_names(const Graph& graph) {
  std::vector<NamedPair> names;
  for (const ChannelPair& pair : find_channel_pairs(graph)) {
    names.emplace_back(graph.nodes[pair.first.node].name, graph.nodes[pair.second.node].name);
  }
  return names;
}

// Every form of a layer in one chain: convolution, groups, depthwise, pooling, vectors.
Graph chain() {
  GraphBuilder b;
  ValueId x = b.input("x", {2, 3, 8, 8});
  x = b.relu(b.conv(x, {.channels = 6, .kernel = {3, 3}, .padding = {1, 1, 1, 1}}));
  x = b.relu(b.depthwise_conv(x, {.kernel = {3, 3}, .padding = {1, 1, 1, 1}}));
  x = b.relu(b.conv(x, {.channels = 4, .groups = 2, .has_bias = false}));
  x = b.max_pool(x, {.kernel = {2, 2}, .stride = {2, 2}});
  x = b.conv(x, {.channels = 5, .kernel = {2, 2}});
  x = b.average_pool(b.relu(x), {.kernel = {2, 2}, .padding = {1, 1, 1, 1}});
  x = b.flatten(x);
  x = b.relu(b.gemm(x, {.features = 7, .transpose_b = false}));
  x = b.relu(b.matmul(x, 6));
  return must(optimize(b.output(b.gemm(x, {.features = 3})).build()));
}

std::vector<ChannelChange> random_changes(std::span<const ChannelPair> pairs) {
  Random random(7);
  std::vector<ChannelChange> changes;
  for (const ChannelPair& pair : pairs) {
    changes.push_back(no_change(pair));
    for (double& factor : changes.back().factor) {
      factor = static_cast<double>(random.uniform(0.1f, 10.0f));
    }
  }
  return changes;
}

}  // namespace

TEST_CASE("layers of every form make a chain of pairs") {
  const Graph graph = chain();
  CHECK(pair_names(graph) == std::vector<NamedPair>{{"conv1", "conv2"},
                                                    {"conv2", "conv3"},
                                                    {"conv3", "conv4"},
                                                    {"conv4", "gemm1"},
                                                    {"gemm1", "matmul1"},
                                                    {"matmul1", "gemm2"}});
  const std::vector<ChannelPair> pairs = find_channel_pairs(graph);
  CHECK(pairs[3].spread == 16);
  CHECK(pairs[0].is_direct);
  CHECK_FALSE(pairs[2].is_direct);
}

TEST_CASE("channels in other units leave the function as it is") {
  const Graph graph = chain();
  const std::vector<ChannelPair> pairs = find_channel_pairs(graph);
  const Graph changed = must(change_channels(graph, pairs, random_changes(pairs)));
  check_equivalent(graph, changed);
  CHECK(floats_of(changed, "conv2.weight") != floats_of(graph, "conv2.weight"));
  CHECK(node_names(changed) == node_names(graph));
}

TEST_CASE(
    "a constant part moves from behind a Relu into the next bias, also one that was not there") {
  GraphBuilder b;
  ValueId x = b.input("x", {1, 2, 4, 4});
  // Inputs are above -2, so the first channel is always above 1, the second above 0.
  x = b.relu(b.conv(x, {.channels = 2, .weight = {1, 0.5f, -1, 1}, .bias = {4, 4}}));
  x = b.conv(x, {.channels = 3, .kernel = {2, 2}, .has_bias = false});
  const Graph graph = must(optimize(b.output(x).build()));
  const std::vector<ChannelPair> pairs = find_channel_pairs(graph);
  REQUIRE(pairs.size() == 1);
  CHECK(can_absorb(graph, pairs[0]));
  ChannelChange change = no_change(pairs[0]);
  change.factor = {3, 0.5};
  change.absorbed = {1, 0};
  const Graph changed = must(change_channels(graph, pairs, std::array{change}));
  check_equivalent(graph, changed);
  CHECK(floats_of(changed, "conv1.bias") == std::vector<float>{1, 8});
  CHECK(floats_of(changed, "conv2.bias").size() == 3);
}

TEST_CASE("weights that two layers share are changed for one of them only") {
  GraphBuilder b;
  ValueId x = b.input("x", {2, 4});
  x = b.relu(b.gemm(x, {.features = 4}));
  x = b.relu(b.gemm(x, {.features = 4}));
  b.graph().nodes[2].inputs[1] = b.graph().nodes[0].inputs[1];
  const Graph graph = must(optimize(b.output(x).build()));
  const std::vector<ChannelPair> pairs = find_channel_pairs(graph);
  REQUIRE(pairs.size() == 1);
  check_equivalent(graph, must(change_channels(graph, pairs, random_changes(pairs))));
}

TEST_CASE("a padding, pooling between and a MatMul keep constants where they are") {
  const Graph graph = chain();
  for (const ChannelPair& pair : find_channel_pairs(graph)) {
    const std::string& name = graph.nodes[pair.first.node].name;
    CAPTURE(name);
    CHECK(can_absorb(graph, pair) == (name == "conv2"));
  }
}

TEST_CASE("what another reads, adds to or bends is no pair") {
  const auto pairs_of = [](auto make) {
    GraphBuilder b;
    const ValueId x = b.input("x", {1, 4, 6, 6});
    const ValueId y = b.conv(x, {.channels = 4});
    return pair_names(must(optimize(b.output(make(b, y)).build())));
  };
  using Builder = GraphBuilder;
  CHECK(pairs_of([](Builder& b, ValueId y) { return b.conv(y); }).size() == 1);
  CHECK(pairs_of([](Builder& b, ValueId y) { return b.conv(b.clip(y, 0, 6)); }).size() == 1);
  CHECK(pairs_of([](Builder& b, ValueId y) { return b.conv(b.clip(y, -1, 1)); }).empty());
  CHECK(pairs_of([](Builder& b, ValueId y) { return b.conv(b.clip(y, 0, 0)); }).empty());
  CHECK(pairs_of([](Builder& b, ValueId y) { return b.conv(b.unary(Op::kSigmoid, y)); }).empty());
  CHECK(pairs_of([](Builder& b, ValueId y) { return b.conv(b.softmax(y)); }).empty());
  CHECK(
      pairs_of([](Builder& b, ValueId y) { return b.add(b.conv(y, {.channels = 4}), y); }).empty());
  CHECK(pairs_of([](Builder& b, ValueId y) {
          b.output(y);
          return b.conv(y);
        }).empty());
  // The last axis of images is no channel, nor is that of a Flatten along another axis.
  CHECK(pairs_of([](Builder& b, ValueId y) { return b.matmul(y, 3); }).empty());
  CHECK(pairs_of([](Builder& b, ValueId y) {
          return b.gemm(b.flatten(y, 2), {.features = 2});
        }).empty());
  CHECK(pairs_of([](Builder& b, ValueId y) {
          return b.gemm(b.flatten(y, -3), {.features = 2});
        }).size() == 1);
}
