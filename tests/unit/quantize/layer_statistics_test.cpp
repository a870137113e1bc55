#include "quantize/layer_statistics.h"

#include <cmath>
#include <numeric>

#include "doctest/doctest.h"
#include "engine/planned_graph.h"
#include "graph/rewrites.h"
#include "quantize/layer_input.h"
#include "support/check_error.h"
#include "support/quantize.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

Graph two_layers(int64_t groups) {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 4, 6, 6});
  const ValueId y = b.relu(b.conv(x, {.channels = 6, .kernel = {3, 3}, .padding = {1, 1, 1, 1}}));
  return b
      .output(
          b.conv(y, {.channels = 6, .kernel = {3, 3}, .padding = {1, 1, 1, 1}, .groups = groups}))
      .build();
}

struct Case {
  Graph fp32;
  Graph integers;
  LinearLayer real;
  LinearLayer integer;
  Tensor samples;
};

// The second layer of a quantized network, whose input differs from the exact one.
Case make_case(int64_t groups, int64_t sample_count) {
  Case c;
  c.fp32 = must(optimize(two_layers(groups)));
  c.samples = random_tensor({sample_count, 4, 6, 6}, 1, -1, 1);
  Recipe recipe;
  recipe.weights.bits = 3;
  c.integers = must(quantize(c.fp32, calibrate_on(c.fp32, c.samples), recipe));
  c.real = *linear_layer(c.fp32, 1);
  c.integer = *linear_layer(c.integers, 2);
  return c;
}

LayerStatistics statistics_of(const Case& c, StatisticsOptions options = {}) {
  return must(finish(
      layer_statistics(c.fp32, c.real, c.integers, c.integer, std::array{c.samples}, options)));
}

// All rows of one group: [rows][depth].
std::vector<float> all_rows(const Graph& graph, const LinearLayer& layer, const Tensor& samples,
                            int32_t group) {
  PlannedGraph planned(graph);
  std::vector<float> x;
  must(planned.run_until(graph.nodes[layer.node].inputs[0], std::array{samples},
                         [&](const ValueView& view) -> Status {
                           const LayerInput input = must(LayerInput::copy(graph, layer, view));
                           std::vector<int64_t> rows(static_cast<size_t>(input.row_count()));
                           std::iota(rows.begin(), rows.end(), int64_t{0});
                           x.resize(rows.size() * static_cast<size_t>(layer.depth()));
                           input.gather(group, rows, x.data());
                           return success();
                         }));
  return x;
}

double at(const Tensor& matrix, size_t row, size_t column) {
  const auto width = static_cast<size_t>(matrix.shape()[1]);
  return static_cast<double>(matrix.data<float>()[row * width + column]);
}

}  // namespace

TEST_CASE("moments over all rows are those of a plain computation") {
  for (const int64_t groups : {1, 3, 6}) {
    CAPTURE(groups);
    const Case c = make_case(groups, 40);  // 40 * 36 rows; two batches, the second smaller
    const LayerStatistics statistics = statistics_of(c);
    CHECK(statistics.rows == 40 * 36);
    REQUIRE(statistics.groups.size() == static_cast<size_t>(groups));
    const auto depth = static_cast<size_t>(c.real.depth());
    for (int32_t group = 0; group < c.real.groups; ++group) {
      const GroupStatistics& actual = statistics.groups[static_cast<size_t>(group)];
      const std::vector<float> x = all_rows(c.fp32, c.real, c.samples, group);
      const std::vector<float> q = all_rows(c.integers, c.integer, c.samples, group);
      const std::vector<float> w = read_weights(c.fp32, c.real, group);
      const auto mean = [&](auto value) {
        double sum = 0;
        for (size_t r = 0; r < x.size(); r += depth) sum += value(r);
        return sum / static_cast<double>(statistics.rows);
      };
      // Float sums of 1,440 terms below 4: 2^-24 * sqrt(1440) each, with a wide margin.
      constexpr double kTolerance = 2e-5;
      for (size_t k = 0; k < depth; ++k) {
        CHECK(std::abs(actual.mean[k] - mean([&](size_t r) { return double{x[r + k]}; })) < 1e-9);
        CHECK(std::abs(actual.quantized_mean[k] -
                       mean([&](size_t r) { return double{q[r + k]}; })) < 1e-9);
        for (size_t j = 0; j < depth; ++j) {
          const double expected =
              mean([&](size_t r) { return double{q[r + k]} * double{q[r + j]}; });
          CHECK(std::abs(at(actual.gram, k, j) - expected) < kTolerance);
          CHECK(at(actual.gram, k, j) == at(actual.gram, j, k));
        }
        for (size_t column = 0; column < static_cast<size_t>(c.real.columns); ++column) {
          const double expected = mean([&](size_t r) {
            double y = 0;
            for (size_t j = 0; j < depth; ++j)
              y += double{w[column * depth + j]} * double{x[r + j]};
            return y * double{q[r + k]};
          });
          CHECK(std::abs(at(actual.target, column, k) - expected) < kTolerance);
        }
      }
    }
  }
}

