#include "analysis/weighted_layers.h"

#include <algorithm>
#include <cmath>

#include "base/heap_sort.h"

namespace lowbit {

namespace {

// The largest magnitude and the mean square of weights.
struct Reach {
  double largest = 0;
  double mean_square = 0;
};

// Of `count` neighbouring weights of a channel each.
std::vector<Reach> reaches(const Graph& fp32, const LinearLayer& layer, size_t count) {
  std::vector<Reach> result;
  for (int32_t group = 0; group < layer.groups; ++group) {
    const std::vector<float> weights = read_weights(fp32, layer, group);
    const auto depth = static_cast<size_t>(layer.depth());
    for (size_t begin = 0; begin < weights.size();) {
      const size_t end = std::min(begin + count, (begin / depth + 1) * depth);
      Reach reach;
      for (size_t i = begin; i < end; ++i) {
        const double w = static_cast<double>(std::abs(weights[i]));
        reach.largest = std::max(reach.largest, w);
        reach.mean_square += w * w / static_cast<double>(end - begin);
      }
      result.push_back(reach);
      begin = end;
    }
  }
  return result;
}

}  // namespace

std::vector<WeightedLayer> weighted_layers(const Graph& fp32, const Recipe& recipe,
                                           const Sensitivity& sensitivity) {
  std::vector<WeightedLayer> layers;
  for (size_t i = 0; i < fp32.nodes.size(); ++i) {
    const LayerSensitivity& measured = sensitivity.layers[fp32.inputs.size() + i];
    const std::optional<LinearLayer> layer = linear_layer(fp32, i);
    if (!layer || !measured.weights) continue;
    layers.push_back(
        {*layer, measured.name, recipe.weights_of(measured.name), measured.weights->kl});
  }
  return layers;
}

double range_ratio(const Graph& fp32, const LinearLayer& layer) {
  std::vector<double> ranges;
  for (const Reach& reach : reaches(fp32, layer, static_cast<size_t>(layer.depth()))) {
    ranges.push_back(reach.largest);
  }
  heap_sort(ranges);
  const double median = ranges[ranges.size() / 2];
  return median > 0 ? ranges.back() / median : 1;
}

double weight_reach(const Graph& fp32, const WeightedLayer& layer) {
  const int64_t group = group_size(layer.recipe.granularity);
  const auto count = static_cast<size_t>(group > 0 ? group : layer.layer.depth());
  std::vector<Reach> sharing = reaches(fp32, layer.layer, count);
  if (layer.recipe.granularity == Granularity::kPerTensor) {
    Reach all;
    for (const Reach& reach : sharing) {
      all.largest = std::max(all.largest, reach.largest);
      all.mean_square += reach.mean_square / static_cast<double>(sharing.size());
    }
    sharing = {all};
  }
  double sum = 0;
  for (const Reach& reach : sharing) {
    if (reach.largest > 0) sum += reach.largest / std::sqrt(reach.mean_square);
  }
  return sum / static_cast<double>(sharing.size());
}

}  // namespace lowbit
