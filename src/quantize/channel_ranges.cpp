#include "quantize/channel_ranges.h"

#include <algorithm>
#include <limits>

#include "engine/planned_graph.h"

namespace lowbit {

namespace {

void widen(ChannelRanges& ranges, const Node& first, const ValueView& view) {
  // Channels are the last axis in memory, but for images in the graph's order.
  size_t inner = 1;
  if (first.op == Op::kConv && !view.channels_last) {
    inner = static_cast<size_t>(view.shape[2] * view.shape[3]);
  }
  const auto values = view.as<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t c = i / inner % ranges.low.size();
    ranges.low[c] = std::min(ranges.low[c], values[i]);
    ranges.high[c] = std::max(ranges.high[c], values[i]);
  }
}

}  // namespace

Task<std::vector<ChannelRanges>> observe_channels(const Graph& graph,
                                                  std::span<const ChannelPair> pairs,
                                                  std::span<const Tensor> samples, int64_t batch) {
  LOWBIT_CO_ASSIGN(const int64_t sample_count, count_calibration_samples(samples, batch));
  std::vector<ChannelRanges> ranges;
  for (const ChannelPair& pair : pairs) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const auto count = static_cast<size_t>(pair.first.output_channels());
    ranges.push_back({std::vector(count, kInfinity), std::vector(count, -kInfinity)});
  }
  Taps taps;
  taps.on_value = [&](const ValueView& view) -> Status {
    for (size_t i = 0; i < pairs.size(); ++i) {
      const Node& first = graph.nodes[pairs[i].first.node];
      if (first.output == view.id) widen(ranges[i], first, view);
    }
    return success();
  };
  PlannedGraph planned(graph);
  for (int64_t first = 0; first < sample_count; first += batch) {
    LOWBIT_CO_ASSIGN(const std::vector<Tensor> inputs,
                     slice_samples(samples, first, std::min(batch, sample_count - first)));
    LOWBIT_CO_TRY(planned.run(inputs, taps));
    co_yield Progress{"equalize", static_cast<double>(first) / static_cast<double>(sample_count)};
  }
  co_return ranges;
}

}  // namespace lowbit