TEST_CASE(
    "of many rows a random subset is taken, chosen by the seed and the same for both models") {
  const Case c = make_case(1, 160);  // 5,760 rows
  const LayerStatistics all = statistics_of(make_case(1, 100));
  CHECK(all.rows == 3600);
  const LayerStatistics some = statistics_of(c, {.seed = 1});
  CHECK(some.rows >= 4096);
  CHECK(some.rows < 4096 + 5);
  CHECK(statistics_of(c, {.seed = 1}).groups[0].mean == some.groups[0].mean);
  CHECK(statistics_of(c, {.seed = 2}).groups[0].mean != some.groups[0].mean);
  // At the same pixels x^ is close to x: against itself the model would have t = W H.
  Case same = c;
  same.integers = c.fp32;
  same.integer = c.real;
  const LayerStatistics exact = statistics_of(same, {.seed = 1});
  CHECK(exact.groups[0].mean == some.groups[0].mean);
  CHECK(exact.groups[0].quantized_mean == some.groups[0].mean);
}

TEST_CASE("without second moments there are only means, the same ones") {
  const Case c = make_case(3, 10);
  const LayerStatistics means = statistics_of(c, {.second_moments = false});
  const LayerStatistics all = statistics_of(c);
  for (size_t group = 0; group < 3; ++group) {
    CHECK(means.groups[group].mean == all.groups[group].mean);
    CHECK(means.groups[group].quantized_mean == all.groups[group].quantized_mean);
    CHECK(means.groups[group].gram.element_count() == 0);
    CHECK(means.groups[group].target.element_count() == 0);
  }
}

TEST_CASE("the task pauses after each run of a batch") {
  const Case c = make_case(1, 64);
  const std::array samples = {c.samples};
  auto task = layer_statistics(c.fp32, c.real, c.integers, c.integer, samples, {.batch = 16});
  int pauses = 0;
  double fraction = 0;
  while (!task.step()) {
    ++pauses;
    CHECK(task.progress().stage == "statistics");
    CHECK(task.progress().fraction >= fraction);
    fraction = task.progress().fraction;
  }
  CHECK(pauses >= 2 * 4);
  CHECK(fraction < 1);
}

TEST_CASE("no sample, and samples of another shape, are errors") {
  const Case c = make_case(1, 2);
  const auto run = [&](const Tensor& samples, int64_t batch) {
    return finish(layer_statistics(c.fp32, c.real, c.integers, c.integer, std::array{samples},
                                   {.batch = batch}));
  };
  const Tensor none = must(Tensor::allocate(DType::kF32, {0, 4, 6, 6}));
  check_error(run(none, 32), ErrorCode::kEmptyCalibration, "samples");
  const Tensor wrong = must(Tensor::allocate(DType::kF32, {2, 3, 6, 6}));
  check_error(run(wrong, 32), ErrorCode::kShapeMismatch, "x");
  check_error(run(c.samples, 0), ErrorCode::kInvalidArgument, "batch");
}
