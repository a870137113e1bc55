#include "analysis/mixed_precision.h"

#include <algorithm>

#include "doctest/doctest.h"
#include "quantize/pipeline.h"
#include "support/check_error.h"
#include "support/graph_builder.h"
#include "support/must.h"
#include "support/quantize.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// A small layer that all depends on, and a large one.
Graph classifier() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 4});
  const ValueId first = b.relu(b.gemm(x, {.features = 6}));
  const ValueId second = b.relu(b.gemm(first, {.features = 64}));
  return b.output(b.gemm(second, {.features = 5})).build();
}

std::vector<Tensor> samples() { return {random_tensor({96, 4}, 2, -1, 1)}; }

MixedPrecision mix(const MixedPrecisionOptions& options) {
  return must(finish(mix_precision(classifier(), Recipe{}, samples(), {}, options)));
}

double bytes_at(const MixedPrecision& mixed, size_t width) {
  double bytes = 0;
  for (const auto& layer : mixed.cost) bytes += layer[width];
  return bytes;
}

Score score_of(const Recipe& recipe) {
  const Graph fp32 = classifier();
  Evaluator evaluator(samples(), {}, {});
  must(finish(evaluator.measure(fp32, false)));
  return must(finish(evaluator.measure(
      must(finish(quantize_in_steps(fp32, recipe, {}, samples()))).graph, false)));
}

}  // namespace

TEST_CASE("every layer is measured at every width") {
  const MixedPrecision mixed = mix({.bits = {8, 4, 2}});
  CHECK(mixed.layers == std::vector<std::string>{"gemm1", "gemm2", "gemm3"});
  for (size_t i = 0; i < 3; ++i) {
    REQUIRE(mixed.kl[i].size() == 3);
    CHECK(std::ranges::is_sorted(mixed.kl[i]));
    CHECK(std::ranges::is_sorted(mixed.cost[i], std::greater{}));
  }
  CHECK(mixed.cost[0][1] == 24 * 4 / 8 + 6 * 4);
  CHECK_FALSE(mixed.chosen);
}

TEST_CASE("every point of the front is a recipe that runs") {
  const MixedPrecision mixed = mix({.bits = {8, 4, 2}});
  REQUIRE(mixed.front.size() > 2);
  CHECK(mixed.front.back().cost == doctest::Approx(bytes_at(mixed, 2)));
  for (const MixedPoint& point : mixed.front) {
    CHECK(point.recipe.layers.size() == 3);
    CHECK(score_of(point.recipe).samples == 96);
  }
  CHECK(score_of(mixed.front.front().recipe).kl < score_of(mixed.front.back().recipe).kl);
}

TEST_CASE("within the bytes of four bits the widths lose no more than four bits") {
  const MixedPrecision all = mix({});
  const double budget = bytes_at(all, 4);
  const MixedPrecision mixed = mix({.budget = budget});
  REQUIRE(mixed.chosen);
  CHECK(mixed.chosen->cost <= budget * (1 + 1e-9));
  Recipe four;
  four.weights.bits = 4;
  CHECK(mixed.score->kl <= score_of(four).kl);
  CHECK(score_of(mixed.chosen->recipe).kl == doctest::Approx(mixed.score->kl));
  CHECK_FALSE(mix({.budget = 1}).chosen);
}

TEST_CASE("a drop is kept by as few bytes as the front has") {
  const MixedPrecision mixed = mix({.max_drop = 0.05});
  REQUIRE(mixed.chosen);
  CHECK(static_cast<double>(mixed.score->agreeing) >= 0.95 * 96);
  CHECK(mixed.chosen->cost < bytes_at(mixed, 0));
}

TEST_CASE("time is a cost that is measured") {
  const MixedPrecision mixed = mix({.bits = {8, 4}, .cost = Cost::kMilliseconds});
  const MixedPrecision by_bytes = mix({.bits = {8, 4}});
  CHECK(mixed.kl == by_bytes.kl);
  CHECK(mixed.cost != by_bytes.cost);
  double least = 0;
  for (const auto& layer : mixed.cost) {
    REQUIRE(layer.size() == 2);
    least += std::min(layer[0], layer[1]);
  }
  CHECK(mixed.front.back().cost == doctest::Approx(least));
}

TEST_CASE("layers that stay float have no width") {
  Recipe recipe;
  recipe.layers["gemm2"].is_float = true;
  const MixedPrecision mixed = must(
      finish(mix_precision(classifier(), recipe, samples(), {}, {.bits = {8, 3}, .budget = 1e6})));
  CHECK(mixed.layers == std::vector<std::string>{"gemm1", "gemm3"});
  CHECK(mixed.chosen->recipe.layers.at("gemm2").is_float);
}

TEST_CASE("widths and goals that make no sense are refused") {
  const auto refused = [](const MixedPrecisionOptions& options, const char* where) {
    check_error(finish(mix_precision(classifier(), Recipe{}, samples(), {}, options)),
                ErrorCode::kInvalidArgument, where);
  };
  refused({.bits = {}}, "bits");
  refused({.bits = {8, 1}}, "bits");
  refused({.budget = 1, .max_drop = 1}, "budget");
}

TEST_CASE("a layer that is not there is refused before any sample is read") {
  Recipe recipe;
  recipe.layers["gemm9"] = {};
  check_error(finish(mix_precision(classifier(), recipe, {}, {}, {})), ErrorCode::kInvalidArgument,
              "layers.gemm9");
}
