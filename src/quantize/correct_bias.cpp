#include "quantize/correct_bias.h"

#include <algorithm>
#include <cmath>

#include "graph/constant_editor.h"

namespace lowbit {

namespace {

// W mean(x), one number per output channel.
std::vector<double> mean_products(const Graph& graph, const LinearLayer& layer,
                                  const LayerStatistics& statistics,
                                  std::vector<double> GroupStatistics::* mean) {
  std::vector<double> products;
  for (int32_t group = 0; group < layer.groups; ++group) {
    const std::vector<double>& x = statistics.groups[static_cast<size_t>(group)].*mean;
    const std::vector<float> weights = read_weights(graph, layer, group);
    for (size_t row = 0; row < weights.size(); row += x.size()) {
      double sum = 0;
      for (size_t k = 0; k < x.size(); ++k) sum += static_cast<double>(weights[row + k]) * x[k];
      products.push_back(sum);
    }
  }
  return products;
}

// One scale per output channel: that of the sums.
QuantParams bias_params(const Graph& graph, const LinearLayer& layer, float input_scale) {
  QuantParams params{.storage = DType::kI32, .qmin = -kBiasQmax, .qmax = kBiasQmax, .axis = 0};
  params.scale.clear();
  for (int32_t group = 0; group < layer.groups; ++group) {
    for (const float scale : read_scales(graph, layer, group)) {
      params.scale.push_back(input_scale * scale);
    }
  }
  params.zero_point.assign(params.scale.size(), 0);
  return params;
}

}  // namespace

Result<Graph> correct_bias(const Graph& fp32, const LinearLayer& real, const Graph& quantized,
                           const LinearLayer& integer, const LayerStatistics& statistics) {
  Graph result = quantized;
  Node& node = result.nodes[integer.node];
  if (node.op == Op::kMatMul) {
    if (result.value(node.inputs[0]).shape.rank() != 2) return result;
    node.op = Op::kGemm;
    node.attributes = GemmAttributes{};
  }
  std::vector<double> bias = read_bias(fp32, real);
  const std::vector<double> wanted = mean_products(fp32, real, statistics, &GroupStatistics::mean);
  const std::vector<double> given =
      mean_products(quantized, integer, statistics, &GroupStatistics::quantized_mean);

  for (size_t c = 0; c < bias.size(); ++c) bias[c] += wanted[c] - given[c];

  ConstantEditor editor(result);
  const auto set_bias = [&](Tensor tensor, std::optional<QuantParams> params) {
    if (has_bias(node)) {
      editor.replace(node, 2, std::move(tensor));
    } else {
      editor.add(node, 2, "bias", std::move(tensor));
    }
    result.value(node.inputs[2]).quant = std::move(params);
  };
  const Shape shape{integer.output_channels()};
  const std::optional<QuantParams>& input = result.value(node.inputs[0]).quant;
  if (!input) {
    LOWBIT_ASSIGN(Tensor reals, Tensor::allocate(DType::kF32, shape));
    for (size_t c = 0; c < bias.size(); ++c) {
      reals.mutable_data<float>()[c] = static_cast<float>(bias[c]);
    }
    set_bias(std::move(reals), std::nullopt);
    return result;
  }
  QuantParams params = bias_params(quantized, integer, input->scale[0]);
  LOWBIT_ASSIGN(Tensor integers, Tensor::allocate(DType::kI32, shape));
  for (size_t c = 0; c < bias.size(); ++c) {
    const double q = std::nearbyint(bias[c] / static_cast<double>(params.scale[c]));
    integers.mutable_data<int32_t>()[c] =
        static_cast<int32_t>(std::clamp<double>(q, -kBiasQmax, kBiasQmax));
  }
  set_bias(std::move(integers), std::move(params));
  return result;
}

}  // namespace lowbit
