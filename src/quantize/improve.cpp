#include "quantize/improve.h"

#include <map>

#include "base/text.h"
#include "graph/constant_editor.h"
#include "quantize/adaround.h"
#include "quantize/correct_bias.h"
#include "quantize/gptq.h"
#include "quantize/layer_statistics.h"

namespace lowbit {

namespace {

// Of a layer's progress, those of its statistics.
constexpr double kStatisticsShare = 0.25;

struct LayerPair {
  LinearLayer real;
  LinearLayer integer;
};

// The layers of both graphs that have work to do, in order of execution.
std::vector<LayerPair> layers_to_improve(const Graph& fp32, const Graph& quantized,
                                         const Recipe& recipe) {
  std::map<std::string, size_t> nodes;
  for (size_t i = 0; i < fp32.nodes.size(); ++i) nodes[fp32.nodes[i].name] = i;
  std::vector<LayerPair> pairs;
  for (size_t i = 0; i < quantized.nodes.size(); ++i) {
    const std::string& name = quantized.nodes[i].name;
    const auto found = nodes.find(name);
    if (found == nodes.end()) continue;
    const bool has_work =
        recipe.correct_bias || recipe.weights_of(name).rounding != Rounding::kNearest;
    const std::optional<LinearLayer> real = linear_layer(fp32, found->second);
    const std::optional<LinearLayer> integer = linear_layer(quantized, i);
    if (!has_work || !real || !integer) continue;
    if (quantized.value(quantized.nodes[i].inputs[1]).quant) pairs.push_back({*real, *integer});
  }
  return pairs;
}

// The constant of `pair.integer` with integers that suit the statistics.
Task<Tensor> round_weights(const Graph& fp32, const Graph& quantized, const LayerPair& pair,
                           const LayerStatistics& statistics, Rounding rounding) {
  const LinearLayer& layer = pair.integer;
  const QuantParams& params = *quantized.value(quantized.nodes[layer.node].inputs[1]).quant;
  const int32_t block_size =
      params.block_size > 0 ? static_cast<int32_t>(params.block_size) : layer.depth();
  std::vector<std::vector<int8_t>> integers;
  for (int32_t group = 0; group < layer.groups; ++group) {
    const GroupStatistics& moments = statistics.groups[static_cast<size_t>(group)];
    const std::vector<float> weights = read_weights(fp32, pair.real, group);
    const std::vector<float> scales = read_scales(quantized, layer, group);
    const RoundingProblem problem{.columns = layer.columns,
                                  .depth = layer.depth(),
                                  .block_size = block_size,
                                  .qmin = params.qmin,
                                  .qmax = params.qmax,
                                  .weights = weights,
                                  .scales = scales,
                                  .gram = moments.gram.data<float>(),
                                  .target = moments.target.data<float>(),
                                  .rows = statistics.rows};
    auto task = rounding == Rounding::kGptq ? gptq(problem) : adaround(problem);
    while (!task.step()) {
      co_yield Progress{"rounding", (group + task.progress().fraction) / layer.groups};
    }
    LOWBIT_CO_ASSIGN(std::vector<int8_t> of_group, std::move(task).result());
    integers.push_back(std::move(of_group));
    co_yield Progress{"rounding", (group + 1.0) / layer.groups};
  }
  co_return write_integers(quantized, layer, integers);
}

void replace_weights(Graph& graph, const LinearLayer& layer, Tensor integers) {
  Node& node = graph.nodes[layer.node];
  std::optional<QuantParams> params = graph.value(node.inputs[1]).quant;
  ConstantEditor(graph).replace(node, 1, std::move(integers));
  graph.value(node.inputs[1]).quant = std::move(params);
}

std::string few_rows_warning(const std::string& layer, int64_t rows, int32_t depth) {
  return format_text(
      "the weights of '{}' were rounded to suit {} rows of its input, fewer than the {} weights of "
      "an output: more samples would suit others better",
      layer, rows, depth);
}

}  // namespace

Task<QuantizedGraph> improve(const Graph& fp32, Graph quantized, std::span<const Tensor> samples,
                             const Recipe& recipe, bool apart) {
  const std::vector<LayerPair> pairs = layers_to_improve(fp32, quantized, recipe);
  const auto count = static_cast<double>(pairs.size());
  QuantizedGraph improved{.graph = std::move(quantized), .warnings = {}};
  for (size_t i = 0; i < pairs.size(); ++i) {
    const LayerPair& pair = pairs[i];
    const std::string name = improved.graph.nodes[pair.integer.node].name;
    const Rounding rounding = recipe.weights_of(name).rounding;
    const bool is_rounded = rounding != Rounding::kNearest;
    const auto progress = [&](double of_layer) {
      return Progress{"improve", (static_cast<double>(i) + of_layer) / count};
    };

    auto observing = layer_statistics(fp32, pair.real, apart ? fp32 : improved.graph,
                                      apart ? pair.real : pair.integer, samples,
                                      {.second_moments = is_rounded, .seed = recipe.seed});
    const double share = is_rounded ? kStatisticsShare : 1.0;
    while (!observing.step()) co_yield progress(share * observing.progress().fraction);
    LOWBIT_CO_ASSIGN(const LayerStatistics statistics, std::move(observing).result());

    if (is_rounded) {
      auto solving = round_weights(fp32, improved.graph, pair, statistics, rounding);
      while (!solving.step()) {
        co_yield progress(share + (1.0 - share) * solving.progress().fraction);
      }
      LOWBIT_CO_ASSIGN(Tensor integers, std::move(solving).result());
      replace_weights(improved.graph, pair.integer, std::move(integers));
      if (statistics.rows < pair.real.depth()) {
        improved.warnings.push_back(few_rows_warning(name, statistics.rows, pair.real.depth()));
      }
    }
    if (recipe.correct_bias) {
      LOWBIT_CO_ASSIGN(improved.graph,
                       correct_bias(fp32, pair.real, improved.graph, pair.integer, statistics));
    }
  }
  co_return improved;
}

}  // namespace lowbit
