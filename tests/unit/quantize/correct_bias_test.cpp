#include "quantize/correct_bias.h"

#include <algorithm>
#include <cmath>

#include "doctest/doctest.h"
#include "graph/validate.h"
#include "support/layer_cases.h"
#include "support/quantize.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

LayerStatistics means_of(const Graph& fp32, const LinearLayer& real, const Graph& quantized,
                         const LinearLayer& integer, const Tensor& samples) {
  return must(finish(layer_statistics(fp32, real, quantized, integer, std::array{samples},
                                      {.second_moments = false})));
}

// mean(W x) + b, one number per output channel.
std::vector<double> mean_outputs(const Graph& graph, const LinearLayer& layer,
                                 const LayerStatistics& statistics,
                                 std::vector<double> GroupStatistics::* mean) {
  std::vector<double> y = read_bias(graph, layer);
  const auto depth = static_cast<size_t>(layer.depth());
  for (int32_t group = 0; group < layer.groups; ++group) {
    const std::vector<float> weights = read_weights(graph, layer, group);
    const std::vector<double>& x = statistics.groups[static_cast<size_t>(group)].*mean;
    for (size_t i = 0; i < weights.size(); ++i) {
      y[static_cast<size_t>(group * layer.columns) + i / depth] +=
          static_cast<double>(weights[i]) * x[i % depth];
    }
  }
  return y;
}

Graph quantize_coarsely(const Graph& fp32, const Tensor& samples) {
  Recipe recipe;
  recipe.weights.bits = 2;
  return must(quantize(fp32, calibrate_on(fp32, samples), recipe));
}

}  // namespace

TEST_CASE("on the samples the mean of every output channel becomes that of the exact layer") {
  for (const LayerCase& layer_case : layer_cases()) {
    CAPTURE(layer_case.name);
    const Graph& fp32 = layer_case.graph;
    // Of one sign, so that coarse weights shift the means.
    const Tensor samples = random_tensor(layer_case.input, 2, 0, 1);
    const Graph coarse = quantize_coarsely(fp32, samples);
    const LinearLayer real = *linear_layer(fp32, 0);
    const LinearLayer integer = *linear_layer(coarse, 1);
    const LayerStatistics statistics = means_of(fp32, real, coarse, integer, samples);
    const Graph corrected = must(correct_bias(fp32, real, coarse, integer, statistics));
    must(validate(corrected));
    CHECK(corrected.nodes.size() == coarse.nodes.size());
    if (fp32.nodes[0].op == Op::kMatMul) {
      CHECK(corrected.nodes[1].inputs == coarse.nodes[1].inputs);
      continue;
    }
    const std::vector<double> wanted = mean_outputs(fp32, real, statistics, &GroupStatistics::mean);
    const std::vector<double> before =
        mean_outputs(coarse, integer, statistics, &GroupStatistics::quantized_mean);
    const std::vector<double> after =
        mean_outputs(corrected, integer, statistics, &GroupStatistics::quantized_mean);
    const QuantParams& params = *corrected.value(corrected.nodes[1].inputs[2]).quant;
    double worst_before = 0;
    for (size_t c = 0; c < wanted.size(); ++c) {
      worst_before = std::max(worst_before, std::abs(before[c] - wanted[c]));
      CHECK(std::abs(after[c] - wanted[c]) <= 0.5001 * static_cast<double>(params.scale[c]));
    }
    CHECK(worst_before > 0.01);
  }
}

TEST_CASE("a MatMul of matrices becomes a Gemm with the bias that it lacked") {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 8});
  const Graph fp32 = b.output(b.matmul(x, 3)).build();
  const Tensor samples = random_tensor({50, 8}, 3, 0, 1);
  const Graph coarse = quantize_coarsely(fp32, samples);
  const LinearLayer real = *linear_layer(fp32, 0);
  const LinearLayer integer = *linear_layer(coarse, 1);
  const LayerStatistics statistics = means_of(fp32, real, coarse, integer, samples);
  const Graph corrected = must(correct_bias(fp32, real, coarse, integer, statistics));
  must(validate(corrected));
  CHECK(corrected.nodes[1].op == Op::kGemm);
  CHECK(corrected.nodes[1].name == coarse.nodes[1].name);
  CHECK(corrected.value(corrected.nodes[1].inputs[2]).name == "matmul1.bias");

  const std::vector<float> exact = run_once(fp32, samples);
  const auto shift = [&](const Graph& graph) {
    const std::vector<float> y = run_once(graph, samples);
    double worst = 0;
    for (size_t c = 0; c < 3; ++c) {
      double sum = 0;
      for (size_t i = c; i < y.size(); i += 3) sum += static_cast<double>(y[i] - exact[i]);
      worst = std::max(worst, std::abs(sum) / 50);
    }
    return worst;
  };
  CHECK(shift(coarse) > 0.02);
  // What remains is the output's rounding, random within half a step.
  const float step = corrected.value(corrected.nodes[1].output).quant->scale[0];
  CHECK(shift(corrected) < 0.5 * static_cast<double>(step));
}

TEST_CASE("a bias of real activations is a real one") {
  GraphBuilder b;
  const ValueId x = b.input("x", {4, 2});
  const Graph fp32 = b.output(b.gemm(x, {.features = 1, .weight = {1, 3}, .bias = {0.5f}})).build();
  Graph rounded = fp32;
  rounded.value(rounded.nodes[0].inputs[1]).constant =
      must(Tensor::from_values<float>({1, 2}, std::vector<float>{2, 3}));
  const LinearLayer layer = *linear_layer(fp32, 0);
  const Tensor samples =
      must(Tensor::from_values<float>({4, 2}, std::vector<float>{1, 0, 2, 0, 3, 0, 4, 0}));
  const LayerStatistics statistics = means_of(fp32, layer, rounded, layer, samples);
  const Graph corrected = must(correct_bias(fp32, layer, rounded, layer, statistics));
  CHECK(read_bias(corrected, layer) == std::vector<double>{0.5 - 2.5});
}

TEST_CASE("a shift beyond the bounds of a bias is corrected as far as they reach") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 1});
  const Graph fp32 = b.output(b.gemm(x, {.features = 1, .weight = {1}, .bias = {0}})).build();
  const Tensor samples = must(Tensor::from_values<float>({2, 1}, std::vector<float>{0.5f, 1}));
  const Graph int8 = must(quantize(fp32, calibrate_on(fp32, samples), {}));
  const LinearLayer real = *linear_layer(fp32, 0);
  const LinearLayer integer = *linear_layer(int8, 1);
  LayerStatistics statistics = means_of(fp32, real, int8, integer, samples);
  for (const double sign : {1.0, -1.0}) {
    statistics.groups[0].mean[0] = sign * 1e9;
    const Graph corrected = must(correct_bias(fp32, real, int8, integer, statistics));
    must(validate(corrected));
    const Tensor& bias = *corrected.value(corrected.nodes[1].inputs[2]).constant;
    CHECK(bias.data<int32_t>()[0] == static_cast<int32_t>(sign) * kBiasQmax);
  }
}
