// What the doctor's rules read, and what they propose: each from measures alone, without running
// anything.
#pragma once

#include "analysis/doctor.h"
#include "analysis/mean_shift.h"
#include "analysis/sensitivity.h"
#include "quantize/calibrate.h"

namespace lowbit {

// Half of the channels have a bit less than the scale's owner. Channels of trained networks rarely
// differ by more.
inline constexpr double kRangeRatio = 2;

// The tail of an exponential distribution, as of activations behind a Relu, reaches three times its
// 99.9th percentile only among 10^9 elements.
inline constexpr double kOutlierPercentile = 99.9;
inline constexpr double kOutlierRatio = 3;

// For 16 levels the best scale of normal weights covers 2.7 standard deviations, for fewer levels
// less (Max, "Quantizing for minimum distortion", 1960, table II).
inline constexpr double kWeightReach = 3;

// 34 dB below the signal: what weights of 5 bits leave, and worth no repair.
inline constexpr double kMeanShift = 0.02;

// Above it rounding to nearest is good enough, and clipping gains little.
inline constexpr int kFewBits = 4;

// Three layers at most can have more than that of the loss, and to repair one with less gains
// little.
inline constexpr double kFragileShare = 0.25;

struct Case {
  const Graph& fp32;               // of prepare(), and equalized where the recipe says so
  const Calibration& calibration;  // of `fp32`
  const Recipe& recipe;
  const Sensitivity& sensitivity;        // of what the recipe makes of `fp32`
  const std::vector<MeanShift>& shifts;  // likewise; for Rule::kMeanShift only
  bool keep_per_tensor;
};

struct Proposal {
  std::string layer;
  std::string reason;
  std::vector<Recipe> recipes;  // the better one is the repair
  double share = 0;             // of the loss, that the analysis ascribes to what is repaired
};

// The rule's proposal, or nothing. `refused`: how many of its proposals were not kept; a rule about
// one layer goes on to the next worst then, and others have no more.
std::optional<Proposal> propose(Rule rule, const Case& patient, size_t refused);

}  // namespace lowbit
