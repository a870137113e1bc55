#include <doctest/doctest.h>

#include "graph/rewrites.h"
#include "support/rewrite_check.h"

using namespace lowbit;
using namespace lowbit::test;

TEST_CASE("A Gemm's factors move into its constants") {
  GraphBuilder b;
  const ValueId x = b.input("x", {3, 2});
  const ValueId y =
      b.gemm(x, {.features = 1, .alpha = 2, .beta = 0.5f, .weight = {1, -3}, .bias = {8}});
  const Graph graph = b.output(y).build();
  const Graph result = must(fold_gemm_factors(graph));
  const auto& gemm = std::get<GemmAttributes>(result.nodes[0].attributes);
  CHECK(gemm.alpha == 1);
  CHECK(gemm.beta == 1);
  CHECK(floats_of(result, "gemm1.weight") == std::vector<float>{2, -6});
  CHECK(floats_of(result, "gemm1.bias") == std::vector<float>{4});
  check_equivalent(graph, result, 3, 0);
}

TEST_CASE("Gemms that share constants get their own where their factors differ") {
  GraphBuilder b;
  const ValueId x = b.input("x", {3, 2});
  const ValueId first = b.gemm(x, {.features = 2, .alpha = 3});
  const ValueId second = b.gemm(x, {.features = 2, .has_bias = false, .beta = 7});
  b.graph().nodes[1].inputs[1] = b.graph().nodes[0].inputs[1];
  const Graph graph = remove_unused(b.output(first).output(second).build());
  const Graph result = must(fold_gemm_factors(graph));
  CHECK(floats_of(result, "gemm1.weight") == floats_of(graph, "gemm1.weight"));
  CHECK(result.find_value("gemm1.weight/gemm1") != kNoValue);
  check_equivalent(graph, result);
}
