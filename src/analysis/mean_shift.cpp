#include "analysis/mean_shift.h"

#include <algorithm>
#include <cmath>

#include "quantize/correct_bias.h"
#include "quantize/layer_statistics.h"

namespace lowbit {

double standard_deviation(const Observation& observation) {
  if (observation.count == 0) return 0;
  double sum = 0;
  double squares = 0;
  const double width = static_cast<double>(observation.bin_width());
  const auto add = [&](std::span<const uint64_t> bins, double sign) {
    for (size_t i = 0; i < bins.size(); ++i) {
      const double middle = (static_cast<double>(i) + 0.5) * width;
      const auto count = static_cast<double>(bins[i]);
      sum += sign * middle * count;
      squares += middle * middle * count;
    }
  };
  add(observation.positive(), 1);
  add(observation.negative(), -1);
  const auto count = static_cast<double>(observation.count);
  const double mean = sum / count;
  return std::sqrt(std::max(0.0, squares / count - mean * mean));
}

Task<std::vector<MeanShift>> measure_mean_shifts(const Graph& fp32, const Calibration& calibration,
                                                 const Graph& quantized,
                                                 std::span<const Tensor> samples) {
  std::vector<MeanShift> shifts(fp32.nodes.size());
  for (size_t i = 0; i < quantized.nodes.size(); ++i) {
    const std::optional<LinearLayer> integer = linear_layer(quantized, i);
    if (!integer || !quantized.value(quantized.nodes[i].inputs[1]).quant) continue;
    const auto found = std::ranges::find(fp32.nodes, quantized.nodes[i].name, &Node::name);
    if (found == fp32.nodes.end()) continue;
    const auto index = static_cast<size_t>(found - fp32.nodes.begin());
    const std::optional<LinearLayer> real = linear_layer(fp32, index);
    const auto output = calibration.by_value.find(fp32.value(found->output).name);
    if (!real || output == calibration.by_value.end()) continue;

    LOWBIT_CO_FINISH(const LayerStatistics statistics,
                     layer_statistics(fp32, *real, quantized, *integer, samples,
                                      {.second_moments = false, .seed = 0}));
    LOWBIT_CO_ASSIGN(const Graph corrected,
                     correct_bias(fp32, *real, quantized, *integer, statistics));
    const std::vector<double> given = read_bias(quantized, *integer);
    const std::vector<double> wanted = read_bias(corrected, *integer);
    double squares = 0;
    for (size_t c = 0; c < given.size(); ++c) {
      squares += (wanted[c] - given[c]) * (wanted[c] - given[c]);
    }
    const double deviation = standard_deviation(output->second);
    if (deviation == 0) continue;
    shifts[index] = {std::sqrt(squares / static_cast<double>(given.size())) / deviation, deviation};
  }
  co_return shifts;
}

}  // namespace lowbit
