#include "quantize/equalize.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "qmath/exp.h"
#include "qmath/log.h"
#include "quantize/channel_ranges.h"

namespace lowbit {

namespace {

// How far beyond what was seen the function stays the same.
constexpr double kMargin = 2;
// The part of a bound below which it stays the same in any case, also where a channel was never
// seen above 0.
constexpr double kFreePart = 0.125;
// A sweep over all pairs that changes no factor by more than this part is the last.
constexpr double kConverged = 1e-3;
constexpr int kMaxSweeps = 100;

// What ranges need to know of a layer's weights.
struct Magnitudes {
  LinearLayer layer;
  std::vector<float> largest;  // over the taps: [output channels][channels]
  std::vector<double> input_factor;
  std::vector<double> output_factor;

  Magnitudes(const Graph& graph, const LinearLayer& of)
      : layer(of),
        largest(static_cast<size_t>(of.output_channels()) * static_cast<size_t>(of.channels)),
        input_factor(static_cast<size_t>(of.input_channels()), 1.0),
        output_factor(static_cast<size_t>(of.output_channels()), 1.0) {
    const auto weights = graph.value(graph.nodes[of.node].inputs[1]).constant->data<float>();
    for (int32_t c = 0; c < of.output_channels(); ++c) {
      for (int32_t k = 0; k < of.depth(); ++k) {
        float& most = largest[static_cast<size_t>(c * of.channels + k % of.channels)];
        most = std::max(most, std::abs(weights[of.weight_index(c, k)]));
      }
    }
  }

  // Calls visit(output channel, input channel, largest weight between them).
  template <class Visit>
  void for_each(Visit visit) const {
    size_t i = 0;
    for (int32_t c = 0; c < layer.output_channels(); ++c) {
      for (int32_t k = 0; k < layer.channels; ++k) {
        const auto output = static_cast<size_t>(c);
        const auto input = static_cast<size_t>(layer.input_channel(c, k));
        visit(output, input,
              static_cast<double>(largest[i++]) * input_factor[input] / output_factor[output]);
      }
    }
  }
};

struct Pair {
  ChannelPair layers;
  ChannelChange change;
  double bound;          // of the first's activation
  ChannelRanges seen;    // empty without samples
  double largest_value;  // seen of any channel, without its sign

  Pair(const Graph& graph, const ChannelPair& pair, ChannelRanges ranges)
      : layers(pair),
        change(no_change(pair)),
        bound(static_cast<double>(graph.nodes[pair.first.node].activation.max)),
        seen(std::move(ranges)),
        largest_value(0) {
    for (size_t c = 0; c < seen.high.size(); ++c) largest_value = std::max(largest_value, reach(c));
  }

  size_t count() const { return change.factor.size(); }
  bool is_bounded() const { return std::isfinite(bound); }
  double reach(size_t c) const { return static_cast<double>(std::max(seen.high[c], -seen.low[c])); }
  // The bound must stay where values come near it.
  bool keeps_unit(size_t c) const {
    return is_bounded() && kMargin * static_cast<double>(seen.high[c]) >= bound;
  }
  // With which values stay below the bound, or become no larger than the largest are.
  double least_factor(size_t c) const {
    if (is_bounded())
      return std::max(kMargin * static_cast<double>(seen.high[c]) / bound, kFreePart);
    return largest_value > 0 ? reach(c) / largest_value : 0;
  }
};

// The largest weights that make and that read each channel of a pair.
struct PairRanges {
  std::vector<double> made;
  std::vector<double> read;

  PairRanges(const Pair& pair, const Magnitudes& first, const Magnitudes& second)
      : made(pair.count(), 0.0), read(pair.count(), 0.0) {
    first.for_each([&](size_t c, size_t, double w) { made[c] = std::max(made[c], w); });
    second.for_each([&](size_t, size_t k, double w) {
      double& range = read[k / static_cast<size_t>(pair.layers.spread)];
      range = std::max(range, w);
    });
  }

  bool is_dead(size_t c) const { return made[c] == 0 || read[c] == 0; }
  // The paper's.
  double factor(size_t c) const { return std::sqrt(made[c] / read[c]); }

