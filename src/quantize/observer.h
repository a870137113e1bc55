// Observers: which part of a value's observed range its integers shall cover. What lies outside is
// clipped, and what lies inside is rounded in smaller steps for it.
//
// All of them answer from an Observation, so each at no new pass over the data. An element is taken
// to lie in the middle of its bin, but within [observation.min, observation.max]; exact zeros have
// no error and take no part. Answers are ranges [min, max] with min <= 0 <= max and within the
// observed one, or [-max, max] when `symmetric`.
#pragma once

#include <vector>

#include "quantize/observation.h"

namespace lowbit {

struct Range {
  float min = 0;
  float max = 0;
};

enum class Observer : uint8_t {
  // All that was seen (Jacob et al. 2018, section 3).
  kMinMax,
  // The moving average of the batches' ranges (Jacob et al. 2018, section 3.1; observation.h).
  kMovingAverage,
  // The range that leaves (100 - percentile) / 2 percent of the elements outside at each end; when
  // symmetric, (100 - percentile) percent of the magnitudes above (Wu et al., "Integer Quantization
  // for Deep Learning Inference: Principles and Empirical Evaluation", 2020, section 3.3). With
  // tail = that share of `count`, `above` elements of the same sign in bins further out than bin i,
  // and above < tail <= above + bin[i], or for tail = 0 the outermost i with bin[i] > 0,
  //
  //   threshold = width * (i + 1 - (tail - above) / bin[i])
  //
  // but at most the extreme; 0 where all elements of a sign are in the tail. When both ends would
  // be 0 though the data are not, the range is the observed one.
  kPercentile,
  // The least mean squared error of rounding and clipping by the law's own parameters for the range
  // (Nagel et al., "A White Paper on Neural Network Quantization", 2021, section 3.1).
  kMse,
  // The least Kullback-Leibler divergence KL(P || Q) between the clipped data and the quantized
  // ones
  // (S. Migacz, "8-bit Inference with TensorRT", GTC 2017). P: the bins inside the range, the
  // outermost of which take up what is clipped at their end. Q: the same bins without what was
  // clipped, the total of those of one integer spread evenly over the ones of them that P has. Both
  // sum to 1. Unlike there, bins belong to the integer that the law rounds their middle to, which
  // covers two ends; a range ends at a bin that has elements, because Q would be 0 where P is not;
  // and a range of fewer bins than steps, whose Q is P, is not considered.
  kEntropy,
};

inline constexpr size_t kObserverCount = 5;

inline constexpr double kDefaultPercentile = 99.99;

// kMse and kEntropy try ranges that end at edges of bins, or at the extreme: from the observed
// range on, in turn for the upper and the lower end until neither moves (at most kSearchRounds
// times), first every 64th of the bins up to the extreme, then each within one such stride of the
// best. Of equals the first stays, tried from the extreme inwards.
inline constexpr int kSearchRounds = 4;

// `bits` in 2..8; `percentile` in (0, 100], for kPercentile only. When `symmetric`, integers are
// [-(2^(bits-1) - 1), 2^(bits-1) - 1] with zero point 0; else [0, 2^bits - 1].
//
// Without elements, or with zeros only, the range is [0, 0]. Of data with one magnitude (a
// constant, a single sample) every observer returns the observed range, kPercentile to within a
// bin.
Range choose_range(const Observation& observation, Observer observer, int bits,
                   bool symmetric = false, double percentile = kDefaultPercentile);

// What a range costs: the mean over all elements of the squared error, apart for the elements
// beyond the outermost integers (by more than rounding) and for the others.
struct ClippingPoint {
  Range range;
  double clip_error = 0;
  double round_error = 0;
};

// One for each range, which holds 0; when `symmetric` its larger magnitude counts.
std::vector<ClippingPoint> clipping_points(const Observation& observation, int bits, bool symmetric,
                                           const std::vector<Range>& ranges);

// The observed range shrunk to k / point_count of itself, for k = 1 .. point_count: small ranges
// clip much, large ones round coarsely, and the best is between.
std::vector<ClippingPoint> clipping_curve(const Observation& observation, int bits, bool symmetric,
                                          int point_count);

}  // namespace lowbit
