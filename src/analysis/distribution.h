// How the elements of an activation are distributed, and what integers make of them: one value of a
// calibration, without a pass over the data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "qmath/quant_params.h"
#include "quantize/calibrate.h"
#include "quantize/observer.h"

namespace lowbit {

// Equally wide bars from low to high.
struct Bars {
  double low = 0;
  double high = 0;
  std::vector<double> counts;  // whole numbers
};

// A range and its integers.
struct QuantizedRange {
  ClippingPoint point;
  QuantParams params;          // those of activation_params() for the range
  std::vector<double> counts;  // of the elements that become qmin, qmin + 1, ... qmax
};

struct DistributionOptions {
  int bits = 8;  // 2 to 8
  bool symmetric = false;
  double percentile = kDefaultPercentile;
  std::optional<Range> range{};  // a range of the caller's own; it holds 0
  int bar_count = 128;           // from 1 up
  int point_count = 64;          // from 1 up
};

struct Distribution {
  Bars histogram;
  std::vector<ClippingPoint> curve;     // clipping_curve()
  std::vector<QuantizedRange> choices;  // each observer's, in their order; then the given range's
};

// From min to max. The elements of a bin are taken to lie evenly in it, or in its part within [min,
// max]: a bin that straddles the edge of two bars is shared between them. With C(x) the number of
// elements below x, rounded to a whole one, the bar from a to b has C(b) - C(a), so the bars add up
// to all elements but the exact zeros, which are in none.
Bars histogram(const Observation& observation, int bar_count);

Distribution distribution(const Observation& observation, const DistributionOptions& options);

// The observation of a value. Errors: kInvalidArgument, with the values that there are.
Result<const Observation*> find_observation(const Calibration& calibration,
                                            const std::string& value);

}  // namespace lowbit