  // The factor that others are relative to: that of the largest ranges among the channels that keep
  // their unit, or, where none does, the geometric mean.
  double unit(const Pair& pair) const {
    double most_made = 0;
    double most_read = 0;
    double logarithms = 0;
    double count = 0;
    for (size_t c = 0; c < made.size(); ++c) {
      if (is_dead(c)) continue;
      logarithms += log_positive(factor(c));
      ++count;
      if (!pair.keeps_unit(c)) continue;
      most_made = std::max(most_made, made[c]);
      most_read = std::max(most_read, read[c]);
    }
    if (most_made > 0) return std::sqrt(most_made / most_read);
    if (count == 0) return 1;
    const double mean = logarithms / count;
    return mean > 0 ? 1 / exp_nonpositive(-mean) : exp_nonpositive(mean);
  }
};

// Brings the ranges of a pair's channels together. Returns by how much a factor changed at most, as
// a logarithm.
double equalize_pair(Pair& pair, Magnitudes& first, Magnitudes& second) {
  const PairRanges ranges(pair, first, second);
  const double unit = ranges.unit(pair);
  const auto spread = static_cast<size_t>(pair.layers.spread);
  double change = 0;
  for (size_t c = 0; c < pair.count(); ++c) {
    if (ranges.is_dead(c) || pair.keeps_unit(c)) continue;
    double& factor = pair.change.factor[c];
    const double wanted = factor * ranges.factor(c) / unit;
    const double step = std::max(wanted, pair.least_factor(c)) / factor;
    factor *= step;
    first.output_factor[c] *= step;
    for (size_t i = 0; i < spread; ++i) second.input_factor[c * spread + i] *= step;
    change = std::max(change, std::abs(log_positive(step)));
  }
  return change;
}

// The constant parts of the channels, for the second layer's bias.
void absorb(const Graph& graph, Pair& pair) {
  const bool has_relu = graph.nodes[pair.layers.first.node].activation.min == 0.0f;
  if (pair.seen.low.empty() || !has_relu || !can_absorb(graph, pair.layers)) return;
  for (size_t c = 0; c < pair.count(); ++c) {
    if (pair.keeps_unit(c)) continue;
    const auto low = static_cast<double>(pair.seen.low[c]);
    const double width = static_cast<double>(pair.seen.high[c]) - low;
    pair.change.absorbed[c] = std::max(0.0, std::min(low / kMargin, low - width / kMargin));
  }
}

}  // namespace

Task<Graph> equalize(const Graph& graph, std::span<const Tensor> samples) {
  const std::vector<ChannelPair> found = find_channel_pairs(graph);
  std::vector<ChannelRanges> seen(found.size());
  if (!samples.empty()) {
    LOWBIT_CO_FINISH(seen, observe_channels(graph, found, samples));
  }
  std::vector<Pair> pairs;
  std::map<size_t, Magnitudes> layers;  // by node
  for (size_t i = 0; i < found.size(); ++i) {
    Pair pair(graph, found[i], std::move(seen[i]));
    if (pair.is_bounded() && pair.seen.high.empty()) continue;
    for (const LinearLayer& layer : {pair.layers.first, pair.layers.second}) {
      layers.try_emplace(layer.node, graph, layer);
    }
    pairs.push_back(std::move(pair));
  }
  double change = 1;
  for (int sweep = 0; sweep < kMaxSweeps && change > kConverged; ++sweep) {
    change = 0;
    for (Pair& pair : pairs) {
      change = std::max(change, equalize_pair(pair, layers.at(pair.layers.first.node),
                                              layers.at(pair.layers.second.node)));
      co_yield Progress{"equalize", 1};
    }
  }
  std::vector<ChannelPair> changed;
  std::vector<ChannelChange> changes;
  for (Pair& pair : pairs) {
    absorb(graph, pair);
    changed.push_back(pair.layers);
    changes.push_back(std::move(pair.change));
  }
  co_return change_channels(graph, changed, changes);
}

}  // namespace lowbit
