#include <doctest/doctest.h>

#include "graph/rewrites.h"
#include "support/rewrite_check.h"

using namespace lowbit;
using namespace lowbit::test;

TEST_CASE(
    "A batch normalization over images becomes a depthwise convolution of the same function") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 3, 4, 5});
  const Graph graph = b.output(b.batch_norm(b.relu(b.batch_norm(x)))).build();
  const Graph result = must(replace_batch_normalization(graph));
  for (const Node& node : result.nodes) CHECK(node.op != Op::kBatchNormalization);
  CHECK(result.nodes[0].op == Op::kConv);
  CHECK(node_names(result) == node_names(graph));
  CHECK(result.find_value("batch_norm1.weight") != kNoValue);
  check_equivalent(graph, result);
}

TEST_CASE("Over vectors it becomes a product with a diagonal matrix, unless that would be large") {
  GraphBuilder b;
  const Graph graph = b.output(b.relu(b.batch_norm(b.input("x", {2, 3})))).build();
  const Graph result = must(replace_batch_normalization(graph));
  CHECK(result.nodes[0].op == Op::kGemm);
  const std::vector<float> weight = floats_of(result, "batch_norm1.weight");
  REQUIRE(weight.size() == 9);
  CHECK(weight[0] != 0);
  CHECK(weight[1] == 0);
  check_equivalent(graph, result);

  GraphBuilder wide;
  const Graph large = wide.output(wide.batch_norm(wide.input("x", {1, 1025}))).build();
  CHECK(must(replace_batch_normalization(large)).nodes[0].op == Op::kBatchNormalization);
}
