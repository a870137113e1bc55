#include "quantize/layer_input.h"

#include <numeric>

#include "doctest/doctest.h"
#include "engine/planned_graph.h"
#include "engine/real_values.h"
#include "support/layer_cases.h"
#include "support/quantize.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

LayerInput input_of(const Graph& graph, const LinearLayer& layer, const Tensor& samples) {
  PlannedGraph planned(graph);
  std::optional<LayerInput> input;
  must(planned.run_until(graph.nodes[layer.node].inputs[0], std::array{samples},
                         [&](const ValueView& view) -> Status {
                           input = must(LayerInput::copy(graph, layer, view));
                           return success();
                         }));
  return std::move(*input);
}

// W x + b in the order in which the plan's output lies in NHWC: [rows][output channels].
std::vector<double> products(const Graph& graph, const LinearLayer& layer,
                             const LayerInput& input) {
  const auto depth = static_cast<size_t>(layer.depth());
  const auto width = static_cast<size_t>(layer.output_channels());
  std::vector<int64_t> rows(static_cast<size_t>(input.row_count()));
  std::iota(rows.begin(), rows.end(), int64_t{0});
  std::vector<double> y(rows.size() * width);
  const std::vector<double> bias = read_bias(graph, layer);
  for (int32_t group = 0; group < layer.groups; ++group) {
    const std::vector<float> w = read_weights(graph, layer, group);
    std::vector<float> x(rows.size() * depth);
    input.gather(group, rows, x.data());
    for (size_t r = 0; r < rows.size(); ++r) {
      for (size_t c = 0; c < static_cast<size_t>(layer.columns); ++c) {
        const size_t channel = static_cast<size_t>(group * layer.columns) + c;
        double sum = bias[channel];
        for (size_t k = 0; k < depth; ++k) {
          sum += static_cast<double>(w[c * depth + k]) * static_cast<double>(x[r * depth + k]);
        }
        y[r * width + channel] = sum;
      }
    }
  }
  return y;
}

// What the engine makes of the layer, as reals in NHWC.
std::vector<float> computed(const Graph& graph, const LinearLayer& layer, const Tensor& samples) {
  Plan plan = must(make_plan(graph, std::array{samples.shape()}, {.keep_values = true}));
  must(plan.run(std::array{samples}));
  return real_values(plan.view(graph.nodes[layer.node].output));
}

// keep_values keeps images in NHWC, in which a MatMul's last axis is not the last.
bool is_comparable(const LayerCase& layer_case) {
  return layer_case.graph.nodes[0].op != Op::kMatMul || layer_case.input.rank() != 4;
}

}  // namespace

TEST_CASE("weights times rows plus bias are what the engine computes") {
  for (const LayerCase& layer_case : layer_cases()) {
    if (!is_comparable(layer_case)) continue;
    CAPTURE(layer_case.name);
    const Tensor samples = random_tensor(layer_case.input, 1, -1, 1);
    const auto layer = linear_layer(layer_case.graph, 0);
    REQUIRE(layer);
    const std::vector<double> expected =
        products(layer_case.graph, *layer, input_of(layer_case.graph, *layer, samples));
    const std::vector<float> actual = computed(layer_case.graph, *layer, samples);
    REQUIRE(actual.size() == expected.size());
    // Sums of up to 18 products of numbers below 1.3, each rounded to 2^-24.
    for (size_t i = 0; i < actual.size(); ++i) {
      CHECK(std::abs(static_cast<double>(actual[i]) - expected[i]) < 1e-5);
    }
  }
}

TEST_CASE("integers stand for reals: the engine rounds what they give") {
  for (const LayerCase& layer_case : layer_cases()) {
    if (!is_comparable(layer_case)) continue;
    CAPTURE(layer_case.name);
    const Tensor samples = random_tensor(layer_case.input, 1, -1, 1);
    Graph int8 = must(quantize(layer_case.graph, calibrate_on(layer_case.graph, samples), {}));
    const auto layer = linear_layer(int8, 1);
    REQUIRE(layer);
    const std::vector<double> expected = products(int8, *layer, input_of(int8, *layer, samples));
    const std::vector<float> actual = computed(int8, *layer, samples);
    const auto step = static_cast<double>(int8.value(int8.nodes[1].output).quant->scale[0]);
    REQUIRE(actual.size() == expected.size());
    // A rounding to the output's grid, within which calibration left room for one more step.
    for (size_t i = 0; i < actual.size(); ++i) {
      CHECK(std::abs(static_cast<double>(actual[i]) - expected[i]) < 1.001 * step);
    }
  }
}

TEST_CASE("only the rows asked for are gathered, in their order") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 2, 3, 3});
  const Graph graph =
      b.output(b.conv(b.relu(x), {.kernel = {2, 2}, .padding = {1, 1, 0, 0}})).build();
  const Tensor samples = random_tensor({2, 2, 3, 3}, 4, -1, 1);
  const auto layer = linear_layer(graph, 1);
  REQUIRE(layer);
  const LayerInput input = input_of(graph, *layer, samples);
  REQUIRE(input.row_count() == 18);
  std::vector<float> all(18 * 8);
  std::vector<int64_t> rows(18);
  std::iota(rows.begin(), rows.end(), int64_t{0});
  input.gather(0, rows, all.data());
  // The first pixel's window has one tap in the image, the last.
  const auto pixel = samples.data<float>();
  CHECK(std::vector(all.begin(), all.begin() + 8) ==
        std::vector<float>{0, 0, 0, 0, 0, 0, std::max(pixel[0], 0.0f), std::max(pixel[9], 0.0f)});
  std::vector<float> some(2 * 8);
  input.gather(0, std::vector<int64_t>{13, 4}, some.data());
  CHECK(std::equal(some.begin(), some.begin() + 8, all.begin() + 13 * 8));
  CHECK(std::equal(some.begin() + 8, some.end(), all.begin() + 4 * 8));
}

TEST_CASE("a matrix product of images sums along the last axis of the graph's order") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2, 3, 4});
  const Graph graph = b.output(b.matmul(b.relu(x), 5)).build();
  const Tensor samples = random_tensor({1, 2, 3, 4}, 5, 0, 1);
  const auto layer = linear_layer(graph, 1);
  REQUIRE(layer);
  const LayerInput input = input_of(graph, *layer, samples);
  REQUIRE(input.row_count() == 6);
  std::vector<float> row(4);
  input.gather(0, std::vector<int64_t>{4}, row.data());
  CHECK(std::ranges::equal(row, samples.data<float>().subspan(16, 4)));
}
