#include <doctest/doctest.h>

#include "graph/rewrites.h"
#include "support/rewrite_check.h"

using namespace lowbit;
using namespace lowbit::test;
using Names = std::vector<std::string>;

namespace {

// A random graph of images [2, 4, 4, 4] and rows [2, 6], with everything in it that a rewrite looks
// at. Values are used more than once, never, and as outputs, as chance has it.
Graph random_graph(uint64_t seed) {
  GraphBuilder b(seed);
  Random random(seed * 31);
  std::vector<ValueId> images{b.input("image", {2, 4, 4, 4})};
  std::vector<ValueId> rows{b.input("row", {2, 6})};
  // Recent values are likelier, so that chains grow.
  const auto pick = [&](const std::vector<ValueId>& from) {
    const auto count = static_cast<uint32_t>(from.size());
    return random.below(3) > 0 ? from.back() : from[random.below(count)];
  };
  const auto common = [&](std::vector<ValueId>& from) {
    const ValueId v = pick(from);
    switch (random.below(7)) {
      case 0:
        return b.relu(v);
      case 1:
        return b.clip(v, random.uniform(-2, 0), random.uniform(0, 2));
      case 2:
        return b.identity(v);
      case 3:
        return b.dropout(v);
      case 4:
        return b.add(v, pick(from));
      default:
        return b.batch_norm(v);
    }
  };
  for (int step = 0; step < 30; ++step) {
    switch (random.below(8)) {
      case 0:
        images.push_back(b.conv(pick(images), {.channels = 4, .has_bias = random.below(2) == 0}));
        break;
      case 1:
        images.push_back(b.conv(pick(images), {.channels = 4,
                                               .kernel = {3, 3},
                                               .padding = {1, 1, 1, 1},
                                               .groups = 1 + random.below(2)}));
        break;
      case 2:
        rows.push_back(b.gemm(pick(rows), {.features = 6,
                                           .has_bias = random.below(2) == 0,
                                           .alpha = random.uniform(0.5f, 2),
                                           .beta = random.uniform(0.5f, 2),
                                           .transpose_b = random.below(2) == 0}));
        break;
      case 3:
        rows.push_back(b.matmul(pick(rows), 6));
        break;
      case 4:
        images.push_back(b.average_pool(
            pick(images), {.kernel = {3, 3}, .padding = {1, 1, 1, 1}, .count_include_pad = true}));
        break;
      case 5:
      case 6:
        images.push_back(common(images));
        break;
      default:
        rows.push_back(common(rows));
        break;
    }
  }
  b.output(images.back());
  if (rows.size() > 1) b.output(rows.back());
  for (const std::vector<ValueId>& values : {images, rows}) {
    for (size_t i = 1; i + 1 < values.size(); ++i) {
      if (random.below(12) == 0) b.output(values[i]);
    }
  }
  return b.build();
}

}  // namespace

TEST_CASE("Random graphs compute the same after every rewrite and after all of them") {
  size_t before = 0;
  size_t after = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const Graph graph = random_graph(seed);
    REQUIRE(validate(graph).ok());
    check_equivalent(graph, remove_identities(graph), seed, 0);
    check_equivalent(graph, remove_unused(graph), seed, 0);
    check_equivalent(graph, fuse_activations(graph), seed, 0);
    check_equivalent(graph, must(fold_batch_normalization(graph)), seed);
    check_equivalent(graph, must(fold_gemm_factors(graph)), seed);
    const Graph optimized = must(optimize(graph));
    check_equivalent(graph, optimized, seed);
    before += graph.nodes.size();
    after += optimized.nodes.size();
    // Nothing is left for a second round.
    CHECK(node_names(must(optimize(optimized))) == node_names(optimized));
    CHECK(must(optimize(optimized)).values.size() == optimized.values.size());
  }
  CHECK(after * 4 < before * 3);
}

TEST_CASE("Convolution, identity, batch normalization, dropout and clamps become one node") {
  GraphBuilder b;
  ValueId y = b.input("x", {1, 2, 4, 4});
  y = b.dropout(b.conv(y, {.channels = 3, .has_bias = false}));
  y = b.relu(b.identity(b.batch_norm(y)));
  y = b.name("out").clip(y, -1, 6);
  const Graph graph = b.output(y).build();
  const Graph result = must(optimize(graph));
  CHECK(node_names(result) == Names{"conv1"});
  CHECK(result.nodes[0].activation == ClipAttributes{.min = 0, .max = 6});
  CHECK(result.values.size() == 4);
  check_equivalent(graph, result);
}

TEST_CASE("HardSwish in pieces is one node before its Clip is fused into the Add") {
  GraphBuilder b;
  const ValueId x = b.batch_norm(b.conv(b.input("x", {1, 2, 4, 4}), {.channels = 3}));
  const ValueId sum = b.add(x, b.constant<float>("three", {}, {3}));
  const ValueId product = b.binary(Op::kMul, x, b.identity(b.clip(sum, 0, 6)));
  const ValueId y = b.binary(Op::kDiv, product, b.constant<float>("six", {}, {6}));
  const ValueId gate = b.unary(Op::kHardSigmoid, y, UnaryParameters{1.0f / 6, 0.5f});
  const Graph graph = b.output(b.relu(b.add(b.binary(Op::kMul, y, gate), y))).build();
  const Graph result = must(optimize(graph));
  CHECK(node_names(result) == Names{"conv1", "add1", "unary1", "add2"});
  check_equivalent(graph, result);
}

TEST_CASE("A batch normalization that cannot be folded stays, fused with nothing") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 4, 4});
  const Graph graph = b.output(b.relu(b.batch_norm(x))).build();
  CHECK(node_names(must(optimize(graph))) == Names{"batch_norm1", "relu1"});
}

TEST_CASE("A quantized graph keeps its arithmetic: only identities go") {
  GraphBuilder b;
  ValueId y = b.quantize_linear(b.input("x", {1, 4}), activation_params(0.1f, 128));
  y = b.relu(b.identity(b.gemm(b.dropout(y), {.features = 3})));
  const Graph graph = b.output(b.dequantize_linear(y)).build();
  const Graph result = must(optimize(graph));
  CHECK(validate(result).ok());
  CHECK(node_names(result) == Names{"quantize1", "gemm1", "relu1", "dequantize1"});
  CHECK(names_of(result, {result.nodes[1].output}) == Names{"gemm1"});
}

TEST_CASE("Symbols survive") {
  GraphBuilder b;
  const int64_t n = b.symbol("N");
  const ValueId x = b.input("x", {n, 2, 4, 4});
  const Graph graph = b.output(b.flatten(b.identity(b.relu(x)))).build();
  const Graph result = must(optimize(graph));
  CHECK(result.symbols == std::vector<std::string>{"N"});
  CHECK(result.value(result.outputs[0]).shape == Shape{n, 32});
}

TEST_CASE("Unused nodes and values go, unused graph inputs stay") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 4, 4});
  b.input("unused", {3});
  b.relu(b.conv(x, {.channels = 2}));
  const Graph graph = b.output(b.max_pool(x, {.kernel = {2, 2}})).build();
  const Graph result = remove_unused(graph);
  CHECK(node_names(result) == Names{"max_pool1"});
  CHECK(names_of(result, result.inputs) == Names{"x", "unused"});
  CHECK(result.values.size() == 3);
  CHECK(validate(result).ok());
}
