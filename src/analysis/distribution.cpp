#include "analysis/distribution.h"

#include <algorithm>
#include <cmath>

#include "analysis/names.h"
#include "qmath/quantize.h"
#include "quantize/activations.h"

namespace lowbit {

namespace {

// A bin with elements, and where they lie.
struct Part {
  double low;
  double high;
  double count;
};

// Ascending.
std::vector<Part> parts(const Observation& observation) {
  std::vector<Part> result;
  const double width = static_cast<double>(observation.bin_width());
  const auto negative = observation.negative();
  for (size_t i = negative.size(); i-- > 0;) {
    if (negative[i] == 0) continue;
    const double near = static_cast<double>(i) * width;
    result.push_back({std::max(-near - width, static_cast<double>(observation.min)), -near,
                      static_cast<double>(negative[i])});
  }
  const auto positive = observation.positive();
  for (size_t i = 0; i < positive.size(); ++i) {
    if (positive[i] == 0) continue;
    const double near = static_cast<double>(i) * width;
    result.push_back({near, std::min(near + width, static_cast<double>(observation.max)),
                      static_cast<double>(positive[i])});
  }
  return result;
}

// Each integer's elements, by the middles of their bins (quantize/observer.h).
std::vector<double> count_integers(const Observation& observation, const QuantParams& params) {
  std::vector<double> counts(static_cast<size_t>(params.qmax - params.qmin) + 1, 0.0);
  const int32_t zero_point = params.zero_point[0];
  const auto add = [&](float x, uint64_t count) {
    const int32_t q = quantize(x, params.scale[0], zero_point, params.qmin, params.qmax);
    counts[static_cast<size_t>(q - params.qmin)] += static_cast<double>(count);
  };
  const auto add_side = [&](std::span<const uint64_t> bins, float sign, float extreme) {
    for (size_t i = 0; i < bins.size(); ++i) {
      const float middle = (static_cast<float>(i) + 0.5f) * observation.bin_width();
      if (bins[i] > 0) add(sign * std::min(middle, extreme), bins[i]);
    }
  };
  add(0.0f, observation.zeros);
  add_side(observation.negative(), -1.0f, -observation.min);
  add_side(observation.positive(), 1.0f, observation.max);
  return counts;
}

}  // namespace

Bars histogram(const Observation& observation, int bar_count) {
  const double low = static_cast<double>(observation.min);
  const double high = static_cast<double>(observation.max);
  Bars bars{low, high, {}};
  const std::vector<Part> all = parts(observation);
  auto next = all.begin();
  double before = 0;  // elements of the parts before `next`
  double counted = 0;
  for (int i = 1; i <= bar_count; ++i) {
    const double edge = i < bar_count ? low + (high - low) * i / bar_count : high;
    while (next != all.end() && next->high <= edge) before += next++->count;
    double below = before;
    if (next != all.end() && next->low < edge) {
      below += next->count * ((edge - next->low) / (next->high - next->low));
    }
    const double whole = std::floor(below + 0.5);
    bars.counts.push_back(whole - counted);
    counted = whole;
  }
  return bars;
}

Distribution distribution(const Observation& observation, const DistributionOptions& options) {
  const int bits = options.bits;
  const bool symmetric = options.symmetric;
  std::vector<Range> ranges;
  for (size_t i = 0; i < kObserverCount; ++i) {
    ranges.push_back(
        choose_range(observation, static_cast<Observer>(i), bits, symmetric, options.percentile));
  }
  if (options.range) ranges.push_back(*options.range);
  std::vector<QuantizedRange> choices;
  for (const ClippingPoint& point : clipping_points(observation, bits, symmetric, ranges)) {
    QuantParams params = activation_params(point.range, {.bits = bits, .symmetric = symmetric});
    std::vector<double> counts = count_integers(observation, params);
    choices.push_back({point, std::move(params), std::move(counts)});
  }
  return {histogram(observation, options.bar_count),
          clipping_curve(observation, bits, symmetric, options.point_count), std::move(choices)};
}

Result<const Observation*> find_observation(const Calibration& calibration,
                                            const std::string& value) {
  const auto found = calibration.by_value.find(value);
  if (found != calibration.by_value.end()) return &found->second;
  std::vector<std::string> names;
  for (const auto& [name, observation] : calibration.by_value) names.push_back(name);
  return unknown_name("value of the calibration", value, names);
}

}  // namespace lowbit
