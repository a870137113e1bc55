#include <doctest/doctest.h>

#include <limits>

#include "graph/rewrites.h"
#include "support/rewrite_check.h"

using namespace lowbit;
using namespace lowbit::test;
using Names = std::vector<std::string>;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("Relu and Clip are fused into Conv, Gemm, MatMul and Add") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 2, 3, 3});
  ValueId y = b.relu(b.conv(x, {.channels = 2}));
  y = b.clip(b.add(y, x), -0.5f, 1);
  y = b.relu(b.gemm(b.flatten(y), {.features = 4}));
  y = b.clip(b.matmul(y, 3), 0, 6);
  const Graph graph = b.output(y).build();
  const Graph result = fuse_activations(graph);
  CHECK(node_names(result) == Names{"conv1", "add1", "flatten1", "gemm1", "matmul1"});
  CHECK(result.nodes[0].activation == ClipAttributes{.min = 0, .max = kInfinity});
  CHECK(result.nodes[1].activation == ClipAttributes{.min = -0.5f, .max = 1});
  CHECK(result.nodes[4].activation == ClipAttributes{.min = 0, .max = 6});
  CHECK(names_of(result, {result.nodes[0].output, result.nodes[1].output}) ==
        Names{"relu1", "clip1"});
  check_equivalent(graph, result, 3, 0);
}

TEST_CASE("A chain of clamps becomes one, also where their ranges do not meet") {
  struct {
    ClipAttributes first, second, fused;
  } const cases[] = {
      {{.min = 0}, {.min = -1, .max = 6}, {.min = 0, .max = 6}},
      {{.min = -3, .max = 2}, {.min = -1, .max = 5}, {.min = -1, .max = 2}},
      {{.min = 0}, {.min = -5, .max = -2}, {.min = -2, .max = -2}},
      {{.max = -4}, {.min = 1, .max = 3}, {.min = 1, .max = 1}},
  };
  for (const auto& c : cases) {
    GraphBuilder b;
    ValueId y = b.gemm(b.input("x", {4, 3}), {.features = 5});
    y = b.clip(b.clip(y, c.first.min, c.first.max), c.second.min, c.second.max);
    const Graph graph = b.output(y).build();
    const Graph result = fuse_activations(graph);
    REQUIRE(result.nodes.size() == 1);
    CHECK(result.nodes[0].activation == c.fused);
    check_equivalent(graph, result, 3, 0);
  }
}

TEST_CASE("A clamp stays where its producer's own value is needed") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 3, 3});
  const ValueId shared = b.conv(x, {.channels = 2});
  const ValueId shown = b.conv(x, {.channels = 2});
  const ValueId sum = b.add(b.relu(shared), shared);
  b.output(b.relu(shown)).output(shown).output(sum).output(b.relu(b.max_pool(x, {})));
  b.output(b.relu(x));
  const Graph graph = b.build();
  const Graph result = fuse_activations(graph);
  CHECK(node_names(result) == node_names(graph));
  check_equivalent(graph, result, 3, 0);
}

TEST_CASE("Integer activations stay: a rounding lies before them") {
  GraphBuilder b;
  const ValueId x = b.quantize_linear(b.input("x", {1, 4}), activation_params(0.1f, 128));
  const ValueId y = b.relu(b.gemm(x, {.features = 3}));
  const Graph graph = b.output(b.dequantize_linear(y)).build();
  CHECK(node_names(fuse_activations(graph)) == node_names(graph));
}
